"""Widths of colours out of edges: where red and blue differ, and not where a mosaic has softened both."""

import pytest

from pinsharp.blur.colours import of_edges
from pinsharp.blur.measured import Blur


def edges(red, green, blue, count=6):
    """Widths of edges in red, green and blue that scatter by a per cent."""
    near = [1 + 0.01 * (-1) ** number for number in range(count)]
    return [
        tuple(Blur(width * one, width * one * 0.98, width * one * 1.02) for width in (red, green, blue)) for one in near
    ]


def test_longitudinal_colour_is_distinguished_from_a_mosaic():
    found = of_edges(edges(1.2, 1.5, 1.9))

    assert [each.sigma for each in (found.red, found.green, found.blue)] == pytest.approx([1.2, 1.5, 1.9], rel=0.02)
    assert of_edges(edges(1.7, 1.5, 1.7)) is None


def test_few_edges_tell_no_colours():
    assert of_edges(edges(1.2, 1.5, 1.9, count=2)) is None
