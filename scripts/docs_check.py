"""Run the commands that the pages of docs/ show, and compare what they print: python scripts/docs_check.py [PAGE ...].

Each page has a folder of its own, with the files of scripts/docs_material.py. Blocks of `sh` run line by line, blocks
of `python` whole, in the order of the page. A `text` block right behind one is what it prints, numbers within a tenth
(times may differ). Commands that go on for ever get Ctrl-C. `<!-- not run: WHY -->` before a block leaves it out.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs"
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>not run|curl): (?P<why>[^\n]*) -->\n\n)?^```(?P<kind>sh|python)\n(?P<body>.*?)^```$"
    r"(?:\n\n```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
ENDLESS = re.compile(r"pinsharp (watch|monitor|serve)\b(?!.*--once)")
UNTIL_CTRL_C_S, PATIENCE_S = 20, 600
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
TIME = re.compile(r"\b[\d.]+ (?=s\b|a second)")
STOPPED = 130


@dataclass(frozen=True)
class Block:
    """What stands between two fences: a page, the line where it begins, what runs, what it prints, why it does not."""

    page: str
    line: int
    kind: str
    body: str
    printed: str | None
    excuse: str | None

    @property
    def commands(self) -> list[str]:
        """The lines of a shell, with those that go on joined, without comments; or one program of Python."""
        if self.kind == "python":
            return [self.body]
        lines = self.body.replace("\\\n", " ").splitlines()
        return [line for line in (re.sub(r"\s+# .*", "", each).strip() for each in lines) if line]


def blocks(path: Path) -> Iterator[Block]:
    """All that a page runs, in order."""
    text = path.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("kind")) + 1
        yield Block(path.name, line, found["kind"], found["body"], found["printed"], found["why"])


def is_alike(shown: str, printed: str) -> bool:
    """Whether two outputs say the same: words equal, numbers within a tenth, times whatever they are."""
    one, other = (re.sub(r" +$", "", TIME.sub("", text.strip()), flags=re.MULTILINE) for text in (shown, printed))
    if NUMBER.sub("0", one) != NUMBER.sub("0", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(abs(float(a) - float(b)) <= 0.1 * max(abs(float(a)), abs(float(b))) for a, b in pairs)


def run(command: str, kind: str, folder: Path) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command in a folder."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PINSHARP_CACHE": str(folder / ".cache"),
        "COLUMNS": "120",
    }
    words = (
        [sys.executable, "-"]
        if kind == "python"
        else ["bash", "-c", f"exec {command}" if is_endless(command) else command]
    )
    with subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        if is_endless(command):
            time.sleep(UNTIL_CTRL_C_S)
            process.send_signal(signal.SIGINT)
        printed, said = process.communicate(command if kind == "python" else None, timeout=PATIENCE_S)
    return process.returncode, printed, said


def is_endless(command: str) -> bool:
    """Whether it ends by Ctrl-C alone."""
    return ENDLESS.match(command) is not None


def complaints(block: Block, folder: Path) -> Iterator[str]:
    """What is wrong with a block, in words; nothing if all is as the page says."""
    printed = ""
    for command in block.commands:
        status, out, said = run(command, block.kind, folder)
        printed += out
        if status != 0 and not (is_endless(command) and status == STOPPED):
            yield f"docs/{block.page}:{block.line}: status {status} of: {command.strip()}\n{said.strip()[-2000:]}"
    if block.printed is not None and not is_alike(block.printed, printed):
        yield f"docs/{block.page}:{block.line}: the page shows\n{block.printed}\nand this was printed\n{printed}"


def check(page: Path, folder: Path) -> list[str]:
    """Run a page in a folder of the material."""
    found: list[str] = []
    for block in blocks(page):
        begun = time.monotonic()
        if block.excuse is None:
            found += complaints(block, folder)
        what = f"left out: {block.excuse}" if block.excuse else f"{time.monotonic() - begun:.0f} s"
        print(f"docs/{block.page}:{block.line}: {what}", flush=True)
    return found


def main(names: list[str]) -> int:
    """Check pages, all unless some are named; the status is 1 if something is not as they say."""
    from docs_material import make

    found: list[str] = []
    with tempfile.TemporaryDirectory() as root:
        material = Path(root) / "material"
        material.mkdir()
        make(material)
        pages = [PAGES / name for name in names] or sorted(PAGES.glob("*.md"))
        profile = "pinsharp profile create -o camera.json --edge chart.png"
        for page in pages:
            folder = Path(root) / page.stem
            shutil.copytree(material, folder)
            if "--profile camera.json" in page.read_text(encoding="utf-8") and page.stem != "profile":
                run(profile, "sh", folder)
            found += check(page, folder)
    print("\n\n".join(found) or "all pages are as they say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main([Path(name).name for name in sys.argv[1:]]))
