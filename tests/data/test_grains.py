"""Grains and relief on photographs: small structure where there was none, everything by the generator."""

import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.data.grains import draw_grains

FLAT = torch.full((1, 96, 96), 0.5)
PHOTOGRAPH = torch.nn.functional.avg_pool2d(
    torch.rand(1, 3, 90, 80, generator=torch.Generator().manual_seed(0)), 5, 1, 2
)[0]


def drawings(crop, count=60):
    return [draw_grains(crop, generator(1, index)) for index in range(count)]


@pytest.fixture(scope="module")
def on_flat():
    """Drawings on a crop without any structure, but for the grains (and bars, where some were drawn)."""
    return drawings(FLAT, 120)


def test_a_drawing_is_an_image_of_the_crops_shape():
    for crop in (PHOTOGRAPH, PHOTOGRAPH[:1], PHOTOGRAPH[:, :33, :41]):
        before = crop.clone()
        for drawing in drawings(crop, 12):
            assert drawing.shape == crop.shape
            assert drawing.dtype == crop.dtype
            assert 0 <= float(drawing.min()) < float(drawing.max()) <= 1
        assert torch.equal(crop, before)


def test_the_generator_decides_what_is_drawn():
    first, again, other = (draw_grains(PHOTOGRAPH, generator(seed, 0)) for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_all_channels_get_the_same_grains():
    grey = torch.full((3, 64, 64), 0.5)

    for drawing in drawings(grey, 20):
        assert torch.equal(drawing[0], drawing[1])
        assert torch.equal(drawing[0], drawing[2])


def test_some_grains_are_raised_and_some_seen_in_relief(on_flat):
    """A raised one only brightens a flat ground; a slope along a direction brightens as much as it darkens."""
    balance = torch.tensor(
        [
            float((drawing - 0.5).mean() / (drawing - 0.5).abs().mean())
            for drawing in on_flat
            if float(drawing.median()) == 0.5 and float(drawing.std()) > 0
        ]
    )

    assert len(balance) > 20
    assert int((balance > 0.99).sum()) > 5
    assert int((balance.abs() < 0.1).sum()) > 5


def test_grains_are_a_few_pixels_wide(on_flat):
    """Most of their power lies between periods of 3 and 24 pixels: neither noise of single pixels nor shading."""
    frequency = torch.hypot(torch.fft.fftfreq(96)[:, None], torch.fft.rfftfreq(96)[None, :])
    window = torch.hann_window(96)[:, None] * torch.hann_window(96)[None, :]
    shares = []
    for drawing in on_flat:
        if float(drawing.median()) == 0.5 and float(drawing.std()) > 0:
            power = torch.fft.rfft2((drawing[0] - drawing.mean()) * window).abs().square()
            shares.append(float(power[(frequency > 1 / 24) & (frequency < 1 / 3)].sum() / power.sum()))

    assert len(shares) > 20
    assert min(shares) > 0.4
    assert sum(shares) / len(shares) > 0.7


def test_a_photograph_keeps_its_brightness_under_relief():
    kept = [drawing for drawing in drawings(PHOTOGRAPH) if float((drawing - PHOTOGRAPH).abs().mean()) < 0.05]

    assert len(kept) > 10
    for drawing in kept:
        torch.testing.assert_close(drawing.mean(), PHOTOGRAPH.mean(), atol=0.05, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (5, 3)])
def test_crops_of_a_few_pixels_are_drawn_too(size):
    for drawing in drawings(torch.rand(3, *size), 20):
        assert bool(torch.isfinite(drawing).all())
