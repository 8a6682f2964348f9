"""`pinsharp monitor`: width, tilt and verdict of every image as it arrives, and alarms before images are lost."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.interrupts import Stop, stoppable
from pinsharp.cli.messages import Interrupted, complain, remark
from pinsharp.cli.options import Json, takes_recipe
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe

if TYPE_CHECKING:
    from pinsharp.monitor.gauges import Gauges
    from pinsharp.monitor.intake import Arrival, Intake
    from pinsharp.monitor.monitor import Monitor, Report
    from pinsharp.monitor.rules import Rules


@takes_recipe("model", "white_level", "raw", "light", "device", "precision", "mask", "faults", "reference", "profile")
def monitor(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="FOLDER|GLOB",
            help="Folder that images arrive in (not those inside it), or a pattern in quotes, such as 'in/cam1_*.tif'.",
        ),
    ],
    limit: Annotated[
        str | None,
        typer.Option(
            metavar="W",
            help="Width that must not be reached: 2px, or 15um with a profile that has a scale. Unless given: 5.5px, "
            "beyond which images are not restored.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="W",
            help="Width that images should have; unless given, that of the first images. How much widths "
            "scatter is learnt from them in any case.",
        ),
    ] = None,
    baseline: Annotated[
        int, typer.Option(metavar="N", help="Learn from the first N images with a width what is in control.")
    ] = 50,
    horizon: Annotated[
        int, typer.Option(metavar="K", help="Alarm if the limit will be reached within K images.")
    ] = 500,
    from_start: Annotated[
        bool,
        typer.Option(
            "--from-start", help="First measure all images that are there, in the order of arrival; else only new ones."
        ),
    ] = False,
    once: Annotated[
        bool,
        typer.Option("--once", help="Measure what is there and stop, for cron; with --state what is new since then."),
    ] = False,
    settle: Annotated[
        float, typer.Option(metavar="S", help="An image is complete when it has stood still for S seconds.")
    ] = 0.5,
    state: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Keep baseline and charts in a file, so that a restart continues with them."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="F.html", help="Write a page with the chart, again every few seconds.")
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(
            metavar="PORT|F.prom",
            help="Serve figures on a port of this machine, or write them to a file for node_exporter.",
        ),
    ] = None,
    on_alarm: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Run a command at each alarm, without a shell, for 30 s at most; PINSHARP_ALARM, PINSHARP_WORDS, "
            "PINSHARP_IMAGE, PINSHARP_WIDTH and others are in its environment.",
        ),
    ] = None,
    *,
    recipe: Recipe,
    as_json: Json = False,
) -> None:
    """Measure images as they arrive, and give an alarm before they can no longer be restored; no image is changed.

    Alarms: drift and step of the width, forecast (the limit will be reached), limit (it has been), tilt, refusals (too
    many images cannot be measured). Each is given once, until its cause has been away for 20 images. Where images come
    faster than they are measured, the newest is measured next and older ones are skipped; the share is shown.
    docs/service.md says how soon the charts find what.

    Exit status: 130 stopped by Ctrl-C or kill; 2 wrong use; with --once 0 no alarm, 1 alarms.
    """
    if len(source) > 1:
        raise ConfigError(f"expected one folder or pattern, got {len(source)}; put a pattern in quotes: 'in/*.tif'")
    if settle < 0:
        raise ConfigError(f"--settle must be at least 0 seconds, got {settle:g}")
    from pinsharp.monitor.intake import Intake
    from pinsharp.monitor.monitor import start
    from pinsharp.monitor.state import read_state

    rules = _rules(recipe, limit, target, baseline, horizon)
    measured_as = _measured_as(recipe)
    watched, since = start(rules), 0 if from_start or once else None
    if state is not None and state.exists():
        watched, since = read_state(state, watched, measured_as)
    intake = Intake(source[0], settle, since, remark)
    sinks = _Sinks(watched, source[0], state, measured_as, since or 0)
    sinks.open(page, prometheus, on_alarm)
    _watch(intake, watched, recipe, sinks, once=once, as_json=as_json)


def _rules(recipe: Recipe, limit: str | None, target: str | None, baseline: int, horizon: int) -> "Rules":
    from pinsharp.monitor.optics import optics_of
    from pinsharp.monitor.rules import Rules, width_in_px
    from pinsharp.restoration.profiled import profile_of

    profile = profile_of(recipe)
    optics = None if profile is None else optics_of(profile)
    most = Rules.limit if limit is None else width_in_px(limit, optics, "--limit")
    wanted = None if target is None else width_in_px(target, optics, "--target")
    return Rules(baseline, most, wanted, horizon, optics)


def _measured_as(recipe: Recipe) -> str:
    """What decides how images are measured, in words that change with it."""
    from pinsharp.restoration.recipe import MEASURING

    kept = {name: value for name, value in recipe.settings(window_matters=False).items() if name in MEASURING}
    digest = hashlib.sha256(repr(sorted(kept.items())).encode()).hexdigest()[:12]
    return f"{recipe.changes() or 'defaults'}, {digest}"


def _watch(intake: "Intake", watched: "Monitor", recipe: Recipe, sinks: "_Sinks", *, once: bool, as_json: bool) -> None:
    """Measure and show until there is nothing left or somebody stops it."""
    from pinsharp.cli.monitor_view import conclude, shown
    from pinsharp.monitor.watch import reports
    from pinsharp.monitor.words import to_learn_in_words
    from pinsharp.restoration.restorer import Restorer

    restorer = Restorer(recipe=recipe)
    restorer.check_measurable()
    before = sum(watched.counts.alarms.values())
    with stoppable(lambda: remark("stopping after this image; Ctrl-C again stops at once")) as stop:
        if not once:
            remark(f"monitoring {intake.root}; Ctrl-C stops")
        if words := to_learn_in_words(watched):
            remark(words)
        with shown(watched, sinks.source, as_json=as_json) as show:
            for arrival, report in reports(_arrivals(intake, stop, once=once), restorer.measure, watched):
                show(report)
                sinks.take(arrival, report)
    sinks.close()
    conclude(watched, as_json=as_json)
    if stop.is_set():
        raise Interrupted
    raise typer.Exit(int(sum(watched.counts.alarms.values()) > before))


def _arrivals(intake: "Intake", stop: Stop, *, once: bool) -> "Iterator[Arrival]":
    for arrival in intake.waiting():
        if stop.is_set():
            return
        yield arrival
    if not once:
        yield from intake.arriving(stop)
    elif intake.is_waiting():
        remark("images that changed a moment ago may not be complete and were left out; run again, or see --settle")


@dataclass
class _Sinks:
    """Where a monitor is written, beside what is shown."""

    monitor: "Monitor"
    source: str
    state: Path | None
    measured_as: str
    until_ns: int

    def open(self, page: Path | None, prometheus: str | None, on_alarm: str | None) -> None:
        """Open all that were asked for.

        Raises:
            ConfigError: If an option is not valid, or the program of --on-alarm does not exist.
            MissingExtra: If Prometheus's client is not installed.
            OutputError: If a file cannot be written, or the port is taken.
        """
        from pinsharp.monitor.hook import Hook
        from pinsharp.monitor.outputs import Followed

        self.hook = None if on_alarm is None else Hook(on_alarm, complain)
        self.gauges: Gauges | None = None
        self.files: list[Followed] = []
        if page is not None:
            self.files.append(Followed(lambda: self._write_page(page), complain))
        if prometheus is not None:
            self.gauges = _gauges()
            self._open_prometheus(self.gauges, prometheus)
        if self.state is not None:
            self.files.append(Followed(self._write_state, complain))
        for file in self.files:
            file.begin()

    def take(self, arrival: "Arrival", report: "Report") -> None:
        """Add an image with its alarms."""
        self.until_ns = max(self.until_ns, arrival.completed_ns)
        if self.gauges is not None:
            self.gauges.take(self.monitor, report)
        for alarm in report.alarms:
            if self.hook is not None:
                self.hook.run(alarm)
        for file in self.files:
            file.follow(at_once=bool(report.alarms))

    def close(self) -> None:
        """Write all files for the last time, and wait for commands."""
        for file in self.files:
            file.follow(at_once=True)
        if self.hook is not None:
            self.hook.wait()

    def _open_prometheus(self, gauges: "Gauges", asked: str) -> None:
        from pinsharp.monitor.outputs import Followed

        if asked.isdecimal() and 0 < int(asked) < 65536:
            gauges.serve(int(asked))
        elif asked.endswith(".prom"):
            self.files.append(Followed(lambda: gauges.write(Path(asked)), complain))
        else:
            raise ConfigError(f"--prometheus: expected a port, 1 to 65535, or a file that ends in .prom, got '{asked}'")

    def _write_page(self, path: Path) -> None:
        from pinsharp.atomic import write_atomically
        from pinsharp.monitor.page import page

        write_atomically(path, page(self.monitor, self.source).encode())

    def _write_state(self) -> None:
        from pinsharp.monitor.state import write_state

        assert self.state is not None
        write_state(self.state, self.monitor, self.measured_as, self.until_ns)


def _gauges() -> "Gauges":
    from pinsharp.cli.extras import need

    need("prometheus_client", extra="monitor")
    from pinsharp.monitor.gauges import Gauges

    return Gauges()
