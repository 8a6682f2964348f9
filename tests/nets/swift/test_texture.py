"""Windows with most fine structure: which are picked, how many, and of what."""

import pytest
import torch

from pinsharp.nets.swift.texture import shared_windows, spread_windows, textured_windows


def test_the_most_textured_windows_are_picked():
    image = torch.full((1, 64, 96), 0.5)
    image[:, 32:, 64:] += 0.3 * torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0))
    image[:, :32, :32] += 0.1 * torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(1))

    windows = textured_windows(image, 32, 7)

    torch.testing.assert_close(windows[0, 0], image[0, 32:, 64:])
    assert any(torch.equal(window, image[0, :32, :32]) for window in windows[0])
    texture = windows.diff(dim=-1).square().mean(dim=(-2, -1))[0]
    assert bool((texture > 0).all())


def test_a_clipped_window_comes_last_whatever_its_texture():
    """White and black pixels have lost their blur: a window full of them shows edges that no lens made."""
    gen = torch.Generator().manual_seed(0)
    grey, clipped = 0.4 + 0.2 * torch.rand(1, 32, 32, generator=gen), torch.rand(1, 32, 32, generator=gen).round()
    image = torch.cat([grey, clipped], dim=-1)

    windows = textured_windows(image, 32, 2)[0]  # of three

    assert any(torch.equal(window, grey[0]) for window in windows)
    assert not any(torch.equal(window, clipped[0]) for window in windows)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 400, 400),
        (1, 3000, 32),
        (1, 3000, 40),
        (1, 32, 3000),
        (60, 64, 64),
        (252, 64, 64),
        (3, 2000, 48),
        (5, 32, 32),
    ],
)
def test_windows_are_spread_all_over_and_never_more_than_asked_for(shape):
    """Long strips, and the many parts that stand for an image on disk."""
    image = torch.rand(shape, generator=torch.Generator().manual_seed(0))

    windows, places = spread_windows(image, 32, 40)

    assert len(windows) == len(places) == len(places.unique(dim=0)) <= 40
    tall = shape[0] * shape[1]
    assert len(windows) == 40 or tall < 32 * 40
    thirds = (3 * places[:, 0] // tall).unique()
    assert len(thirds) == 3 or tall < 6 * 32


@pytest.mark.parametrize("shape", [(32, 32), (33, 40), (200, 57), (5, 70), (1, 1), (31, 2)])
def test_there_are_never_more_windows_than_asked_for(shape):
    image = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))

    windows = textured_windows(image, 32, 5)

    assert windows.shape[0] == 2
    assert 1 <= windows.shape[1] <= 5
    assert windows.shape[2:] == (32, 32)


def test_without_a_limit_all_windows_are_read():
    assert textured_windows(torch.rand(1, 64, 96), 32, 0).shape == (1, 3 * 5, 32, 32)


@pytest.mark.parametrize("shape", [(20, 32), (20, 21), (3, 5), (1, 7), (1, 1)])
def test_a_small_image_is_mirrored_to_a_window(shape):
    image = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0))

    window = textured_windows(image, 32, 4)[0, 0]

    torch.testing.assert_close(window[: shape[0], : shape[1]], image[0])
    for row in range(32):
        for column in range(32):
            assert window[row, column] == image[0, mirrored(row, shape[0]), mirrored(column, shape[1])]


def mirrored(position: int, length: int) -> int:
    """Place that position shows in an image that is continued by reflection, the edge pixel not repeated."""
    while length > 1 and not 0 <= position < length:
        position = -position if position < 0 else 2 * (length - 1) - position
    return position if length > 1 else 0


def test_the_windows_of_each_image_are_its_own():
    images = torch.rand(2, 96, 96, generator=torch.Generator().manual_seed(0))

    together = textured_windows(images, 32, 4)

    torch.testing.assert_close(together[0], textured_windows(images[:1], 32, 4)[0])
    torch.testing.assert_close(together[1], textured_windows(images[1:], 32, 4)[0])


def test_the_windows_of_parts_are_the_most_textured_of_all_and_cross_no_border():
    """Three parts, flat but for noise in one quarter of two of them, and each of another brightness."""
    parts = torch.tensor([0.1, 0.5, 0.9])[:, None, None].repeat(1, 64, 64)
    parts[1, :32, 32:] += 0.2 * (torch.rand(32, 32, generator=torch.Generator().manual_seed(0)) - 0.5)
    parts[2, 32:, :32] += 0.18 * (torch.rand(32, 32, generator=torch.Generator().manual_seed(1)) - 0.5)

    windows = shared_windows(parts, 32, 2)

    torch.testing.assert_close(windows, torch.stack([parts[1, :32, 32:], parts[2, 32:, :32]])[None])
