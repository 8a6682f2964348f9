"""Shells complete commands and options by the script that `--show-completion` prints."""

import os
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture
def bash(tmp_path):
    """Bash with a `pinsharp` of this interpreter, and the completion of its own."""
    command = tmp_path / "pinsharp"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pinsharp "$@"\n')
    command.chmod(0o755)
    here = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}

    def complete(*words):
        script = (
            'eval "$(_PINSHARP_COMPLETE=source_bash pinsharp)" && COMP_WORDS=("$@") && COMP_CWORD=$(($# - 1)) && '
            '_pinsharp_completion pinsharp && printf "%s\\n" "${COMPREPLY[@]}"'
        )
        call = ["bash", "--norc", "-c", script, "bash", *words]
        return subprocess.run(call, env=here, capture_output=True, text=True, check=True, timeout=60).stdout.split()

    return complete


@pytest.mark.slow
@pytest.mark.parametrize(
    "words, found",
    [(("pinsharp", "ker"), ["kernel"]), (("pinsharp", "restore", "--white-l"), ["--white-level"])],
)
def test_bash_completes_what_is_begun(bash, words, found):
    assert bash(*words) == found
