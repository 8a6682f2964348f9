"""The summary of a run: how many images, how fast, and how blurred they were."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pinsharp.batch.job import Outcome

_STEPS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_BINS = 10
_FEWEST = 5  # images; a histogram of fewer says less than their own lines
_BAR = 40
"""Characters of the longest bar of a histogram."""


@dataclass
class Summary:
    """Counts outcomes as they come."""

    done: int = 0  # images restored
    failed: int = 0  # images that could not be
    skipped: int = 0  # images that earlier runs had restored
    megapixels: float = 0.0  # of those restored
    sigmas: list[float] = field(default_factory=list)  # widths in pixels of those restored and skipped
    seconds: float = 0.0  # from the beginning to the last image
    _begun: float = field(default_factory=lambda: time.monotonic())

    def add(self, outcome: Outcome) -> None:
        """Count one."""
        self.seconds = time.monotonic() - self._begun
        self.done += outcome.state == "done"
        self.failed += outcome.state == "failed"
        self.skipped += outcome.state == "skipped"
        sigma, megapixels = (outcome.figures.get(name) for name in ("sigma", "megapixels"))
        if isinstance(sigma, int | float):
            self.sigmas.append(float(sigma))
        if outcome.state == "done" and isinstance(megapixels, int | float):
            self.megapixels += megapixels

    @property
    def images(self) -> int:
        """All that were counted."""
        return self.done + self.failed + self.skipped

    @property
    def pace(self) -> float:
        """Megapixels restored a second, whatever else was done meanwhile."""
        return self.megapixels / max(self.seconds, 1e-9)

    def lines(self) -> list[str]:
        """The summary in words, with a histogram where there is something to compare."""
        pace = f"; {self.megapixels:.2f} megapixels in {self.seconds:.1f} s, {self.pace:.2f} megapixels a second"
        counts = f"{self.done} done, {self.failed} failed, {self.skipped} skipped{pace if self.done else ''}"
        bars = histogram_lines(self.sigmas) if len(self.sigmas) >= _FEWEST else []
        return [counts, *(["sigma in pixels:"] if bars else []), *bars]


def histogram(sigmas: Sequence[float]) -> list[tuple[float, float, int]]:
    """Count widths in at most eleven bins of a round size, empty ones between included: (from, to, how many)."""
    if not sigmas:
        return []
    low, high = min(sigmas), max(sigmas)
    step = next((step for step in _STEPS if (high - low) / step < _MOST_BINS), (high - low) / _MOST_BINS)
    first, last = int(low / step), int(high / step)
    counts = [0] * (last - first + 1)
    for sigma in sigmas:
        counts[int(sigma / step) - first] += 1
    return [(number * step, (number + 1) * step, count) for number, count in enumerate(counts, start=first)]


def histogram_lines(sigmas: Sequence[float]) -> list[str]:
    """A histogram as text, in ASCII, a line a bin."""
    bins = histogram(sigmas)
    most = max((count for *_, count in bins), default=0)
    return [
        f"  {low:5.2f} to {high:5.2f}  {'#' * -(-count * _BAR // most):<{_BAR}} {count}".rstrip()
        for low, high, count in bins
    ]
