"""Do two checkouts compute the same, to the last bit?

    python scripts/same_bits.py OLD NEW            # folders of two checkouts
    python scripts/same_bits.py OLD NEW --large    # also a strip that is restored from disk by windows (minutes)

Each checkout restores the samples, a mono and a colour strip by windows, measures them, and runs a small benchmark, all
through its own command line. What is compared: the pixels of every result, what `--json` says of it, and the records.
Times, commits and paths differ and are left out. Prints a line a piece of work; exit status 1 if any differs.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import tifffile

MODELS = ("swift", "sharp", "wiener", "richardson-lucy:5")
VOLATILE = {"seconds", "peak_memory_mib", "commit", "command", "data", "input", "output", "pinsharp"}
LARGE_SHAPE = (25_100, 4_096)  # just above what is restored as a whole


def main() -> None:
    """Compare two checkouts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--large", action="store_true", help="restore a strip from disk too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        make_images(place, large=options.large)
        found = [results(checkout.resolve(), place, large=options.large) for checkout in (options.old, options.new)]
    different = [name for name in found[0] if not contains(found[1].get(name), found[0][name])]
    for name in found[0]:
        print(f"{'DIFFERENT' if name in different else 'same'}\t{name}")
    sys.exit(bool(different))


def make_images(place: Path, *, large: bool) -> None:
    """Write defocused strips, mono in 16 bits and colour in 8, and two small sharp images."""
    rng = np.random.default_rng(0)
    mono = strip(rng, 700, 1_900, 1)
    cv2.imwrite(str(place / "mono.tif"), (mono[..., 0] * 60_000).astype(np.uint16))
    cv2.imwrite(str(place / "colour.png"), (strip(rng, 600, 1_500, 3) * 255).astype(np.uint8))
    (place / "sharp").mkdir()
    for number in range(2):
        cv2.imwrite(str(place / "sharp" / f"{number}.png"), (scene(rng, 160, 200, 3) * 255).astype(np.uint8))
    if large:
        rows = np.tile((mono[..., 0] * 250).astype(np.uint8), (40, 3))[: LARGE_SHAPE[0], : LARGE_SHAPE[1]]
        tifffile.imwrite(place / "large.tif", rows, rowsperstrip=64)


def strip(rng: np.random.Generator, height: int, width: int, channels: int) -> np.ndarray:
    """A scene out of focus, with noise."""
    blurred = cv2.GaussianBlur(scene(rng, height, width, channels), (0, 0), 2.0).reshape(height, width, channels)
    return np.clip(blurred + rng.normal(0, 1 / 255, blurred.shape), 0, 1)


def scene(rng: np.random.Generator, height: int, width: int, channels: int) -> np.ndarray:
    """Rectangles and grain, (H, W, C) in [0, 1]."""
    image = np.full((height, width, channels), 0.5, np.float32)
    for _ in range(height * width // 800):
        top, left = rng.integers(0, height), rng.integers(0, width)
        image[top : top + rng.integers(3, 40), left : left + rng.integers(3, 40)] = rng.uniform(0.1, 0.9, channels)
    return np.clip(image + rng.normal(0, 0.03, image.shape), 0, 1).astype(np.float32)


def contains(new: object, old: object) -> bool:
    """Whether all that the old one says is said by the new one too, which may say more; `None` says nothing."""
    if old is None:
        return True
    if isinstance(old, dict):
        return isinstance(new, dict) and all(contains(new.get(key), value) for key, value in old.items())
    return new == old


def results(checkout: Path, place: Path, *, large: bool) -> dict[str, object]:
    """What a checkout makes of the images, by piece of work: hashes, and what --json says."""
    out = Path(tempfile.mkdtemp(dir=place))
    samples = sorted((checkout / "examples" / "sample").glob("*.png"))
    found: dict[str, object] = {}
    for model in MODELS:
        for sample in samples:
            found |= restored(checkout, sample, out, model)
    for model in ("swift", "sharp"):
        for image, window in ((place / "mono.tif", "256"), (place / "colour.png", "320")):
            found |= restored(checkout, image, out, model, "--window", window)
    found |= restored(checkout, place / "colour.png", out, "swift", "--channels", "each", "--iterations", "2")
    found |= restored(checkout, place / "mono.tif", out, "swift", "--kernel", "disk:2.5", "--precision", "float32")
    if large:
        found |= restored(checkout, place / "large.tif", out, "swift")
    run = [
        "bench",
        "run",
        "--data",
        str(place / "sharp"),
        "--out",
        str(out / "bench"),
        "--kernels",
        "gaussian:2,disk:3",
    ]
    pinsharp(checkout, *run, "--methods", "blurred,swift,wiener", "--true-kernel", "--noise", "1")
    records = (out / "bench" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    for line in records:
        record = json.loads(line)
        place_of = [str(record.get(key)) for key in ("record", "row", "image", "kernel")]
        found["bench run: " + " ".join(place_of)] = stable(record)
    return found


def restored(checkout: Path, image: Path, out: Path, model: str, *options: str) -> dict[str, object]:
    """Restore one image; a hash of its pixels, and what --json says."""
    words = " ".join([image.name, model, *options])
    target = out / (digest(words)[:12] + image.suffix)
    said = pinsharp(checkout, "restore", str(image), "-o", str(target), "--model", model, "--json", *options)
    pixels = tifffile.imread(target) if image.suffix == ".tif" else cv2.imread(str(target), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    about = f"{pixels.shape} {pixels.dtype}"
    return {
        f"restore {words}: pixels": digest(about.encode() + pixels.tobytes()),
        f"restore {words}: figures": stable(json.loads(said)),
    }


def pinsharp(checkout: Path, *arguments: str) -> str:
    """Run a checkout's command line; its standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "pinsharp", *arguments],
        env={**os.environ, "PYTHONPATH": str(checkout / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{checkout}: pinsharp {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def stable(value: object) -> object:
    """The same without what differs from run to run."""
    if isinstance(value, dict):
        return {key: stable(value[key]) for key in sorted(value) if key not in VOLATILE}
    return [stable(entry) for entry in value] if isinstance(value, list) else value


def digest(data: str | bytes) -> str:
    """SHA-256 of a text or of bytes."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


if __name__ == "__main__":
    main()
