#!/usr/bin/env bash
# Expected: codecs that pack floating-point images into 8 bits by a scale (numcodecs' FixedScaleOffset for Zarr, and
#   scale_factor of xarray for NetCDF and Zarr) clip what does not fit, or raise.
# Seen: both wrap round without a word. With scale 255, white of 1.003 reads back as 0 and black of -0.01 as 0.992.
# Why it matters: a deconvolved image overshoots beside every edge, so white specks appear in its blacks and black ones
#   in its whites, each an error of the full range. Clip before packing, or leave room above and below.
# Versions: numcodecs 0.16.6, xarray 2026.9.0, h5netcdf 1.8.2, h5py 3.16.0, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  numcodecs==0.16.6 xarray==2026.9.0 h5netcdf==1.8.2 h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numpy as np
import xarray
from numcodecs import FixedScaleOffset

image = np.array([-0.01, 0, 0.2, 1, 1.003, 1.5], np.float32)  # an edge after deconvolution, white is 1
clipped = np.round(image.clip(0, 1) * 255) / 255

codec = FixedScaleOffset(offset=0, scale=255, dtype="f4", astype="u1")
packed = {"numcodecs": codec.decode(codec.encode(image))}
options = {"edge": {"dtype": "uint8", "scale_factor": 1 / 255}}
xarray.DataArray(image, dims="x", name="edge").to_netcdf("edge.nc", encoding=options, engine="h5netcdf")
packed["xarray"] = xarray.open_dataarray("edge.nc", engine="h5netcdf").values

print(f"expected: {clipped.round(3).tolist()}, or an error")
for name, values in packed.items():
    print(f"seen, {name}: {np.round(values, 3).tolist()}")
wrapped = (np.round(image * 255).astype(int) % 256) / 255
as_found = all(np.abs(values - wrapped).max() < 1e-6 for values in packed.values())
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
