"""What files of all kinds state of their light, written by the libraries that write such files, and by hand."""

import io
import struct
import zlib

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pinsharp.images.bigtiff import open_large
from pinsharp.images.files import read_image, write_image
from pinsharp.images.light import SAYS_NOTHING
from pinsharp.images.statements import pillow_light, profile_light, stated_light

ADOBE_RGB = {"primaries": [0.64, 0.33, 1, 0.21, 0.71, 1, 0.15, 0.06, 1], "whitepoint": [0.3127, 0.329, 1]}
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = bytes(imagecodecs.cms_profile("gray", gamma=1.8))
LINEAR_PROFILE = bytes(imagecodecs.cms_profile("gray", gamma=1.0))
COLOURS = np.random.default_rng(0).integers(0, 256, (12, 10, 3), np.uint8)


def exif_block(colour_space):
    block = Image.Exif()
    block.get_ifd(0x8769)[0xA001] = colour_space
    return block.tobytes()


def png(path, *chunks, pixels=COLOURS):
    """A PNG with chunks behind its header."""
    data = cv2.imencode(".png", pixels)[1].tobytes()
    inserted = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    path.write_bytes(data[:33] + inserted + data[33:])
    return path


def gamma_chunk(value):
    return b"gAMA", struct.pack(">I", value)


def profile_chunk(profile):
    return b"iCCP", b"any\0\0" + zlib.compress(profile)


def density_chunk(across, down, unit=1):
    return b"pHYs", struct.pack(">IIB", across, down, unit)


SRGB_CHUNK = (b"sRGB", b"\0")
WINDOWS = [SRGB_CHUNK, gamma_chunk(45455), density_chunk(3779, 3779)]
"""What the encoder of Windows writes into every image, in its order."""


@pytest.mark.parametrize(
    "profile, light",
    [
        (SRGB_PROFILE, "srgb"),
        (LINEAR_PROFILE, "linear"),
        (GREY_PROFILE, "1.8"),
        (bytes(imagecodecs.cms_profile("gray", gamma=2.2)), "2.2"),
        (bytes(imagecodecs.cms_profile("rgb", gamma=2.19921875, **ADOBE_RGB)), "2.2"),
        (bytes(imagecodecs.cms_profile("rgb", gamma=1.0, **ADOBE_RGB)), "linear"),
    ],
)
def test_a_profile_states_its_curve_of_greys(profile, light):
    assert str(profile_light(profile)) == f"{light} (ICC profile)"


def test_a_profile_of_a_table_near_srgb_is_srgb():
    """Compact profiles hold a few points of the curve."""
    codes = np.linspace(0, 1, 26)
    curve = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    profile = imagecodecs.cms_profile("rgb", transferfunction=curve.astype(np.float32), **ADOBE_RGB)

    assert profile_light(bytes(profile)).words == "srgb"


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"no profile",
        SRGB_PROFILE[:200],
        SRGB_PROFILE[:16] + b"CMYK" + SRGB_PROFILE[20:],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        bytes(imagecodecs.cms_profile("gray", gamma=0.4)),  # no curve of an image
    ],
)
def test_a_profile_that_states_no_curve_counts_as_absent(profile, tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, COLOURS, photometric="rgb", iccprofile=profile or None)

    assert stated_light(icc=profile) == SAYS_NOTHING
    assert stated_light(icc=profile, exif_block=exif_block(1)).why == "EXIF"
    assert read_image(path).tags.light == SAYS_NOTHING


@given(st.lists(st.tuples(st.integers(0, len(SRGB_PROFILE) - 1), st.integers(0, 255)), max_size=6), st.integers(0, 600))
@settings(max_examples=100, deadline=None)
def test_no_damage_to_a_profile_is_an_error(changes, length):
    damaged = bytearray(SRGB_PROFILE)
    for place, value in changes:
        damaged[place] = value

    found = profile_light(bytes(damaged[:length]))

    assert found is None or 1 <= found.exponent <= 4


@pytest.mark.parametrize(
    "chunks, light",
    [
        ([], "linear (no statement)"),
        ([SRGB_CHUNK], "srgb (PNG sRGB)"),
        ([gamma_chunk(45455)], "srgb (PNG gAMA)"),
        ([gamma_chunk(45454)], "srgb (PNG gAMA)"),
        ([gamma_chunk(100_000)], "linear (PNG gAMA)"),
        ([gamma_chunk(55_556)], "1.8 (PNG gAMA)"),
        ([gamma_chunk(0)], "linear (no statement)"),
        ([gamma_chunk(200_000)], "linear (no statement)"),
        ([(b"gAMA", b"")], "linear (no statement)"),
        ([(b"eXIf", exif_block(1))], "srgb (EXIF)"),
        ([(b"eXIf", exif_block(65535))], "linear (no statement)"),
        ([(b"eXIf", b"MM no EXIF")], "linear (no statement)"),
        # Where they disagree: profile, sRGB, gAMA, EXIF.
        ([gamma_chunk(100_000), SRGB_CHUNK, profile_chunk(GREY_PROFILE)], "1.8 (ICC profile)"),
        ([gamma_chunk(100_000), SRGB_CHUNK, profile_chunk(b"damaged")], "srgb (PNG sRGB)"),
        ([gamma_chunk(100_000), (b"eXIf", exif_block(1))], "linear (PNG gAMA)"),
        ([gamma_chunk(0), (b"eXIf", exif_block(1))], "srgb (EXIF)"),
        # What the encoder of Windows writes into every image says nothing, but only as a whole.
        (WINDOWS, "linear (no statement)"),
        (WINDOWS[::-1], "linear (no statement)"),
        ([*WINDOWS, (b"eXIf", exif_block(1))], "srgb (EXIF)"),
        ([*WINDOWS, profile_chunk(SRGB_PROFILE)], "srgb (ICC profile)"),
        (WINDOWS[:2], "srgb (PNG sRGB)"),
        (WINDOWS[1:], "srgb (PNG gAMA)"),
        ([SRGB_CHUNK, density_chunk(3779, 3779)], "srgb (PNG sRGB)"),
        ([SRGB_CHUNK, gamma_chunk(45454), density_chunk(3779, 3779)], "srgb (PNG sRGB)"),
        ([*WINDOWS[:2], density_chunk(3780, 3780)], "srgb (PNG sRGB)"),
        ([*WINDOWS[:2], density_chunk(3779, 3780)], "srgb (PNG sRGB)"),
        ([*WINDOWS[:2], density_chunk(3779, 3779, unit=0)], "srgb (PNG sRGB)"),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_png_states_its_light_in_chunks(tmp_path, chunks, light, dtype):
    path = png(tmp_path / "a.png", *chunks, pixels=COLOURS.astype(dtype))

    assert str(read_image(path).tags.light) == light


@pytest.mark.parametrize(
    "chunks", [[SRGB_CHUNK], [gamma_chunk(55_556)], [profile_chunk(SRGB_PROFILE)], WINDOWS, WINDOWS[1:], []]
)
def test_an_image_of_pillow_states_what_its_file_states(tmp_path, chunks):
    path = png(tmp_path / "a.png", *chunks)

    with Image.open(path) as image:
        assert pillow_light(image) == pillow_light(image.convert("L")) == read_image(path).tags.light


@pytest.mark.parametrize(
    "options, light",
    [
        ({}, "srgb (JPEG)"),
        ({"exif": exif_block(1)}, "srgb (EXIF)"),
        ({"exif": exif_block(65535)}, "srgb (JPEG)"),
        ({"icc_profile": LINEAR_PROFILE, "exif": exif_block(1)}, "linear (ICC profile)"),
        ({"icc_profile": GREY_PROFILE}, "1.8 (ICC profile)"),
        ({"icc_profile": b"damaged"}, "srgb (JPEG)"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_is_a_photograph_unless_its_profile_says_otherwise(tmp_path, options, light, mode):
    path = tmp_path / "a.jpg"
    Image.fromarray(COLOURS).convert(mode).save(path, **options)

    assert str(read_image(path).tags.light) == light
    with Image.open(path) as opened:
        assert [str(pillow_light(each)) for each in (opened, opened.copy(), opened.crop((0, 0, 5, 5)))] == [light] * 3


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "profile, block, light",
    [
        (None, None, "linear (no statement)"),
        (SRGB_PROFILE, None, "srgb (ICC profile)"),
        (LINEAR_PROFILE, 1, "linear (ICC profile)"),
        (None, 1, "srgb (EXIF)"),
        (None, 65535, "linear (no statement)"),
    ],
)
def test_a_tiff_states_its_light_whatever_its_depth_and_size(tmp_path, dtype, profile, block, light):
    pixels, plain, path = (COLOURS / np.float32(255)).astype(dtype), tmp_path / "plain.png", tmp_path / "a.tif"
    tags = [profile_chunk(profile)] if profile else []
    png(plain, *tags, *([(b"eXIf", exif_block(block))] if block else []))
    write_image(path, pixels, like=read_image(plain))

    assert str(read_image(path).tags.light) == light
    with open_large(path) as large:
        assert str(large.tags.light) == light


@pytest.mark.parametrize("suffix", [".bmp", ".webp", ".tif", ".png"])
def test_without_a_statement_values_are_light(tmp_path, suffix):
    cv2.imwrite(str(tmp_path / f"a{suffix}"), COLOURS)

    assert read_image(tmp_path / f"a{suffix}").tags.light == SAYS_NOTHING


def test_a_webp_states_its_light_by_profile_and_exif(tmp_path):
    for name, options in (("a", {"icc_profile": GREY_PROFILE}), ("b", {"exif": exif_block(1)})):
        Image.fromarray(COLOURS).save(tmp_path / f"{name}.webp", **options)

    assert [read_image(tmp_path / f"{name}.webp").tags.light.words for name in "ab"] == ["1.8", "srgb"]


@pytest.mark.parametrize(
    "info",
    [{}, {"icc_profile": 3}, {"gamma": "2.2"}, {"gamma": 0}, {"dpi": "96"}, {"exif": "none"}, {"gamma": float("nan")}],
)
def test_pillow_images_that_state_nothing_sensible_state_nothing(info):
    image = Image.fromarray(COLOURS)
    image.info.update(info)

    assert pillow_light(image) == pillow_light(COLOURS) == SAYS_NOTHING


def test_the_image_of_pillow_stays_as_it_was():
    image = Image.open(io.BytesIO(cv2.imencode(".jpg", COLOURS)[1].tobytes()))
    before = dict(image.info)

    pillow_light(image)

    assert image.info == before
