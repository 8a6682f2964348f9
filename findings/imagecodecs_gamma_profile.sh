#!/usr/bin/env bash
# Expected: imagecodecs.cms_profile("rgb", gamma=2.2) makes an RGB profile of that gamma with the primaries of sRGB, which
#   cms_transform takes; what cannot be a profile raises where it is made.
# Seen: it makes 368 bytes without an error and without primaries, and cms_transform refuses them with "returned NULL".
#   With white point and primaries given the same call works. A grey profile needs neither.
# Why it matters: files of cameras are tagged with gamma profiles made so. Writers notice nothing; whoever decodes the
#   tone curve to measure a blur in linear light gets an error, or treats the file as untagged.
# Versions: imagecodecs 2026.3.6, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imagecodecs==2026.3.6 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import imagecodecs
import numpy as np

SRGB = {"whitepoint": (0.3127, 0.329, 1.0), "primaries": (0.64, 0.33, 1.0, 0.3, 0.6, 1.0, 0.15, 0.06, 1.0)}


def transformed(profile, image):
    try:
        spaces = {"colorspace": "rgb" if image.ndim == 3 else "gray", "outcolorspace": "rgb"}
        return imagecodecs.cms_transform(image, profile, imagecodecs.cms_profile("srgb"), **spaces)[0, 0].tolist()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


grey = np.full((2, 2), 128, np.uint8)
colour = np.full((2, 2, 3), 128, np.uint8)
plain = imagecodecs.cms_profile("rgb", gamma=2.2)
seen = {
    "rgb, gamma 2.2": transformed(plain, colour),
    "rgb, gamma 2.2, white point and primaries": transformed(imagecodecs.cms_profile("rgb", gamma=2.2, **SRGB), colour),
    "grey, gamma 2.2": transformed(imagecodecs.cms_profile("gray", gamma=2.2), grey),
}
print("imagecodecs 2026.3.6: a middle grey through profiles of gamma 2.2, to sRGB")
print("expected: 128 or 129 through each")
for name, result in seen.items():
    print(f"seen with {name}: {result}")
first, second, third = seen.values()
sys.exit(0 if isinstance(first, str) and second == third == [129, 129, 129] else "the behaviour has changed")
PYTHON
