"""What is taken out of images before the restorer sees them: brightness, contrast, and a ramp from border to border."""

from dataclasses import dataclass, replace
from typing import Self

from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.normalise import Normalisation
from pinsharp.blur.slopes import ramp


@dataclass(frozen=True)
class Level:
    """What restorers do not see of images of one shape.

    Attributes:
        normalisation: Brightness and contrast; None if they are left as they are.
        slopes: Ramps (B, C, 2); None if there are none to be taken out.
        shape: Height and width of the images.
    """

    normalisation: Normalisation | None
    slopes: Tensor | None
    shape: tuple[int, int]

    @classmethod
    def of(cls, estimate: BlurField, shape: tuple[int, int]) -> Self:
        """What an estimate says of images of a shape."""
        has_slopes = estimate.slopes is not None and bool(estimate.slopes.any())
        return cls(estimate.normalisation, estimate.slopes if has_slopes else None, shape)

    def enter(self, image: Tensor, rows: slice, columns: slice) -> Tensor:
        """Take it out of rows and columns (B, n C, h, w) of images, or of what was made of each channel."""
        even = image if self.slopes is None else image - self._ramp(image, rows, columns)
        return self.normalisation.enter(even) if self.normalisation else even

    def leave(self, seen: Tensor, rows: slice, columns: slice) -> Tensor:
        """Put it back into rows and columns (B, n C, h, w)."""
        image = self.normalisation.leave(seen) if self.normalisation else seen
        return image if self.slopes is None else image + self._ramp(image, rows, columns)

    def _ramp(self, like: Tensor, rows: slice, columns: slice) -> Tensor:
        assert self.slopes is not None
        one = ramp(self.slopes.to(like), self.shape, rows, columns)
        return one.repeat(1, like.shape[1] // one.shape[1], 1, 1)


def without_level(estimate: BlurField) -> BlurField:
    """The blur of images as restorers see them."""
    taken_out = estimate.normalisation
    if taken_out is None or estimate.noise is None:
        return estimate
    return replace(estimate, normalisation=None, noise=taken_out.enter_noise(estimate.noise))
