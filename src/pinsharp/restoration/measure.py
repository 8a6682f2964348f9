"""Measuring the blur: of an image in memory as a whole, of a larger one on a bounded sample of it.

Blocks are cut out all over the file, one at a random but reproducible place in each cell of a grid over the image, at
most 16 megapixels together, so that neither time nor memory grow with the image. The most textured windows of all
blocks are what the blur is measured by. That differs from the estimate in memory in one thing: the best windows of the
sample stand for the best of the image. An image whose texture is rare, on less than a hundredth of it, may so be judged
by poorer windows; give its kernel then. An image up to 16 megapixels is its own sample, and the estimates are equal.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from pinsharp.allocator import release_freed_memory
from pinsharp.blur.continuation import border_depth, find_continuation
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.levels import Levels, local_std
from pinsharp.blur.other_width import of_width
from pinsharp.blur.slopes import find_slopes, with_slopes
from pinsharp.blur.votes import Votes
from pinsharp.blur.widths import Widths
from pinsharp.errors import ConfigError
from pinsharp.methods.method import BlindMethod, Method, Sight, takes_kernel
from pinsharp.restoration.reference import Own
from pinsharp.restoration.sources import SourcePlanes, TensorPlanes

SAMPLE_PIXELS = 2**24
"""Most pixels of a sample."""

BLOCK = 256
"""Side of the blocks in pixels: nine of the windows of 128 pixels, overlapping by half, that `swift` reads."""

FRAME_SIDE = 2048
"""Pixels of a long border that are looked at, beside its ends."""

Place = tuple[slice, slice]
Look = Callable[[slice, slice], Tensor]
"""Gives rows and columns, both with bounds, of an image: (1, C, h, w) in [0, 1]."""


def estimate(
    planes: SourcePlanes, method: BlindMethod, given: Tensor | None = None, own: Own | None = None
) -> BlurField:
    """Measure the blur of planes, or put a given kernel (1, 1, K, K) in the place of the measured one.

    Of a measured one the camera's `own` softness is taken off where it is known.

    Raises:
        ImageError: If the planes cannot be read or used.
        KernelError: If a kernel is given and the method takes none.
    """
    if isinstance(planes, TensorPlanes):
        found = method.estimate(planes.image, given, planes.hidden)
        return own.taken_off(found, (planes.image, planes.hidden), method) if own else found
    parts = sample(planes.look, planes.shape)
    hidden = None if planes.silent is None else silent_sample(planes.silent, planes.shape)
    found = method.estimate_parts(parts, given) if hidden is None else method.estimate_parts(parts, given, hidden)
    found = _placed(found, planes.shape)
    sigma = float(kernel_sigma(found.kernel)[0])
    border = frame(planes.look, planes.shape, border_depth(sigma))
    if own:
        found = own.taken_off(found, (parts, hidden), method)
    shape = planes.shape[1:]
    rule = find_continuation(border, sigma)
    slopes = find_slopes(border, found.kernel.to(border), shape) * (rule is None)  # no ramp goes on by a rule
    found = with_slopes(found, slopes, parts, places(shape), shape, hidden)
    release_freed_memory()  # what the sample took
    return replace(found, continuations=(rule,))


def sight(planes: SourcePlanes) -> Sight:
    """What is seen of planes among several images: all of them, or a sample of those larger than memory."""
    if isinstance(planes, TensorPlanes):
        return planes.image, planes.hidden
    return sample(planes.look, planes.shape), None


def local_blur(method: BlindMethod, found: BlurField, shape: tuple[int, int]) -> Levels | None:
    """The blur of an image of a shape (H, W) place by place, where it was found to vary and a kernel is of use."""
    if found.verdict != "varying" or not takes_kernel(method):
        return None
    assert found.finding is not None
    assert found.votes is not None
    return Levels(found, found.finding.field.at, shape, local_std(found.votes[0], found.finding.field))


def given_blur(planes: SourcePlanes, method: BlindMethod, widths: Widths) -> tuple[BlurField, Levels | None]:
    """A blur whose widths are given and whose shape, disc or Gaussian, is measured: in the middle, and place by place.

    Raises:
        ImageError: If the image cannot be read or is too small to measure anything.
        KernelError: If the method has no use for a kernel.
    """
    measured = estimate(planes, method)
    shape = planes.shape[1:]
    levels = Levels(measured, partial(widths.at, shape=shape), shape)
    least, most = levels.ends
    middle = of_width(measured, math.sqrt(least * most)).kernel
    known = replace(estimate(planes, method, middle), disk_share=measured.disk_share, is_given=True)
    if least == most:
        return known, None
    # Where the image is clean the widths are trusted, as a given kernel is; the measured one need not be theirs.
    trusted = replace(known, is_clean=measured.is_clean) if known.is_clean else known
    return known, replace(levels, whole=trusted, std=0.0 if trusted.is_clean == (True,) else None)


def _placed(found: BlurField, shape: tuple[int, int, int]) -> BlurField:
    """The same blur, its votes where their windows lie in the image: they count the blocks one below the other."""
    if found.votes is None:
        return found
    blocks = places(shape[1:])
    corners = torch.tensor([[rows.start, columns.start] for rows, columns in blocks])
    height = blocks[0][0].stop - blocks[0][0].start

    def placed(votes: Votes) -> Votes:
        seen = votes.places.clone()
        number = seen[:, 0] // height
        seen[:, 0] -= number * height
        seen[:, :2] += corners.to(seen)[number]
        return replace(votes, places=seen)

    return replace(found, votes=tuple(placed(votes) for votes in found.votes))


def whole(planes: SourcePlanes, method: Method) -> Tensor:
    """All of some planes (1, C, H, W), for a method that finds the blur only while it restores.

    Raises:
        ConfigError: If the planes are larger than memory.
    """
    if not isinstance(planes, TensorPlanes):
        raise ConfigError(
            f"expected a model that restores by windows for a file of any size, got {method.name}, which sees "
            "the whole image; choose another, such as swift"
        )
    return planes.image


def sample(look: Look, shape: tuple[int, int, int]) -> Tensor:
    """Read the blocks that stand for an image.

    Args:
        look: Gives parts of the image.
        shape: Its channels, height and width.

    Returns:
        Blocks (N, C, h, w) in [0, 1], float32.

    Raises:
        ImageError: If a part of the file is damaged, or its pixels cannot be restored.
    """
    found = places((shape[1], shape[2]))
    rows, columns = found[0]
    blocks = torch.empty((len(found), shape[0], rows.stop - rows.start, columns.stop - columns.start))
    for block, place in zip(blocks, found, strict=True):
        block.copy_(look(*place)[0])
    return blocks


def silent_sample(silent: Callable[[slice, slice], Tensor], shape: tuple[int, int, int]) -> Tensor:
    """Which pixels (N, 1, h, w) of the blocks that stand for an image are ignored.

    Args:
        silent: Says it of parts of the image.
        shape: Its channels, height and width.
    """
    return torch.cat([silent(*place) for place in places((shape[1], shape[2]))])


def places(shape: tuple[int, int]) -> list[Place]:
    """Where the blocks of an image of a shape (H, W) lie, from top to bottom: all of one size, within the image."""
    height, width = shape
    if height * width <= SAMPLE_PIXELS:
        return [(slice(0, height), slice(0, width))]
    side, across = min(BLOCK, height), min(BLOCK, width)
    most = SAMPLE_PIXELS // (side * across)
    rows, columns = _grid(shape, most)
    rng = np.random.default_rng(0)
    found = []
    for row in range(rows):
        for column in range(columns):
            top = _within(row * height // rows, (row + 1) * height // rows, side, height, rng)
            left = _within(column * width // columns, (column + 1) * width // columns, across, width, rng)
            found.append((slice(top, top + side), slice(left, left + across)))
    return found


def _grid(shape: tuple[int, int], most: int) -> tuple[int, int]:
    """Rows and columns of a grid of cells, as square as can be, at most so many."""
    height, width = shape
    cell = math.sqrt(height * width / most)
    if width < height:
        columns = max(1, round(width / cell))
        return most // columns, columns
    rows = max(1, round(height / cell))
    return rows, most // rows


def _within(start: int, stop: int, side: int, length: int, rng: np.random.Generator) -> int:
    """Where a block of a side begins, at random in a cell from `start` to `stop` of an axis of some length.

    Not in its middle: blocks at equal distances could all fall between the structures of a periodic image.
    """
    free = max(stop - start - side, 0)
    return min(start + int(rng.integers(0, free, endpoint=True)), length - side)


def frame(look: Look, shape: tuple[int, int, int], depth: int) -> Tensor:
    """An image (1, C, h, w) with the border of a larger one, which is all that is read of it.

    Args:
        look: Gives parts of the larger one.
        shape: Its channels, height and width.
        depth: How many pixels from the border inwards are right. Of sides longer than `FRAME_SIDE` only the ends and
            the middle are taken.
    """
    rows, columns = (_pieces(length, depth) for length in shape[1:])
    image = torch.zeros(1, shape[0], _total(rows), _total(columns))
    for turned, pieces, length in ((image, columns, shape[1]), (image.mT, rows, shape[2])):
        end = 0
        for piece in pieces:
            begin, end = end, end + piece.stop - piece.start
            for first, inside in ((0, slice(0, depth)), (max(length - depth, 0), slice(-depth, None))):
                border = slice(first, min(first + depth, length))
                seen = look(border, piece) if turned is image else look(piece, border).mT
                turned[..., inside, begin:end] = seen
    return image


def _pieces(length: int, depth: int) -> list[slice]:
    """What is taken of a side: all of it, or both ends and the middle."""
    if length <= FRAME_SIDE + 2 * depth:
        return [slice(0, length)]
    begin = (length - FRAME_SIDE) // 2
    return [slice(0, depth), slice(begin, begin + FRAME_SIDE), slice(length - depth, length)]


def _total(pieces: list[slice]) -> int:
    return sum(piece.stop - piece.start for piece in pieces)
