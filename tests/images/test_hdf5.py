"""HDF5: a dataset comes back as h5py itself sees it, with its attributes; what is none, or damaged, is one sentence."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from containers import counts
from pinsharp.errors import ImageError, MissingExtra, OutputError, PinsharpError
from pinsharp.images import hdf5
from pinsharp.images.array_planes import axes_of
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image, write_image
from pinsharp.images.places import PlaneOf

h5py = pytest.importorskip("h5py")

DTYPES = ["u1", "<u2", ">u2", "<i2", ">i4", "<u4", "<f4", ">f4", "<f8", "<f2", "<i8"]
LAYOUTS = [{}, {"compression": "gzip", "shuffle": True}, {"compression": "lzf"}, {"fletcher32": True}]


def write(path, pixels, name="entry/data/image", **options):
    with h5py.File(path, "w") as file:
        return file.create_dataset(name, data=pixels, **options).name


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(LAYOUTS),
    st.sampled_from([(), (1,), (3,), (4,)]),
    st.tuples(st.integers(1, 40), st.integers(5, 40)),
    st.sampled_from([None, (1, 5), (16, 16)]),
)
def test_a_dataset_comes_back(tmp_path, dtype, layout, channels, size, chunk):
    pixels = counts((*size, *channels), dtype)
    chunks = tuple(map(min, (*chunk, *channels), pixels.shape)) if chunk else None
    write(tmp_path / "a.h5", pixels, chunks=chunks, **layout)
    name = f"{tmp_path}/a.h5::/entry/data/image"

    read = read_image(name)
    write_image(tmp_path / "b.h5", read.pixels, like=read, overwrite=True)

    np.testing.assert_array_equal(read.pixels, pixels[..., 0] if channels == (1,) else pixels)
    with h5py.File(tmp_path / "a.h5") as old, h5py.File(tmp_path / "b.h5") as new:
        one, other = (file["entry/data/image"] for file in (old, new))
        np.testing.assert_array_equal(other[:], pixels)
        for what in ("dtype", "shape", "chunks", "compression", "compression_opts", "shuffle", "fletcher32"):
            assert getattr(one, what) == getattr(other, what)


def test_attributes_of_the_dataset_and_of_what_it_lies_in_are_kept(tmp_path):
    values = {
        "text": "counts",
        "bytes": np.bytes_(b"raw"),
        "number": np.float32(0.5),
        "table": np.arange(6, dtype=">i2").reshape(2, 3),
        "texts": np.array(["a", "bc"], dtype=h5py.string_dtype()),
        "record": np.array([(1, 2.5)], dtype=[("n", "u1"), ("v", "f8")]),
        "nothing": h5py.Empty("f4"),
    }
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("entry/data/image", data=counts((20, 20), "u2"), maxshape=(None, 20))
        for place in (file, file["entry"], file["entry/data"], data):
            for name, value in values.items():
                place.attrs[name] = value
        data.attrs["to"] = file["entry"].ref
        file["time"] = np.arange(3)

    read = read_image(f"{tmp_path}/a.h5::entry/data/image")
    write_image(tmp_path / "b.h5", read.pixels, like=read)
    write_image(f"{tmp_path}/c.h5::/other/place", read.pixels, like=read)

    assert read.tags.dropped == "1 other dataset"
    with (
        h5py.File(tmp_path / "a.h5") as old,
        h5py.File(tmp_path / "b.h5") as new,
        h5py.File(tmp_path / "c.h5") as moved,
    ):
        pairs = [(old[path], new[path]) for path in ("/", "entry", "entry/data", "entry/data/image")]
        for one, other in [*pairs, (old, moved), (old["entry/data/image"], moved["other/place"])]:
            assert set(other.attrs) == set(values)
            for name in values:
                assert one.attrs.get_id(name).dtype == other.attrs.get_id(name).dtype
                if name != "nothing":
                    np.testing.assert_array_equal(one.attrs[name], other.attrs[name])
        assert new["entry/data/image"].maxshape == (None, 20)
        assert "entry" not in moved


def test_a_chunk_that_was_never_written_is_of_the_fill_value(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", (40, 40), "u2", chunks=(20, 20), fillvalue=77)[:20, :20] = 5

    pixels = read_image(f"{tmp_path}/a.h5::/a").pixels

    assert (pixels[:20, :20] == 5).all()
    assert pixels.sum() == 5 * 400 + 77 * 1200


@pytest.mark.parametrize("kind", ["virtual", "external"])
def test_values_that_lie_in_other_files_are_read_and_these_files_stay(tmp_path, kind):
    pixels = counts((20, 20), "u2")
    if kind == "virtual":
        write(tmp_path / "parts.h5", pixels, "part")
        layout = h5py.VirtualLayout(pixels.shape, pixels.dtype)
        layout[:] = h5py.VirtualSource(str(tmp_path / "parts.h5"), "part", pixels.shape)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if kind == "virtual":
            file.create_virtual_dataset("a", layout)
        else:
            file.create_dataset("a", data=pixels, external=[(str(tmp_path / "parts.h5"), 0, h5py.h5f.UNLIMITED)])
    before = (tmp_path / "parts.h5").read_bytes()

    read = read_image(f"{tmp_path}/a.h5::/a")
    write_image(tmp_path / "b.h5", read.pixels // 2, like=read)

    np.testing.assert_array_equal(read.pixels, pixels)
    assert (tmp_path / "parts.h5").read_bytes() == before
    np.testing.assert_array_equal(read_image(f"{tmp_path}/b.h5::/a").pixels, pixels // 2)


@pytest.mark.parametrize(
    "shape, axes",
    [
        ((20, 30), "yx"),
        ((20, 30, 1), "yxs"),
        ((20, 30, 4), "yxs"),
        ((20, 30, 5), "pyx"),
        ((3, 20, 30), "pyx"),
        ((2, 3, 20, 30), "ppyx"),
        ((2, 20, 30, 3), "pyxs"),
        ((1, 2, 20, 30, 3), "ppyxs"),
    ],
)
def test_the_axes_are_as_of_numpy_files(shape, axes):
    assert axes_of(shape) == axes


@pytest.mark.parametrize("shape", [(), (5,), (1, 1, 1, 1, 20, 30)])
def test_too_few_or_too_many_axes_are_refused(shape):
    with pytest.raises(ImageError, match=r"expected an array \(H, W\), .* got \("):
        axes_of(shape)


def test_planes_are_one_by_one_or_refused(tmp_path):
    pixels = counts((3, 20, 30), "u2")
    name = tmp_path / f"a.h5::{write(tmp_path / 'a.h5', pixels)}"

    with pytest.raises(ImageError, match=r"got planes \(3, 20, 30\) \(p, y, x\) of 3; .*--planes one, each or channel"):
        read_image(name)

    np.testing.assert_array_equal(read_image(PlaneOf(name, 2)).pixels, pixels[2])


WRONG = [("", "the name of a dataset, got the file alone"), ("no", "got no /no"), ("entry", "got the group /entry")]


@pytest.mark.parametrize("inside, wrong", WRONG)
def test_without_a_dataset_those_that_look_like_images_are_listed(tmp_path, inside, wrong):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["entry/image"], file["stack"] = counts((20, 30), "u2"), counts((9, 20, 30), "f4")
        file["time"], file["words"], file["mask"] = np.arange(99), np.full((20, 20), b"a"), np.zeros((20, 20), bool)
    name = f"{tmp_path}/a.h5::/{inside}" if inside else tmp_path / "a.h5"

    with pytest.raises(ImageError) as caught:
        read_image(name)

    listed = f"{tmp_path}/a.h5::/entry/image (20 x 30 uint16), {tmp_path}/a.h5::/stack (9 x 20 x 30 float32)"
    assert str(caught.value).endswith(f"{wrong}; name one of {listed}")


@pytest.mark.parametrize(
    "values, sentence",
    [
        (np.zeros((20, 20), complex), "expected an array of whole numbers or floats, got complex128"),
        (np.zeros((20, 20), bool), "got bool"),
        (np.full((20, 20), 5000.0), "say what is white with --white-level V"),
        (np.full((20, 20), -5, "i2"), "add 5 and store them as uint16"),
        (np.full((20, 20), 10**6, "u4"), "say --white-level V"),
        (np.zeros((0, 20), "u1"), "expected at least one pixel, got 20 x 0"),
        (h5py.Empty("u1"), r"expected an array \(H, W\)"),
    ],
)
def test_what_is_no_image_is_one_sentence(tmp_path, values, sentence):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("a", data=values)

    with pytest.raises(ImageError, match=sentence) as caught:
        read_image(f"{tmp_path}/a.h5::/a")
    assert str(caught.value).startswith(f"{tmp_path}/a.h5::/a: ")


def test_counts_in_floats_have_a_white_level_and_come_back(tmp_path):
    write(tmp_path / "a.h5", np.array([[0, 4095.0], [4095, 1]]), "a")

    read = read_image(f"{tmp_path}/a.h5::/a", Reading(white_level=4095))
    write_image(tmp_path / "b.h5", read.pixels, like=read)

    assert read.pixels.max() == 1
    with h5py.File(tmp_path / "b.h5") as file:
        np.testing.assert_allclose(file["a"][:], [[0, 4095.0], [4095, 1]], rtol=1e-6)


def test_no_part_of_a_file_is_taken_for_the_whole(tmp_path):
    write(tmp_path / "a.h5", counts((40, 40), "u2"), "a", chunks=(20, 20), compression="gzip")
    data = (tmp_path / "a.h5").read_bytes()

    for length in range(0, len(data), 211):
        (tmp_path / "a.h5").write_bytes(data[:length])
        with pytest.raises(ImageError, match="truncated or damaged") as caught:
            read_image(f"{tmp_path}/a.h5::/a")
        assert "\n" not in str(caught.value)


def test_a_damaged_chunk_is_one_sentence_and_names_its_rows(tmp_path):
    write(tmp_path / "a.h5", counts((40, 40), "u2"), "a", chunks=(40, 40), compression="gzip")
    with h5py.File(tmp_path / "a.h5") as file:
        place = file["a"].id.get_chunk_info(0)
    data = bytearray((tmp_path / "a.h5").read_bytes())
    data[place.byte_offset + 9 : place.byte_offset + 99] = bytes(90)
    (tmp_path / "a.h5").write_bytes(data)

    with pytest.raises(ImageError, match=r"expected a whole HDF5 file, .*rows 0 to 40: Can't"):
        read_image(f"{tmp_path}/a.h5::/a")


def test_a_compression_that_is_not_there_is_named(tmp_path, monkeypatch):
    write(tmp_path / "a.h5", counts((40, 40), "u2"), "a", compression="gzip")
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)

    with pytest.raises(ImageError, match=r"got filter 1 \(deflate\); run: pip install hdf5plugin, or repack"):
        read_image(f"{tmp_path}/a.h5::/a")


def test_a_failure_leaves_the_older_file(tmp_path, monkeypatch):
    write(tmp_path / "a.h5", counts((40, 40), "u2"), "a")
    read = read_image(f"{tmp_path}/a.h5::/a")
    (tmp_path / "b.h5").write_bytes(b"older")

    with pytest.raises(OutputError, match="--overwrite"):
        write_image(tmp_path / "b.h5", read.pixels, like=read)
    monkeypatch.setattr(hdf5, "_create", lambda *given: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OutputError, match="full disk"):
        write_image(tmp_path / "b.h5", read.pixels, like=read, overwrite=True)

    assert (tmp_path / "b.h5").read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5", "b.h5"]


def test_an_hdf5_under_another_name_and_another_file_under_its_name_are_told(tmp_path):
    write(tmp_path / "a.h5", counts((40, 40), "u2"), "a")
    (tmp_path / "a.h5").rename(tmp_path / "a.png")
    (tmp_path / "b.h5").write_bytes(b"no HDF5")

    with pytest.raises(ImageError, match=r"got an HDF5 file; name it .h5 and say which dataset: FILE.h5::/path"):
        read_image(tmp_path / "a.png")
    with pytest.raises(ImageError, match="expected a whole HDF5 file"):
        read_image(tmp_path / "b.h5")
    with pytest.raises(ImageError, match="got no such file"):
        read_image(tmp_path / "c.h5::/a")


def test_without_the_library_the_sentence_says_which_extra_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)

    with pytest.raises(MissingExtra, match=r"pip install 'pinsharp\[hdf5\]'") as caught:
        read_image(tmp_path / "a.h5::/a")
    assert isinstance(caught.value, PinsharpError)
