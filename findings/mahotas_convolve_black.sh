#!/usr/bin/env bash
# Expected: mahotas.convolve blurs an 8-bit image by a kernel of floats that sums to 1, or refuses the mixture.
# Seen: the kernel is made 8 bits first, so that all its weights become 0: the image is black, with neither a warning
#   nor an error.
# Why it matters: a test image, a re-blurred restoration or a focus measure by Laplacian is 0 or rubbish for 8 and 16
#   bits, and right for floats. Convert the image first.
# Versions: mahotas 1.4.19, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  mahotas==1.4.19 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import mahotas
import numpy as np

scene = np.random.default_rng(0).integers(0, 256, (64, 64))
box = np.full((3, 3), 1 / 9)
print("mahotas 1.4.19: mean of an image after convolution with a 3 x 3 mean")
seen = {}
for dtype in (np.uint8, np.uint16, np.float32, np.float64):
    seen[dtype] = float(mahotas.convolve(scene.astype(dtype), box).mean())
    print(f"{np.dtype(dtype)}: expected {scene.mean():.1f}, seen {seen[dtype]:.1f}")
as_found = seen[np.uint8] == seen[np.uint16] == 0 and abs(seen[np.float64] - scene.mean()) < 1
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
