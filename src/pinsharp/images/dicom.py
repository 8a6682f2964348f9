"""DICOM, single frames, mono and RGB, 8 to 16 bits, through pydicom; read only.

The values are those that are stored, 0 = black, without rescaling; the bits stored say the white level.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError, MissingExtra
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_colours, unsupported_depth

_NAME = "DICOM"
_NEGATIVE, _POSITIVE, _COLOUR = "MONOCHROME1", "MONOCHROME2", "RGB"


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode the frame of a DICOM file: (H, W) or (H, W, 3), uint8 or uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, signed, or of several frames or other colours.
        MissingExtra: If pydicom is not installed.
    """
    try:
        import pydicom
        from pydicom.errors import InvalidDicomError
    except ImportError as error:
        raise MissingExtra(
            "reading DICOM needs pydicom, which is not installed; run: pip install 'pinsharp[dicom]'"
        ) from error
    try:
        said = pydicom.dcmread(file)
        bits = _check(said)
        pixels = np.asarray(said.pixel_array)
    except (InvalidDicomError, AttributeError, KeyError, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise damaged(_NAME, error) from error
    except RuntimeError as error:  # no plugin for this compression
        raise ImageError(
            f"expected pixels that pydicom can unpack, got {' '.join(str(error).split())}; convert the file, for "
            "example with `gdcmconv --raw INPUT OUTPUT`"
        ) from error
    white = 2**bits - 1
    pixels = pixels.astype(np.uint8 if bits == 8 else np.uint16) & white  # overlays may lie in the bits above
    if said.PhotometricInterpretation == _NEGATIVE:
        pixels = pixels.dtype.type(white) - pixels
    return np.ascontiguousarray(pixels), Tags(white_level=None if bits in (8, 16) else white)


def _check(said: Any) -> int:
    """Refuse, from the header alone, what cannot be restored; returns the bits of a value."""
    check_size(int(said.Columns), int(said.Rows))
    if (frames := int(said.get("NumberOfFrames", 1) or 1)) > 1:
        raise animated(frames, "a DICOM file")
    colours = str(said.PhotometricInterpretation)
    if colours not in (_NEGATIVE, _POSITIVE, _COLOUR):
        raise unsupported_colours(f"{colours} pixels")
    bits, is_signed = int(said.BitsStored), bool(said.PixelRepresentation)
    if is_signed or not 8 <= bits <= 16:
        raise unsupported_depth(bits, "signed integer" if is_signed else "")
    if int(said.HighBit) != bits - 1:
        raise ImageError(f"expected values in the lowest bits, got the highest at bit {said.HighBit}; convert the file")
    return bits
