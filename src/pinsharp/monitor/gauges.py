"""Figures of a monitor for Prometheus: served on this machine alone, or in a file for node_exporter."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, start_http_server

from pinsharp.atomic import write_atomically
from pinsharp.errors import OutputError
from pinsharp.monitor.alarms import KINDS
from pinsharp.monitor.monitor import Monitor, Report

HOST = "127.0.0.1"
"""Nobody but this machine may ask; a reverse proxy may let others."""


class Gauges:
    """What Prometheus sees of one monitor."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._width = Gauge("pinsharp_width_pixels", "Width of the blur in the last good image", registry=registry)
        self._ends = Gauge("pinsharp_width_interval_pixels", "Ends of its 90 % interval", ["end"], registry=registry)
        self._level = Gauge("pinsharp_smoothed_width_pixels", "Moving average of the width", registry=registry)
        self._band = Gauge(
            "pinsharp_control_band_pixels", "Band in which the average is in control", ["end"], registry=registry
        )
        self._limit = Gauge("pinsharp_limit_pixels", "Width that must not be reached", registry=registry)
        self._rise = Gauge("pinsharp_tilt_pixels", "Rise of the width across the image", ["axis"], registry=registry)
        self._until = Gauge(
            "pinsharp_images_until_limit", "Forecast; infinite where the width does not rise", registry=registry
        )
        self._learnt = Gauge("pinsharp_baseline_share", "Share of the baseline that is learnt", registry=registry)
        self._share = Gauge("pinsharp_measured_share", "Share of the images that was looked at", registry=registry)
        self._seen_at = Gauge("pinsharp_last_image_timestamp_seconds", "When it was measured", registry=registry)
        self._images = Counter("pinsharp_images", "Images by what became of them", ["verdict"], registry=registry)
        self._alarms = Counter("pinsharp_alarms", "Alarms by kind", ["kind"], registry=registry)
        self._held = Gauge("pinsharp_alarm_held", "1 while what an alarm is about lasts", ["about"], registry=registry)
        self._skipped = 0
        for kind in KINDS:
            self._alarms.labels(kind)
        self._images.labels("skipped")
        self._until.set(float("inf"))
        for unknown in (self._width, self._level):
            unknown.set(float("nan"))

    def take(self, monitor: Monitor, report: Report) -> None:
        """Show an image."""
        seen = report.measurement
        if seen.is_good and seen.width is not None and seen.low is not None and seen.high is not None:
            self._width.set(seen.width)
            _set_ends(self._ends, (seen.low, seen.high))
            self._rise.labels("down").set(seen.down or 0.0)
            self._rise.labels("across").set(seen.across or 0.0)
            self._until.set(report.ahead.images if report.ahead else float("inf"))
        if report.level is not None and report.band is not None:
            self._level.set(report.level)
            _set_ends(self._band, report.band)
        self._limit.set(monitor.rules.limit)
        self._learnt.set(monitor.learnt / monitor.rules.learns)
        self._share.set(monitor.counts.share)
        self._seen_at.set(seen.time_s)
        self._images.labels(seen.verdict).inc()
        self._images.labels("skipped").inc(monitor.counts.skipped - self._skipped)
        self._skipped = monitor.counts.skipped
        for alarm in report.alarms:
            self._alarms.labels(alarm.kind).inc()
        for about, is_held in monitor.held.items():
            self._held.labels(about).set(is_held)

    def serve(self, port: int) -> None:
        """Answer on a port of this machine, in a thread, until the process ends.

        Raises:
            OutputError: If the port is taken, or not allowed.
        """
        try:
            start_http_server(port, addr=HOST, registry=self.registry)
        except OSError as error:
            raise OutputError(
                f"--prometheus {port}: expected a free port, got {error.strerror}; choose another"
            ) from error

    def write(self, path: Path) -> None:
        """Write them to a file, completely or not at all.

        Raises:
            OutputError: If `path` cannot be written.
        """
        write_atomically(path, generate_latest(self.registry))


def _set_ends(gauge: Gauge, ends: tuple[float, float]) -> None:
    for name, value in zip(("low", "high"), ends, strict=True):
        gauge.labels(name).set(value)
