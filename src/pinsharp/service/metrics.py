"""The metrics for Prometheus."""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250)
_PIXELS = (0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


class Metrics:
    """Counters of one service, in a registry of their own: two services in a process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "pinsharp_request_seconds",
            "Time from a request's headers to the end of its answer.",
            ["route", "status"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._refusals = Counter(
            "pinsharp_refusals", "Requests and jobs that were refused or failed.", ["reason"], registry=self.registry
        )
        self._sigma = Histogram(
            "pinsharp_sigma_pixels", "Measured width of the blur.", registry=self.registry, buckets=_PIXELS
        )
        self._verdicts = Counter("pinsharp_verdicts", "Verdicts on images.", ["verdict"], registry=self.registry)
        self._left = Counter("pinsharp_left_alone", "Images that came back as they were.", registry=self.registry)
        self._jobs = Counter("pinsharp_jobs_ended", "Long jobs that have ended.", ["state"], registry=self.registry)

    def watch(self, name: str, words: str, value: Callable[[], float]) -> None:
        """Show a number that is asked for when somebody looks."""
        Gauge(name, words, registry=self.registry).set_function(value)

    def answered(self, route: str, status: int, reason: str, seconds: float) -> None:
        """Count an answer; status 0 is one that never began."""
        self._seconds.labels(route, str(status)).observe(seconds)
        if reason:
            self._refusals.labels(reason).inc()

    def refused(self, reason: str) -> None:
        """Count what was refused or has failed."""
        self._refusals.labels(reason).inc()

    def measured(self, figures: Mapping[str, Any]) -> None:
        """Count what was found on an image."""
        if isinstance(sigma := figures.get("sigma"), float):
            self._sigma.observe(sigma)
        if verdict := figures.get("verdict"):
            self._verdicts.labels(verdict).inc()
        if figures.get("restored") is False:
            self._left.inc()

    def ended(self, state: str) -> None:
        """Count a job that has ended."""
        self._jobs.labels(state).inc()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
