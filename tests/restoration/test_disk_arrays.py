"""Arrays in containers restored from disk: the same as a TIFF of the same image, to the last bit."""

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from containers import chunk_files, counts, level, said_of, write_ome
from pinsharp.errors import FormatError, ImageError
from pinsharp.images.array_planes import ArrayImage
from pinsharp.images.codec import Reading
from pinsharp.images.containers import open_plane
from pinsharp.images.files import read_image
from pinsharp.restoration import disk_hidden, sources
from pinsharp.restoration.disk import OnDisk, RowReader
from pinsharp.restoration.restorer import Restorer
from strategies import random_image
from tiffs import write_tiff
from tiny_models import save_tiny_swift

h5py = pytest.importorskip("h5py")
pytest.importorskip("zarr", minversion="3")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(disk_hidden, "TILE", 64)


def restorer(model, **options):
    return Restorer(model, device="cpu", precision="float32", window=64, **options)


def scene(shape=(190, 143), seed=0):
    """A blurred scene with two dead columns, uint16."""
    values = gaussian_filter(np.random.default_rng(seed).random(shape), 1.5)
    pixels = np.rint((values - values.min()) / np.ptp(values) * 60000 + 2000).astype(np.uint16)
    pixels[:, 40] = 0
    return pixels


def write(folder, pixels, kind):
    """The same image in a container; returns its name."""
    if kind == "hdf5":
        with h5py.File(folder / "in.h5", "w") as file:
            file.create_dataset("a/b", data=pixels, chunks=(50, 33), compression="gzip")
        return folder / "in.h5::/a/b", folder / "out.h5"
    version = kind.removeprefix("zarr ")
    return write_ome(folder / "in.zarr", pixels, version=version, chunks=(48, 40)), folder / "out.zarr"


KINDS = ["hdf5", "zarr 0.4", "zarr 0.5"]


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options", [{}, {"faults": "off", "kernel": "gaussian:1.5"}, {"mask": "mask.tif"}, {"iterations": 2}]
)
def test_an_array_becomes_what_a_tiff_becomes(tmp_path, model, monkeypatch, kind, options):
    monkeypatch.chdir(tmp_path)
    pixels = scene()
    write_tiff(tmp_path / "in.tif", pixels, tile=(64, 64))
    hidden = np.zeros(pixels.shape, np.uint8)
    hidden[100:120, 50:90] = 255
    write_tiff(tmp_path / "mask.tif", hidden)
    source, target = write(tmp_path, pixels, kind)

    found = restorer(model, **options).restore_file(source, target)

    expected = restorer(model, **options).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")
    assert isinstance(found.held, OnDisk)
    np.testing.assert_array_equal(found.image, tifffile.imread(tmp_path / "out.tif"))
    assert (found.sigmas, found.residual, found.faults) == (expected.sigmas, expected.residual, expected.faults)
    np.testing.assert_array_equal(np.asarray(found.mask), np.asarray(expected.mask))
    if kind != "hdf5":
        assert said_of(target) == said_of(source)
        first = np.asarray(found.image, np.float64)[:190, :142].reshape(95, 2, 71, 2).mean(axis=(1, 3))
        np.testing.assert_array_equal(level(target, 1)[:, :71], np.rint(first))


@pytest.mark.parametrize("kind", KINDS)
def test_in_memory_too(tmp_path, model, kind):
    pixels = scene()
    write_tiff(tmp_path / "in.tif", pixels)
    source, target = write(tmp_path, pixels, kind)

    found = restorer(model).restore_file(source, target)

    restorer(model).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")
    np.testing.assert_array_equal(found.image, tifffile.imread(tmp_path / "out.tif"))
    again = read_image(f"{target}::/a/b" if kind == "hdf5" else target)
    np.testing.assert_array_equal(again.pixels, found.image)


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize("dtype, white", [(">f4", 70000), ("<f8", 70000), ("<u4", 70000), ("<i2", None), (">u2", None)])
def test_types_that_are_converted_become_on_disk_what_they_become_in_memory(tmp_path, model, monkeypatch, dtype, white):
    """Window by window; no conversion sees the whole image. What is filled differs a little on disk: nothing is."""
    method = restorer(model, white_level=white, faults="off")
    values = (scene() // 2).astype(dtype)
    source = write_ome(tmp_path / "in.zarr", values, chunks=(48, 40), factors=(1,))

    found = method.restore_file(source, tmp_path / "out.zarr")
    shown = found.view().pixels
    monkeypatch.setattr(sources, "LARGE_VALUES", 10**9)
    whole = method.restore_file(source, tmp_path / "whole.zarr")

    assert isinstance(found.held, OnDisk)
    assert not isinstance(whole.held, OnDisk)
    np.testing.assert_array_equal(level(tmp_path / "out.zarr"), level(tmp_path / "whole.zarr"))
    again = read_image(tmp_path / "out.zarr", Reading(white_level=white)).pixels
    np.testing.assert_array_equal(found.image, again)
    np.testing.assert_array_equal(shown, again)


PLACES = np.arange(190 * 143).reshape(190, 143)


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize(
    "values, sentence",
    [
        (np.where(PLACES == 20000, 70000, 1).astype("u4"), r"in rows 0 to 190: .*white"),
        (np.where(PLACES == 20000, -3, 1).astype("i2"), "add 3 and store them as uint16"),
        (np.full((190, 143), 5.0, "f4"), "say what is white with --white-level V"),
    ],
)
def test_a_value_that_cannot_be_one_is_one_sentence_and_leaves_nothing(tmp_path, model, values, sentence):
    source = write_ome(tmp_path / "in.zarr", values, chunks=(48, 40), factors=(1,))

    with pytest.raises(ImageError, match=sentence):
        restorer(model).restore_file(source, tmp_path / "out.zarr")

    assert [path.name for path in tmp_path.iterdir()] == ["in.zarr"]


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize("faults", ["auto", "off"])
def test_a_damaged_chunk_is_one_sentence_and_leaves_the_older_result(tmp_path, model, faults):
    source = write_ome(tmp_path / "in.zarr", scene(), chunks=(48, 40))
    target = write_ome(tmp_path / "out.zarr", counts((20, 20), "u2"))
    before, last = level(target), chunk_files(source)[-1]
    last.write_bytes(last.read_bytes()[:-9])

    with pytest.raises(ImageError, match="expected a whole OME-Zarr file, got a truncated or damaged one") as caught:
        restorer(model, faults=faults, kernel="gaussian:1.5").restore_file(source, target, overwrite=True)

    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(level(target), before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zarr", "out.zarr"]


@pytest.mark.usefixtures("_everything_is_large")
@pytest.mark.parametrize("kind, name", [("zarr 0.4", "out.tif"), ("zarr 0.5", "out.h5"), ("hdf5", "out.zarr")])
def test_a_large_array_becomes_only_what_it_was(tmp_path, model, kind, name):
    source, _ = write(tmp_path, scene(), kind)

    with pytest.raises(FormatError, match="expected a name that ends in"):
        restorer(model).restore_file(source, tmp_path / name)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("kind", ["hdf5", "zarr"])
def test_planes_are_restored_as_they_are_by_themselves(tmp_path, model, monkeypatch, kind, is_large):
    """Though chunks reach over several planes."""
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000 if is_large else 10**9)
    pixels = np.stack([scene((90, 70), seed) for seed in range(4)]).reshape(2, 2, 90, 70)
    if kind == "hdf5":
        with h5py.File(tmp_path / "in.h5", "w") as file:
            file.create_dataset("a", data=pixels, chunks=(1, 2, 33, 70))
        source, target = tmp_path / "in.h5::/a", tmp_path / "out.h5"
    else:
        source = write_ome(tmp_path / "in.zarr", pixels, "czyx", chunks=(1, 2, 33, 40), factors=(1, 2))
        target = tmp_path / "out.zarr"
    told = []

    found = restorer(model, planes="each").restore_file(source, target, progress=lambda *done: told.append(done))

    if kind == "hdf5":
        with h5py.File(target) as file:
            made = file["a"][:]
    else:
        made = level(target)
    for index in np.ndindex(2, 2):
        np.testing.assert_array_equal(made[index], restorer(model)(pixels[index]).image)
    np.testing.assert_array_equal(found.view().pixels, made[0, 0])
    np.testing.assert_array_equal(found.image, made[0, 0])
    assert told[-1] == (pixels.size, pixels.size)
    assert told == sorted(told)


@pytest.mark.parametrize("planes, groups", [("one", [[0, 1, 2, 3]]), ("channel", [[0, 1], [2, 3]])])
def test_planes_share_a_blur_as_their_axes_say(tmp_path, model, planes, groups, monkeypatch):
    pixels = np.stack([scene((90, 70), seed) for seed in range(4)]).reshape(2, 2, 90, 70)
    source = write_ome(tmp_path / "in.zarr", pixels, "czyx", chunks=(1, 1, 40, 40), factors=(1,))
    measured, measure = [], Restorer.measure  # the tiny model cannot measure several together
    monkeypatch.setattr(Restorer, "measure", lambda self, row: measured.append(row) or measure(self, row[0]))

    restorer(model, planes=planes).restore_file(source, tmp_path / "out.zarr")

    assert [[plane.number for plane in row] for row in measured] == groups


WINDOWS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 49)), min_size=1, max_size=6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=WINDOWS, kind=st.sampled_from(KINDS))
def test_going_down_it_reads_what_is_in_the_file(tmp_path, steps, kind):
    pixels, top = random_image((100, 50), "uint16", 0), 0
    name, _ = write(tmp_path, pixels, kind)

    with open_plane(name) as image:
        reader = RowReader(image)
        for step, count, left in steps:
            top = min(top + step, 99)
            rows, columns = slice(top, min(top + count, 100)), slice(left, 50)
            reader.drop(above=top)

            assert (reader.read(rows, columns) == pixels[rows, columns]).all()
            assert (image.read(rows, columns) == pixels[rows, columns]).all()


def test_every_chunk_is_decoded_once(tmp_path, monkeypatch):
    monkeypatch.setattr("pinsharp.images.array_planes._LEAST_SIDE", 1)
    name, _ = write(tmp_path, random_image((100, 50), "uint16", 0), "zarr 0.4")
    decoded, read = [], ArrayImage.read
    monkeypatch.setattr(ArrayImage, "read", lambda self, *place: decoded.append(place) or read(self, *place))

    with open_plane(name) as image:
        reader = RowReader(image)
        for top in range(0, 100, 10):
            reader.read(slice(top, min(top + 25, 100)), slice(0, 50))
            reader.drop(above=top)

    corners = [(rows.start, columns.start) for _, rows, columns in decoded]
    assert corners == [(row, column) for row in (0, 48, 96) for column in (0, 40)]
