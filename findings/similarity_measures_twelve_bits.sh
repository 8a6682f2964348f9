#!/usr/bin/env bash
# Expected: `psnr`, `rmse` and `ssim` of image-similarity-measures take an 8-bit image for one of 255, by its type, as
#   its peers do, and `rmse` is in grey levels.
# Seen: all three are for white at 4095, the largest count of a 12-bit satellite image, unless told. In 8 bits PSNR is
#   24 dB too high, `rmse` is a share of 4095, and SSIM hardly falls: an image blurred by 4 px has 0.93 instead of 0.13.
# Why it matters: restored 8-bit images look 24 dB better than any published figure, and a blurred result seems to keep
#   more than 90 % of the structure. Pass `max_p=255`.
# Versions: image-similarity-measures 0.3.6, opencv-python 4.11.0.86, phasepack 1.5, scikit-image 0.20.0, numpy 1.26.4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  image-similarity-measures==0.3.6 opencv-python==4.11.0.86 phasepack==1.5 scikit-image==0.20.0 numpy==1.26.4 \
  scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import cv2
import numpy as np
from image_similarity_measures.quality_metrics import psnr, rmse, ssim
from skimage.metrics import structural_similarity

scene = cv2.GaussianBlur(np.random.default_rng(0).random((128, 128)), (0, 0), 1)
scene = np.round(255 * (scene - scene.min()) / np.ptp(scene)).astype(np.uint8)
blurred = cv2.GaussianBlur(scene, (0, 0), 4)

power = np.mean((scene.astype(float) - blurred) ** 2)
right = [10 * np.log10(255**2 / power), power**0.5, structural_similarity(scene, blurred, data_range=255)]
pair = (scene[..., None], blurred[..., None])
default = [float(measure(*pair)) for measure in (psnr, rmse, ssim)]
told = [float(measure(*pair, max_p=255)) for measure in (psnr, rmse, ssim)]
print("image-similarity-measures 0.3.6: PSNR in dB, RMSE in grey levels, SSIM of 8 bits and the same blurred by 4 px")
for name, values in {"expected": right, "seen": default, "seen with max_p=255": told}.items():
    print(f"{name}: {values[0]:.2f}, {values[1]:.4f}, {values[2]:.3f}")

offset = 20 * np.log10(4095 / 255)
as_found = (
    abs(default[0] - right[0] - offset) < 0.01
    and abs(default[1] * 4095 - right[1]) < 0.01
    and right[2] < 0.2
    and default[2] > 0.9
    and abs(told[0] - right[0]) < 0.01
    and abs(told[2] - right[2]) < 0.001
)
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
