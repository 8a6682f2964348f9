"""Colours of mosaics are those of the scene where that can be known, in every pattern; planes make up the mosaic."""

import cv2
import numpy as np
import pytest

from dngs import mosaic_of
from pinsharp.errors import ImageError
from pinsharp.images.bayer import PATTERNS, joined, planes_of
from pinsharp.images.mosaic import demosaiced
from strategies import random_image

PAPER = {  # Malvar, He and Cutler, 2004, figure 2: what is added up around a pixel, in eighths
    "green": {
        (0, 0): 4,
        (0, 1): 2,
        (0, -1): 2,
        (1, 0): 2,
        (-1, 0): 2,
        (0, 2): -1,
        (0, -2): -1,
        (2, 0): -1,
        (-2, 0): -1,
    },
    "across": {(0, 0): 6}
    | dict.fromkeys([(1, 1), (1, -1), (-1, 1), (-1, -1)], 2)
    | dict.fromkeys([(0, 2), (0, -2), (2, 0), (-2, 0)], -1.5),
    "along": {(0, 0): 5, (0, 1): 4, (0, -1): 4, (0, 2): -1, (0, -2): -1, (2, 0): 0.5, (-2, 0): 0.5}
    | dict.fromkeys([(1, 1), (1, -1), (-1, 1), (-1, -1)], -1),
}


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("method", ["malvar", "bilinear"])
@pytest.mark.parametrize("shape", [(16, 24), (17, 21)])
def test_a_flat_field_stays_flat_up_to_the_border(pattern, method, shape):
    flat = np.broadcast_to(np.array([1000, 3000, 517], np.uint16), (*shape, 3))

    found = demosaiced(mosaic_of(flat, pattern), pattern, method=method)

    np.testing.assert_array_equal(found, flat)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_grey_ramp_comes_back_as_it_is(pattern):
    """But for two pixels of border, which are mirrored."""
    rows, columns = np.mgrid[:22, :31]
    ramp = np.repeat((40 * rows + 56 * columns).astype(np.uint16)[..., None], 3, axis=2)

    found = demosaiced(mosaic_of(ramp, pattern), pattern, method="malvar").astype(int)

    # Red, green and blue pixels lie on other steps of the ramp, so that their means differ by one or two of a hundred.
    assert np.abs(found - ramp)[2:-2, 2:-2].max() <= 0.02 * ramp.max()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_filters_are_those_of_the_paper(pattern):
    """By direct sums over the neighbours, of a mosaic whose colours have one mean."""
    values = random_image((12, 14), "uint16", 3).astype(int) // 4
    for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        part = values[place[0] :: 2, place[1] :: 2]
        part += 28000 - round(part.mean())
    mosaic = values.astype(np.uint16)
    letters = np.tile(np.array(list(pattern)).reshape(2, 2), (6, 7))

    found = demosaiced(mosaic, pattern, method="malvar").astype(int)

    for row, column in ((5, 5), (5, 6), (6, 5), (6, 6)):
        for number, letter in enumerate("RGB"):
            own = letters[row, column]
            if own == letter:
                assert found[row, column, number] == mosaic[row, column]
                continue
            kind = "green" if letter == "G" else "across" if own != "G" else "along"
            turn = kind == "along" and letter not in letters[row]
            total = sum(
                weight * float(mosaic[row + (dx if turn else dy), column + (dy if turn else dx)])
                for (dy, dx), weight in PAPER[kind].items()
            )
            assert found[row, column, number] == pytest.approx(total / 8, abs=2)


@pytest.mark.parametrize("gains", [(1, 1, 1), (0.4, 1, 0.6)])
def test_detail_is_nearer_to_the_scene_than_that_of_opencv(gains):
    """Whatever the balance of colours is, which nobody has corrected yet."""
    scene = cv2.GaussianBlur(random_image((64, 64, 3), "float32", 1).mean(axis=2, keepdims=True), (0, 0), 1.2)
    colours = np.rint(scene[..., None] * np.array(gains) * 60000).astype(np.uint16)
    mosaic = mosaic_of(colours, "GRBG")

    mine = demosaiced(mosaic, "GRBG", method="malvar")
    others = [cv2.cvtColor(mosaic, code) for code in (cv2.COLOR_BayerGRBG2RGB, cv2.COLOR_BayerGRBG2RGB_EA)]

    def error(found):
        return float(np.square((found - colours.astype(float)) / np.array(gains)).mean())

    assert error(mine) < 0.5 * min(map(error, others))


@pytest.mark.parametrize("shape", [(8, 10), (9, 10), (8, 11), (9, 11), (5, 4)])
def test_planes_and_mosaics_are_each_other(shape):
    mosaic = random_image(shape, "uint16", 0)

    planes = planes_of(mosaic)

    assert {plane.shape for plane in planes} == {((shape[0] + 1) // 2, (shape[1] + 1) // 2)}
    np.testing.assert_array_equal(planes[1][: shape[0] // 2, : shape[1] // 2], mosaic[0::2, 1::2][: shape[0] // 2])
    np.testing.assert_array_equal(joined(planes, shape), mosaic)


def test_no_colour_exceeds_white():
    mosaic = np.where(np.arange(16) % 4 < 2, 4095, 0).astype(np.uint16)[None].repeat(16, 0)

    assert demosaiced(mosaic, "RGGB", method="malvar", white=4095).max() == 4095


def test_a_mosaic_too_small_is_refused():
    with pytest.raises(ImageError, match="at least 4 x 4 pixels, got 9 x 3"):
        demosaiced(np.zeros((3, 9), np.uint8), "RGGB", method="malvar")
