"""The programs and the notebook in examples/: short, they say how to run them, and do what they say."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pinsharp.images.files import read_image, write_image

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
SAMPLE = EXAMPLES / "sample"
MOST_LINES = 60
LONGER = {"service_client.py"}  # a client of its own, run by tests/service


def run(*call, folder=EXAMPLES):
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, *map(str, call)],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def crop(tmp_path):
    """A part of the chart with an edge, in a folder of its own."""
    path = tmp_path / "images" / "chart.png"
    path.parent.mkdir()
    write_image(path, read_image(SAMPLE / "chart.png").pixels[150:380, 100:430])
    return path


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_a_program_is_short_and_says_how_to_run_it(program):
    text = program.read_text(encoding="utf-8")

    assert f"python examples/{program.name} " in ast.get_docstring(ast.parse(text))
    assert program.name in LONGER or len(text.splitlines()) <= MOST_LINES


def test_the_readme_names_the_folder():
    assert "(examples)" in (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_array_is_restored(crop, tmp_path):
    said = run(EXAMPLES / "restore_array.py", crop, tmp_path / "restored.png")

    assert "restorable" in said
    restored, blurred = (read_image(path).pixels.astype(float) for path in (tmp_path / "restored.png", crop))
    assert restored.shape == blurred.shape
    steepest = [np.percentile(np.abs(np.diff(pixels, axis=1)), 99) for pixels in (restored, blurred)]
    assert steepest[0] > 1.5 * steepest[1]


@pytest.mark.slow
def test_an_alarm_is_given_for_what_is_out_of_focus_or_unreadable(crop):
    (crop.parent / "broken.png").write_bytes(b"no image")

    said = run(EXAMPLES / "watch_and_alarm.py", crop.parent, "--limit", 2, "--once")

    assert "ALARM chart.png: width" in said
    assert "ALARM broken.png: " in said
    assert "ok chart.png" in run(EXAMPLES / "watch_and_alarm.py", crop.parent, "--limit", 5, "--once")


@pytest.mark.slow
def test_a_profile_of_an_edge_takes_its_softness_off(crop, tmp_path):
    said = run(EXAMPLES / "profile_from_edge.py", crop, tmp_path / "camera.json")

    assert "MTF50" in said
    assert json.loads((tmp_path / "camera.json").read_text())["kernels"]
    without, with_it = (float(part.split()[0]) for part in said.splitlines()[-1].split(": ")[1:])
    assert with_it < without


@pytest.mark.slow
def test_an_own_method_stands_in_the_table():
    said = run(EXAMPLES / "own_method.py", SAMPLE / "board-in-focus.png").splitlines()

    rows = {line[:26].strip(): float(line.split("gaussian:2.5 ")[1].split()[0]) for line in said}
    assert rows["blurred"] < rows["van-cittert, true kernel"] < rows["wiener, true kernel"]


@pytest.mark.slow
def test_a_network_is_trained_and_used(tmp_path):
    said = run(EXAMPLES / "train_own_images.py", SAMPLE, tmp_path / "run", "--steps", 2)

    assert "restored with the true kernel" in said
    assert "Restored(240 x 520 uint8" in said
    assert (tmp_path / "run" / "model.safetensors").exists()


def notebook():
    """The cells of the notebook."""
    return json.loads((EXAMPLES / "tour.ipynb").read_text(encoding="utf-8"))["cells"]


def test_the_notebook_is_kept_without_output():
    assert [cell for cell in notebook() if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.slow
def test_the_notebook_runs_as_a_script(tmp_path):
    code = "\n\n".join("".join(cell["source"]) for cell in notebook() if cell["cell_type"] == "code")
    (tmp_path / "tour.py").write_text(code, encoding="utf-8")
    (tmp_path / "sample").symlink_to(SAMPLE)

    said = run("tour.py", folder=tmp_path)

    assert "restorable" in said
    assert "restored: False" in said
    assert "MTF50" in said
    assert not (tmp_path / "edge.png").exists()
