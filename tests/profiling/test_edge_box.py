"""Edges that are looked for within a box alone."""

from pathlib import Path

import numpy as np
import pytest

from pinsharp.blur.profile import Box
from pinsharp.errors import ImageError
from pinsharp.images.files import write_image
from pinsharp.profiling.create import Material, create
from pinsharp.profiling.edge_search import find_edges
from slanted_edges import edge, gaussian, photo


def two_edges():
    """A soft edge on the left, a sharp one on the right, 80 columns each."""
    soft, sharp = (edge(gaussian, sigma, 5) for sigma in (2.5, 1.0))
    return np.concatenate([soft, sharp[:, ::-1]], axis=1)


@pytest.mark.parametrize("left, sigma", [(0, 2.5), (80, 1.0)])
def test_only_the_edge_within_the_box_is_measured(left, sigma):
    found = find_edges(photo(two_edges()), Box(10, left, 95, 80))

    (line, measured), *others = found
    assert not others
    assert measured.blur.sigma == pytest.approx(sigma, rel=0.03)
    assert left + 35 < line.column < left + 45
    assert 45 < line.row < 65


def test_a_profile_of_a_box_is_one_of_the_whole_frame(tmp_path):
    path = tmp_path / "edges.png"
    write_image(path, np.rint(two_edges() * 65535).astype(np.uint16))

    found = create(Material(edges=[path], box=Box(10, 80, 95, 80)), load_restorer=None)

    assert (found.height, found.width) == (110, 160)
    assert [round(kernel.blur.sigma, 1) for kernel in found.kernels] == [1.0]


def test_a_box_beyond_the_image_is_refused():
    with pytest.raises(ImageError, match="within 160 x 110 pixels, got one of 80 x 80 at 100, 0"):
        find_edges(photo(two_edges(), path=Path("a.png")), Box(0, 100, 80, 80))
