"""A comparison as one page of HTML that needs nothing else: no script, no network, fit to be printed on A4."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pinsharp.atomic import make_folder, write_atomically
from pinsharp.detect.comparison import Comparison
from pinsharp.detect.comparison_figures import total_scores, total_wrong_pins
from pinsharp.detect.report_marks import legend
from pinsharp.detect.report_parts import chart_key, facts, images_table, pins_chart, pins_table, scores_table, table
from pinsharp.detect.report_pictures import DETAIL, Crop, draw_crops, draw_views
from pinsharp.detect.report_style import STYLE
from pinsharp.detect.tables import Particle
from pinsharp.pages import document, text

MOST_IMAGES = 6
"""Images of which a report of many shows pins and pictures: those with the most differences."""

MOST_CROPS = 24
"""New detections that are shown, and as many lost ones: the strongest of all images."""

WIDE = 1.6
"""Width of an image in heights from which on its two pictures are below each other, not side by side."""

Images = Callable[[], tuple[NDArray[Any], NDArray[Any]]]


@dataclass(frozen=True)
class Entry:
    """An image of the report."""

    comparison: Comparison  # what was found before and after
    images: Images  # gives the two images that were compared, once more, if something of them is shown


def write_report(path: Path, entries: Sequence[Entry], about: Mapping[str, Any]) -> None:
    """Write the page, completely or not at all, into a folder that is made if it is not there.

    `about` says what was compared and how, for the line below the title.

    Raises:
        OutputError: If `path` cannot be written.
    """
    make_folder(path.parent)
    write_atomically(path, page(entries, about).encode())


def page(entries: Sequence[Entry], about: Mapping[str, Any]) -> str:
    """The page itself, as `write_report` writes it."""
    comparisons = [entry.comparison for entry in entries]
    scores = total_scores(comparisons)
    ordered = sorted(comparisons, key=lambda each: -len(each.new) - len(each.lost))[:MOST_IMAGES]
    shown = [entry for entry in entries if any(entry.comparison is each for each in ordered)]
    compared = " · ".join(f"{name} {value}" for name, value in about.items())
    body = [
        "<h1>pinsharp: inspected before and after</h1>",
        f'<p class="quiet">{time.strftime("%Y-%m-%d %H:%M")} · {text(compared)}</p>',
        facts(comparisons, scores),
        *_against_truth(comparisons),
        *_images(comparisons, len(shown)),
        *(part for entry in shown for part in _image(entry, is_only=len(entries) == 1)),
        *_crops("New", "only after", entries, [comparison.new for comparison in comparisons]),
        *_crops("Lost", "only before", entries, [comparison.lost for comparison in comparisons]),
        *_settings(comparisons),
    ]
    return document(f"pinsharp: {text(comparisons[0].name)} inspected before and after", STYLE, body)


def _against_truth(comparisons: Sequence[Comparison]) -> list[str]:
    scores = total_scores(comparisons)
    if not scores:
        return []
    particles = sum(len(comparison.truth or ()) for comparison in comparisons)
    note = (
        f"{particles} true particles. Precision is the share of the detections that are particles, recall the share of "
        "the particles that were detected, F1 their harmonic mean, average precision the area below precision over "
        "recall, position error the root mean square distance of a detection from its particle."
    )
    return [
        "<h2>Against the truth</h2>",
        scores_table(scores, total_wrong_pins(comparisons)),
        f'<p class="quiet">{note}</p>',
    ]


def _images(comparisons: Sequence[Comparison], shown: int) -> list[str]:
    if len(comparisons) == 1:
        return []
    note = f"Pins and pictures follow of the {shown} with the most differences." if shown < len(comparisons) else ""
    return ["<h2>Images</h2>", images_table(comparisons), f'<p class="quiet">{note}</p>' if note else ""]


def _image(entry: Entry, *, is_only: bool) -> list[str]:
    """Pins and pictures of one image."""
    of = "" if is_only else f": {text(entry.comparison.name)}"
    return [*_pins(entry.comparison, of), *_views(entry, of)]


def _pins(comparison: Comparison, of: str) -> list[str]:
    pins = comparison.pins
    if not pins:
        return [f"<h2>Particles on each pin{of}</h2>", "<p>The images show no pins, so nothing is judged.</p>"]
    changed = len(comparison.changed_pins)
    verdicts = "No pin changes its verdict." if not changed else f"{changed} of {len(pins)} pins change their verdict."
    note = f"A pin needs {pins[0].minimum} particles to pass. {verdicts}"
    return [
        f"<h2>Particles on each pin{of}</h2>",
        f"<p>{note}</p>",
        chart_key(any(pin.truth is not None for pin in pins)),
        pins_chart(pins),
        pins_table(pins),
    ]


def _views(entry: Entry, of: str) -> list[str]:
    comparison, views = entry.comparison, draw_views(entry.comparison, *entry.images())
    brighter = f", shown {views.gain:.0f} times brighter" if views.gain > 1 else ""
    is_wide = comparison.shape[1] > WIDE * comparison.shape[0]
    parts = [f"<h2>The images with marks{of}</h2>", _key(comparison), _pair(views.overviews, brighter, is_wide)]
    if views.details:
        size = f"{min(DETAIL[0], comparison.shape[0])} x {min(DETAIL[1], comparison.shape[1])} pixels"
        parts += [f"<h3>Where they differ most, {size}</h3>", _pair(views.details, brighter, True)]
    return parts


def _key(comparison: Comparison) -> str:
    """What the marks on the images mean."""
    if comparison.truth is None:
        words = {"agreed": "found in both", "extra": "found only in this one", "missed": "found only in the other"}
    else:
        words = {"agreed": "a particle, found", "extra": "false alarm", "missed": "a particle, missed"}
    return f'<p class="key">{" &emsp; ".join(f"{legend(kind)} {word}" for kind, word in words.items())}</p>'


def _pair(pictures: Sequence[str], brighter: str, is_wide: bool) -> str:
    shown = "".join(
        f'<figure class="pictures">{picture}<figcaption>{when}{brighter}</figcaption></figure>'
        for when, picture in zip(("before", "after"), pictures, strict=True)
    )
    return shown if is_wide else f'<div class="beside">{shown}</div>'


def _crops(title: str, when: str, entries: Sequence[Entry], found: Sequence[Sequence[Particle]]) -> list[str]:
    """The strongest detections that were found on one side only, of all images."""
    count = sum(map(len, found))
    if not count:
        return [f"<h2>{title}: none found {when}</h2>"]
    least = sorted((each.strength for side in found for each in side), reverse=True)[:MOST_CROPS][-1]
    crops: list[Crop] = []
    for entry, side in zip(entries, found, strict=True):
        if strong := [each for each in side if each.strength >= least]:
            crops += draw_crops(entry.comparison, *entry.images(), strong[:MOST_CROPS])
    crops = sorted(crops, key=lambda crop: -crop.particle.strength)[:MOST_CROPS]
    more = f"The {len(crops)} strongest; {count - len(crops)} more are not shown. " if len(crops) < count else ""
    note = f"{more}Left before, right after, with the same black and white; ticks point at the detection."
    figures = "".join(_figure(crop, is_only=len(entries) == 1) for crop in crops)
    return [
        f"<h2>{title}: {count} found {when}</h2>",
        f'<p class="quiet">{note}</p>',
        f'<div class="crops">{figures}</div>',
    ]


def _figure(crop: Crop, *, is_only: bool) -> str:
    particle = crop.particle
    words = [f"row {particle.row:.1f}, column {particle.column:.1f}", f"strength {particle.strength:.1f}"]
    words += [] if particle.pin is None else [f"pin {particle.pin}"]
    words += [] if is_only else [text(crop.image)]
    verdict = "" if crop.is_true is None else "<b>a particle</b>: " if crop.is_true else "<b>false alarm</b>: "
    caption = f"<figcaption>{verdict}{', '.join(words)}</figcaption>"
    return f'<figure><div class="pair">{crop.picture}</div>{caption}</figure>'


def _settings(comparisons: Sequence[Comparison]) -> list[str]:
    """What both sides were inspected with, so that the page can be made again."""
    settings = comparisons[0].after.settings
    rows = [(name.replace("_", " "), text(f"{value}")) for name, value in vars(settings).items()]
    rows.append(("matching tolerance", f"{comparisons[0].tolerance:g} px"))
    return ["<h2>Settings of the detector, before and after alike</h2>", table(["setting", "value"], rows)]
