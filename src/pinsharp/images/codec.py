"""What the file formats share: their suffixes, what users say of a file, and the tags that travel with the pixels."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.light import SAYS_NOTHING, Light

# Which suffix means which format, when writing; when reading, the first bytes of the file decide.
SUFFIXES = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".webp": "webp",
    ".pgm": "pnm",
    ".ppm": "pnm",
    ".pnm": "pnm",
    ".pam": "pam",
    ".pfm": "pfm",
    ".jp2": "jpeg2000",
    ".j2k": "jpeg2000",
    ".jxl": "jpegxl",
    ".jls": "jpegls",
    ".avif": "avif",
    ".raw": "raw",
    ".npy": "npy",
    ".dcm": "dicom",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".zarr": "zarr",
    **dict.fromkeys((".mp4", ".mkv", ".mov", ".m4v", ".avi", ".webm"), "video"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "heif"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".sr2", ".rw2", ".orf", ".raf"), "camera"),
    **dict.fromkeys((".pef", ".srw", ".3fr", ".iiq", ".erf", ".mrw", ".dcr", ".rwl"), "camera"),
}
ONLY_BY_NAME = (".npy", ".h5", ".hdf5", *(suffix for suffix, kind in SUFFIXES.items() if kind == "video"))
"""Suffixes of files that hold other things too, such as kernels or many frames: they are no images of a folder."""

# Both libraries report to their loggers what they also raise; without a handler Python would print it to stderr.
for _library in ("tifffile", "imagecodecs"):
    logging.getLogger(_library).addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Reading:
    """What a user says of files that do not say it themselves.

    Attributes:
        raw: Size and format of frames without a header, `WxH:FORMAT`.
        white_level: The value that stands for white.
        planes: Which planes of files of several share a blur; None where there is one.
        demosaic: How colours are made of mosaics; `planes` leaves them as they are.
    """

    raw: str | None = None
    white_level: int | None = None
    planes: str | None = None
    demosaic: str = "malvar"

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Reading:
        """What the settings of a run say of its files."""
        raw, white_level, planes = (settings.get(name) for name in ("raw", "white_level", "planes"))
        demosaic = settings.get("demosaic")
        return cls(
            raw=raw if isinstance(raw, str) else None,
            white_level=white_level if isinstance(white_level, int) else None,
            planes=planes if isinstance(planes, str) else None,
            demosaic=demosaic if isinstance(demosaic, str) else cls.demosaic,
        )


AS_IT_SAYS = Reading()
"""Nothing is said."""


@dataclass(frozen=True)
class Stored:
    """How a file stores the values of an image.

    Attributes:
        dtype: Name of the type.
        white: What 1 is there; None where whole numbers are the same.
    """

    dtype: str
    white: int | None

    def leave(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Turn restored pixels into stored ones."""
        if self.white is None:
            most = min(np.iinfo(self.dtype).max, np.iinfo(pixels.dtype).max)
            return np.asarray(np.minimum(pixels, most).astype(self.dtype))
        values = pixels.astype(np.float64) * self.white
        return (values if np.dtype(self.dtype).kind == "f" else np.rint(values)).astype(self.dtype)


@dataclass(frozen=True)
class Tags:
    """What an image file says besides its pixels.

    The named fields travel between formats. `native` is the format's own record, exact and opaque: it is used when the
    output has the format of the input, and then the named fields that it covers are not.

    Attributes:
        dpi: Horizontal and vertical resolution, pixels per inch.
        icc: ICC profile.
        exif: EXIF block, beginning with its TIFF header (orientation included; pixels are never rotated).
        xmp: XMP packet.
        comment: JPEG comment.
        native: Whatever the format needs to write itself as it was.
        dropped: What else the file holds and is not written back, in words.
        light: What all this says of the tone curve of the values.
        white_level: The value that stands for white, where it is not the largest of the pixels' type.
        stored: How the file stores the values, where that is otherwise than the pixels are.
        mosaic: The Bayer pattern of pixels of which each saw one colour, such as "RGGB"; empty of others.
    """

    dpi: tuple[float, float] | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    comment: bytes | None = None
    native: object = None
    dropped: str = ""
    light: Light = SAYS_NOTHING
    white_level: int | None = None
    stored: Stored | None = None
    mosaic: str = ""


def bits_for(dtype: np.dtype[Any], white_level: int | None) -> int:
    """Bits of values that came from another format: those of their white level, or of their type."""
    bits = (white_level or 0).bit_length()
    return bits if 8 < bits < 16 and white_level == 2**bits - 1 else 8 * dtype.itemsize


def plausible_dpi(across: float, down: float) -> tuple[float, float] | None:
    """A resolution, or None where it is 0, negative or finer than an atom: every format can write what is left."""
    finest = 1e7  # 2.5 nanometres a pixel
    return (across, down) if 0 < across <= finest and 0 < down <= finest else None


def strip_exif_prefix(exif: bytes | None) -> bytes | None:
    """An EXIF block without the "Exif" marker that JPEG, and some WebP writers, put before it."""
    return exif.removeprefix(b"Exif\0\0") if exif else None
