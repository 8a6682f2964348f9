"""The script that says how often known fields and directions are named: its images are what they are called."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import field_words

SIDE = 64


@pytest.fixture
def photograph(tmp_path):
    """A white point in the middle of every 16 x 16 pixels, so that the blur can be seen."""
    values = np.zeros((SIDE, SIDE, 3), np.uint8)
    values[8::16, 8::16] = 255
    cv2.imwrite(str(tmp_path / "a.png"), values)
    return tmp_path / "a.png"


def test_the_half_that_is_called_wider_has_flatter_points(photograph):
    images = dict(field_words.fields(photograph, 0, SIDE))

    assert len(images) == 11
    assert {image.shape for image in images.values()} == {(SIDE, SIDE)}
    near, wide = (images[f"even {sigma}"].max() for sigma in (1, 3))
    halves = images["halves 1 and 3"]
    brightest = sorted((halves[:, :16].max(), halves[:, -16:].max()))
    assert brightest == pytest.approx([wide, near], abs=4)


def elongation(image):
    """How much longer than wide what is left of the spectrum of points is."""
    axis = np.fft.fftfreq(SIDE)
    power = np.abs(np.fft.fft2(image - image.mean())) ** 2
    places = np.stack([each.ravel() for each in np.meshgrid(axis, axis, indexing="ij")])
    small, large = np.linalg.eigvalsh(np.cov(places, aweights=np.where(np.hypot(*places) < 0.2, power.ravel(), 0)))
    return float(np.sqrt(large / small))


@pytest.mark.parametrize("seed", [0, 2])  # a Gaussian and a disc
def test_points_are_longer_than_wide_where_it_says_so(photograph, seed):
    images = dict(field_words.directions(photograph, seed, SIDE))

    found = {ratio: elongation(images[f"ratio {ratio:g}"].astype(float)) for ratio in field_words.RATIOS}
    assert found[1.0] < 1.05
    assert min(found[1.6], found[2.0]) > 1.1, found
