"""How an image is cut into windows, and which pixels each contributes: geometry only.

Every window owns a rectangle; together these cover the image once. It reads a halo of more pixels around it, as far as
there are any. The windows are a grid: those of one band share their rows, so a file can be read and written band by
band. Where windows are blended, each pixel's weights sum to one.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Span:
    """A window along one axis, in pixels from the image's border; every stop is excluded.

    Attributes:
        start: First pixel that it owns.
        stop: End of the pixels that it owns.
        outer_start: First pixel that it reads: a halo before `start`, or the image's border.
        outer_stop: End of the pixels that it reads.
    """

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def length(self) -> int:
        """Pixels that it owns."""
        return self.stop - self.start

    @property
    def owned(self) -> slice:
        """What it owns of the image."""
        return slice(self.start, self.stop)

    @property
    def outer(self) -> slice:
        """What it reads of the image."""
        return slice(self.outer_start, self.outer_stop)

    @property
    def inner(self) -> slice:
        """What it owns of what it read."""
        return slice(self.start - self.outer_start, self.stop - self.outer_start)

    def blended(self, ramp: int) -> slice:
        """Where its weights are not all 0: what it owns and `ramp` pixels more, as far as it reads."""
        return slice(max(self.start - ramp, self.outer_start), min(self.stop + ramp, self.outer_stop))

    def weights(self, ramp: int) -> NDArray[Any]:
        """How much each pixel of `blended(ramp)` counts, float32: 1 well inside, falling to 0 across both borders.

        A cosine from `ramp` pixels before a border to as many behind it. What one window loses there its neighbour
        gains, so that the weights of all windows sum to 1 at every pixel, whatever their sizes.

        Args:
            ramp: Half the width of the fall, not more than the halo; 0 for windows that do not blend.
        """
        part = self.blended(ramp)
        if ramp == 0:
            return np.ones(part.stop - part.start, np.float32)
        position = np.arange(part.start, part.stop) + 0.5
        at_first, at_last = self.start == self.outer_start, self.stop == self.outer_stop
        rise = np.ones_like(position) if at_first else _step((position - self.start) / ramp)
        fall = np.zeros_like(position) if at_last else _step((position - self.stop) / ramp)
        return (rise - fall).astype(np.float32)


@dataclass(frozen=True)
class Window:
    """A rectangle of an image that is processed by itself.

    Attributes:
        vertical: Its rows.
        horizontal: Its columns.
    """

    vertical: Span
    horizontal: Span

    @property
    def rows(self) -> slice:
        """Rows of the image that it owns."""
        return self.vertical.owned

    @property
    def columns(self) -> slice:
        """Columns of the image that it owns."""
        return self.horizontal.owned

    @property
    def outer_rows(self) -> slice:
        """Rows of the image that it reads."""
        return self.vertical.outer

    @property
    def outer_columns(self) -> slice:
        """Columns of the image that it reads."""
        return self.horizontal.outer


def windows(shape: tuple[int, int], size: int, halo: int, stride: int = 1) -> list[Window]:
    """Cut an image into windows.

    They are as equal as whole strides allow: no thin rest is left over, and none is larger than `size`.

    Args:
        shape: Height and width of the image.
        size: Longest side that a window owns, in pixels; at least one stride is taken.
        halo: Pixels that each reads beyond what it owns, rounded up to whole strides.
        stride: What is owned and what is read begins on multiples of this; what is read ends there too, or with the
            image.

    Returns:
        The windows in row order, each band of them with equal rows.

    Raises:
        ValueError: If `shape`, `size` or `stride` is below 1, or `halo` below 0.
    """
    if min(*shape, size, stride) < 1 or halo < 0:
        raise ValueError(
            f"expected an image, a size and a stride of at least 1 and a halo of at least 0, got {shape}, {size}, "
            f"{stride} and {halo}"
        )
    vertical, horizontal = (_spans(length, size, halo, stride) for length in shape)
    return [Window(rows, columns) for rows in vertical for columns in horizontal]


def bands(grid: list[Window]) -> list[list[Window]]:
    """Group windows in row order into bands of equal rows, from top to bottom."""
    return [list(band) for _, band in itertools.groupby(grid, key=lambda window: window.vertical)]


def _spans(length: int, size: int, halo: int, stride: int) -> list[Span]:
    largest = max(size // stride, 1) * stride
    count = math.ceil(length / largest)
    side = math.ceil(length / count / stride) * stride  # not above `largest`, which is whole strides too
    reach = math.ceil(halo / stride) * stride
    starts = range(0, length, side)
    stops = [min(start + side, length) for start in starts]
    return [
        Span(start, stop, max(start - reach, 0), min(stop + reach, length))
        for start, stop in zip(starts, stops, strict=True)
    ]


def _step(position: NDArray[Any]) -> NDArray[Any]:
    """0 up to -1, 1 from 1 on, half a cosine between."""
    step: NDArray[Any] = 0.5 + 0.5 * np.sin(np.pi / 2 * np.clip(position, -1, 1))
    return step
