"""Kernels by name and from files: what comes back is what went in, and what cannot be read says so."""

import json

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from pinsharp.blur.kernel_names import GAUSSIAN8, kernel_doubts, load_kernel, named_kernels, parse_kernel, save_kernel
from pinsharp.blur.kernels import disk_kernel, gaussian_disk_kernel, gaussian_kernel, kernel_sigma, measured_kernel
from pinsharp.errors import KernelError


def test_measured_kernels_come_back_from_array_npy_json_and_image(tmp_path):
    table = np.random.default_rng(0).integers(1, 60000, (7, 7)).astype(np.uint16)
    expected = torch.from_numpy(table / table.sum(dtype=np.float64)).float()[None, None]

    np.save(tmp_path / "k.npy", table)
    (tmp_path / "k.json").write_text(json.dumps(table.tolist()))
    cv2.imwrite(str(tmp_path / "k.png"), table)
    cv2.imwrite(str(tmp_path / "k.tiff"), table)

    torch.testing.assert_close(measured_kernel(table), expected)
    for name in ("k.npy", "k.json", "k.png", "k.tiff"):
        torch.testing.assert_close(load_kernel(tmp_path / name), expected)
        torch.testing.assert_close(parse_kernel(str(tmp_path / name)), expected)


@pytest.mark.parametrize("name", ["kernel.npy", "kernel.json"])
def test_a_saved_kernel_loads_again(tmp_path, name):
    kernel = torch.rand(1, 1, 5, 5)
    kernel = kernel / kernel.sum()

    save_kernel(tmp_path / name, kernel)

    torch.testing.assert_close(load_kernel(tmp_path / name), kernel)


@pytest.mark.parametrize(
    "text, kernel",
    [
        ("gaussian:2.4", gaussian_kernel(2.4)),
        ("gaussian:2.4:21", gaussian_kernel(2.4, 21)),
        ("disk:3", disk_kernel(3.0)),
        ("disc:3", disk_kernel(3.0)),
        ("gaussian:0.7+disk:2.5", gaussian_disk_kernel(0.7, 2.5)),
        ("gaussian:0.7+disc:2.5", gaussian_disk_kernel(0.7, 2.5)),
    ],
)
def test_what_a_user_types_names_the_kernel(text, kernel):
    torch.testing.assert_close(parse_kernel(text), kernel)


def test_a_disc_in_a_set_has_the_name_of_a_disk():
    assert list(named_kernels("gaussian:2,disc:3,disc6")) == list(named_kernels("gaussian:2,disk:3,disk6"))


def test_gaussian8_are_the_eight_kernels_of_the_paper():
    kernels = named_kernels("gaussian8")

    assert GAUSSIAN8 == (1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2)
    assert list(kernels) == [f"gaussian:{sigma}:21" for sigma in GAUSSIAN8]
    assert {kernel.shape for kernel in kernels.values()} == {(1, 1, 21, 21)}


@pytest.mark.parametrize("name", ["gaussian8", "gaussian8-wide", "disk6", "wide-range", "disk6,gaussian:2", "disk:3.5"])
def test_each_name_of_a_kernel_set_builds_that_kernel_alone(name):
    for single, kernel in named_kernels(name).items():
        torch.testing.assert_close(parse_kernel(single), kernel)


def test_wide_gaussians_have_their_full_support():
    for name, kernel in named_kernels("gaussian8-wide").items():
        sigma = float(name.removeprefix("gaussian:"))
        assert kernel.shape[-1] >= 6 * sigma + 1
        assert float(kernel_sigma(kernel)) == pytest.approx(sigma, rel=2e-3)


@pytest.mark.parametrize(
    "build, sentence",
    [
        (lambda: parse_kernel("gaussian:wide"), "expected a number, got 'wide'; write for example gaussian:2.4"),
        (lambda: parse_kernel("gaussian:2:inf"), "expected a side in whole pixels, got 'inf'"),
        (lambda: parse_kernel("disk:"), "expected a number, got ''"),
        (lambda: parse_kernel("blob"), "'blob' is neither gaussian:SIGMA nor disk:RADIUS nor a file of a known kind"),
        (lambda: parse_kernel("missing.npy"), "kernel file not found: missing.npy"),
        (lambda: named_kernels("gaussian8,"), "'' is neither gaussian:SIGMA"),
    ],
)
def test_a_name_of_no_kernel_is_refused_with_what_to_do(build, sentence):
    with pytest.raises(KernelError, match=sentence):
        build()


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("empty.npy", b"", "cannot read a kernel from .*empty.npy"),
        ("archive.npy", b"PK\x03\x04abc", "cannot read a kernel from .*archive.npy"),
        ("empty.json", b"", "cannot read a kernel from"),
        ("broken.json", b'{"a":', "cannot read a kernel from"),
        ("binary.json", b"\xff\xfe", "cannot read a kernel from"),
        ("empty.png", b"", "expected a mono image with one channel; convert it to greyscale"),
        ("broken.tif", b"II*\0junk", "cannot read a kernel from"),
        ("words.json", b'[["a"]]', "square table of numbers"),
    ],
)
def test_an_unreadable_kernel_file_is_one_clear_error(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(KernelError, match=sentence):
        load_kernel(tmp_path / name)


def test_a_colour_image_is_no_kernel(tmp_path):
    cv2.imwrite(str(tmp_path / "colour.png"), np.ones((5, 5, 3), np.uint8))

    with pytest.raises(KernelError, match="mono image with one channel"):
        load_kernel(tmp_path / "colour.png")


def test_a_pickle_is_never_opened(tmp_path):
    np.save(tmp_path / "pickle.npy", np.array([[object()]]), allow_pickle=True)

    with pytest.raises(KernelError, match="Python objects, which are not read"):
        load_kernel(tmp_path / "pickle.npy")


def test_a_kernel_is_saved_only_in_a_format_that_loads(tmp_path):
    with pytest.raises(KernelError, match=r"saved as .npy or .json, got 'k.txt'"):
        save_kernel(tmp_path / "k.txt", gaussian_kernel(1.0))


STACK = np.ones((5, 7, 7), np.uint8)


@pytest.mark.parametrize(
    "name, write",
    [
        ("k.npy", lambda path: np.save(path, STACK)),
        ("last.npy", lambda path: np.save(path, np.moveaxis(STACK, 0, -1))),
        ("k.json", lambda path: path.write_text(json.dumps(STACK.tolist()))),
        ("k.tif", lambda path: tifffile.imwrite(path, STACK, photometric="minisblack")),
        ("imagej.tif", lambda path: tifffile.imwrite(path, STACK, imagej=True)),
        ("volume.tif", lambda path: tifffile.imwrite(path, STACK, photometric="minisblack", volumetric=True)),
    ],
)
def test_a_stack_is_no_kernel_and_its_planes_are_counted(tmp_path, name, write):
    write(tmp_path / name)

    with pytest.raises(KernelError, match=rf"{name}: expected one plane, got a stack of 5; save the one in focus"):
        load_kernel(tmp_path / name)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_kernel_whose_white_is_stored_as_zero_is_read_as_images_are(tmp_path, dtype):
    spot = disk_kernel(2.5)[0, 0].numpy() / float(disk_kernel(2.5).max())
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    stored = (white - (spot * white).round(7 if white == 1 else 0)).astype(dtype)
    tifffile.imwrite(tmp_path / "k.tif", stored, photometric="miniswhite")

    torch.testing.assert_close(load_kernel(tmp_path / "k.tif"), disk_kernel(2.5), atol=1e-3, rtol=0)


@pytest.mark.parametrize("kernel", [gaussian_kernel(1.8, 21), gaussian_kernel(3.2, 21), disk_kernel(3), disk_kernel(7)])
def test_a_dark_rim_around_a_centred_spot_leaves_no_doubt(kernel):
    assert kernel_doubts(kernel) == []


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_a_background_that_was_not_subtracted_is_named(share):
    kernel = gaussian_kernel(2, 31)
    kernel = kernel + share * kernel.max()

    (doubt,) = kernel_doubts(kernel / kernel.sum())

    assert "got a rim of" in doubt
    assert "subtract the background" in doubt


def test_a_centre_that_is_off_by_more_than_half_a_pixel_is_named():
    kernel = gaussian_kernel(2, 31)

    (doubt,) = kernel_doubts(kernel.roll((3, -1), dims=(-2, -1)))

    assert "+3.0 rows and -1.0 columns" in doubt


def test_the_plane_of_a_kernel_is_found_among_thumbnails_and_axes_of_one(tmp_path):
    table = np.random.default_rng(0).integers(1, 60000, (7, 7)).astype(np.uint16)
    np.save(tmp_path / "k.npy", table[None])
    with tifffile.TiffWriter(tmp_path / "k.tif") as file:
        file.write(table[::2, ::2], subfiletype=1, subifds=1, metadata=None)
        file.write(table, metadata=None)

    for name in ("k.npy", "k.tif"):
        torch.testing.assert_close(load_kernel(tmp_path / name), measured_kernel(table))


def test_pictures_that_move_palettes_and_ragged_tables_are_no_kernels(tmp_path):
    frames = [Image.fromarray(np.full((5, 5), level, np.uint8)) for level in (10, 20, 30)]
    frames[0].save(tmp_path / "k.png", save_all=True, append_images=frames[1:])
    greys = np.stack([np.arange(256)[::-1] * 257] * 3).astype(np.uint16)
    tifffile.imwrite(tmp_path / "k.tif", np.ones((5, 5), np.uint8), photometric="palette", colormap=greys)
    (tmp_path / "k.json").write_text("[[1, 2, 3], [1, 2]]")

    for name, sentence in (
        ("k.png", "expected one plane, got a stack of 3"),
        ("k.tif", "expected a mono image with one channel"),
        ("k.json", "got rows of different lengths; write K rows of K numbers"),
    ):
        with pytest.raises(KernelError, match=sentence):
            load_kernel(tmp_path / name)
