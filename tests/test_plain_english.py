"""Plain English: words and phrases that only this project understood stay out of what people read."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INSTEAD = {
    r"\b[Tt]old\b": "given, called with, reported, distinguished; of a kernel: with the true kernel",
    r"\b(lent|lends|lender)\b": "uses the estimate of swift",
    r"\b(has|have|had) (never |not |no)?\s*met\b": "was trained on, was tested on",
    r"\busers? meets?\b": "occurs in practice",
    r"\bfor who\b": "for people who, for",
    r"\bprobably lies\b": "with its confidence interval",
    r"\bnobody (looked|knows|knew|can tell)\b": "unknown, not examined",
    r"\b(has|have|had) (no|a|any) say\b": "is ignored, counts, has no effect",
    r"\bwhole or not\b": "completely or not at all",
    r"\bcomplete or not there\b": "completely or not at all",
    r"\bnine times (of|out of) ten\b": "the 90 % interval",
    r"\b(by|in) the book\b": "say which standard or formula",
    r"`\w+` is none\b": "is not valid, is not a kernel; `None` for Python's value",
    r"\b(or|and) (is|are) none\b(?! of)": "is not one: name the thing",
    r"\b(is|are|was) none of (a|an|its)\b": "is not",
    r"(Error|Extra|Refused): If (it|that|this|they|one|some) (is|are|was|has|cannot|does|do|did|goes|says|should)\b": (
        "what it is: If `path` does not end in .onnx"
    ),
}
"""Each phrase that is not used, and what to write instead."""

# A phrase may go over the end of a line, in a source over the quotes of two strings too.
_PHRASES = {re.compile(phrase.replace(" ", r"\s+")): instead for phrase, instead in INSTEAD.items()}
_IN_SOURCE = re.compile("|".join(phrase.replace(" ", r"""[\s"'#f]+""") for phrase in INSTEAD))


def offences(text: str) -> list[str]:
    """The phrases in a text that are not used, each with its line, and what to write instead; code is left out."""
    prose = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "`x`", text)
    return [
        f"line {1 + prose.count(chr(10), 0, match.start())}: {match[0]!r}; write: {instead}"
        for phrase, instead in _PHRASES.items()
        for match in phrase.finditer(prose)
    ]


def words_of(source: str) -> Iterator[tuple[int, str]]:
    """What people read in a Python file, with its line: docstrings, comments, and texts of more than one word."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def offences_in(path: Path) -> list[str]:
    """What a Python file has that is not used."""
    source = path.read_text(encoding="utf-8")
    if not _IN_SOURCE.search(source):  # most files: reading them word by word takes longer
        return []
    said = ((line, each) for line, text in words_of(source) for each in offences(text))
    return [f"{path.relative_to(ROOT)}, text at line {line}, its {each}" for line, each in said]


def rooms() -> list[str]:
    """A pattern for the files of each folder of the package."""
    folders = sorted(path for path in (ROOT / "src/pinsharp").iterdir() if (path / "__init__.py").exists())
    return [f"src/pinsharp/{folder.name}/**/*.py" for folder in folders]


def pages() -> list[str]:
    """All pages for people, from the root."""
    return sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def newest(changelog: str) -> str:
    """The top section of the changelog: older ones stay as they were published."""
    return "## ".join(changelog.split("\n## ")[:2])


def offences_of(page: str) -> list[str]:
    """What a page has that is not used."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return offences(newest(text) if page == "CHANGELOG.md" else text)


@pytest.mark.parametrize("pattern", ["scripts/*.py", "examples/*.py", "src/pinsharp/*.py", *rooms()])
def test_programs_speak_plain_english(pattern):
    assert [each for path in sorted(ROOT.glob(pattern)) for each in offences_in(path)] == []


@pytest.mark.parametrize("page", pages())
def test_pages_speak_plain_english(page):
    assert offences_of(page) == []


@pytest.mark.parametrize(
    "text",
    [
        "PSNR 30.12 dB told, 29.87 dB blind",
        "KernelError: If `kernel` is none.",
        "OutputError: If it cannot.",
        "A figure and where it probably\n    lies.",
        "What no lens made has no say.",
        "A restorer that has never met any",
        "ImageError: If it cannot be read, or is none.",
    ],
)
def test_private_words_are_found(text):
    assert offences(text)


@pytest.mark.parametrize(
    "text",
    [
        "None of the two; none of them is larger, and there is none.",
        "Opposite borders meet; the condition is met.",
        "`told: Tensor` and `is none of that`",
        "KernelError: If `kernel` is not a valid kernel.",
        "Draws it, and says whether it is one.",
    ],
)
def test_ordinary_words_are_not(text):
    assert offences(text) == []
