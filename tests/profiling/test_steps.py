"""Positions of the focus, as people type them."""

import pytest

from pinsharp.errors import ConfigError
from pinsharp.profiling.steps import parse_steps


@pytest.mark.parametrize(
    "text, positions, unit",
    [
        ("0,10,20um", (0, 10, 20), "um"),
        ("0um, 10um, 20um", (0, 10, 20), "um"),
        ("-1,0,.5 mm", (-1, 0, 0.5), "mm"),
        ("-1,0,1", (-1, 0, 1), "steps"),
        ("0,10,20µm", (0, 10, 20), "um"),
    ],
)
def test_positions_and_unit_are_read(text, positions, unit):
    assert parse_steps(text, 3) == (positions, unit)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("0,10", "a position for each image of --stack, 3, got 2"),
        ("0mm,10um,20um", "one unit"),
        ("0um,10um,20", "one unit"),
        ("0,1,2inch", "um, mm or nm, or without a unit, got 'inch'"),
        ("0,,2", "numbers joined by commas"),
        ("", "numbers joined by commas"),
        ("0,1,1", "name each position once"),
        ("0,1,1e999", "different numbers"),
    ],
)
def test_what_are_no_positions_is_explained(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse_steps(text, 3)
