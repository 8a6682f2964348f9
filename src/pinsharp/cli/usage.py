"""A command line that is not understood: one sentence that says what was expected, what came and where to look."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from pinsharp.errors import ConfigError

# Typer exports this class of Click's alone, and where its parent is to be found depends on the release.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

REWORDED = (
    (r"'(?P<value>.*)' is not a valid int(eger)?", "expected a whole number, got '{value}'"),
    (r"'(?P<value>.*)' is not a valid float", "expected a number, got '{value}'"),
    (r"Option '(?P<name>.*)' requires an argument", "{name}: expected a value after it, got none"),
    (r"Option '(?P<name>.*)' does not take a value", "{name}: expected no value, got one"),
    (r"Got unexpected extra arguments?(\(s\))? \((?P<words>.*)\)", "expected no further words, got '{words}'"),
    (r"Missing command", "expected a command after it, got none"),
)
"""What Click says of a value or of words in excess, and the same in the words of our other errors."""

NUMBERS = {"int": "a whole number", "float": "a number"}
"""What is expected where Pydantic, which reads the values for newer releases of Typer, found a mistake."""


def reword(message: str) -> str:
    """Say a message of Click as `REWORDED` does; one that is not there stays as it is."""
    message = " ".join(message.split()).rstrip(".")
    for pattern, words in REWORDED:
        if found := re.fullmatch(pattern, message):
            return words.format(**found.groupdict())
    return message


def close_to(name: str, known: Iterable[str]) -> str:
    """Say which of some names may have been meant, or nothing."""
    bare = {one.lstrip("-"): one for one in known}  # else the dashes alone make all options alike
    close = difflib.get_close_matches(name.lstrip("-"), bare, n=1)
    return f"did you mean {bare[close[0]]}? " if close else ""


def name_of(parameter: Any) -> str:
    """The name of an option, or what the help calls an argument."""
    is_option = parameter.param_type_name == "option"
    return str(max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name)


def bad_value(error: Any) -> str:
    """Say that the value of an option or argument is of another kind than expected."""
    found: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    kind = found[0]["type"].partition("_")[0] if found else None
    if kind in NUMBERS:
        return f"{name_of(error.param)}: expected {NUMBERS[kind]}, got '{found[0]['input']}'; "
    return f"{name_of(error.param)}: {reword(error.message)}; "


def say(error: Any, command: Any, path: str) -> str:
    """Say what is wrong with the words after a command, whose full name is `path`."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        known = [flag for one in command.params if not getattr(one, "hidden", False) for flag in one.opts]
        return f"expected an option of {path}, got {error.option_name}; {close_to(error.option_name, known)}"
    if kind == "MissingParameter":
        value = error.param.metavar if error.param.param_type_name == "option" else None
        return f"expected {' '.join(filter(None, [name_of(error.param), value]))}, got nothing; "
    if kind == "BadParameter" and error.param:
        return bad_value(error)
    if unknown := re.match(r"No such command '(.*?)'", error.message):
        return f"expected a command of {path}, got '{unknown[1]}'; {close_to(unknown[1], command.commands)}"
    return f"{reword(error.message)}; "


@contextmanager
def in_one_line(command: Any, words: Sequence[str]) -> Iterator[None]:
    """Turn the errors of the option parser into ours.

    Args:
        command: The group of all commands.
        words: What was typed after its name: not all errors say to which command they belong.

    Raises:
        ConfigError: If options or arguments of a command are unknown, missing or of another kind.
    """
    try:
        yield
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command shows its help
            raise
        path, rest = "pinsharp", list(words)
        while rest and rest[0] in getattr(command, "commands", {}):
            path, command = f"{path} {rest[0]}", command.commands[rest.pop(0)]
        if context := getattr(error, "ctx", None):  # knows also the command that is meant where none was named
            path, command = context.command_path, context.command
        raise ConfigError(f"{say(error, command, path)}see {path} --help") from error


class OneLineGroup(TyperGroup):
    """All commands: theirs are parsed inside these two calls, so what is wrong with any is said here."""

    def make_context(self, info_name: Any, args: list[str], *arguments: Any, **options: Any) -> Any:
        """Parse what comes before the name of the command."""
        words = tuple(args)  # the parser empties the list
        with in_one_line(self, words):
            context = super().make_context(info_name, args, *arguments, **options)
        context.meta[__name__] = words
        return context

    def invoke(self, ctx: Any) -> Any:
        """Parse the rest, and run the command."""
        with in_one_line(self, ctx.meta[__name__]):
            return super().invoke(ctx)
