"""Put the tables that `pinsharp bench` printed into a page: python scripts/fill_page.py docs/benchmark.md OUT.

Whatever stands between `<!-- table: all/table1.md -->` and `<!-- end -->` becomes the content of OUT/all/table1.md.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str, folder: Path) -> str:
    """The page with every block filled from its file in `folder`."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{(folder / block['name']).read_text().strip()}\n\n{block[3]}", page)


if __name__ == "__main__":
    page, folder = map(Path, sys.argv[1:])
    page.write_text(fill(page.read_text(encoding="utf-8"), folder), encoding="utf-8")
