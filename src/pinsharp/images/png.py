"""PNG, 8 and 16 bit, mono and RGB, with and without alpha: imagecodecs for the pixels, our own code for the chunks.

pillow cannot hold 16-bit RGB, and OpenCV forgets every chunk but the pixels. So the decoder is given the critical
chunks only, and the others (profile, EXIF, resolution, texts) are carried over byte for byte.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.codec import Tags, plausible_dpi
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_colours, unsupported_depth
from pinsharp.images.statements import stated_light

SIGNATURE = b"\x89PNG\r\n\x1a\n"
Chunk = tuple[bytes, bytes]  # (type, data)

# What the decoder sees; a fault elsewhere cannot disturb it.
_DECODED = {b"IHDR", b"IDAT", b"tRNS", b"IEND"}
# What is carried over; sBIT, hIST, bKGD and tIME describe pixels that no longer exist.
_KEPT = {b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
_XMP_KEY = b"XML:com.adobe.xmp\0\0\0\0\0"
_MAX_PROFILE_BYTES = 1 << 24
_PALETTE = 3
_GAMMA_UNIT = 100_000
_QUICK = 3  # effort of the compression, of 9


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a PNG file.

    Returns:
        Pixels (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8 or uint16, and the tags.

    Raises:
        ImageError: If the file is truncated, damaged, too large, animated, of a palette of colours, or grey of less
            than 8 bits.
    """
    chunks = list(_chunks(file.read()))
    _check_header(chunks)
    is_palette = chunks[0][1][9] == _PALETTE
    critical = _join(chunk for chunk in chunks if chunk[0] in _DECODED or (is_palette and chunk[0] == b"PLTE"))
    try:
        pixels: NDArray[Any] = imagecodecs.png_decode(critical)
    except (imagecodecs.PngError, ValueError) as error:
        raise damaged("PNG", error) from error
    if is_palette:  # of greys
        pixels = pixels[..., 0] if pixels.shape[2] == 3 else pixels[..., [0, 3]]
    return pixels, _tags(tuple(chunk for chunk in chunks if chunk[0] in _KEPT))


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode as PNG, with the chunks that the tags ask for.

    Args:
        pixels: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8 or uint16.
        tags: If read from a PNG, its chunks are written as they were.
    """
    header, *rest = _chunks(bytes(imagecodecs.png_encode(pixels)))
    kept = tags.native if isinstance(tags.native, tuple) else _portable_chunks(tags)
    return _join([header, *kept, *rest])


def write_grey(file: BinaryIO, shape: tuple[int, int], bands: Iterable[NDArray[np.uint8]]) -> None:
    """Write a mono image of 8 bits band by band.

    Args:
        file: Open for writing.
        shape: Height and width.
        bands: Its rows (h, W), from top to bottom.
    """
    file.write(_join([(b"IHDR", struct.pack(">IIBBBBB", shape[1], shape[0], 8, 0, 0, 0, 0))]))
    deflate = zlib.compressobj(_QUICK)
    for band in bands:
        plain = np.pad(band, ((0, 0), (1, 0)))  # each row begins with its filter: none
        if data := deflate.compress(plain.tobytes()):
            file.write(_chunk(b"IDAT", data))
    file.write(_chunk(b"IDAT", deflate.flush()) + _chunk(b"IEND", b""))


def _chunks(data: bytes) -> Iterable[Chunk]:
    """Walk over the chunks up to IEND; without IEND the file is not whole, whatever its pixels say."""
    position = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        if position + 12 > len(data):
            raise damaged("PNG", f"it ends after {len(data)} bytes, before its last chunk")
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        position += 12 + length
        if position > len(data):
            raise damaged("PNG", f"it ends after {len(data)} bytes, within a chunk")
        if kind in _DECODED and zlib.crc32(kind + body) != struct.unpack_from(">I", data, position - 4)[0]:
            raise damaged("PNG", f"wrong checksum in chunk {kind.decode()}")
        yield kind, body


def _join(chunks: Iterable[Chunk]) -> bytes:
    parts = [SIGNATURE]
    for kind, body in chunks:
        parts.append(_chunk(kind, body))
    return b"".join(parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))


def _check_header(chunks: list[Chunk]) -> None:
    kind, body = chunks[0]
    if kind != b"IHDR" or len(body) != 13:
        raise damaged("PNG", "it does not begin with its header")
    width, height, bits, colour_type = struct.unpack(">IIBB", body[:10])
    check_size(width, height)
    if colour_type == _PALETTE and not _is_grey(dict(chunks).get(b"PLTE", b"")):
        raise unsupported_colours("a palette", is_palette=True)
    if bits < 8 and colour_type != _PALETTE:
        raise unsupported_depth(bits)
    for kind, body in chunks:
        if kind == b"acTL" and (frames := int.from_bytes(body[:4])) > 1:
            raise animated(frames, "an animation")


def _is_grey(palette: bytes) -> bool:
    return palette[::3] == palette[1::3] == palette[2::3]


def _tags(kept: tuple[Chunk, ...]) -> Tags:
    found = dict(kept)
    xmp = [body.removeprefix(_XMP_KEY) for kind, body in kept if kind == b"iTXt" and body.startswith(_XMP_KEY)]
    icc, exif, gamma = _profile(found.get(b"iCCP", b"")), found.get(b"eXIf"), found.get(b"gAMA", b"")
    dpi = _dpi(found.get(b"pHYs", b""))
    return Tags(
        dpi=dpi,
        icc=icc,
        exif=exif,
        xmp=xmp[0] if xmp else None,
        native=kept,
        light=stated_light(
            icc=icc, is_srgb=b"sRGB" in found, gamma=int.from_bytes(gamma) / _GAMMA_UNIT, dpi=dpi, exif_block=exif
        ),
    )


def _dpi(physical: bytes) -> tuple[float, float] | None:
    if len(physical) != 9 or physical[8] != 1:  # 1: pixels per metre; otherwise only an aspect ratio
        return None
    across, down = struct.unpack(">II", physical[:8])
    return plausible_dpi(across * 0.0254, down * 0.0254)


def _profile(chunk: bytes) -> bytes | None:
    _, _, compressed = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(compressed[1:], _MAX_PROFILE_BYTES) or None
    except zlib.error:
        return None  # nobody can use that profile; within PNG the chunk still travels as it is


def _portable_chunks(tags: Tags) -> list[Chunk]:
    chunks = []
    if tags.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(tags.icc)))
    if tags.dpi:
        across, down = (round(value / 0.0254) for value in tags.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if tags.exif:
        chunks.append((b"eXIf", tags.exif))
    if tags.xmp:
        chunks.append((b"iTXt", _XMP_KEY + tags.xmp))
    return chunks
