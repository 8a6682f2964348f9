"""Patterns repeat themselves, and empty scenes are smooth."""

import pytest
import torch

from pinsharp.data.patterns import draw_empty, draw_pattern


def drawings(count=60, side=96, draw=draw_pattern):
    crop = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    return [draw(crop, torch.Generator().manual_seed(seed)) for seed in range(count)]


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


def test_most_drawings_repeat_themselves():
    repeats = [repetition(image[0]) > 0.7 for image in drawings()]

    assert 0.75 < sum(repeats) / len(repeats) < 1  # letters do not


def test_channels_are_alike_and_within_range():
    for image in [*drawings(), *drawings(draw=draw_empty)]:
        assert image.shape == (3, 96, 96)
        assert torch.equal(image[0], image[2])
        assert 0 <= float(image.min()) <= float(image.max()) <= 1


def test_some_have_borders_between_pixels_only():
    greys = [len(image[0].unique()) for image in drawings()]

    assert 0.03 < sum(count <= 2 for count in greys) / len(greys) < 0.5


def test_half_of_the_empty_ones_are_even_and_the_others_smooth():
    images = [image[0] for image in drawings(draw=draw_empty)]

    even = [image for image in images if float(image.max() - image.min()) < 1e-6]
    assert 0.3 < len(even) / len(images) < 0.7
    assert all(float(image.diff(n=2, dim=axis).abs().max()) < 1e-3 for image in images for axis in (0, 1))


@pytest.mark.parametrize("draw", [draw_pattern, draw_empty])
@pytest.mark.parametrize("seed", range(3))
def test_the_generator_decides_all(draw, seed):
    crop = torch.rand(3, 40, 40)

    one, other = (draw(crop, torch.Generator().manual_seed(seed)) for _ in range(2))

    assert torch.equal(one, other)
