"""Sets of a simulated camera: pairs that training gets, stored without loss, decided by seed and number."""

import csv
import json

import numpy as np
import pytest
import skimage.data
import torch

from pinsharp.data.cameras.camera_set import CameraSet, planned_files, write_camera_set
from pinsharp.data.cameras.pair import make_pair
from pinsharp.data.corpus import Corpus
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.files import read_image

CORPUS = Corpus((torch.from_numpy(skimage.data.astronaut()[:256, :256].copy()).permute(2, 0, 1),), ("astronaut",))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three pairs of any camera, and their folder."""
    asked, folder = CameraSet("any", 3, 48, 1), tmp_path_factory.mktemp("set")
    write_camera_set(CORPUS, asked, folder)
    return folder


def levels(path):
    pixels = read_image(path).pixels
    return pixels / np.iinfo(pixels.dtype).max


def test_files_hold_the_pairs_that_training_gets(made):
    manifest = json.loads((made / "manifest.json").read_text())

    for entry in manifest["images"]:
        pair = make_pair(CORPUS, "any", size=48, seed=1, index=entry["index"])
        shape = pair.image.shape[:2] if pair.image.shape[2] == 1 else pair.image.shape
        np.testing.assert_allclose(levels(made / entry["blurred"]), pair.image.reshape(shape), atol=0.6 / 65535)
        np.testing.assert_allclose(levels(made / entry["sharp"]), pair.sharp.reshape(shape), atol=0.6 / 65535)
        np.testing.assert_array_equal(levels(made / entry["mask"]) == 1, pair.mask)
        np.testing.assert_array_equal(np.load(made / entry["kernel"]), pair.kernel)
        assert entry["sigma"] == pytest.approx(pair.sigma)
        assert entry["noise_of_255"] == pytest.approx(255 * pair.noise.sigma)


def test_table_and_manifest_say_the_same(made):
    entries = json.loads((made / "manifest.json").read_text())["images"]

    with (made / "pairs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert rows == [{key: str(value) for key, value in entry.items()} for entry in entries]


def test_what_was_planned_is_what_is_there(made):
    there = {path for path in made.rglob("*") if path.is_file()}

    assert there == set(planned_files(CameraSet("any", 3, 48, 1), made))
    assert "data:image/png;base64," in (made / "index.html").read_text()


def test_a_pair_is_decided_by_seed_and_number_alone(made, tmp_path):
    write_camera_set(CORPUS, CameraSet("any", 1, 48, 1), tmp_path / "fewer")
    write_camera_set(CORPUS, CameraSet("any", 1, 48, 2), tmp_path / "other")

    first = "blurred/00000.png"
    assert (tmp_path / "fewer" / first).read_bytes() == (made / first).read_bytes()
    assert (tmp_path / "other" / first).read_bytes() != (made / first).read_bytes()


def test_a_set_that_is_there_is_not_replaced_without_leave(made):
    before = (made / "manifest.json").read_bytes()

    with pytest.raises(OutputError, match="--overwrite replaces it"):
        write_camera_set(CORPUS, CameraSet("any", 1, 48, 2), made)

    assert (made / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"camera": "nikon"}, r"one of lab, mono, line-scan, photo, phone, sem, .*, any, got 'nikon'"),
        ({"pairs": 0}, "at least 1 pair, got 0"),
        ({"size": 31}, "32 to 1024 pixels, got 31"),
        ({"seed": -1}, "a seed of 0 or more, got -1"),
    ],
)
def test_impossible_sets_are_explained(wrong, sentence):
    with pytest.raises(ConfigError, match=sentence):
        CameraSet(**({"camera": "lab", "pairs": 1, "size": 64, "seed": 0} | wrong))
