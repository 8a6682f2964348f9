"""Files of every format, small and made by other libraries or by hand, for the tables of docs/formats.md."""

import io
from typing import Any

import numpy as np
import tifffile
from PIL import Image

GREY = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
DEEP = GREY.astype(np.uint16) * 17
RGB = np.stack([GREY, GREY[::-1], GREY // 2], axis=2)


def by_pillow(pixels: Any, name: str, **options: Any) -> bytes:
    """A file written by Pillow."""
    buffer, image = io.BytesIO(), Image.fromarray(pixels)
    (image.quantize() if options.pop("quantize", False) else image).save(buffer, name, **options)
    return buffer.getvalue()


def by_tifffile(pixels: Any, **options: Any) -> bytes:
    """A TIFF written by tifffile."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def netpbm(magic: str, maxval: int, pixels: Any) -> bytes:
    """A PGM or PPM."""
    head = f"{magic}\n{pixels.shape[1]} {pixels.shape[0]}\n{maxval}\n"
    return head.encode() + pixels.astype("u1" if maxval < 256 else ">u2").tobytes()


def pam(depth: int, kind: str, maxval: int, pixels: Any) -> bytes:
    """A PAM."""
    size = f"WIDTH {pixels.shape[1]}\nHEIGHT {pixels.shape[0]}\nDEPTH {depth}\n"
    return f"P7\n{size}MAXVAL {maxval}\nTUPLTYPE {kind}\nENDHDR\n".encode() + pixels.astype(">u2").tobytes()


SAMPLES: dict[str, tuple[str, bytes]] = {
    "PNG, 8 bits, RGB": (".png", by_pillow(RGB, "PNG")),
    "PNG, 16 bits, mono": (".png", by_pillow(DEEP, "PNG")),
    "TIFF, 8 bits, RGB": (".tif", by_tifffile(RGB, photometric="rgb", metadata=None)),
    "TIFF, 16 bits, big-endian": (".tif", by_tifffile(DEEP, byteorder=">", metadata=None)),
    "TIFF, float32 in [0, 1]": (".tif", by_tifffile((GREY / np.float32(255)), metadata=None)),
    "JPEG, mono": (".jpg", by_pillow(np.full((8, 8), 90, np.uint8), "JPEG", quality=95)),
    "BMP": (".bmp", by_pillow(RGB, "BMP")),
    "WebP, lossless": (".webp", by_pillow(RGB, "WEBP", lossless=True)),
    "PGM (P5), 8 bits": (".pgm", netpbm("P5", 255, GREY)),
    "PGM, maxval 1000": (".pgm", netpbm("P5", 1000, GREY)),
    "PPM (P6), 16 bits": (".ppm", netpbm("P6", 65535, RGB)),
    "PGM in plain text (P2)": (".pgm", b"P2\n3 1\n4095\n0 7 4095\n"),
    "PAM (P7), RGB_ALPHA, maxval 4095": (".pam", pam(4, "RGB_ALPHA", 4095, np.dstack([RGB, GREY]))),
    "PFM, low byte first": (".pfm", b"Pf\n6 4\n-1.0\n" + (GREY[::-1] / 255).astype("<f4").tobytes()),
    "PFM, high byte first": (".pfm", b"Pf\n6 4\n1.0\n" + (GREY[::-1] / 255).astype(">f4").tobytes()),
}
"""By its name in the table: suffix and content of a file that is read."""

REFUSED: dict[str, tuple[str, bytes]] = {
    "a palette of colours": (".png", by_pillow(RGB, "PNG", quantize=True)),
    "PBM (P1, P4), one bit": (".pnm", b"P4\n8 1\n\xaa"),
}
"""By its name in the table: suffix and content of a file that is refused."""
