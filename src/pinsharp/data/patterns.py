"""Scenes that tell little or nothing of a blur: periodic patterns, and nothing at all.

A sine is a sine whatever blurs it, and an empty scene shows noise alone. An estimator has to know that it cannot know.
"""

import math

import torch
from torch import Tensor

from pinsharp.data.shapes import FINENESS, averaged


def draw_pattern(crop: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a checker board, dots, a sine or a grid of thin lines, in two grey levels, or an even grey.

    Args:
        crop: What gives size and grey levels, (C, H, W) in [0, 1].
        generator: Decides all else, on the CPU.

    Returns:
        (C, H, W), channels alike.
    """
    u = torch.rand(10, generator=generator).tolist()
    period, angle = 4 * 10 ** u[1], math.pi * (u[2] if u[3] < 0.4 else round(u[2]) / 2)
    rows, columns = (torch.arange(FINENESS * length, device=crop.device) / FINENESS for length in crop.shape[1:])
    across = (columns[None, :] * math.cos(angle) + rows[:, None] * math.sin(angle)) / period + u[4]
    along = (rows[:, None] * math.cos(angle) - columns[None, :] * math.sin(angle)) / period + u[5]
    dark, bright = 0.05 + 0.5 * u[6], 0.5 + 0.45 * u[7]
    pattern = averaged(_patterns(int(5 * u[0]), across, along, 0.1 + 0.3 * u[8]).to(crop.dtype))
    drawing: Tensor = (dark + (bright - dark) * pattern).expand_as(crop)
    return drawing.contiguous()


def _patterns(kind: int, across: Tensor, along: Tensor, share: float) -> Tensor:
    """A pattern of period 1 on a fine grid, in [0, 1]; `share` is the radius of dots and half the width of lines."""
    x, y = across % 1 - 0.5, along % 1 - 0.5
    if kind == 0:
        return (x > 0) ^ (y > 0)
    if kind == 1:
        return x.square() + y.square() < share**2
    if kind == 2:
        return 0.5 + 0.5 * torch.sin(2 * math.pi * across)
    if kind == 3:
        return (x.abs() < share / 2) | (y.abs() < share / 2)
    return torch.full_like(across, share)
