"""Planes of an image at half resolution, put together with fewer copies than plain operations take."""

import torch
from torch import Tensor

from pinsharp.nets.fused import convolution_dtype

_PAIRS = {torch.bfloat16: torch.int32, torch.float16: torch.int32, torch.float32: torch.int64}
"""What two neighbours in a row are moved as."""


class HalfResolutionStack:
    """Planes at half resolution, four pixels to one in the order of `pixel_unshuffle`, written part by part.

    It replaces concatenation, unshuffling, conversion and the change of layout: each value is written only twice, two
    neighbours at a time. Height and width of the planes are even; the device is that of `like`.
    """

    def __init__(self, planes: int, shape: tuple[int, int], like: Tensor) -> None:
        self.dtype = convolution_dtype(like)
        self._memory = like.new_empty((shape[0] // 2, shape[1] // 2, 4 * planes), dtype=self.dtype)

    def write(self, planes: Tensor, top: int, left: int) -> None:
        """Put planes (P, h, w) of `dtype`, sides even, to row `top` and column `left`, both even."""
        count, height, width = planes.shape
        pairs = planes.view(_PAIRS[self.dtype]).view(count, height // 2, 2, width // 2)
        memory = self._memory.view(_PAIRS[self.dtype])  # (H / 2, W / 2, 2 P)
        place = memory[top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
        place.view(*place.shape[:2], count, 2).copy_(pairs.permute(1, 3, 0, 2))

    def read(self, rows: slice, columns: slice) -> Tensor:
        """Give rows and columns of the stack, all bounds even: (1, 4 P, h / 2, w / 2), channels last."""
        part = self._memory[rows.start // 2 : rows.stop // 2, columns.start // 2 : columns.stop // 2]
        return part.contiguous().permute(2, 0, 1)[None]

    def move_up(self, by: int, count: int) -> None:
        """Move `count` rows that begin at row `by` to the top, both even."""
        move_up(self._memory, by // 2, count // 2)


def fill(target: Tensor, image: Tensor, top: int = 0, left: int = 0) -> None:
    """Write an image (..., h, w) into a larger one, at row `top` and column `left`, and its edge values around it."""
    bottom, right = top + image.shape[-2], left + image.shape[-1]
    target[..., top:bottom, left:right] = image
    target[..., top:bottom, :left] = image[..., :1]
    target[..., top:bottom, right:] = image[..., -1:]
    target[..., :top, :] = target[..., top : top + 1, :]
    target[..., bottom:, :] = target[..., bottom - 1 : bottom, :]


def move_up(memory: Tensor, by: int, count: int) -> None:
    """Move `count` rows of a tensor, its first axis, from row `by` to the top, `by` at a time: they may overlap."""
    for row in range(0, count, max(by, 1)):
        some = min(by, count - row)
        memory[row : row + some] = memory[row + by : row + by + some]
