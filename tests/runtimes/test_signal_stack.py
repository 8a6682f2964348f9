"""The signal stack: given back as it was, so that a signal is heard after whatever replaced it has gone."""

import ctypes
import subprocess
import sys

import pytest

from pinsharp.runtimes.signal_stack import _Stack, kept_signal_stack
from tiny_models import save_tiny_swift

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems are left alone")

SCRIPT = """
import contextlib, os, signal, sys
from pinsharp.cli.main import run

model, file = sys.argv[1:]
sys.argv = ["pinsharp", "export", model, "-o", file]
with contextlib.suppress(SystemExit):
    run()
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(True))
os.kill(os.getpid(), signal.SIGINT)
print("heard", heard)
"""


def stack():
    found = _Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(found)) == 0
    return found.address, found.size, found.flags


def test_what_replaces_the_stack_inside_is_undone():
    before, memory = stack(), ctypes.create_string_buffer(1 << 16)
    other = _Stack(ctypes.addressof(memory), 0, len(memory))

    with kept_signal_stack():
        assert ctypes.CDLL(None).sigaltstack(ctypes.byref(other), None) == 0
        assert stack()[0] == ctypes.addressof(memory)

    assert stack() == before


def test_a_process_hears_signals_after_a_model_of_openvino_has_gone(tmp_path):
    pytest.importorskip("openvino")
    model = save_tiny_swift(tmp_path / "tiny.safetensors")

    command = [sys.executable, "-c", SCRIPT, str(model), str(tmp_path / "m.xml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("heard [True]\n")
