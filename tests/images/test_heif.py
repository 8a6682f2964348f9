"""HEIC is read with the counts that it stores; what turns it is carried out once."""

import io
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from pinsharp.errors import FormatError, ImageError, MissingExtra
from pinsharp.images import exif
from pinsharp.images.files import read_image, write_image
from strategies import random_image


@pytest.fixture
def write(tmp_path):
    """Write a file without loss with pillow-heif and return its path."""
    heif = pytest.importorskip("pillow_heif")

    def make(pixels, bits=8, further=(), **more):
        mode = "L" if pixels.ndim == 2 else {3: "RGB", 4: "RGBA"}[pixels.shape[2]]
        stored = pixels if bits == 8 else pixels << (16 - bits)
        mode = mode if bits == 8 else f"{mode};16"
        heif.options.SAVE_HDR_TO_12_BIT = bits == 12
        image = heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=stored.tobytes())
        for each in further:
            image.add_from_pillow(Image.fromarray(each))
        coding = {"quality": -1, "chroma": 444, "matrix_coefficients": 1 if pixels.ndim == 2 else 0}
        image.save(tmp_path / "a.heic", **coding | more)
        return tmp_path / "a.heic"

    yield make
    heif.options.SAVE_HDR_TO_12_BIT = False


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_values_are_the_counts_that_were_stored(write, bits, channels):
    pixels = random_image((34, 46, *channels), "uint16", 1) >> (16 - bits)
    pixels = pixels.astype(np.uint8) if bits == 8 else pixels

    read = read_image(write(pixels, bits))

    np.testing.assert_array_equal(read.pixels, pixels)
    assert read.pixels.dtype == pixels.dtype
    assert read.tags.white_level == (None if bits == 8 else 2**bits - 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_turns_it_is_carried_out_once(write, tmp_path, orientation):
    """Whoever shows the result turns it no further: it looks as Pillow, which turns by EXIF, shows the source."""
    from PIL import ImageOps

    pixels, said = random_image((34, 46, 3), "uint8", 1), Image.Exif()
    said[274], said[271] = orientation, "Pin"
    shown = Image.fromarray(pixels)
    shown.getexif()[274] = orientation

    read = read_image(write(pixels, exif=said.tobytes()))
    write_image(tmp_path / "b.png", read.pixels, like=read)

    with Image.open(tmp_path / "b.png") as image:
        np.testing.assert_array_equal(ImageOps.exif_transpose(image), ImageOps.exif_transpose(shown))
        assert image.getexif()[271] == "Pin"


def test_the_profile_is_kept_and_says_the_light(write, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    read = read_image(write(random_image((34, 46, 3), "uint8", 1), icc_profile=profile))
    write_image(tmp_path / "b.tif", read.pixels, like=read)

    assert str(read.tags.light) == "srgb (ICC profile)"
    assert read_image(tmp_path / "b.tif").tags.icc == profile


def test_without_a_profile_the_curve_that_it_names_counts(write):
    assert str(read_image(write(random_image((34, 46, 3), "uint8", 1))).tags.light) == "srgb (HEIF nclx)"


@pytest.mark.parametrize("curve, name", [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused(write, curve, name):
    path = write(random_image((34, 46, 3), "uint16", 1) >> 6, 10, transfer_characteristics=curve)

    with pytest.raises(ImageError, match=f"standard dynamic range, got {name}; export it"):
        read_image(path)


def test_several_images_are_refused(write):
    pixels = random_image((34, 46, 3), "uint8", 1)

    with pytest.raises(ImageError, match="single still image, got a HEIF file of 2"):
        read_image(write(pixels, further=[pixels]))


def test_a_truncated_file_is_refused(write):
    path = write(random_image((34, 46, 3), "uint8", 1))
    path.write_bytes(path.read_bytes()[:-9])

    with pytest.raises(ImageError, match="whole HEIF file, got a truncated or damaged one"):
        read_image(path)


def test_one_is_not_written(tmp_path):
    with pytest.raises(FormatError, match=r"got HEIF, which is only read; name a \.png or \.tif"):
        write_image(tmp_path / "a.heic", random_image((9, 7), "uint8", 0))


def test_without_pillow_heif_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(12))

    with pytest.raises(MissingExtra, match=r"pip install 'pinsharp\[heif\]'"):
        read_image(tmp_path / "a.heic")


def test_an_upright_block_without_orientation_stays_as_it_is():
    block = io.BytesIO(Image.Exif().tobytes()).getvalue().removeprefix(b"Exif\0\0")

    assert exif.upright(block) == block
    assert exif.upright(None) is None
