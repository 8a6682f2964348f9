"""HEIC and HEIF, mono and RGB, with and without alpha, 8, 10 and 12 bits, through pillow-heif; read only.

Values are the counts that are stored. The file's own turning and mirroring is carried out, so its EXIF orientation, by
the standard a copy of that, is set to 1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError, MissingExtra
from pinsharp.images import exif
from pinsharp.images.codec import Tags, strip_exif_prefix
from pinsharp.images.light import SAYS_NOTHING, SRGB
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_depth
from pinsharp.images.statements import stated_light

_NAME = "HEIF"
_SRGB_CURVE = 13
_HDR = {16: "PQ", 18: "HLG"}


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode the image of a HEIF file: uint8, or of 10 and 12 bits uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of several images, or of high dynamic range.
        MissingExtra: If pillow-heif is not installed.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingExtra(
            "reading HEIC needs pillow-heif, which is not installed; run: pip install 'pinsharp[heif]'"
        ) from error
    try:
        opened = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
        if len(opened) > 1:
            raise animated(len(opened), "a HEIF file")
        check_size(*opened.size)
        bits, said = int(opened.info["bit_depth"]), dict(opened.info)
        _check_curve(said)
        pixels = np.asarray(opened[0])
    except (ValueError, EOFError, OSError, RuntimeError, SyntaxError, KeyError) as error:
        raise damaged(_NAME, error) from error
    if bits not in (8, 10, 12):
        raise unsupported_depth(bits)
    if bits > 8:
        pixels = pixels >> (16 - bits)  # pillow-heif moves the bits up
    return np.ascontiguousarray(pixels), _tags(said, bits)


def _check_curve(said: dict[str, Any]) -> None:
    curve = _HDR.get((said.get("nclx_profile") or {}).get("transfer_characteristics", 0))
    if curve and not said.get("icc_profile"):
        raise ImageError(
            f"expected an image along a tone curve of standard dynamic range, got {curve}; export it for a screen "
            "without HDR"
        )


def _tags(said: dict[str, Any], bits: int) -> Tags:
    icc, block = said.get("icc_profile"), exif.upright(strip_exif_prefix(said.get("exif")))
    light = stated_light(icc=icc, exif_block=block)
    if light == SAYS_NOTHING and (said.get("nclx_profile") or {}).get("transfer_characteristics") == _SRGB_CURVE:
        light = replace(SRGB, why="HEIF nclx")
    others = len(said.get("thumbnails") or ()) + len(said.get("depth_images") or ()) + len(said.get("aux") or ())
    return Tags(
        icc=icc,
        exif=block,
        xmp=said.get("xmp"),
        dropped=f"{others} further {'image' if others == 1 else 'images'} (thumbnails, depth)" if others else "",
        light=light,
        white_level=None if bits == 8 else 2**bits - 1,
    )
