"""Windows of images that hold most fine structure: a blur shows where there is something to blur."""

import torch
from torch import Tensor, nn

from pinsharp.blur.continuation import source_pixels


def textured_windows(image: Tensor, size: int, most: int) -> Tensor:
    """Pick the windows of mono images (B, H, W) that hold most fine structure, at most so many; 0 for all.

    Windows are squares that overlap by half. A smaller side of an image is mirrored to their size.

    Returns:
        Windows (B, N, size, size), N <= most, the most textured first. The ranking itself carries no gradient.
    """
    image = _mirror_to(image, size)
    step = size // 2
    with torch.no_grad():
        texture = _texture(image, size, step)  # (B, rows, columns)
    columns, count = texture.shape[-1], texture[0].numel()
    ranked = texture.flatten(1).topk(min(most or count, count), dim=1).indices.tolist()
    return torch.stack(
        [
            torch.stack([_window(plane, place // columns * step, place % columns * step, size) for place in places])
            for plane, places in zip(image, ranked, strict=True)
        ]
    )


def shared_windows(parts: Tensor, size: int, most: int) -> Tensor:
    """Pick the windows that hold most fine structure from all parts (N, H, W) of one image, as `textured_windows`.

    No window reaches from one part into another: the border between them would be the sharpest edge of all.

    Returns:
        Windows (1, M, size, size), M <= most, the most textured first.
    """
    parts = _mirror_to(parts, size)
    step = size // 2
    with torch.no_grad():
        texture = torch.cat([_texture(part[None], size, step) for part in parts])  # (N, rows, columns)
    ranked = texture.flatten().topk(min(most or texture.numel(), texture.numel())).indices
    places = torch.stack(torch.unravel_index(ranked, texture.shape), dim=1).tolist()
    return torch.stack([_window(parts[part], row * step, column * step, size) for part, row, column in places])[None]


def _window(image: Tensor, top: int, left: int, size: int) -> Tensor:
    return image[top : top + size, left : left + size]


def _texture(image: Tensor, size: int, step: int) -> Tensor:
    """Mean squared gradient in each window of mono images, less where pixels are clipped at black or white."""
    strength = torch.zeros_like(image)
    strength[..., 1:-1, :] += (image[..., 2:, :] - image[..., :-2, :]).square()
    strength[..., 1:-1] += (image[..., 2:] - image[..., :-2]).square()
    clipped = ((image <= 0) | (image >= 1)).to(image.dtype)
    return _window_means(strength, size, step) * (1 - _window_means(clipped, size, step))


def _window_means(image: Tensor, size: int, step: int) -> Tensor:
    if size != 2 * step:
        return nn.functional.avg_pool2d(image, size, step)
    # Each window is four blocks that it shares with its neighbours: every pixel is read once, not four times.
    return nn.functional.avg_pool2d(nn.functional.avg_pool2d(image, step), 2, 1)


def _mirror_to(image: Tensor, size: int) -> Tensor:
    for axis in (-2, -1):
        length = image.shape[axis]
        if length < size:
            position = torch.arange(size, device=image.device)
            image = image.index_select(axis, source_pixels(position, length, "reflect"))
    return image
