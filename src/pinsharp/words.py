"""Figures and names in words, and in ours what errors of Python's own say."""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

ALIKE_BELOW = 0.5
"""Width in pixels below which images are in focus, and alike: `SHARP_BELOW` of blur/verdict.py."""

_OF_PYTHON = (
    (r"invalid literal for int\(\) with base \d+: b?(?P<value>.*)", "{value}, which is not a whole number"),
    (
        r"could not convert string( to float:)? (b|np.str_\()?(?P<value>'.*?')( to float.*|\))?",
        "{value}, which is not a number",
    ),
    (r"Exceeds the limit \(.*", "a number of too many digits"),
    (r".*allow_pickle=False", "Python objects, which are not read"),
    (r"unpack(_from)? requires a buffer of .*", "fewer bytes than announced"),
    (r"(list|tuple|string)? ?index out of range", "less than announced"),
    (r".* object has no attribute '(?P<value>\w+)'", "no {value}"),
)
"""What Python and NumPy say of texts and files, and the words for it."""


def said_by(error: Exception | str) -> str:
    """What an error says, on one line, for behind 'got': in plain words where Python has some of its own.

    Errors of ours, of the system and of libraries are passed on: they say things that only they know.
    """
    if isinstance(error, UnicodeDecodeError):
        return f"text that is not {error.encoding.upper()} from byte {error.start + 1} on"
    if isinstance(error, json.JSONDecodeError):
        return f"text that is not valid JSON at line {error.lineno}, column {error.colno}"
    if isinstance(error, tomllib.TOMLDecodeError):
        place = re.search(r"\((at .*)\)$", str(error))
        return f"text that is not valid TOML{f' {place[1]}' if place else ''}"
    if isinstance(error, KeyError):
        return f"no entry {error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    words = " ".join(str(error).split())
    for pattern, plain in _OF_PYTHON:
        if found := re.match(pattern, words):
            return plain.format(**{"value": "", **found.groupdict()})
    return words


def width_in_words(sigma: float, relative_std: float | None, family: str, *, is_uncertain: bool) -> str:
    """Width in pixels, its uncertainty and the family of a blur: 'sigma 0.98 px ± 31 %, uncertain, gaussian'."""
    doubt = ", uncertain" if is_uncertain else ""
    return f"sigma {sigma:.2f} px{spread_in_words(sigma, relative_std)}{doubt}, {family}"


def spread_in_words(sigma: float, relative_std: float | None) -> str:
    """Uncertainty of a width, for behind it: ' ± 31 %', or ' (below 0.5)'; empty if there is none.

    Pixels hardly show how much narrower than `ALIKE_BELOW` a blur is. `swift` was trained to call all that is narrower
    than 0.25 px 0.25 px, so its ± 1 % there is of a limit, not of a width.
    """
    if relative_std is None:
        return ""
    if sigma * math.exp(1.645 * relative_std) < ALIKE_BELOW:  # the upper end of the 90 % interval
        return f" (below {ALIKE_BELOW:g})"
    return f" ± {percent(relative_std)} %"


def percent(share: float) -> str:
    """A share in percent, of two digits or whole: '0.97', '24', '120'."""
    return f"{100 * share:.2g}" if share < 0.995 else f"{100 * share:.0f}"


def light_in_words(figures: Mapping[str, object]) -> str:
    """What values were decoded from, for behind a line; empty if they were taken as they are, or it is unknown."""
    light = figures.get("light", "linear")
    return "" if light == "linear" else f", light {light} ({figures['light_from']})"


def distance_in_words(figures: Mapping[str, Any]) -> str:
    """How far out of focus, for behind a width: ', 12 um out of focus (9 to 15, on either side)'; empty if unknown."""
    far = figures.get("distance")
    if not far:
        return ""
    return f", {far['distance']:.3g} {far['unit']} out of focus ({far['low']:.3g} to {far['high']:.3g}, on either side)"


def printable(name: str) -> str:
    """A file's name for a picture or a page, with ? for bytes that are no text: file systems allow any."""
    return name.encode("utf-8", "replace").decode("utf-8")


def verdict_in_words(figures: Mapping[str, object]) -> str:
    """Verdict and reason: 'restorable: the blur is even and ...'; empty where nothing was measured."""
    reason = figures.get("reason") or figures.get("verdict_reason")
    verdict = figures.get("verdict")
    if not verdict:
        return f"{reason}" if reason else ""
    return f"{verdict}: {reason}" if reason else f"{verdict}"
