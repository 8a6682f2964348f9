"""A blur that is longer than wide: by how much, in which direction, and whether the lens's middle is what it points at.

Lenses blur along the radius from the middle of the image otherwise than across it: `tangential` is the width along the
radius, which edges show that run across it, `sagittal` the width across it. A tilted element, or motion, makes a blur
that is longer in one direction all over the image.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import NINETY
from pinsharp.blur.votes import UNTOLD, Votes
from pinsharp.errors import ConfigError

Course = Literal["radial", "even"]
"""How the long side of a blur lies: by the radius, or alike all over the image."""


@dataclass(frozen=True)
class Astigmatism:
    """Widths of a blur that is longer than wide, each with its 90 % interval.

    Attributes:
        course: How it lies.
        along: Width along the radius (`radial`), or along `angle` (`even`), the longer one.
        across: Width across the same.
        distance: Pixels from the middle of the image at which the widths hold where they are `radial`; else 0.
        angle: Degrees from the rows, clockwise, 0 to 180, where the blur is `even`; else None.
    """

    course: Course
    along: Blur
    across: Blur
    distance: float = 0.0
    angle: float | None = None

    def __post_init__(self) -> None:
        if (self.angle is None) != (self.course == "radial"):
            raise ConfigError(f"astigmatism has an angle where it is even, and only there, got {self.angle}")

    @property
    def tangential(self) -> Blur | None:
        """Width along the radius; None where the blur does not lie by it."""
        return self.along if self.course == "radial" else None

    @property
    def sagittal(self) -> Blur | None:
        """Width across the radius; None where the blur does not lie by it."""
        return self.across if self.course == "radial" else None

    @property
    def ratio(self) -> float:
        """The longer width over the shorter one."""
        longer, shorter = max(self.along.sigma, self.across.sigma), min(self.along.sigma, self.across.sigma)
        return longer / max(shorter, 1e-6)

    @property
    def figures(self) -> dict[str, Any]:
        """The widths as plain values, each with the ends of its interval, in pixels and degrees."""
        along, across = ([one.sigma, one.low, one.high] for one in (self.along, self.across))
        if self.angle is None:
            return {"course": self.course, "tangential": along, "sagittal": across, "distance": self.distance}
        return {"course": self.course, "along": along, "across": across, "angle": self.angle}

    @property
    def words(self) -> str:
        """The widths in a sentence."""
        along, across = (f"{one.sigma:.2f} px ({one.low:.2f} to {one.high:.2f})" for one in (self.along, self.across))
        if self.angle is None:
            return f"sagittal {across}, tangential {along}, {self.distance:.0f} px from the middle"
        return f"{along} along {self.angle:.0f} degrees, {across} across"


LONG = 0.29
"""Evidence from which on a blur is called longer than wide. Of 854 images of round blurs, on photographs and by
simulated cameras, 8 had more; of 133 with ratios of 1.6, 54 %; of 134 with 2.0, 91 %."""

LEAST_RATIO = 1.25
"""Longer over shorter width from which on it is."""

_SPECTRUM_SHARE, _MOST_BY_SPECTRUM = 0.5, 0.35  # what spectra add to what the network says
_LEAST_WINDOWS = 4
_SPECTRUM_DOUBT, _SQUARE_DOUBT = 0.05, 0.02  # of the square of the width, and pixels squared: no window is surer
_EDGE_DOUBT = 0.15  # nor by its edges, of the logarithm of the squared width
_NEAR = 0.1  # share of the squared radius of the image below which windows do not tell where the radius points
_MOST = 0.95  # share of the squared width by which directions may differ from the mean
_MOST_FACTOR = math.log(5)  # logarithm of what a width may be off by
_ROUNDS = 15
_TUNING = 1.5  # standard deviations at which a window counts half


@dataclass(frozen=True)
class Evidence:
    """What speaks for a blur that is longer than wide.

    Attributes:
        strength: As a natural logarithm of the ratio, what the network says and what spectra add where edges agree; 0
            for a round blur.
        widths: What its widths would be.
    """

    strength: float
    widths: Astigmatism


def evidence(votes: Votes, width: float, std: float) -> Evidence | None:
    """Judge what the windows of one image say of directions; None if they were not asked, or too few tell.

    Args:
        votes: What they say.
        width: The joined width in pixels.
        std: Standard deviation of its logarithm.
    """
    if votes.spectrum_turn is None or votes.edge_turn is None:
        return None
    told = votes.spectrum_turn[:, 2] < UNTOLD
    if int(told.sum()) < _LEAST_WINDOWS:
        return None
    courses: tuple[Course, ...] = ("even", "radial")
    return max((_evidence(votes, told, width, std, course) for course in courses), key=lambda each: each.strength)


def _evidence(votes: Votes, told: Tensor, width: float, std: float, course: Course) -> Evidence:
    """The same, if the long side lies by a course."""
    spectrum, edges = votes.spectrum_turn, votes.edge_turn
    assert spectrum is not None
    assert edges is not None
    centres = votes.centres.double()
    apart = centres - (centres.amin(dim=0) + centres.amax(dim=0)) / 2
    reach = float(apart.norm(dim=1).max())
    if course == "radial":
        spectrum, edges = (_by_radius(turn.double(), apart / max(reach, 1.0)) for turn in (spectrum, edges))
    doubt = _SPECTRUM_DOUBT * width**2 + _SQUARE_DOUBT
    turn, off = _joined(spectrum[told].double(), doubt)
    seen, _ = _joined(edges.double(), _EDGE_DOUBT)
    share = 1.0  # of the squared reach
    if course == "radial":
        share = float((apart / max(reach, 1.0)).square().sum(dim=1).mean())
        turn, off = turn * turn.new_tensor([share, 0.0]), off * share
    size = float(turn.norm())
    agreement = float(turn @ seen) / max(size * float(seen.norm()), 1e-12)
    sure = min(max(size - NINETY * off, 0.0) / width**2, _MOST)
    longer = float((votes.weights * votes.elongation).sum())
    strength = longer + min(_SPECTRUM_SHARE * math.atanh(sure) * max(agreement, 0.0), _MOST_BY_SPECTRUM)
    # Where the blur is even, along is the long side; by the radius, it may be the short one.
    signed = size if course == "even" else float(turn[0])
    signed = math.copysign(min(abs(signed), _MOST * width**2), signed)
    along, across = (_width(width**2 + side * signed, off, std) for side in (1, -1))
    if course == "radial":
        return Evidence(strength, Astigmatism("radial", along, across, distance=reach * math.sqrt(share)))
    angle = math.degrees(math.atan2(float(turn[1]), float(turn[0])) / 2) % 180
    return Evidence(strength, Astigmatism("even", along, across, angle=angle))


def _by_radius(turn: Tensor, place: Tensor) -> Tensor:
    """What windows (N, 3) at places (N, 2), as shares of the reach, say of a difference that grows with its square."""
    square = place.square().sum(dim=1)
    down, right = place.unbind(dim=1)
    cosine, sine = (
        (right.square() - down.square()) / square.clamp(min=1e-9),
        2 * right * down / square.clamp(min=1e-9),
    )
    along, beside = turn[:, 0] * cosine + turn[:, 1] * sine, turn[:, 1] * cosine - turn[:, 0] * sine
    return torch.stack([along, beside, turn[:, 2]], dim=1) / square.clamp(min=_NEAR)[:, None]


def _joined(turn: Tensor, doubt: float) -> tuple[Tensor, float]:
    """The vector that windows (N, 3) have in common, which outliers do not move far, and its standard deviation."""
    seen, std = turn[:, :2], torch.hypot(turn[:, 2], turn.new_tensor(doubt))
    trust = std.square().reciprocal()
    common = seen.median(dim=0).values
    weight = trust
    for _ in range(_ROUNDS):
        distance = (seen - common).norm(dim=1) / std
        scale = (distance.median() / 1.18).clamp(min=1.0)  # 1.18: the median length of a vector of two normal values
        weight = trust / (1 + (distance / (_TUNING * scale)).square())
        common = (weight[:, None] * seen).sum(dim=0) / weight.sum()
    count = float(weight.sum().square() / weight.square().sum())
    spread = (weight * (seen - common).square().sum(dim=1)).sum() / weight.sum() / 2
    return common, math.sqrt(float(spread) / max(count - 1, 1.0))


def _width(square: float, off: float, std: float) -> Blur:
    """A width, from its square, the standard deviation of that, and of the logarithm of the width that both share."""
    sigma = math.sqrt(square)
    factor = math.exp(min(NINETY * math.hypot(off / (2 * square), std), _MOST_FACTOR))
    return Blur(sigma, sigma / factor, sigma * factor)
