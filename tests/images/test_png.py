"""PNG: 16 bits and chunks together, which neither pillow nor OpenCV can do."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from pinsharp.errors import ImageError
from pinsharp.images import png
from pinsharp.images.codec import Tags
from strategies import random_image

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def chunks(data):
    position, found = 8, {}
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        found[kind.decode()] = data[position + 8 : position + 8 + length]
        position += 12 + length
    return found


def with_chunk(data, kind, body):
    """A PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


def recoded(data):
    pixels, tags = png.decode(io.BytesIO(data))
    return png.encode(pixels, tags)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_chunks_are_carried_over_byte_for_byte(dtype):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Serial", "camera 7")
    texts.add_itxt("Note", "Grüße", zip=True)
    source = saved(Image.new("RGB", (3, 2)), icc_profile=PROFILE, dpi=(72, 96), pnginfo=texts)
    tags = png.decode(io.BytesIO(source))[1]

    after = chunks(png.encode(random_image((2, 3, 3), dtype, 0), tags))

    before = chunks(source)
    for kind in ("iCCP", "pHYs", "tEXt", "iTXt"):
        assert after[kind] == before[kind]


def test_16_bit_colour_stays_16_bit_with_its_profile():
    pixels = random_image((5, 7, 3), "uint16", 0)
    data = png.encode(pixels, Tags(icc=PROFILE, exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0", dpi=(300, 300)))

    restored, tags = png.decode(io.BytesIO(recoded(data)))

    np.testing.assert_array_equal(restored, pixels)
    assert tags.icc == PROFILE
    assert tags.exif == b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    assert tags.dpi == pytest.approx((300, 300), abs=0.01)


def test_xmp_is_found_by_pillow_and_by_us():
    data = png.encode(np.zeros((2, 2), np.uint8), Tags(xmp=b"<x:xmpmeta/>"))

    with Image.open(io.BytesIO(data)) as image:
        assert image.info["xmp"] == b"<x:xmpmeta/>"
    assert png.decode(io.BytesIO(data))[1].xmp == b"<x:xmpmeta/>"


def test_an_interlaced_image_is_read():
    # Two pixels, interlaced: pass 1 holds the left one, pass 6 the right one; each row begins with its filter, 0.
    header = struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0\x0a\0\xf0")), (b"IEND", b"")]
    data = png.SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )

    assert png.decode(io.BytesIO(data))[0].tolist() == [[10, 240]]


@pytest.mark.parametrize("mode, key, shape", [("L", 7, (2, 3, 2)), ("RGB", (1, 2, 3), (2, 3, 4))])
def test_a_transparent_colour_becomes_alpha(mode, key, shape):
    image = Image.new(mode, (3, 2), key)
    image.putpixel((0, 0), 0)

    pixels, _ = png.decode(io.BytesIO(saved(image, transparency=key)))

    assert pixels.shape == shape
    assert pixels[..., -1].tolist() == [[255, 0, 0], [0, 0, 0]]
    assert "tRNS" not in chunks(recoded(saved(image, transparency=key)))


def test_a_broken_profile_does_not_matter_and_is_not_handed_on():
    data = with_chunk(saved(Image.new("L", (2, 2))), b"iCCP", b"name\0\0no deflate stream")

    pixels, tags = png.decode(io.BytesIO(data))

    assert pixels.shape == (2, 2)
    assert tags.icc is None


def test_a_profile_that_would_fill_the_memory_is_cut():
    bomb = b"name\0\0" + zlib.compress(bytes(1 << 26))

    tags = png.decode(io.BytesIO(with_chunk(saved(Image.new("L", (2, 2))), b"iCCP", bomb)))[1]

    assert len(tags.icc) == 1 << 24


def test_an_aspect_ratio_is_no_resolution_and_is_kept_all_the_same():
    data = with_chunk(saved(Image.new("L", (2, 2))), b"pHYs", struct.pack(">IIB", 1, 2, 0))

    assert png.decode(io.BytesIO(data))[1].dpi is None
    assert chunks(recoded(data))["pHYs"] == struct.pack(">IIB", 1, 2, 0)


def test_an_animation_of_one_frame_is_a_still_image():
    data = with_chunk(saved(Image.new("L", (2, 2))), b"acTL", struct.pack(">II", 1, 0))

    assert png.decode(io.BytesIO(data))[0].shape == (2, 2)


def test_chunks_that_describe_the_old_pixels_are_left_out():
    data = with_chunk(saved(Image.new("L", (2, 2))), b"sBIT", b"\x04")

    assert "sBIT" not in chunks(recoded(data))


def test_a_wrong_checksum_is_damage():
    data = bytearray(imagecodecs.png_encode(random_image((9, 9), "uint8", 0)))
    data[60] ^= 1

    with pytest.raises(ImageError, match="wrong checksum in chunk IDAT"):
        png.decode(io.BytesIO(bytes(data)))


def test_a_file_without_its_last_chunk_is_truncated_though_the_pixels_are_there():
    data = saved(Image.new("L", (4, 4)))[:-12]

    with pytest.raises(ImageError, match="before its last chunk"):
        png.decode(io.BytesIO(data))


def test_a_file_without_header_is_damaged():
    with pytest.raises(ImageError, match="does not begin with its header"):
        png.decode(io.BytesIO(png.SIGNATURE + saved(Image.new("L", (4, 4)))[-12:]))


@pytest.mark.parametrize("transparency, shape", [(None, (4, 5)), (7, (4, 5, 2))])
def test_a_palette_of_greys_is_mono(transparency, shape):
    image = Image.fromarray(np.arange(20, dtype=np.uint8).reshape(4, 5), "P")
    image.putpalette([255 - 3 * level for level in range(20) for _ in range(3)])
    data = saved(image, **({} if transparency is None else {"transparency": transparency}))

    pixels, _ = png.decode(io.BytesIO(data))

    assert pixels.shape == shape
    mono = pixels if pixels.ndim == 2 else pixels[..., 0]
    np.testing.assert_array_equal(mono, np.array(image.convert("L")))
    assert pixels.ndim == 2 or np.argwhere(pixels[..., 1] == 0).tolist() == [[1, 2]]


def test_grey_of_four_bits_is_told_how_to_become_eight():
    data = bytearray(saved(Image.new("L", (2, 2))))
    data[24] = 4  # bits of a sample
    header = bytes(data[12:29])
    data[29:33] = zlib.crc32(header).to_bytes(4)

    with pytest.raises(ImageError, match=r"got 4-bit pixels; .*png:bit-depth=8"):
        png.decode(io.BytesIO(bytes(data)))
