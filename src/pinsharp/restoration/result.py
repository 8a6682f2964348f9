"""What a restoration returns: the image, and what was found out on the way."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.family import Family
from pinsharp.blur.field import BlurField
from pinsharp.blur.normalise import BT601
from pinsharp.blur.verdict import LEFT_ALONE, UNTRUSTED
from pinsharp.images.files import read_image
from pinsharp.images.light import SAYS_NOTHING, Light
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.residual import is_doubtful, is_refuted
from pinsharp.restoration.sources import View, read_view
from pinsharp.restoration.windows import Seam


@dataclass(frozen=True)
class RestoredField:
    """How an image was restored whose blur varies, all in pixels.

    Attributes:
        levels: Widths of the kernels whose results were blended, narrowest first.
        least: Least width of the field in the image.
        most: Largest width.
    """

    levels: tuple[float, ...]
    least: float
    most: float


@dataclass(frozen=True, eq=False, repr=False)
class Restored:
    """A restored image and what was found out on the way.

    Attributes:
        held: The restored image, or the file that it was written to if it is larger than memory; see `image`.
        defocus: The blur of the input.
        sigmas: Width in pixels that each iteration found before it restored; the first one is the input's.
        seconds: Time that the restoration took.
        window: Side in pixels of the windows that it was restored by; 0 for the whole image at once.
        seam: By how much neighbouring windows disagreed where they were blended; None where the result is that of the
            whole image.
        channels: The blur of red, green and blue, where each was restored by itself: `defocus` and `sigmas` are those
            of green then. Empty otherwise.
        field: How it was restored where the blur varies (in the first pass); None where one kernel restored the whole.
        residual: By how much the result, blurred again, differs from the input, root mean square in units of full
            scale; see `pinsharp.restoration.residual`. None after several iterations, and for images smaller than a
            kernel.
        typical_residual: The same of the middle one of many small blocks, which few odd places do not change.
        guard: How much of each place was believed in the first pass, (3, rows, columns), a cell for 64 x 64 pixels:
            shares of what the network restored, of a more careful deconvolution, and of the image itself. None for
            models without a guard.
        reason: Why the image stays as it is; empty if it was restored.
        dropped: What the file held besides the image and is not in the result, in words; mostly empty.
        light: The tone curve that the values were decoded from before measuring and restoring, and encoded with after;
            with what says so.
        mask: (H, W), True where a pixel is not light: it was filled for restoring, and came back as it was. None if all
            are light.
        faults: What was found to be none, in words; empty if nothing was found.
    """

    held: NDArray[Any] | OnDisk
    defocus: BlurField
    sigmas: tuple[float, ...]
    seconds: float
    window: int = 0
    seam: Seam | None = None
    channels: tuple[BlurField, ...] = ()
    field: RestoredField | None = None
    residual: float | None = None
    typical_residual: float | None = None
    dropped: str = ""
    guard: NDArray[np.float32] | None = None
    reason: str = ""
    light: Light = SAYS_NOTHING
    mask: NDArray[np.bool_] | None = None
    faults: str = ""

    def __repr__(self) -> str:
        height, width = self.held.shape[:2]
        spread = "" if self.sigma_relative_std is None else f" ± {100 * self.sigma_relative_std:.2g} %"
        doubt = (", doubtful" if self.is_doubtful else "") + ("" if self.is_restored else ", left as it is")
        if self.field and self.is_restored:
            spread = f" ({self.field.least:.2f} to {self.field.most:.2f})"
        return (
            f"Restored({width} x {height} {self.held.dtype}, sigma {self.sigma:.2f} px{spread}, {self.family}{doubt})"
        )

    @property
    def image(self) -> NDArray[Any]:
        """The restored image, of the input's dtype and shape; read from its file if it is larger than memory."""
        return read_image(self.held.path).pixels if isinstance(self.held, OnDisk) else self.held

    def view(self) -> View:
        """The restored image to be looked at, as `read_view` gives it."""
        return read_view(self.held.path) if isinstance(self.held, OnDisk) else View(self.held)

    @property
    def is_restored(self) -> bool:
        """Whether anything was done to the image."""
        return not self.reason

    @property
    def guard_share(self) -> float | None:
        """Share of the result that is not the network's own but something safer; None for models without a guard."""
        return None if self.guard is None else float(1 - self.guard[0].mean())

    @property
    def megapixels(self) -> float:
        """Size of the image."""
        return math.prod(self.held.shape[:2]) / 1e6

    @property
    def masked_share(self) -> float:
        """Share of the pixels that are not light."""
        return 0.0 if self.mask is None else float(self.mask.mean())

    @property
    def is_doubtful(self) -> bool:
        """Whether the residual is larger than noise can be: the kernel is too wide, or the blur is of another kind.

        Of an image that stays as it is: whether its width cannot be trusted.
        """
        if not self.is_restored:
            return self.defocus.verdict in UNTRUSTED or self.is_refuted
        # A field is least sure at its ends; what counts is whether it explains most of the image.
        return is_doubtful(self.typical_residual if self.field else self.residual, self._noise)

    @property
    def is_refuted(self) -> bool:
        """Whether the residual is so large that the image cannot have been blurred like this."""
        taken_out = self.defocus.normalisation
        contrast = None if taken_out is None else float(taken_out.scale)
        return self.defocus.verdict not in LEFT_ALONE and is_refuted(self.typical_residual, self._noise, contrast)

    @property
    def _noise(self) -> float | None:
        """Noise of what the residual compares: of green where that of brightness was measured."""
        noise = self.defocus.noise_level
        is_of_colour = self.defocus.votes and len(self.held.shape) == 3 and self.held.shape[2] > 2
        return noise / math.hypot(*BT601) if noise is not None and is_of_colour else noise

    @property
    def kernel(self) -> NDArray[Any]:
        """Kernel of the input, (K, K), float32, sum 1."""
        return self.defocus.kernel_array

    @property
    def sigma(self) -> float:
        """Width of the input's blur in pixels: the sigma of a Gaussian, half the radius of a disc."""
        return self.defocus.sigma

    @property
    def sigma_relative_std(self) -> float | None:
        """Standard deviation of `sigma` as a share of it; None if the method gives none."""
        return self.defocus.sigma_relative_std

    @property
    def family(self) -> Family:
        """Kind of blur: `gaussian`, `disk`, `mixture`, `free` or `given`."""
        return self.defocus.family

    @property
    def iterations(self) -> int:
        """How many times the image was restored."""
        return len(self.sigmas)
