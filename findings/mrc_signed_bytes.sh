#!/usr/bin/env bash
# Expected: an 8-bit image that SimpleITK writes as MRC, the format of electron microscopy, is the same image in any
#   reader of MRC, or is refused.
# Seen: it is stored as mode 0, which the standard calls signed, and nothing says that it is not. mrcfile and ncempy
#   read 128 to 255 as -128 to -1; RosettaSciIO reads 0 to 255, and turns the -1 of a signed file into 255.
# Why it matters: all pixels brighter than mid-grey become darker than black. Mean, contrast and noise are wrong, and a
#   sharp edge across mid-grey seems to ring by 256 grey levels. Write 16 bits, which all of them read alike.
# Versions: SimpleITK 2.5.7, mrcfile 1.5.4, ncempy 1.16, rosettasciio 0.15.0, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  SimpleITK==2.5.7 mrcfile==1.5.4 ncempy==1.16 rosettasciio==0.15.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import mrcfile
import ncempy.io
import numpy as np
import SimpleITK
from rsciio.mrc import file_reader


def by_mrcfile(name):
    with mrcfile.open(name, permissive=True) as file:
        return file.data.copy()


READERS = {
    "SimpleITK": lambda name: SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(name)),
    "mrcfile": by_mrcfile,
    "ncempy": lambda name: ncempy.io.read(name)["data"],
    "RosettaSciIO": lambda name: np.asarray(file_reader(name)[0]["data"]),
}


def extremes(name):
    """The darkest and the brightest pixel of the file, by reader."""
    images = {reader: read(name) for reader, read in READERS.items()}
    return {reader: (int(image.min()), int(image.max())) for reader, image in images.items()}


ramp = np.arange(256).reshape(16, 16)
SimpleITK.WriteImage(SimpleITK.GetImageFromArray(ramp.astype(np.uint8)), "unsigned.mrc")
SimpleITK.WriteImage(SimpleITK.GetImageFromArray((257 * ramp).astype(np.uint16)), "deep.mrc")
with mrcfile.new("signed.mrc") as file:
    file.set_data((ramp - 128).astype(np.int8))

print("MRC: darkest and brightest pixel, by reader")
unsigned, signed, deep = extremes("unsigned.mrc"), extremes("signed.mrc"), extremes("deep.mrc")
print(f"8 bits by SimpleITK; expected (0, 255) everywhere; seen {unsigned}")
print(f"8 bits, signed, by mrcfile; expected (-128, 127) everywhere; seen {signed}")
print(f"16 bits by SimpleITK; expected and seen {deep}")

as_found = (
    unsigned == {"SimpleITK": (0, 255), "mrcfile": (-128, 127), "ncempy": (-128, 127), "RosettaSciIO": (0, 255)}
    and signed == {"SimpleITK": (-128, 127), "mrcfile": (-128, 127), "ncempy": (-128, 127), "RosettaSciIO": (0, 255)}
    and set(deep.values()) == {(0, 65535)}
)
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
