"""Windows of images that hold most fine structure: a blur shows where there is something to blur."""

import math

import torch
from torch import Tensor, nn

from pinsharp.blur.continuation import source_pixels


def textured_windows(image: Tensor, size: int, most: int) -> Tensor:
    """Pick the windows of mono images (B, H, W) that hold most fine structure, at most so many; 0 for all.

    Windows are squares that overlap by half. A smaller side of an image is mirrored to their size.

    Returns:
        Windows (B, N, size, size), N <= most, the most textured first. The ranking itself carries no gradient.
    """
    image = mirrored_to(image, size)
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
    parts = mirrored_to(parts, size)
    step = size // 2
    with torch.no_grad():
        texture = torch.cat([_texture(part[None], size, step) for part in parts])  # (N, rows, columns)
    ranked = texture.flatten().topk(min(most or texture.numel(), texture.numel())).indices
    places = torch.stack(torch.unravel_index(ranked, texture.shape), dim=1).tolist()
    return torch.stack([_window(parts[part], row * step, column * step, size) for part, row, column in places])[None]


def spread_windows(parts: Tensor, size: int, most: int, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Pick windows all over the parts (N, H, W) of one image: half the best of each place, half the best of all.

    Args:
        parts: The image as one part, or several parts of it, all of one size.
        size: Side of the windows; a smaller side of the parts is mirrored to it.
        most: Most windows.
        hidden: True for pixels (N, H, W) that no lens made. Windows that hold some are left out where others are left.

    Returns:
        Windows (M, size, size), the most textured first, and their places (M, 4): top and left in all parts one below
        the other, height and width of what lies in the image.
    """
    _, height, width = parts.shape
    parts = mirrored_to(parts, size)
    step = size // 2
    with torch.no_grad():
        texture = torch.cat([_texture(part[None], size, step) for part in parts])  # (N, rows, columns)
        if hidden is not None:
            shares = torch.cat([_window_means(mirrored_to(one[None].float(), size), size, step) for one in hidden])
            is_clean = shares < _FEW
            texture = torch.where(is_clean, texture, -1.0 - shares) if is_clean.any() else texture
    chosen = _spread(texture, most)
    rows, columns = texture.shape[1:]
    part, row, column = chosen // (rows * columns), chosen // columns % rows * step, chosen % columns * step
    places = torch.stack([part, row, column], dim=1).tolist()
    seen = [_window(parts[number], top, left, size) for number, top, left in places]
    sides = [torch.full_like(row, min(size, height)), torch.full_like(row, min(size, width))]
    return torch.stack(seen), torch.stack([part * height + row, column, *sides], dim=1)


_FEW = 1e-6
"""Share of hidden pixels up to which no pixel counts as hidden; for rounding."""


def _spread(texture: Tensor, most: int) -> Tensor:
    """Numbers of the chosen places among those of a texture (N, rows, columns), the most textured first."""
    flat = texture.flatten()
    allowed = flat >= 0 if (flat >= 0).any() else torch.ones_like(flat, dtype=torch.bool)
    count = int(allowed.sum())
    if count <= most:
        return flat.argsort(descending=True)[:count]
    field = texture.reshape(-1, texture.shape[-1])  # all parts one below the other
    cells = max(most // 2, 1)
    down = max(1, min(field.shape[0], cells, round(math.sqrt(cells * field.shape[0] / field.shape[1]))))
    across = max(1, min(field.shape[1], cells // down))
    row = torch.arange(field.shape[0], device=flat.device) * down // field.shape[0]
    column = torch.arange(field.shape[1], device=flat.device) * across // field.shape[1]
    cell = (row[:, None] * across + column).flatten()
    order = flat.argsort(descending=True)
    first = torch.zeros_like(allowed)
    first[order[_first_of_each(cell[order], down * across)]] = True
    first &= allowed
    others = order[~first[order]][: most - int(first.sum())]
    chosen = torch.cat([first.nonzero()[:, 0], others])
    return chosen[flat[chosen].argsort(descending=True)]


def _first_of_each(labels: Tensor, count: int) -> Tensor:
    """Where each of the labels below `count` that occur in (N,) occurs first."""
    place = torch.full((count,), len(labels), dtype=torch.long, device=labels.device)
    place.scatter_reduce_(0, labels, torch.arange(len(labels), device=labels.device), "amin")
    return place[place < len(labels)]


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


def mirrored_to(image: Tensor, size: int) -> Tensor:
    """Mirror sides of images (..., H, W) that are shorter than a size to it."""
    for axis in (-2, -1):
        length = image.shape[axis]
        if length < size:
            position = torch.arange(size, device=image.device)
            image = image.index_select(axis, source_pixels(position, length, "reflect"))
    return image
