"""The guard: how much of a restoration is trusted, place by place, against what is safer.

A network that trusts its kernel makes rings where the kernel is wrong. Here its result is weighed, in every cell of
`CELL` x `CELL` pixels, against the bank's steady filter, some Landweber iterations with the same kernel, and against
the image itself. A small net gives the three weights from what the three differ by, scale by scale, from how far the
result overshoots, and from what is known of the blur. It is trained for the least error and against any harm. Between
the centres of cells weights are interpolated.
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from pinsharp.nets.swift.level import Level

CELL = 64
"""Side of a cell in pixels."""

_SCALES = (1, 2, 4, 8)  # pixels whose mean is compared
_DIFFERENCES = 4  # restored to steady, steady to image, restored to image, image to its mean
FEATURES = _DIFFERENCES * len(_SCALES) + 3
_TINY = 1e-4  # of normalised images: what lies below is rounding
_STEPS = 4096  # weights are rounded to so many steps, so that rounding elsewhere does not reach them


class Guard(nn.Module):
    """Weigh restored, carefully deconvolved and blurred images, all normalised.

    Args:
        known: Length of the vector that describes a blur; see `BlurCondition.describe`.
        hidden: Width of the hidden layers.
    """

    def __init__(self, known: int, hidden: int = 48) -> None:
        super().__init__()
        first, last = nn.Linear(FEATURES + known, hidden), nn.Linear(hidden, 3)
        self.layers = nn.Sequential(first, nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last)
        with torch.no_grad():
            last.weight.zero_()
            last.bias.copy_(torch.tensor([2.0, 0.0, 0.0]))  # start by believing the restoration

    def forward(self, restored: Tensor, steady: Tensor, blurred: Tensor, known: Tensor) -> Tensor:
        """Blend images (B, C, H, W); `known` is (B, values)."""
        weights = interpolate(self.weights(restored, steady, blurred, known), scale_factor=CELL, mode="bilinear")
        height, width = blurred.shape[-2:]
        first, second, third = torch.split(weights[..., :height, :width], 1, dim=1)
        blended: Tensor = first * restored + second * steady + third * blurred
        return blended

    def weights(self, restored: Tensor, steady: Tensor, blurred: Tensor, known: Tensor) -> Tensor:
        """Weights (B, 3, rows, columns) of the cells of images (B, C, H, W); they sum to 1.

        `known` is (B, values), or (B, rows, columns, values) where it differs from cell to cell.
        """
        with torch.autocast(device_type=blurred.device.type, enabled=False):
            seen = cell_features(restored, steady, blurred)  # (B, rows, columns, FEATURES)
            known = known[:, None, None] if known.ndim == 2 else known
            known = known.float().expand(*seen.shape[:3], -1)
            said: Tensor = self.layers(torch.cat([seen, known], dim=-1))
            return torch.softmax(said, dim=-1).permute(0, 3, 1, 2)


def cell_features(restored: Tensor, steady: Tensor, blurred: Tensor) -> Tensor:
    """What images (B, C, H, W) differ by in each of their cells, (B, rows, columns, FEATURES).

    Cells at the right and lower border may be smaller.
    """
    first, second, image = (one.float().mean(dim=1, keepdim=True) for one in (restored, steady, blurred))
    level = _spread(_means(image), image)
    differences = (first - second, second - image, first - image, image - level)
    found = [_sizes(one, scale) for one in differences for scale in _SCALES]
    high, low = _highest(image), -_highest(-image)
    over = (_highest(first) - high).clamp(min=_TINY).log()
    under = (low + _highest(-first)).clamp(min=_TINY).log()
    return torch.cat([*found, over, under, (high - low).clamp(min=_TINY).log()], dim=1).permute(0, 2, 3, 1)


def _sizes(difference: Tensor, scale: int) -> Tensor:
    """Logarithm of the root mean square in each cell, of means over squares of `scale` pixels."""
    coarse = avg_pool2d(difference, scale, ceil_mode=True) if scale > 1 else difference
    return 0.5 * (_means(coarse.square(), CELL // scale) + _TINY**2).log()


def _means(image: Tensor, cell: int = CELL) -> Tensor:
    """Means over the cells of images (B, 1, H, W); smaller cells at the border by the pixels that they have."""
    return avg_pool2d(image, cell, ceil_mode=True)


def _highest(image: Tensor) -> Tensor:
    return nn.functional.max_pool2d(image, CELL, ceil_mode=True)


def _spread(cells: Tensor, like: Tensor) -> Tensor:
    """Give each pixel of an image the value of its cell."""
    height, width = like.shape[-2:]
    return cells.repeat_interleave(CELL, dim=-2).repeat_interleave(CELL, dim=-1)[..., :height, :width]


class GuardedRows:
    """Blends the rows of one image as they are restored, from top to bottom, however many come at once.

    Args:
        guard: The guard; None to trust the restoration.
        known: What describes the blur, (1, values); or a function of places (N, 2), row and column, to (N, values).
        shape: Height and width of the image.
        level: Brightness, contrast and ramp of the image, which the guard does not see.
    """

    def __init__(
        self,
        guard: Guard | None,
        known: Tensor | Callable[[Tensor], Tensor],
        shape: tuple[int, int],
        level: Level | None = None,
    ) -> None:
        self._guard, self._known_of, self._level = guard, known, level
        self._height, self._width = shape
        self._rows: list[Tensor] = []  # weights (3, columns) of each row of cells so far
        self._top = 0  # first row that is kept

    @property
    def weights(self) -> Tensor:
        """Weights (3, rows, columns) of restored, steady and blurred image in the cells that were seen."""
        return torch.stack(self._rows, dim=1)

    def blend(self, bands: Iterable[Tensor]) -> Iterator[Tensor]:
        """Turn bands (1, 3 C, h, W) of restored, steady and blurred images into finished rows (1, C, h, W)."""
        kept: Tensor | None = None
        for band in bands:
            kept = band if kept is None else torch.cat([kept, band], dim=-2)
            self._weigh(kept)
            bottom = self._top + kept.shape[-2]
            # Below the centre of the last row of cells the next one contributes.
            finished = bottom if bottom == self._height else max(CELL * len(self._rows) - CELL // 2, self._top)
            count = finished - self._top
            if count:
                yield self._blended(kept[..., :count, :])
            kept = kept[..., count:, :].clone()  # the next band may lie in the memory of this one
            self._top = finished

    def _weigh(self, kept: Tensor) -> None:
        """Weigh all rows of cells that are complete."""
        bottom = self._top + kept.shape[-2]
        while (begin := CELL * len(self._rows)) < bottom and (begin + CELL <= bottom or bottom == self._height):
            cells = kept[..., begin - self._top : begin + CELL - self._top, :]
            rows, columns = slice(begin, begin + cells.shape[-2]), slice(0, self._width)
            seen = self._level.enter(cells, rows, columns) if self._level else cells
            restored, steady, blurred = torch.chunk(seen, 3, dim=1)
            if self._guard is None:
                weights = seen.new_zeros(3, -(-self._width // CELL))
                weights[0] = 1
            else:
                weights = self._guard.weights(restored, steady, blurred, self._known())[0, :, 0]  # (3, columns)
            self._rows.append((weights * _STEPS).round() / _STEPS)

    def _known(self) -> Tensor:
        """What is known of the blur in the next row of cells."""
        if isinstance(self._known_of, Tensor):
            return self._known_of
        columns = CELL * (torch.arange(-(-self._width // CELL), dtype=torch.float64) + 0.5)
        row = torch.full_like(columns, CELL * (len(self._rows) + 0.5))
        return self._known_of(torch.stack([row.clamp(max=self._height), columns.clamp(max=self._width)], dim=-1))[
            None, None
        ]

    def _blended(self, rows: Tensor) -> Tensor:
        """Blend rows whose weights are known, in place of the restored ones."""
        known = torch.stack(self._rows)  # (cell rows, 3, columns)
        across = _between(torch.arange(self._width, device=rows.device), known.shape[-1])
        known = torch.lerp(known[..., across[0]], known[..., across[1]], across[2])  # (cell rows, 3, W)
        first, last, share = _between(
            torch.arange(self._top, self._top + rows.shape[-2], device=rows.device), len(known)
        )
        restored, steady, blurred = rows.chunk(3, dim=1)
        for row in range(rows.shape[-2]):  # a row at a time stays in the cache
            weights = torch.lerp(known[first[row]], known[last[row]], share[row])
            mixed = weights[0] * restored[..., row, :] + weights[1] * steady[..., row, :]
            restored[..., row, :] = mixed + weights[2] * blurred[..., row, :]
        return restored


def _between(pixels: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Between the centres of which of so many cells pixels lie, and how far towards the second."""
    place = ((pixels + 0.5) / CELL - 0.5).clamp(0, count - 1)
    low = place.floor().long()
    return low, (low + 1).clamp(max=count - 1), place - low
