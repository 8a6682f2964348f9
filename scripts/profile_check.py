"""How exact the profile of a camera is: simulated edges, edges that others have read, and real focus series.

    python scripts/profile_check.py [FOLDER with edges/, fpd_grid/ and pi_board/]

Prints errors of MTF50 and width in percent, of the distances that widths of simulated stacks stand for, MTF50 of the
slanted edges of sfrmat3 and sfrmat5 beside what an independent ISO 12233 script reads, and of each series the plane of
best focus, how far the defocus leaves a line, and how far distances are off.
"""

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from focus_stacks import POSITIONS, taken
from pinsharp.blur.measured import Blur, Focus
from pinsharp.profiling.edge_search import find_edges
from pinsharp.profiling.optics import Shape, falls_to
from pinsharp.profiling.photo import read_photo
from pinsharp.profiling.stack import Stack, measure_stack, sharpest
from pinsharp.restoration.restorer import Restorer
from slanted_edges import disk, edge, gaussian, photo

KNOWN = {"h_edge_mono": 0.197, "v_edge_mono": 0.197, "Test_edge1_mono": 0.284}
FINE = np.linspace(0, 0.5, 5001)
GAMMA = 2.2


def simulated() -> None:
    """Errors on edges of 120 x 90 pixels: clean, noisy, and noisy behind a tone curve of 8 bits."""
    rng = np.random.default_rng(0)
    for words, noise, gamma in (
        ("clean", 0, 1.0),
        ("noise 2/255", 2 / 255, 1.0),
        ("gamma 2.2, 8 bits", 1 / 255, GAMMA),
    ):
        widths, halves = [], []
        for shape_of, share in ((gaussian, 0.0), (disk, 1.0)):
            for sigma in (0.5, 0.8, 1.5, 3.0, 5.0):
                for angle in (2, 5, -8, 12):
                    values = edge(shape_of, sigma, angle, shape=(120, 90)) ** (1 / gamma)
                    values = values + rng.normal(0, noise, values.shape) if noise else values
                    values = np.round(values * 255) / 255 if gamma != 1 else values
                    found = find_edges(photo(np.clip(values, 0, 1) ** gamma))[0][1]
                    contrast = np.abs(Shape(sigma, share).through_pixels(FINE, math.radians(angle)))
                    half = falls_to(FINE, contrast, 0.5)
                    widths.append(100 * (found.blur.sigma / sigma - 1))
                    halves += [100 * (found.mtf.mtf50 / half - 1)] if half and found.mtf.mtf50 else []
        for name, errors in (("width", np.array(widths)), ("MTF50", np.array(halves))):
            rms = math.sqrt(float(np.mean(errors**2)))
            print(
                f"{words}: {name} off by {rms:.2f} % (root mean square), at most {np.abs(errors).max():.2f} %, "
                f"{len(errors)} edges"
            )


def simulated_stacks() -> None:
    """How far distances are off where the scene changes its size, and the defocus grows with it or does not."""
    for change in (0.0, 0.05, 0.2):
        for grows in (True, False) if change else (True,):
            photos, sharp = taken(change, grows=grows)
            stack = measure_stack(photos, POSITIONS, "um", Blur(sharp, sharp, sharp))
            law = "on the part" if grows else "in pixels"
            print(f"stack, size changes by {100 * change:.0f} %, defocus linear {law}: {_distances(stack)}")


def _distances(stack: Stack) -> str:
    """How far the distances that widths stand for are off those of the positions, with the side known."""
    focus, own, scale = stack.focus, stack.own, stack.scale
    words = []
    for name, used in (("", scale), (", without the change of size ", replace(scale, growth=0.0))):
        off = []
        for step in focus.steps:
            z = step.position - focus.best
            if step.blur.sigma >= math.sqrt(2) * own.sigma:
                defocus = math.sqrt(step.blur.sigma**2 - own.sigma**2)
                off.append(abs(used.distance(defocus, 1 if z > 0 else -1) / abs(z) - 1))
        words.append(f"{name}{100 * float(np.median(off)):.1f} % (most {100 * max(off):.1f} %)")
    return f"distances off by {''.join(words)}, growth {100 * scale.growth:.2f} % a {focus.unit.removesuffix('s')}"


def real_edges(folder: Path) -> None:
    """MTF50 beside what an independent script has read, in the values as they are, as it does."""
    for path in sorted(folder.glob("*.tif")):
        found = find_edges(read_photo(path, light="linear"))[0][1]
        half = found.mtf.mtf50 or math.nan
        # What a script finds that does not undo the difference over two bins of a quarter of a pixel, and their width.
        frequency = np.array(found.mtf.frequency)
        plain = np.array(found.mtf.contrast) * np.sinc(frequency / 2) * np.sinc(frequency / 4)
        print(
            f"{path.stem}: MTF50 {half:.4f}, without undoing bins and differences "
            f"{falls_to(frequency, plain, 0.5):.4f}, known {KNOWN.get(path.stem)}; sigma {found.blur.sigma:.3f} px"
        )


def series(folder: Path) -> None:
    """Best focus of a series, and how far its widths leave a line outside of focus."""
    paths = {float(path.stem): path for path in folder.glob("*.png")}
    positions = sorted(paths)
    photos = [read_photo(paths[each]) for each in positions]
    found = Restorer().measure(paths[positions[sharpest(photos)]])
    low, high = found.interval or (found.sigma, found.sigma)
    stack = measure_stack(photos, positions, "steps", Blur(found.sigma, low, high))
    focus = stack.focus
    print(
        f"{folder.name}: best focus {focus.best:.2f} ({focus.best_low:.2f} to {focus.best_high:.2f}), slope "
        f"{focus.slope:.3f} px a step, own softness {stack.own.sigma:.2f} px, {_off_line(focus, stack.own)}"
    )
    print(f"  {_distances(stack)}")
    sizes = [step.magnification for step in focus.steps]
    if max(sizes) > min(sizes):
        in_pixels = _off_line(focus, stack.own, scaled=False)
        print(f"  magnification {min(sizes):.2f} to {max(sizes):.2f}; in pixels {in_pixels}")
    for step in focus.steps:
        print(f"  {step.position:5g}: {step.blur.sigma:.2f} px ({step.blur.low:.2f} to {step.blur.high:.2f})")


def _off_line(focus: Focus, own: Blur, *, scaled: bool = True) -> str:
    """How far the defocus lies off a line on each side, where it is at least as wide as the camera's own softness.

    On the part, or, not `scaled`, in pixels of each image, in which it is larger where the scene is.
    """
    least = math.sqrt(2) * own.sigma
    words = []
    for sign, side in ((-1, "before"), (1, "behind")):
        far = [step for step in focus.steps if sign * (step.position - focus.best) > 0 and step.blur.sigma >= least]
        if len(far) < 3:
            continue
        z = np.array([step.position for step in far])
        defocus = np.sqrt([step.blur.sigma**2 - own.sigma**2 for step in far])
        defocus /= [step.magnification if scaled else 1.0 for step in far]
        off = np.abs(np.polyval(np.polyfit(z, defocus, 1), z) / defocus - 1)
        words.append(f"{side} it {100 * float(np.median(off)):.1f} % off a line (most {100 * float(off.max()):.1f} %)")
    return ", ".join(words)


if __name__ == "__main__":
    simulated()
    simulated_stacks()
    if len(sys.argv) > 1:
        real_edges(Path(sys.argv[1]) / "edges")
        for name in ("pi_board", "fpd_grid"):
            series(Path(sys.argv[1]) / name)
