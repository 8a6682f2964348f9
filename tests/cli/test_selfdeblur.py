"""`pinsharp selfdeblur`: what is written and kept, how it is stopped and resumed, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import pinsharp
from pinsharp.images.arrays import to_array, to_tensor
from pinsharp.images.files import read_image
from pinsharp.nets.peers import self_fit
from pinsharp.nets.peers.selfdeblur import SelfDeblurConfig

TINY = SelfDeblurConfig(
    kernel_size=5, levels=2, channels=4, skip_channels=2, noise_channels=2, kernel_noise=4, kernel_hidden=4, steps=4
)
CONFIG = "".join(f"{key} = {json.dumps(value)}\n" for key, value in asdict(TINY).items())


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def interrupt(monkeypatch):
    """Press Ctrl-C after a number of steps."""

    def after(steps):
        step = self_fit._Fit.step

        def stopped(work):
            if work.done == steps:
                raise KeyboardInterrupt
            return step(work)

        monkeypatch.setattr(self_fit._Fit, "step", stopped)

    yield after
    monkeypatch.undo()


def fitted(name, **changes):
    pixels = read_image(name).pixels
    config = SelfDeblurConfig(**(asdict(TINY) | changes))
    return to_array(self_fit.fit(to_tensor(pixels), config).image, pixels)


@pytest.mark.parametrize(
    "name, shape, dtype",
    [("a.png", (20, 24, 3), "uint8"), ("a.png", (20, 24, 4), "uint16"), ("a.tif", (21, 23), "float32")],
)
def test_the_file_holds_the_fit_in_the_inputs_kind(cli, photo, place, name, shape, dtype):
    photo(name, shape=shape, dtype=dtype)

    shown = cli("selfdeblur", name, "-o", "out", "--config", "tiny.toml", "--device", "cpu")

    assert shown.code == 0
    result = read_image(f"out/{name}").pixels
    assert (result.shape, result.dtype) == (shape, np.dtype(dtype))
    assert np.array_equal(result, fitted(name))
    assert [path.name for path in (place / "out").iterdir()] == [name]  # no state is left


def test_options_win_over_set_over_file_over_small(cli, photo):
    photo("a.png", shape=(40, 44))

    arguments = ["a.png", "-o", "b.png", "--small", "--config", "tiny.toml", "--set", "seed=1", "--set", "colour=luma"]
    shown = cli("selfdeblur", *arguments, "--set", "steps=9", "--steps", 3, "--kernel-size", 7, "--json")

    record = json.loads(shown.out)
    assert (record["steps"], record["seed"], record["kernel_size"]) == (3, 1, 7)
    assert np.array_equal(read_image("b.png").pixels, fitted("a.png", steps=3, seed=1, kernel_size=7, colour="luma"))


def test_json_is_one_object(cli, photo):
    photo("a.png", shape=(20, 50))

    shown = cli("selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml", "--json")

    record = json.loads(shown.out)
    assert (record["input"], record["output"], record["model"]) == ("a.png", "b.png", "selfdeblur")
    assert (record["megapixels"], record["steps"], record["seed"], record["kernel_size"]) == (0.001, 4, 0, 5)
    assert 0 < record["sigma"] < 5
    assert record["loss"] > 0
    assert record["seconds"] > 0
    assert shown.err == ""


def test_people_get_a_line(cli, photo):
    photo("a.png", shape=(20, 24))

    shown = cli("selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml")

    assert shown.out.startswith("a.png -> b.png: kernel of sigma ")
    assert " after 4 steps, 0.00 megapixels in " in shown.out


@pytest.mark.parametrize("extra", [[], ["--state", "kept.fit"]])
def test_what_was_stopped_is_kept_and_goes_on_to_the_same_file(cli, photo, place, interrupt, monkeypatch, extra):
    photo("a.png", shape=(20, 24, 3))
    command = ["selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml", *extra]
    state = extra[1] if extra else "b.png.fit"

    interrupt(2)
    stopped = cli(*command)
    there = (place / "b.png").exists()
    monkeypatch.undo()
    monkeypatch.chdir(place)
    again, resumed = cli(*command), cli(*command, "--resume")

    assert (stopped.code, there) == (130, False)
    reason, last = stopped.err.strip().splitlines()
    assert reason == (
        f"pinsharp: stopped at step 2 of 4; the fit is kept in {state}, and the same command with --resume goes on"
    )
    assert last.startswith("pinsharp: error: interrupted")
    assert again.code == 2
    assert f"{state} holds an earlier fit; go on with --resume, or start anew with --overwrite" in again.err
    assert resumed.code == 0
    assert np.array_equal(read_image("b.png").pixels, fitted("a.png"))
    assert (place / state).exists() == bool(extra)


def test_overwrite_starts_anew(cli, photo, place):
    photo("a.png", shape=(20, 24))
    photo("b.png", shape=(4, 4))
    (place / "b.png.fit").write_text("an old fit")

    shown = cli("selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml", "--overwrite")

    assert shown.code == 0
    assert read_image("b.png").pixels.shape == (20, 24)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["a.png", "-o", "a.png", "--overwrite"], "got the input itself"),
        (["a.png", "-o", "there.png"], "there.png: expected a new name, got an existing file"),
        (["none.png", "-o", "b.png"], "none.png: expected an image file, got no such file"),
        (["a.png", "-o", "b.png", "--resume"], "nothing to resume: there is no b.png.fit; leave --resume out"),
        (["a.png", "-o", "b.png", "--state", "a.png", "--overwrite"], "got the input itself"),
        (["a.png", "-o", "b.png", "--state", "b.png"], "expected a file for the state beside the result"),
        (["a.png", "-o", "b.png", "--state", "no/b.fit"], "no/b.fit: expected to write the state of the fit, got No"),
        (["a.png", "-o", "b.png", "--kernel-size", 4], "kernel_size must be odd and at least 3, got 4"),
        (["a.png", "-o", "b.png", "--steps", 0], "steps must be at least 1, got 0"),
        (["a.png", "-o", "b.png", "--set", "chanels=3"], "unknown setting chanels"),
        (["a.png", "-o", "b.png", "--set", "channels=many"], "channels must be of type int, got 'many'"),
        (["a.png", "-o", "b.png", "--set", "channels"], "--set takes KEY=VALUE"),
        (["a.png", "-o", "b.png", "--config", "none.toml"], "settings not found: none.toml"),
        (["a.png", "-o", "b.png", "--config", "a.png"], "cannot read a.png"),
        (["a.png", "-o", "b.png", "--device", "tpu"], "expected the device auto, cpu or cuda, got 'tpu'"),
        (
            ["small.png", "-o", "b.png"],
            "small.png: expected at least 11 x 11 pixels for 2 levels and a kernel of 5, got",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(cli, photo, place, contents, arguments, sentence):
    photo("a.png", shape=(20, 24))
    photo("there.png", shape=(20, 24))
    photo("small.png", shape=(10, 24))
    before = contents(place)
    config = [] if "--config" in arguments else ["--config", "tiny.toml"]

    shown = cli("selfdeblur", *arguments, *config)

    assert shown.code == 2
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1
    assert contents(place) == before


def test_another_images_fit_is_not_resumed(cli, photo, place, interrupt, monkeypatch):
    photo("a.png", shape=(20, 24))
    interrupt(1)
    cli("selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml")
    monkeypatch.undo()
    monkeypatch.chdir(place)

    shown = cli("selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml", "--resume", "--seed", 5)

    assert shown.code == 2
    assert "b.png.fit belongs to a fit with seed 0, expected 5" in shown.err


@pytest.mark.slow
def test_a_real_interrupt_keeps_the_fit(photo, place):
    """The signal itself, in a process of its own, at a moment that nobody chose."""
    photo("a.png", shape=(20, 24))
    command = [sys.executable, "-m", "pinsharp", "selfdeblur", "a.png", "-o", "b.png", "--config", "tiny.toml"]
    environment = {**os.environ, "PYTHONPATH": str(Path(pinsharp.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--steps", "1000000"],
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not (place / "b.png.fit").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130
    assert "the fit is kept in b.png.fit, and the same command with --resume goes on" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in place.iterdir()) == ["a.png", "b.png.fit", "tiny.toml"]
