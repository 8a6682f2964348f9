"""What a notebook shows of a result: before and after, the map of the blur with what windows said, and words.

Pictures are small and embedded, some 300 KB together at the most, and a line says by how much they were reduced.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import PinsharpError
from pinsharp.images.codec import AS_IT_SAYS, Reading
from pinsharp.images.display import Small, small
from pinsharp.pages import jpeg_address, text
from pinsharp.restoration.maps import widths_picture
from pinsharp.restoration.views import read_view
from pinsharp.restoration.widths import field_figures
from pinsharp.words import distance_in_words, light_in_words, verdict_in_words, width_in_words

if TYPE_CHECKING:
    from pinsharp.restoration.result import Restored

SIDE, MAP_SIDE = 480, 360
"""Longest sides in pixels of a picture and of a map."""

MOST_LETTERS = 110_000
"""Length of an embedded picture above which it is compressed more."""

_QUALITIES = (88, 75, 55, 35)


@dataclass(frozen=True, eq=False)
class Preview:
    """A small picture of an image as it was before, or where it can be read.

    Attributes:
        held: The picture, or the file.
        reading: What has to be said of the file to read it.
    """

    held: Small | Path
    reading: Reading = AS_IT_SAYS

    def read(self) -> tuple[Small, str]:
        """The picture, and which part of the image it is, in words.

        Raises:
            ImageError: If the file cannot be read any more.
        """
        if isinstance(self.held, Small):
            return self.held, ""
        view = read_view(self.held, reading=self.reading)
        return small(_plain(view.pixels), SIDE), view.note


def preview(pixels: NDArray[Any]) -> Preview:
    """Keep a small picture of an image in memory: its pixels may be others by the time it is looked at."""
    shown = small(_plain(pixels), SIDE)
    return Preview(replace(shown, picture=shown.picture.copy()))


def html(result: "Restored") -> str:
    """A result as HTML for a notebook: pictures side by side, and below them what was found."""
    (before, note), (after, told) = _before(result), _after(result)
    if before and after and after.gain != before.gain:
        after = _after(result, before.gain)[0]
    shown = [_figure(picture, name) for picture, name in ((before, "before"), (after, _after_name(result))) if picture]
    shown += _map(result)
    lines = [*_found(result), _size(result, after or before, note), told]
    words = "<br>".join(text(line) for line in lines if line)
    return (
        '<div><div style="display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start">'
        f'{"".join(shown)}</div><div style="line-height:1.5">{words}</div></div>'
    )


def _before(result: "Restored") -> tuple[Small | None, str]:
    """The image before, if it is at hand, and which part it is."""
    try:
        return (None, "") if result.before is None else result.before.read()
    except PinsharpError:
        return None, ""


def _after(result: "Restored", gain: float | None = None) -> tuple[Small | None, str]:
    """The restored image, or why it cannot be shown."""
    try:
        return small(_plain(result.view().pixels), SIDE, gain), ""
    except PinsharpError as error:
        return None, f"not shown: {error}"


def _after_name(result: "Restored") -> str:
    return "restored" if result.is_restored else "left as it is"


def _found(result: "Restored") -> list[str]:
    """Width, verdict and reason in words, and what else should be known."""
    found = result.defocus
    width = width_in_words(found.sigma, found.sigma_relative_std, found.family, is_uncertain=found.is_uncertain)
    figures = {
        "verdict": found.verdict,
        "reason": result.reason,
        "verdict_reason": found.finding.reason if found.finding else "",
        "distance": result.distance,
        **result.light.figures(),
    }
    interval = "" if found.interval is None else f" (90 % interval {_range(*found.interval)})"
    doubt = "doubtful: blurred again, the result does not give the image; look at it before you use it"
    return [
        f"{width}{interval}{distance_in_words(figures)}{light_in_words(figures)}",
        verdict_in_words(figures),
        doubt if result.is_restored and result.is_doubtful else "",
        *result.remarks,
    ]


def _range(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f} px"


def _size(result: "Restored", shown: Small | None, note: str) -> str:
    """How large the image is, how long it took, and how it is shown."""
    height, width = result.held.shape[:2]
    frames = f", {result.frames} frames" if result.frames > 1 else ""
    parts = [f"{width} x {height} pixels of {result.held.dtype}{frames}, {result.seconds:.2f} s"]
    if shown:
        parts += [note] if note else []
        parts += [f"shown at {100 * shown.scale:.2g} % of its size"] if shown.scale < 1 else []
        parts += [f"{shown.gain:.0f} times brighter"] if shown.gain > 1 else []
    return "; ".join(parts)


def _map(result: "Restored") -> list[str]:
    """The map of the widths with what windows said, where they were asked."""
    height, width = result.held.shape[:2]
    field = field_figures(result.defocus, (height, width))
    if field is None:
        return []
    scale = MAP_SIDE / max(height, width)
    size = (max(1, round(scale * height)), max(1, round(scale * width)))
    drawn = Small(widths_picture(field, size), 1, 1)
    return [_figure(drawn, f"widths ({field['shape']}), and what windows say")]


def _figure(shown: Small, name: str) -> str:
    return (
        f'<figure style="margin:0"><img alt="{text(name)}" src="{_address(shown)}">'
        f'<figcaption style="font-size:90%">{text(name)}</figcaption></figure>'
    )


def _address(shown: Small) -> str:
    """The picture as an address; noise, which compresses badly, with less quality."""
    for quality in _QUALITIES:
        address = jpeg_address(shown.picture[..., ::-1], quality)
        if len(address) <= MOST_LETTERS:
            break
    return address


def _plain(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels without a mask or holes, in the byte order of this machine."""
    bare = np.ma.getdata(pixels)
    bare = np.ascontiguousarray(bare, bare.dtype.newbyteorder("="))
    return np.nan_to_num(bare, posinf=0, neginf=0) if bare.dtype.kind == "f" else bare
