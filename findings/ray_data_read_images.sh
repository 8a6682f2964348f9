#!/usr/bin/env bash
# Expected: `ray.data.read_images` gives the pixels of a file, as Pillow, OpenCV or tifffile do; or it refuses one.
# Seen: PNG and little-endian TIFF of 16 bits mono are right. A big-endian TIFF of 16 bits, which every reader takes
#   (ImageJ writes them), comes with its bytes swapped: 1000 becomes 59395. A PNG of 16 bits in colour comes as 8 bits.
#   Neither is said.
# Why it matters: nothing fails, and the images are noise, or have lost half of their bits, before anything begins.
# Versions: ray 2.60.0, pillow 13.0.0, pyarrow 26.0.1, tifffile 2026.3.3, opencv-python-headless 5.0.0.93. Source:
#   ray/data/_internal/datasource/image_datasource.py opens with Pillow and converts with numpy, whatever the mode.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "ray[data]==2.60.0" pillow==13.0.0 pyarrow==26.0.1 \
    tifffile==2026.3.3 opencv-python-headless==5.0.0.93
cd "$folder"
RAY_USAGE_STATS_ENABLED=0 "$folder/venv/bin/python" - 2> stderr <<'PYTHON' || { tail -5 stderr; exit 1; }
import logging
import sys

import cv2
import numpy as np
import ray
import tifffile

ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.CRITICAL)
ray.data.DataContext.get_current().enable_progress_bars = False

grey = np.full((8, 8), 1000, np.uint16)
colour = np.full((8, 8, 3), 1000, np.uint16)
cv2.imwrite("grey.png", grey)
cv2.imwrite("colour.png", colour)
tifffile.imwrite("little.tif", grey, byteorder="<")
tifffile.imwrite("big.tif", grey, byteorder=">")

seen = {}
for name in ("grey.png", "little.tif", "big.tif", "colour.png"):
    pixels = ray.data.read_images(name).take_all()[0]["image"]
    other = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    assert (other.dtype, other.max()) == ("uint16", 1000)
    seen[name] = (str(pixels.dtype), int(pixels.flat[0]))
print(f"ray {ray.__version__}: read_images of files of 16 bits that are 1000 everywhere, as OpenCV reads them")
print("expected: uint16, 1000, of all of them, or an error")
for name, (kind, value) in seen.items():
    print(f"seen: {name}: {kind}, {value}")
ray.shutdown()
as_found = seen["grey.png"][1] == seen["little.tif"][1] == 1000 and seen["big.tif"][1] == 59395
sys.exit(0 if as_found and seen["colour.png"][0] == "uint8" else "the behaviour has changed")
PYTHON
