"""A cache folder of their own for all tests, and exported files, made once: PyTorch's exporter takes seconds."""

import os
import signal

import pytest

from pinsharp.export.files import export
from pinsharp.runtimes.cache import VARIABLE
from tiny_models import save_tiny_swift

FILES = {"onnx": "tiny.onnx", "xml": "tiny.xml"}


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """What tests keep must not reach the user's cache."""
    os.environ[VARIABLE] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A tiny swift's weights, and files exported from them: paths and reports by kind."""
    folder = tmp_path_factory.mktemp("exported")
    weights = save_tiny_swift(folder / "tiny.safetensors")
    reports = {kind: export(weights, folder / name) for kind, name in FILES.items()}
    return {"weights": weights} | {kind: report.files[0] for kind, report in reports.items()} | {"reports": reports}


@pytest.fixture(scope="session")
def exported_bfloat16(exported, tmp_path_factory):
    """The report of a file in bfloat16, for tests that are marked as needing it."""
    return export(exported["weights"], tmp_path_factory.mktemp("exported") / "fast.xml", precision="bfloat16")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_is_heard():
    """Let tests hear Ctrl-C also where the suite was started in the background, which has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
