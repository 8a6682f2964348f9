#!/usr/bin/env bash
# Expected: `ssim` of sewar is that of Wang and others, with a Gaussian window of 11 px and sigma 1.5, since its
#   window is 11 px; and a measure of quality is the same for a scene of 8 bits and its exact copy of 16 bits (times
#   257), as sewar's `ssim` and `psnr` are, which take white from the type.
# Seen: the window is a box of 11 px: an image blurred by 2 px has 0.51 instead of 0.40. `vifp` does not look at the
#   type: 0.43 for 8 bits is 0.16 for 16 bits, and 0.10 instead of 0.19 for floats from 0 to 1 blurred by 2 px.
# Why it matters: SSIM of sewar is not comparable with published figures, and flatters blur. By VIF the same restoration
#   loses more than half of its information by being saved with more bits. Pass the Gaussian filter, and scale images
#   to 255 before `vifp`.
# Versions: sewar 0.4.10, scikit-image 0.26.0, scipy 1.17.1, pillow 13.0.0, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  sewar==0.4.10 scikit-image==0.26.0 scipy==1.17.1 pillow==13.0.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
from scipy.ndimage import gaussian_filter
from sewar.full_ref import Filter, ssim, vifp
from skimage.metrics import structural_similarity

scene = gaussian_filter(np.random.default_rng(0).random((256, 256)), 1)
scene = np.round(255 * (scene - scene.min()) / np.ptp(scene)).astype(np.uint8)
WANG = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}

seen = {}
for sigma in (1, 2):
    blurred = np.round(gaussian_filter(scene.astype(float), sigma)).astype(np.uint8)
    deep = [image.astype(np.uint16) * 257 for image in (scene, blurred)]
    gaussian = {"fltr": Filter.GAUSSIAN, "sigma": 1.5, "ws": 11}
    seen[sigma] = {
        "SSIM as published": structural_similarity(scene, blurred, **WANG),
        "SSIM by default": ssim(scene, blurred)[0],
        "SSIM with the Gaussian": ssim(scene, blurred, fltr_specs=gaussian)[0],
        "SSIM by default, 16 bits": ssim(*deep)[0],
        "VIF, 8 bits": vifp(scene, blurred),
        "VIF, 16 bits": vifp(*deep),
        "VIF, floats up to 1": vifp(scene / 255, blurred / 255),
    }
    print(f"sewar 0.4.10, an image blurred by {sigma} px; expected: one SSIM, one VIF; seen:")
    for name, value in seen[sigma].items():
        print(f"  {name}: {value:.3f}")

as_found = True
for values in seen.values():
    as_found &= values["SSIM by default"] > values["SSIM as published"] + 0.04
    as_found &= abs(values["SSIM with the Gaussian"] - values["SSIM as published"]) < 0.002
    as_found &= abs(values["SSIM by default, 16 bits"] - values["SSIM by default"]) < 0.001
    as_found &= values["VIF, 16 bits"] < 0.45 * values["VIF, 8 bits"]
as_found &= seen[2]["VIF, floats up to 1"] < 0.6 * seen[2]["VIF, 8 bits"]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
