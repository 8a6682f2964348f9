"""What a client asks for, checked key by key: options as JSON, files as parts, and never a path of the server."""

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import MEASURING, OPTIONS
from pinsharp.words import said_by

JobKind = Literal["restore", "measure", "detect", "profile"]
Kind = JobKind | Literal["view"]
KINDS: tuple[JobKind, ...] = get_args(JobKind)

FILES = ("kernel", "mask", "field", "reference", "profile")
"""Options of a recipe that may be files; they come as parts of these names."""

MATERIAL = ("edge", "points", "target", "print", "blurred", "sharp", "in_focus", "stack", "flat")
"""Parts of which a camera's profile is made, as `pinsharp profile create` has them."""

_SERVERS = ("device", "precision", "runtime")
"""Options that only whoever starts the service decides."""

_MODEL = re.compile(r"(ensemble:)?(?!ensemble:)[a-z0-9-]{1,40}(:[0-9.eE+-]{1,20})?|ensemble")
_NUMBER = r"-?[0-9]{0,4}\.?[0-9]{0,9}"
_KERNEL = re.compile(rf"auto|gaussian:{_NUMBER}(:[0-9]{{1,3}}|\+dis[ck]:{_NUMBER})?|dis[ck]:{_NUMBER}")
_LARGEST = 2**31 - 1
_MOST_ITERATIONS = 20
_PLAIN = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    dict: "an object",
    float: "a number",
    list: "a list",
}


@dataclass(frozen=True)
class Asked:
    """A request whose keys and types are checked; what they mean is checked where it is carried out.

    Attributes:
        kind: What is to be done.
        options: Fields of a `Recipe`, those that are files left out.
        further: What else was asked: `settings` of the detector, `per_channel`, `steps`, `box`.
        profile: A profile of the service's own; None if none is asked for.
    """

    kind: Kind
    options: dict[str, Any] = field(default_factory=dict)
    further: dict[str, Any] = field(default_factory=dict)
    profile: Path | None = None


def ask(kind: Kind, text: str, parts: Mapping[str, object], profiles: Path | None) -> Asked:
    """Read the options of a request.

    Args:
        kind: What is to be done.
        text: Options as a JSON object; may be empty.
        parts: Files that came with it, by name.
        profiles: Folder of profiles that may be called by name.

    Raises:
        ConfigError: If a key is unknown, a type is wrong, or a file of the server is named.
    """
    values = _object(text)
    known = known_options(kind)
    _check_names(values, known, kind)
    for name, value in values.items():
        if name in FILES and name in parts:
            raise ConfigError(f"expected {name} once, got it as an option and as a part; leave one of them out")
        _check_type(name, value, known[name])
    options = {name: value for name, value in values.items() if name in OPTIONS}
    profile = options.pop("profile", None)
    if kind == "measure" and "channels" in options:
        raise ConfigError("channels of an image are measured with per_channel, got channels; leave it out")
    _check_words(options)
    return Asked(
        kind,
        options,
        {name: value for name, value in values.items() if name not in OPTIONS},
        None if profile is None else named_profile(profile, profiles),
    )


def allowed_parts(kind: Kind) -> tuple[str, ...]:
    """Parts that a request may have, `options` left out."""
    if kind == "profile":
        return MATERIAL
    if kind == "view":
        return ("image",)
    return (
        "image",
        *(FILES if kind == "restore" else ("mask", "reference", "profile") if kind == "measure" else ("pins",)),
    )


def named_profile(name: str, folder: Path | None) -> Path:
    """The file of a profile that is called by its name, with or without .json.

    Raises:
        ConfigError: If no profile has this name.
    """
    known = profile_names(folder)
    if name.removesuffix(".json") not in known:
        what = f"known ones: {', '.join(known)}" if known else "this service has none"
        raise ConfigError(
            f"expected the name of a profile, got {_short(name)}; {what}; or send one as the part 'profile'"
        )
    assert folder is not None
    return folder / f"{name.removesuffix('.json')}.json"


def profile_names(folder: Path | None) -> list[str]:
    """Profiles that can be called by name."""
    return [] if folder is None else sorted(path.stem for path in folder.glob("*.json") if path.is_file())


def known_options(kind: Kind) -> dict[str, tuple[type, ...]]:
    """Options of a kind of request, with the types that they may have; None is allowed where it is the default."""
    if kind == "detect":
        return {"settings": (dict,)}
    if kind == "profile":
        return {"light": (str, int, float), "white_level": (int,), "steps": (str,), "box": (list,)}
    if kind == "view":
        return {"raw": (str,), "white_level": (int,), "demosaic": (str,)}
    names = OPTIONS if kind == "restore" else (*MEASURING, "per_channel")
    return {name: _types(name) for name in names if name not in (*_SERVERS, "mask", "reference")}


def _check_names(values: Mapping[str, object], known: Collection[str], kind: Kind) -> None:
    """Refuse options that are not known, with what may have been meant."""
    for name, value in values.items():
        if name in _SERVERS and kind in ("restore", "measure"):
            raise ConfigError(f"{name} is decided where the service is started, got {_short(value)}; leave it out")
        if name not in known and name in allowed_parts(kind):
            raise ConfigError(f"{name} is a file, got it as an option; send it as the part {name!r}")
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"known ones: {', '.join(known)}"
            raise ConfigError(f"unknown option {_short(name)}; {advice}")


def _types(name: str) -> tuple[type, ...]:
    if name == "per_channel":
        return (bool,)
    if name == "light":
        return (str, int, float)
    kinds = get_args(OPTIONS[name].kind) or (OPTIONS[name].kind,)
    return tuple(kind for kind in kinds if isinstance(kind, type))


def _check_type(name: str, value: Any, kinds: tuple[type, ...]) -> None:
    """Refuse a value of another type; true is no whole number."""
    is_of_kind = type(value) in kinds
    if not is_of_kind:
        wanted = " or ".join(_PLAIN[kind] for kind in kinds if kind in _PLAIN)
        raise ConfigError(f"{name} must be {wanted}, got {_short(value)}")
    if type(value) is int and abs(value) > _LARGEST:
        raise ConfigError(f"{name} must be at most {_LARGEST:,}, got {_short(value)}")


def _check_words(options: dict[str, Any]) -> None:
    """Refuse words that could mean a file, and work without end."""
    model, kernel, widths = (options.get(name) for name in ("model", "kernel", "field"))
    if model is not None and not _MODEL.fullmatch(model):
        raise ConfigError(f"expected a model that /v1/models lists, got {_short(model)}; files are not taken")
    if model is not None and "selfdeblur" in model:  # it leaves fits that were stopped on the disk
        raise ConfigError(f"expected a model that /v1/models lists, got {_short(model)}; it is too slow for a service")
    if kernel is not None and not _KERNEL.fullmatch(kernel):
        raise ConfigError(
            f"expected a kernel auto, gaussian:SIGMA or disk:RADIUS, got {_short(kernel)}; send a file as the part "
            "'kernel'"
        )
    if widths is not None and widths not in ("auto", "off"):
        raise ConfigError(f"expected a field auto or off, got {_short(widths)}; send a file as the part 'field'")
    if options.get("iterations", 1) > _MOST_ITERATIONS:
        raise ConfigError(f"iterations must be at most {_MOST_ITERATIONS}, got {options['iterations']}")


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        values = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        detail = "too deep a nesting" if isinstance(error, RecursionError) else said_by(error)
        raise ConfigError(f'expected options as a JSON object such as {{"light": "srgb"}}, got {detail}') from error
    if not isinstance(values, dict):
        raise ConfigError(f'expected options as a JSON object such as {{"light": "srgb"}}, got {_short(values)}')
    return values


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ConfigError("expected every option once, got one twice")
    return table


def _no_number(text: str) -> float:
    raise ConfigError(f"expected finite numbers, got {text}")


def _short(value: object) -> str:
    """A value for a sentence: what clients send may be long."""
    try:
        words = repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        words = "a very long number"
    return words if len(words) <= 60 else f"{words[:57]}..."
