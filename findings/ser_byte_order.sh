#!/usr/bin/env bash
# Expected: the field LittleEndian of a SER file, in which planetary cameras record, means what it is called: 1 for
#   little-endian pixels, 0 for big-endian ones, as its specification (version 3, Wilkens and Hahn, 2014) says.
# Seen: FFmpeg takes it the other way round, as the first programs for SER did, and exchanges the two bytes of every
#   pixel of a file that follows the specification. serfilesreader never looks at it, and is right for little-endian
#   alone.
# Why it matters: 12 bits with their bytes exchanged are noise from 0 to 65295. Frames are stacked and then deconvolved,
#   so the mean of a thousand such frames looks like a soft image with strange steps, not like an error. Look whether
#   neighbouring pixels are alike in one byte order or the other.
# Versions: av 18.1.0 (FFmpeg 8.1.2), serfilesreader 0.0.8, astropy 8.0.2, opencv-python-headless 5.0.0.93, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  av==18.1.0 serfilesreader==0.0.8 astropy==8.0.2 opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import contextlib
import io
import struct
import sys
from pathlib import Path

import av
import numpy as np
from serfilesreader import Serfile

counts = np.arange(4096).reshape(64, 64)


def write(byte_order, flag):
    """A SER file of one grey frame of 12 bits with the field LittleEndian as given."""
    numbers = struct.pack("<7i", 0, 0, flag, 64, 64, 12, 1)  # camera, grey, byte order, size, bits, frames
    header = b"LUCAM-RECORDER" + numbers + b" " * 120 + struct.pack("<2q", 0, 0)  # three names, two dates
    Path("planet.ser").write_bytes(header + counts.astype(f"{byte_order}u2").tobytes())


def by_ffmpeg():
    with av.open("planet.ser") as file:
        return next(file.decode(video=0)).to_ndarray()


def by_serfilesreader():
    with contextlib.redirect_stdout(io.StringIO()):
        return np.asarray(Serfile("planet.ser").readFrameAtPos(0))


def read(reader):
    """What the reader makes of the counts."""
    pixels = reader().reshape(64, 64).astype(np.uint16)
    exchanged = np.array_equal(pixels.byteswap(), counts)
    return "right" if np.array_equal(pixels, counts) else "bytes exchanged" if exchanged else "something else"


CASES = {
    "little-endian, 1, as specified": ("<", 1),
    "big-endian, 0, as specified": (">", 0),
    "little-endian, 0, as many programs write": ("<", 0),
}
seen = {}
print("SER: pixels and the field LittleEndian")
for name, (byte_order, flag) in CASES.items():
    write(byte_order, flag)
    seen[name] = (read(by_ffmpeg), read(by_serfilesreader))
    expected = "right" if name.endswith("specified") else "bytes exchanged"
    print(f"{name}: expected {expected}, seen with FFmpeg {seen[name][0]}, with serfilesreader {seen[name][1]}")
as_found = list(seen.values()) == [("bytes exchanged", "right"), ("bytes exchanged",) * 2, ("right",) * 2]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
