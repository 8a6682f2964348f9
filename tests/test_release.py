"""What has to hold when a version is released: its number, its changes, and how large it is."""

import re
from pathlib import Path

import pinsharp

ROOT = Path(__file__).parents[1]
MOST_WORDS, MOST_BYTES = 900, 30 * 2**20


def newest():
    """Number and text of the top section of the changelog."""
    _, number, rest = re.split(r"^## (\S+).*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.M)[:3]
    return number, rest


def test_the_changelog_begins_with_this_version_in_a_readable_length():
    number, changes = newest()

    assert number == pinsharp.__version__
    assert 100 < len(changes.split()) <= MOST_WORDS


def test_recipes_for_clusters_name_this_version():
    images = re.findall(r"pinsharp-ray:(\S+)", (ROOT / "deploy" / "kuberay.yaml").read_text(encoding="utf-8"))

    assert set(images) == {pinsharp.__version__}


def test_the_citation_names_this_version():
    assert f"version: {pinsharp.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_a_wheel_is_not_too_large():
    """All files of the package go into it; weights are most of them, and compress hardly at all."""
    files = [
        path for path in (ROOT / "src" / "pinsharp").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]

    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
