"""The unit of systemd: systemd takes it, it is shut in, and its command is one that starts and stops."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "pinsharp.service"
MOST_EXPOSED = 20
"""Of 100, as systemd-analyze counts: what it calls OK."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@pytest.fixture
def unit(tmp_path):
    """The same with a command that is on this machine."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("/opt/pinsharp/bin/pinsharp", shutil.which("true")))
    return path


@needs_systemd
def test_systemd_takes_it(unit):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, [line for line in done.stderr.splitlines() if unit.name in line]) == (0, [])


@needs_systemd
def test_it_is_shut_in(unit):
    call = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(unit)]

    done = subprocess.run(call, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_its_command_listens_with_the_key_of_the_file_and_stops(tmp_path):
    pytest.importorskip("fastapi")
    from served import Served
    from tiny_models import save_tiny_swift

    text = UNIT.read_text()
    words = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1].split()
    credential = re.search(r"^LoadCredential=(\w+):", text, re.MULTILINE)[1]
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / credential).write_text("0123456789abcdef0123456789abcdef\n")
    options = [word.replace("%d", str(tmp_path / "credentials")).replace("%S", str(tmp_path)) for word in words[2:]]
    model = save_tiny_swift(tmp_path / "tiny.safetensors")

    with Served(tmp_path / "other", *options, "--port", 0, "--model", model) as service:
        statuses = [
            service.request("GET", "/v1/models", headers=headers)[0]
            for headers in ({}, {"Authorization": "Bearer 0123456789abcdef0123456789abcdef"})
        ]
        ended = service.end()

    assert words[:2] == ["/opt/pinsharp/bin/pinsharp", "serve"]
    assert statuses == [401, 200]
    assert ended == (0, "")
    assert (tmp_path / "pinsharp").is_dir()
