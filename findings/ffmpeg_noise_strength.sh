#!/usr/bin/env bash
# Expected: FFmpeg's `noise` filter adds Gaussian noise of the given strength: its standard deviation in grey levels of
#   8 bits, as "strength" means in other tools.
# Seen: 0.56 of it: 20 gives 11.2, 10 gives 5.4, 5 gives 2.5; with `u`, uniform noise of a width of 20, not of +-20, and
#   half a level darker.
# Why it matters: footage made to try a noise estimate or a regularised restoration has a bit more than half of the
#   noise that is believed, a third of the power. Add noise in numpy, or measure it on a flat frame.
# Versions: av 18.1.0, FFmpeg 8.1.2, numpy 2.4.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from fractions import Fraction

import av
import numpy as np


def noise(options):
    """Standard deviation and mean change, in grey levels, that the filter gives to a flat 8-bit frame of 128."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=512, height=512, format="gray", time_base=Fraction(1, 25))
    adder, sink = graph.add("noise", options), graph.add("buffersink")
    source.link_to(adder)
    adder.link_to(sink)
    graph.configure()
    frame = av.VideoFrame.from_ndarray(np.full((512, 512), 128, np.uint8), format="gray")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    source.push(frame)
    changed = sink.pull().to_ndarray().astype(float) - 128
    return round(float(changed.std()), 1), round(float(changed.mean()), 1)


print("FFmpeg noise filter: standard deviation and mean in grey levels")
seen = {}
for options, expected in {"alls=5": 5, "alls=10": 10, "alls=20": 20, "alls=20:allf=u": round(20 / 3**0.5, 1)}.items():
    seen[options] = noise(options)
    print(f"{options}: expected {expected} and 0.0, seen {seen[options][0]} and {seen[options][1]:+}")
gaussian = all(0.48 < seen[f"alls={s}"][0] / s < 0.58 for s in (5, 10, 20))
uniform = abs(seen["alls=20:allf=u"][0] - 20 / 12**0.5) < 0.3 and seen["alls=20:allf=u"][1] == -0.5
sys.exit(0 if gaussian and uniform else "the behaviour has changed")
PYTHON
