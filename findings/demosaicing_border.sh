#!/usr/bin/env bash
# Expected: demosaicing keeps an evenly lit, evenly coloured field as it is, up to the last row: all three methods of
#   colour-demosaicing do, since bilinear and Malvar weigh the same colours as inside.
# Seen: only Menon2007 does. Bilinear makes red 2.25 times too bright in the upper left corner and 1.5 times along the
#   upper and left border, and half as bright along the others; Malvar2004 is up to 3 times off in two rows and columns.
#   The mosaic is mirrored with its edge pixels doubled, so behind the border the colours stand at the wrong places.
# Why it matters: the frame of one to two pixels is a sharp edge with false colours. Deconvolution, which treats the
#   border with care, turns it into ringing; error figures over whole images are those of the frame. Cut it off.
# Versions: colour-demosaicing 0.2.7, colour-science 0.4.7, scipy 1.17.1, numpy 2.4.6.
# Source: its bilinear.py and malvar2004.py leave the border to scipy.ndimage.convolve, whose default is "reflect".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    colour-demosaicing==0.2.7 colour-science==0.4.7 scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import colour_demosaicing as library
import numpy as np

colour = np.array([1, 0.5, 0.25])  # red, green, blue
mosaic = library.mosaicing_CFA_Bayer(np.ones((24, 24, 3)) * colour)
print("colour-demosaicing 0.2.7: brightness of a flat field, over the true one")
print("expected: 1 everywhere")

seen = {}
for name in ("bilinear", "Malvar2004", "Menon2007"):
    ratio = getattr(library, f"demosaicing_CFA_Bayer_{name}")(mosaic) / colour
    wrong = np.abs(ratio - 1).max(axis=2) > 0.01
    depth = next(d for d in range(12) if not wrong[d : 24 - d, d : 24 - d].any())
    seen[name] = (ratio.min(), ratio.max(), depth)
    print(f"seen with {name}: {ratio.min():.2f} to {ratio.max():.2f}, wrong in a frame of {depth} px")

bilinear, malvar, menon = seen.values()
as_found = bilinear[1] > 2 and bilinear[2] == 1 and malvar[1] > 2 and malvar[2] == 2
sys.exit(0 if as_found and menon[2] == 0 else "the behaviour has changed")
PYTHON
