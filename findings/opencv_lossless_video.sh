#!/usr/bin/env bash
# Expected: OpenCV's VideoWriter with a codec without loss (FFV1, HuffYUV "HFYU", FFV-HuffYUV "FFVH", Ut Video "ULRG")
#   gives every frame back as it was: grey ones with isColor=False, and colour ones too.
# Seen: FFV1 does. HuffYUV keeps colour, but grey goes through video levels in 4:2:2 and half of the pixels come back
#   one level off. FFVH and ULRG (by its code the RGB kind of Ut Video) are made 4:2:0: grey is off by one too, and
#   colours are shared by 2 x 2 pixels. Nothing is said.
# Why it matters: recordings kept "without loss" for measuring have 220 grey levels instead of 256, with gaps in their
#   histogram, and the colours of FFVH and ULRG look out of focus at every edge. Ask for FFV1.
# Versions: opencv-python-headless 5.0.0.93 with the FFmpeg in its wheel, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

rows, columns = np.mgrid[:64, :96]
grey = ((7 * columns + 13 * rows) % 256).astype(np.uint8)
colour = np.stack([grey, np.roll(grey, 5, 1), np.roll(grey, 9, 0)], axis=-1)


def error(code, image):
    """Largest difference, in levels, between a frame and what comes back; the share of pixels; the levels in use."""
    writer = cv2.VideoWriter("video.avi", cv2.VideoWriter_fourcc(*code), 10, (96, 64), image.ndim == 3)
    writer.write(image)
    writer.release()
    reader = cv2.VideoCapture("video.avi")
    back = reader.read()[1]
    reader.release()
    back = back if image.ndim == 3 else back[..., 0]
    difference = np.abs(back.astype(int) - image)
    return int(difference.max()), round(float((difference > 0).mean()), 2), len(np.unique(back))


print(f"OpenCV {cv2.__version__}, codecs without loss: (largest error, share of wrong values, levels in use)")
print("expected: (0, 0.0, 256) for each")
seen = {code: (error(code, grey), error(code, colour)) for code in ("FFV1", "HFYU", "FFVH", "ULRG")}
for code, (of_grey, of_colour) in seen.items():
    print(f"seen with {code}: grey {of_grey}, colour {of_colour}")

same = (0, 0.0, 256)
good = seen["FFV1"] == (same, same) and seen["HFYU"][1] == same
grey_off = all(seen[code][0][0] == 1 and seen[code][0][1] > 0.4 for code in ("HFYU", "FFVH", "ULRG"))
colour_off = all(seen[code][1][0] > 100 for code in ("FFVH", "ULRG"))
sys.exit(0 if good and grey_off and colour_off else "the behaviour has changed")
PYTHON
