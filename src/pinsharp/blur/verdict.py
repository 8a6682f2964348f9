"""What a measurement is good for: a verdict on the blur of one image, with its reasons in plain words."""

import math
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from pinsharp.blur.votes import Votes, WidthField, fit

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

SHARP_BELOW = 0.5
"""Width in pixels below which an image counts as in focus."""

MOST_WIDTH = 5.5
"""Width in pixels above which nothing that is seen of fine detail stems from the scene."""

UNCERTAIN = 0.30
"""Relative standard deviation of the width from which on it says nothing."""

LONG = math.log(1.6)
"""Elongation from which on a kernel is not that of defocus."""

AGREEING = 2.5
"""Standard deviations, its own, within which a window agrees with the field."""

LEAST_AGREEMENT = 0.35
"""Share of the weight of the windows that has to agree."""

RISE = math.log(1.25)
"""Logarithm of the largest width of a field over the smallest, from which on the blur varies."""

NINETY = 1.645
"""Standard deviations to each side that hold nine of ten values of a normal distribution."""


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found of the blur of one image.

    Attributes:
        verdict: What can be done.
        reason: Why, in one sentence.
        field: How the width changes over the image.
        agreement: Share of the windows, by weight, that agree with the field.
        low: Lower end of the interval that holds the width, in pixels, nine times of ten.
        high: Upper end.
    """

    verdict: Verdict
    reason: str
    field: WidthField
    agreement: float
    low: float
    high: float


def find(votes: Votes, log_width: float, std: float, *, is_periodic: bool = False) -> Finding:
    """Judge the blur of one image.

    Args:
        votes: What its windows say.
        log_width: Logarithm of the joined width in pixels.
        std: Its standard deviation.
        is_periodic: Whether the image repeats itself, as gratings and dots do.
    """
    field = fit(votes)
    agreement = _agreement(votes, field)
    low, high = (math.exp(log_width + side * NINETY * std) for side in (-1, 1))
    widths = field.at(votes.centres)[~field.outliers]
    longer = float((votes.weights * votes.elongation).sum())
    verdict, reason = _verdict(math.exp(log_width), std, high, longer, agreement, widths, is_periodic)
    return Finding(verdict, reason, field, agreement, low, high)


def _verdict(
    width: float, std: float, high: float, longer: float, agreement: float, widths: Tensor, is_periodic: bool
) -> tuple[Verdict, str]:
    if std > UNCERTAIN and high > SHARP_BELOW:
        if is_periodic:
            return "periodic", "the image repeats itself, so that its pattern and a blur cannot be told apart"
        return "no-texture", "there is too little structure above the noise to measure a blur by"
    if longer > LONG and width > SHARP_BELOW:
        return "motion-or-astigmatism", f"the blur is {math.exp(longer):.1f} times as long as wide, which no defocus is"
    if width > MOST_WIDTH:
        return "too-blurred", f"the blur is wider than {MOST_WIDTH:g} px, so that no fine detail is left"
    least, most = (float(end) for end in (widths.amin(), widths.amax())) if len(widths) else (width, width)
    if agreement < LEAST_AGREEMENT:
        return "contradictory", f"only {100 * agreement:.0f} % of the windows agree on one width"
    if most > least * math.exp(RISE) and most > SHARP_BELOW:
        return "varying", f"the width changes over the image, from {least:.1f} to {most:.1f} px"
    if width < SHARP_BELOW:
        return "sharp", "the image is in focus; there is nothing to gain"
    return "restorable", "the blur is even and within the range that can be undone"


def _agreement(votes: Votes, field: WidthField) -> float:
    expected = field.at(votes.centres).log()
    agrees = (votes.log_width - expected).abs() < AGREEING * votes.std.clamp(min=0.05)
    return float((votes.weights * agrees).sum() / votes.weights.sum())
