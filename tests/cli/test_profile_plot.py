"""The picture of a profile: widths of directions and colours are drawn, and printed, where the profile has them."""

import math

import numpy as np
import pytest

from pinsharp.blur.astigmatism import Astigmatism
from pinsharp.blur.colours import ColourWidths
from pinsharp.blur.measured import Blur, DistanceScale, Focus, FocusStep
from pinsharp.blur.profile import Profile
from pinsharp.cli.profile_plot import draw, figure_of
from pinsharp.cli.profile_words import in_words

LONG, SHORT = Blur(2.1, 2.0, 2.2), Blur(1.4, 1.3, 1.5)
RADIAL = Astigmatism("radial", SHORT, LONG, distance=100.0)
EVEN = Astigmatism("even", LONG, SHORT, angle=30.0)
COLOURS = ColourWidths(SHORT, Blur(1.2, 1.1, 1.3), LONG)
PLAIN = ["Kernel in focus", "Edge spread", "Transfer function, with pixels"]
PLAIN += ["Width over the field", "Width through the focus", "Noise against signal"]


def profile(**parts):
    return Profile(240, 320, **parts)


def panels(one):
    return {axes.get_title(): axes for axes in figure_of(one, "c.json").axes}


def arms(axes):
    """Middle (x, y) and direction (x, y) of each arm, by its style."""
    lines = [line for line in axes.lines if len(line.get_xdata()) == 2]
    ends = {style: [np.array(line.get_xydata()) for line in lines if line.get_linestyle() == style] for style in "-:"}
    return {style: [(two.mean(axis=0), two[1] - two[0]) for two in each] for style, each in ends.items()}


def test_a_profile_without_them_has_the_six_panels_alone():
    assert list(panels(profile())) == PLAIN


@pytest.mark.parametrize(
    "parts, words",
    [
        ({"astigmatism": RADIAL}, "sagittal 2.10 px (2.00 to 2.20), tangential 1.40 px (1.30 to 1.50)"),
        ({"astigmatism": EVEN}, "2.10 px (2.00 to 2.20) along 30 degrees, 1.40 px (1.30 to 1.50) across"),
        ({"colour_widths": COLOURS}, "red 1.40 px (1.30 to 1.50), green 1.20 px (1.10 to 1.30), blue 2.10 px"),
    ],
)
def test_what_differs_has_panels_and_a_line(parts, words):
    one = profile(**parts)

    assert set(panels(one)) == {*PLAIN, "Widths of both directions", "Widths of colours"}
    assert any(words in line for line in in_words(one))
    assert draw(one, title="c.json", kind="png").startswith(b"\x89PNG")


def test_crosses_point_along_the_radius_and_are_as_long_as_the_widths():
    found = arms(panels(profile(astigmatism=RADIAL))["Widths of both directions"])

    assert len(found["-"]) == len(found[":"]) == 8
    for (place, along), (same, across) in zip(found["-"], found[":"], strict=True):
        radius = place - ((320 - 1) / 2, (240 - 1) / 2)
        assert np.hypot(*radius) == pytest.approx(100)
        assert place == pytest.approx(same)
        assert float(along @ radius) == pytest.approx(np.hypot(*along) * 100)  # along the radius
        assert float(across @ radius) == pytest.approx(0, abs=1e-6)
        assert np.hypot(*across) / np.hypot(*along) == pytest.approx(RADIAL.ratio)


def test_even_crosses_lie_by_the_angle():
    found = arms(panels(profile(astigmatism=EVEN))["Widths of both directions"])

    assert len(found["-"]) == 9
    for _, (right, down) in found["-"]:
        assert math.degrees(math.atan2(down, right)) == pytest.approx(30)


def test_colours_have_their_widths_and_marks_that_grey_keeps_apart():
    axes = panels(profile(colour_widths=COLOURS))["Widths of colours"]
    marks = [container.lines[0] for container in axes.containers]

    assert [float(mark.get_ydata()[0]) for mark in marks] == [1.4, 1.2, 2.1]
    assert len({mark.get_marker() for mark in marks}) == 3
    assert [label.get_text() for label in axes.get_xticklabels()] == ["red", "green", "blue"]


def test_a_width_has_two_distances_where_the_scene_changes_its_size():
    steps = tuple(FocusStep(z, Blur(abs(z) / 5, abs(z) / 5, abs(z) / 5)) for z in (-10.0, 0.0, 20.0))
    focus = Focus("um", steps, 0.0, -1.0, 1.0, 0.2)

    changing, still = (
        list(in_words(profile(focus=focus, distance_scale=DistanceScale(5.0, 4.5, 5.5, "um", growth))))
        for growth in (0.02, 0.0)
    )

    line = "  the scene changes its size: 2.0 px are 8.33 um beyond best focus, or 12.5 um before it"
    assert line in changing
    assert line not in still
    assert len(changing) == len(still) + 1
