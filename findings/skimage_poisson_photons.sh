#!/usr/bin/env bash
# Expected: skimage.util.random_noise(image, "poisson") on an image of [0, 1] takes white to be a fixed number of
#   photons (255), so that one scene gets one noise level, whatever its depth.
# Seen: the number of photons is that of the distinct values in the image, rounded up to a power of two. One smooth
#   scene has 128 at white when held in 8 bits, 2048 in 12 bits and 262144 as floats; a flat field has one.
# Why it matters: test images "with Poisson noise" for comparing ways of restoring get a noise level set by how they
#   were held: blurred in floats, there is next to none. Draw it with numpy: rng.poisson(image * photons) / photons.
# Versions: scikit-image 0.26.0, numpy 2.4.6, scipy 1.17.1. Source: `vals = len(np.unique(image))` in its util/noise.py.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from skimage.util import random_noise

rows, columns = np.mgrid[:512, :512] / 512
scene = 0.5 + 0.15 * np.sin(9 * rows + 0.1) * np.cos(7 * columns + 0.2)
IMAGES = {
    "8 bits": np.round(scene * 255) / 255,
    "12 bits": np.round(scene * 4095) / 4095,
    "floats": scene,
    "flat field": np.full((512, 512), 0.5),
}


def photons_at_white(image):
    """Mean over variance of the noise: for Poisson noise, the photons that white (1) stands for."""
    noisy = random_noise(image, "poisson", rng=1, clip=False)
    return float(image.mean() / (noisy - image).var())


print('scikit-image 0.26.0, random_noise(image, "poisson"): photons at white, for one scene')
print("expected: 255 for each")
seen = {name: photons_at_white(image) for name, image in IMAGES.items()}
for name, photons in seen.items():
    print(f"seen, {name}: {photons:.0f} ({len(np.unique(IMAGES[name]))} distinct values)")


found = {"8 bits": 128, "12 bits": 2048, "floats": 262144, "flat field": 1}
as_found = all(abs(seen[name] / photons - 1) < 0.05 for name, photons in found.items())
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
