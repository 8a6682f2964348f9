"""Two charts as SVG inside a page: the value of each image in order, and a histogram."""

import math
from collections.abc import Sequence

from pinsharp.batch.summary import histogram

WIDTH, HEIGHT = 900, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 14, 40
_INK, _GRID, _POINT = "#444", "#e2e2e2", "#0072B2"
_MOST_POINTS = 3000
"""More points than this would only blacken the chart and fatten the page: then every so manieth is drawn."""


def sequence_chart(values: Sequence[tuple[str, float]]) -> str:
    """Draw a point an image, from left to right: names, as HTML already, and widths in pixels."""
    top = _round_up(max(value for _, value in values))
    step = -(-len(values) // _MOST_POINTS)
    points = []
    for number, (name, value) in list(enumerate(values))[::step]:
        x = _LEFT + (number + 0.5) / len(values) * (WIDTH - _LEFT - _RIGHT)
        points.append(
            f'<circle cx="{x:.1f}" cy="{_y(value, top):.1f}" r="3" fill="{_POINT}">'
            f"<title>{name}: {value:.2f} px</title></circle>"
        )
    label = f"image 1 to {len(values)}" + (f", every {step}th" if step > 1 else "")
    return _chart([*_grid(top, "sigma in pixels"), *points, _below(label)], "Width of the blur of each image")


def histogram_chart(values: Sequence[float]) -> str:
    """Draw how many images have which width in pixels."""
    bins = histogram(values)
    most = 4 * math.ceil(round(_round_up(max(count for *_, count in bins))) / 4)  # a quarter is a whole number
    pitch = (WIDTH - _LEFT - _RIGHT) / len(bins)
    bars = []
    for number, (low, high, count) in enumerate(bins):
        x, y = _LEFT + number * pitch, _y(count, most)
        bars.append(
            f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{pitch - 2:.1f}" height="{HEIGHT - _BOTTOM - y:.1f}" '
            f'fill="{_POINT}"><title>{low:.2f} to {high:.2f} px: {count}</title></rect>'
            f'<text x="{x + pitch / 2:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{low:g} to {high:g}</text>'
        )
    return _chart([*_grid(most, "images"), *bars, _below("sigma in pixels")], "How many images have which width")


def _chart(parts: Sequence[str], title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">{"".join(parts)}</svg>'


def _grid(top: float, what: str) -> list[str]:
    """Lines at quarters of the height with their values, and what they measure."""
    lines = [
        f'<text x="14" y="{(HEIGHT - _BOTTOM) / 2:.0f}" text-anchor="middle" '
        f'transform="rotate(-90 14 {(HEIGHT - _BOTTOM) / 2:.0f})">{what}</text>'
    ]
    for quarter in range(5):
        value = top * quarter / 4
        y = _y(value, top)
        lines.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="{_GRID if quarter else _INK}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    return lines


def _below(words: str) -> str:
    return f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{words}</text>'


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM)


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten, which four lines divide well; at least something."""
    power = 1e-2
    while True:
        for factor in (1, 2, 4, 6, 8):
            if value <= factor * power:
                return factor * power
        power *= 10
