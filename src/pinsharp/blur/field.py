"""How blurred an image is: the one value that estimators return, restorers take and reports show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.continuation import Continuation
from pinsharp.blur.family import Family, disk_radius, family_of
from pinsharp.blur.kernels import kernel_sigma, sized_kernels
from pinsharp.blur.normal import NINETY
from pinsharp.blur.normalise import Normalisation
from pinsharp.blur.verdict import UNCERTAIN_BY, Finding, Verdict, find
from pinsharp.blur.votes import Votes
from pinsharp.words import spread_in_words

if TYPE_CHECKING:
    from pinsharp.blur.astigmatism import Astigmatism
    from pinsharp.blur.colours import ColourWidths
    from pinsharp.blur.softness import Softness

_NOTEBOOK_DPI = 80


@dataclass(frozen=True, eq=False, repr=False)
class BlurField:
    """The blur of a batch of images, measured or given, the same all over each image.

    The tensors are what networks and solvers compute with. The properties say the same in a user's terms; they need the
    field of one image, as `of` gives it.
    """

    kernel: Tensor  # kernels (B, 1, K, K), K odd, sum 1, centre at K // 2
    # Standard deviation of the noise, rounding included, in units of full scale, (B,), or by ring of frequency from 0
    # to half a cycle a pixel, (B, R); None if it is unknown.
    noise: Tensor | None = None
    # Natural logarithm of the effective width (second-moment sigma, pixels), of the light before pixels average it,
    # (B,); None if it was not measured apart from the kernel.
    log_width: Tensor | None = None
    # Standard deviation of `log_width`, which is also the relative error of the width, (B,).
    log_width_std: Tensor | None = None
    # Share of the squared width that a disc explains, in [0, 1], (B,): 0 Gaussian, 1 pure disc; None if the kernel is
    # free-form.
    disk_share: Tensor | None = None
    # By which rule each image continues past its border, None where it is cut out of a larger scene; None for all if
    # that was not examined.
    continuations: tuple[Continuation | None, ...] | None = None
    # How much brighter each image becomes from row to row and from column to column, (B, C, 2), all over it; None if
    # that was not examined.
    slopes: Tensor | None = None
    is_given: bool = False  # whether the user gave the kernel
    # What each image itself says of its blur beside a given kernel; None if it was not asked.
    measured: "tuple[BlurField, ...] | None" = None
    normalisation: Normalisation | None = None  # brightness and contrast that were taken out; None if not examined
    # Whether each image is as clean as in the laboratory: white noise, a width that is sure; None if not examined.
    is_clean: tuple[bool, ...] | None = None
    votes: tuple[Votes, ...] | None = None  # what the windows of each image said; None if they were not asked
    # By how many pixels squared the squared widths of red and of blue exceed green's, each with its standard deviation,
    # (B, 4), infinite where nothing says it; None of mono images.
    colours: Tensor | None = None
    own: "Softness | None" = None  # the camera's own softness that is not in it; None if it is, or is unknown

    def of(self, index: int) -> "BlurField":
        """The field of one image, as of a batch of it alone."""
        one = slice(index, index + 1)
        parts: dict[str, Any] = {
            name: each[one] for name, each in _values(self).items() if isinstance(each, Tensor | tuple)
        }
        if self.normalisation is not None:
            parts["normalisation"] = self.normalisation.of(index)
        return replace(self, **parts)

    def detach(self) -> "BlurField":
        """The same field, through which no gradient flows."""
        held: dict[str, Any] = {name: each.detach() for name, each in _values(self).items() if isinstance(each, Tensor)}
        return replace(self, **held)

    @property
    def sigma(self) -> float:
        """Effective width in pixels: the standard deviation of a Gaussian, half the radius of a disc.

        Where it was not measured by itself, the second moment of the kernel.
        """
        return self._only(kernel_sigma(self.kernel) if self.log_width is None else self.log_width.exp())

    @cached_property
    def finding(self) -> Finding | None:
        """Verdict, interval and field of the width; None if no windows were asked, as for a kernel that was given."""
        if self.votes is None or self.is_given or self.log_width is None or self.log_width_std is None:
            return None
        return find(self.votes[0], self._only(self.log_width), self._only(self.log_width_std))

    @property
    def verdict(self) -> Verdict | None:
        """What can be done about the blur; None where `finding` is."""
        return None if self.finding is None else self.finding.verdict

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 90 % interval of the width, in pixels; None where `finding` is."""
        return None if self.finding is None else (self.finding.low, self.finding.high)

    @property
    def astigmatism(self) -> "Astigmatism | None":
        """Widths along and across, where the blur is longer than wide; None if it is round, or `finding` is."""
        return None if self.finding is None else self.finding.astigmatism

    @property
    def colour_widths(self) -> "ColourWidths | None":
        """Widths of red, green and blue, where the lens focuses them differently; None if not, or it is unknown."""
        std = self.sigma_relative_std
        if self.colours is None or std is None:
            return None
        from pinsharp.blur.colours import of_brightness

        red, red_std, blue, blue_std = self.colours[0].tolist()
        return of_brightness(self.sigma, std, (red, red_std), (blue, blue_std))

    def widths(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Width in pixels of every pixel (H, W) of the measured image of that shape, in pixels; see `finding.field`."""
        if self.finding is None:
            return np.full(shape, self.sigma, np.float32)
        axes = (torch.arange(length, dtype=torch.float64) + 0.5 for length in shape)
        places = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
        return self.finding.field.at(places).float().numpy()

    @property
    def sigma_relative_std(self) -> float | None:
        """Standard deviation of `sigma` as a share of it, in the method's own judgement; None if it gives none.

        A given kernel has none, although a network may get to know how far to trust it.
        """
        return None if self.log_width_std is None or self.is_given else self._only(self.log_width_std)

    @property
    def is_uncertain(self) -> bool:
        """Whether the ends of the width's 90 % interval differ by more than a factor of two, and that matters."""
        std = self.sigma_relative_std
        return std is not None and self.verdict != "sharp" and 2 * NINETY * std > math.log(UNCERTAIN_BY)

    @property
    def family(self) -> Family:
        """`gaussian`, `disk`, `mixture` of both, `free` for a kernel without such a form, `given` for the user's."""
        if self.is_given:
            return "given"
        share = self.disk_fraction
        return "free" if share is None else family_of(share)

    @property
    def disk_radius(self) -> float:
        """Radius in pixels of the disc, the circle of confusion, that is as wide."""
        return disk_radius(self.sigma)

    @property
    def disk_fraction(self) -> float | None:
        """`disk_share` as a number; None if it is unknown."""
        return None if self.disk_share is None else self._only(self.disk_share)

    @property
    def noise_level(self) -> float | None:
        """`noise` as a number, in units of full scale; None if it is unknown."""
        if self.noise is None:
            return None
        return self._only(self.noise if self.noise.ndim == 1 else noise_level(self.noise))

    @property
    def continuation(self) -> Continuation | None:
        """How the image continues past its border: mirrored (`reflect`) or repeated (`circular`) when it was blurred.

        None for what is cut out of a larger scene, as all images of cameras are.
        """
        return self.continuations[0] if self.continuations else None

    @property
    def kernel_array(self) -> NDArray[Any]:
        """The kernel as an array (K, K), float32."""
        array: NDArray[Any] = self.kernel[0, 0].detach().float().cpu().numpy().copy()
        return array

    def __repr__(self) -> str:
        side = self.kernel.shape[-1]
        if len(self.kernel) > 1:
            return f"<BlurField of {len(self.kernel)} images, kernels of {side} x {side} pixels>"
        spread = spread_in_words(self.sigma, self.sigma_relative_std)
        return f"<BlurField: sigma {self.sigma:.2f} px{spread}, {self.family}, kernel of {side} x {side} pixels>"

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the picture of `pinsharp kernel --plot`; of several images the line above."""
        if len(self.kernel) > 1:
            return None
        from pinsharp.blur.kernel_plot import draw

        return draw(self, kind="png", dpi=_NOTEBOOK_DPI)

    def _only(self, values: Tensor) -> float:
        if len(values) > 1:
            raise ValueError(f"expected the blur of one image, got that of {len(values)}; take one out by of(index)")
        return float(values[0])


def noise_level(rings: Tensor) -> Tensor:
    """Standard deviations (B,) of noise that is known by ring of frequency (B, R); a ring counts by its area."""
    area = 2 * torch.arange(rings.shape[1], device=rings.device) + 1.0
    return ((rings.square() * area).sum(dim=1) / area.sum()).sqrt()


def _values(field: BlurField) -> dict[str, Any]:
    return {one.name: getattr(field, one.name) for one in fields(field)}


def stacked(found: Sequence[BlurField]) -> BlurField:
    """The fields of several images, each of a batch of one, as that of a batch of all; kernels get one size."""
    if len(found) == 1:
        return found[0]
    parts: dict[str, Any] = {}
    for name, first in _values(found[0]).items():
        values = [getattr(field, name) for field in found]
        if isinstance(first, Tensor):
            parts[name] = torch.cat(sized_kernels(values) if name == "kernel" else values)
        elif isinstance(first, tuple):
            parts[name] = tuple(one for value in values for one in value)
        elif isinstance(first, Normalisation):
            offsets, scales = ([getattr(value, part) for value in values] for part in ("offset", "scale"))
            parts[name] = Normalisation(torch.cat(offsets), torch.cat(scales))
    return replace(found[0], **parts)
