"""README.md and README.zh.md say the same: a change of one without the other fails here."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = (ROOT / name for name in ("README.md", "README.zh.md"))


def text(path):
    return path.read_text(encoding="utf-8")


def code(path):
    """The code blocks, without their comments, which are translated."""
    blocks = re.findall(r"^```.*?^```", text(path), re.MULTILINE | re.DOTALL)
    return [[line.split("# ")[0].rstrip() for line in block.splitlines()] for block in blocks]


def figures(path):
    """The numbers of each line of a table, in any order: another language has another order of words."""
    rows = [line for line in text(path).splitlines() if line.startswith("|")]
    return [Counter(re.findall(r"[+-]?\d+(?:\.\d+)?", row)) for row in rows]


def links(path):
    """Where links and pictures lead, but for the other language."""
    return Counter(re.findall(r"\]\(([^)]+)\)", text(path))) - Counter([ENGLISH.name, CHINESE.name])


def test_both_have_the_same_code():
    assert len(code(ENGLISH)) >= 3
    assert code(ENGLISH) == code(CHINESE)


def test_both_have_the_same_figures_in_tables():
    assert sum(map(Counter.total, figures(ENGLISH))) > 20
    assert figures(ENGLISH) == figures(CHINESE)


def test_both_lead_to_the_same_places():
    assert links(ENGLISH) == links(CHINESE)


def test_both_have_the_same_parts():
    shapes = [re.findall(r"^(#+|-|\|) ", text(path), re.MULTILINE) for path in (ENGLISH, CHINESE)]

    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(("path", "other"), [(ENGLISH, CHINESE), (CHINESE, ENGLISH)])
def test_each_leads_to_the_other_at_its_top(path, other):
    assert f"]({other.name})" in text(path).splitlines()[2]
