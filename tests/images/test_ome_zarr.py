"""OME-Zarr: pixels and metadata come back as zarr itself sees them; what is none, or damaged, is one sentence."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from containers import chunk_files, counts, level, said_of, say, write_ome
from pinsharp.errors import FormatError, ImageError, OutputError, PinsharpError
from pinsharp.images import ome_zarr_writer
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image, write_image
from pinsharp.images.ome_zarr_writer import shrink
from pinsharp.images.places import PlaneOf

zarr = pytest.importorskip("zarr", minversion="3")
numcodecs = pytest.importorskip("numcodecs")

DTYPES = ["u1", "<u2", ">u2", "<i2", ">i4", "<u4", "<f4", ">f4", "<f8", "<f2", "<i8"]
LEADING = {"yx": (), "zyx": (1,), "cyx": (1,), "tczyx": (1, 1, 1)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(sorted(LEADING)),
    st.sampled_from(["0.4", "0.5"]),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 50), st.integers(1, 50)),
)
def test_pixels_and_metadata_come_back(tmp_path, dtype, axes, version, size, chunk):
    pixels = counts((*LEADING[axes], *size), dtype)
    source = write_ome(tmp_path / "a.zarr", pixels, axes, version, chunks=(*LEADING[axes], *chunk))

    read = read_image(source)
    write_image(tmp_path / "b.zarr", read.pixels, like=read, overwrite=True)

    np.testing.assert_array_equal(read.pixels, pixels.reshape(size))
    assert said_of(tmp_path / "b.zarr") == said_of(source)
    np.testing.assert_array_equal(level(tmp_path / "b.zarr"), pixels)
    assert read_image(tmp_path / "b.zarr").tags == read.tags


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize(
    "shape, below", [((8, 12), (4, 6)), ((9, 13), (5, 7)), ((9, 13), (4, 6)), ((3, 8, 8), (2, 4, 4))]
)
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_level_holds_the_means_of_the_one_above(tmp_path, monkeypatch, version, shape, below, dtype):
    """By an oracle that takes block after block, however few values are taken at once."""
    monkeypatch.setattr(ome_zarr_writer, "_VALUES_AT_ONCE", 40)
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2 if version == "0.4" else 3)
    upper = group.create_array("0", shape=shape, dtype=dtype, chunks=(1,) * (len(shape) - 2) + (4, 5))
    lower = group.create_array("1", shape=below, dtype=dtype, chunks=(1,) * (len(shape) - 2) + (3, 2))
    pixels = upper[:] = counts(shape, dtype)

    shrink(upper, lower)

    for index in np.ndindex(below):
        block = pixels[tuple(slice(2 * place, 2 * place + 2) for place in index)].astype(np.float64)
        mean = block.mean()
        assert lower[index] == (np.float32(mean) if dtype == "float32" else np.rint(mean))


@pytest.mark.parametrize(
    "longer, shorter, hint, lengths",
    [
        (7, 2, None, [4, 3]),
        (7, 2, 3.0, [3, 3]),
        (7, 2, 2.5, [4, 3]),
        (10, 4, None, [2, 3, 3, 2]),
        (1, 1, 2.0, [1]),
        (5, 5, None, [1] * 5),
    ],
)
def test_blocks_are_as_the_shapes_and_the_scales_say(longer, shorter, hint, lengths):
    edges = ome_zarr_writer._edges(longer, shorter, hint)

    assert edges[0] == 0
    assert edges[-1] <= longer
    assert np.diff(edges).tolist() == lengths


@pytest.mark.parametrize("compressor", ["gzip", "zstd", "blosc", None])
def test_chunks_and_codecs_stay(tmp_path, compressor):
    codecs = {
        "gzip": zarr.codecs.GzipCodec(level=3),
        "zstd": zarr.codecs.ZstdCodec(level=2, checksum=True),
        "blosc": zarr.codecs.BloscCodec(cname="lz4", shuffle="bitshuffle"),
        None: None,
    }
    pixels = np.repeat(counts((64, 2), "u2"), 32, axis=1)
    source = write_ome(tmp_path / "a.zarr", pixels, version="0.5", chunks=(16, 32), compressors=codecs[compressor])

    read = read_image(source)
    write_image(tmp_path / "b.zarr", read.pixels, like=read)

    assert [file.read_bytes() for file in chunk_files(tmp_path / "b.zarr")] == [
        file.read_bytes() for file in chunk_files(source)
    ]


def test_shards_stay(tmp_path):
    pixels = counts((64, 48), "u2")
    source = write_ome(tmp_path / "a.zarr", pixels, version="0.5", chunks=(8, 8), factors=(1,), shards=(32, 24))

    read = read_image(source)
    write_image(tmp_path / "b.zarr", read.pixels, like=read)

    assert len(chunk_files(tmp_path / "b.zarr")) == 4
    np.testing.assert_array_equal(level(tmp_path / "b.zarr"), pixels)
    assert said_of(tmp_path / "b.zarr") == said_of(source)


def test_a_chunk_that_is_not_there_is_of_the_fill_value(tmp_path):
    pixels = counts((40, 40), "u2")
    source = write_ome(tmp_path / "a.zarr", pixels, chunks=(20, 20), fill_value=77)
    chunk_files(source)[3].unlink()
    pixels[20:, 20:] = 77

    read = read_image(source)
    write_image(tmp_path / "b.zarr", read.pixels, like=read)

    np.testing.assert_array_equal(read.pixels, pixels)
    np.testing.assert_array_equal(level(tmp_path / "b.zarr"), pixels)
    assert len(chunk_files(tmp_path / "b.zarr")) == 3


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("is_blosc", [False, True])
@pytest.mark.parametrize("keep", [0, 1, 7, 20, -1])
def test_a_truncated_chunk_is_one_sentence(tmp_path, version, is_blosc, keep):
    """Of Blosc too, which reads past the end of what it is given."""
    if version == "0.4":
        codec = numcodecs.Blosc("lz4") if is_blosc else numcodecs.Zstd()
    else:
        codec = zarr.codecs.BloscCodec(cname="lz4") if is_blosc else zarr.codecs.ZstdCodec()
    pixels = counts((40, 40), "u2")
    source = write_ome(tmp_path / "a.zarr", pixels, version=version, chunks=(20, 20), compressors=codec)
    chunk = chunk_files(source)[2]
    chunk.write_bytes(chunk.read_bytes()[:keep])

    with pytest.raises(ImageError, match=r"a\.zarr: expected a whole OME-Zarr file, got a truncated or damaged"):
        read_image(source)


def test_float_counts_need_a_white_level_and_come_back_in_their_type(tmp_path):
    pixels = np.array([[0, 4095], [1000, 2]], ">f8")
    source = write_ome(tmp_path / "a.zarr", pixels)

    with pytest.raises(ImageError, match="say what is white with --white-level V"):
        read_image(source)
    read = read_image(source, Reading(white_level=4095))
    write_image(tmp_path / "b.zarr", read.pixels, like=read)

    assert read.pixels.tolist() == [[0, 1], [np.float32(1000 / 4095), np.float32(2 / 4095)]]
    np.testing.assert_allclose(level(tmp_path / "b.zarr"), pixels, rtol=1e-6)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_labels_and_further_files_of_an_image_are_copied_and_no_image_themselves(tmp_path, version):
    source = write_ome(tmp_path / "a.zarr", counts((40, 40), "u2"), version=version)
    write_ome(source / "labels/cells", counts((40, 40), "u4"), version=version, said={"image-label": {}})
    (source / "notes.txt").write_text("by hand")

    read = read_image(source)
    write_image(tmp_path / "b.zarr", read.pixels, like=read)

    np.testing.assert_array_equal(level(tmp_path / "b.zarr/labels/cells"), level(source / "labels/cells"))
    assert (tmp_path / "b.zarr/notes.txt").read_text() == "by hand"
    with pytest.raises(ImageError, match="got labels, whose numbers are no light; name the image that they are of"):
        read_image(f"{source}::/labels/cells")


def test_of_several_images_one_is_named_and_only_one_needs_no_name(tmp_path):
    root = tmp_path / "a.zarr"
    zarr.open_group(str(root), mode="w", zarr_format=2, attributes={"bioformats2raw.layout": 3})
    write_ome(root / "0", counts((30, 20), "u1", seed=1))
    (root / "OME").mkdir()
    (root / "OME/METADATA.ome.xml").write_text("<OME/>")
    alone = read_image(root)
    write_image(tmp_path / "alone.zarr", alone.pixels, like=alone)
    write_ome(root / "1", counts((30, 20), "u1", seed=2))

    with pytest.raises(ImageError, match=rf"expected one image, got 2; name one: {root}::/0, {root}::/1$"):
        read_image(root)
    second = read_image(f"{root}::/1")
    write_image(tmp_path / "b.zarr", second.pixels, like=second)
    write_image(f"{tmp_path}/c.zarr::/deep/in", second.pixels, like=second)

    np.testing.assert_array_equal(level(tmp_path / "alone.zarr/0"), alone.pixels)
    assert (tmp_path / "alone.zarr/OME/METADATA.ome.xml").read_text() == "<OME/>"
    np.testing.assert_array_equal(alone.pixels, level(root / "0"))
    np.testing.assert_array_equal(level(tmp_path / "b.zarr"), level(root / "1"))
    np.testing.assert_array_equal(zarr.open_group(str(tmp_path / "c.zarr"))["deep/in/s0"][:], second.pixels)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("kind", ["plate", "well"])
def test_plates_are_refused_with_names_that_work(tmp_path, kind, version):
    root = tmp_path / "a.zarr"
    for path in ("", "A", "A/1"):
        zarr.open_group(str(root / path), mode="a", zarr_format=2 if version == "0.4" else 3)
    zarr.create_array(str(root / "A/further"), shape=(3,), dtype="u1", zarr_format=2 if version == "0.4" else 3)
    pixels = counts((20, 20), "u1")
    write_ome(root / "A/1/0", pixels, version=version)
    say(root if kind == "plate" else root / "A/1", {kind: {}}, version)
    name = str(root) if kind == "plate" else f"{root}::/A/1"

    with pytest.raises(ImageError, match=rf"got a {kind} of several; name one: {root}::/A/1/0$"):
        read_image(name)

    np.testing.assert_array_equal(read_image(f"{root}::/A/1/0").pixels, pixels)


AXES = [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}]
GOOD = {"axes": AXES, "datasets": [{"path": "s0"}]}


@pytest.mark.parametrize(
    "said, sentence",
    [
        ({}, "expected multiscales of OME-Zarr, got a Zarr group without"),
        ({"multiscales": []}, "expected one entry in multiscales, got 0"),
        ({"multiscales": [GOOD, GOOD]}, "expected one entry in multiscales, got 2"),
        ({"multiscales": "s0"}, "expected one entry in multiscales, got 's0'"),
        ({"multiscales": ["s0"]}, r"expected a JSON object as multiscales\[0\], got 's0'"),
        ({"multiscales": [GOOD | {"version": "0.3"}]}, "expected OME-Zarr 0.4 in Zarr v2, got version 0.3"),
        ({"multiscales": [GOOD | {"axes": ["y", "x"]}]}, "expected a JSON object as an axis, got 'y'"),
        ({"multiscales": [GOOD | {"axes": AXES[::-1]}]}, "axes that end in y, x, got x, y"),
        ({"multiscales": [GOOD | {"axes": [AXES[0], *AXES]}]}, "expected different axes"),
        (
            {"multiscales": [GOOD | {"axes": [{"name": "z"}, *AXES]}]},
            r"an array of 3 axes \(z, y, x\) at s0, got \(20, 20\)",
        ),
        ({"multiscales": [{"axes": AXES}]}, "expected datasets in multiscales, got none"),
        ({"multiscales": [GOOD | {"datasets": [{"path": "../b"}]}]}, "expected a path in the folder, got '../b'"),
        ({"multiscales": [GOOD | {"datasets": [{"path": "/etc"}]}]}, "expected a path in the folder, got '/etc'"),
        ({"multiscales": [GOOD | {"datasets": [{}]}]}, "expected a path in the folder, got None"),
        (
            {"multiscales": [GOOD | {"datasets": [{"path": "s7"}]}]},
            "expected an array at s7, as multiscales say, got none",
        ),
        ({"multiscales": [GOOD | {"datasets": [{"path": "s1"}, {"path": "s0"}]}]}, "levels that become smaller"),
    ],
)
def test_wrong_metadata_is_one_sentence(tmp_path, said, sentence):
    source = write_ome(tmp_path / "a.zarr", counts((20, 20), "u1"))
    (source / ".zattrs").write_text(json.dumps(said))

    with pytest.raises(ImageError, match=sentence) as caught:
        read_image(source)
    assert str(caught.value).startswith(str(source))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_no_part_of_the_metadata_is_taken_for_the_whole(tmp_path, version):
    source = write_ome(tmp_path / "a.zarr", counts((20, 20), "u1"), version=version)

    for name, text in said_of(source).items():
        if name.endswith((".zgroup", "/.zattrs")):  # what they say is not needed
            continue
        for part in ("", text[: len(text) // 2], "[]", "null", "{}"):
            (source / name).write_text(part)
            with pytest.raises(PinsharpError) as caught:
                read_image(source)
            assert "\n" not in str(caught.value)
        (source / name).write_text(text)


@pytest.mark.parametrize("name", ["none.zarr", "a.zarr::/nothing", "a.zarr::/s0", "a.zarr::/../a.zarr"])
def test_what_is_not_there_is_one_sentence(tmp_path, name):
    write_ome(tmp_path / "a.zarr", counts((20, 20), "u1"))

    with pytest.raises(ImageError, match="expected"):
        read_image(tmp_path / name)


def test_several_planes_are_one_by_one_or_refused(tmp_path):
    pixels = counts((2, 3, 20, 24), "u2")
    source = write_ome(tmp_path / "a.zarr", pixels, "czyx", chunks=(1, 2, 16, 16))

    with pytest.raises(ImageError, match=r"got planes \(2, 3, 20, 24\) \(c, z, y, x\) of 6; .*--planes one, each or"):
        read_image(source)

    for number, index in enumerate(np.ndindex(2, 3)):
        np.testing.assert_array_equal(read_image(PlaneOf(source, number)).pixels, pixels[index])


def test_an_older_folder_is_replaced_only_with_leave_and_only_by_a_whole_one(tmp_path, monkeypatch):
    source = write_ome(tmp_path / "a.zarr", counts((20, 20), "u1"))
    target = write_ome(tmp_path / "b.zarr", counts((20, 20), "u1", seed=9))
    before, read = level(target), read_image(source)

    with pytest.raises(OutputError, match="expected a new name, got an existing folder; use --overwrite to replace it"):
        write_image(target, read.pixels, like=read)
    monkeypatch.setattr(ome_zarr_writer, "shrink", lambda *given: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OutputError, match="full disk"):
        write_image(target, read.pixels, like=read, overwrite=True)

    np.testing.assert_array_equal(level(target), before)
    monkeypatch.undo()
    write_image(target, read.pixels, like=read, overwrite=True)
    np.testing.assert_array_equal(level(target), read.pixels)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "b.zarr"]


def test_a_folder_that_is_no_zarr_is_never_replaced(tmp_path):
    source = write_ome(tmp_path / "a.zarr", counts((20, 20), "u1"))
    (tmp_path / "b.zarr").mkdir()
    (tmp_path / "b.zarr/thesis.txt").write_text("years")
    read = read_image(source)

    with pytest.raises(OutputError, match="expected a Zarr to replace, got another folder"):
        write_image(tmp_path / "b.zarr", read.pixels, like=read, overwrite=True)

    assert (tmp_path / "b.zarr/thesis.txt").read_text() == "years"


def test_only_what_came_from_a_zarr_becomes_one(tmp_path):
    write_image(tmp_path / "a.png", counts((20, 20), "u1"))

    with pytest.raises(FormatError, match=r"expected pixels that came from such a file, got others; use .png or .tif"):
        write_image(tmp_path / "b.zarr", counts((20, 20), "u1"), like=read_image(tmp_path / "a.png"))


def test_a_plane_becomes_a_file_of_another_format(tmp_path):
    pixels = counts((20, 20), "u2")
    read = read_image(write_ome(tmp_path / "a.zarr", pixels))

    write_image(tmp_path / "a.tif", read.pixels, like=read)

    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, pixels)
    shutil.rmtree(tmp_path / "a.zarr")
