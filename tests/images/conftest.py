"""A fresh interpreter for claims about imports and about what is printed."""

import subprocess
import sys

import pytest


@pytest.fixture
def run_python():
    """Run code in a fresh interpreter that finds what this one finds; it has to end well, stderr comes back."""

    def run(code):
        prologue = f"import sys; sys.path[:] = {sys.path!r}\n"
        done = subprocess.run([sys.executable, "-c", prologue + code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run
