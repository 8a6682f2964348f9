"""Restoring one file: large ones by windows from disk, and options that make the same results."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from pinsharp.batch.job import Job
from pinsharp.batch.options import RestoreOptions
from pinsharp.batch.work import load_work, restore_job
from pinsharp.errors import ConfigError
from pinsharp.images.files import read_image, write_image
from pinsharp.nets.weights import save_weights
from pinsharp.restoration import streaming
from tiny_models import save_tiny_swift, tiny_peer


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors"))


@pytest.fixture
def job(place):
    pixels = np.random.default_rng(0).integers(0, 65535, (70, 90), np.uint16)
    write_image("a.tif", pixels)
    return Job(Path("a.tif"), Path("out/a.tif"))


def restore(job, options, **more):
    return restore_job(job, restorer=options.load(), options=options, **more)


def test_a_large_file_is_restored_by_windows_and_its_progress_told(job, model, monkeypatch):
    whole = restore(job, RestoreOptions(model=model))
    expected = read_image(job.output).pixels
    monkeypatch.setattr(streaming, "LARGE_VALUES", 1000)
    told = []

    figures = restore(
        job, RestoreOptions(model=model), overwrite=True, progress=lambda done, total: told.append((done, total))
    )

    assert figures.keys() == whole.keys()
    assert figures["sigma"] == pytest.approx(whole["sigma"], rel=1e-3)
    assert figures["megapixels"] == whole["megapixels"] == 0.0063
    assert told[-1] == (6300, 6300)
    assert np.abs(read_image(job.output).pixels.astype(int) - expected).max() <= 655


def test_a_large_file_is_taken_whole_where_that_is_asked_for(job, model, monkeypatch):
    monkeypatch.setattr(streaming, "LARGE_VALUES", 1000)
    monkeypatch.setattr(streaming, "restore_file", None)

    assert restore(job, RestoreOptions(model=model, window=0, iterations=2))["iterations"] == 2


def test_what_a_large_file_cannot_have_is_one_sentence(job, model, monkeypatch):
    monkeypatch.setattr(streaming, "LARGE_VALUES", 1000)

    with pytest.raises(ConfigError, match="expected --iterations 1 for an image so large"):
        restore(job, RestoreOptions(model=model, iterations=2))
    with pytest.raises(ConfigError, match="expected no --side-by-side for an image so large"):
        restore(Job(job.input, job.output, Path("out/a.side-by-side.png")), RestoreOptions(model=model))
    assert not Path("out").exists()


def test_options_go_to_other_processes_and_come_out_as_they_were(model):
    options = RestoreOptions(model=model, kernel="disk:2", white_level=4095, gamma=True)

    assert pickle.loads(pickle.dumps(options)) == options


def test_settings_tell_what_decides_the_pixels_and_nothing_else(place, model):
    restorer = RestoreOptions(model=model).load()
    settings = RestoreOptions(model=model).settings(restorer)

    for other in ("device", "precision", "runtime"):
        assert RestoreOptions(model=model, **{other: "other"}).settings(restorer) == settings
    for change in (
        {"kernel": "disk:2"},
        {"iterations": 2},
        {"white_level": 4095},
        {"channels": "luma"},
        {"gamma": True},
    ):
        assert RestoreOptions(model=model, **change).settings(restorer) != settings


@pytest.mark.parametrize("name, matters", [("swift", False), ("nafnet", True), ("wiener", True), ("selfdeblur", False)])
def test_the_window_counts_where_results_depend_on_it(place, model, name, matters):
    """It does where windows are blended; not where they are the whole image, or the whole image is the window."""
    if name == "nafnet":
        save_weights("nafnet.safetensors", tiny_peer("nafnet"), {})
    chosen = {"swift": model, "nafnet": "nafnet.safetensors"}.get(name, name)
    restorer = RestoreOptions(model=chosen).load()

    settings = [RestoreOptions(model=chosen, window=window).settings(restorer) for window in (None, 0, 64, 96)]

    assert len({str(words) for words in settings}) == (4 if matters else 1)


def test_a_file_counts_by_its_content(place, model):
    Path("k.json").write_text("one")
    restorer = RestoreOptions(model=model).load()
    first = RestoreOptions(kernel="k.json").settings(restorer)
    Path("elsewhere").mkdir()
    Path("elsewhere/k.json").write_text("one")
    Path("k.json").write_text("two")

    assert RestoreOptions(kernel="elsewhere/k.json").settings(restorer) == first
    assert RestoreOptions(kernel="k.json").settings(restorer) != first


def test_one_process_restores_one_file_after_another(job, model):
    work = load_work(RestoreOptions(model=model))

    first = work(job)
    second = work(Job(job.input, Path("out/b.tif")))

    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert Path("out/a.tif").read_bytes() == Path("out/b.tif").read_bytes()
