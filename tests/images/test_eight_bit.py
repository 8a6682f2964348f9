"""JPEG, WebP and BMP: what they say survives, and no half of them is taken for a whole."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from pinsharp.errors import ImageError
from pinsharp.images import eight_bit
from pinsharp.images.codec import Tags
from strategies import random_image

PHOTO = Image.fromarray(np.indices((64, 48, 3)).sum(0).astype(np.uint8))


def saved(image, name, **options):
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def recoded(data):
    pixels, tags = eight_bit.decode_jpeg(io.BytesIO(data))
    return eight_bit.encode_jpeg(pixels, tags)


def info(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.info


def test_jpeg_keeps_comment_and_xmp():
    data = saved(PHOTO, "JPEG", comment=b"camera 7", xmp=b"<x:xmpmeta/>")

    assert info(recoded(data))["comment"] == b"camera 7"
    assert info(recoded(data))["xmp"] == b"<x:xmpmeta/>"


def test_jpeg_without_resolution_gets_none():
    assert eight_bit.decode_jpeg(io.BytesIO(saved(PHOTO, "JPEG")))[1].dpi is None
    assert "dpi" not in info(recoded(saved(PHOTO, "JPEG")))


def test_jpeg_density_a_centimetre_becomes_one_an_inch():
    data = bytearray(saved(PHOTO, "JPEG", dpi=(100, 50)))
    data[data.index(b"JFIF") + 7] = 2

    assert eight_bit.decode_jpeg(io.BytesIO(bytes(data)))[1].dpi == pytest.approx((254, 127))


@pytest.mark.parametrize("tags", [Tags(exif=bytes(70_000)), Tags(xmp=bytes(70_000))])
def test_what_no_jpeg_segment_can_hold_is_left_out(tags):
    data = eight_bit.encode_jpeg(np.asarray(PHOTO), tags)

    assert {"exif", "xmp"}.isdisjoint(info(data))


def test_a_profile_longer_than_a_segment_is_kept():
    profile = random_image((150_000,), "uint8", 0).tobytes()

    assert info(eight_bit.encode_jpeg(np.asarray(PHOTO), Tags(icc=profile)))["icc_profile"] == profile


def test_the_first_picture_of_a_multi_picture_jpeg_is_read():
    data = saved(PHOTO, "MPO", save_all=True, append_images=[PHOTO.rotate(180)])

    pixels, _ = eight_bit.decode_jpeg(io.BytesIO(data))

    np.testing.assert_array_equal(pixels, np.array(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": "4:2:0"}])
def test_no_part_of_a_jpeg_is_taken_for_the_whole(options):
    data = saved(PHOTO, "JPEG", **options)

    for end in range(len(data)):
        with pytest.raises(ImageError, match="truncated or damaged"):
            eight_bit.decode_jpeg(io.BytesIO(data[:end]))


def test_lossy_webp_is_read_and_written_without_further_loss():
    pixels, tags = eight_bit.decode_webp(io.BytesIO(saved(PHOTO, "WEBP", quality=50)))

    again, _ = eight_bit.decode_webp(io.BytesIO(eight_bit.encode_webp(pixels, tags)))

    np.testing.assert_array_equal(again, pixels)


@pytest.mark.parametrize("samples", [2, 4])
def test_webp_keeps_alpha_and_the_colours_under_it(samples):
    pixels = random_image((9, 7, samples), "uint8", 0)
    pixels[..., -1] = np.arange(7) * 40

    again, _ = eight_bit.decode_webp(io.BytesIO(eight_bit.encode_webp(pixels, Tags())))

    np.testing.assert_array_equal(again[..., [0, 3] if samples == 2 else [0, 1, 2, 3]], pixels)


def test_a_mono_profile_is_not_pinned_on_the_colours_of_a_webp():
    assert "icc_profile" not in info(eight_bit.encode_webp(np.zeros((4, 4), np.uint8), Tags(icc=b"mono")))


@pytest.mark.parametrize("samples", [2, 4])
def test_bmp_keeps_alpha_for_others_too(samples):
    pixels = random_image((9, 7, samples), "uint8", 0)

    data = eight_bit.encode_bmp(pixels, Tags(dpi=(254, 127)))

    again, tags = eight_bit.decode_bmp(io.BytesIO(data))
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(again[..., [0, 3] if samples == 2 else [0, 1, 2, 3]], pixels)
    np.testing.assert_array_equal(by_opencv, again[..., [2, 1, 0, 3]])
    assert tags.dpi == pytest.approx((254, 127), abs=0.02)


def test_bmp_without_resolution_gets_none():
    data = eight_bit.encode_bmp(np.asarray(PHOTO), Tags())

    assert eight_bit.decode_bmp(io.BytesIO(data))[1].dpi is None


@pytest.mark.parametrize("dpi", [(0, 0), (1e9, 1e9)])
def test_a_resolution_that_makes_no_sense_is_none(dpi):
    data = bytearray(saved(PHOTO, "BMP"))
    data[38:46] = struct.pack("<2I", *(min(int(value * 40), 2**32 - 1) for value in dpi))

    assert eight_bit.decode_bmp(io.BytesIO(bytes(data)))[1].dpi is None


def test_a_resolution_finer_than_jpeg_can_say_is_left_out():
    assert "dpi" not in info(eight_bit.encode_jpeg(np.asarray(PHOTO), Tags(dpi=(1e6, 1e6))))


def test_damaged_exif_is_copied_and_nobody_is_warned():
    damaged = b"II*\0\x08\0\0\0\xff"

    data = eight_bit.encode_jpeg(np.asarray(PHOTO), Tags(exif=damaged))

    assert eight_bit.decode_jpeg(io.BytesIO(data))[1].exif == damaged


def test_a_webp_larger_than_pillows_own_limit_is_one_clear_sentence(monkeypatch):
    data = saved(PHOTO, "WEBP")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    with pytest.raises(ImageError, match="expected an image that WebP readers accept"):
        eight_bit.decode_webp(io.BytesIO(data))


@pytest.mark.parametrize("name", ["jpeg", "bmp"])
def test_pillows_own_limit_is_not_ours(monkeypatch, name):
    data = saved(PHOTO, name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    pixels, _ = getattr(eight_bit, f"decode_{name}")(io.BytesIO(data))

    assert pixels.shape == (64, 48, 3)


def test_a_bmp_palette_of_greys_is_mono():
    image = Image.fromarray(random_image((9, 8), "uint8", 0), "P")
    image.putpalette([255 - level for level in range(256) for _ in range(3)])
    buffer = io.BytesIO()
    image.save(buffer, "BMP")

    pixels, _ = eight_bit.decode_bmp(buffer)

    np.testing.assert_array_equal(pixels, np.array(image.convert("L")))
