"""How wide the blur is over an image, as plain numbers that a manifest keeps and a report draws."""

from typing import Any

import torch

from pinsharp.blur.field import BlurField

_GRID = 9  # samples of a field along each side


def field_figures(found: BlurField, shape: tuple[int, int]) -> dict[str, Any] | None:
    """How wide the blur is over an image of a height and width, as plain numbers; None where no windows were asked.

    The `shape` of the field and of the `image`; `windows`: row and column of the centre of each, the width in pixels
    that it says, and what it counts; `widths`: the field on a grid over the image, as far as windows reach.
    """
    if found.finding is None or found.votes is None:
        return None
    votes, field = found.votes[0], found.finding.field
    axes = [
        torch.linspace(0, length, _GRID).clamp(float(first.min()), float((first + side).max()))
        for length, first, side in zip(shape, votes.places[:, :2].T, votes.places[:, 2:].T, strict=True)
    ]
    widths = field.at(torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1))
    windows = torch.stack([*votes.centres.T, votes.log_width.exp(), votes.weights], dim=-1)
    return {
        "shape": field.shape,
        "image": list(shape),
        "windows": [[round(value, 4) for value in row] for row in windows.tolist()],
        "widths": [[round(value, 3) for value in row] for row in widths.tolist()],
    }
