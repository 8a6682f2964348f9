"""A run as one page of HTML that needs nothing else: no script, no network, fit to be printed.

Everything that comes from outside, file names above all, is escaped.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pinsharp.atomic import make_folder, write_atomically
from pinsharp.batch.charts import histogram_chart, sequence_chart
from pinsharp.batch.job import Outcome
from pinsharp.batch.summary import Summary
from pinsharp.errors import PinsharpError
from pinsharp.images.codec import Reading
from pinsharp.images.display import Picture, small
from pinsharp.images.places import result_path
from pinsharp.pages import document, jpeg_address, text
from pinsharp.restoration.maps import read_evidence, widths_picture
from pinsharp.words import light_in_words, verdict_in_words

MOST_THUMBNAILS = 60
"""Images of which a large run shows thumbnails, evenly through it."""

THUMBNAIL = 240
"""Longest side of a thumbnail in pixels."""

WIDTHS_SIDE, EVIDENCE_SIDE = 420, 560
"""Longest sides of maps in pixels, larger than thumbnails: scales and spots have to be seen."""

EVIDENCE = "Evidence maps: dark is recovered from the image, bright was only found likely."

_QUALITY = 80
_STYLE = """\
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0; padding: 0; list-style: none; }
.facts li { border: 1px solid #d0d0d0; border-radius: 6px; padding: .4rem .9rem; }
.facts b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.failed b { color: #b3400a; }
.quiet { color: #5a5a5a; font-size: .9rem; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, Arial, sans-serif; fill: #444; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top;
  padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e2e2e2; overflow-wrap: anywhere; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(25rem, 1fr)); gap: 1rem; }
figure { margin: 0; border: 1px solid #d0d0d0; border-radius: 6px; padding: .5rem; break-inside: avoid; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; }
figure img { width: 100%; height: 14rem; object-fit: contain; background: #f3f3f3; }
figcaption { font-size: .85rem; overflow-wrap: anywhere; margin-top: .3rem; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; }
  .pairs { grid-template-columns: 1fr 1fr; } tr { break-inside: avoid; } }
"""


def write_report(path: Path, outcomes: Sequence[Outcome], summary: Summary, settings: dict[str, object]) -> None:
    """Write the page of a run, outcomes in order, into a folder that is made if it is not there.

    Raises:
        OutputError: If `path` cannot be written.
    """
    make_folder(path.parent)
    write_atomically(path, page(outcomes, summary, settings).encode())


def page(outcomes: Sequence[Outcome], summary: Summary, settings: dict[str, object]) -> str:
    """The page itself; thumbnails are made of the files as they are now."""
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    good = [outcome for outcome in outcomes if outcome.state != "failed"]
    given = {name.replace("_", " "): value for name, value in settings.items() if value not in (None, False)}
    made_with = ", ".join(f"{name} {value}" for name, value in given.items())
    body = [
        "<h1>pinsharp: what was restored</h1>",
        f'<p class="quiet">{time.strftime("%Y-%m-%d %H:%M")} · {text(made_with)}</p>',
        _facts(summary),
        _charts(good),
        _failures(failed),
        _thumbnails(good, Reading.of(settings)),
    ]
    title = f"pinsharp: {summary.done} done, {summary.failed} failed"
    return document(title, _STYLE, filter(None, body))


def _facts(summary: Summary) -> str:
    facts = [
        ("", f"{summary.done}", "done"),
        ("failed" if summary.failed else "", f"{summary.failed}", "failed"),
        ("", f"{summary.skipped}", "done before"),
        ("", f"{summary.megapixels:.1f}", "megapixels"),
        ("", f"{summary.pace:.2f}", "megapixels a second"),
    ]
    items = (f'<li class="{kind}"><b>{number}</b>{what}</li>' for kind, number, what in facts)
    return f'<ul class="facts">{"".join(items)}</ul>'


def _charts(outcomes: Sequence[Outcome]) -> str:
    widths = [
        (outcome.job.title, float(sigma))
        for outcome in outcomes
        if isinstance(sigma := outcome.figures.get("sigma"), int | float)
    ]
    if not widths:
        return ""
    return (
        "<h2>Width of the blur, in the order of restoring</h2>"
        + sequence_chart([(text(name), sigma) for name, sigma in widths])
        + "<h2>How often which width</h2>"
        + histogram_chart([sigma for _, sigma in widths])
    )


def _failures(failed: Sequence[Outcome]) -> str:
    if not failed:
        return ""
    reasons = ((str(each.job.input), str(each.error).removeprefix(f"{each.job.input}: ")) for each in failed)
    rows = (f"<tr><td>{text(name)}</td><td>{text(reason)}</td></tr>" for name, reason in reasons)
    return f"<h2>Failed</h2><table><tr><th>Image</th><th>Reason</th></tr>{''.join(rows)}</table>"


def _thumbnails(outcomes: Sequence[Outcome], reading: Reading) -> str:
    if not outcomes:
        return ""
    picked = _picked(len(outcomes))
    note = f'<p class="quiet">{len(picked)} of {len(outcomes)}, evenly through the run.</p>'
    figures = "".join(_figure(outcomes[number], reading) for number in picked)
    about = f'<p class="quiet">{EVIDENCE}</p>' if any(outcome.job.evidence for outcome in outcomes) else ""
    return (
        "<h2>Before and after</h2>"
        + (note if len(picked) < len(outcomes) else "")
        + about
        + f'<div class="pairs">{figures}</div>'
    )


def shown(outcomes: Sequence[Outcome]) -> list[int]:
    """Which of all outcomes a page shows with thumbnails."""
    good = [number for number, outcome in enumerate(outcomes) if outcome.state != "failed"]
    return [good[number] for number in _picked(len(good))]


def _picked(count: int) -> list[int]:
    """At most so many of a count, evenly; none of none."""
    if not count:
        return []
    return [*map(int, np.unique(np.linspace(0, count - 1, min(count, MOST_THUMBNAILS)).round()))]


def _figure(outcome: Outcome, reading: Reading) -> str:
    sigma = outcome.figures.get("sigma")
    width = f", sigma {sigma:.2f} px" if isinstance(sigma, int | float) else ""
    width += text(light_in_words(outcome.figures))
    name = text(outcome.job.title)
    try:
        before, gain, note = _thumbnail(outcome.job.input, None, reading)
        after, _, _ = _thumbnail(result_path(outcome.job.output, outcome.job.input), gain, reading)
    except PinsharpError as error:
        return f"<figure><figcaption>{name}{width}: no thumbnail, {text(str(error))}</figcaption></figure>"
    verdict = f"<br>{text(words)}" if (words := verdict_in_words(outcome.figures)) else ""
    part = f", {note}" if note else ""
    brighter = f", shown {gain:.0f} times brighter" if gain > 1 else ""
    became = "restored" if outcome.figures.get("restored", True) else "left as it is"
    pictures = _image(before, f"{name}, before") + _image(after, f"{name}, {became}") + _maps(outcome, name)
    caption = f"{name}{width}{part}{brighter}{verdict}"
    return f'<figure><div class="pair">{pictures}</div><figcaption>{caption}</figcaption></figure>'


def _maps(outcome: Outcome, name: str) -> str:
    """The widths over an image, and its evidence map where there is one."""
    shown = ""
    if field := outcome.figures.get("width_map"):
        height, width = field["image"]  # type: ignore[index]
        scale = WIDTHS_SIDE / max(height, width)
        size = (max(1, round(scale * height)), max(1, round(scale * width)))
        shown += _image(widths_picture(field, size), f"{name}, widths over the image")  # type: ignore[arg-type]
    evidence = outcome.job.given(outcome.figures).evidence
    if evidence and evidence.is_file():
        picture = read_evidence(evidence)
        if (scale := EVIDENCE_SIDE / max(picture.shape[:2])) < 1:
            picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        shown += _image(picture, f"{name}, evidence")
    return shown


def _thumbnail(path: Path, gain: float | None, reading: Reading) -> tuple[Picture, float, str]:
    """A small picture of a file, brightened by `gain`, or as it needs; by how much; and which part it shows."""
    from pinsharp.restoration.views import read_view

    view = read_view(path, reading=reading)
    shown = small(view.pixels, THUMBNAIL, gain)
    return shown.picture, shown.gain, view.note


def _image(picture: Picture, name: str) -> str:
    return f'<img alt="{name}" src="{jpeg_address(picture[..., ::-1], _QUALITY)}">'
