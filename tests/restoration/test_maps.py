"""Maps in colours and as files: what they hold, and which names they may have."""

from pathlib import Path

import numpy as np
import pytest

from pinsharp.batch.job import Job
from pinsharp.errors import OutputError
from pinsharp.images.files import read_image
from pinsharp.restoration import maps
from pinsharp.restoration.maps import LEGEND_HEIGHT, check_evidence_name, read_evidence, widths_picture, write_evidence
from pinsharp.restoration.restorer import Restorer
from strategies import random_image
from tiny_models import save_tiny_swift

FIELD = {
    "shape": "plane",
    "image": [100, 200],
    "windows": [[50.0, 40.0, 1.0, 0.5], [50.0, 160.0, 3.0, 0.5]],
    "widths": [[1.0, 2.0, 3.0]] * 3,
}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    model = save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return Restorer(model)(random_image((60, 70), "uint8", seed=0))


@pytest.mark.parametrize("suffix", [".tif", ".TIFF"])
def test_a_tiff_holds_the_map_in_16_bits(result, tmp_path, suffix):
    write_evidence(tmp_path / f"map{suffix}", result)

    found = read_image(tmp_path / f"map{suffix}").pixels
    assert found.dtype == np.uint16
    assert np.array_equal(found, np.rint(result.unsupported * 65535))


def test_a_picture_is_the_map_above_its_scale(result, tmp_path):
    write_evidence(tmp_path / "map.png", result)

    height, width = result.unsupported.shape
    found = read_image(tmp_path / "map.png").pixels
    assert found.shape[0] == height + LEGEND_HEIGHT
    brightness = found[:height, :width].astype(int).sum(axis=2)
    order = result.unsupported.ravel().argsort()
    assert np.all(np.diff(brightness.ravel()[order]) > -12)  # a colour table climbs in steps of rounding


def test_a_map_is_read_back_without_its_scale(result, tmp_path):
    write_evidence(tmp_path / "map.png", result)
    write_evidence(tmp_path / "map.tif", result)

    height, width = result.unsupported.shape
    np.testing.assert_array_equal(
        read_evidence(tmp_path / "map.png")[:, :width], read_evidence(tmp_path / "map.tif")[:height]
    )


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.bmp"])
def test_other_names_are_refused(name):
    with pytest.raises(OutputError, match=r"expected a name that ends in \.png"):
        check_evidence_name(Path(name))


@pytest.mark.parametrize("name", ["map.png", "map.tif"])
def test_an_older_map_is_not_replaced_without_leave(result, tmp_path, name):
    (tmp_path / name).write_bytes(b"older")

    with pytest.raises(OutputError, match="--overwrite"):
        write_evidence(tmp_path / name, result)
    assert (tmp_path / name).read_bytes() == b"older"


def test_widths_rise_from_left_to_right_as_their_field_does():
    picture = widths_picture(FIELD, (100, 200)).astype(int)

    ground = picture[10, :200]
    assert ground[0, 0] < ground[-1, 0]  # from violet to yellow: red rises, blue falls
    assert ground[0, 2] > ground[-1, 2]
    assert picture[50, 40, 0] < picture[50, 160, 0]


def test_one_width_alone_makes_a_picture_too():
    picture = widths_picture(FIELD | {"windows": [[1.0, 1.0, 2.0, 1.0]], "widths": [[2.0]]}, (8, 5))

    assert picture.shape == (8 + LEGEND_HEIGHT, maps.LEGEND_WIDTH, 3)


def test_results_of_a_job_do_not_meet_in_one_folder():
    job = Job(Path("a.png"), Path("x/a.png"), mask=Path("y/a.png"), evidence=Path("z/a.png"))

    assert len(set(job.moved(Path("staging")).results)) == 3


def test_an_image_that_is_left_as_it_is_has_no_map():
    job = Job(Path("a.png"), Path("x/a.png"), evidence=Path("z/a.png"))

    assert job.given({"restored": True}).results == job.given({}).results == [job.output, job.evidence]
    assert job.given({"restored": False}).results == [job.output]
