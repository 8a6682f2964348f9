"""The command line has the options of the recipe, declared once, and nobody who restores looks at a size."""

import ast
from pathlib import Path
from typing import get_args

import pytest
import typer

import pinsharp
from pinsharp.cli.main import app
from pinsharp.restoration.recipe import OPTIONS, Recipe

SOURCE = Path(pinsharp.__file__).parent


def command_options(name):
    command = typer.main.get_command(app).commands[name]
    return {one.name: one for one in command.params}


@pytest.mark.parametrize(
    "command, names",
    [
        ("restore", list(OPTIONS)),
        ("watch", list(OPTIONS)),
        (
            "kernel",
            [
                *["model", "white_level", "raw", "demosaic", "light", "device", "precision"],
                *["mask", "faults", "reference", "profile"],
            ],
        ),
    ],
)
def test_commands_have_the_options_of_the_recipe(command, names):
    shown = command_options(command)

    assert [name for name in shown if name in OPTIONS] == names
    for name in names:
        assert shown[name].opts == [f"--{name.replace('_', '-')}"]
        assert shown[name].secondary_opts == []
        assert shown[name].help == OPTIONS[name].help
        assert shown[name].default == getattr(Recipe, name)


def test_what_the_command_line_reads_is_what_the_recipe_holds():
    for name, option in OPTIONS.items():
        default = getattr(Recipe, name)
        assert isinstance(default, get_args(option.kind) or option.kind)


def test_no_option_of_restoring_is_declared_twice():
    """Nowhere in the package but in the recipe are their help and their defaults."""
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}

    for name, option in OPTIONS.items():
        beginning = option.help[:30]
        homes = [path.name for path, text in texts.items() if beginning in text]
        assert homes == ["recipe.py"], name


def test_no_caller_of_restoring_looks_at_the_size_of_an_image():
    """Nobody but the sources opens a TIFF larger than memory, or asks whether it is one."""
    for room in ("batch", "cli", "bench", "detect"):
        for path in (SOURCE / room).rglob("*.py"):
            names = {getattr(node, "id", getattr(node, "name", "")) for node in ast.walk(ast.parse(path.read_text()))}
            assert names.isdisjoint({"open_large", "LARGE_VALUES", "is_large", "DiskSource", "ArraySource"}), path
