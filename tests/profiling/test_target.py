"""A print of dots, photographed by a camera that is drawn on a finer grid."""

import cv2
import numpy as np
import pytest

from pinsharp.errors import ImageError
from pinsharp.profiling.target import measure_target
from slanted_edges import photo

FINE = 6


def dots(side=500):
    rng = np.random.default_rng(0)
    image = np.full((side, side), 255, np.uint8)
    for _ in range(260):
        cv2.circle(image, [int(at) for at in rng.integers(0, side, 2)], int(rng.integers(4, 12)), 0, -1)
    return image / 255


def board():
    squares = np.kron(np.indices((6, 8)).sum(axis=0) % 2, np.ones((60, 60)))
    return np.pad(squares, 40, constant_values=1.0)


def photographed(printed, sigma):
    """Turned, seen at an angle, blurred and averaged by pixels."""
    view = np.array([[0.55 * FINE, -0.06 * FINE, 50 * FINE], [0.06 * FINE, 0.55 * FINE, 20 * FINE], [2e-5, 1e-5, 1]])
    fine = cv2.warpPerspective(printed, view, (330 * FINE, 330 * FINE), borderValue=1.0)
    fine = cv2.GaussianBlur(fine, (0, 0), sigma * FINE)
    image = 0.1 + 0.7 * fine.reshape(330, FINE, 330, FINE).mean(axis=(1, 3))
    return image + np.random.default_rng(0).normal(0, 1 / 255, image.shape)


@pytest.mark.slow
@pytest.mark.parametrize("printed", [dots(), board()])
def test_the_kernel_of_a_print_comes_back(printed):
    places = measure_target(photo(photographed(printed, 1.3)), photo(printed))

    assert len(places) >= 3
    assert [place.blur.sigma for place in places] == pytest.approx([1.3] * len(places), rel=0.02)


def test_another_print_is_refused():
    with pytest.raises(ImageError, match=r"expected a photograph of photo\.png, got none that matches it"):
        measure_target(photo(photographed(dots(300), 1.3)), photo(np.tile([0.0, 1.0], (40, 20))))
