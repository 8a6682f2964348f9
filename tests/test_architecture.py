"""How the house is built, read from the syntax tree.

A room imports only the rooms that its line names, absolutely; no file imports itself by way of others; no chain of
imports is long; and what networks and methods can do is read from their traits.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import pinsharp

FREE = {
    "errors",
    "allocator",
    "workers",
    "settings",
    "pages",
    "version",
    "atomic",
    "locks",
    "processor",
    "words",
}  # for everybody
MAY_IMPORT = {
    "errors": set(),
    "allocator": set(),
    "workers": set(),
    "settings": set(),
    "pages": set(),
    "version": set(),
    "atomic": set(),
    "locks": set(),
    "processor": set(),
    "words": set(),
    "images": set(),
    "blur": set(),
    "metrics": set(),
    "classical": {"blur"},
    "nets": {"blur", "metrics"},
    "data": {"images", "blur"},
    "detect": {"images", "blur"},
    "runtimes": {"nets", "blur"},
    "export": {"runtimes", "nets"},
    "methods": {"classical", "nets", "runtimes", "blur"},
    "restoration": {"methods", "images", "blur"},
    "train": {"nets", "data", "metrics", "blur"},
    "adapt": {"train", "restoration", "methods", "nets", "data", "images", "blur", "metrics"},
    "profiling": {"restoration", "images", "blur"},
    "batch": {"restoration", "images"},
    "monitor": {"batch", "images", "blur"},
    "bench": {"methods", "restoration", "detect", "runtimes", "data", "metrics", "images", "blur"},
    "service": {"batch", "restoration", "profiling", "detect", "methods", "nets", "images", "blur"},
    "napari_plugin": {"profiling", "restoration", "images", "blur"},
    "cluster": {"batch", "restoration", "methods", "images", "blur"},
}
DOORS = {"__init__", "__main__", "cli"}  # may import every room
LONGEST_CHAIN = 16
"""Most modules that import one another in a row when one is imported."""

ANSWER_THEMSELVES = {"nets", "runtimes"}
"""Rooms that may look into networks."""

NETWORKS_AND_METHODS = {"net", "nets", "network", "networks", "method", "methods"}
"""Names, or last parts of names, of what is not to be asked so."""


def violations(source: Path) -> list[str]:
    """Every forbidden import below the package folder `source`, as 'file:line: what is wrong'."""
    found = []
    for path in sorted(source.rglob("*.py")):
        file = path.relative_to(source)
        room = file.with_suffix("").parts[0]
        if room not in DOORS | MAY_IMPORT.keys():
            found.append(f"{file}:1: the room {room} is new; give it a line in MAY_IMPORT")
            continue
        allowed = FREE | {room} | (MAY_IMPORT.keys() | {"cli"} if room in DOORS else MAY_IMPORT[room])
        for line, what in imports(tree_of(path)):
            if what not in allowed:
                found.append(f"{file}:{line}: {room} may not import {what}")
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and room of whatever is imported from our package, at any depth; a relative import keeps its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom | ast.Import):
            # `from pinsharp import nets` imports a room just as `import pinsharp.nets` does
            start = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for name in (f"{start}{alias.name}.pinsharp".split(".") for alias in node.names):
                if name[0] == "pinsharp":
                    yield node.lineno, name[1]


def import_graph(source: Path, *, inside_functions: bool) -> dict[str, set[str]]:
    """Which modules of the package each of its modules imports, for types alone left out."""
    trees = {module_name(path, source): tree_of(path) for path in source.rglob("*.py")}
    return {
        module: {found for found in targets(tree, trees, inside_functions=inside_functions) if found != module}
        for module, tree in trees.items()
    }


def module_name(path: Path, source: Path) -> str:
    parts = path.relative_to(source.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def targets(node: ast.AST, known: Mapping[str, object], *, inside_functions: bool) -> Iterator[str]:
    """The known modules that code imports when it is run."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not inside_functions:
            continue
        if isinstance(child, ast.ImportFrom):
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield from {inner if inner in known else child.module or ""} & known.keys()
        elif isinstance(child, ast.Import):
            yield from {alias.name for alias in child.names} & known.keys()
        yield from targets(child, known, inside_functions=inside_functions)


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle; none if there is no such circle."""
    done: set[str] = set()

    def search(module: str, path: list[str]) -> list[str]:
        if module in path:
            return path[path.index(module) :]
        if module in done:
            return []
        found = next((way for each in sorted(graph[module]) if (way := search(each, [*path, module]))), [])
        done.add(module)
        return found

    return next((way for module in sorted(graph) if (way := search(module, []))), [])


def longest_chain(graph: Mapping[str, set[str]]) -> list[str]:
    """The longest row of modules in which each imports the next; there must be no circle."""
    chains: dict[str, list[str]] = {}

    def chain(module: str) -> list[str]:
        if module not in chains:
            chains[module] = [module, *max((chain(each) for each in sorted(graph[module])), key=len, default=[])]
        return chains[module]

    return max((chain(module) for module in sorted(graph)), key=len)


def questions(source: Path) -> list[str]:
    """Every question by `hasattr`, `isinstance` or `getattr` with a default about networks and methods.

    As 'file:line: what is asked'. Their traits answer it.
    """
    found = []
    for path in sorted(source.rglob("*.py")):
        file = path.relative_to(source)
        if file.parts[0] in ANSWER_THEMSELVES:
            continue
        tree = tree_of(path)
        classes = {name for room, name in imported(tree) if room in ("nets", "methods") and name != "Method"}
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        found += [f"{file}:{call.lineno}: {ast.unparse(call)}" for call in calls if is_question(call, classes)]
    return found


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Room and name of whatever is imported from our rooms by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pinsharp."):
            yield from ((node.module.split(".")[1], alias.asname or alias.name) for alias in node.names)


def is_question(call: ast.Call, classes: set[str]) -> bool:
    """Whether a call asks a network or a method what it has or is: by its name, or by a class of those rooms."""
    if call.func.id not in ("hasattr", "isinstance", "getattr") or (call.func.id == "getattr" and len(call.args) < 3):
        return False
    subject = ast.unparse(call.args[0]).split(".")[-1].strip("_()")
    asked = {node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)}
    return subject.split("_")[-1] in NETWORKS_AND_METHODS or bool(asked & classes)


def test_rooms_import_only_what_they_may():
    assert violations(Path(pinsharp.__file__).parent) == []


@pytest.mark.parametrize(
    "file, code, reason",
    [
        ("blur/kernels.py", "from pinsharp.nets.blocks import Block", "1: blur may not import nets"),
        ("metrics.py", "import pinsharp.images.files as files", "1: metrics may not import images"),
        ("nets/udbd/udbd.py", "from pinsharp import methods", "1: nets may not import methods"),
        ("restoration/restorer.py", "import torch\nimport pinsharp", "2: restoration may not import pinsharp"),
        ("train/loop.py", "from pinsharp import read_image", "1: train may not import read_image"),
        ("data/corpus.py", "def read():\n    from pinsharp.train import loop", "2: data may not import train"),
        ("nets/udbd/udbd.py", "from .blocks import Block", "1: nets may not import .blocks"),
        ("cli/main.py", "from . import restore", "1: cli may not import ."),
        ("attic.py", "import math", "1: the room attic is new; give it a line in MAY_IMPORT"),
    ],
)
def test_a_planted_violation_is_found(tmp_path, file, code, reason):
    plant(tmp_path / file, code)

    assert violations(tmp_path) == [f"{file}:{reason}"]


@pytest.mark.parametrize(
    "file, code",
    [
        ("__init__.py", "from pinsharp.restoration.restorer import restore"),
        ("cli/restore.py", "from pinsharp.train.loop import fit"),
        ("methods/table.py", "from pinsharp.nets.udbd.udbd import Udbd\nfrom pinsharp.version import __version__"),
        ("images/files.py", "from pinsharp.errors import ImageError\nfrom pinsharp.images.arrays import to_tensor"),
        ("blur/fourier.py", "import torch\nfrom torch import nn"),
    ],
)
def test_what_is_allowed_is_not_reported(tmp_path, file, code):
    plant(tmp_path / file, code)

    assert violations(tmp_path) == []


@pytest.mark.parametrize("inside_functions", [False, True])
def test_no_files_import_one_another_in_a_circle(inside_functions):
    assert circle(import_graph(Path(pinsharp.__file__).parent, inside_functions=inside_functions)) == []


def test_no_chain_of_imports_is_long():
    chain = longest_chain(import_graph(Path(pinsharp.__file__).parent, inside_functions=False))

    assert len(chain) <= LONGEST_CHAIN, " -> ".join(chain)


def test_networks_and_methods_say_what_they_can_do():
    assert questions(Path(pinsharp.__file__).parent) == []


@pytest.mark.parametrize(
    "imports_b, imports_a, at_the_top, inside",
    [
        ("from pinsharp.a import f", "from pinsharp.b import g", True, True),
        ("import pinsharp.a", "def f():\n    from pinsharp import b", False, True),
        (
            "import pinsharp.a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pinsharp.b import g",
            False,
            False,
        ),
    ],
)
def test_a_planted_circle_is_found(tmp_path, imports_b, imports_a, at_the_top, inside):
    plant(tmp_path / "pinsharp" / "a.py", imports_a)
    plant(tmp_path / "pinsharp" / "b.py", imports_b)
    plant(tmp_path / "pinsharp" / "c.py", "import pinsharp.b")

    for inside_functions, is_there in ((False, at_the_top), (True, inside)):
        found = circle(import_graph(tmp_path / "pinsharp", inside_functions=inside_functions))
        assert sorted(found) == (["pinsharp.a", "pinsharp.b"] if is_there else [])


def test_a_planted_chain_is_measured(tmp_path):
    """A package counts as the file that makes it."""
    source = tmp_path / "pinsharp"
    plant(source / "a.py", "from pinsharp.room import b, d")
    plant(source / "room" / "__init__.py", "")
    plant(source / "room" / "b.py", "from pinsharp.room.d import x\nimport torch")
    plant(source / "room" / "d.py", "from pinsharp.room import y")

    chain = longest_chain(import_graph(source, inside_functions=False))

    assert chain == ["pinsharp.a", "pinsharp.room.b", "pinsharp.room.d", "pinsharp.room"]


@pytest.mark.parametrize(
    "file, code, is_found",
    [
        ("train/run.py", 'hasattr(run.net, "estimate")', True),
        ("methods/network.py", 'getattr(self.net, "halo", None)', True),
        ("restoration/windows.py", "from pinsharp.methods.method import Blind\nisinstance(thing, Blind)", True),
        ("bench/study.py", "from pinsharp.nets.swift.swift import Swift as S\nisinstance(x, int | S)", True),
        ("nets/complexity.py", 'hasattr(net, "estimate")', False),
        ("methods/network.py", "getattr(self.net, name)", False),
        ("workers.py", 'hasattr(signal, "pthread_sigmask")', False),
        ("bench/rows.py", "isinstance(value, float)", False),
    ],
)
def test_a_planted_question_is_found(tmp_path, file, code, is_found):
    plant(tmp_path / file, code)

    assert len(questions(tmp_path)) == is_found


def plant(path, code):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
