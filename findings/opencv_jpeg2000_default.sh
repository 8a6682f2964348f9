#!/usr/bin/env bash
# Expected: cv2.imwrite and cv2.imencode lose nothing in a .jp2 if no rate is asked for: the documented default rate of
#   1000 thousandths is lossless, and so are OpenJPEG's own tools and Pillow by default.
# Seen: without a parameter every file is squeezed to a quarter of the pixels' size. Of an 8-bit texture as a sharp lens
#   gives it, the error is a quarter of the contrast, and the finest detail keeps half of its power. A rate of 1000,
#   asked for, is lossless.
# Why it matters: an archive that was meant to be lossless has less fine detail than the camera gave. Blur measured in
#   it comes out too wide, and deconvolution brings up the codec's error instead of the texture.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.4.6. Source: OpenCV's issue 20527 (there for OpenCV 4.5).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

side = 128
frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None, :])  # cycles per pixel
lens = np.exp(-2 * (np.pi * 0.7 * frequency) ** 2)  # a Gaussian blur of 0.7 px
texture = np.fft.ifft2(np.fft.fft2(np.random.default_rng(0).normal(size=(side, side))) * lens).real
image = np.clip(128 + 40 * texture / texture.std(), 0, 255).round().astype(np.uint8)


def through_jpeg2000(options):
    """The image as read back, and the size of the file as a share of the pixels' size."""
    _, data = cv2.imencode(".jp2", image, options)
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED), len(data) / image.nbytes


def fine_power(pixels):
    """Mean power of the frequencies above 0.6 cycles per pixel, in the corners of the spectrum."""
    spectrum = np.abs(np.fft.fft2(pixels - pixels.mean())) ** 2
    return spectrum[frequency > 0.6].mean()


plain, plain_share = through_jpeg2000([])
asked, asked_share = through_jpeg2000([cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])
error = (plain.astype(float) - image).std() / image.std()
kept = fine_power(plain) / fine_power(image)

print(f"OpenCV {cv2.__version__}: an 8-bit texture through .jp2")
print("expected: by default no pixel changes")
print(f"seen by default: {plain_share:.0%} of the size, error {error:.0%} of the contrast, fine power {kept:.0%}")
print(f"seen with a rate of 1000: {asked_share:.0%} of the size, the same pixels: {(asked == image).all()}")

as_found = error > 0.15 and kept < 0.7 and (asked == image).all()
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
