"""What `pinsharp restore`, `batch` and `watch` share: a line an image, the summary, the report, and how they end."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import typer

from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Figures, Job, Outcome
from pinsharp.batch.summary import Summary
from pinsharp.cli.each import Teller
from pinsharp.cli.messages import INTERRUPTED, remark
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress
from pinsharp.errors import OutputError
from pinsharp.words import distance_in_words, light_in_words, width_in_words

if TYPE_CHECKING:
    from pinsharp.batch.manifest import Manifest
    from pinsharp.batch.run import Plan


def say_stopping() -> None:
    """Answer the first Ctrl-C."""
    remark("stopping after what is being restored; Ctrl-C again stops at once")


def tell(
    outcomes: Iterable[Outcome],
    teller: Teller,
    model: str,
    *,
    note: Callable[[Outcome], object] | None = None,
    summary: Summary | None = None,
) -> Summary:
    """Print a line for each image that was restored or failed, as soon as it is known; none for those skipped.

    `model` is its name, for --json; `note` is given each outcome too. A `summary` whose time runs already goes on.
    """
    summary = summary or Summary()
    for outcome in outcomes:
        summary.add(outcome)
        if note:
            note(outcome)
        record: dict[str, object] = {"input": str(outcome.job.input), "output": str(outcome.job.output), "model": model}
        if outcome.state == "done":
            shown = {name: value for name, value in outcome.figures.items() if name != "width_map"}
            teller.done(record, shown, _line(outcome.job, outcome.figures))
            if outcome.figures.get("dropped"):
                remark(f"{outcome.job.input}: {outcome.figures['dropped']} not written to the result")
            for words in cast(list[str], outcome.figures.get("remarks", [])):
                remark(f"{outcome.job.input}: {words}")
            if outcome.figures.get("faults"):
                remark(f"{outcome.job.input}: left as it was: {outcome.figures['faults']}")
            if outcome.job.evidence and not outcome.figures.get("restored", True):
                remark(f"{outcome.job.input}: left as it is, so there is no evidence map")
            if outcome.figures.get("doubtful") and outcome.figures.get("restored", True):
                remark(_doubt(outcome.job, outcome.figures))
            if words := _remaining(outcome.job, outcome.figures):
                remark(words)
        elif outcome.error is not None:
            teller.failed(record, outcome.error)
    return summary


@dataclass
class Report:
    """The page that --report asks for, or none."""

    path: Path | None
    outcomes: list[Outcome] = field(default_factory=list)

    def check(self, jobs: list[Job], *, overwrite: bool) -> None:
        """Refuse, before any work, a page that could not be written."""
        if self.path is None:
            return
        if self.path.suffix.lower() not in (".html", ".htm"):
            raise OutputError(f"{self.path}: expected a name that ends in .html, got '{self.path.suffix}'; rename it")
        check_results([self.path], [job.input for job in jobs], overwrite=overwrite)

    def note(self, outcome: Outcome) -> None:
        """Keep what the page will show."""
        if self.path is not None:
            self.outcomes.append(outcome)

    def write(self, summary: Summary, settings: dict[str, object]) -> None:
        """Write the page, which tells the settings that decide the pixels, and say where it is."""
        if self.path is None:
            return
        from pinsharp.batch.report import write_report

        write_report(self.path, self.outcomes, summary, settings)
        remark(f"report: {self.path}")


def say_resumed(plan: "Plan", manifest: "Manifest") -> None:
    """Say where a run goes on."""
    over, to_do = len(plan.over), len(plan.to_do)
    known = f"{over} of {over + to_do} images are done, {to_do} to do"
    remark(f"{manifest.folder}: {f'a new run, {to_do} to do' if manifest.is_new else known}")


def tell_all(plan: "Plan", outcomes: Iterator[Outcome], teller: Teller, model: str, report: Report) -> Summary:
    """Carry a plan out, with a progress bar, and tell what earlier runs had done and what becomes of the rest."""
    with _ended(outcomes), progress(len(plan.over) + len(plan.to_do), "images") as advance:

        def note(outcome: Outcome) -> None:
            report.note(outcome)
            advance()

        return tell(chain(plan.over, outcomes), teller, model, note=note)


def _ended(outcomes: Iterator[Outcome]) -> AbstractContextManager[object]:
    return closing(outcomes) if isinstance(outcomes, Generator) else nullcontext()


def conclude(teller: Teller, summary: Summary, stop: Stop) -> None:
    """Print the summary on stderr, and end with the status that belongs to it.

    Raises:
        typer.Exit: With 130 if somebody has asked to stop, else with 1 if something has failed.
    """
    for line in summary.lines():
        remark(line)
    if stop.is_set():
        raise typer.Exit(INTERRUPTED)
    teller.conclude()


def _line(job: Job, figures: Figures) -> str:
    """A restored image in words, on one line."""
    found: Any = SimpleNamespace(**figures)
    further = ", then ".join(f"{sigma:.2f}" for sigma in found.sigmas[1:])
    times = f", {found.iterations} iterations (then {further} px)" if further else ""
    is_uncertain = bool(figures.get("uncertain"))  # manifests that were made before it was there do not say it
    width = width_in_words(found.sigma, found.sigma_relative_std, found.family, is_uncertain=is_uncertain)
    far = distance_in_words(figures)
    if not found.restored:
        return f"{job.input} -> {job.output}: {width}{far}; left as it is: {found.reason}"
    how = f"{_field(figures)}{_channels(figures)}{times}{_seam(figures)}{light_in_words(figures)}"
    frames = figures.get("frames", 1)
    size = f"{found.megapixels:.2f} megapixels" + (f" ({frames} frames)" if frames != 1 else "")
    return f"{job.input} -> {job.output}: {width}{far}{how}, {size} in {found.seconds:.2f} s"


def _doubt(job: Job, figures: Figures) -> str:
    """Why a result should not be trusted, on one line."""
    found: Any = SimpleNamespace(**figures)
    if found.refuted_sigma is not None:
        return (
            f"{job.output}: a blur of {found.refuted_sigma:.2f} px, as the image reads, does not explain it; restored "
            f"with {found.sigma:.2f} px, which does; check this result"
        )
    return (
        f"{job.output}: the result does not explain the image: blurred again, it is off by {255 * found.residual:.1f} "
        f"grey levels of 256 (noise {255 * found.noise:.1f}). The blur is probably narrower than {found.sigma:.2f} px, "
        "or of another kind; check this result"
    )


def _remaining(job: Job, figures: Figures) -> str:
    """How far a result is still out of focus, on one line, where its kernel was clearly too narrow; else empty."""
    left: Any = figures.get("remaining")
    if not left or not left["is_sure"]:
        return ""
    return (
        f"{job.output}: still about {left['sigma']:.1f} px out of focus ({left['low']:.1f} to {left['high']:.1f}): the "
        f"image reads as {left['measured']:.2f} px wide, the given kernel is {figures['sigma']:.2f}; it is probably "
        "too narrow, leave --kernel out to measure it"
    )


def _field(figures: Figures) -> str:
    """Between which widths the image was restored, where it was by a field."""
    field: Any = figures.get("field")
    if not field:
        return ""
    return f", by a field from {field['least']:.2f} to {field['most']:.2f} px ({len(field['levels'])} levels)"


def _channels(figures: Figures) -> str:
    """The widths of the channels, where each was restored by itself."""
    widths: Any = figures["channel_sigmas"]
    named = zip(("red", "green", "blue"), widths, strict=False)
    return f" ({', '.join(f'{name} {sigma:.2f}' for name, sigma in named)})" if widths else ""


def _seam(figures: Figures) -> str:
    """By how much blended windows disagreed, in percent of full scale."""
    seam: Any = figures["seam"]
    return f", seams {100 * seam['rms']:.2g} % rms, {100 * seam['maximum']:.2g} % at most" if seam else ""
