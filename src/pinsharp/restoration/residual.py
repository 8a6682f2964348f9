"""What a result leaves unexplained: the restored image, blurred again, against the image that it was made of.

They differ by the noise if kernel and restoration are right. A kernel that is too wide makes detail that would have
shown in the image, and leaves more. One that is too narrow explains the image as well as the right one: this says
nothing of it (`remaining` does), nor of what was invented beyond the blur's reach.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from pinsharp.blur.field import BlurField
from pinsharp.blur.fourier import fast_size
from pinsharp.blur.kernels import sized_kernels
from pinsharp.blur.levels import Levels
from pinsharp.blur.normalise import BT601
from pinsharp.blur.operators import Blur

_BLOCK = 32  # side of the blocks that a typical residual is taken of

SIDE = 320
"""Least side in pixels of the parts that are compared, the borders that the blur reaches over included."""

DOUBTFUL_RATIO = 2.0
"""Residuals of more times the noise are doubtful. On photographs blurred by a known kernel it was 0.9 to 1.7 times with
that kernel, and with one wider by 30 % without noise 3 to 20 times."""

REFUTED_RATIO, REFUTED_SHARE = 8.0, 0.1
"""A result whose typical residual is more times the noise, and a larger share of the image's contrast, is refuted: the
blur is another one. A label that was laid over the image is no reason: it is in few blocks."""

LEAST_DOUBTFUL = 1 / 255
"""Smaller ones never are, in units of full scale: no noise is known that well."""


class Residual:
    """Collects what is compared while rows of a result are finished.

    Of a large image parts are taken, in a quarter and three quarters of height and width; of colour green.

    Args:
        shape: Channels, height and width of the image.
        kernel: The kernel that it was restored with, (1, 1, K, K).
        levels: The blur place by place, where it varies: every pixel is compared by its own kernel.
    """

    def __init__(self, shape: tuple[int, int, int], kernel: Tensor, levels: Levels | None = None) -> None:
        self._kernel, self._levels = kernel, levels
        widest = levels.widest.kernel if levels else kernel
        self._reach = widest.shape[-1] // 2
        self._green = slice(shape[0] // 2, shape[0] // 2 + 1)
        is_large = min(shape[1:]) > 2 * self._reach
        places = list(_parts((shape[1], shape[2]), fast_size(max(SIDE, 4 * self._reach)))) if is_large else []
        self._restored = [(place, torch.empty(1, 1, *(axis.stop - axis.start for axis in place))) for place in places]
        self._top = 0
        self.typical: float | None = None  # root mean square of the middle one of many blocks, once `value` is known

    @property
    def is_complete(self) -> bool:
        """Whether all that is compared was taken in."""
        return all(self._top >= rows.stop for (rows, _), _ in self._restored)

    def add(self, band: Tensor) -> None:
        """Take in finished rows (1, C, h, W), the next ones from the top."""
        top, bottom = self._top, self._top + band.shape[-2]
        self._top = bottom
        for (rows, columns), kept in self._restored:
            first, last = max(rows.start, top), min(rows.stop, bottom)
            if first < last:
                seen = band[:, self._green, first - top : last - top, columns]
                kept[..., first - rows.start : last - rows.start, :] = seen

    def value(self, look: Callable[[slice, slice], Tensor]) -> float | None:
        """Root of the mean squared difference between the image and its restoration blurred again.

        Args:
            look: Gives parts (1, C, h, w) of the image.

        Returns:
            In units of the image; None if it is not larger than the kernel.
        """
        if not self._restored:
            return None
        total, count, blocks = 0.0, 0, []
        for squares in self._squares(look):
            total += float(squares.sum(dtype=torch.float64))
            count += squares.numel()
            blocks.append(avg_pool2d(squares, _BLOCK, ceil_mode=True).flatten())
        self.typical = float(torch.cat(blocks).median().sqrt())
        return float((total / count) ** 0.5)

    def _squares(self, look: Callable[[slice, slice], Tensor]) -> Iterator[Tensor]:
        """Squared differences (1, 1, h, w) in each part."""
        reach = self._reach
        for place, restored in self._restored:
            seen = look(*place)[:, self._green]
            inside = seen[..., reach : seen.shape[-2] - reach, reach : seen.shape[-1] - reach]
            yield (self._blurred(restored, *place) - inside).square()

    def _blurred(self, restored: Tensor, rows: slice, columns: slice) -> Tensor:
        """A part of the result blurred again, without a border of `_reach` pixels."""
        if self._levels is None:
            return Blur(self._kernel.to(restored), "valid")(restored)
        reach = self._reach
        inner = [slice(part.start + reach, part.stop - reach) for part in (rows, columns)]
        same = torch.zeros(1, 1, 2 * reach + 1, 2 * reach + 1)
        same[..., reach, reach] = 1
        total = restored.new_zeros((1, 1, *(part.stop - part.start for part in inner)))
        for part in self._levels.parts(*inner):
            kernel = same if part.blur is None else sized_kernels([part.blur.kernel.to(same), same])[0]
            seen = restored[..., _wider(part.rows, 2 * reach), _wider(part.columns, 2 * reach)]
            total[..., part.rows, part.columns] += part.share * Blur(kernel, "valid")(seen)
        return total


def _wider(part: slice, by: int) -> slice:
    return slice(part.start, part.stop + by)


def is_doubtful(left: float | None, noise: float | None) -> bool:
    """Whether a residual is larger than noise can be, both in units of full scale; not where one is unknown."""
    return left is not None and noise is not None and left > max(DOUBTFUL_RATIO * noise, LEAST_DOUBTFUL)


def compared_noise(blur: BlurField, channels: int) -> float | None:
    """Noise of what the residual compares: of green where that of brightness was measured."""
    noise = blur.noise_level
    return noise / math.hypot(*BT601) if noise is not None and blur.votes and channels > 2 else noise


def is_refuted(left: float | None, blur: BlurField, channels: int) -> bool:
    """Whether a residual says that the result is of another image than the one of such a blur and channels."""
    noise, taken_out = compared_noise(blur, channels), blur.normalisation
    if left is None or noise is None or taken_out is None:
        return False
    return left > REFUTED_RATIO * noise and left > REFUTED_SHARE * float(taken_out.scale)


def _parts(shape: tuple[int, int], side: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the parts: two along each axis that is longer than two sides, otherwise all of it."""
    spans = [
        [slice(middle - side // 2, middle - side // 2 + side) for middle in (length // 4, length - length // 4)]
        if length > 2 * side
        else [slice(0, length)]
        for length in shape
    ]
    return ((rows, columns) for rows in spans[0] for columns in spans[1])
