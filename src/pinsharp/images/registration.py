"""Registration of two focus levels of a scene, so that a restored image can be judged by the sharp one pixel by pixel.

Refocusing moves and magnifies the picture a little (focus breathing) and changes its brightness. The sharp level, the
reference R, is brought to the blurred image M; what is judged is never resampled. Fitted, by least squares, is

    M(x) = gain * (G_s * R)(c_R + (x - c_M - shift) / magnification) + offset

over shift, magnification, gain, offset and the width s of the Gaussian G_s that makes the reference as blurred as the
image. With that width in the model, gain and offset do not answer for contrast that the blur took, and neither a sharp
nor a blurred image is favoured: the fit looks at the image before restoration alone, and its reference serves both
before and after. Gauss-Newton from coarse to fine, after Lucas and Kanade ("An iterative image registration technique
with an application to stereo vision", IJCAI 1981); the derivative by s^2 is half the Laplacian (heat equation).
"""

import contextlib
import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, gaussian_filter, laplace, spline_filter
from scipy.optimize import least_squares

from pinsharp.errors import ImageError

Plane = NDArray[np.float64]  # one channel of an image, (H, W), full scale 1
Shape = tuple[int, int]  # height and width in pixels
BORDER = 24
"""Pixels that are cut off on every side: there restorations guess what lies outside, and the reference has to."""

MIN_OVERLAP = 32  # smallest side in pixels of what is left of both images
SAMPLES = 400_000  # how many pixels are compared at most: more cost time and add nothing
_MAGNIFICATIONS = tuple(0.85 * 1.01**step for step in range(34))  # 0.85 to 1.18
_COARSE_SIDE = 128  # longest side in samples of the search
_TEMPLATE = 0.6  # share of the reference that is searched in the image, so that it may be shifted by the rest
_SMOOTHING = 1.0  # sigma in pixels by which both are smoothed in the end: takes noise, and lets s^2 be negative
_LEAST_PART = 128  # pixels a side
_PART_SAMPLES = 60_000
_SAME_STRUCTURE = 0.9  # correlation below which a part shows nothing that a width could be measured by
_ORDER = 3  # of the splines that interpolate the reference


@dataclass(frozen=True)
class Registration:
    """Where and how bright an image shows the scene of its reference."""

    magnification: float = 1.0  # how many pixels of the image one of the reference becomes, about the centres of both
    row_shift: float = 0.0  # by how many pixels of the image the scene lies further down
    column_shift: float = 0.0  # by how many pixels of the image the scene lies further to the right
    gain: float = 1.0  # grey levels of the image per grey level of the reference
    offset: float = 0.0  # grey level of the image that black of the reference has, full scale 1
    sigma: float = 0.0  # Gaussian that makes the reference as blurred as the image; 0 if the image is the sharper one
    # Between the image and the reference that was made to match it, both slightly smoothed; 1 for the same scene in the
    # same light, defocused everywhere alike.
    correlation: float = 1.0

    def position_in_image(self, position: tuple[float, float], shape: Shape, reference: Shape) -> tuple[float, float]:
        """Where a position (row, column) of the reference, of a shape, lies in the image, of another."""
        shifts = (self.row_shift, self.column_shift)
        row, column = (
            (size - 1) / 2 + shift + self.magnification * (at - (other - 1) / 2)
            for at, size, other, shift in zip(position, shape, reference, shifts, strict=True)
        )
        return row, column


def register(
    image: Plane, reference: Plane, *, samples: int = SAMPLES, start: Registration | None = None
) -> Registration:
    """Find where and how bright an image shows the scene of its sharper reference.

    Args:
        image: The image as it was taken, not restored, (H, W), full scale 1.
        reference: The reference; it may be of another size.
        samples: Compare at most so many pixels of larger images, on a regular grid.
        start: About where the scene lies, as the neighbour of a series shows it; by default magnifications of 0.85 to
            1.18 are tried.

    Raises:
        ImageError: If both have less than 32 x 32 pixels in common after the border is cut, or one has no structure.
    """
    for plane in (image, reference):
        if min(plane.shape) < 2 * BORDER + MIN_OVERLAP or np.ptp(plane) == 0:
            raise ImageError(
                f"expected images of at least {2 * BORDER + MIN_OVERLAP} pixels a side, with structure in them, to "
                f"register by, got {plane.shape[0]} x {plane.shape[1]}; take a larger part of the scene"
            )
    steps = [2**power for power in range(12) if max(image.shape) / 2**power > _COARSE_SIDE / 2]
    steps = [step for step in steps if step == steps[-1] or image.size / step**2 <= samples]
    found = start or _search(image, reference, steps[-1])
    for step in reversed(steps):
        found = _refine(image, reference, found, step, _SMOOTHING if step == steps[0] else float(step))
    return found


def registered(reference: Plane, found: Registration, shape: Shape) -> Plane:
    """Bring a reference to the image that it was registered with: place, size and brightness, not its blur.

    Returns:
        The reference as the image would show it in focus, of `shape`, in [0, 1]; mirrored where it does not reach.
    """
    warped = _warp(spline_filter(reference, _ORDER, mode="mirror"), found, shape, 1)
    clipped: Plane = np.clip(found.gain * warped + found.offset, 0, 1)
    return clipped


def local_sigmas(image: Plane, brought: Plane) -> list[float]:
    """Measure in parts of an image by how much its registered reference has to be blurred to match it.

    Where they differ, focus or depth differs across the scene, and no single kernel describes the blur.

    Returns:
        A width in pixels for each of 3 x 3 parts, or 2 x 2 of a small image; none of a part without structure.
    """
    parts = next((count for count in (3, 2) if min(image.shape) // count >= _LEAST_PART), 0)
    edges = [[round(size * place / parts) for place in range(parts + 1)] for size in image.shape] if parts else [[], []]
    cells = itertools.product(*(map(slice, each[:-1], each[1:]) for each in edges))
    widths = []
    for cell in cells:
        with contextlib.suppress(ImageError):
            found = register(image[cell], brought[cell], samples=_PART_SAMPLES)
            widths += [found.sigma] if found.correlation > _SAME_STRUCTURE else []
    return widths


def overlap(found: Registration, shape: Shape, reference: Shape, border: int = BORDER) -> tuple[slice, slice]:
    """Rows and columns of an image that are at least so many pixels from its border and from the reference's.

    Raises:
        ImageError: If fewer than 32 rows or columns are left.
    """
    first = found.position_in_image((border, border), shape, reference)
    last = found.position_in_image((reference[0] - 1 - border, reference[1] - 1 - border), shape, reference)
    begins = [max(border, math.ceil(at - 1e-9)) for at in first]
    ends = [min(size - border, math.floor(at + 1e-9) + 1) for at, size in zip(last, shape, strict=True)]
    if min(end - begin for begin, end in zip(begins, ends, strict=True)) < MIN_OVERLAP:
        raise ImageError(
            f"expected an image that shows the scene of its reference, got one that overlaps it by less than "
            f"{MIN_OVERLAP} pixels; check that both are of one series"
        )
    return slice(begins[0], ends[0]), slice(begins[1], ends[1])


def _search(image: Plane, reference: Plane, step: int) -> Registration:
    """Try magnifications, each at the shift where image and reference correlate best."""
    samples = _smooth(image, step)[::step, ::step].astype(np.float32)
    splines = spline_filter(_smooth(reference, step), _ORDER, mode="mirror")
    best, most = Registration(), -math.inf
    for magnification in _MAGNIFICATIONS:
        tried = Registration(magnification=magnification)
        template = _warp(splines, tried, _shape(image), step).astype(np.float32)
        top, left = (round(size * (1 - _TEMPLATE) / 2) for size in template.shape)
        template = template[top : template.shape[0] - top, left : template.shape[1] - left]
        scores = cv2.matchTemplate(samples, template, cv2.TM_CCOEFF_NORMED)
        row, column = (int(at) for at in np.unravel_index(int(scores.argmax()), scores.shape))
        if scores[row, column] > most:
            most = float(scores[row, column])
            best = replace(tried, row_shift=float(step * (row - top)), column_shift=float(step * (column - left)))
    return best


def _refine(image: Plane, reference: Plane, start: Registration, step: int, smoothing: float) -> Registration:
    """Fit everything at every so manieth pixel, both smoothed by a Gaussian of some width."""
    rows, columns = overlap(start, _shape(image), _shape(reference), BORDER)
    part = (_sampled(rows, step), _sampled(columns, step))
    seen = _smooth(image, smoothing)[::step, ::step][part]
    model = _Model(reference, seen, part, _shape(image), step, smoothing)
    variance = (start.sigma / start.magnification) ** 2
    begin = [start.magnification, start.row_shift, start.column_shift, variance, start.gain, start.offset]
    lowest = [0.5, -np.inf, -np.inf, 0.01 - smoothing**2, 0.0, -np.inf]
    fit = least_squares(
        model.residuals, begin, jac=model.jacobian, bounds=(lowest, np.inf), x_scale="jac", xtol=1e-9, max_nfev=30
    )
    return model.registration(fit.x)


class _Model:
    """The reference as an image with given parameters shows it, at the samples that are compared."""

    def __init__(
        self, reference: Plane, seen: Plane, part: tuple[slice, slice], shape: Shape, step: int, smoothing: float
    ) -> None:
        self.reference, self.seen, self.part = reference, seen, part
        self.shape, self.step, self.smoothing = shape, step, smoothing
        self._known: tuple[bytes, Plane] | None = None

    def residuals(self, values: Plane) -> Plane:
        """Model minus image, one figure a sample."""
        shown = self._shown(values)[self.part]
        return np.asarray(values[4] * shown + values[5] - self.seen).ravel()

    def jacobian(self, values: Plane) -> Plane:
        """Derivatives of the residuals by magnification, shifts, s^2, gain and offset, (samples, 6)."""
        magnification, gain = values[0], values[4]
        shown = self._shown(values)
        down, across = np.gradient(shown, self.step)
        heat = laplace(shown, mode="nearest") / (2 * self.step**2) * magnification**2
        rows, columns = (
            self.step * np.arange(count) - (size - 1) / 2 - shift
            for count, size, shift in zip(shown.shape, self.shape, values[1:3], strict=True)
        )
        larger = -(down * rows[:, None] + across * columns) / magnification
        each = (gain * larger, -gain * down, -gain * across, gain * heat, shown, np.ones_like(shown))
        return np.stack([derivative[self.part].ravel() for derivative in each], axis=1)

    def registration(self, values: Plane) -> Registration:
        """What the parameters mean."""
        magnification, row, column, variance, gain, offset = (float(value) for value in values)
        sigma = magnification * math.sqrt(max(variance, 0.0))
        both = np.corrcoef(self._shown(values)[self.part].ravel(), self.seen.ravel())
        return Registration(magnification, row, column, gain, offset, sigma, float(both[0, 1]))

    def _shown(self, values: Plane) -> Plane:
        """The blurred reference at every sample of the image, without gain and offset."""
        key = np.asarray(values[:4]).tobytes()
        if self._known is None or self._known[0] != key:  # residuals and jacobian are asked for the same values
            blurred = _smooth(self.reference, math.sqrt(self.smoothing**2 + values[3]))
            place = Registration(values[0], values[1], values[2])
            warped = _warp(spline_filter(blurred, _ORDER, mode="mirror"), place, self.shape, self.step)
            self._known = key, warped
        return self._known[1]


def _warp(splines: Plane, found: Registration, shape: Shape, step: int) -> Plane:
    """Sample a reference, given by its spline coefficients, at every so manieth pixel of the image."""
    scale = 1 / found.magnification
    offsets = [
        (other - 1) / 2 - scale * ((size - 1) / 2 + shift)
        for other, size, shift in zip(splines.shape, shape, (found.row_shift, found.column_shift), strict=True)
    ]
    samples = tuple(-(-size // step) for size in shape)
    warped: Plane = affine_transform(
        splines, [scale * step] * 2, offsets, output_shape=samples, order=_ORDER, mode="mirror", prefilter=False
    )
    return warped


def _smooth(plane: Plane, sigma: float) -> Plane:
    smoothed: Plane = gaussian_filter(plane, sigma, mode="mirror")
    return smoothed


def _sampled(span: slice, step: int) -> slice:
    """The samples, one every so many pixels from the first pixel of the image on, that lie in a span of pixels."""
    return slice(-(-span.start // step), (span.stop - 1) // step + 1)


def _shape(plane: NDArray[Any]) -> Shape:
    return int(plane.shape[0]), int(plane.shape[1])
