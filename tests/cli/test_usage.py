"""What a command line that is not understood is answered by: one line, for every command."""

import re

import pytest
import typer

from pinsharp.cli.main import app
from pinsharp.cli.usage import UsageError, close_to, reword


def leaves(command, path=()):
    """All commands that do something, by the words that call them."""
    for name, one in command.commands.items():
        yield from leaves(one, (*path, name)) if hasattr(one, "commands") else [((*path, name), one)]


LEAVES = dict(leaves(typer.main.get_command(app)))
NEEDY = [path for path, one in LEAVES.items() if any(each.required for each in one.params)]
KINDS = (int, float)


NUMBERS = [
    (path, name)
    for path, command in LEAVES.items()
    for kind in KINDS
    for name in [max(one.opts, key=len) for one in command.params if type(one.default) is kind][:1]
    if name.startswith("--")
]
"""An option of each command that holds a whole number, and one that holds any number, as far as it has them."""


def is_answered_by(shown, words, path):
    """Whether nothing but one line came, with these words and where the help is."""
    return (shown.code, shown.out, shown.err) == (
        2,
        "",
        f"pinsharp: error: {words} see {' '.join(['pinsharp', *path])} --help\n",
    )


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_an_unknown_option_is_one_line(cli, path):
    shown = cli(*path, "--zzz", "3")

    assert is_answered_by(shown, f"expected an option of {' '.join(['pinsharp', *path])}, got --zzz;", path), shown.err


@pytest.mark.parametrize("path", NEEDY, ids=" ".join)
def test_a_missing_argument_or_option_is_one_line(cli, path):
    first = next(one for one in LEAVES[path].params if one.required)
    name = first.metavar if first.param_type_name == "argument" else f"{max(first.opts, key=len)} {first.metavar}"

    shown = cli(*path)

    assert is_answered_by(shown, f"expected {name}, got nothing;", path), shown.err


@pytest.mark.parametrize("path, option", NUMBERS)
def test_a_value_that_is_no_number_is_one_line(cli, path, option):
    shown = cli(*path, option, "many")

    assert (shown.code, shown.out) == (2, "")
    help_is = " ".join(["pinsharp", *path, "--help"])
    expected = rf"pinsharp: error: {option}: expected a (whole )?number, got 'many'; see {help_is}\n"
    assert re.fullmatch(expected, shown.err)


def test_enough_commands_take_numbers():
    assert len({path for path, _ in NUMBERS}) > 10


@pytest.mark.parametrize(
    "arguments, words, path",
    [
        (["restore", "a.png", "--itertions", "3"], "--itertions; did you mean --iterations?", ["restore"]),
        (["restor"], "expected a command of pinsharp, got 'restor'; did you mean restore?", []),
        (["bench", "tabel1"], "expected a command of pinsharp bench, got 'tabel1'; did you mean table1?", ["bench"]),
        (["--verson"], "got --verson; did you mean --version?", []),
        (["restore", "a.png", "--iterations"], "--iterations: expected a value after it, got none;", ["restore"]),
        (["kernel", "a.png", "--json=3"], "--json: expected no value, got one;", ["kernel"]),
        (["detect", "a.png", "--seting", "a.toml"], "got --seting; did you mean --settings?", ["detect", "images"]),
        (["train", "a.toml", "b", "c"], "expected no further words, got 'b c';", ["train"]),
    ],
)
def test_what_else_can_be_mistyped_is_one_line(cli, arguments, words, path):
    shown = cli(*arguments)

    assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert words in shown.err
    assert shown.err.endswith(f"see {' '.join(['pinsharp', *path])} --help\n")


def test_a_hidden_option_is_not_proposed(cli):
    assert "--gamma" not in cli("kernel", "a.png", "--gama").err


@pytest.mark.parametrize("group", ["bench", "detect", "profile"])
def test_a_group_without_a_command_shows_its_help(cli, group):
    shown = cli(group)

    assert shown.code == 2
    assert f"Usage: pinsharp {group}" in shown.err + shown.out


def test_the_words_of_older_releases_of_click_are_known():
    assert reword("'x' is not a valid integer.") == "expected a whole number, got 'x'"
    assert reword("'x' is not a valid float.") == "expected a number, got 'x'"
    assert reword("Option '--light' requires an argument.") == "--light: expected a value after it, got none"
    assert reword("Got unexpected extra argument (b)") == "expected no further words, got 'b'"
    assert reword("Something else.") == "Something else"


def test_names_far_from_all_others_are_not_guessed():
    assert close_to("--nope", ["--model", "--force"]) == ""
    assert close_to("--itertions", ["--iterations", "--light"]) == "did you mean --iterations? "


def test_the_errors_of_the_parser_have_one_parent():
    assert UsageError.__name__ == "UsageError"
    assert re.fullmatch(r"typer\._click\.exceptions|click\.exceptions", UsageError.__module__)
