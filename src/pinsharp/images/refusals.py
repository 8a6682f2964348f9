"""Why file formats refuse an image, in the same words: too large, damaged, or of pixels that cannot be restored."""

import struct
import sys

from pinsharp.errors import ImageError
from pinsharp.words import said_by

BROKEN = (
    ValueError,
    RuntimeError,
    OSError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
)
"""What decoders raise, besides errors of their own, for files that are not what they promise."""

# Images that claim more pixels than this are refused before anything is decoded.
MAX_PIXELS = 1_000_000_000
_MOST = {"whole": MAX_PIXELS, "windowed": sys.maxsize}  # what holds in this process


def check_size(width: int, height: int, *, is_windowed: bool = False) -> None:
    """Refuse, from the header alone, an image too large to decode (or without any pixel).

    Args:
        width: In pixels.
        height: In pixels.
        is_windowed: Whether the image is read by windows, for which none is too large.

    Raises:
        ImageError: If there is no pixel, or more than `MAX_PIXELS`, or than `limit_pixels` has said.
    """
    if width < 1 or height < 1:
        raise ImageError(f"expected at least one pixel, got {width} x {height}; copy or export the file again")
    most = _MOST["windowed" if is_windowed else "whole"]
    if width * height > most:
        raise ImageError(
            f"expected at most {most:,} pixels, got {width} x {height} in the header; "
            "cut the image into parts, or check that the file is what it says"
        )


def limit_pixels(most: int) -> None:
    """Refuse from now on, in this process, images of more pixels, those too that are read by windows."""
    _MOST.update(whole=min(most, MAX_PIXELS), windowed=most)


def damaged(name: str, error: Exception | str) -> ImageError:
    """The error for a file that begins like a format and does not hold what the format promises."""
    return ImageError(
        f"expected a whole {name} file, got a truncated or damaged one ({said_by(error)}); copy or export it again"
    )


_EXPECTED = "expected mono or RGB, 8 or 16 bits (TIFF also float32)"


def unsupported_colours(found: str, *, is_palette: bool = False) -> ImageError:
    """The error for a colour model that cannot be restored as it is; what it advises keeps the depth."""
    options = "-type TrueColor" if is_palette else "-colorspace sRGB -compress zip"  # JPEG would be YCbCr again
    advice = f"convert it first, for example with `magick INPUT {options} OUTPUT.tif`"
    return ImageError(f"{_EXPECTED}, got {found}; {advice}")


def unsupported_depth(bits: int, kind: str = "") -> ImageError:
    """The error for a depth that cannot be restored as it is; what it advises keeps every level, and mono mono.

    Args:
        bits: Of a sample.
        kind: "unsigned integer", "signed integer" or "float"; empty where the format has one kind only.
    """
    if kind not in ("", "unsigned integer"):
        advice = "convert it to uint16, or to float32 in [0, 1], and keep its channels"
    elif bits == 1:
        advice = "export it with its grey levels: black and white alone have no blur to measure"
    elif bits < 8:
        advice = "convert it first, for example with `magick INPUT -define png:bit-depth=8 OUTPUT.png`"
    else:
        advice = "convert it to uint16 if its values lie in 0..65535, else to float32 in [0, 1], and keep its channels"
    return ImageError(f"{_EXPECTED}, got {bits}-bit {kind + ' ' if kind else ''}pixels; {advice}")


def animated(frames: int, what: str, advice: str = "") -> ImageError:
    """The error for a file that holds more than one image; `advice` may end the sentence."""
    return ImageError(
        f"expected a single still image, got {what} of {frames}; export the one to restore as a file{advice}"
    )
