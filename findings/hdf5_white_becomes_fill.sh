#!/usr/bin/env bash
# Expected: HDF5's scale-offset filter with 12 bits a pixel is lossless for 12-bit counts, 0 to 4095. With or without a
#   fill value: that only says what was never written.
# Seen: lossless without a fill value. With one, the highest code that 12 bits can hold is kept for it: pixels at 4095
#   come back as the fill value. With filled bits left to the library (scaleoffset=True) all is well.
# Why it matters: just the saturated pixels change, and may turn black. A deconvolution that leaves saturated pixels
#   out, or a detector of dark points, is misled exactly where the image is brightest.
# Versions: h5py 3.16.0 (HDF5 as it ships), numpy 2.4.6. Source: H5Zscaleoffset.c of HDF5, where all ones stand for
#   the fill value if the dataset defines one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import h5py
import numpy as np

counts = np.arange(4096, dtype=np.uint16).reshape(64, 64)  # each 12-bit value once


def changed(**options):
    """Write and read the image; give the pixels that changed, as {written: read}."""
    with h5py.File("image.h5", "w") as file:
        file.create_dataset("image", data=counts, **options)
    with h5py.File("image.h5") as file:
        read = file["image"][...]
    wrong = read != counts
    return dict(zip(counts[wrong].tolist(), read[wrong].tolist(), strict=True))


cases = {
    "12 bits, no fill value": changed(scaleoffset=12),
    "12 bits, fill value 7": changed(scaleoffset=12, fillvalue=7),
    "12 bits, fill value 65535": changed(scaleoffset=12, fillvalue=65535),
    "bits left to HDF5, fill value 7": changed(scaleoffset=True, fillvalue=7),
}
print(f"h5py {h5py.__version__}, HDF5 {h5py.version.hdf5_version}: 12-bit counts, each once")
print("expected: no pixel changes")
for case, pixels in cases.items():
    print(f"seen: {case}: " + (", ".join(f"{w} reads as {r}" for w, r in pixels.items()) or "no pixel changes"))

as_found = list(cases.values()) == [{}, {4095: 7}, {4095: 65535}, {}]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
