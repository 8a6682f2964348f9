"""The blur that separates two levels: the disc that best turns the registered sharp one into the other.

A lens that is out of focus makes discs. A Gaussian often explains more, because of haze at low frequencies, but the
transfer between levels crosses zero and turns negative, which no Gaussian's does: on real series restoring with the
best Gaussian gained 0.5 dB less (scripts/real_transfer.py). No estimator has a part in it, so that estimators can be
judged by it. What is fitted lies between both levels: whatever softness the sharp one has of its own is not in it.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.optimize import minimize_scalar
from torch import Tensor

from pinsharp.blur.family import disk_radius, exact_kernels

Shape = Literal["disk", "gaussian"]
Plane = NDArray[np.float64]  # one channel of an image, (H, W), full scale 1
SHAPES: tuple[Shape, ...] = ("disk", "gaussian")

_LEAST, _MOST, _STEPS = 0.25, 12.0, 12  # pixels of width between which is searched, and how many are tried first
_PAD = 24  # pixels by which the sharp level is mirrored past its border


@dataclass(frozen=True)
class Fit:
    """The kernels that best turn a sharp image into a blurred one."""

    sigma: float  # width of the best disc in pixels, half its radius; 0 for no blur at all
    residual: float  # what it leaves of the blurred image, root mean square, full scale 1
    gaussian_sigma: float  # the same for the best Gaussian: where both differ, the width is known no better
    gaussian_residual: float

    @property
    def shape(self) -> Shape:
        """Which of the two explains more."""
        return "disk" if self.residual <= self.gaussian_residual else "gaussian"

    @property
    def kernel(self) -> Tensor:
        """The disc (1, 1, K, K)."""
        return kernel_of("disk", self.sigma)


def kernel_of(shape: Shape, sigma: float) -> Tensor:
    """A disc or a Gaussian of a width in pixels, (1, 1, K, K); a single pixel for 0."""
    if shape == "gaussian":
        return exact_kernels(sigma, 0.0, 2 * math.ceil(4 * sigma) + 1)
    radius = disk_radius(sigma)
    return exact_kernels(0.0, radius, 2 * max(math.ceil(radius - 0.5), 0) + 1)


def fit_width(image: Plane, sharp: Plane, part: tuple[slice, slice]) -> Fit:
    """Find the disc, and the Gaussian, that make a sharp image as blurred as another.

    Gain and offset are free for every width, so that neither answers for contrast that the blur took.

    Args:
        image: The blurred image, (H, W), full scale 1.
        sharp: The sharp one, registered with it, of the same shape.
        part: Rows and columns that are compared.
    """
    search = _Search(image, sharp, part)
    most = min(_MOST, (min(image.shape) - 1) / 8)  # the kernel has to fit into the image
    found = {shape: _best(search, shape, [0.0, *map(float, np.geomspace(_LEAST, most, _STEPS))]) for shape in SHAPES}
    (disk, disk_error), (gaussian, gaussian_error) = found["disk"], found["gaussian"]
    return Fit(disk, math.sqrt(disk_error), gaussian, math.sqrt(gaussian_error))


def _best(search: "_Search", shape: Shape, tried: list[float]) -> tuple[float, float]:
    """Width that leaves least unexplained, and how much that is: the best of some, refined between its neighbours."""
    errors = [search.error(shape, sigma) for sigma in tried]
    best = int(np.argmin(errors))
    low, high = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
    options = {"xatol": 1e-3 * high}
    refined = minimize_scalar(
        lambda sigma: search.error(shape, sigma), bounds=(low, high), method="bounded", options=options
    )
    return min((tried[best], errors[best]), (float(refined.x), float(refined.fun)), key=lambda pair: pair[1])


class _Search:
    """The spectrum of the sharp image, and what a width leaves unexplained."""

    def __init__(self, image: Plane, sharp: Plane, part: tuple[slice, slice]) -> None:
        height, width = (next_fast_len(size + 2 * _PAD, real=True) for size in sharp.shape)
        down, right = (height - sharp.shape[0]) // 2, (width - sharp.shape[1]) // 2
        margins = ((down, height - sharp.shape[0] - down), (right, width - sharp.shape[1] - right))
        self.sides = height, width
        self.spectrum = rfft2(np.pad(sharp, margins, mode="symmetric"))
        rows, columns = part
        self.part = slice(down + rows.start, down + rows.stop), slice(right + columns.start, right + columns.stop)
        self.seen = image[part] - image[part].mean()

    def error(self, shape: Shape, sigma: float) -> float:
        """Mean square of what is left of the image after the best gain and offset."""
        kernel = kernel_of(shape, sigma)[0, 0].double().numpy()
        whole = np.zeros(self.sides)
        whole[: len(kernel), : len(kernel)] = kernel
        whole = np.roll(whole, (-(len(kernel) // 2),) * 2, (0, 1))  # its centre has to sit at (0, 0)
        blurred = irfft2(self.spectrum * rfft2(whole), s=self.sides)[self.part]
        blurred = blurred - blurred.mean()
        power = float(np.vdot(blurred, blurred))
        gain = float(np.vdot(blurred, self.seen)) / power if power else 0.0
        return float(np.mean((self.seen - gain * blurred) ** 2))
