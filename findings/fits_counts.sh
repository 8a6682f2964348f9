#!/usr/bin/env bash
# Expected: readers of FITS give the counts that the file means: stored numbers times BSCALE plus BZERO, as the standard
#   says. Unsigned 16 bits are always written with BZERO = 32768.
# Seen: astropy does. Pillow ignores BZERO and takes signed numbers for unsigned: 1000 counts read as 33768, and 40000
#   as 7232; it is neither the counts nor in order. FFmpeg stretches each frame from its darkest to its brightest pixel,
#   to 0 and 65535, floats too.
# Why it matters: FITS is what astronomical and scientific cameras write. Pillow's images have a jump at mid-grey, so a
#   star that passes 32767 counts has a hole. With FFmpeg black level, exposure and noise are another for each frame:
#   two frames of 1000 to 2000 and of 1000 to 50000 counts look alike.
# Versions: Pillow 13.0.0, av 18.1.0 (FFmpeg 8.1.2), astropy 8.0.2, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pillow==13.0.0 av==18.1.0 astropy==8.0.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import av
import numpy as np
from astropy.io import fits
from PIL import Image


def by_ffmpeg(name):
    with av.open(name) as file:
        return next(file.decode(video=0)).to_ndarray()


READERS = {
    "astropy": fits.getdata,
    "Pillow": lambda name: np.asarray(Image.open(name))[::-1],  # row 0 of a FITS is the lowest
    "FFmpeg": lambda name: by_ffmpeg(name)[::-1],
}
FRAMES = {
    "uint16, dim": np.linspace(1000, 2000, 256).round().astype(np.uint16),
    "uint16, bright": np.linspace(1000, 50000, 256).round().astype(np.uint16),
    "float32, 0.1 to 0.2": np.linspace(0.1, 0.2, 256).astype(np.float32),
}
print("FITS: first and last value of a rising ramp, and whether it rises")
seen = {}
for kind, ramp in FRAMES.items():
    fits.writeto("ramp.fits", ramp.reshape(16, 16), overwrite=True)
    print(f"expected, {kind}: {ramp[0]:g} to {ramp[-1]:g}, rising")
    for reader, read in READERS.items():
        values = read("ramp.fits").ravel().astype(float)
        first, last, rises = round(values[0], 3), round(values[-1], 3), bool((np.diff(values) >= 0).all())
        seen[kind, reader] = (first, last, rises)
        print(f"seen with {reader}: {first:g} to {last:g}, {'rising' if rises else 'not rising'}")

as_found = seen == {
    ("uint16, dim", "astropy"): (1000, 2000, True),
    ("uint16, dim", "Pillow"): (33768, 34768, True),
    ("uint16, dim", "FFmpeg"): (0, 65535, True),
    ("uint16, bright", "astropy"): (1000, 50000, True),
    ("uint16, bright", "Pillow"): (33768, 17232, False),
    ("uint16, bright", "FFmpeg"): (0, 65535, True),
    ("float32, 0.1 to 0.2", "astropy"): (0.1, 0.2, True),
    ("float32, 0.1 to 0.2", "Pillow"): (0.1, 0.2, True),
    ("float32, 0.1 to 0.2", "FFmpeg"): (0, 65535, True),
}
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
