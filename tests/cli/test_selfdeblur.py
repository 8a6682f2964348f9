"""`--model selfdeblur`: settings from a file, and fits that are stopped and go on."""

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
from pinsharp.methods.table import load_method
from pinsharp.nets.peers import self_fit
from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig
from pinsharp.restoration.restorer import Restorer
from pinsharp.runtimes.cache import VARIABLE

TINY = SelfDeblurConfig(
    kernel_size=5, levels=2, channels=4, skip_channels=2, noise_channels=2, kernel_noise=4, kernel_hidden=4, steps=4
)
CONFIG = "".join(f"{key} = {json.dumps(value)}\n" for key, value in asdict(TINY).items())
RESTORE = ["restore", "a.png", "-o", "b.png", "--model", "selfdeblur:tiny.toml", "--device", "cpu"]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "tiny.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def steps(monkeypatch):
    """Count the steps that are made, and press Ctrl-C before one of them."""
    step, seen = self_fit._Fit.step, []
    stop = []

    def counted(work):
        if work.done in stop:
            raise KeyboardInterrupt
        seen.append(work.done)
        return step(work)

    monkeypatch.setattr(self_fit._Fit, "step", counted)
    return seen, stop


def fitted(name, config=TINY):
    pixels = read_image(name).pixels
    return to_array(self_fit.fit(to_tensor(pixels), config).image, pixels)


def fits(place):
    return list((place / "cache" / "fits").iterdir())


@pytest.mark.parametrize(
    "name, shape, dtype",
    [("a.png", (20, 24, 3), "uint8"), ("a.png", (20, 24, 4), "uint16"), ("a.tif", (21, 23), "float32")],
)
def test_the_file_holds_the_fit_in_the_inputs_kind(cli, photo, place, name, shape, dtype):
    photo(name, shape=shape, dtype=dtype)

    shown = cli("restore", name, "-o", "out", "--model", "selfdeblur:tiny.toml", "--device", "cpu")

    assert shown.code == 0
    result = read_image(f"out/{name}").pixels
    assert (result.shape, result.dtype) == (shape, np.dtype(dtype))
    assert np.array_equal(result, fitted(name))
    assert fits(place) == []  # no state is left


def test_what_was_stopped_goes_on_to_the_same_file(cli, photo, place, steps):
    photo("a.png", shape=(20, 24, 3))
    seen, stop = steps

    stop.append(2)
    stopped = cli(*RESTORE)
    there, kept = (place / "b.png").exists(), fits(place)
    stop.clear()
    resumed = cli(*RESTORE)

    assert (stopped.code, there, len(kept)) == (130, False, 1)
    assert resumed.code == 0
    assert seen == [0, 1, 2, 3]
    assert fits(place) == []
    assert np.array_equal(read_image("b.png").pixels, fitted("a.png"))


@pytest.mark.parametrize("change", ["another image", "other settings"])
def test_the_fit_of_another_image_or_of_other_settings_is_left_alone(cli, photo, place, steps, change):
    photo("a.png", shape=(20, 24))
    seen, stop = steps
    stop.append(2)
    cli(*RESTORE)
    stop.clear()
    seen.clear()
    [kept] = fits(place)

    if change == "another image":
        (place / "a.png").unlink()
        photo("a.png", shape=(20, 25))
    else:
        (place / "tiny.toml").write_text(CONFIG.replace("seed = 0", "seed = 5"))
    shown = cli(*RESTORE)

    assert shown.code == 0
    assert seen == [0, 1, 2, 3]
    assert fits(place) == [kept]


def test_it_works_where_nothing_can_be_kept(cli, photo, place, monkeypatch):
    photo("a.png", shape=(20, 24))
    monkeypatch.setenv(VARIABLE, str(place / "tiny.toml" / "cache"))

    assert cli(*RESTORE).code == 0
    assert np.array_equal(read_image("b.png").pixels, fitted("a.png"))


def test_settings_of_a_file_win_over_those_of_the_model(place):
    (place / "two.toml").write_text("kernel_size = 7\n")

    assert load_method("selfdeblur-small:two.toml").config == SelfDeblurConfig(**(asdict(SMALL) | {"kernel_size": 7}))
    assert load_method("selfdeblur:tiny.toml").config == TINY


def test_a_result_made_with_other_settings_in_the_file_is_made_anew(place):
    before = Restorer("selfdeblur:tiny.toml", device="cpu").settings()
    (place / "tiny.toml").write_text(CONFIG.replace("seed = 0", "seed = 5"))

    assert Restorer("selfdeblur:tiny.toml", device="cpu").settings() != before


@pytest.mark.parametrize(
    "content, sentence",
    [
        (None, "none.toml: expected a settings file, got No such file"),
        ("kernel_size = 4", "kernel_size must be odd and at least 3, got 4"),
        ("steps = 0", "steps must be at least 1, got 0"),
        ("chanels = 3", "unknown setting chanels"),
        ('channels = "many"', "channels must be of type int, got 'many'"),
        ("channels", "expected TOML, got "),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(cli, photo, place, contents, content, sentence):
    photo("a.png", shape=(20, 24))
    if content is not None:
        (place / "none.toml").write_text(content)
    before = contents(place)

    shown = cli("restore", "a.png", "-o", "b.png", "--model", "selfdeblur:none.toml")

    assert shown.code == 2
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1
    assert contents(place) == before


def test_an_image_that_is_too_small_is_one_line(cli, photo):
    photo("a.png", shape=(10, 24))

    shown = cli(*RESTORE)

    assert "a.png: expected at least 11 x 11 pixels for 2 levels and a kernel of 5, got" in shown.err


@pytest.mark.slow
def test_a_real_interrupt_keeps_the_fit(photo, place):
    """The signal itself, in a process of its own, at a moment that nobody chose."""
    photo("a.png", shape=(20, 24))
    (place / "tiny.toml").write_text(CONFIG.replace("steps = 4", "steps = 1000000"))
    process = subprocess.Popen(
        [sys.executable, "-m", "pinsharp", *RESTORE],
        env={**os.environ, "PYTHONPATH": str(Path(pinsharp.__file__).parents[1]), "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not list(place.glob("cache/fits/*.fit")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert len(fits(place)) == 1
    assert not (place / "b.png").exists()
