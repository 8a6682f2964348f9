"""EXIF between its own block (JPEG, PNG, WebP) and the directories of a TIFF.

In JPEG, PNG and WebP the block is an opaque string of bytes and is copied as one. Only a TIFF has it in pieces: the
main tags among its own, the EXIF and GPS directories behind pointers. Maker notes keep their bytes, not their inner
offsets.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any, BinaryIO, Literal

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

ByteOrder = Literal["<", ">"]
# (code, data type, count, value, True), the value as its bytes in the file; rationals as integers.
RawTag = tuple[int, int, int, bytes | tuple[int, ...], bool]
# The same as tifffile takes it, which knows some by name only.
ExtraTag = tuple[int | str, int | str, int | None, Any, bool]

# Main tags that mean the same in both: description, make, model, orientation, software, date, artist, copyright.
_MAIN_TEXTS = (270, 271, 272, 305, 306, 315, 33432)
_ORIENTATION = 274
_POINTERS = {"ExifTag": 34665, "GPSTag": 34853}
_COLOUR_SPACE, _SRGB, _UNCALIBRATED = 40961, 1, 65535
_INTEROPERABILITY = 40965  # a directory within the EXIF directory: says only which standard the names follow

# What pillow raises for a block that it cannot follow.
_UNREADABLE = (OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error)


def read_from_tiff(file: BinaryIO, start: int, byteorder: ByteOrder, *, is_big: bool) -> bytes | None:
    """Gather a TIFF's main tags, EXIF and GPS directories into a block.

    Args:
        file: The TIFF.
        start: Where its first directory begins.
        byteorder: Of the file.
        is_big: Whether it is a BigTIFF.

    Returns:
        EXIF block beginning with its TIFF header, or None if there is nothing to say or it cannot be read.
    """
    block = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # pillow warns of damaged EXIF, which we leave out
            main = _read_directory(file, start, byteorder, is_big=is_big)
            for code in (*_MAIN_TEXTS, _ORIENTATION):
                if code in main:
                    block[code] = main[code]
            for code in _POINTERS.values():
                if code in main:
                    block[code] = _read_directory(file, main[code], byteorder, code, is_big=is_big)
            return block.tobytes().removeprefix(b"Exif\0\0") if len(block) else None
    except _UNREADABLE:
        return None


def main_tags(block: bytes | None) -> list[RawTag]:
    """The main tags of a block, as tags of a little-endian TIFF."""
    found = _load(block)
    texts = [(code, str(found[code]).encode("latin-1", "replace") + b"\0") for code in _MAIN_TEXTS if code in found]
    tags: list[RawTag] = [(code, 2, len(text), text, True) for code, text in texts]
    orientation = found.get(_ORIENTATION)
    if isinstance(orientation, int) and 1 <= orientation <= 8:
        tags.append((_ORIENTATION, 3, 1, struct.pack("<H", orientation), True))
    return tags


def says_srgb(block: bytes) -> bool:
    """Whether a block says that the values are sRGB; not so where it is damaged, or says "uncalibrated"."""
    return bool(_load(block).get_ifd(_POINTERS["ExifTag"]).get(_COLOUR_SPACE) == _SRGB)


def without_srgb(block: bytes | None) -> bytes | None:
    """The same block where it does not say that the values are sRGB: of raw files it speaks of the camera's JPEG."""
    if not block or not says_srgb(block):
        return block
    found = _load(block)
    found.get_ifd(_POINTERS["ExifTag"])[_COLOUR_SPACE] = _UNCALIBRATED
    return found.tobytes().removeprefix(b"Exif\0\0")


def upright(block: bytes | None) -> bytes | None:
    """The same block, its orientation that of pixels that are not to be turned any more."""
    found = _load(block)
    if _ORIENTATION not in found:
        return block
    found[_ORIENTATION] = 1
    return found.tobytes().removeprefix(b"Exif\0\0")


def directories(block: bytes | None, byteorder: ByteOrder, *, is_big: bool) -> dict[str, ImageFileDirectory_v2]:
    """The EXIF and GPS directories of a block that are there and can be written: pointer tag's name, directory."""
    found = _load(block)
    writable = {}
    for name, code in _POINTERS.items():
        directory = _new_directory(byteorder, code, is_big=is_big)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                for key, value in found.get_ifd(code).items():
                    if key != _INTEROPERABILITY:
                        directory[key] = value
                directory.tobytes()  # a value that cannot be written has to come out here
        except _UNREADABLE:
            continue
        if len(directory):
            writable[name] = directory
    return writable


def pointer_tags(found: dict[str, ImageFileDirectory_v2], *, is_big: bool) -> list[ExtraTag]:
    """Pointers to directories, still empty, as tifffile's extra tags: by name, because it refuses their numbers."""
    return [(name, 16 if is_big else 4, 1, 0, True) for name in found]


def append_directories(
    file: BinaryIO, found: dict[str, ImageFileDirectory_v2], byteorder: ByteOrder, *, is_big: bool
) -> None:
    """Write directories behind a TIFF and let their pointers point to them.

    Args:
        file: A whole TIFF whose first page has the `pointer_tags`, open for reading and writing; changed in place.
        found: What `directories` returned.
        byteorder: The TIFF's.
        is_big: Whether it is a BigTIFF.
    """
    places = _pointer_places(file, byteorder, is_big=is_big)
    for name, directory in found.items():
        start = file.seek(0, io.SEEK_END)
        start += file.write(b"\0" * (start % 2))  # directories begin on an even byte
        file.write(directory.tobytes(start))
        file.seek(places[_POINTERS[name]])
        file.write(struct.pack(byteorder + ("Q" if is_big else "I"), start))


def _new_directory(byteorder: ByteOrder, group: int | None = None, *, is_big: bool) -> ImageFileDirectory_v2:
    # pillow tells BigTIFF by a little-endian header only; the prefix then sets the byte order.
    header = b"II\x2b\0\x08\0\0\0" + bytes(8) if is_big else b"II\x2a\0" + bytes(4)
    return ImageFileDirectory_v2(header, prefix=b"II" if byteorder == "<" else b"MM", group=group)


def _read_directory(
    file: BinaryIO, start: int, byteorder: ByteOrder, group: int | None = None, *, is_big: bool
) -> dict[int, Any]:
    directory = _new_directory(byteorder, group, is_big=is_big)
    file.seek(start)
    directory.load(file)
    return {code: value for code, value in directory.items() if code != _INTEROPERABILITY}


def _pointer_places(file: BinaryIO, byteorder: ByteOrder, *, is_big: bool) -> dict[int, int]:
    """Where the value of each pointer tag of a TIFF's first page lies: tag's number, place in the file."""
    pointer, at, count, size = ("Q", 8, "Q", 20) if is_big else ("I", 4, "H", 12)
    start = _number_at(file, at, byteorder + pointer)
    first = start + struct.calcsize(count)
    places = range(first, first + _number_at(file, start, byteorder + count) * size, size)
    codes = {_number_at(file, place, byteorder + "H"): place for place in places}
    value = size - struct.calcsize(pointer)  # an entry ends with its value
    return {code: codes[code] + value for code in _POINTERS.values() if code in codes}


def _number_at(file: BinaryIO, place: int, form: str) -> int:
    file.seek(place)
    (number,) = struct.unpack(form, file.read(struct.calcsize(form)))
    return int(number)


def _load(block: bytes | None) -> Image.Exif:
    """Parse a block whole; what cannot be read counts as not there."""
    found = Image.Exif()
    if not block:
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found.load(block)
            for code in (*_MAIN_TEXTS, _ORIENTATION):
                found.get(code)
            for code in _POINTERS.values():
                found.get_ifd(code)
    except _UNREADABLE:
        return Image.Exif()
    return found
