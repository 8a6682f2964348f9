#!/usr/bin/env bash
# Expected: tifffile.imwrite with bitspersample=12 stores the same values in both byte orders: packed samples are a
#   stream of bits, high bits first, to which the byte order of the header does not apply (TIFF 6.0, FillOrder 1).
# Seen: with byteorder=">" every value is turned round byte by byte before it is packed and its upper four bits are
#   cut off, so that 3484 (0xD9C) becomes 3085 (0xC0D). tifffile itself and OpenCV read these values, and no one
#   warns; what was cut off is lost. With byteorder="<", or 16 bits a sample, all is well.
# Why it matters: keeping the byte order of a camera's file is what careful programs do. The image that they write looks
#   like noise with a trace of the scene, and its checksum is as stable as that of a right one.
# Versions: tifffile 2026.3.3, imagecodecs 2026.3.6, opencv-python-headless 5.0.0.93, pillow 13.0.0, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tifffile==2026.3.3 imagecodecs==2026.3.6 \
    opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import imagecodecs
import numpy as np
import tifffile
from PIL import Image

counts = np.random.default_rng(0).integers(0, 4096, (16, 32)).astype(np.uint16)
turned = counts.byteswap() & 0xFFF


def means(pixels, scale=1):
    """What an array holds: the counts, or those with their bytes turned round and cut off."""
    pixels = np.asarray(pixels) // scale
    return "right" if (pixels == counts).all() else "turned round" if (pixels == turned).all() else "something else"


seen = {}
for order in "<>":
    tifffile.imwrite("card.tif", counts, bitspersample=12, byteorder=order)
    with tifffile.TiffFile("card.tif") as file:
        page = file.pages[0]
        file.filehandle.seek(page.dataoffsets[0])
        stored = file.filehandle.read(page.databytecounts[0])
    seen[order, "as stored"] = means(imagecodecs.packints_decode(stored, np.uint16, 12, runlen=32).reshape(16, 32))
    seen[order, "tifffile"] = means(tifffile.imread("card.tif"))
    seen[order, "OpenCV"] = means(cv2.imread("card.tif", cv2.IMREAD_UNCHANGED), 16)  # it stretches 12 bits to 16
    seen[order, "Pillow"] = means(Image.open("card.tif")) if order == "<" else "-"  # it reads no big-endian ones

print("expected: the right values, by every reader")
for (order, reader), found in seen.items():
    print(f'seen: byteorder="{order}", {reader}: {found}')

as_found = list(seen.values()) == ["right"] * 4 + ["turned round"] * 3 + ["-"]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
