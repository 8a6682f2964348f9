"""Widths as users type them."""

import pytest

from pinsharp.blur.measured import DistanceScale
from pinsharp.errors import ConfigError
from pinsharp.monitor.optics import Optics
from pinsharp.monitor.rules import Rules, width_in_px

OPTICS = Optics(DistanceScale(4.0, 3.5, 4.5, "um"))


@pytest.mark.parametrize(
    "asked, expected",
    [("2px", 2), ("2", 2), (" 2.5 px ", 2.5), ("8um", 2), ("8 \u00b5m", 2), (".008mm", 2), ("1e1um", 2.5)],
)
def test_widths_in_pixels_and_by_the_profile(asked, expected):
    assert width_in_px(asked, OPTICS, "--limit") == pytest.approx(expected)


@pytest.mark.parametrize("asked", ["", "px", "2 furlongs", "-1px", "2px3", "nan", "1,5px"])
def test_what_is_no_width_is_refused(asked):
    with pytest.raises(ConfigError, match="--limit: expected a width such as 2px"):
        width_in_px(asked, OPTICS, "--limit")


def test_a_distance_without_a_scale_says_what_to_do():
    with pytest.raises(ConfigError, match=r"profile with a scale, got '1.5um' without one; make one of a focus stack"):
        width_in_px("1.5um", None, "--limit")


def test_steps_are_no_micrometres():
    with pytest.raises(ConfigError, match="expected um as the profile's scale, or px, got steps"):
        width_in_px("3steps", OPTICS, "--limit")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"learns": 5}, "at least 20 images, got 5"),
        ({"horizon": 0}, "at least 1 image, got 0"),
        ({"limit": 0.0}, "limit must be a width above 0"),
        ({"limit": 2.0, "target": 3.0}, "target must be below the limit, got 3 px and 2 px"),
    ],
)
def test_rules_out_of_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Rules(**options)
