#!/usr/bin/env bash
# Expected: rawpy (LibRaw) gives the raw values of a floating-point DNG as floats, or refuses the file.
# Seen: it gives whole numbers of 14 bits, and the factor depends on the picture. If the largest of the brightest pixel,
#   the white level and 1 is L, values are multiplied by 16383 / L and cut to whole numbers, unless L is in 4096 to
#   32767: then they are only cut.
# Why it matters: one hot pixel, or a light in one frame of a series, scales down all other pixels of that frame. Frames
#   of one series can then not be averaged or compared, gain and read noise differ by file, and what was below 1/16383
#   of the brightest pixel is zero: high-dynamic-range stacks lose their shadows.
# Versions: rawpy 0.28.0 (with the LibRaw that it ships), tifffile 2026.3.3, numpy 2.4.6.
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

grey = np.random.default_rng(0).uniform(0.1, 0.9, (64, 96)).astype(np.float32)


def read(image, white):
    """Write a DNG of 32-bit floats; give the type and the factor of its pixels as read, without the first one."""
    byte, short, rational = 1, 3, 10
    tags = [
        (33421, short, 2, (2, 2)),
        (33422, byte, 4, bytes([0, 1, 1, 2])),  # R G / G B
        (50706, byte, 4, bytes([1, 4, 0, 0])),  # DNG 1.4
        (50708, 2, 0, "camera"),
        (50717, short, 1, white),
        (50721, rational, 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),  # camera colours are XYZ
        (50778, short, 1, 21),
    ]
    tifffile.imwrite("card.dng", image, photometric="cfa", extratags=[(*tag, True) for tag in tags], metadata=None)
    with rawpy.imread("card.dng") as dng:
        raw = dng.raw_image.copy()
    return raw.dtype.name, float((raw[1:].sum()) / image[1:].sum(dtype=np.float64))


def with_bright_pixel(value):
    image = grey.copy()
    image[0, 0] = value
    return image


print(f"rawpy {rawpy.__version__}, LibRaw {'.'.join(map(str, rawpy.libraw_version))}")
print("expected: float32 as written, or an error")
seen = {f"brightest pixel {peak}": read(with_bright_pixel(peak), 1) for peak in (1.0, 2.0, 16.0)}
seen["0 to 4095, white level 4095"] = read(4095 * grey, 4095)
seen["the same, one pixel at 8000"] = read(with_bright_pixel(8000 / 4095) * 4095, 4095)
for case, (kind, factor) in seen.items():
    print(f"seen: {case}: {kind}, all other pixels x {factor:.2f}")

factors = [factor for _, factor in seen.values()]
as_found = np.allclose(factors, [16383, 16383 / 2, 16383 / 16, 16383 / 4095, 1], rtol=2e-3)
sys.exit(0 if as_found and {kind for kind, _ in seen.values()} == {"uint16"} else "the behaviour has changed")
PYTHON
