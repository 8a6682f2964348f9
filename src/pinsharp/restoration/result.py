"""What a restoration returns: the image, and what was found out on the way."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.blur.family import Family
from pinsharp.blur.field import BlurField
from pinsharp.blur.levels import Levels
from pinsharp.blur.normalise import BT601
from pinsharp.blur.verdict import LEFT_ALONE, UNTRUSTED
from pinsharp.images.arrays import luma, split_alpha, to_tensor
from pinsharp.images.files import read_image
from pinsharp.images.fill import fill
from pinsharp.images.large import open_large
from pinsharp.images.light import SAYS_NOTHING, Light
from pinsharp.images.packed_mask import PackedMask
from pinsharp.restoration.colour import decode
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.evidence import Look, unsupported_rows
from pinsharp.restoration.remaining import Remaining, remaining
from pinsharp.restoration.residual import compared_noise, is_doubtful, is_refuted
from pinsharp.restoration.windows import Seam
from pinsharp.words import spread_in_words

if TYPE_CHECKING:
    from pinsharp.restoration.notebook import Preview
    from pinsharp.restoration.views import View

_LEAST_CONTRAST = 1e-3  # of full scale: less is rounding


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
    """A restored image, its measured blur, and how it was restored.

    Attributes:
        held: The restored image, or the file that it was written to if it is larger than memory; see `image`. Of a
            video, whose first frame all else is said of, the file.
        defocus: The blur of the input.
        sigmas: Width in pixels that each iteration found before it restored; the first one is the input's.
        seconds: Time that the restoration took.
        window: Side in pixels of the windows that it was restored by; 0 for the whole image at once.
        seam: By how much neighbouring windows disagreed where they were blended; None where the result is that of the
            whole image.
        channels: The blur of red, green and blue, if each was restored separately: `defocus` and `sigmas` are those
            of green then. Empty otherwise.
        field: How it was restored where the blur varies (in the first pass); None where one kernel restored the whole.
        levels: The same place by place, as restorers and `unsupported` take it.
        further: Kernels (1, 1, K, K) of the iterations after the first.
        residual: By how much the result, blurred again, differs from the input, root mean square in units of full
            scale; see `pinsharp.restoration.residual`. None after several iterations, and for images smaller than a
            kernel.
        typical_residual: The median of the same over many small blocks, which a few odd places do not change.
        guard: How much of each place was trusted in the first pass, (3, rows, columns), a cell for 64 x 64 pixels:
            shares of what the network restored, of a more careful deconvolution, and of the image itself. None for
            models without a guard.
        reason: Why the image stays as it is; empty if it was restored.
        refuted_sigma: The width that was measured, where the image refuted it and a narrower one was used; see
            `pinsharp.restoration.narrower`.
        dropped: What the file held besides the image and the result does not, in words; mostly empty.
        light: The tone curve that the values were decoded from before measuring and restoring, and encoded with after;
            with what says so.
        mask: (H, W), True where a pixel is not light: it was filled for restoring, and came back as it was. None if all
            are light. Of an image larger than memory it is packed: `numpy.asarray(mask)` unpacks it.
        faults: The faults that were found, in words; empty if nothing was found.
        white_level: The value that stands for white in an integer image; None for the largest of its type.
        remarks: Options that do not fit the image or have no effect on it, and parts at two depths, each in a sentence;
            mostly empty.
        distance: How far out of focus the image is, where the camera's profile has a scale: `distance`, `low` and
            `high` in a `unit`; the side of the focus is unknown.
        frames: How many there are: more than one of a video.
        before: The image before, small, for notebooks; None where nobody kept it.
    """

    held: NDArray[Any] | OnDisk
    defocus: BlurField
    sigmas: tuple[float, ...]
    seconds: float
    window: int = 0
    seam: Seam | None = None
    channels: tuple[BlurField, ...] = ()
    field: RestoredField | None = None
    levels: Levels | None = None
    further: tuple[torch.Tensor, ...] = ()
    residual: float | None = None
    typical_residual: float | None = None
    refuted_sigma: float | None = None
    dropped: str = ""
    guard: NDArray[np.float32] | None = None
    reason: str = ""
    light: Light = SAYS_NOTHING
    mask: NDArray[np.bool_] | PackedMask | None = None
    faults: str = ""
    white_level: int | None = None
    distance: dict[str, Any] | None = None
    remarks: tuple[str, ...] = ()
    frames: int = 1
    before: "Preview | None" = None

    def __repr__(self) -> str:
        height, width = self.held.shape[:2]
        spread = spread_in_words(self.sigma, self.sigma_relative_std)
        doubt = (", doubtful" if self.is_doubtful else "") + ("" if self.is_restored else ", left as it is")
        if self.field and self.is_restored:
            spread = f" ({self.field.least:.2f} to {self.field.most:.2f})"
        return (
            f"Restored({width} x {height} {self.held.dtype}, sigma {self.sigma:.2f} px{spread}, {self.family}{doubt})"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: before and after, the map of the blur, and what was found in words."""
        from pinsharp.restoration.notebook import html

        return html(self)

    @property
    def image(self) -> NDArray[Any]:
        """The restored image, of the input's dtype and shape; read from its file if it is larger than memory."""
        return read_image(self.held.first, self.held.reading).pixels if isinstance(self.held, OnDisk) else self.held

    def view(self) -> "View":
        """The restored image to be looked at, as `read_view` gives it."""
        from pinsharp.restoration.views import View, read_view

        held = self.held
        return read_view(held.path, reading=held.reading) if isinstance(held, OnDisk) else View(held)

    @property
    def is_restored(self) -> bool:
        """Whether anything was done to the image."""
        return not self.reason

    @cached_property
    def unsupported(self) -> NDArray[np.float32] | None:
        """How little the data say of each place, (H, W) in [0, 1]; see `pinsharp.restoration.evidence`.

        The share of the structure there that was found likely: 0 where all is recovered, or nothing is. None for an
        image that stays as it is. Of brightness, by the kernels of all iterations; 0 where a pixel is not light.
        """
        return np.concatenate(list(self.unsupported_rows())) if self.is_restored else None

    def unsupported_rows(self) -> Iterator[NDArray[np.float32]]:
        """The rows of `unsupported` from the top, as they are made; a file larger than memory is read by windows."""
        assert self.is_restored
        top = 0
        for rows in self._all_judged():
            if self.mask is not None:
                rows[self._hidden(slice(top, top + len(rows)))] = 0
            top += len(rows)
            yield rows

    def _all_judged(self) -> Iterator[NDArray[np.float32]]:
        """The same with what is said of pixels that are not light."""
        if isinstance(self.held, OnDisk):
            shape, contrast = self.held.shape, _contrast(self._brightness(self.view().pixels))
            with open_large(self.held.first, self.held.reading) as image:
                yield from self._judged(
                    lambda *place: self._brightness(image.read(*place)), shape, contrast, self.levels
                )
            return
        seen = np.ma.getdata(self.held)
        whole = self._brightness(seen if self.mask is None else fill(seen, self._hidden(slice(0, len(seen)))))
        yield from self._judged(lambda *place: whole[place], whole.shape, _contrast(whole), self.levels)

    def _hidden(self, rows: slice) -> NDArray[np.bool_]:
        """Which pixels (h, W) of some rows are not light, where there is a mask."""
        mask = self.mask
        return mask.read(rows, slice(0, mask.shape[1])) if isinstance(mask, PackedMask) else np.asarray(mask)[rows]

    def unsupported_view(self) -> NDArray[np.float32] | None:
        """What `unsupported` says of the pixels that `view` shows."""
        if not isinstance(self.held, OnDisk) or not self.is_restored:
            return self.unsupported
        seen = self._brightness(self.view().pixels)
        begins = [(whole - part) // 2 for whole, part in zip(self.held.shape[:2], seen.shape, strict=True)]
        levels = self.levels.cut(begins[0], begins[1], seen.shape) if self.levels else None
        return np.concatenate(list(self._judged(lambda *place: seen[place], seen.shape, _contrast(seen), levels)))

    def _judged(
        self, look: Look, shape: tuple[int, ...], contrast: float, levels: Levels | None
    ) -> Iterator[NDArray[np.float32]]:
        noise = self.defocus.noise_level or self.residual or 0.0
        place = (shape[0], shape[1])
        kernel, further = self.defocus.kernel, self.further
        return unsupported_rows(look, place, kernel, noise=noise, contrast=contrast, levels=levels, further=further)

    def _brightness(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Brightness (H, W) of pixels of the result, in linear light."""
        light: torch.Tensor = decode(to_tensor(split_alpha(pixels)[0], white_level=self.white_level), self.light)
        found: NDArray[np.float32] = luma(light, BT601)[0, 0].numpy()
        return found

    @property
    def guard_share(self) -> float | None:
        """Share of the result that is not the network's own but something safer; None for models without a guard."""
        return None if self.guard is None else float(1 - self.guard[0].mean())

    @property
    def megapixels(self) -> float:
        """Size of the image, or of all frames."""
        return self.frames * math.prod(self.held.shape[:2]) / 1e6

    @property
    def masked_share(self) -> float:
        """Share of the pixels that are not light."""
        if isinstance(self.mask, PackedMask):
            return self.mask.count() / math.prod(self.mask.shape)
        return 0.0 if self.mask is None else float(self.mask.mean())

    @property
    def is_doubtful(self) -> bool:
        """Whether the residual is larger than noise can be: the kernel is too wide, or the blur is of another kind.

        Of an image that stays as it is: whether its width cannot be trusted.
        """
        if not self.is_restored:
            return self.defocus.verdict in UNTRUSTED or self.is_refuted
        # A field is least sure at its ends; what counts is whether it explains most of the image.
        left = self.typical_residual if self.field else self.residual
        return self.refuted_sigma is not None or is_doubtful(
            left, compared_noise(self.defocus, channels_of(self.held.shape))
        )

    @property
    def remaining(self) -> Remaining | None:
        """Blur that is left because the given kernel is too narrow, by what the image itself reads as.

        None where the kernel was measured, so that there is nothing to compare it with; for images whose width cannot
        be trusted; and for models other than `swift`, which measures beside a given kernel.
        """
        return remaining(self.defocus)

    @property
    def is_refuted(self) -> bool:
        """Whether the residual is so large that the image cannot have been blurred like this."""
        if self.defocus.verdict in LEFT_ALONE and not self.is_restored:
            return False
        return is_refuted(self.typical_residual, self.defocus, channels_of(self.held.shape))

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


def channels_of(shape: tuple[int, ...]) -> int:
    """Channels of an image of a shape (H, W) or (H, W, C)."""
    return shape[2] if len(shape) == 3 else 1


def _contrast(image: NDArray[np.float32]) -> float:
    """Standard deviation of an image, that of a flat one being rounding."""
    return max(float(image.std()), _LEAST_CONTRAST)
