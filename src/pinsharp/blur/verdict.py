"""What a measurement is good for: a verdict on the blur of one image, with its reasons in plain words."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from pinsharp.blur.normal import NINETY
from pinsharp.blur.votes import Votes, WidthField, fit

if TYPE_CHECKING:
    from pinsharp.blur.astigmatism import Astigmatism

Verdict = Literal[
    "sharp",
    "restorable",
    "varying",
    "too-blurred",
    "motion-or-astigmatism",
    "no-texture",
    "periodic",
    "contradictory",
]

LEFT_ALONE: tuple[Verdict, ...] = (
    "sharp",
    "too-blurred",
    "motion-or-astigmatism",
    "no-texture",
    "periodic",
    "contradictory",
)
"""Verdicts whose images are not restored unless it is forced: nothing can be gained, or nothing trusted."""

UNTRUSTED: tuple[Verdict, ...] = ("motion-or-astigmatism", "no-texture", "periodic", "contradictory")
"""Verdicts whose width is not to be acted on."""

LEAST_WIDTH = 0.2
"""Width in pixels below which none is measured: it is left where the camera's own softness was taken off."""

SHARP_BELOW = 0.5
"""Width in pixels below which an image counts as in focus."""

MOST_WIDTH = 5.5
"""Width in pixels above which an image has no fine detail left, and restorers were not trained: a disc of radius 11.
Held-out photographs gained 1.3 to 1.7 dB between 5 and 6 pixels, below 1 from 7 on."""

MAYBE_SHARP = 0.25
"""Chance, by its interval, that an image is in focus, from which on it is left alone. Of a real series, images in focus
lost 3 to 7 dB when they were restored, barely blurred ones gained 1 to 4; and cameras take more of them than training
has."""

SURELY_SHARP = 0.8
"""Upper end of the interval, in pixels, below which an image is in focus though its width is uncertain."""

SLOPE_BELOW = 0.3
"""Share of the contrast beside an even slope below which a window shows nothing that could be blurred. Photographs
blurred by sigma 0 to 7 have 0.8 and more in their best windows, ramps 0.04 and less, with noise too."""

PERIODIC = 0.9
"""Periodicity from which on a pattern may be what makes the width uncertain. Photographs blurred by sigma 2 have 0.7
(median) and 0.9 (one in ten), gratings and checkers of up to 20 pixels 0.98 and more."""

UNCERTAIN = 0.65
"""Standard deviation of the logarithm of the width from which on it says nothing. Of noise alone it is 0.78 and more;
of held-out pictures that could be restored below 0.5, but for two in 139, and restoring those above 0.42 gained 1.4 dB
on the mean."""

UNCERTAIN_PATTERN = 0.25
"""The same of an image that repeats itself, where more goes wrong: of 60 held-out patterns 14 were read a quarter off
and more, 9 of them with a deviation above this; of the others, half."""

MOVED = math.log(1.7)
"""Elongation from which on a kernel is not that of defocus: round ones, of held-out pictures, were read as up to 1.5,
motion of 5 pixels and more as 2.3 and more."""

STRONGLY_TURNED = 0.5
"""Evidence for a blur that is longer than wide (`astigmatism`) from which on it is no defocus: of 854 images of round
blurs, on photographs and by simulated cameras, one had more."""

AGREEING = 2.5
"""Standard deviations, its own, within which a window agrees with the field."""

LEAST_AGREEMENT = 0.35
"""Share of the weight of the windows that has to agree."""

MOSTLY_AGREEING = 0.75
"""The same where the whole image is to be as sharp as its camera."""

MOSTLY = 0.5
"""Share of the windows, by weight, from which on what they witness holds for the image."""

RISE = math.log(1.25)
"""Logarithm of the largest width of a field over the smallest, from which on the blur varies."""

UNCERTAIN_BY = 2.0
"""Factor between the ends of the 90 % interval above which a width is called uncertain: it may be half or twice."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found of the blur of one image.

    Attributes:
        verdict: What can be done.
        reason: Why, in one sentence.
        field: How the width changes over the image.
        agreement: Share of the windows, by weight, that agree with the field.
        low: Lower end of the 90 % interval of the width, in pixels.
        high: Upper end.
        astigmatism: Widths along and across, where the blur is longer than wide; else None.
    """

    verdict: Verdict
    reason: str
    field: WidthField
    agreement: float
    low: float
    high: float
    astigmatism: "Astigmatism | None" = None


def find(votes: Votes, log_width: float, std: float) -> Finding:
    """Judge the blur of one image.

    Args:
        votes: What its windows say.
        log_width: Logarithm of the joined width in pixels.
        std: Its standard deviation.
    """
    from pinsharp.blur.astigmatism import LEAST_RATIO, LONG, evidence

    field = fit(votes)
    agreement = _agreement(votes, field)
    low, high = (math.exp(log_width + side * NINETY * std) for side in (-1, 1))
    width = math.exp(log_width)
    turned = evidence(votes, width, std) if width > SHARP_BELOW else None
    strength = turned.strength if turned else 0.0
    verdict, reason = _verdict(votes, field, width, std, (low, high), agreement, strength)
    is_long = turned is not None and strength > LONG and turned.widths.ratio > LEAST_RATIO and verdict != "sharp"
    return Finding(verdict, reason, field, agreement, low, high, turned.widths if turned and is_long else None)


def _verdict(
    votes: Votes,
    field: WidthField,
    width: float,
    std: float,
    interval: tuple[float, float],
    agreement: float,
    turned: float,
) -> tuple[Verdict, str]:
    """What can be done, and why; the first that applies. `turned` is the evidence for a blur longer than wide."""
    longer = float((votes.weights * votes.elongation).sum())
    if float(torch.quantile(votes.structure.float(), 0.9)) < SLOPE_BELOW:
        return "no-texture", "there are only even areas and slopes, which look the same however blurred they are"
    if _share(votes, votes.mosaic) > MOSTLY:
        return "contradictory", (
            "neighbouring pixels differ as in the raw mosaic of a colour sensor, of which colours have to be made first"
        )
    repeats = float((votes.weights * votes.periodicity).sum()) > PERIODIC
    if _share(votes, votes.combed) > MOSTLY and not repeats:  # of slanted lines a shift explains every second row too
        return "contradictory", (
            "every second row or column is shifted against the others, as in interlaced video or a scan to and fro"
        )
    if longer > MOVED and width > SHARP_BELOW:
        return "motion-or-astigmatism", f"the blur is {math.exp(longer):.1f} times as long as wide, which no defocus is"
    if turned > STRONGLY_TURNED:
        return "motion-or-astigmatism", "the blur is longer than wide all over the image, which no defocus is"
    if width > MOST_WIDTH:
        return "too-blurred", "the blur is so wide that no fine detail is left"
    least, most = _ends(votes, field, width)
    if width < LEAST_WIDTH and most < SURELY_SHARP and agreement > MOSTLY_AGREEING:
        return "sharp", "the image is as sharp as its camera; there is nothing to gain"
    if repeats and std > UNCERTAIN_PATTERN and interval[1] > SURELY_SHARP:
        return "periodic", "the image repeats itself, so that its pattern and a blur cannot be distinguished"
    if std > UNCERTAIN and interval[1] > SURELY_SHARP:
        return "no-texture", "there is too little structure above the noise to measure a blur by"
    if agreement < LEAST_AGREEMENT:
        return "contradictory", f"only {100 * agreement:.0f} % of the windows agree on one width"
    rises = most > least * math.exp(RISE)
    if width < SHARP_BELOW and most < SURELY_SHARP:
        return "sharp", "the image is in focus; there is nothing to gain"
    if _chance_below(SHARP_BELOW, width, std) > MAYBE_SHARP and not rises:
        return "sharp", "the image may as well be in focus; there is nothing sure to gain"
    if rises:
        return "varying", f"the width changes over the image, from {least:.1f} to {most:.1f} px"
    return "restorable", "the blur is even and within the range that can be undone"


def _share(votes: Votes, witness: Tensor | None) -> float:
    """Share of the windows, by weight, that a witness of 0 or 1 speaks of."""
    return 0.0 if witness is None else float((votes.weights * witness).sum() / votes.weights.sum())


def _chance_below(limit: float, width: float, std: float) -> float:
    """Chance that a width whose logarithm has a standard deviation is below a limit."""
    return 0.5 * math.erfc(math.log(width / limit) / (max(std, 1e-6) * math.sqrt(2)))


def _ends(votes: Votes, field: WidthField, width: float) -> tuple[float, float]:
    """Least and largest width of the field where windows follow it."""
    widths = field.at(votes.centres)[~field.outliers]
    return (float(widths.amin()), float(widths.amax())) if len(widths) else (width, width)


def _agreement(votes: Votes, field: WidthField) -> float:
    expected = field.at(votes.centres).log()
    agrees = (votes.log_width - expected).abs() < AGREEING * votes.std.clamp(min=0.05)
    return float((votes.weights * agrees).sum() / votes.weights.sum())
