"""Detections against the truth: which belong together, and the figures that say how good a detector is.

The same functions compare two detections of one part, before and after something was done to its image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from pinsharp.detect.particles import Inspection

TOLERANCE = 3.0
"""Pixels between the centres of a detection and the particle that it stands for, at most; half a usual particle."""

SAME_PIN = 0.5
"""Share of the area covered by either of two boxes that both cover, from which on they are one pin."""


@dataclass(frozen=True)
class Matching:
    """Detections and true particles, one to one."""

    pairs: tuple[tuple[Particle, Particle], ...]  # (detection, true particle), in the order of the detections
    extra: tuple[Particle, ...]  # detections without a particle: false alarms
    missed: tuple[Particle, ...]  # particles without a detection

    @property
    def distances(self) -> tuple[float, ...]:
        """Pixels between the two centres of every pair."""
        return tuple(math.hypot(one.row - other.row, one.column - other.column) for one, other in self.pairs)


@dataclass(frozen=True)
class Scores:
    """How good a detector was on an image."""

    precision: float  # share of the detections that are particles; 1 if there is no detection
    recall: float  # share of the particles that were detected; 1 if there is no particle
    f1: float  # harmonic mean of both, 2 pairs / (detections + particles); 1 if there are neither
    average_precision: float  # area below precision over recall as the least strength falls, without interpolation
    localisation_rms: float | None  # root mean square distance of the pairs in pixels; None if there is no pair
    false_alarms: int  # detections that are no particle
    missed: int  # particles that were not detected
    pairs: int  # detections that are particles
    false_alarms_per_megapixel: float  # the same false alarms, by the area of the image


def match(found: Sequence[Particle], truth: Sequence[Particle], *, tolerance: float = TOLERANCE) -> Matching:
    """Pair detections with true particles, or with the detections of another image of the same part, one to one.

    Of all ways to pair what lies within the tolerance, in pixels, one with the greatest number of pairs is taken, and
    of those one with the least sum of distances. Neither strength nor diameter matters.

    Raises:
        ConfigError: If the tolerance is negative or no number.
    """
    partner: dict[int, int] = {}
    for rows, columns, distance in _neighbourhoods(found, truth, tolerance):
        # One pair too few costs more than all the distances that could be saved by it.
        too_far = 1 + min(distance.shape) * tolerance
        chosen = linear_sum_assignment(np.where(np.isinf(distance), too_far, distance))
        partner |= {int(rows[i]): int(columns[j]) for i, j in zip(*chosen, strict=True) if np.isfinite(distance[i, j])}
    taken = set(partner.values())
    return Matching(
        pairs=tuple((found[i], truth[partner[i]]) for i in sorted(partner)),
        extra=tuple(each for i, each in enumerate(found) if i not in partner),
        missed=tuple(each for j, each in enumerate(truth) if j not in taken),
    )


def score(
    found: Sequence[Particle], truth: Sequence[Particle], *, tolerance: float = TOLERANCE, area_px: float
) -> Scores:
    """Judge detections by the truth on an image of `area_px` pixels, > 0; `tolerance` is as for `match`.

    Raises:
        ConfigError: If the tolerance is negative or no number.
    """
    matching = match(found, truth, tolerance=tolerance)
    pairs, extra, missed = len(matching.pairs), len(matching.extra), len(matching.missed)
    squares = [distance**2 for distance in matching.distances]
    return Scores(
        precision=pairs / len(found) if found else 1.0,
        recall=pairs / len(truth) if truth else 1.0,
        f1=2 * pairs / (len(found) + len(truth)) if found or truth else 1.0,
        average_precision=average_precision(found, truth, tolerance=tolerance),
        localisation_rms=math.sqrt(sum(squares) / pairs) if pairs else None,
        false_alarms=extra,
        missed=missed,
        pairs=pairs,
        false_alarms_per_megapixel=1e6 * extra / area_px,
    )


def average_precision(found: Sequence[Particle], truth: Sequence[Particle], *, tolerance: float = TOLERANCE) -> float:
    """Sum precision times gain of recall over all thresholds of the strength, from the strictest on.

    Precision and recall of a threshold are those of `match` with the detections that reach it, so a strong detection
    is never a false alarm because a weak one lies closer. Equal strengths come in together. Without particles it is 1
    if nothing was found, otherwise 0.

    Raises:
        ConfigError: If the tolerance is negative or no number.
    """
    is_pair = _adds_pair(found, truth, tolerance)
    if not truth:
        return 0.0 if found else 1.0
    strengths = np.array([each.strength for each in found])
    order = np.argsort(-strengths, kind="stable")
    is_last_of_equals = np.append(np.diff(strengths[order]) != 0, True)[: len(order)]
    taken = np.flatnonzero(is_last_of_equals) + 1  # detections that reach each threshold
    pairs = np.cumsum(is_pair[order])[is_last_of_equals]
    return float(np.sum(np.diff(pairs, prepend=0) / len(truth) * pairs / taken))


def judged_wrongly(inspection: Inspection, truth: Sequence[Particle], pins: Sequence[Pin], minimum: int) -> int:
    """Count the true pins that pass although they should fail, fail although they should pass, or were not found.

    The inspection may have found pins of its own; where true particles lie decides on which true pin they count. A pin
    needs `minimum` particles to pass.
    """
    true_counts = count_on_pins(truth, pins)
    found = {true.number: inspection.counts.get(pin.number, 0) for pin, true in match_pins(inspection.pins, pins)}
    return sum(
        number not in found or (found[number] >= minimum) != (count >= minimum) for number, count in true_counts.items()
    )


def count_on_pins(particles: Sequence[Particle], pins: Sequence[Pin]) -> Mapping[int, int]:
    """Count the particles that lie on each pin, by position, whatever their own `pin` says; by the pin's number."""
    return {pin.number: sum(pin.contains(each.row, each.column) for each in particles) for pin in pins}


def match_pins(found: Sequence[Pin], truth: Sequence[Pin]) -> tuple[tuple[Pin, Pin], ...]:
    """Pair pins of two images of one part, one to one, by the area that they share; their numbers do not matter.

    Two pins that were taken for one make no pair with it, nor does a piece of a pin that is smaller than `SAME_PIN`.
    """
    boxes = [
        np.array([(pin.top, pin.left, pin.bottom, pin.right) for pin in pins]).reshape(-1, 4) for pins in (found, truth)
    ]
    first, second = boxes[0][:, None], boxes[1][None]  # (N, 1, 4), (1, M, 4)
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])  # (N, M, 2)
    shared = sides.clip(min=0).prod(axis=2)
    areas = [(box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (first, second)]
    overlap = shared / (areas[0] + areas[1] - shared)
    chosen = zip(*linear_sum_assignment(overlap, maximize=True), strict=True)
    return tuple((found[i], truth[j]) for i, j in chosen if overlap[i, j] >= SAME_PIN)


def _adds_pair(found: Sequence[Particle], truth: Sequence[Particle], tolerance: float) -> NDArray[np.bool_]:
    """Whether a detection, joining all stronger ones, makes one more pair possible; (N,), in the order of `found`.

    Taking detections in that order wherever they can still be paired is what an assignment does whose profit falls
    with the rank: sets of detections that can be paired at once are a matroid, for which the greedy choice is best.
    """
    adds = np.zeros(len(found), bool)
    for rows, _, distance in _neighbourhoods(found, truth, tolerance):
        rank = np.argsort(np.argsort([found[int(row)].strength for row in rows]))  # 0 is the weakest
        profit = np.isfinite(distance) * (1 + rank)[:, None]
        i, j = linear_sum_assignment(profit, maximize=True)
        adds[rows[i]] = profit[i, j] > 0
    return adds


def _neighbourhoods(
    found: Sequence[Particle], truth: Sequence[Particle], tolerance: float
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Split the particles into groups that can be paired independently, which keeps the assignments small.

    Gives indices into `found` (N,) and into `truth` (M,), and the distances (N, M), infinite past the tolerance. What
    is close to nothing is in no group.
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise ConfigError(f"--tolerance must be a distance in pixels, 0 or more, got {tolerance:g}; 3 is usual")
    if not found or not truth:
        return
    trees = [KDTree([(each.row, each.column) for each in side]) for side in (found, truth)]
    near = trees[0].sparse_distance_matrix(trees[1], tolerance, output_type="ndarray")  # records i, j, v
    # The tree compares squares, which are 0 of the smallest distances.
    offsets = [
        np.array([[each.row, each.column] for each in side])[k] for side, k in ((found, near["i"]), (truth, near["j"]))
    ]
    distance = np.hypot(*(offsets[0] - offsets[1]).T)
    i, j, distance = (values[distance <= tolerance] for values in (near["i"], near["j"], distance))
    count = len(found) + len(truth)
    graph = coo_array((np.ones(len(i), bool), (i, len(found) + j)), shape=(count, count))
    label = connected_components(graph, directed=False)[1][i]  # (edges,)
    order = np.argsort(label, kind="stable")
    for edges in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if len(edges):
            rows, row_of = np.unique(i[edges], return_inverse=True)
            columns, column_of = np.unique(j[edges], return_inverse=True)
            matrix = np.full((len(rows), len(columns)), np.inf)
            matrix[row_of, column_of] = distance[edges]
            yield rows, columns, matrix
