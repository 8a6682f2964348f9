"""Scenes that tell little or nothing of a blur: periodic patterns, letters, and nothing at all.

A sine is a sine whatever blurs it, and an empty scene shows noise alone. An estimator has to know that it cannot know;
and that bars and dots of two grey levels can be read nevertheless, as their borders are sharp.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor

from pinsharp.data.shapes import FINENESS, averaged

_LETTERS = "ABCDEFGHKLMNPRSTUVXYZabcdefghkmnoprstuvxyz0123456789+-/=%"
_TINY = 1e-3  # of a period: keeps borders that lie between pixels from falling into one


def draw_pattern(crop: Tensor, generator: torch.Generator) -> Tensor:
    """Draw bars, a checker board, dots, a grid of thin lines, a sine or lines of letters, in two grey levels.

    Half of those that lie straight have borders between pixels only, as what a program draws.

    Args:
        crop: What gives size and grey levels, (C, H, W) in [0, 1].
        generator: Decides all else, on the CPU.

    Returns:
        (C, H, W), channels alike.
    """
    u = torch.rand(12, generator=generator).tolist()
    period = 4 * 10 ** u[1]
    upright = math.pi / 2 * (u[2] > 0.5)
    angle, is_straight = (math.pi * u[2], False) if u[3] < 0.4 else (upright, u[3] > 0.7)
    if is_straight:
        period = 2 * round(period / 2)
    start = (math.floor(period * u[4]) / period + _TINY, _TINY) if is_straight else (u[4], u[5])
    rows, columns = (torch.arange(FINENESS * length, device=crop.device) / FINENESS for length in crop.shape[1:])
    across = (columns[None, :] * math.cos(angle) + rows[:, None] * math.sin(angle)) / period + start[0]
    along = (rows[:, None] * math.cos(angle) - columns[None, :] * math.sin(angle)) / period + start[1]
    kind = int((len(_KINDS) + 1) * u[0])
    share = round(period * (0.25 + 0.5 * u[8])) / period if is_straight else 0.2 + 0.6 * u[8]
    fine = (
        _letters(across.shape, period, u[8], generator) if kind == len(_KINDS) else _KINDS[kind](across, along, share)
    )
    return _in_greys(averaged(fine.to(crop.dtype)), crop, u[6], u[7])


def draw_empty(crop: Tensor, generator: torch.Generator) -> Tensor:
    """Draw an even grey, half of the times with a slope, as light that falls off: arguments of `draw_pattern`."""
    u = torch.rand(6, generator=generator).tolist()
    down, right = (torch.linspace(-0.5, 0.5, length, device=crop.device) for length in crop.shape[1:])
    slope = math.sin(2 * math.pi * u[0]) * down[:, None] + math.cos(2 * math.pi * u[0]) * right[None, :]
    fall = down.square()[:, None] + right.square()[None, :]
    shading = 0.5 + (u[1] > 0.5) * (0.7 * u[2] ** 2 * slope - 0.6 * u[3] ** 2 * fall)
    return _in_greys(shading.to(crop.dtype), crop, u[4], u[5])


def _in_greys(pattern: Tensor, crop: Tensor, dark: float, bright: float) -> Tensor:
    """A pattern (H, W) in [0, 1] in two grey levels and those between them, in the shape of a crop (C, H, W)."""
    low, high = 0.05 + 0.5 * dark, 0.5 + 0.45 * bright
    drawing: Tensor = (low + (high - low) * pattern).expand_as(crop)
    return drawing.contiguous()


def _checker(across: Tensor, along: Tensor, _share: float) -> Tensor:
    return (across % 1 < 0.5) ^ (along % 1 < 0.5)


def _dots(across: Tensor, along: Tensor, share: float) -> Tensor:
    return (across % 1 - 0.5).square() + (along % 1 - 0.5).square() < (share / 2) ** 2


def _sine(across: Tensor, _along: Tensor, _share: float) -> Tensor:
    return 0.5 + 0.5 * torch.sin(2 * math.pi * across)


_KINDS: tuple[Callable[[Tensor, Tensor, float], Tensor], ...] = (
    lambda across, _along, share: across % 1 < share,  # bars
    lambda across, _along, share: across % 1 < share,  # twice as often as the others
    _checker,
    _dots,
    lambda across, along, share: (across % 1 < share) & (along % 1 < share),  # square dots
    lambda across, along, share: (across % 1 < share / 3) | (along % 1 < share / 3),  # a grid
    _sine,
)
"""Patterns of period 1 on a fine grid, in [0, 1]; `share` is what dots, bars and lines take of a period."""


def _letters(shape: tuple[int, ...], height: float, weight: float, generator: torch.Generator) -> Tensor:
    """Lines of letters (H, W) of a height in pixels, as 0 and 1, on the fine grid."""
    tall = FINENESS * max(height, 7.0)
    page = np.zeros(shape, np.uint8)
    thickness = max(1, round(tall * (0.08 + 0.12 * weight)))
    length = math.ceil(2 * shape[1] / tall)
    for line in range(math.ceil(shape[0] / (1.7 * tall))):
        picked = torch.randint(len(_LETTERS), (length,), generator=generator).tolist()
        text = "".join(_LETTERS[place] for place in picked)
        place = (-round(tall * (line % 3) / 3), round((1.7 * line + 1.2) * tall))
        cv2.putText(page, text, place, cv2.FONT_HERSHEY_DUPLEX, tall / 22, 1, thickness)
    return torch.from_numpy(page)
