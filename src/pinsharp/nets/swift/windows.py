"""One image restored by `swift` window by window, each exactly as inside the whole image, which is one window too."""

from collections.abc import Callable

from torch import Tensor, nn

from pinsharp.nets.swift.bank_blocks import BankBlocks

LEAST_WIDTH = 256
"""Columns that a window reads at least, if the image has them. Into fewer than some 200 oneDNN (3.12, AMX) adds up the
products of the convolution to quarter resolution in another order than into more, so that roundings to bfloat16 differ.
All other convolutions, and all in float32, gave the same values in parts of every width and height."""


class SwiftWindows:
    """Restores any rectangle of an image; calls from top to bottom are cheapest.

    The trunk looks no further than its reach, its pixels are those of the whole image, and the bank's copies come from
    blocks that all windows share. So a window is restored to the last bit as inside the whole image, if convolutions
    compute a pixel alike wherever it lies.

    `refine` makes the correction (1, 4 C, h / 2, w / 2) out of the stack (1, 4 C (filters + 1), h / 2, w / 2) and looks
    `reach` pixels far, whole strides. All windows see as much as the largest, so that one's memory fits the next.
    """

    def __init__(
        self, blocks: BankBlocks, refine: Callable[[Tensor], Tensor], largest: tuple[int, int], reach: int
    ) -> None:
        self._blocks = blocks
        self._refine = refine
        self._reach = reach
        self._seen = (blocks.padded(largest[0]) + 2 * reach, max(blocks.padded(largest[1]) + 2 * reach, LEAST_WIDTH))

    def __call__(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """Restore rows and columns, both from a whole stride on: (1, C, h, w), not clamped, and the steady copy.

        Raises:
            ValueError: If the rows or columns do not begin at a multiple of the stride.
        """
        stride = self._blocks.stride
        if rows.start % stride or columns.start % stride:
            raise ValueError(
                f"expected a window from multiples of {stride} on, got row {rows.start} and column {columns.start}"
            )
        vertical, horizontal = self._rows_around(rows), self._columns_around(columns)
        correction = nn.functional.pixel_shuffle(self._refine(self._blocks.stack(vertical, horizontal)), 2)
        top, left = rows.start - vertical.start, columns.start - horizontal.start
        own = correction[..., top : top + rows.stop - rows.start, left : left + columns.stop - columns.start]
        # The most careful copy is the start; the trunk only has to say what is still wrong with it.
        careful = self._blocks.careful(rows, columns)
        return careful + own.to(careful.dtype), self._blocks.steady(rows, columns)

    def _rows_around(self, rows: slice) -> slice:
        """The rows that are seen to restore some; none further up than has to be, for those may have been dropped."""
        start = max(rows.start - self._reach, 0)
        return slice(start, min(max(rows.stop + self._reach, start + self._seen[0]), self._blocks.height))

    def _columns_around(self, columns: slice) -> slice:
        """The columns that are seen to restore some."""
        width, least = self._blocks.width, self._seen[1]
        start = max(min(columns.start - self._reach, self._blocks.padded(width) - least), 0)
        return slice(start, min(max(columns.stop + self._reach, start + least), width))
