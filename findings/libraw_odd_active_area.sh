#!/usr/bin/env bash
# Expected: rawpy (LibRaw) shows a DNG's active area as it is, and gives each colour the black level that the file says
#   for it: the DNG specification counts black levels, like the colour filters, from the area's upper left corner.
# Seen: if the area starts at an odd row, LibRaw drops that row too and starts at the next even one. It moves the
#   colours along, but not the black levels: those of red and of the second green change places, and those of blue and
#   of the first green. An area that starts at an even row is read right.
# Why it matters: each colour gets a constant offset of its own. Blur is not seen to change, but dark parts take on a
#   colour, noise models (variance against brightness) do not pass through zero, and saturation is met at other counts.
# Versions: rawpy 0.28.0 (with the LibRaw that it ships), tifffile 2026.3.3, numpy 2.4.6.
# Source: DNG specification 1.6, tags ActiveArea, BlackLevel and CFAPattern.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rawpy==0.28.0 tifffile==2026.3.3 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import rawpy
import tifffile

LEVELS = {"R": 500, "G": 510, "g": 520, "B": 530}  # g: the green of the rows of blue


def read(top):
    """Write a DNG whose area starts at row `top` with the filters R G / g B; give black levels and size as read."""
    byte, short, rational = 1, 3, 10
    tags = [
        (33421, short, 2, (2, 2)),  # the filters repeat every 2 x 2 pixels
        (33422, byte, 4, bytes([0, 1, 1, 2])),
        (50706, byte, 4, bytes([1, 4, 0, 0])),  # DNG 1.4
        (50708, 2, 0, "camera"),
        (50713, short, 2, (2, 2)),  # and so do the black levels
        (50714, short, 4, tuple(LEVELS.values())),
        (50717, short, 1, 4095),
        (50721, rational, 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),  # camera colours are XYZ
        (50778, short, 1, 21),  # daylight
        (50829, short, 4, (top, 0, 64, 96)),
    ]
    raw = np.full((64, 96), 1000, np.uint16)
    tifffile.imwrite("card.dng", raw, photometric="cfa", extratags=[(*tag, True) for tag in tags], metadata=None)
    with rawpy.imread("card.dng") as dng:
        levels = dict(zip("RGBg", dng.black_level_per_channel, strict=True))
        upper_left = "".join("RGBg"[i] for i in dng.raw_colors_visible[:2, :2].ravel())
        return {colour: levels[colour] for colour in LEVELS}, dng.raw_image_visible.shape[0], upper_left


print(f"rawpy {rawpy.__version__}, LibRaw {'.'.join(map(str, rawpy.libraw_version))}")
print(f"expected for every start: black levels {LEVELS}")
seen = {top: read(top) for top in (0, 1, 2)}
for top, (levels, rows, filters) in seen.items():
    print(f"seen for an area from row {top}: {rows} of {64 - top} rows, filters {filters}, black levels {levels}")

even_is_right = seen[0] == (LEVELS, 64, "RGgB") and seen[2] == (LEVELS, 62, "RGgB")
swapped = {"R": 520, "G": 530, "g": 500, "B": 510}
sys.exit(0 if even_is_right and seen[1] == (swapped, 62, "gBRG") else "the behaviour has changed")
PYTHON
