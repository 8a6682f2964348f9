"""A focus stack: the width against the position of the focus, the plane of best focus, and the part's tilt.

The sharpest image of the stack is brought to every other one, and in each part of the field the kernel between both is
fitted (`pairs`). Squared widths add, so that with a slope of s pixels of width for each unit of defocus

    width^2(z) - width^2(z_sharpest) = s^2 (z - z0)^2 - s^2 (z_sharpest - z0)^2

is a parabola in the position z, whatever softness the camera has of its own. Where an image is sharper in a part than
the sharpest one is, it is the other way round, and the difference negative.

If the camera or the part moves, the scene changes its size with z, and the cone of light that a lens of aperture A
collects from a point at the distance d0 is A |d - d0| / d0 wide where the part is: linear in z on the part, but not in
pixels. So the defocus is divided by the magnification m against the sharpest image, which the camera's own softness w0
does not share:

    (width^2(z) - m^2 width^2(z_sharpest) - (1 - m^2) w0^2) / m^2

is the parabola then. Of both laws the one is taken that the images obey better.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_laplace

from pinsharp.blur.measured import Blur, DistanceScale, Focus, FocusStep, LocalKernel
from pinsharp.errors import ImageError
from pinsharp.images.registration import BORDER, Registration, overlap, register, registered
from pinsharp.profiling.optics import Values
from pinsharp.profiling.pairs import Place, matched, windows
from pinsharp.profiling.photo import Photo, check_same_size

LEAST_STEPS = 4
"""Positions that a parabola needs, and one to see whether it is one."""

_NINETY = 1.645
_TURNED = 0.6  # pixels of width below which an image may be the sharper one in a part
_DOUBT = 0.02  # pixels squared by which no squared width is surer
_SHARE_DOUBT = 0.02  # nor by less than this share of it
_SLOPE_DOUBT = 0.01  # nor the slope: kernels are not quite of the family
_ROUNDS = 8
_HUBER = 2.0
_LEAST_CURVATURE = 3.0  # standard deviations by which the parabola has to open
_FOUND = 0.95  # correlation from which on the scene counts as found where the neighbour shows it
_SAME_SIZE = 1.02  # largest over smallest magnification up to which a series counts as of one size


@dataclass(frozen=True)
class Stack:
    """What a focus stack says."""

    focus: Focus
    scale: DistanceScale
    kernels: tuple[LocalKernel, ...]
    own: Blur  # width in best focus


@dataclass(frozen=True, eq=False)
class _Parabola:
    """a + b z + c z^2, and its covariance."""

    values: Values
    covariance: Values
    excess: float  # what it leaves, in variances for each degree of freedom

    @property
    def best(self) -> float:
        """Where it is lowest."""
        return float(-self.values[1] / (2 * self.values[2]))

    @property
    def best_std(self) -> float:
        """Standard deviation of the same."""
        slope = np.array([0, -1 / (2 * self.values[2]), self.values[1] / (2 * self.values[2] ** 2)])
        return math.sqrt(max(float(slope @ self.covariance @ slope), 0.0))

    @property
    def lowest(self) -> float:
        """Its value there."""
        return float(self.values[0] - self.values[1] ** 2 / (4 * self.values[2]))

    @property
    def opens(self) -> bool:
        """Whether it has a lowest place."""
        return float(self.values[2]) > _LEAST_CURVATURE * math.sqrt(max(float(self.covariance[2, 2]), 0.0))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one image shows against the sharpest one, place by place."""

    position: float
    magnification: float
    rows: list[tuple[Place, float, float]]  # squared widths beyond the sharpest image's, and their standard deviations

    def defocus(self, own: float, *, scaled: bool) -> list[tuple[Place, float, float]]:
        """Squared defocus beyond the sharpest image's, whose own width is known; `scaled` to its size of the scene."""
        square = self.magnification**2
        part = square if scaled else 1.0
        return [(place, (seen - (1 - square) * own**2) / part, std / part) for place, seen, std in self.rows]


@dataclass(frozen=True, eq=False)
class _Law:
    """The parabolas of all parts of the field."""

    seen: dict[tuple[float, float], list[tuple[float, float, float]]]  # position, squared defocus and its deviation
    curves: dict[tuple[float, float], _Parabola]
    whole: _Parabola

    @classmethod
    def of(cls, steps: Sequence[_Seen], own: float, *, scaled: bool) -> "_Law | None":
        """The law that the images obey; None if they do not pass through a best focus."""
        seen: dict[tuple[float, float], list[tuple[float, float, float]]] = {}
        for step in steps:
            for place, square, std in step.defocus(own, scaled=scaled):
                seen.setdefault((place.row, place.column), []).append((step.position, square, std))
        curves = {at: _parabola(rows) for at, rows in seen.items() if len(rows) >= LEAST_STEPS}
        curves = {at: curve for at, curve in curves.items() if curve.opens}
        whole = _parabola([row for at in curves for row in _from_lowest(seen[at], curves[at])]) if curves else None
        return cls(seen, curves, whole) if whole is not None and whole.opens else None


def measure_stack(photos: Sequence[Photo], positions: Sequence[float], unit: str, own: Blur) -> Stack:
    """Measure a stack.

    Args:
        photos: Its images, in linear light.
        positions: Of the focus, one for each.
        unit: Of positions.
        own: Width of the sharpest image (`sharpest` says which), which nothing within the stack tells.

    Raises:
        ImageError: If images do not go together, or the width does not pass through a best focus.
    """
    check_same_size(list(photos))
    middle = float(np.mean(positions))  # so that the parabola is fitted near zero
    sharp = sharpest(photos)
    steps = _all_against(photos, [position - middle for position in positions], sharp)
    law, is_scaled = _best_law(steps, own.sigma)
    if law is None:
        raise ImageError(
            f"expected a stack of at least {LEAST_STEPS} images of one scene whose width passes through a best focus, "
            f"got {len(photos)} that show none; check which step belongs to which image ({_pairs(photos, positions)}), "
            "or add images on both sides of it"
        )
    best, std, tilt = _plane(law.curves, photos[0].shape)
    sizes = {step.position: step.magnification if is_scaled else 1.0 for step in steps}
    if is_scaled:  # what is not known of the own width moves the best focus
        ends = [_Law.of(steps, width, scaled=True) for width in (own.low, own.high)]
        std = max([std, *(abs(_plane(end.curves, photos[0].shape)[0] - best) / _NINETY for end in ends if end)])
    # Sizes go with one over the distance.
    at_best = 1 / float(np.interp(best, sorted(sizes), [1 / sizes[z] for z in sorted(sizes)]))
    slope = math.sqrt(float(law.whole.values[2])) * at_best
    slope_std = at_best**2 * math.sqrt(float(law.whole.covariance[2, 2])) / (2 * slope)
    in_focus = _own(own, positions[sharp] - middle - best, slope / at_best)
    kernels = _kernels(photos, positions, law, in_focus, sizes)
    widths = tuple(
        FocusStep(position, blur, sizes[position - middle] / at_best)
        for position in sorted(positions)
        if (blur := _step(law, position - middle, in_focus, sizes[position - middle])) is not None
    )
    focus = Focus(
        unit, widths, middle + best, middle + best - _NINETY * std, middle + best + _NINETY * std, slope, *tilt
    )
    reach = min(_NINETY * math.hypot(slope_std / slope, _SLOPE_DOUBT), 0.9)
    growth = _growth([(z - best, size / at_best) for z, size in sizes.items()])
    scale = DistanceScale(1 / slope, 1 / slope / (1 + reach), 1 / slope / (1 - reach), unit, growth)
    return Stack(focus, scale, kernels, in_focus)


def _pairs(photos: Sequence[Photo], positions: Sequence[float]) -> str:
    """The first images with their positions, as they were taken: "-1.png at -8, -2.png at -7, ..."."""
    pairs = [f"{photo.path.name} at {position:g}" for photo, position in zip(photos, positions, strict=True)]
    return ", ".join([*pairs[:3], *(["..."] if len(pairs) > 3 else [])])


def _best_law(steps: Sequence[_Seen], own: float) -> tuple[_Law | None, bool]:
    """The law that explains the widths better, and whether it takes the defocus to grow with the magnification."""
    sizes = [step.magnification for step in steps]
    plain = _Law.of(steps, own, scaled=False)
    if max(sizes) < _SAME_SIZE * min(sizes):
        return plain, False
    scaled = _Law.of(steps, own, scaled=True)
    is_scaled = scaled is not None and (plain is None or scaled.whole.excess < plain.whole.excess)
    return (scaled, True) if is_scaled else (plain, False)


def _growth(sizes: Sequence[tuple[float, float]]) -> float:
    """Share by which sizes, each beside its distance from best focus, grow with each unit there."""
    z, shrunk = np.array([(z, 1 - 1 / size) for z, size in sizes]).T
    return float(z @ shrunk / (z @ z))


def sharpest(photos: Sequence[Photo]) -> int:
    """Number of the image with most fine structure, as a share of its contrast."""

    def detail(photo: Photo) -> float:
        plane = photo.plane
        return float(np.std(gaussian_laplace(plane, 1.0))) / max(float(np.std(plane)), 1e-9)

    return int(np.argmax([detail(photo) for photo in photos]))


def _all_against(photos: Sequence[Photo], positions: Sequence[float], sharp: int) -> list[_Seen]:
    """What all images show against the sharpest one; each is looked for where its neighbour shows the scene."""
    order = sorted(range(len(photos)), key=lambda number: positions[number])
    at = order.index(sharp)
    found = []
    for way in (order[at:], order[:at][::-1]):
        last: Registration | None = None
        for number in way:
            last = _registered(photos[number], photos[sharp], last)
            rows = _against(photos[number], photos[sharp], last)
            found.append(_Seen(positions[number], last.magnification, rows))
    return found


def _registered(photo: Photo, sharp: Photo, near: Registration | None) -> Registration:
    """Where an image shows the scene of the sharpest one."""
    if photo is sharp:
        return Registration()
    try:
        found = register(photo.plane, sharp.plane, start=near)
        if near and found.correlation < _FOUND:
            found = max(found, register(photo.plane, sharp.plane), key=lambda each: each.correlation)
        overlap(found, photo.shape, sharp.shape)
    except ImageError as error:
        raise ImageError(f"{photo.path}: {error}") from error
    return found


def _against(photo: Photo, sharp: Photo, found: Registration) -> list[tuple[Place, float, float]]:
    """By how much squared widths of an image exceed those of the sharpest one, place by place, and how sure that is."""
    whole = (slice(BORDER, photo.shape[0] - BORDER), slice(BORDER, photo.shape[1] - BORDER))
    if photo is sharp:
        return [(_middle(window), 0.0, _DOUBT) for window in windows(whole)]
    brought = registered(sharp.plane, found, photo.shape)
    rows = []
    for window in windows(whole):
        try:
            place, sign = matched(photo.plane, brought, window, found.sigma), 1
            if place.blur.sigma < _TURNED:
                turned = matched(brought, photo.plane, window, 0.5)
                if turned.blur.sigma > place.blur.sigma:
                    place, sign = turned, -1
        except ImageError:
            continue
        width, doubt = place.blur.sigma, (place.blur.high - place.blur.sigma) / _NINETY
        rows.append((_middle(window), sign * width**2, math.hypot(2 * width * doubt, _DOUBT, _SHARE_DOUBT * width**2)))
    return rows


def _middle(window: tuple[slice, slice]) -> Place:
    row, column = ((side.start + side.stop - 1) / 2 for side in window)
    return Place(row, column, Blur(0.0, 0.0, 0.0))


def _parabola(rows: Sequence[tuple[float, float, float]]) -> _Parabola:
    """The parabola through squared widths (position, square, std), which outliers do not move far."""
    z, square, std = np.array(rows, np.float64).T
    basis = np.stack([np.ones_like(z), z, z**2], axis=1)
    trust = np.ones_like(z)
    values = np.zeros(3)
    for _ in range(_ROUNDS):
        weight = np.sqrt(trust) / std
        values = np.linalg.lstsq(basis * weight[:, None], square * weight, rcond=None)[0]
        off = np.abs(square - basis @ values) / std
        scale = max(float(np.median(off)) / 0.6745, 1.0)
        trust = np.minimum(1.0, _HUBER * scale / np.maximum(off, 1e-12))
    normal = (basis * (trust / std**2)[:, None]).T @ basis
    degrees = max(len(z) - 3, 1)
    excess = float((trust * off**2).sum()) / degrees
    return _Parabola(values, np.asarray(np.linalg.pinv(normal) * max(excess, 1.0), np.float64), excess)


def _from_lowest(rows: list[tuple[float, float, float]], curve: _Parabola) -> list[tuple[float, float, float]]:
    """A part's squared widths against its own best focus, so that parts may be put together."""
    return [(z - curve.best, square - curve.lowest, std) for z, square, std in rows]


def _plane(
    curves: dict[tuple[float, float], _Parabola], shape: tuple[int, int]
) -> tuple[float, float, tuple[float | None, float | None]]:
    """Best focus in the middle of the field, its standard deviation, and by how much it rises down and right."""
    places = np.array(list(curves), np.float64) - (np.array(shape) - 1) / 2
    best = np.array([curve.best for curve in curves.values()])
    std = np.array([max(curve.best_std, 1e-9) for curve in curves.values()])
    spans = [len(np.unique(places[:, axis])) > 1 for axis in (0, 1)]
    if len(best) < 4 or not all(spans):
        weight = std**-2.0
        mean = float((weight * best).sum() / weight.sum())
        excess = max(1.0, float(np.mean(((best - mean) / std) ** 2)))
        return mean, math.sqrt(excess / float(weight.sum())), (None, None)
    basis = np.concatenate([np.ones((len(best), 1)), places], axis=1)
    values = np.linalg.lstsq(basis / std[:, None], best / std, rcond=None)[0]
    off = (best - basis @ values) / std
    excess = max(1.0, float((off**2).sum()) / max(len(best) - 3, 1))
    covariance = np.linalg.pinv((basis / std[:, None]).T @ (basis / std[:, None])) * excess
    return float(values[0]), math.sqrt(float(covariance[0, 0])), (float(values[1]), float(values[2]))


def _own(sharp: Blur, off: float, slope: float) -> Blur:
    """Width in best focus, of that of the sharpest image, which is off it by some units."""
    defocus = (slope * off) ** 2
    sigma, low, high = (math.sqrt(max(width**2 - defocus, 0.0)) for width in (sharp.sigma, sharp.low, sharp.high))
    return Blur(sigma, low, high, sharp.disk_share)


def _total(own: Blur, square: float, std: float) -> Blur:
    """Width where the squared width exceeds that in best focus by some pixels squared."""
    sigma = math.sqrt(max(own.sigma**2 + square, 0.0))
    low = math.sqrt(max(own.low**2 + square - _NINETY * std, 0.0))
    high = math.sqrt(max(own.high**2 + square + _NINETY * std, 0.0))
    return Blur(sigma, min(low, sigma), max(high, sigma))


def _kernels(
    photos: Sequence[Photo], positions: Sequence[float], law: _Law, own: Blur, sizes: Mapping[float, float]
) -> tuple[LocalKernel, ...]:
    """The kernel of every part at every position."""
    middle, found = float(np.mean(positions)), []
    names = {position - middle: (position, photo.path.name) for position, photo in zip(positions, photos, strict=True)}
    for (row, column), curve in law.curves.items():
        for z, square, std in law.seen[row, column]:
            position, name = names[z]
            part = sizes[z] ** 2
            blur = _total(own, part * (square - curve.lowest), part * std)
            found.append(LocalKernel("stack", name, row, column, blur, focus=position))
    return tuple(sorted(found, key=lambda each: (each.focus or 0.0, each.row, each.column)))


def _step(law: _Law, z: float, own: Blur, size: float) -> Blur | None:
    """Width at a position, from the middle of the stack: the middle one of all parts; None if no part shows it."""
    rows = [
        (square - curve.lowest, std)
        for at, curve in law.curves.items()
        for each, square, std in law.seen[at]
        if each == z
    ]
    if not rows:
        return None
    squares: NDArray[np.float64] = np.array([square for square, _ in rows])
    spread = float(np.std(squares)) / math.sqrt(len(rows))
    std = math.hypot(spread, float(np.median([std for _, std in rows])))
    return _total(own, size**2 * float(np.median(squares)), size**2 * std)
