"""Frames without a header: bits where GenICam has them, every value comes back, a wrong size is one sentence."""

import io

import numpy as np
import pytest

from pinsharp.errors import ConfigError, FormatError, ImageError
from pinsharp.images import raw
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image, write_image

# Two pixels, 0x123 and 0xABC, and of 10 bits 0x123 and 0x2BC, as the Pixel Format Naming Convention draws them.
DRAWN = {
    "Mono8": ("12 ab", (0x12, 0xAB)),
    "Mono10": ("23 01 bc 02", (0x123, 0x2BC)),
    "Mono12": ("23 01 bc 0a", (0x123, 0xABC)),
    "Mono14": ("23 01 bc 0a", (0x123, 0xABC)),
    "Mono16": ("23 01 bc fa", (0x123, 0xFABC)),
    "Mono10p": ("23 f1 0a", (0x123, 0x2BC)),
    "Mono12p": ("23 c1 ab", (0x123, 0xABC)),
    "Mono14p": ("23 01 af 02", (0x123, 0xABC)),
    "Mono10Packed": ("48 03 af", (0x123, 0x2BC)),
    "Mono12Packed": ("12 c3 ab", (0x123, 0xABC)),
}


def test_every_format_is_drawn():
    """Those of mosaics are stored as those of mono."""
    mono = {name.removeprefix("Mono"): raw.FORMATS[name] for name in DRAWN}

    assert {
        f"{colours}{name}": stored
        for colours in ("Mono", "BayerRG", "BayerGR", "BayerGB", "BayerBG")
        for name, stored in mono.items()
    } == raw.FORMATS


@pytest.mark.parametrize("name", DRAWN)
def test_bits_lie_where_the_convention_draws_them(name):
    drawn, values = DRAWN[name]

    pixels, tags = raw.decode(io.BytesIO(bytes.fromhex(drawn)), f"2x1:{name}")

    assert pixels.tolist() == [list(values)]
    assert raw.encode(pixels, tags) == bytes.fromhex(drawn)
    assert tags.white_level == {8: None, 16: None}.get(tags.native.bits, 2**tags.native.bits - 1)


def by_hand(data, name, count):
    """Values bit by bit, from a format's description."""
    bits, packing = raw.FORMATS[name]
    if packing == "<":
        stream = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: count * bits].reshape(count, bits)
        return stream @ (1 << np.arange(bits))
    low = bits - 8
    values = []
    for first, both, second in np.frombuffer(data, np.uint8).reshape(-1, 3).astype(int):
        mask = 2**low - 1
        values += [first << low | both & mask, second << low | both >> 4 & mask]
    return np.array(values[:count])


@pytest.mark.parametrize("shape", [(3, 5), (4, 6), (1, 1), (7, 9)])
@pytest.mark.parametrize("name", [name for name, (_, packing) in raw.FORMATS.items() if packing])
def test_packed_frames_of_any_size_are_unpacked_as_by_hand_and_packed_again(name, shape):
    layout = raw.layout_of(f"{shape[1]}x{shape[0]}:{name}")
    values = np.random.default_rng(0).integers(0, 2**layout.bits, shape).astype(np.uint16)
    tags = raw.Tags(native=layout)

    data = raw.encode(values, tags)

    assert len(data) == layout.size
    np.testing.assert_array_equal(by_hand(data, name, values.size), values.ravel())
    np.testing.assert_array_equal(raw.decode(io.BytesIO(data), f"{shape[1]}x{shape[0]}:{name}")[0], values)


@pytest.mark.parametrize(
    "size, words, sentence",
    [
        (12, None, "say --raw WxH:FORMAT"),
        (
            12,
            "4x2:Mono12",
            r"expected 16 bytes for 4 x 2 pixels of Mono12, got 12; it would fit Mono12p or Mono10Packed or",
        ),
        (11, "4x2:Mono8", "got 11; check width, height and format, and cut headers off"),
        (0, "4x2:Mono8", "empty file of 0 bytes"),
    ],
)
def test_a_file_of_another_size_is_one_sentence(tmp_path, size, words, sentence):
    (tmp_path / "a.raw").write_bytes(bytes(size))

    with pytest.raises(ImageError, match=sentence):
        read_image(tmp_path / "a.raw", Reading(raw=words))


def test_bits_beyond_the_format_are_not_taken_for_counts():
    with pytest.raises(ImageError, match=r"expected values below 4096 in Mono12, got 32768; .* they are Mono16"):
        raw.decode(io.BytesIO(b"\x00\x80"), "1x1:Mono12")


@pytest.mark.parametrize("words", ["4x2", "4x2:Mono13", "0x2:Mono8", "4 x 2:Mono8", "BayerRG8", "4x2:mono8"])
def test_words_that_say_no_format_are_refused(words):
    with pytest.raises(ConfigError, match="raw must be WxH:FORMAT"):
        raw.layout_of(words)


def test_only_what_was_a_frame_becomes_one(tmp_path):
    with pytest.raises(FormatError, match="expected pixels that came from a raw file"):
        write_image(tmp_path / "a.raw", np.zeros((3, 3), np.uint8))
