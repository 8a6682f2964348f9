"""Frames and letterboxes: borders of one value with straight inner edges that no lens made, on any side."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.fault_survey import Overview
from pinsharp.images.fault_values import BLOCK, CONSTANT, FLAT, TOLERANCES, Value

Depths = tuple[int, int, int, int]
"""Pixels of a frame at the top, on the right, at the bottom and on the left."""


def find_frames(seen: Overview, unit: float) -> Depths:
    """Find how deep the frames of an image are, all 0 if it has none.

    Args:
        seen: The image.
        unit: What counts as one grey level.
    """
    upright, lying = seen.down, seen.across.swapaxes(0, 1)  # (H, C), (W, R)
    top = _depth(upright, seen.columns, 0, len(lying), unit)
    right = _depth(lying[::-1], seen.rows, top, len(upright), unit)
    bottom = _depth(upright[::-1], seen.columns, 0, len(lying) - right, unit)
    left = _depth(lying, seen.rows, top, len(upright) - bottom, unit)
    return top, right, bottom, left


def _depth(turned: NDArray[Any], places: NDArray[np.intp], first: int, last: int, unit: float) -> int:
    """Rows at the top that are a frame; of the places along it those from `first` to `last` belong to no other side."""
    begin, end = np.searchsorted(places, [first, last])
    if end - begin < 16:
        return 0
    inner = turned[:, begin:end]
    value = np.median(inner[0].reshape(end - begin, -1).astype(np.float64), axis=0)
    for tolerance in TOLERANCES:
        plain = Value(value, tolerance * unit, unit)
        if (depth := _plain_rows(inner, plain)) and (depth := _with_abrupt_edge(inner, plain, depth)):
            return depth
    return 0


def _plain_rows(turned: NDArray[Any], value: Value) -> int:
    """Rows from the top that have a value; 0 if they reach to the middle, or only those next to the edge have it."""
    depth = 0
    while depth < len(turned) * 0.45:
        many = 1 if depth < 16 else 16
        plain = value.near(turned[depth : depth + many]).mean(axis=1) >= 0.98
        if not plain.all():
            depth += int(np.argmin(plain))
            deep = turned[: max(depth - BLOCK // 2, (depth + 1) // 2)]
            is_constant = (value.distance(deep) <= CONSTANT * value.unit).mean() > 0.95 if depth else False
            return depth if is_constant else 0
        depth += many
    return 0


def _with_abrupt_edge(turned: NDArray[Any], value: Value, depth: int) -> int:
    """The depth of a frame, a row of mixed pixels at its edge included; 0 if its edge is a lens's."""
    beyond = value.distance(turned[depth : depth + 8])
    if len(beyond) < 8 or (beyond[1:5].max(axis=0) > value.least).mean() < 0.6:
        return 0
    profile = beyond.mean(axis=1)
    for mixed in (0, 1):  # a row that holds both, or what JPEG made of it
        behind = float(profile[mixed + 1 : mixed + 5].mean())
        if profile[mixed] > FLAT * behind > FLAT * value.least and (not mixed or profile[0] < 0.5 * behind):
            return depth + mixed
    return 0
