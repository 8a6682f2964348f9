"""What goes through a file comes back; another library agrees; every bad input and output is one clear sentence."""

import errno
import io
import os
import re
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pinsharp.errors import ImageError, OutputError
from pinsharp.images.files import check_output, find_images, read_image, same_file, write_image
from strategies import images, random_image

# What each format holds without loss: (suffix, dtypes, channels).
LOSSLESS = [
    (".png", ("uint8", "uint16"), (None, 2, 3, 4)),
    (".tif", ("uint8", "uint16", "float32"), (None, 2, 3, 4)),
    (".bmp", ("uint8",), (None, 3, 4)),
    (".webp", ("uint8",), (3,)),
]
SUFFIXES = [".png", ".jpg", ".tif", ".bmp", ".webp"]


@st.composite
def lossless_files(draw):
    suffix, dtypes, channels = draw(st.sampled_from(LOSSLESS))
    return suffix, draw(images(dtypes=dtypes, channels=channels))


def oracle(path, like):
    """The pixels of a file as pillow reads what it can hold, and OpenCV the rest."""
    if like.dtype == np.uint8:
        with Image.open(path) as image:
            return np.array(image)
    if like.shape[2:] == (2,):  # OpenCV makes colour of it, or half of it
        return tifffile.imread(path)
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


@given(lossless_files())
@settings(deadline=None)
def test_pixels_survive_a_file_and_another_library_reads_the_same(tmp_path_factory, case):
    suffix, pixels = case
    path = tmp_path_factory.mktemp("files") / f"image{suffix}"

    write_image(path, pixels)

    restored = read_image(path).pixels
    assert restored.dtype == pixels.dtype
    np.testing.assert_array_equal(restored, pixels)
    assert restored.flags.c_contiguous
    assert restored.flags.writeable
    if not (suffix == ".png" and pixels.dtype == np.uint16 and pixels.shape[2:] == (2,)):  # nobody else reads that
        np.testing.assert_array_equal(oracle(path, pixels), pixels)


@given(images(dtypes=("uint8",), channels=(None, 3)))
@settings(deadline=None, max_examples=20)
def test_jpeg_keeps_size_and_channels_at_high_quality(tmp_path_factory, pixels):
    path = tmp_path_factory.mktemp("files") / "image.jpg"

    write_image(path, pixels)

    restored = read_image(path).pixels
    assert restored.shape == pixels.shape
    with Image.open(path) as image:
        np.testing.assert_array_equal(np.array(image), restored)
        assert max(image.quantization[0]) <= 12  # quality 95 by the tables of libjpeg
        if pixels.ndim == 3:
            assert all(layer[1:3] == (1, 1) for layer in image.layer)  # 4:4:4


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("side", [1, 5])
def test_tiny_images_are_files_too(tmp_path, suffix, side):
    pixels = np.full((side, side, 3), 200, np.uint8)

    write_image(tmp_path / f"tiny{suffix}", pixels)

    np.testing.assert_allclose(read_image(tmp_path / f"tiny{suffix}").pixels, pixels, atol=2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_profile_exif_and_resolution_survive_within_a_format(tmp_path, suffix, tagged):
    source = tmp_path / f"in{suffix}"
    tagged(source)

    read = read_image(source)
    write_image(tmp_path / f"out{suffix}", read.pixels, like=read)

    with Image.open(source) as before, Image.open(tmp_path / f"out{suffix}") as after:
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        assert after.getexif().get(274) == before.getexif().get(274)
        assert after.getexif().get_ifd(0x8769) == before.getexif().get_ifd(0x8769)
        if suffix != ".webp":
            assert after.info["dpi"] == pytest.approx(before.info["dpi"])
        if suffix != ".bmp":
            assert after.info["icc_profile"]
            assert after.getexif()[274] == 6


@pytest.mark.parametrize("target", SUFFIXES)
@pytest.mark.parametrize("source", [".png", ".jpg", ".tif"])
def test_profile_exif_and_resolution_travel_between_formats(tmp_path, source, target, tagged):
    tagged(tmp_path / f"in{source}")

    read = read_image(tmp_path / f"in{source}")
    write_image(tmp_path / f"out{target}", read.pixels, like=read)

    with Image.open(tmp_path / f"out{target}") as after:
        if target != ".webp":
            assert after.info["dpi"] == pytest.approx((300, 150), abs=0.02)
        if target != ".bmp":
            assert after.info["icc_profile"] == read.tags.icc
            assert after.getexif()[274] == 6
            assert after.getexif().get_ifd(0x8769)[33437] == 2.8


@pytest.fixture
def tagged():
    """Writes a file with an ICC profile, EXIF (orientation 6, f/2.8) and 300 x 150 dpi, by pillow."""

    def write(path):
        exif = Image.Exif()
        exif[274] = 6
        exif.get_ifd(0x8769)[33437] = 2.8
        image = Image.fromarray(random_image((9, 7, 3), "uint8", 0))
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        options = {} if path.suffix == ".bmp" else {"icc_profile": profile, "exif": exif.tobytes()}
        image.save(path, dpi=(300, 150), **options)

    return write


def test_the_pixels_of_a_turned_image_are_not_turned(tmp_path, tagged):
    tagged(tmp_path / "turned.png")

    assert read_image(tmp_path / "turned.png").pixels.shape == (9, 7, 3)


def test_the_suffix_of_the_output_decides_its_format(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((4, 4), np.uint16))

    read = read_image(tmp_path / "a.png")
    write_image(tmp_path / "a.tiff", read.pixels, like=read)

    assert read_image(tmp_path / "a.tiff").format == "tiff"


def test_the_content_of_an_input_decides_its_format(tmp_path):
    write_image(tmp_path / "a.jpg", np.zeros((4, 4), np.uint8))
    (tmp_path / "a.jpg").rename(tmp_path / "a.png")

    assert read_image(tmp_path / "a.png").format == "jpeg"


def test_a_profile_is_not_pinned_on_other_colours(tmp_path, tagged):
    tagged(tmp_path / "colour.png")
    read = read_image(tmp_path / "colour.png")

    write_image(tmp_path / "mono.png", read.pixels[..., 0], like=read)

    after = read_image(tmp_path / "mono.png").tags
    assert after.icc is None
    assert after.exif == read.tags.exif


def test_one_channel_is_written_as_mono_in_any_memory_order(tmp_path):
    pixels = random_image((6, 4, 1), "uint16", 1).astype(">u2")[:, ::-1]

    write_image(tmp_path / "a.png", pixels)

    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, pixels[..., 0])


def test_webp_has_no_mono_so_it_becomes_three_equal_channels(tmp_path):
    pixels = random_image((6, 5), "uint8", 1)

    write_image(tmp_path / "a.webp", pixels)

    np.testing.assert_array_equal(read_image(tmp_path / "a.webp").pixels, np.stack([pixels] * 3, -1))


# --- bad inputs -------------------------------------------------------------------------------------------------------


def saved(image, name, **options):
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def tiff(pixels, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def bomb_png():
    data = bytearray(saved(Image.new("L", (1, 1)), "PNG"))
    data[16:24] = (60_000).to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


def bomb_bmp():
    data = bytearray(saved(Image.new("L", (1, 1)), "BMP"))
    data[18:26] = (60_000).to_bytes(4, "little") * 2
    return bytes(data)


def bomb_jpeg():
    data = bytearray(saved(Image.new("L", (1, 1)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (60_000).to_bytes(2) * 2
    return bytes(data)


def bomb_tiff():
    buffer = io.BytesIO(tiff(np.zeros((8, 8), np.uint8)))
    with tifffile.TiffFile(buffer) as file:
        for code in (256, 257):
            file.pages[0].tags[code].overwrite(60_000)
    return buffer.getvalue()


FRAMES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
GREY8 = np.zeros((8, 8), np.uint8)
NAN = np.full((4, 4), np.nan, np.float32)
BAD_INPUTS = {
    "zero bytes": ("a.png", b"", "got an empty file of 0 bytes"),
    "text": ("a.png", b"hello, world", "got a file that begins with 'hello, w'"),
    "unknown suffix": ("a.xyz", b"hello", r"ends in \.png, .* or \.\w+, got \.xyz"),
    "no suffix": ("image", b"hello", "got none"),
    "gif": ("a.png", saved(FRAMES[0], "GIF"), "got a GIF; convert it to PNG"),
    "animated png": ("a.png", saved(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]), "an animation of 2"),
    "animated webp": ("a.webp", saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "animation of 2"),
    "pages": ("a.tif", saved(FRAMES[0], "TIFF", save_all=True, append_images=FRAMES[1:]), "got a TIFF of 2"),
    "imagej stack": ("a.tif", tiff(np.zeros((3, 8, 8), np.uint8), imagej=True), "got a TIFF of 3"),
    "cmyk jpeg": ("a.jpg", saved(Image.new("CMYK", (8, 8)), "JPEG"), "got CMYK; convert"),
    "cmyk tiff": ("a.tif", saved(Image.new("CMYK", (8, 8)), "TIFF"), "got CMYK pixels; convert"),
    "palette png": ("a.png", saved(Image.new("RGB", (8, 8), "red").quantize(), "PNG"), "got a palette; convert"),
    "palette bmp": ("a.bmp", saved(Image.new("RGB", (8, 8), "red").quantize(), "BMP"), "got a palette; convert"),
    "palette tiff": ("a.tif", saved(Image.new("RGB", (8, 8), "red").quantize(), "TIFF"), "got a palette; convert"),
    "1-bit png": ("a.png", saved(Image.new("1", (8, 8)), "PNG"), "got 1-bit pixels"),
    "1-bit bmp": ("a.bmp", saved(Image.new("1", (8, 8)), "BMP"), "got 1-bit pixels"),
    "1-bit tiff": ("a.tif", saved(Image.new("1", (8, 8)), "TIFF"), "got 1-bit unsigned integer pixels"),
    "lab tiff": ("a.tif", saved(Image.new("LAB", (8, 8)), "TIFF"), "got CIELAB pixels"),
    "ycbcr tiff": ("a.tif", saved(Image.new("YCbCr", (8, 8)), "TIFF"), "got YCBCR pixels"),
    "bayer tiff": (
        "a.tif",
        tiff(GREY8, photometric="cfa"),
        r"got raw Bayer \(CFA\) pixels, .*; name a raw file as its camera does",
    ),
    "bayer tiff that says it is mono": (
        "a.tif",
        tiff(
            GREY8,
            photometric="minisblack",
            extratags=[(33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes((0, 1, 1, 2)), True)],
        ),
        r"got raw Bayer \(CFA\) pixels",
    ),
    "dng with a thumbnail first": (
        "a.tif",
        tiff(np.zeros((8, 8, 3), np.uint8), photometric="rgb", extratags=[(50706, 1, 4, bytes((1, 4, 0, 0)), True)]),
        r"got raw Bayer \(CFA\) pixels",
    ),
    "int16 tiff": ("a.tif", tiff(GREY8.astype(np.int16) - 1), "got 16-bit signed integer pixels down to -1; add 1"),
    "float64 tiff": ("a.tif", tiff(GREY8 + np.float64(9)), r"in \[0, 1\], got 9 to 9; say what is white"),
    "int8 tiff": ("a.tif", tiff(GREY8.astype(np.int8)), "got 8-bit signed integer pixels"),
    "complex tiff": ("a.tif", tiff(GREY8.astype(np.complex64)), "got 64-bit complex pixels"),
    "five channels": ("a.tif", tiff(np.zeros((8, 8, 5), np.uint8), photometric="rgb"), "got 5 channels a pixel"),
    "nan": ("a.tif", tiff(NAN), r"got 16 NaN or infinite, the first at \(row, column\) \(0, 0\)"),
    "float range": ("a.tif", tiff(GREY8.astype(np.float32) + 4095), r"float values in \[0, 1\], got 4095"),
    "bomb png": ("a.png", bomb_png(), "expected at most 1,000,000,000 pixels, got 60000 x 60000"),
    "bomb bmp": ("a.bmp", bomb_bmp(), "expected at most 1,000,000,000 pixels, got 60000 x 60000"),
    "bomb jpeg": ("a.jpg", bomb_jpeg(), "expected at most 1,000,000,000 pixels, got 60000 x 60000"),
    "bomb tiff": ("a.tif", bomb_tiff(), "expected at most 1,000,000,000 pixels, got 60000 x 60000"),
    "half a png": ("a.png", saved(Image.new("L", (8, 8)), "PNG")[:50], "got a truncated or damaged one"),
    "half a jpeg": ("a.jpg", saved(Image.new("L", (8, 8)), "JPEG")[:300], "got a truncated or damaged one"),
    "half a tiff": ("a.tif", tiff(GREY8)[:-9], "got a truncated or damaged one"),
    "half a webp": ("a.webp", saved(Image.new("RGB", (8, 8)), "WEBP")[:30], "got a truncated or damaged one"),
    "half a bmp": ("a.bmp", saved(Image.new("L", (8, 8)), "BMP")[:-9], "got a truncated or damaged one"),
}


@pytest.mark.parametrize("name, content, sentence", BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_a_bad_input_is_one_clear_sentence(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(ImageError, match=sentence) as caught:
        read_image(path)

    assert str(caught.value).startswith(f"{path}: expected ")
    assert "\n" not in str(caught.value)


def test_no_library_prints_about_bad_inputs(tmp_path, run_python):
    for number, (name, content, _) in enumerate(BAD_INPUTS.values()):
        (tmp_path / f"{number}{name}").write_bytes(content)

    printed = run_python(
        f"""
import pathlib, warnings
from pinsharp.errors import ImageError
from pinsharp.images.files import read_image
warnings.simplefilter("always")
for path in pathlib.Path({str(tmp_path)!r}).iterdir():
    try:
        read_image(path)
    except ImageError:
        continue
    raise SystemExit(f"{{path}} was read")
"""
    )

    assert printed == ""


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(cut=st.floats(0, 1, exclude_max=True))
@settings(deadline=None, max_examples=40)
def test_no_truncated_file_is_taken_for_a_whole_one(tmp_path_factory, suffix, cut):
    folder = tmp_path_factory.mktemp("cut")
    write_image(folder / f"whole{suffix}", random_image((24, 32, 3), "uint8", 5))  # 32: BMP pads nothing
    whole = (folder / f"whole{suffix}").read_bytes()
    (folder / f"cut{suffix}").write_bytes(whole[: int(cut * len(whole))])

    with pytest.raises(ImageError):
        read_image(folder / f"cut{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(deadline=None, max_examples=60)
def test_a_damaged_byte_is_an_image_error_or_an_image(tmp_path_factory, suffix, place, value):
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / f"image{suffix}"
    write_image(path, random_image((8, 9, 3), "uint8", 5))
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] = value
    path.write_bytes(data)

    try:
        assert read_image(path).pixels.size
    except ImageError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


def test_a_path_without_a_file_is_one_clear_sentence(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png: expected an image file, got no such file"):
        read_image(tmp_path / "gone.png")
    with pytest.raises(ImageError, match="got a folder; name a file in it"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match=r"a+\.png: expected a readable file, got File name too long"):
        read_image(tmp_path / ("a" * 300 + ".png"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")

    with pytest.raises(ImageError, match="got a device or pipe"):
        read_image(tmp_path / "pipe.png")


def test_an_image_larger_than_memory_is_one_clear_sentence(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", GREY8)
    monkeypatch.setattr("pinsharp.images.png.imagecodecs.png_decode", fail_with(MemoryError()))

    with pytest.raises(ImageError, match="fits into memory"):
        read_image(tmp_path / "a.png")


def test_reading_does_not_touch_the_file(tmp_path):
    path = tmp_path / "a.tif"
    write_image(path, GREY8)
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns

    read_image(path)

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


# --- outputs ----------------------------------------------------------------------------------------------------------


def fail_with(error):
    def fail(*_args, **_options):
        raise error

    return fail


@pytest.mark.parametrize(
    "name, pixels, sentence",
    [
        ("a.jpg", np.zeros((4, 4), np.uint16), r"expected uint8 pixels for JPEG, got uint16; use \.png or \.tif"),
        ("a.webp", np.zeros((4, 4), np.uint16), r"for WebP, got uint16; use \.png or \.tif"),
        ("a.bmp", np.zeros((4, 4), np.float32), r"for BMP, got float32; use \.tif"),
        ("a.png", np.zeros((4, 4), np.float32), r"expected uint8 or uint16 pixels for PNG, got float32; use \.tif"),
        ("a.jpg", np.zeros((4, 4, 4), np.uint8), r"expected pixels without alpha for JPEG, got alpha; use \.png"),
        ("a.jpg", np.zeros((4, 4, 2), np.uint8), "without alpha"),
        ("a.gif", np.zeros((4, 4), np.uint8), r"expected an output that ends in \.png, .*, got '\.gif'"),
        ("a.webp", np.zeros((1, 20_000), np.uint8), r"expected an image that WebP can hold.*; write \.tif"),
        ("a.jpg", np.zeros((1, 70_000), np.uint8), r"expected an image that JPEG can hold.*; write \.tif"),
        ("gone/a.png", np.zeros((4, 4), np.uint8), "expected the folder .*gone to exist, got none; create it first"),
    ],
)
def test_a_bad_output_is_one_clear_sentence_and_leaves_nothing(tmp_path, name, pixels, sentence):
    with pytest.raises(OutputError, match=sentence) as caught:
        write_image(tmp_path / name, pixels)

    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_output(tmp_path):
    (tmp_path / "a.png").mkdir()

    with pytest.raises(OutputError, match="got a folder"):
        check_output(tmp_path / "a.png", GREY8, overwrite=True)


def test_an_existing_output_stays_unless_overwriting_is_asked_for(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")

    with pytest.raises(OutputError, match="got an existing file; use --overwrite"):
        write_image(path, GREY8)

    assert path.read_bytes() == b"precious"
    write_image(path, GREY8, overwrite=True)
    np.testing.assert_array_equal(read_image(path).pixels, GREY8)


def test_pixels_that_are_no_image_are_not_written(tmp_path):
    with pytest.raises(ImageError, match="got 16 NaN"):
        write_image(tmp_path / "a.tif", NAN)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_output(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    monkeypatch.setattr("os.fsync", fail_with(OSError(errno.ENOSPC, "No space left on device")))

    with pytest.raises(OutputError, match="got a full disk"):
        write_image(path, GREY8, overwrite=True)

    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_one_file_is_recognised_under_two_names(tmp_path):
    path = tmp_path / "a.png"
    assert same_file(path, tmp_path / "x" / ".." / "a.png")  # not there yet

    path.write_bytes(b"")
    (tmp_path / "link.png").symlink_to(path)
    (tmp_path / "b.png").write_bytes(b"")

    assert same_file(path, tmp_path / "link.png")
    assert not same_file(path, tmp_path / "b.png")
    assert not same_file(path, tmp_path / "gone.png")


def test_files_is_the_door_to_finding_images_too(tmp_path):
    write_image(tmp_path / "a.png", GREY8)

    assert find_images([tmp_path]) == [tmp_path / "a.png"]


def test_a_jpeg_that_has_not_changed_is_written_byte_for_byte(tmp_path):
    """Encoded again, most of its values would change."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.jpg", quality=75, progressive=True)
    read = read_image(tmp_path / "in.jpg")

    write_image(tmp_path / "same.jpg", read.pixels, like=read)
    write_image(tmp_path / "other.jpg", 255 - read.pixels, like=read)

    assert (tmp_path / "same.jpg").read_bytes() == (tmp_path / "in.jpg").read_bytes()
    assert (tmp_path / "other.jpg").read_bytes() != (tmp_path / "in.jpg").read_bytes()


def test_an_unknown_suffix_names_those_that_are_written(tmp_path):
    with pytest.raises(OutputError, match=r"\.png, .*\.npy, got '\.xyz'") as caught:
        write_image(tmp_path / "a.xyz", np.zeros((8, 8), np.uint8))

    for suffix in re.findall(r"\.[a-z0-9]+", str(caught.value).split("ends in")[1].split(", got")[0]):
        check_output(tmp_path / f"a{suffix}", np.zeros((8, 8), np.float32 if suffix == ".pfm" else np.uint8))
