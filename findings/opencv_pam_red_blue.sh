#!/usr/bin/env bash
# Expected: cv2.imread gives blue, green, red of a PAM file (P7) of the type RGB, as of a PPM of the same values and of
#   every other format; IMREAD_COLOR_RGB gives the other order; cv2.imwrite stores a PAM so that others see the colours.
# Seen: of a PAM it gives red, green, blue, by IMREAD_UNCHANGED, IMREAD_COLOR and IMREAD_COLOR_RGB alike; of RGB_ALPHA
#   IMREAD_COLOR gives blue first and IMREAD_UNCHANGED red first. imwrite stores the values in the order in which they
#   are given, so that the file of a red image says blue. Through OpenCV alone nothing shows: the two errors cancel.
# Why it matters: red and blue change places between two stations. A blur that is measured in one channel, and lateral
#   colour that is corrected by it, belong to another one then; luma weights red as blue.
# Versions: opencv-python-headless 5.0.0.93, numpy 2.4.6. Format: netpbm.sourceforge.net/doc/pam.html.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from pathlib import Path

import cv2
import numpy as np

red = np.tile(np.array([200, 90, 10], np.uint8), (4, 6, 1))  # red, green, blue
opaque = np.concatenate([red, np.full((4, 6, 1), 255, np.uint8)], axis=2)


def pam(pixels, kind):
    """Bytes of a PAM, as the format's own page has them."""
    head = f"P7\nWIDTH 6\nHEIGHT 4\nDEPTH {pixels.shape[2]}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + pixels.tobytes()


Path("card.ppm").write_bytes(b"P6\n6 4\n255\n" + red.tobytes())
Path("card.pam").write_bytes(pam(red, "RGB"))
Path("alpha.pam").write_bytes(pam(opaque, "RGB_ALPHA"))


def order(name, flag):
    """Where the red of a file ends up: "RGB" if it comes first, "BGR" if last."""
    pixel = cv2.imread(name, flag)[0, 0, :3].tolist()
    return {(200, 90, 10): "RGB", (10, 90, 200): "BGR"}.get(tuple(pixel))


cv2.imwrite("written.pam", red[..., ::-1])  # BGR, as OpenCV wants it
stored = Path("written.pam").read_bytes().rpartition(b"ENDHDR\n")[2][:3]
seen = {
    "PPM, unchanged": order("card.ppm", cv2.IMREAD_UNCHANGED),
    "PPM, COLOR_RGB": order("card.ppm", cv2.IMREAD_COLOR_RGB),
    "PAM, unchanged": order("card.pam", cv2.IMREAD_UNCHANGED),
    "PAM, COLOR": order("card.pam", cv2.IMREAD_COLOR),
    "PAM, COLOR_RGB": order("card.pam", cv2.IMREAD_COLOR_RGB),
    "PAM with alpha, unchanged": order("alpha.pam", cv2.IMREAD_UNCHANGED),
    "PAM with alpha, COLOR": order("alpha.pam", cv2.IMREAD_COLOR),
}
print("expected: BGR, but for COLOR_RGB; a written file that stores 200, 90, 10")
for what, found in seen.items():
    print(f"seen: {what}: {found}")
print(f"seen: imwrite of a red image stores {list(stored)}")

as_found = list(seen.values()) == ["BGR", "RGB", "RGB", "RGB", "RGB", "RGB", "BGR"] and list(stored) == [10, 90, 200]
sys.exit(0 if as_found else "the behaviour has changed")
PYTHON
