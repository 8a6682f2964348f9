#!/usr/bin/env bash
# Expected: tifffile.imwrite(photometric="rgb", compression="jpeg") writes an RGB TIFF (tag 2), whose colours at level 100
#   are as fine as its brightness; photometric="ycbcr" writes the same picture in another colour space.
# Seen: "rgb" writes YCbCr (tag 6) with red and blue averaged over 2 x 2 pixels: stripes of red and blue one pixel wide
#   lose four fifths of their contrast, at level 100 too. "ycbcr" takes red, green and blue for Y, Cb and Cr, so that the picture
#   comes back in other colours.
# Why it matters: scanners and stage software write colour tiles so. Red and blue of such files are blurred by a pixel more
#   than green, which measured channel by channel looks like a lens with longitudinal colour.
# Versions: tifffile 2026.3.3, imagecodecs 2026.3.6, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
import tifffile


def written(image, photometric):
    tifffile.imwrite("image.tif", image, photometric=photometric, compression="jpeg", compressionargs={"level": 100})
    with tifffile.TiffFile("image.tif") as file:
        page = file.pages[0]
        return int(page.photometric), page.asarray().astype(int)


grey = np.full((64, 64), 128, np.uint8)
stripes = np.where(np.arange(64) % 2, 190, 66).astype(np.uint8) * np.ones((64, 1), np.uint8)
striped = np.stack([stripes, grey, 255 - stripes], axis=-1)  # red against blue, one pixel wide
plain = np.full((64, 64, 3), (200, 70, 50), np.uint8)

tag, back = written(striped, "rgb")
contrast = (back[8:56, 9:56:2, 0].mean() - back[8:56, 8:56:2, 0].mean()) / 124
_, other = written(plain, "ycbcr")
colour = other[32, 32].tolist()
print("tifffile 2026.3.3, imagecodecs 2026.3.6: JPEG of level 100 in TIFF")
print("expected: tag 2, contrast of red stripes above 0.8; of ycbcr the colour (200, 70, 50)")
print(f"seen: tag {tag}, contrast of red stripes {contrast:.2f}; of ycbcr the colour {tuple(colour)}")
sys.exit(0 if tag == 6 and contrast < 0.3 and abs(colour[0] - 200) > 50 else "the behaviour has changed")
PYTHON
