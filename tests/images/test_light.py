"""Which light can be asked for, and how it is said."""

import numpy as np
import pytest

from pinsharp.errors import ConfigError
from pinsharp.images.light import Light, asked_light, power_light


@pytest.mark.parametrize(
    "asked, name, exponent",
    [
        ("linear", "linear", 1),
        ("srgb", "srgb", 2.2),
        (1, "linear", 1),
        ("1.0", "linear", 1),
        (2.2, "power", 2.2),
        ("2.2", "power", 2.2),
        (np.float32(1.5), "power", 1.5),
        ("4", "power", 4),
    ],
)
def test_words_and_numbers_ask_for_a_light_that_says_the_same_again(asked, name, exponent):
    light = asked_light(asked)

    assert light == Light(name, exponent, "asked for")
    assert asked_light(light.words) == light


@pytest.mark.parametrize("asked", ["", "sRGB", "log", "2,2", "nan", "inf", "0.99", 4.01, 0, -1, True, None, [2.2]])
def test_anything_else_is_one_sentence(asked):
    with pytest.raises(ConfigError, match="auto, linear, srgb, bt709 or the exponent of a power law from 1 to 4, got"):
        asked_light(asked)


def test_a_light_is_told_with_what_says_so():
    assert str(Light()) == "linear (no statement)"
    assert Light("power", 1.8, "PNG gAMA").figures() == {"light": "1.8", "light_from": "PNG gAMA"}


@pytest.mark.parametrize("exponent", [0.5, 4.5, 0, -2.2])
def test_no_image_has_such_a_curve(exponent):
    assert power_light(exponent, "PNG gAMA") is None
