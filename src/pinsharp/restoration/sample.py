"""A bounded sample of an image that is larger than memory, to measure its blur by.

Blocks are cut out all over the file, one at a random but reproducible place in each cell of a grid over the image, at
most 16 megapixels together, so that neither time nor memory grow with the image. The most textured windows of all
blocks are what the blur is measured by. That differs from the estimate in memory in one thing: the best windows of the
sample stand for the best of the image. An image whose texture is rare, on less than a hundredth of it, may so be judged
by poorer windows; give its kernel then. An image up to 16 megapixels is its own sample, and the estimates are equal.
"""

import math

import numpy as np
import torch
from torch import Tensor

from pinsharp.images.bigtiff import LargeTiff
from pinsharp.restoration.colour import ColourOptions

SAMPLE_PIXELS = 2**24
"""Most pixels of a sample."""

BLOCK = 256
"""Side of the blocks in pixels: nine of the windows of 128 pixels, overlapping by half, that `swift` reads."""

Place = tuple[slice, slice]


def sample(image: LargeTiff, colour: ColourOptions) -> Tensor:
    """Read the blocks that stand for an image.

    Args:
        image: The image, open.
        colour: In which light to restore.

    Returns:
        Blocks (N, C, h, w) in [0, 1], float32, C 1 or 3.

    Raises:
        ImageError: If a part of the file is damaged, or its pixels cannot be restored.
    """
    found = places((image.height, image.width))
    rows, columns = found[0]
    colours = 3 if image.samples >= 3 else 1
    blocks = torch.empty((len(found), colours, rows.stop - rows.start, columns.stop - columns.start))
    for block, place in zip(blocks, found, strict=True):
        block.copy_(colour.enter(image.read(*place))[0])
    return blocks


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
