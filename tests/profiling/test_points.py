"""Points over the field, drawn by brute force on a finer grid."""

import numpy as np
import pytest

from pinsharp.errors import ImageError
from pinsharp.profiling.points import find_points
from slanted_edges import photo

FINE = 10


def field(sigma, *, disk=False, places=((30.3, 35.7), (80.6, 90.2)), shape=(120, 120), peak=0.7):
    """Points through pixels."""
    image = np.zeros(shape)
    part = (np.arange(FINE) + 0.5) / FINE - 0.5
    row, column = (((np.arange(size))[:, None] + part).ravel() for size in shape)
    for y, x in places:
        square = (row[:, None] - y) ** 2 + (column[None] - x) ** 2
        light = (square < (2 * sigma) ** 2) if disk else np.exp(-square / (2 * sigma**2))
        image += light.reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3))
    noise = np.random.default_rng(0).normal(0, 1 / 255, shape)
    return 0.05 + peak * image / image.max() + noise


@pytest.mark.parametrize("sigma, disk", [(0.8, False), (1.6, False), (1.5, True)])
def test_kernel_and_place_of_every_point_come_back(sigma, disk):
    found = sorted(find_points(photo(field(sigma, disk=disk))), key=lambda point: point.row)

    assert [point.blur.sigma for point in found] == pytest.approx([sigma] * 2, rel=0.02)
    assert [(point.row, point.column) for point in found] == [
        pytest.approx((30.3, 35.7), abs=0.05),
        pytest.approx((80.6, 90.2), abs=0.05),
    ]
    if sigma > 1:
        assert [point.blur.disk_share for point in found] == pytest.approx([float(disk)] * 2, abs=0.2)


@pytest.mark.parametrize(
    "image, sentence",
    [
        (np.full((60, 60), 0.1), "got none"),
        (np.clip(field(1.6, peak=1.5), 0, 1), "2 saturated ones"),
        (field(1.6, places=((30.0, 30.0), (34.0, 38.0))), "stand alone"),
    ],
)
def test_what_shows_no_point_is_explained(image, sentence):
    with pytest.raises(ImageError, match=sentence):
        find_points(photo(image))
