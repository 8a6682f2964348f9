"""The figures of a comparison: of one image, of all together, in words that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from pinsharp.detect.comparison import Comparison, PinCounts
from pinsharp.detect.matching import Scores, score
from pinsharp.detect.tables import Particle


class Totals(NamedTuple):
    """Detections before, after, in both, only after and only before, and pins whose verdict changes, of all images."""

    before: int
    after: int
    both: int
    new: int
    lost: int
    changed_pins: int


def totals(comparisons: Sequence[Comparison]) -> Totals:
    """Add up what was found, over all images."""
    counts = []
    for each in comparisons:
        sides = (each.before.particles, each.after.particles)
        counts.append([len(part) for part in (*sides, each.matching.pairs, each.new, each.lost, each.changed_pins)])
    return Totals(*map(sum, zip(*counts, strict=True)))


def total_wrong_pins(comparisons: Sequence[Comparison]) -> tuple[int, int] | None:
    """Pins judged wrongly before and after, over all images; None unless each can say."""
    known = [each.wrong_pins for each in comparisons if each.wrong_pins is not None]
    if not known or len(known) < len(comparisons):
        return None
    return sum(before for before, _ in known), sum(after for _, after in known)


def total_scores(comparisons: Sequence[Comparison]) -> tuple[Scores, Scores] | None:
    """Scores before and after over all images as if they were one; None unless the truth of each is known."""
    if not comparisons or any(comparison.truth is None for comparison in comparisons):
        return None
    area = sum(comparison.shape[0] * comparison.shape[1] for comparison in comparisons)
    tolerance = comparisons[0].tolerance
    truth = _below_each_other(comparisons, [comparison.truth or () for comparison in comparisons])
    before = _below_each_other(comparisons, [comparison.before.particles for comparison in comparisons])
    after = _below_each_other(comparisons, [comparison.after.particles for comparison in comparisons])
    return (
        score(before, truth, tolerance=tolerance, area_px=area),
        score(after, truth, tolerance=tolerance, area_px=area),
    )


def figures(comparison: Comparison) -> dict[str, Any]:
    """Everything that the report says of an image, as values that JSON can hold."""
    return {
        "image": comparison.name,
        "shape": list(comparison.shape),
        "before": len(comparison.before.particles),
        "after": len(comparison.after.particles),
        "in_both": len(comparison.matching.pairs),
        "new": [asdict(each) for each in comparison.new],
        "lost": [asdict(each) for each in comparison.lost],
        "pins": [_pin_figures(pin) for pin in comparison.pins],
        "scores": scores_document(comparison.scores),
        "pins_judged_wrongly": _both(comparison.wrong_pins),
    }


def figures_of_all(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The figures of the page as values that JSON can hold, each image and all together."""
    found = totals(comparisons)
    return {
        "images": [figures(comparison) for comparison in comparisons],
        "in_both": found.both,
        "new": found.new,
        "lost": found.lost,
        "pins_that_change": found.changed_pins,
        "scores": scores_document(total_scores(comparisons)),
        "pins_judged_wrongly": _both(total_wrong_pins(comparisons)),
    }


def scores_document(scores: tuple[Scores, Scores] | None) -> dict[str, Any] | None:
    """Scores before and after, as values that JSON can hold."""
    return _both(tuple(asdict(each) for each in scores) if scores else None)


def _both(values: Sequence[Any] | None) -> dict[str, Any] | None:
    return None if values is None else dict(zip(("before", "after"), values, strict=True))


def _pin_figures(pin: PinCounts) -> dict[str, Any]:
    verdicts = [None if passes is None else "pass" if passes else "fail" for passes in pin.verdicts]
    return {
        "number": pin.number,
        "before": pin.before,
        "after": pin.after,
        "truth": pin.truth,
        "verdict_before": verdicts[0],
        "verdict_after": verdicts[1],
        "changes": pin.changes,
    }


def _below_each_other(comparisons: Sequence[Comparison], sides: Sequence[Sequence[Particle]]) -> list[Particle]:
    """The particles of all images in one, with room between the images that no pair can span."""
    heights = [comparison.shape[0] + 2 * comparison.tolerance + 1 for comparison in comparisons]
    tops = np.cumsum([0, *heights[:-1]])
    return [replace(each, row=each.row + float(top)) for top, side in zip(tops, sides, strict=True) for each in side]
