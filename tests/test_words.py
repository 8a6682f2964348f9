"""Figures in words, and in ours what Python says."""

import io
import json
import struct
import tomllib
from pathlib import Path

import numpy as np
import pytest

from pinsharp.blur.verdict import SHARP_BELOW
from pinsharp.words import ALIKE_BELOW, said_by, spread_in_words, width_in_words


@pytest.mark.parametrize(
    "std, is_uncertain, words",
    [
        (None, False, "sigma 0.98 px, gaussian"),
        (0.02, False, "sigma 0.98 px ± 2 %, gaussian"),
        (0.31, True, "sigma 0.98 px ± 31 %, uncertain, gaussian"),
    ],
)
def test_a_width_comes_with_its_doubt(std, is_uncertain, words):
    assert width_in_words(0.98, std, "gaussian", is_uncertain=is_uncertain) == words


@pytest.mark.parametrize(
    "sigma, std, words",
    [(0.25, 0.01, " (below 0.5)"), (0.45, 0.02, " (below 0.5)"), (0.45, 0.2, " ± 20 %"), (0.25, None, "")],
)
def test_no_width_is_stated_to_a_share_of_next_to_nothing(sigma, std, words):
    assert spread_in_words(sigma, std) == words


def test_widths_are_alike_below_that_of_images_in_focus():
    assert ALIKE_BELOW == SHARP_BELOW


def objects():
    """A .npy file of Python objects."""
    file = io.BytesIO()
    np.save(file, np.array([{}]), allow_pickle=True)
    file.seek(0)
    return file


@pytest.mark.parametrize(
    "fail, words",
    [
        (lambda: json.loads('{\n  "a": 1,\n  "b" 2}'), "text that is not valid JSON at line 3, column 7"),
        (lambda: json.loads(""), "text that is not valid JSON at line 1, column 1"),
        (lambda: tomllib.loads("a = 1\n=b"), "text that is not valid TOML at line 2, column 1"),
        (lambda: tomllib.loads("a ="), "text that is not valid TOML at end of document"),
        (lambda: b"ab\xff".decode(), "text that is not UTF-8 from byte 3 on"),
        (lambda: int("many"), "'many', which is not a whole number"),
        (lambda: int(b"1.5"), "'1.5', which is not a whole number"),
        (lambda: float("1,5"), "'1,5', which is not a number"),
        (lambda: np.array([["a", "1"]]).astype(float), "'a', which is not a number"),
        (lambda: np.loadtxt(io.StringIO("1 x")), "'x', which is not a number"),
        (lambda: np.load(objects()), "Python objects, which are not read"),
        (lambda: int("9" * 5000), "a number of too many digits"),
        (lambda: struct.unpack("<I", b"ab"), "fewer bytes than announced"),
        (lambda: [][1], "less than announced"),
        (lambda: {}["width"], "no entry 'width'"),
        (lambda: np.zeros(1).pixels, "no pixels"),
        (lambda: Path("/nowhere/at/all").read_bytes(), "No such file or directory"),
    ],
)
def test_what_python_says_is_said_in_plain_words(fail, words):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of many kinds
        fail()

    assert said_by(caught.value) == words


def test_what_others_say_is_passed_on_in_one_line():
    assert said_by(ValueError("a marker\n   is missing")) == "a marker is missing"
    assert said_by("it has 3 bytes of 5") == "it has 3 bytes of 5"
