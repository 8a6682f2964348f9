"""Does the evidence map point at what a restoration invents? Simulated panels with known particles say.

Panels are photographed out of focus and restored; a detector looks at them as in `pinsharp bench detection`. A
particle that it finds on the restored image, but neither in the truth nor on the panel in focus, is invented. Counted
is how many of them lie in the tenth of the image where the map is highest, and, beside it, how many of the true ones.

    python scripts/evidence_check.py --seeds 3000:3012
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.detection.scene import Setup, Shot
from pinsharp.blur.kernel_names import parse_kernel
from pinsharp.detect.camera import CameraSettings
from pinsharp.detect.matching import match
from pinsharp.detect.particles import inspect
from pinsharp.detect.tables import Particle
from pinsharp.restoration.restorer import Restorer

BLURS = ("gaussian:1.5", "gaussian:2", "gaussian:2.5", "gaussian:3", "disk:3", "disk:4", "disk:5")
CAMERAS = (
    CameraSettings(read_noise=5, full_well=60_000, bits=12),
    CameraSettings(),
    CameraSettings(read_noise=60, full_well=8_000),
)
TENTH = 0.9


@dataclass
class Count:
    """Particles of some panels: how many there are, and how many of them lie in the highest tenth of the map."""

    images: int = 0
    invented: int = 0
    invented_in_tenth: int = 0
    true: int = 0
    true_in_tenth: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(*(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True)))

    def __str__(self) -> str:
        return (
            f"{self.images:6d}  {self.invented:8d} {_share(self.invented_in_tenth, self.invented)}  "
            f"{self.true:6d} {_share(self.true_in_tenth, self.true)}"
        )


def judge(shot: Shot, restorer: Restorer, *, kernel: str | None) -> Count:
    """Restore one photograph and count; nothing for one that is left as it is."""
    result = restorer(shot.image, kernel=kernel)
    if result.unsupported is None:
        return Count()
    detector, truth = shot.setup.detector, shot.panel.particles
    found = match(inspect(result.image, detector).particles, truth)
    in_focus = inspect(Shot(shot.setup, shot.seed).image, detector).particles
    invented, true = match(found.extra, in_focus).extra, [one for one, _ in found.pairs]
    tenth = result.unsupported >= np.quantile(result.unsupported, TENTH)
    return Count(1, len(invented), _inside(tenth, invented), len(true), _inside(tenth, true))


def _inside(where: NDArray[np.bool_], particles: Sequence[Particle]) -> int:
    height, width = where.shape
    places = ((min(max(round(p.row), 0), height - 1), min(max(round(p.column), 0), width - 1)) for p in particles)
    return sum(bool(where[place]) for place in places)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:4.0f} %" if whole else "     -"


def main() -> None:
    """Measure and print a line a blur."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="3000:3012", metavar="A:B", help="panels A to B - 1")
    parser.add_argument("--blurs", default=",".join(BLURS), metavar="K,...")
    parser.add_argument("--known", action="store_true", help="give the true kernel instead of measuring it")
    parser.add_argument("--model", default="swift")
    asked = parser.parse_args()
    first, last = map(int, asked.seeds.split(":"))
    restorers = [Restorer(asked.model, white_level=camera.white_level) for camera in CAMERAS]
    total = Count()
    print("blur          images  invented in tenth  true in tenth")
    for number, blur in enumerate(asked.blurs.split(",")):
        count = Count()
        for seed in range(first, last):
            which = (seed + number) % len(CAMERAS)
            shot = Shot(replace(Setup(), camera=CAMERAS[which]), seed, parse_kernel(blur))
            count += judge(shot, restorers[which], kernel=blur if asked.known else None)
        print(f"{blur:13s} {count}", flush=True)
        total += count
    print(f"{'all':13s} {total}")


if __name__ == "__main__":
    main()
