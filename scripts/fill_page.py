"""Put the tables and pictures that a benchmark left into a page: python scripts/fill_page.py docs/benchmark.md OUT.

Whatever stands between `<!-- table: all/table1.md -->` and `<!-- end -->` becomes the content of OUT/all/table1.md,
with its notes wrapped; `<!-- table: all/table1.md columns 1 4 5 -->` takes some of its columns and leaves the notes. A
picture whose line comes behind `<!-- picture: all/fig5.png -->` is made anew of OUT/all/fig5.png.
"""

import re
import sys
import textwrap
from pathlib import Path

from PIL import Image

TABLE = re.compile(r"(<!-- table: (?P<name>\S+)(?: columns (?P<columns>[\d ]+))? -->\n).*?(<!-- end -->)", re.DOTALL)
PICTURE = re.compile(r"<!-- picture: (?P<name>\S+) -->\n+!\[[^\]]*\]\((?P<target>[^)]+)\)")


def source(folder: Path, name: str) -> Path:
    """The file of a table or picture, or the end of the program."""
    path = folder / name
    if not path.is_file():
        sys.exit(f"expected {path}, which the page asks for; run scripts/benchmark.sh to its end first")
    return path


def some(lines: list[str], columns: list[int]) -> list[str]:
    """Tables with these columns alone, counted from 1, and their headings."""
    taken = []
    for line in lines:
        cells = line.split("|")
        if line.startswith("|"):
            taken.append("|".join(["", *(cells[number] for number in columns), ""]))
        elif line.startswith("**") or (not line and taken and taken[-1]):
            taken.append(line)
    return taken if taken[-1] else taken[:-1]


def wrapped(line: str) -> str:
    """A line of prose in lines of 120 characters; a line of a table as it is."""
    return line if line.startswith("|") else textwrap.fill(line, 120, break_on_hyphens=False)


def fill(text: str, folder: Path) -> str:
    """The page with every table filled from its file in `folder`."""

    def filled(block: re.Match[str]) -> str:
        lines = source(folder, block["name"]).read_text(encoding="utf-8").strip().splitlines()
        if block["columns"]:
            lines = some(lines, [int(number) for number in block["columns"].split()])
        return "\n".join([block[1], *map(wrapped, lines), "", block[4]])

    return TABLE.sub(filled, text)


def draw(text: str, page: Path, folder: Path) -> None:
    """Write the pictures that the page shows."""
    for picture in PICTURE.finditer(text):
        with Image.open(source(folder, picture["name"])) as image:
            image.convert("RGB").save(page.parent / picture["target"], quality=85)


def main(name: str, folder: str) -> None:
    """Fill one page."""
    page, out = Path(name), Path(folder)
    text = fill(page.read_text(encoding="utf-8"), out)
    draw(text, page, out)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
