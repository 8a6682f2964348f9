#!/usr/bin/env bash
# Expected: a function called "convolve" or "conv" convolves, with the kernel's middle as its centre; at worst it
#   correlates, which is a kernel turned by 180 degrees.
# Seen: three orientations, and a shift. ITK, DIPlib and astropy convolve. vips' conv and mahotas' convolve correlate.
#   Pillow's Kernel is turned round up and down only, so that a diagonal kernel becomes a mirror image of itself.
#   OpenImageIO's convolve correlates around the top left corner of a kernel made from an array.
# Why it matters: only blurs that are not symmetric tell, coma and motion. Undone with the kernel that was handed in,
#   the blur of vips and mahotas doubles its phase error, and a motion of 45 degrees drawn by Pillow is undone along
#   135.
# Versions: Pillow 13.0.0, pyvips 3.2.0, libvips 8.18.7, OpenImageIO 3.2.2.0, mahotas 1.4.19, SimpleITK 2.5.7, diplib
#   3.6.1, astropy 8.0.2, numpy 2.4.6, scipy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pillow==13.0.0 pyvips==3.2.0 pyvips-binary==8.18.7 OpenImageIO==3.2.2.0 mahotas==1.4.19 SimpleITK==2.5.7 \
  diplib==3.6.1 astropy==8.0.2 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import diplib
import mahotas
import numpy as np
import OpenImageIO
import pyvips
import SimpleITK
from astropy.convolution import convolve
from PIL import Image, ImageFilter

dot = np.zeros((21, 21), np.float32)
dot[10, 10] = 1
kernel = np.zeros((5, 5), np.float32)
kernel[0, 1] = 1  # two rows up and one column left of the middle: convolution moves the dot there


def by_pillow():
    steps = ImageFilter.Kernel((5, 5), kernel.ravel().tolist(), scale=1)
    return np.asarray(Image.fromarray((dot * 255).astype(np.uint8)).filter(steps)) / 255


def by_openimageio():
    images = [OpenImageIO.ImageBuf(array[..., None].copy()) for array in (dot, kernel)]
    return OpenImageIO.ImageBufAlgo.convolve(*images).get_pixels(OpenImageIO.FLOAT)[..., 0]


def by_itk():
    return SimpleITK.GetArrayFromImage(SimpleITK.Convolution(*map(SimpleITK.GetImageFromArray, (dot, kernel))))


def moved(blurred):
    """Rows down and columns right by which the only dot of the image has moved."""
    ((row, column),) = np.argwhere(blurred > 0.5)
    return int(row) - 10, int(column) - 10


seen = {
    "SimpleITK.Convolution": moved(by_itk()),
    "diplib.GeneralConvolution": moved(np.asarray(diplib.GeneralConvolution(dot, kernel))),
    "astropy convolve": moved(convolve(dot, kernel)),
    "pyvips conv": moved(pyvips.Image.new_from_array(dot).conv(pyvips.Image.new_from_array(kernel.tolist())).numpy()),
    "mahotas.convolve": moved(mahotas.convolve(dot, kernel)),
    "PIL ImageFilter.Kernel": moved(by_pillow()),
    "OpenImageIO convolve": moved(by_openimageio()),
}
print("a dot and a kernel with its one weight at (-2, -1) from the middle: where the dot moves (rows, columns)")
print("expected: (-2, -1), or (2, 1) where it is a correlation")
for name, place in seen.items():
    print(f"seen, {name}: {place}")
as_found = list(seen.values()) == [(-2, -1)] * 3 + [(2, 1)] * 2 + [(-2, 1), (0, -1)]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
