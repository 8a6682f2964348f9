#!/usr/bin/env bash
# Expected: rawpy's (LibRaw's) linear conversion (gamma 1, no automatic brightness, no white balance, 16 bits, colours of
#   the sensor) maps black to 0 and the white level of the file to 65535, so that a count always gives the same value.
# Seen: it does, unless the brightest pixel lies between three quarters of the way to white and white: then that pixel is
#   white, and all others are up to a third brighter. `no_auto_bright=True` does not stop it, `adjust_maximum_thr=0` does
#   (the default is 0.75).
# Why it matters: frames of one series are scaled apart as soon as one of them has a highlight that just does not
#   saturate. Exposure ratios, gain and read noise, flat fields and differences of frames are off by up to 33 %, and no
#   one warns.
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

BLACK, WHITE, COUNT = 100, 4095, 1000
LINEAR = {
    "gamma": (1, 1),
    "no_auto_bright": True,
    "output_bps": 16,
    "user_wb": [1, 1, 1, 1],
    "output_color": rawpy.ColorSpace.raw,
}


def value(peak, **more):
    """What a grey of 1000 counts becomes in a frame of it with a spot of some counts."""
    byte, short, rational = 1, 3, 10
    tags = [
        (33421, short, 2, (2, 2)),
        (33422, byte, 4, bytes([0, 1, 1, 2])),  # R G / G B
        (50706, byte, 4, bytes([1, 4, 0, 0])),  # DNG 1.4
        (50708, 2, 0, "camera"),
        (50713, short, 2, (2, 2)),
        (50714, short, 4, (BLACK,) * 4),
        (50717, short, 1, WHITE),
        (50721, rational, 9, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),  # camera colours are XYZ
        (50778, short, 1, 21),
    ]
    frame = np.full((64, 96), COUNT, np.uint16)
    frame[40:44, 40:44] = peak
    tifffile.imwrite("card.dng", frame, photometric="cfa", extratags=[(*tag, True) for tag in tags], metadata=None)
    with rawpy.imread("card.dng") as dng:
        return int(dng.postprocess(**LINEAR, **more)[10, 10, 1])


expected = (COUNT - BLACK) / (WHITE - BLACK) * 65535
print(f"rawpy {rawpy.__version__}, LibRaw {'.'.join(map(str, rawpy.libraw_version))}")
print(f"expected: {expected:.0f} for a grey of {COUNT} counts, whatever else is in the frame")
peaks = (1000, 2000, 3200, 3600, 4000, 4095)
seen = {peak: value(peak) for peak in peaks}
told = {peak: value(peak, adjust_maximum_thr=0) for peak in peaks}
for peak in peaks:
    print(f"seen, brightest pixel {peak}: {seen[peak]} ({seen[peak] / expected:.3f}); adjust_maximum_thr=0: {told[peak]}")

scaled = {peak: (WHITE - BLACK) / (peak - BLACK) if 0.75 * (WHITE - BLACK) < peak - BLACK else 1 for peak in peaks}
as_found = all(abs(seen[peak] / expected / scaled[peak] - 1) < 2e-3 for peak in peaks)
is_cured = all(abs(each - expected) < 2 for each in told.values())
sys.exit(0 if as_found and is_cured else "the behaviour has changed")
PYTHON
