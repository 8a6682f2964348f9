"""NumPy files: any type, byte order and memory order comes back to the byte; what is no image is one sentence."""

import io

import numpy as np
import pytest

from pinsharp.errors import ImageError
from pinsharp.images.codec import Reading
from pinsharp.images.discover import find_images
from pinsharp.images.files import read_image, write_image
from strategies import random_image


@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3), (9, 7, 4), (1, 1)])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">f8", "<f2", "<i8", ">u4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_comes_back_to_the_byte(tmp_path, shape, dtype, order):
    kind = np.dtype(dtype).kind
    values = np.random.default_rng(0).random(shape).astype("f2") if kind == "f" else random_image(shape, "uint8", 0)
    np.save(tmp_path / "a.npy", np.asarray(values, dtype, order=order))

    read = read_image(tmp_path / "a.npy")
    write_image(tmp_path / "b.npy", read.pixels, like=read)

    np.testing.assert_array_equal(read.pixels, values[..., 0] if shape[2:] == (1,) else values)
    assert (tmp_path / "b.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()


def test_counts_in_floats_have_a_white_level(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0, 4095.0]]))

    assert read_image(tmp_path / "a.npy", Reading(white_level=4095)).pixels.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    "array, sentence",
    [
        (np.zeros((7, 9, 9)), r"an array \(H, W\), .*, got \(7, 9, 9\); save one image at a time"),
        (np.zeros(9), r"got \(9,\)"),
        (np.zeros((3, 3), complex), "whole numbers or floats, got complex128"),
        (np.zeros((3, 3), bool), "whole numbers or floats, got bool"),
        (np.array([[{}]], object), "truncated or damaged"),
        (np.zeros((3, 3), np.uint8)[:, :0], "at least one pixel"),
    ],
)
def test_what_is_no_image_is_one_sentence(tmp_path, array, sentence):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)

    with pytest.raises(ImageError, match=sentence):
        read_image(tmp_path / "a.npy")


def test_no_part_of_a_file_is_taken_for_the_whole(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, random_image((5, 6), "uint16", 0))

    for length in range(6, len(buffer.getvalue())):
        (tmp_path / "a.npy").write_bytes(buffer.getvalue()[:length])
        with pytest.raises(ImageError):
            read_image(tmp_path / "a.npy")


def test_a_folder_s_arrays_may_be_kernels(tmp_path):
    for name in ("a.npy", "b.png"):
        write_image(tmp_path / name, random_image((5, 6), "uint8", 0))

    assert [path.name for path in find_images([tmp_path])] == ["b.png"]
    assert [path.name for path in find_images([tmp_path / "*.npy"])] == ["a.npy"]
    assert [path.name for path in find_images([tmp_path / "a.npy"])] == ["a.npy"]
