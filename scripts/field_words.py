"""How often `kernel` names what it should of known blurs, and how often falsely: fields, two planes, astigmatism.

Usage: python scripts/field_words.py PHOTOGRAPHS [--what fields | directions] [--count 20] [--first 0] [--side 512]

`fields` blurs each photograph alike all over, tilted, curved, and at two depths (halves, or a rectangle), with sigma 1
and 3, and 1.5 and 2.5 px, and prints what share is called two planes, a tilt or a curvature (shape plane or smooth),
even, or is not judged. `directions` blurs by Gaussians and discs of 1.2 to 3 px that are 1, 1.3, 1.6 and 2 times as
long as wide, turned at random, and prints what share has astigmatism named, and is left alone for it. Every second
photograph is seen in colour. Photographs are every n-th of the folder, from `--first` on.
"""

import argparse
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import pinsharp
from pinsharp.bench.robust.case import pixels
from pinsharp.bench.robust.scene import Scene, edge_of, middle, places, seen_by, varying
from pinsharp.blur.field import BlurField
from pinsharp.blur.trend import trend
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.data.cameras.lens import Lens
from pinsharp.data.cameras.light import Array
from pinsharp.images.discover import find_images
from pinsharp.images.files import read_image

PAIRS = ((1.0, 3.0), (1.5, 2.5))
RATIOS = (1.0, 1.3, 1.6, 2.0)
Image = NDArray[np.generic]


def main() -> None:
    """Print a line a kind of blur."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--what", choices=("fields", "directions"), default="fields")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--side", type=int, default=512)
    asked = parser.parse_args()
    found = find_images([asked.photographs])
    chosen = found[asked.first :: max(1, len(found) // asked.count)][: asked.count]
    restorer = pinsharp.Restorer(light="linear", faults="off")
    said: dict[str, Counter[str]] = {}
    for seed, path in enumerate(chosen):
        for kind, image in (fields if asked.what == "fields" else directions)(path, seed, asked.side):
            blur = restorer.measure(image)
            said.setdefault(kind, Counter()).update([trend_word(blur) if asked.what == "fields" else turn_word(blur)])
    for kind, words in said.items():
        count = words.total()
        shares = ", ".join(f"{word} {100 * number / count:.0f} %" for word, number in words.most_common())
        print(f"{kind:28s} {count:4d} images: {shares}")


def trend_word(blur: BlurField) -> str:
    """What is said of a field, in short."""
    if blur.finding is None or blur.votes is None or blur.verdict in LEFT_ALONE:
        return "left alone"
    if trend(blur.votes[0], blur.finding).planes:
        return "two planes"
    return "even" if blur.verdict == "restorable" else blur.finding.field.shape


def turn_word(blur: BlurField) -> str:
    """What is said of directions, in short."""
    if blur.verdict == "motion-or-astigmatism":
        return "left alone for it"
    return "named" if blur.astigmatism else "not named"


def fields(path: Path, seed: int, side: int) -> Iterator[tuple[str, Image]]:
    """Images of one photograph, each with its kind."""
    scene, light, rng = _scene(path, seed, side)
    for sigma in (1.0, 2.0, 3.0):
        yield f"even {sigma:g}", _taken(scene, middle(seen_by(light, Lens(sigma=sigma)).blurred, side, side))
    down, across = places(side)
    ways = {"tilt": (across + 1) / 2, "curvature": (down**2 + across**2) / 2}
    halves = np.where((across > rng.uniform(-0.3, 0.3)) ^ bool(seed % 4 > 1), 1.0, 0.0)
    top, left = rng.uniform(-0.8, -0.2, 2)
    inside = (down > top) & (down < top + 1) & (across > left) & (across < left + 1)
    planes = {"halves": halves.T if seed % 3 else halves, "rectangle": inside.astype(np.float64)}
    for low, high in PAIRS:
        for kind, share in ways.items():
            sigmas = (low + (high - low) * share).astype(np.float32)
            yield f"{kind} {low:g} to {high:g}", _taken(scene, varying(light, sigmas).blurred)
        near, far = (middle(seen_by(light, Lens(sigma=sigma)).blurred, side, side) for sigma in (low, high))
        for kind, share in planes.items():
            both = np.where(share[..., None] > 0.5, far, near)
            yield f"{kind} {low:g} and {high:g}", _taken(scene, both)


def directions(path: Path, seed: int, side: int) -> Iterator[tuple[str, Image]]:
    """The same for blurs that are longer than wide; ratio 1 is round."""
    scene, light, rng = _scene(path, seed, side)
    for ratio in RATIOS:
        width, angle = rng.uniform(1.2, 3.0), rng.uniform(0, math.pi)
        radius, sigma = (2 * width, 0.3) if seed % 4 > 1 else (0.0, width)
        lens = Lens(radius, sigma, stretch=math.sqrt(ratio) - 1, angle=angle)
        yield f"ratio {ratio:g}", _taken(scene, middle(seen_by(light, lens).blurred, side, side))


def _scene(path: Path, seed: int, side: int) -> tuple[Scene, Array, np.random.Generator]:
    """A photograph, mirrored to the size that a blurred image of `side` pixels needs."""
    photograph = read_image(path).pixels
    photograph = np.repeat(photograph[..., None], 3, axis=2) if photograph.ndim == 2 else photograph[..., :3]
    need = side + 2 * edge_of(6.0)
    room = [((need - have + 1) // 2 if need > have else 0,) * 2 for have in photograph.shape[:2]]
    scene = Scene(np.pad(photograph, (*room, (0, 0)), mode="symmetric").astype(np.uint8), Lens(), seed)
    return scene, scene.light(need, colour=bool(seed % 2)), np.random.default_rng(seed)


def _taken(scene: Scene, light: Array) -> Image:
    return pixels(scene.exposed(np.asarray(light, np.float32)))


if __name__ == "__main__":
    main()
