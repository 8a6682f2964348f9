"""The pages of docs/: short, wrapped, all in the site, no link and no command that leads nowhere.

What the commands do is for `make docs-check`; here is only whether they exist.
"""

import re
import shlex

import pytest
import typer

from docs_check import PAGES, ROOT, blocks, check, is_alike
from pinsharp.cli.main import app
from pinsharp.restoration.recipe import OPTIONS

MOST_WORDS, MOST_COLUMNS, MOST_LINES = 12_000, 120, {"benchmark.md": 200}
NAMES = sorted(path.name for path in PAGES.glob("*.md"))
OTHERS = sorted(
    str(path.relative_to(ROOT)) for room in (".", "deploy", "docs/decisions") for path in (ROOT / room).glob("*.md")
)
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
POINTER = re.compile(r"\bdocs/(\w+)\.md(?:#([\w-]+))?")
COMMAND = typer.main.get_command(app)


def prose(path):
    """Lines outside fences and tables, with their numbers."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("|"):
            yield number, line


def anchors(path):
    """What a page's headings are called by, on a forge and on the site alike."""
    headings = (line.lstrip("#").strip().lower() for _, line in prose(path) if line.startswith("#"))
    return {re.sub(r"[^\w\s-]", "", heading).replace(" ", "-") for heading in headings}


def test_the_pages_together_are_short():
    words = {name: len(re.findall(r"\S*\w\S*", (PAGES / name).read_text(encoding="utf-8"))) for name in NAMES}

    assert sum(words.values()) <= MOST_WORDS, words


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_wrapped(name):
    wide = [n for n, line in prose(PAGES / name) if len(line) > MOST_COLUMNS and not line.startswith(("![", "<!--"))]

    assert wide == []
    assert len((PAGES / name).read_text(encoding="utf-8").splitlines()) <= MOST_LINES.get(name, 400)


def test_what_belongs_to_a_docstring_is_indented():
    """Else the site shows it as text."""
    page = (PAGES / "api.md").read_text(encoding="utf-8")

    assert re.findall(r"^::: .*\n[^ \n].*", page, re.MULTILINE) == []


def test_every_page_is_in_the_site():
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]

    assert sorted(re.findall(r": (\S+\.md)$", nav, re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", [*(f"docs/{name}" for name in NAMES), *OTHERS])
def test_links_lead_somewhere(name):
    page = ROOT / name

    for _, line in prose(page):
        for link in LINK.finditer(line):
            target = (page.parent / link["path"]).resolve() if link["path"] else page
            assert target.exists(), line
            assert link["anchor"] is None or link["anchor"] in anchors(target), line
            assert name in OTHERS or target.is_relative_to(PAGES), f"not on the site: {line}"


def test_what_points_at_a_page_points_at_one_that_is_there():
    """Comments, help and configs, which nobody clicks."""
    files = [path for room in ("src", "scripts", "configs", "tests", "deploy") for path in (ROOT / room).rglob("*.*")]
    texts = [path for path in files if path.suffix in {".py", ".sh", ".toml", ".md", ".yaml"}]

    for path in texts:
        for page, anchor in POINTER.findall(path.read_text(encoding="utf-8")):
            assert (PAGES / f"{page}.md").is_file(), path
            assert not anchor or anchor in anchors(PAGES / f"{page}.md"), path


def test_every_picture_is_shown():
    shown = " ".join(path.read_text(encoding="utf-8") for path in [*PAGES.glob("*.md"), *ROOT.glob("README*.md")])

    assert [path.name for path in (PAGES / "images").iterdir() if path.name not in shown] == []


def lines():
    """Every line that a page gives to a shell, also those that `make docs-check` leaves out."""
    for name in NAMES:
        for block in blocks(PAGES / name):
            if block.kind == "sh":
                yield from ((f"{name}:{block.line}", command) for command in block.commands)


def test_commands_of_the_pages_have_the_options_that_they_name():
    seen = 0
    for place, line in lines():
        words = shlex.split(line.partition("<")[0])
        if "pinsharp" not in words:
            continue
        command, seen = COMMAND, seen + 1
        rest = words[words.index("pinsharp") + 1 :]
        while rest and rest[0] in getattr(command, "commands", {}):
            command = command.commands[rest.pop(0)]
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        asked = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert command is not COMMAND, f"{place}: {line}"
        assert asked <= options, f"{place}: {line}"
    assert seen > 50


def test_fences_that_run_are_found_and_outputs_compared(tmp_path):
    page = tmp_path / "page.md"
    left_out = "<!-- not run: {} -->\n\n```sh\nfalse\n```\n\n"
    page.write_text(
        "Text\n\n```sh\necho 1.00 px in 3 s  # a comment\nexit 3\n```\n\n```text\n1.05 px in 9 s\n```\n\n"
        + left_out.format("needs Mars")
        + left_out.format("hours")
        + "```python\nprint('board')\n```\n\n```text\nboat\n```\n"
    )

    found = check(page, tmp_path)

    assert [block.excuse for block in blocks(page)] == [None, "needs Mars", "hours", None]
    assert len(found) == 2
    assert "status 3 of: exit 3" in found[0]
    assert "the page shows\nboat" in found[1]
    assert not is_alike("1.00 px", "1.20 px")
    assert not is_alike("one 1", "two 1")


def test_the_service_page_has_its_options_with_what_they_are_unless_given():
    page = (PAGES / "service.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `--")]
    shown = {name: cell for names, cell in rows for name in re.findall(r"`(--[\w-]+)`", names)}
    serve = COMMAND.commands["serve"].params
    own = {max(one.opts, key=len): one.default for one in serve if one.name not in OPTIONS}

    assert shown.keys() == own.keys()
    for name, default in own.items():
        assert default is None or str(default) in shown[name].replace(",", " ").split(), name
    assert all(f"`--{one.name}`" in page for one in serve if one.name in OPTIONS)


@pytest.mark.parametrize("file", ["service/metrics.py", "service/service.py"])
def test_the_service_page_has_all_metrics(file):
    names = re.findall(r'"(pinsharp_\w+)"', (ROOT / "src/pinsharp" / file).read_text(encoding="utf-8"))

    assert len(names) >= 3
    assert [name for name in names if f"`{name}`" not in (PAGES / "service.md").read_text(encoding="utf-8")] == []
