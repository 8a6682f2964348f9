"""The options of a recipe in the signature and the help of what takes them, and unknown names."""

import difflib
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

from pinsharp.restoration.recipe import OPTIONS, Recipe

_Taught = TypeVar("_Taught", bound=Callable[..., Any])


def takes(*names: str) -> Callable[[_Taught], _Taught]:
    """Let a function or class whose last parameter is `**options` show, in signature and help, what it takes.

    Args:
        names: Fields of `Recipe`.
    """

    def teach(taught: _Taught) -> _Taught:
        function: Any = taught.__init__ if isinstance(taught, type) else taught  # type: ignore[misc]
        signature = inspect.signature(function)
        shown = {one.name: one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD}
        for one in fields(Recipe):
            if one.name in names and one.name not in shown:
                shown[one.name] = inspect.Parameter(
                    one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type
                )
        function.__signature__ = signature.replace(parameters=list(shown.values()))
        wrapped = (
            textwrap.fill(f"{name}: {OPTIONS[name].help}", 110, initial_indent=" " * 4, subsequent_indent=" " * 8)
            for name in OPTIONS
            if name in names
        )
        taught.__doc__ = f"{inspect.getdoc(taught)}\n\nOptions:\n" + "\n".join(wrapped)
        return taught

    return teach


def check_names(options: dict[str, Any], call: str, names: tuple[str, ...] | None = None) -> None:
    """Refuse options that a function does not take.

    Raises:
        TypeError: If the function has no such option; the message says what was probably meant.
    """
    known = names or tuple(OPTIONS)
    for name in options:
        if name not in known and not (name == "gamma" and "light" in known):
            close = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"it takes {', '.join(known)}"
            raise TypeError(f"{call}() got an unexpected option {name!r}; {advice}")
