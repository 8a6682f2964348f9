"""Tables and the chart inside the page of a comparison; everything that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pinsharp.detect.comparison import Comparison, PinCounts
from pinsharp.detect.comparison_figures import totals
from pinsharp.detect.matching import Scores
from pinsharp.pages import text

MOST_PINS = 100
"""Rows of a table of pins; what changes comes first."""

MOST_CHART_PINS = 160
"""Pins in a chart; more would touch each other."""

_FEWEST_ROWS = 6  # of a table of pins, before a second one begins beside it
_WIDTH, _HEIGHT = 900, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 12, 40


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """A table of cells that are HTML already; a row whose first cell begins with * is set off."""
    lines = []
    for first, *others in rows:
        mark = ' class="set-off"' if first.startswith("*") else ""
        cells = "".join(f"<td>{cell}</td>" for cell in (first.removeprefix("*"), *others))
        lines.append(f"<tr{mark}>{cells}</tr>")
    titles = "".join(f"<th>{title}</th>" for title in head)
    return f'<table class="{kind}"><thead><tr>{titles}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def facts(comparisons: Sequence[Comparison], scores: tuple[Scores, Scores] | None) -> str:
    """The figures that matter most, in boxes: counts before and after, verdicts that change, F1."""
    found = totals(comparisons)
    items = [
        (f"{found.before} → {found.after}", "detections before → after"),
        (f"{found.both}", "in both"),
        (f"{found.new}", "new: only after"),
        (f"{found.lost}", "lost: only before"),
    ]
    if any(comparison.pins for comparison in comparisons):
        failing = [
            sum(pin.verdicts[side] is False for comparison in comparisons for pin in comparison.pins) for side in (0, 1)
        ]
        items.append((f"{failing[0]} → {failing[1]}", "pins that fail"))
        items.append((f"{found.changed_pins}", "pins change verdict"))
    if scores:
        items.append((f"{scores[0].f1:.3f} → {scores[1].f1:.3f}", "F1 against the truth"))
    return '<ul class="facts">' + "".join(f"<li><b>{number}</b>{what}</li>" for number, what in items) + "</ul>"


def scores_table(scores: tuple[Scores, Scores], wrong_pins: tuple[int, int] | None) -> str:
    """Figures against the truth: a line before, a line after."""
    head = ["", "right", "false alarms", "per megapixel", "missed", "precision", "recall", "F1", "average precision"]
    head += ["position error", *(["pins judged wrongly"] if wrong_pins else [])]
    rows = []
    for side, when in enumerate(("before", "after")):
        each = scores[side]
        error = "none paired" if each.localisation_rms is None else f"{each.localisation_rms:.2f} px"
        row = [
            when,
            f"{each.pairs}",
            f"{each.false_alarms}",
            f"{each.false_alarms_per_megapixel:.0f}",
            f"{each.missed}",
        ]
        row += [f"{one:.3f}" for one in (each.precision, each.recall, each.f1, each.average_precision)]
        rows.append([*row, error, *([f"{wrong_pins[side]}"] if wrong_pins else [])])
    return table(head, rows, kind="figures")


def images_table(comparisons: Sequence[Comparison]) -> str:
    """A line an image."""
    is_known = any(comparison.scores for comparison in comparisons)
    head = ["image", "before", "after", "in both", "new", "lost", "pins change verdict"]
    rows = []
    for each in comparisons:
        row = [
            f'<span class="name">{text(each.name)}</span>',
            len(each.before.particles),
            len(each.after.particles),
            len(each.matching.pairs),
        ]
        row += [len(each.new), len(each.lost), len(each.changed_pins)]
        f1 = [f"{one.f1:.3f}" for one in each.scores] if each.scores else ["", ""]
        rows.append([*map(str, row), *(f1 if is_known else [])])
    return table([*head, *(["F1 before", "F1 after"] if is_known else [])], rows, kind="figures")


def pins_table(pins: Sequence[PinCounts]) -> str:
    """A line a pin, those whose verdict changes first and set off, and how many more there are."""
    ordered = sorted(pins, key=lambda pin: not pin.changes)[:MOST_PINS]
    has_truth = any(pin.truth is not None for pin in pins)
    head = ["pin", "before", "after", *(["truth"] if has_truth else []), "verdict"]
    rows = []
    for pin in ordered:
        counts = [_count(pin.before), _count(pin.after), *([_count(pin.truth)] if has_truth else [])]
        first, second = map(_verdict, pin.verdicts)
        rows.append(
            [f"*{pin.number}", *counts, f"{first} → {second}"] if pin.changes else [f"{pin.number}", *counts, first]
        )
    size = max(_FEWEST_ROWS, -(-len(rows) // 3))
    tables = (table(head, rows[start : start + size], kind="figures") for start in range(0, len(rows), size))
    more = len(pins) - len(ordered)
    note = f'<p class="quiet">{more} more pins are not shown; --json lists all.</p>' if more else ""
    return f'<div class="thirds">{"".join(tables)}</div>{note}'


def pins_chart(pins: Sequence[PinCounts]) -> str:
    """Draw the particles on each pin: before, after, the truth where it is known, and the least number that passes."""
    shown = pins[:MOST_CHART_PINS]
    counts = [count for pin in shown for count in (pin.before, pin.after, pin.truth) if count is not None]
    top = _round_up(max([*counts, shown[0].minimum, 1]))
    pitch = (_WIDTH - _LEFT - _RIGHT) / len(shown)
    parts = _grid(top, shown[0].minimum)
    every = max(1, -(-len(shown) // 40))
    for index, pin in enumerate(shown):
        x = _LEFT + (index + 0.5) * pitch
        parts.append(_pin_marks(pin, x, min(4.0, pitch / 3), top))
        if index % every == 0:
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{pin.number}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">pin</text>')
    more = len(pins) - len(shown)
    note = f'<p class="quiet">{more} more pins are not drawn.</p>' if more > 0 else ""
    chart = f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Particles on each pin">'
    return chart + "".join(parts) + "</svg>" + note


def chart_key(has_truth: bool) -> str:
    """What the marks of the chart mean."""
    signs = [
        ('<rect x="3" y="3" width="9" height="9" class="before"/>', "before"),
        ('<circle cx="7.5" cy="7.5" r="5" class="after"/>', "after"),
        ('<path d="M0 7.5h15" class="minimum"/>', "least number that passes"),
        *([('<path d="M2 7.5h11" class="truth"/>', "truth")] if has_truth else []),
    ]
    items = (f'<svg class="icon" viewBox="0 0 15 15" aria-hidden="true">{sign}</svg> {word}' for sign, word in signs)
    return f'<p class="key">{" &emsp; ".join(items)}</p>'


def _pin_marks(pin: PinCounts, x: float, r: float, top: float) -> str:
    marks = ""
    if pin.before is not None and pin.after is not None:
        ends = _y(pin.before, top), _y(pin.after, top)
        marks += f'<path d="M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}" class="link"/>'
    if pin.truth is not None:
        marks += f'<path d="M{x - 1.6 * r:.1f} {_y(pin.truth, top):.1f}h{3.2 * r:.1f}" class="truth"/>'
    if pin.before is not None:
        y = _y(pin.before, top)
        marks += f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:.1f}" height="{2 * r:.1f}" class="before"/>'
    if pin.after is not None:
        marks += f'<circle cx="{x:.1f}" cy="{_y(pin.after, top):.1f}" r="{r:.1f}" class="after"/>'
    title = f"pin {pin.number}: {_count(pin.before)} before, {_count(pin.after)} after"
    return f"<g><title>{title}</title>{marks}</g>"


def _grid(top: float, minimum: int) -> list[str]:
    """Lines at quarters of the height with their values, and the least number that passes."""
    middle = (_HEIGHT - _BOTTOM) / 2
    parts = [
        f'<text x="12" y="{middle:.0f}" text-anchor="middle" transform="rotate(-90 12 {middle:.0f})">particles</text>'
    ]
    for quarter in range(5):
        y = _y(top * quarter / 4, top)
        kind = "grid" if quarter else "axis"
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" class="{kind}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * quarter / 4:g}</text>')
    return [*parts, f'<path d="M{_LEFT} {_y(minimum, top):.1f}H{_WIDTH - _RIGHT}" class="minimum"/>']


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - value / top * (_HEIGHT - _TOP - _BOTTOM)


def _round_up(value: int) -> int:
    """The next of 4, 8, 20, 40, 80, 200 and so on, which four lines divide into whole numbers."""
    power = 1
    while True:
        for factor in (4, 8, 12, 20, 32):
            if value <= factor * power:
                return factor * power
        power *= 10


def _count(count: int | None) -> str:
    return "not found" if count is None else str(count)


def _verdict(passes: bool | None) -> str:
    return "not found" if passes is None else "pass" if passes else "<b>fail</b>"
