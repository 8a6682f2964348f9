"""Two images of one part, inspected alike: what was found in both, only after and only before, and the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from pinsharp.detect.matching import (
    TOLERANCE,
    Matching,
    Scores,
    count_on_pins,
    judged_wrongly,
    match,
    match_pins,
    score,
)
from pinsharp.detect.particles import DetectorSettings, Inspection, inspect
from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ConfigError, ImageError


@dataclass(frozen=True)
class PinCounts:
    """Particles on one pin, before and after."""

    number: int  # the pin's number in the image after; where it was not found there, before
    box: Pin  # where it is, in the same image
    before: int | None  # particles on it; None if the pin was not found before
    after: int | None  # the same after
    truth: int | None  # true particles on it; None where the truth is not known
    minimum: int  # particles that it needs to pass

    @property
    def verdicts(self) -> tuple[bool | None, bool | None]:
        """Whether it passes, before and after; None where it was not found."""
        before, after = (None if count is None else count >= self.minimum for count in (self.before, self.after))
        return before, after

    @property
    def changes(self) -> bool:
        """Whether its verdict before is another than after."""
        return self.verdicts[0] is not self.verdicts[1]


@dataclass(frozen=True)
class Comparison:
    """What an inspection says before and after."""

    name: str  # of the image
    shape: tuple[int, int]  # its height and width in pixels
    before: Inspection  # what was found in the image before
    after: Inspection  # what was found after, with the same settings
    matching: Matching  # pairs (after, before); `extra` was found only after, `missed` only before
    pins: tuple[PinCounts, ...]  # of both images; those found only before at the end
    tolerance: float  # pixels that the two positions of a particle may be apart
    truth: tuple[Particle, ...] | None = None  # true particles, or None where they are not known
    scores: tuple[Scores, Scores] | None = None  # before and after against the truth; None without
    # Pins judged wrongly, before and after; None where true particles or true pins are not known.
    wrong_pins: tuple[int, int] | None = None

    @property
    def new(self) -> tuple[Particle, ...]:
        """Found only after, the strongest first."""
        return _strongest_first(self.matching.extra)

    @property
    def lost(self) -> tuple[Particle, ...]:
        """Found only before, the strongest first."""
        return _strongest_first(self.matching.missed)

    @property
    def changed_pins(self) -> tuple[PinCounts, ...]:
        """Pins whose verdict before is another than after."""
        return tuple(pin for pin in self.pins if pin.changes)


def compare(
    before: NDArray[Any],
    after: NDArray[Any],
    settings: DetectorSettings,
    *,
    name: str = "",
    tolerance: float = TOLERANCE,
    truth: Sequence[Particle] | None = None,
    pins: Sequence[Pin] | None = None,
) -> Comparison:
    """Inspect two images of one part with the same settings and compare what was found.

    Args:
        before: (H, W) or (H, W, 3); uint8, uint16 or float32 in [0, 1].
        after: Another of the same height and width, pixel for pixel the same part.
        settings: Of the detector.
        name: Of the image, for tables.
        tolerance: Pixels that the two positions of a particle may be apart.
        truth: True particles, if they are known.
        pins: The true pins. Without, each image is segmented on its own, and pins are paired by the area they share.

    Raises:
        ImageError: If the images differ in height or width.
        ConfigError: If true particles or pins lie outside of the image, or the tolerance is no distance.
    """
    height, width = before.shape[:2]
    if after.shape[:2] != (height, width):
        raise ImageError(
            f"expected two images of one shape, got {height} x {width} pixels before and {after.shape[0]} x "
            f"{after.shape[1]} after; they have to show the same part, pixel for pixel"
        )
    _check_inside(truth or (), (height, width))
    first, second = (inspect(image, settings, pins=pins) for image in (before, after))
    scores = wrong_pins = None
    if truth is not None:
        judge = partial(score, truth=truth, tolerance=tolerance, area_px=height * width)
        scores = judge(first.particles), judge(second.particles)
    if truth is not None and pins:
        count_wrong = partial(judged_wrongly, truth=truth, pins=pins, minimum=settings.minimum_per_pin)
        wrong_pins = count_wrong(first), count_wrong(second)
    return Comparison(
        name=name,
        shape=(height, width),
        before=first,
        after=second,
        matching=match(second.particles, first.particles, tolerance=tolerance),
        pins=_pin_counts(first, second, truth, settings.minimum_per_pin),
        tolerance=tolerance,
        truth=None if truth is None else tuple(truth),
        scores=scores,
        wrong_pins=wrong_pins,
    )


def _pin_counts(
    before: Inspection, after: Inspection, truth: Sequence[Particle] | None, minimum: int
) -> tuple[PinCounts, ...]:
    """A row a pin: those of the image after, in their order, then those that were found only before."""
    partner = {second.number: first for first, second in match_pins(before.pins, after.pins)}
    paired = {first.number for first in partner.values()}

    def row(box: Pin, first: Pin | None, second: Pin | None) -> PinCounts:
        return PinCounts(
            number=box.number,
            box=box,
            before=None if first is None else before.counts.get(first.number, 0),
            after=None if second is None else after.counts.get(second.number, 0),
            truth=None if truth is None else count_on_pins(truth, [box])[box.number],
            minimum=minimum,
        )

    return (
        *(row(pin, partner.get(pin.number), pin) for pin in after.pins),
        *(row(pin, pin, None) for pin in before.pins if pin.number not in paired),
    )


def _strongest_first(particles: Sequence[Particle]) -> tuple[Particle, ...]:
    return tuple(sorted(particles, key=lambda each: -each.strength))


def _check_inside(truth: Sequence[Particle], shape: tuple[int, int]) -> None:
    """Refuse the table of another image; `inspect` does so for pins."""
    height, width = shape
    for each in truth:
        if not (-0.5 <= each.row <= height - 0.5 and -0.5 <= each.column <= width - 0.5):
            raise ConfigError(
                f"expected true particles inside the image of {height} x {width} pixels, got one at row {each.row:g}, "
                f"column {each.column:g}; is it the table of another image?"
            )
