"""The command line as a user meets it, and images to give to it."""

import hashlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from pinsharp.cli.main import run
from pinsharp.images.files import write_image
from tiny_models import save_tiny_swift


@pytest.fixture
def cli(monkeypatch, capsys):
    """Call `pinsharp` in this process: exit status, stdout and stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pinsharp", *map(str, arguments)])
        try:
            run()
            code = 0
        except SystemExit as done:
            code = done.code or 0
        shown = capsys.readouterr()
        return SimpleNamespace(code=code, out=shown.out, err=shown.err)

    return call


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A network that says sigma 2.00, 2 %, Gaussian, of every image."""
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture
def photo(tmp_path):
    """Write an image of smooth noise and return its path."""

    def write(name, shape=(48, 40, 3), dtype="uint8"):
        rng = np.random.default_rng(0)
        values = rng.random(shape).cumsum(axis=0) / shape[0]
        full_scale = 1 if dtype == "float32" else np.iinfo(dtype).max
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, (values * full_scale).astype(dtype))
        return path

    return write


@pytest.fixture
def contents():
    """Hash of every file below a folder, by its path."""

    def hashes(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return hashes
