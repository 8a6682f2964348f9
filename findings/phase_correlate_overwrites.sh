#!/usr/bin/env bash
# Expected: cv2.phaseCorrelate only reads its two images, and its response is at most 1, as documented.
# Seen: with a window it multiplies the caller's own arrays by it, if it need not pad them: if no side has a prime
#   factor above 5, as most cameras' have none. Called again, it multiplies again. For two noisy frames out of focus
#   the response, the sum around the peak, is 1.2: the correlation is negative elsewhere.
# Why it matters: frames are registered first and restored after. What is restored then is an image that is dark towards
#   its border: its brightness, noise and blur are no longer the camera's. Pass copies; take no threshold near 1.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.4.6.
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

y, x = np.fft.fftfreq(512)[:, None], np.fft.fftfreq(512)[None, :]
random = np.random.default_rng(0)
scene = np.fft.fft2(random.normal(size=(512, 512)))
scene *= np.exp(-2 * (np.pi * 2) ** 2 * (y**2 + x**2))  # out of focus: a Gaussian of 2 px
contrast = np.fft.ifft2(scene).real.std()


def frame(shift_down, shift_right, side):
    """A noisy frame of the shifted scene, brightness about 0.5."""
    moved = np.fft.ifft2(scene * np.exp(-2j * np.pi * (shift_down * y + shift_right * x))).real
    noise = 0.02 * contrast * random.normal(size=(side, side))
    return np.ascontiguousarray(0.5 + moved[100 : 100 + side, 100 : 100 + side] + noise)


def correlate(side):
    """Shift (right, down), response, and how bright the first frame is afterwards, over before."""
    first, second = frame(0, 0, side), frame(1.3, -2.6, side)
    before = first.mean()
    shift, response = cv2.phaseCorrelate(first, second, cv2.createHanningWindow((side, side), cv2.CV_64F))
    return shift, response, float(first.mean() / before)


print(f"OpenCV {cv2.__version__}: phaseCorrelate of float64 frames with a Hann window")
print("expected: brightness unchanged, response at most 1")
seen = {side: correlate(side) for side in (200, 240, 199, 210)}
for side, ((right, down), response, brightness) in seen.items():
    print(f"seen for {side} x {side}: brightness {brightness:.0%}, response {response:.2f},", end=" ")
    print(f"shift {right:.2f} to the right and {down:.2f} down (true: -2.60 and 1.30)")

overwritten = all(seen[side][2] < 0.5 for side in (200, 240))
padded = all(seen[side][2] == 1 for side in (199, 210))
above_one = all(response > 1.05 for _, response, _ in seen.values())
sys.exit(0 if overwritten and padded and above_one else "the behaviour has changed")
PYTHON
