#!/usr/bin/env bash
# Expected: Pillow gives the resolution that a JPEG 2000 file states: numerator, denominator and a power of ten for each
#   direction, the power a signed byte (ISO/IEC 15444-1, I.5.3.7.1: "two's complement").
# Seen: the power is taken for unsigned. 59055 tenths of a pixel a metre, which are 150 dpi, become 1.5e258 dpi; a power
#   of 0 or above is read well. Nothing is warned of.
# Why it matters: encoders choose the power freely: -1 or -2 keep decimals. What
#   computes a pixel's size from `info["dpi"]`, or writes it on into another format, gets infinity or an error.
# Versions: pillow 13.0.0, imagecodecs 2026.3.6, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct
import sys

import imagecodecs
import numpy as np
from PIL import Image

data = bytes(imagecodecs.jpeg2k_encode(np.zeros((8, 8), np.uint8), level=0, codecformat="jp2"))


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_resolution(numerator, power):
    """The same file with a capture resolution of numerator * 10 ** power pixels a metre in its header box."""
    resolution = box(b"res ", box(b"resc", struct.pack(">4H2b", numerator, 1, numerator, 1, power, power)))
    start = data.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", data, start)
    header = box(b"jp2h", data[start + 8 : start + length] + resolution)
    return data[:start] + header + data[start + length :]


seen = {}
for numerator, power in [(59055, -1), (5906, 0), (59, 2)]:
    with Image.open(io.BytesIO(with_resolution(numerator, power))) as image:
        seen[power] = image.info["dpi"][0]
    print(f"{numerator} x 10^{power} pixels a metre: expected {numerator * 10.0**power * 0.0254:.1f} dpi, "
          f"seen {seen[power]:.4g}")

as_found = seen[-1] > 1e200 and abs(seen[0] - 150) < 0.1 and abs(seen[2] - 150) < 1
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
