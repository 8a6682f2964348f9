"""Restoring one file: large ones by windows from disk, with all that small ones have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pinsharp.batch.job import Job
from pinsharp.batch.work import load_work, restore_job
from pinsharp.errors import ImageError
from pinsharp.images.files import read_image, write_image
from pinsharp.restoration import sources, views
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from tiny_models import save_tiny_swift


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors"))


@pytest.fixture
def job(place):
    pixels = np.random.default_rng(0).integers(0, 65535, (70, 90), np.uint16)
    write_image("a.tif", pixels)
    return Job(Path("a.tif"), Path("out/a.tif"))


def restore(job, *, overwrite=False, progress=None, **options):
    return restore_job(job, restorer=Restorer(**options), overwrite=overwrite, progress=progress)


def test_a_large_file_is_restored_by_windows_and_its_progress_told(job, model, monkeypatch):
    whole = restore(job, model=model)
    expected = read_image(job.output).pixels
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    told = []

    figures = restore(job, model=model, overwrite=True, progress=lambda done, total: told.append((done, total)))

    assert figures.keys() == whole.keys()
    assert figures["sigma"] == pytest.approx(whole["sigma"], rel=1e-3)
    assert figures["megapixels"] == whole["megapixels"] == 0.0063
    assert told[-1] == (6300, 6300)
    assert np.abs(read_image(job.output).pixels.astype(int) - expected).max() <= 655


def test_a_large_file_is_taken_whole_where_that_is_asked_for(job, model, monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(sources, "DiskSource", None)

    assert restore(job, model=model, window=0, iterations=2)["iterations"] == 2


def test_a_large_file_has_iterations_and_a_picture_of_its_middle(job, model, monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(views, "VIEW_SIDE", 40)
    drawn = []
    monkeypatch.setattr(
        "pinsharp.batch.side_by_side.draw", lambda *images, labels, details, found: drawn.append((images, labels))
    )
    monkeypatch.setattr("pinsharp.images.files.write_image", lambda *where, **how: None)

    figures = restore(replace(job, picture=Path("out/a.side-by-side.png")), model=model, iterations=2)

    ((before, after), (left, right)) = drawn[0]
    assert figures["iterations"] == 2
    assert left.endswith("px ± 2 %, gaussian, the middle 40 x 40 pixels of 90 x 70")
    assert right == "Restored by tiny, 2 iterations, the middle 40 x 40 pixels of 90 x 70"
    assert np.array_equal(before, read_image(job.input).pixels[15:55, 25:65])
    assert np.array_equal(after, read_image(job.output).pixels[15:55, 25:65])


def test_what_fails_leaves_no_folder(job, model):
    write_image("small.tif", np.zeros((10, 10), np.uint8))

    with pytest.raises(ImageError, match="at least 32 x 32 pixels"):
        restore(Job(Path("small.tif"), Path("out/small.tif")), model=model)

    assert not Path("out").exists()


def test_one_process_restores_one_file_after_another(job, model):
    work = load_work(Recipe(model=model))

    first = work(job)
    second = work(Job(job.input, Path("out/b.tif")))

    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert Path("out/a.tif").read_bytes() == Path("out/b.tif").read_bytes()
