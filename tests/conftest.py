"""A cache folder of their own for all tests, and exported files, made once: PyTorch's exporter takes seconds."""

import os

import pytest

from pinsharp.export.files import export
from pinsharp.runtimes.cache import VARIABLE
from tiny_models import save_tiny_swift

FILES = {"onnx": ("tiny.onnx", "float32"), "xml": ("tiny.xml", "float32"), "bfloat16": ("fast.xml", "bfloat16")}


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """What tests keep must not reach the user's cache."""
    os.environ[VARIABLE] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A tiny swift's weights, and files exported from them: paths and reports by kind."""
    folder = tmp_path_factory.mktemp("exported")
    weights = save_tiny_swift(folder / "tiny.safetensors")
    reports = {kind: export(weights, folder / name, precision=precision) for kind, (name, precision) in FILES.items()}
    return {"weights": weights} | {kind: report.files[0] for kind, report in reports.items()} | {"reports": reports}
