"""Standard input to standard output: the same result as of files, nothing else there, and nothing left behind."""

import subprocess
import sys

import pytest


def pipe(data, *arguments, cwd, model):
    """Call `pinsharp restore` in a process of its own."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from pinsharp.cli.main import run; run()"
    command = [sys.executable, "-c", code, "restore", *arguments, "--model", str(model), "--device", "cpu"]
    environment = {"TMPDIR": str(cwd), "PATH": "", "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, input=data, capture_output=True, check=False, cwd=cwd, env=environment)


def test_the_result_is_that_of_a_file_and_nothing_is_left(cli, model, photo, tmp_path):
    source = photo("a.tif", dtype="uint16")
    (tmp_path / "empty").mkdir()

    plain = pipe(source.read_bytes(), "-", cwd=tmp_path / "empty", model=model)
    done = pipe(source.read_bytes(), "-", "--json", cwd=tmp_path / "empty", model=model)
    cli("restore", source, "-o", tmp_path / "b.tif", "--model", model)

    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "b.tif").read_bytes()
    assert b"sigma" in done.stderr
    assert plain.stderr.startswith(b"standard input -> standard output: sigma")
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("data, reason", [(b"", b"got nothing; send one"), (b"Dear Sir", b"a file that begins with")])
def test_what_is_no_image_is_one_line(tmp_path, model, data, reason):
    done = pipe(data, "-", cwd=tmp_path, model=model)

    assert (done.returncode, done.stdout) == (2, b"")
    assert reason in done.stderr
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (("-", "a.png"), "expected `restore -` alone"),
        (("a.png",), "no --out"),
        (("-", "-o", "out"), "name both, or neither"),
        (("-", "--side-by-side"), "an option that writes files"),
    ],
)
def test_half_of_it_is_refused(cli, model, photo, tmp_path, monkeypatch, arguments, reason):
    photo("a.png")
    monkeypatch.chdir(tmp_path)

    shown = cli("restore", *arguments, "--model", model)

    assert shown.code == 2
    assert reason in shown.err
