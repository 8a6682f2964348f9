"""Put the tables and pictures that a benchmark left into a page: python scripts/fill_page.py docs/benchmark.md OUT.

Whatever stands between `<!-- table: all/table1.md -->` and `<!-- end -->` becomes the content of OUT/all/table1.md. A
picture whose line comes behind `<!-- picture: all/fig5.png -->` is made anew of OUT/all/fig5.png.
"""

import re
import sys
from pathlib import Path

from PIL import Image

TABLE = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
PICTURE = re.compile(r"<!-- picture: (?P<name>\S+) -->\n!\[[^\]]*\]\((?P<target>[^)]+)\)")


def source(folder: Path, name: str) -> Path:
    """The file of a table or picture, or the end of the program."""
    path = folder / name
    if not path.is_file():
        sys.exit(f"expected {path}, which the page asks for; run scripts/benchmark.sh to its end first")
    return path


def fill(text: str, folder: Path) -> str:
    """The page with every table filled from its file in `folder`."""

    def filled(block: re.Match[str]) -> str:
        return f"{block[1]}\n{source(folder, block['name']).read_text(encoding='utf-8').strip()}\n\n{block[3]}"

    return TABLE.sub(filled, text)


def draw(text: str, page: Path, folder: Path) -> None:
    """Write the pictures that the page shows."""
    for picture in PICTURE.finditer(text):
        image = Image.open(source(folder, picture["name"])).convert("RGB")
        image.save(page.parent / picture["target"], quality=85)


def main(name: str, folder: str) -> None:
    """Fill one page."""
    page, out = Path(name), Path(folder)
    text = fill(page.read_text(encoding="utf-8"), out)
    draw(text, page, out)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
