"""Guides stay short: the architecture on one page, a decision on less, and each as the others are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


def text(path):
    return path.read_text(encoding="utf-8")


def test_the_architecture_is_one_page():
    assert len(text(ROOT / "ARCHITECTURE.md").split()) <= 1000


def test_the_architecture_names_every_room():
    rooms = {path.name for path in (ROOT / "src" / "pinsharp").iterdir() if (path / "__init__.py").exists()}
    table = text(ROOT / "ARCHITECTURE.md").split("## The rooms")[1].split("## The way of")[0]

    assert rooms - set(re.findall(r"`(\w+)/`", table)) == set()


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_three_parts_and_is_short(path):
    assert re.findall(r"^## (\w+)$", text(path), re.MULTILINE) == ["Context", "Decision", "Consequence"]
    assert text(path).startswith(f"# {int(path.name[:4])}. ")
    assert len(text(path).split()) <= 250


def test_every_decision_is_listed_in_order():
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", text(ROOT / "docs" / "decisions" / "README.md"), re.MULTILINE)

    assert [file for _, _, file in listed] == [path.name for path in DECISIONS]
    assert [f"# {number}. {name}" for number, name, _ in listed] == [text(path).splitlines()[0] for path in DECISIONS]


def test_code_that_a_guide_names_is_there():
    """A path in backticks with a slash and a suffix, such as `nets/swift/guard.py`, from the root or the package."""
    for page in [ROOT / "ARCHITECTURE.md", *DECISIONS]:
        for name in re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|sh|md|toml))`", text(page)):
            assert (ROOT / name).exists() or (ROOT / "src" / "pinsharp" / name).exists(), f"{page.name}: {name}"
