"""Bars and silhouettes out of photographs: two levels, sharp borders, everything by the generator."""

import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.data.shapes import draw_shapes

CROP = torch.rand(3, 60, 70, generator=torch.Generator().manual_seed(0))


def drawings(count=40, crop=CROP):
    return [draw_shapes(crop, generator(1, index)) for index in range(count)]


def test_a_drawing_is_an_image_of_the_crops_shape():
    for crop in (CROP, CROP[:1], CROP[:, :33, :33]):
        before = crop.clone()
        for drawing in drawings(8, crop):
            assert drawing.shape == crop.shape
            assert drawing.dtype == crop.dtype
            assert 0 <= float(drawing.min()) < float(drawing.max()) <= 1
        assert torch.equal(crop, before)


def test_the_generator_decides_what_is_drawn():
    first, again, other = (draw_shapes(CROP, generator(seed, 0)) for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_without_texture_there_are_two_levels_and_what_a_border_mixes_of_them():
    """A flat crop has no texture, and its silhouettes would be nothing: bars only."""
    flat = torch.full((1, 64, 64), 0.5)
    drawings_of_bars = [drawing for drawing in drawings(60, flat) if drawing.unique().numel() > 1]

    assert len(drawings_of_bars) > 10
    for drawing in drawings_of_bars:
        dark, bright = drawing.min(), drawing.max()
        mixed = ((drawing - dark) / (bright - dark) * 4).unique()
        torch.testing.assert_close(mixed, mixed.round(), atol=1e-4, rtol=0)  # quarters: two samples along each axis


def test_borders_are_sharper_than_the_photographs():
    """From dark to bright within two pixels, where the crop is smooth."""
    smooth = torch.nn.functional.avg_pool2d(CROP[None], 9, 1, 4)[0]

    for drawing in drawings(40, smooth):
        grey = drawing.mean(dim=0)
        across = torch.stack([grey.diff(dim=0)[:, :-1].abs(), grey.diff(dim=1)[:-1].abs()]).amax()
        assert float(across) > 0.3 * float(grey.max() - grey.min())


def test_bars_lie_in_all_directions_most_of_them_upright_or_flat():
    flat = torch.full((1, 64, 64), 0.5)
    constant = [
        (bool((drawing.diff(dim=1).abs() < 1e-6).all()), bool((drawing.diff(dim=2).abs() < 1e-6).all()))
        for drawing in drawings(200, flat)
        if drawing.unique().numel() > 1
    ]
    upright, flat_lying = (sum(pair[axis] for pair in constant) for axis in (0, 1))

    assert upright > 10
    assert flat_lying > 10
    assert len(constant) - upright - flat_lying > 10


@pytest.mark.parametrize("size", [(1, 1), (5, 3)])
def test_crops_of_a_few_pixels_are_drawn_too(size):
    for drawing in drawings(20, torch.rand(3, *size)):
        assert bool(torch.isfinite(drawing).all())
