"""What errors and remarks call an option is what the user types: `--white-level`, never `white-level` or `white_level`.

"The white level" is prose and may be said. Read from the syntax tree, and tried at the command line.
"""

import ast
import re
from pathlib import Path

import pytest
import typer

import pinsharp
from pinsharp import errors
from pinsharp.cli.main import app

SOURCE = Path(pinsharp.__file__).parent
TELLING = {name for name in vars(errors) if name.endswith("Error")} | {"MissingExtra", "remark", "complain"}
NOUNS = {"kernel", "model", "field", "mask", "profile", "pins", "light"}
"""Options that are also what a sentence may begin with: 'kernel must sum to 1'."""

ROOMS = ("restoration", "methods", "images", "batch", "cli", "data/testset.py", "detect/simulate.py", "adapt")
"""Where messages are about options of the command line; elsewhere words may be those of files of settings."""


def options(command):
    """All long options of a command and of those in it, without their dashes."""
    own = {name[2:] for one in command.params for name in one.opts if name.startswith("--")}
    return own.union(*(options(each) for each in getattr(command, "commands", {}).values()))


OPTIONS = options(typer.main.get_command(app))


def said(node):
    """The words of a string, {} for what is put in."""
    if isinstance(node, ast.BinOp):
        return said(node.left) + said(node.right)
    if isinstance(node, ast.JoinedStr):
        return "".join(said(part) for part in node.values)
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "{}"


def messages():
    """Every sentence that is told, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TELLING and node.args:
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", said(node.args[0])


def bare(words):
    """Options that a sentence names without their dashes."""
    for name in OPTIONS:
        forms = {name, name.replace("-", "_")}
        if len(forms) > 1 and any(re.search(rf"(?<![-\w./]){form}(?![-\w(/])", words) for form in forms):
            yield name
        if name not in NOUNS and re.match(rf"(\{{\}}: )?{name} (must|needs|helps|goes|takes|above|restores)\b", words):
            yield name


def test_the_scan_sees_what_it_is_for():
    assert list(bare("white_level must be 1, or a white-level")) == ["white-level"]
    assert list(bare("{}: window must be 0")) == ["window"]
    assert list(bare("--white-level must be the white level, got --window 3 and a window")) == []
    assert len(OPTIONS) > 60
    assert len(list(messages())) > 300


def test_every_option_that_is_named_has_its_dashes():
    wrong = [
        f"{place}: {name}: {words}" for place, words in messages() if place.startswith(ROOMS) for name in bare(words)
    ]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "option, value",
    [
        ("--iterations", "0"),
        ("--window", "5"),
        ("--white-level", "0"),
        ("--raw", "1x1"),
        ("--planes", "all"),
        ("--channels", "lab"),
        ("--light", "log"),
        ("--precision", "half"),
        ("--runtime", "cpp"),
        ("--device", "tpu"),
        ("--faults", "some"),
        ("--field", "none"),
        ("--jobs", "0"),
        ("--name-template", "{x}"),
        ("--beyond-camera", None),
    ],
)
def test_a_wrong_value_is_answered_by_the_name_that_was_typed(cli, photo, tmp_path, option, value):
    given = [option] if value is None else [option, value]

    shown = cli("restore", photo("in/a.png"), "-o", tmp_path / "out", *given)

    assert shown.code == 2
    assert option in shown.err
    assert len(shown.err.splitlines()) == 1
