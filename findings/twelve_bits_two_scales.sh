#!/usr/bin/env bash
# Expected: a reader has one rule for 12-bit files: it gives the camera's counts, 0 to 4095, or it stretches them to 16
#   bits, whatever the container.
# Seen: Pillow gives the counts of a packed 12-bit TIFF, 16 times the counts of a 12-bit JPEG 2000, and with its plugin
#   65535 / 4095 times those of a 12-bit JPEG XL. OpenCV stretches the TIFF and leaves the JPEG 2000. tifffile and
#   imagecodecs always give the counts. All arrays are uint16: nothing in them says which it is.
# Why it matters: white level, read noise and gain are 16 times off in some of them. With a noise level that is too low
#   deconvolution amplifies noise; with a white level that is too high it does not see saturated pixels, whose halo
#   then rings.
# Versions: pillow 13.0.0, pillow-jxl-plugin 1.3.8, opencv-python-headless 5.0.0.93, tifffile 2026.3.3,
#   imagecodecs 2026.3.6, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 pillow-jxl-plugin==1.3.8 \
    opencv-python-headless==5.0.0.93 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import struct
import sys
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pillow_jxl  # noqa: F401, makes Pillow read JPEG XL
import tifffile
from PIL import Image

counts = np.random.default_rng(0).integers(0, 4096, (16, 32)).astype(np.uint16)


def packed_tiff():
    """Bytes of an uncompressed TIFF with 12 bits a sample, two pixels in three bytes, high bits first."""
    data = imagecodecs.packints_encode(counts, 12)
    long, short = 4, 3
    tags = [(256, long, 32), (257, long, 16), (258, short, 12), (259, short, 1), (262, short, 1)]  # size, depth, grey
    tags += [(273, long, 8), (277, short, 1), (278, long, 16), (279, long, len(data))]  # one strip behind the header
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data + struct.pack("<H", len(tags)) + directory + bytes(4)


Path("card.tif").write_bytes(packed_tiff())
Path("card.jp2").write_bytes(imagecodecs.jpeg2k_encode(counts, bitspersample=12, codecformat="jp2"))
Path("card.jxl").write_bytes(imagecodecs.jpegxl_encode(counts, bitspersample=12, lossless=True))


def factor(pixels):
    """By what all counts were multiplied, give or take the last bit; None if by no single number."""
    ratio = round(float(pixels.sum(dtype=float) / counts.sum(dtype=float)), 3)
    exact = pixels.dtype == np.uint16 and np.abs(pixels - ratio * counts.astype(float)).max() < 1 + 4095 * 0.0005
    return ratio if exact else None


def by_pillow(name):
    return factor(np.asarray(Image.open(name)))


seen = {
    ("tifffile", "TIFF"): factor(tifffile.imread("card.tif")),
    ("imagecodecs", "JPEG 2000"): factor(imagecodecs.jpeg2k_decode(Path("card.jp2").read_bytes())),
    ("imagecodecs", "JPEG XL"): factor(imagecodecs.jpegxl_decode(Path("card.jxl").read_bytes())),
    ("Pillow", "TIFF"): by_pillow("card.tif"),
    ("Pillow", "JPEG 2000"): by_pillow("card.jp2"),
    ("Pillow", "JPEG XL"): by_pillow("card.jxl"),
    ("OpenCV", "TIFF"): factor(cv2.imread("card.tif", cv2.IMREAD_UNCHANGED)),
    ("OpenCV", "JPEG 2000"): factor(cv2.imread("card.jp2", cv2.IMREAD_UNCHANGED)),
}
print("expected: one factor a reader, 1 or 16")
for (reader, container), times in seen.items():
    print(f"seen: {reader} reads a 12-bit {container} as {times} x the counts")

as_found = list(seen.values()) == [1, 1, 1, 1, 16, round(65535 / 4095, 3), 16, 1]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
