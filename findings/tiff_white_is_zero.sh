#!/usr/bin/env bash
# Expected: a reader treats a TIFF with "white is zero" alike at 8 and 16 bits: both turned round, so that bright is
#   large, or both as stored.
# Seen: OpenCV and Pillow turn 8 bits round and give 16 bits as stored, a negative, without a word. tifffile and
#   SimpleITK give both as stored; tifffile tells by `page.photometric`.
# Why it matters: film scanners and radiography write such files. A pipeline tried with 8-bit files gets negatives from
#   the 16-bit ones: thresholds, bright-spot detectors and any step that assumes linear light are wrong. Turn them round
#   by the tag, as we do.
# Versions: OpenCV 5.0.0.93, Pillow 13.0.0, tifffile 2026.3.3, SimpleITK 2.5.7, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  opencv-python-headless==5.0.0.93 pillow==13.0.0 tifffile==2026.3.3 SimpleITK==2.5.7 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import SimpleITK
import tifffile
from PIL import Image

READERS = {
    "OpenCV": lambda name: cv2.imread(name, cv2.IMREAD_UNCHANGED),
    "Pillow": lambda name: np.asarray(Image.open(name)),
    "tifffile": tifffile.imread,
    "SimpleITK": lambda name: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(name)),
}


def is_turned(reader, dtype):
    """Whether the reader turns the values of a file with "white is zero" round."""
    stored = (np.arange(256).reshape(16, 16) * (np.iinfo(dtype).max // 255)).astype(dtype)
    tifffile.imwrite("film.tif", stored, photometric="miniswhite")
    seen = reader("film.tif")
    if np.array_equal(seen, np.iinfo(dtype).max - stored):
        return True
    if np.array_equal(seen, stored):
        return False
    sys.exit("the behaviour has changed: neither as stored nor turned round")


print("TIFF, white is zero: turned round at (8 bits, 16 bits)?")
print("expected: the same at both")
seen = {name: (is_turned(reader, np.uint8), is_turned(reader, np.uint16)) for name, reader in READERS.items()}
for name, turned in seen.items():
    print(f"seen with {name}: {turned}")
as_found = list(seen.values()) == [(True, False), (True, False), (False, False), (False, False)]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
