#!/usr/bin/env bash
# Expected: libvips' gaussblur with sigma 2 blurs like a Gaussian of sigma 2, cut at about 3 sigma: the standard
#   deviation of its kernel is within 3 % of what was asked for, and every sigma above 0 blurs.
# Seen: by default the kernel ends where it falls below 20 % of its peak, at 1.8 sigma. Its standard deviation is 1.6
#   for sigma 2 and 0.74 for sigma 1. Sigma 0.5 leaves the image as it was. With min_ampl=0.001 sigma 2 is 2.
# Why it matters: test images of "known" blur made with libvips (many image servers and pipelines resize with it) are
#   18 to 26 % sharper than their label; a sound measurement of blur then looks wrong by that much.
# Versions: pyvips 3.2.0, pyvips-binary 8.18.7, numpy 2.4.6. Source: libvips' documentation gives 0.2 as the default.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pyvips

point = np.zeros((101, 101), np.float32)
point[50, 50] = 1
offsets = np.arange(101) - 50


def seen_sigma(sigma, **options):
    """Standard deviation in pixels, along a row, of what gaussblur makes of a point."""
    blurred = pyvips.Image.new_from_array(point).gaussblur(sigma, precision="float", **options).numpy()
    profile = blurred.astype(float).sum(0)
    return float(np.sqrt((profile * offsets**2).sum() / profile.sum()))


asked = (0.5, 1, 2, 4)
plain = [seen_sigma(sigma) for sigma in asked]
whole = [seen_sigma(sigma, min_ampl=0.001) for sigma in asked]
version = ".".join(str(pyvips.version(part)) for part in range(3))
print(f"libvips {version}: standard deviation of gaussblur's kernel")
print(f"expected: {list(asked)}")
print(f"seen by default: {[round(s, 2) for s in plain]}")
print(f"seen with min_ampl=0.001: {[round(s, 2) for s in whole]}")

too_narrow = plain[0] == 0 and all(0.7 * a < p < 0.9 * a for a, p in zip(asked[1:], plain[1:], strict=True))
mended = all(abs(w - a) < 0.03 * a for a, w in zip(asked[1:], whole[1:], strict=True))
sys.exit(0 if too_narrow and mended else "the behaviour has changed")
PYTHON
