"""The table of file formats: what each can hold, what decodes and encodes it, and how its files begin."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images import (
    avif,
    camera,
    dicom,
    eight_bit,
    heif,
    jpeg2000,
    jpegls,
    jpegxl,
    npy,
    pam,
    pfm,
    png,
    pnm,
    raw,
    tiff,
)
from pinsharp.images.codec import SUFFIXES, Reading, Tags

Decode = Callable[[BinaryIO], tuple[NDArray[Any], Tags]]
"""Reads pixels, as `ImageFile` has them, and tags from a file that is open."""


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: As people call it.
        dtypes: What it can hold.
        has_alpha: Whether it can hold alpha.
        decode: Reads its files.
        encode: Makes the bytes of a file; None where such files are read only.
        is_own: Whether only what came from such a file can be written as one.
        is_deep: Whether what came with 9 to 15 bits a value can be written so again.
    """

    name: str
    dtypes: tuple[str, ...]
    has_alpha: bool
    decode: Decode
    encode: Callable[[NDArray[Any], Tags], bytes] | None
    is_own: bool = False
    is_deep: bool = True


def _no_image(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    raise ImageError("expected a single image, got a video; restore it by `pinsharp restore`, or export a frame")


_INTEGERS = ("uint8", "uint16")
FORMATS = {
    "png": Format("PNG", _INTEGERS, True, png.decode, png.encode),
    "jpeg": Format("JPEG", ("uint8",), False, eight_bit.decode_jpeg, eight_bit.encode_jpeg),
    "tiff": Format("TIFF", (*_INTEGERS, "float32"), True, tiff.decode, tiff.encode),
    "bmp": Format("BMP", ("uint8",), True, eight_bit.decode_bmp, eight_bit.encode_bmp),
    "webp": Format("WebP", ("uint8",), True, eight_bit.decode_webp, eight_bit.encode_webp),
    "pnm": Format("PGM or PPM", _INTEGERS, False, pnm.decode, pnm.encode),
    "pam": Format("PAM", _INTEGERS, True, pam.decode, pam.encode),
    "pfm": Format("PFM", ("float32",), False, pfm.decode, pfm.encode),
    "jpeg2000": Format("JPEG 2000", _INTEGERS, True, jpeg2000.decode, jpeg2000.encode),
    "jpegxl": Format("JPEG XL", _INTEGERS, True, jpegxl.decode, jpegxl.encode),
    "jpegls": Format("JPEG-LS", _INTEGERS, False, jpegls.decode, jpegls.encode, is_deep=False),
    "avif": Format("AVIF", (), False, avif.decode, None),
    "npy": Format("NumPy", (*_INTEGERS, "float32"), True, npy.decode, npy.encode),
    "dicom": Format("DICOM", (), False, dicom.decode, None),
    "heif": Format("HEIF", (), False, heif.decode, None),
    "video": Format("video", (), False, _no_image, None),
    "camera": Format("camera raw", (), False, partial(camera.decode, as_mosaic=False), None),
    "raw": Format("raw", _INTEGERS, False, partial(raw.decode, words=None), raw.encode, is_own=True),
}
_BEGINNINGS = {
    rb"\x89PNG\r\n\x1a\n": "png",
    rb"\xff\xd8\xff": "jpeg",
    rb"II[*+]\0|MM\0[*+]": "tiff",
    rb"BM": "bmp",
    rb"RIFF....WEBP": "webp",
    rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51": "jpeg2000",
    rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a": "jpegxl",
    rb"....ftypavi[fs]": "avif",
    rb"....ftyp(he|mif|msf)": "heif",
    rb"\x93NUMPY": "npy",
    rb".{128}DICM": "dicom",
    rb"P[1-6][\s#]": "pnm",
    rb"P7\s": "pam",
    rb"P[Ff]\s": "pfm",
}
_LONGEST_BEGINNING = 132  # of DICOM
_LONGEST_HEADER = 2**20  # of a JPEG, profile and EXIF included


def kind_of(file: BinaryIO, suffix: str) -> str:
    """The format that the first bytes of a file announce; of frames without a header only the suffix tells.

    Args:
        file: Read from its start, and put back there.
        suffix: Of its name, such as ".raw".

    Raises:
        ImageError: If the file is empty, or no format that is read begins like this.
    """
    head = file.read(_LONGEST_BEGINNING)
    file.seek(0)
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        raise ImageError("expected an image, got an HDF5 file; name it .h5 and say which dataset: FILE.h5::/path")
    if not head:
        raise ImageError("expected an image, got an empty file of 0 bytes; copy or export it again")
    if (named := SUFFIXES.get(suffix.lower(), "")) in ("raw", "camera", "video"):
        return named
    for beginning, kind in _BEGINNINGS.items():
        if re.match(beginning, head, re.DOTALL):
            return "jpegls" if kind == "jpeg" and _is_jpegls(file) else kind
    found = "a GIF" if head.startswith(b"GIF8") else f"a file that begins with {_first(head)}"
    names = [one.name for one in FORMATS.values() if one.name not in ("raw", "camera raw", "video")]
    raise ImageError(f"expected a {', '.join(names[:-1])} or {names[-1]} image, got {found}; convert it to PNG")


def suffix_of(data: bytes) -> str:
    """The suffix of the format that the first bytes of a file announce.

    Raises:
        ImageError: If no format that is read begins like this.
    """
    kind = kind_of(io.BytesIO(data), "")
    return next(suffix for suffix, name in SUFFIXES.items() if name == kind)


def decoder_of(kind: str, reading: Reading) -> Decode:
    """What reads the pixels and tags of files of a format of `FORMATS`, in the way that a user asks for."""
    if kind == "camera":
        return partial(camera.decode, as_mosaic=reading.demosaic == "planes")
    return partial(raw.decode, words=reading.raw) if kind == "raw" else FORMATS[kind].decode


def _is_jpegls(file: BinaryIO) -> bool:
    head = file.read(_LONGEST_HEADER)
    file.seek(0)
    return jpegls.is_jpegls(head)


def _first(head: bytes) -> str:
    """The first bytes of a file, as text if they are that."""
    text = head[:8].decode("ascii", "replace").strip()
    return f"'{text}'" if text and text.isprintable() and text.isascii() else f"the bytes {head[:8].hex(' ')}"
