#!/usr/bin/env bash
# Expected: `blur(sigma)` of CImg, the library under G'MIC, here through pycimg, blurs by sigma within 3 % from 1 px on:
#   its recursive filter is an approximation of the Gaussian.
# Seen: the spread is 18 % too wide from 2 px on, and stays so: 2 px become 2.36 and 8 px 9.44. With `is_gaussian=True`
#   it is 12 % at 2 px and 10 % at 8 px. By the contrast at a middle frequency it is 9 %, and 6 to 3 %: the shape
#   differs too, with longer tails.
# Why it matters: a measurement of sigma that is right seems to be 9 to 18 % off on images blurred so, by how it
#   measures, and a deconvolution with the nominal Gaussian leaves a haze. scipy's gaussian_filter is within 1 %.
# Versions: pycimg 2.0.8, numpy 2.4.6, scipy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pycimg==2.0.8 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
from pycimg import CImg
from scipy.ndimage import gaussian_filter

SIDE = 401
offsets = np.arange(SIDE) - SIDE // 2


def by_cimg(dot, sigma, *options):
    image = CImg(dot)
    image.blur(sigma, *options)
    return np.asarray(image.asarray()).squeeze()


BLURS = {
    "blur(sigma)": by_cimg,
    "is_gaussian=True": lambda dot, sigma: by_cimg(dot, sigma, 1, True),
    "scipy": lambda dot, sigma: gaussian_filter(dot, sigma, truncate=6),
}


def spread(blur, sigma):
    """The standard deviation in px of a dot blurred, in multiples of sigma."""
    dot = np.zeros((SIDE, SIDE), np.float32)
    dot[SIDE // 2, SIDE // 2] = 1
    profile = blur(dot, sigma).sum(axis=0, dtype=float)
    return float(np.sqrt((profile * offsets**2).sum() / profile.sum()) / sigma)


def sigma_by_contrast(blur, sigma):
    """The sigma of the Gaussian with the same contrast at the frequency 1 / (2 pi sigma), in multiples of sigma."""
    dot = np.zeros((SIDE, SIDE), np.float32)
    dot[SIDE // 2, SIDE // 2] = 1
    profile = blur(dot, sigma).sum(axis=0, dtype=float)
    contrast = (profile * np.cos(offsets / sigma)).sum() / profile.sum()
    return float(np.sqrt(-2 * np.log(contrast)))


sigmas = (1.0, 2.0, 4.0, 8.0)
print(f"pycimg 2.0.8: the blur in multiples of the sigma asked for, {list(sigmas)} px")
print("expected: 0.97 to 1.03")
spreads, contrasts = {}, {}
for name, blur in BLURS.items():
    spreads[name] = [round(spread(blur, sigma), 3) for sigma in sigmas]
    contrasts[name] = [round(sigma_by_contrast(blur, sigma), 3) for sigma in sigmas]
    print(f"seen, {name}: by spread {spreads[name]}, by contrast {contrasts[name]}")

default, gaussian, scipy = (spreads[name] for name in BLURS)
as_found = (
    all(1.16 < s < 1.20 for s in default)
    and all(1.08 < s < 1.17 for s in gaussian)
    and all(0.99 < s < 1.01 for s in scipy + contrasts["scipy"])
    and all(1.07 < c < 1.11 for c in contrasts["blur(sigma)"])
)
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
