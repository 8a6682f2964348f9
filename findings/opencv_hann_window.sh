#!/usr/bin/env bash
# Expected: cv2.createHanningWindow gives the Hann window of two dimensions: the product of (1 - cos) / 2 along rows and
#   columns, as numpy and scipy have it.
# Seen: the square root of that, so a window of half sines. Its sidelobes fall with 12 instead of 18 dB per octave.
# Why it matters: a blur shows in how the spectrum falls. Of a slow wave, 2e-7 of the power leaks beyond a third of the
#   sampling rate instead of 1e-12, which hides the fall of wide blurs: they are measured too narrow. Dividing by the
#   window's power (3/8 per axis; of this one 1/2) is wrong too. Square it, or use numpy's.
# Versions: OpenCV 5.0.0.93, numpy 2.4.6. Source: createHanningWindow in phasecorr.cpp ends with a square root.
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

SIDE = 256
theirs = cv2.createHanningWindow((SIDE, SIDE), cv2.CV_64F)
hann = np.outer(np.hanning(SIDE), np.hanning(SIDE))


def leak(window):
    """Share of a slow wave's power (2.5 periods along the image) that appears above a third of the sampling rate."""
    wave = np.cos(2 * np.pi * 2.5 * np.arange(SIDE) / SIDE)
    spectrum = np.abs(np.fft.rfft2(wave * window)) ** 2
    return float(spectrum[:, SIDE // 3 :].sum() / spectrum.sum())


print(f"OpenCV {cv2.__version__}: createHanningWindow")
print("expected: largest difference to numpy's 0; mean square 0.14 (9/64)")
print(f"seen: largest difference to numpy's {np.abs(theirs - hann).max():.2f}, to its root "
      f"{np.abs(theirs - np.sqrt(hann)).max():.0e}; mean square {(theirs**2).mean():.2f}")
print(f"seen: power of a slow wave beyond a third of the sampling rate {leak(theirs):.0e}, numpy's {leak(hann):.0e}")
is_root = np.allclose(theirs, np.sqrt(hann), atol=1e-6) and np.allclose(theirs**2, hann, atol=1e-6)
sys.exit(0 if is_root and leak(theirs) > 1000 * leak(hann) else "the behaviour has changed")
PYTHON
