"""Records of images in practice, `robust.jsonl`: one for each model, situation, strength, photograph and blur.

They hold what was found and what would have been right; whether that counts as right is decided when they are read.
"""

from dataclasses import dataclass
from typing import Literal

from pinsharp.bench.engine.records import Kind, Records, Result
from pinsharp.bench.robust.case import UNMEASURED
from pinsharp.blur.verdict import UNCERTAIN_BY

WITHIN = 0.15
"""A width is right if it is off by no more than this share."""

HARM = 0.3
"""Decibels that a result may lose against its input."""

LOUD = ("sharp", "varying", *UNMEASURED, "too-blurred")
"""Verdicts that tell the user that not all is well; an error after one of them is no silent one."""

Standing = Literal["right", "wrong", "silent"]


@dataclass(frozen=True)
class Answer(Result):
    """What a model says and makes of one image, and what is right of it."""

    row: str  # the model
    situation: str
    strength: str
    image: str
    image_sha256: str  # of the photograph
    blur: str
    accepted: tuple[str, ...] = ()  # verdicts that are right
    least: float | None = None  # widths in pixels that are right, alike where there is one; None where there is none
    most: float | None = None
    sigma: float | None = None  # width that was found, in pixels; None if the image was refused
    low: float | None = None  # 90 % interval of it, in pixels; None if the model gives none
    high: float | None = None
    verdict: str | None = None  # what was said; `refused` for an error; None if the model judges nothing
    is_doubtful: bool = False  # whether the result was called doubtful
    is_restored: bool = False  # whether the image was changed
    change: float | None = None  # PSNR of the result less that of its input in dB; None if nothing was restored
    seconds: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """What this is an answer to."""
        return self.row, self.situation, self.strength, self.image_sha256, self.blur

    @property
    def place(self) -> str:
        """Situation, strength, photograph and blur."""
        return f"{self.situation} ({self.strength}) of {self.image}, {self.blur}"

    @property
    def error(self) -> float | None:
        """Share by which the found width is off the nearest right one; None where none is right, or none found."""
        if self.least is None or self.most is None or self.sigma is None:
            return None
        return self.sigma / min(max(self.sigma, self.least), self.most) - 1

    @property
    def is_covered(self) -> bool | None:
        """Whether the interval holds the true width; None where there is no one true width, or no interval."""
        if self.least is None or self.least != self.most or self.low is None or self.high is None:
            return None
        return self.low <= self.least <= self.high

    @property
    def is_width_right(self) -> bool:
        """Whether the width is right: near, or in an interval that says something; or rightly not claimed at all."""
        if self.verdict in UNMEASURED and self.verdict in self.accepted:
            return True
        if self.error is None:
            return False
        return abs(self.error) <= WITHIN or bool(self.is_covered and not self.is_uncertain)

    @property
    def is_verdict_right(self) -> bool:
        """Whether the verdict is acceptable; a model that gives none takes every image for restorable."""
        return (self.verdict or "restorable") in self.accepted

    @property
    def is_harmless(self) -> bool:
        """Whether the result is not worse than its input; left alone it is not."""
        return self.change is None or self.change >= -HARM

    @property
    def standing(self) -> Standing:
        """Right in all three; wrong; or wrong while nothing says so: `silent`."""
        if self.is_done and self.is_width_right and self.is_verdict_right and self.is_harmless:
            return "right"
        is_wrong = not (self.is_width_right and self.is_harmless)
        is_quiet = self.verdict not in LOUD and not self.is_doubtful and not self.is_uncertain
        return "silent" if self.is_done and is_wrong and is_quiet else "wrong"

    @property
    def is_uncertain(self) -> bool:
        """Whether the ends of the interval differ by so much that the width is called uncertain."""
        return self.low is not None and self.high is not None and self.high > UNCERTAIN_BY * self.low


KIND = Kind("robust.jsonl", "robust", "answer", "images in practice", Answer)
RobustRecords = Records[Answer]
