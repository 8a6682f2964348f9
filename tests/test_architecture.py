"""Who may import whom, read from the syntax tree: a room imports the rooms that its line names, absolutely."""

import ast
from collections.abc import Iterator
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
    "batch": {"restoration", "images"},
    "bench": {"methods", "restoration", "detect", "runtimes", "data", "metrics", "images", "blur"},
    "service": {"restoration", "images", "detect"},
    "cluster": {"restoration", "images"},
}
DOORS = {"__init__", "__main__", "cli"}  # may import every room


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
        for line, what in imports(ast.parse(path.read_text(encoding="utf-8"))):
            if what not in allowed:
                found.append(f"{file}:{line}: {room} may not import {what}")
    return found


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


def plant(path, code):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)
