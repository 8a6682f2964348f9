"""Measure a camera by slanted edges, once, and use its profile to measure the defocus of later images alone.

    python examples/profile_from_edge.py examples/sample/chart.png camera.json

Photograph a straight, sharp edge 2 to 12 degrees off rows or columns, in best focus. (The sample is out of focus, so
this "camera" is a soft one.) The same on the command line: `pinsharp profile create -o camera.json --edge edge.png`.
"""

import sys
from pathlib import Path

import pinsharp
from pinsharp.blur.profile_json import write_profile
from pinsharp.profiling.create import Material, create


def main(edge: str, target: str) -> None:
    """Make the profile of the camera that took `edge`, write it to `target`, and measure with it."""
    profile = create(Material(edges=[Path(edge)]), load_restorer=pinsharp.Restorer)
    for each in profile.kernels:
        blur, half = each.blur, each.mtf.mtf50
        print(f"edge at row {each.row:.0f}, column {each.column:.0f}, {each.angle:+.1f} degrees:", end=" ")
        print(f"sigma {blur.sigma:.2f} px ({blur.low:.2f} to {blur.high:.2f}), MTF50 {half:.3f} cycles a pixel")
    write_profile(Path(target), profile)

    alone = pinsharp.measure(edge)
    beyond = pinsharp.measure(edge, profile=target)
    print(f"measured without the profile: {alone.sigma:.2f} px of blur; with it: {beyond.sigma:.2f} px of defocus")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])
    except pinsharp.PinsharpError as error:
        sys.exit(f"{error}")
