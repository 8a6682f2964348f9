"""The Wiener bank of one image, block by block, on a grid that depends on the image's shape alone.

Fourier transforms of different lengths round differently. So that every window of an image sees the same values to the
last bit, whatever its size, none of them is transformed by itself: the image is cut into a fixed grid of blocks, each
transformed with its neighbours within the radius of the filters, and windows take from them what they need.
"""

import math
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from pinsharp.blur.continuation import Read
from pinsharp.blur.levels import Levels
from pinsharp.nets.swift.half_resolution import HalfResolutionStack, fill, move_up
from pinsharp.nets.swift.wiener_bank import WienerBank

BLOCK = 1300
"""Longest side of a block in pixels."""

BLOCK_ROW_VALUES = 2**24
"""Most values (pixels times channels) of a row of blocks: those of wide images are lower."""

LEAST_BLOCK = 256
"""No block is made lower than this for the sake of memory: nearly all of it would be neighbours."""


class BankBlocks:
    """Image and deconvolved copies at half resolution, for windows that are asked for from top to bottom.

    Blocks are made when a window first needs them, a whole row of blocks at a time, and dropped when windows have gone
    past them. A window above what was dropped has its blocks made again. The image has a shape (C, H, W), a kernel (1,
    1, K, K) and noise (1,) in units of full scale; both sides are padded to multiples of the even `stride`, by edge
    values to the right and below. At most `rows_at_once` rows are asked for at once. With `levels` the blur varies, and
    each pixel is deconvolved by its own.
    """

    def __init__(
        self,
        bank: WienerBank,
        read: Read,
        shape: tuple[int, int, int],
        kernel: Tensor,
        noise: Tensor,
        *,
        stride: int,
        rows_at_once: int,
        levels: Levels | None = None,
    ) -> None:
        self._bank = bank
        self._read = read
        self._channels, self.height, self.width = shape
        self.stride = stride
        self._rows_at_once = rows_at_once
        self._rows, self._columns = block_grid(shape, stride)
        tallest, widest = self._rows[0].stop, self._columns[0].stop
        self._transform = bank.transform_shape((tallest, widest))
        self._noise, self._levels = noise, levels
        self._transfers = [] if levels else bank.transfers(kernel, noise, self._transform)
        # What a window begins with may be left of one row of blocks, what it ends with begin another.
        capacity = min(rows_at_once + tallest, self.height)
        planes = self._channels * (bank.count + 1)
        self._stack = HalfResolutionStack(planes, (self.padded(capacity), self.padded(self.width)), kernel)
        # The most careful copy, and the steady one.
        self._kept = kernel.new_empty((1 + bank.steady, self._channels, capacity, self.width), dtype=torch.float32)
        self._top = self._bottom = 0  # the rows at hand

    def padded(self, length: int) -> int:
        """Round a length up to whole strides."""
        return length + -length % self.stride

    def stack(self, rows: slice, columns: slice) -> Tensor:
        """Stack image and copies at half resolution, those next to the lower and right border with its padding.

        Rows and columns run from a whole stride to a whole stride or the image's end.

        Returns:
            (1, 4 C (count + 1), h / 2, w / 2), channels last, in the data type of convolutions.
        """
        self._make(rows)
        vertical = slice(rows.start - self._top, self.padded(rows.stop) - self._top)
        return self._stack.read(vertical, slice(columns.start, self.padded(columns.stop)))

    def careful(self, rows: slice, columns: slice) -> Tensor:
        """Give rows and columns of the most careful copy, (1, C, h, w), float32."""
        return self._copy(0, rows, columns)

    def steady(self, rows: slice, columns: slice) -> Tensor:
        """The same of the steady copy; of the most careful one where there is no other."""
        return self._copy(-1, rows, columns)

    def _copy(self, number: int, rows: slice, columns: slice) -> Tensor:
        self._make(rows)
        return self._kept[number][None, :, rows.start - self._top : rows.stop - self._top, columns]

    def _make(self, rows: slice) -> None:
        """Have some rows at hand; those above them are dropped where room is needed."""
        if rows.stop - rows.start > self._rows_at_once:
            raise ValueError(f"expected at most {self._rows_at_once} rows at once, got {rows.stop - rows.start}")
        if not self._top <= rows.start <= self._bottom:
            self._top = self._bottom = max(span.start for span in self._rows if span.start <= rows.start)
        for span in self._rows:
            if self._bottom <= span.start < rows.stop:
                self._drop_above(rows.start)
                for columns in self._columns:
                    self._make_block(span, columns)
                self._bottom = span.stop

    def _drop_above(self, row: int) -> None:
        row = min(row, self._bottom)
        by, count = row - self._top, self._bottom - row
        self._stack.move_up(by, count)
        for copy in self._kept:
            move_up(copy.transpose(0, 1), by, count)
        self._top = row

    def _make_block(self, rows: slice, columns: slice) -> None:
        height, width = rows.stop - rows.start, columns.stop - columns.start
        block = self._block(rows, columns)  # (C, H', W')
        shape = (self.padded(height), self.padded(width))
        count = self._channels * (self._bank.count + 1)
        planes = block.new_empty((count, *shape), dtype=self._stack.dtype)
        begin = self._bank.radius
        fill(planes[: self._channels], block[:, begin : begin + height, begin : begin + width])
        copies = self._copies(block, rows, columns)
        top = rows.start - self._top
        for number, copy in enumerate(copies):
            of, channel = divmod(number, self._channels)  # filter
            if of < self._bank.count:
                fill(planes[self._channels + number], copy)
            if of in (0, self._bank.count):
                self._kept[of // self._bank.count, channel, top : top + height, columns] = copy
        self._stack.write(planes, top, columns.start)

    def _copies(self, block: Tensor, rows: slice, columns: slice) -> Iterator[Tensor]:
        """The deconvolved copies (h, w) of a block, as `WienerBank.planes` orders them."""
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        if self._levels is None:
            yield from self._bank.planes(block, self._transfers, shape)
            return
        radius = self._bank.radius
        made = block.new_zeros((self._bank.copies * self._channels, *shape))
        for part in self._levels.parts(rows, columns):
            share = part.share.to(block)
            down, across = part.rows, part.columns
            if part.blur is None:
                same = block[:, radius:, radius:][:, down, across]
                copies: Iterable[Tensor] = same.repeat(self._bank.copies, 1, 1)
            else:
                seen = block[:, down.start : down.stop + 2 * radius, across.start : across.stop + 2 * radius]
                copies = self._level(seen, part.blur.kernel.to(block))
            for plane, copy in zip(made, copies, strict=True):
                plane[down, across] += share * copy
        yield from made

    def _level(self, part: Tensor, kernel: Tensor) -> Iterator[Tensor]:
        """The copies of a part (C, h, w) with its neighbours, deconvolved with one kernel."""
        shape = (part.shape[1] - 2 * self._bank.radius, part.shape[2] - 2 * self._bank.radius)
        transform = self._bank.transform_shape(shape)
        image = part.new_empty((self._channels, *transform))
        fill(image, part)
        return self._bank.planes(image, self._bank.transfers(kernel, self._noise, transform), shape)

    def _block(self, rows: slice, columns: slice) -> Tensor:
        """A block with its neighbours, (C, H', W') as it is transformed; past the border go on edge values."""
        (top, vertical), (left, horizontal) = (
            self._around(span, length) for span, length in ((rows, self.height), (columns, self.width))
        )
        part = self._read(vertical, horizontal)[0]
        block = part.new_empty((self._channels, *self._transform), dtype=torch.float32)
        fill(block, part, top, left)
        return block

    def _around(self, span: slice, length: int) -> tuple[int, slice]:
        """How many pixels before a block lie beyond the image's border, and what is read along an axis."""
        start, stop = span.start - self._bank.radius, span.stop + self._bank.radius
        return max(-start, 0), slice(max(start, 0), min(stop, length))


def block_grid(shape: tuple[int, int, int], stride: int) -> tuple[list[slice], list[slice]]:
    """Cut an image of a shape (C, H, W) into a grid of blocks, as equal as whole strides allow: its rows and columns.

    The first of each is the longest; none is longer than `BLOCK` by more than a stride.
    """
    channels, height, width = shape
    lowest = max(LEAST_BLOCK, BLOCK_ROW_VALUES // (channels * width))
    return _spans(height, min(BLOCK, lowest), stride), _spans(width, BLOCK, stride)


def _spans(length: int, most: int, stride: int) -> list[slice]:
    side = math.ceil(length / math.ceil(length / most) / stride) * stride
    return [slice(start, min(start + side, length)) for start in range(0, length, side)]
