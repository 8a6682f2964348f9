#!/usr/bin/env bash
# Expected: RedLionfish's Richardson-Lucy leaves things where they are if the kernel's centre is its middle voxel.
#   Kernels of odd size have one; even ones may cost half a voxel.
# Seen: the reverse, on the CPU. In a volume of even sides an odd kernel moves everything by a whole voxel along each
#   axis, and an even one, with its centre at half its size, by none. In a volume of odd sides the same odd kernel
#   moves things along the last axis only (it is made even there by a plane of zeros, which is left in the result).
# Why it matters: restored and original volumes no longer fit on each other, differences and colocalisation are wrong,
#   and cutting a stack by one plane changes the shift. Check with one bright dot before measuring positions.
# Versions: RedLionfish 0.10, scipy 1.17.1, numpy 2.4.6. Source: its doRLDeconvolution_DL2_4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps RedLionfish==0.10
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import RedLionfishDeconv
from scipy.ndimage import convolve, gaussian_filter


def dot(side, sigma):
    """A Gaussian dot around the voxel at half the side, with a sum of 1."""
    volume = np.zeros((side, side, side))
    volume[side // 2, side // 2, side // 2] = 1
    volume = gaussian_filter(volume, sigma)
    return volume / volume.sum()


def shift(side, kernel_side):
    """By how many voxels a blurred dot moves when it is restored, along each axis; and the restored shape."""
    kernel = dot(kernel_side, 1)
    blurred = convolve(dot(side, 2), kernel)  # centre of the kernel at half its side
    restored = RedLionfishDeconv.doRLDeconvolutionFromNpArrays(blurred, kernel, niter=5, method="cpu")
    centre = [(restored * index).sum() / restored.sum() - side // 2 for index in np.indices(restored.shape)]
    return [round(float(c), 1) + 0.0 for c in centre], restored.shape


print("RedLionfish 0.10: by how many voxels a dot moves")
print("expected: 0 along each axis for odd kernels")
cases = {"even volume, odd kernel": (32, 7), "even volume, even kernel": (32, 8), "odd volume, odd kernel": (33, 7)}
seen = {case: shift(*sides) for case, sides in cases.items()}
for case, (moved, shape) in seen.items():
    print(f"seen: {case}: {moved}, shape {shape}")

as_found = [moved for moved, _ in seen.values()] == [[1, 1, 1], [0, 0, 0], [0, 0, 1]]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
