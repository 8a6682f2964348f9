"""Patterns repeat themselves, and an even grey is even."""

import pytest
import torch

from pinsharp.data.patterns import draw_pattern


def drawings(count=60, side=96):
    crop = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    return [draw_pattern(crop, torch.Generator().manual_seed(seed)) for seed in range(count)]


def repetition(image):
    """Largest autocorrelation away from where it begins, 1 for what repeats itself without end."""
    centred = image - image.mean()
    if float(centred.abs().max()) < 1e-6:
        return 1.0
    ones = torch.ones_like(image)
    padded = [2 * image.shape[-1]] * 2
    power = torch.fft.irfft2(torch.fft.rfft2(centred, padded).abs().square(), padded)
    overlap = torch.fft.irfft2(torch.fft.rfft2(ones, padded).abs().square(), padded)
    found = power / overlap.clamp(min=1)
    found = found / found[0, 0]
    return float(found[4:60, 4:60].max())


def test_every_drawing_repeats_itself():
    assert min(repetition(image[0]) for image in drawings()) > 0.7


def test_channels_are_alike_and_within_range():
    for image in drawings():
        assert image.shape == (3, 96, 96)
        assert torch.equal(image[0], image[2])
        assert 0 <= float(image.min()) <= float(image.max()) <= 1


def test_some_are_even_and_most_are_not():
    spreads = torch.tensor([float(image.std()) for image in drawings()])

    assert 0.1 < float((spreads < 1e-6).float().mean()) < 0.4


@pytest.mark.parametrize("seed", range(3))
def test_the_generator_decides_all(seed):
    crop = torch.rand(3, 40, 40)

    one, other = (draw_pattern(crop, torch.Generator().manual_seed(seed)) for _ in range(2))

    assert torch.equal(one, other)
