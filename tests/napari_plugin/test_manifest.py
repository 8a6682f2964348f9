"""The manifest: found where the package says, of names that exist."""

import ast
import importlib.util
import tomllib
from pathlib import Path

import pytest

import pinsharp

ROOT = Path(__file__).parents[2]
PACKAGE = Path(pinsharp.__file__).parent


@pytest.fixture(scope="module")
def manifest():
    yaml = pytest.importorskip("yaml")
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["napari.manifest"][
        "pinsharp"
    ]
    module, name = entry.split(":")
    return yaml.safe_load((PACKAGE.parent / module.replace(".", "/") / name).read_text())


def test_every_command_is_a_name_of_its_module(manifest):
    """Read, not imported: the panel needs napari."""
    for command in manifest["contributions"]["commands"]:
        module, name = command["python_name"].split(":")
        tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_menus_and_widgets_name_commands(manifest):
    given = manifest["contributions"]
    known = {command["id"] for command in given["commands"]}
    named = [item["command"] for items in given["menus"].values() for item in items]
    named += [widget["command"] for widget in given["widgets"]]

    assert sorted(named) == sorted(known)
    assert all(name.startswith(f"{manifest['name']}.") for name in known)
