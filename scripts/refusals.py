"""What is refused of held-out pictures of simulated cameras, and what would have been gained by restoring all of them.

Usage: python scripts/refusals.py PHOTOGRAPHS [--model FILE] [--pairs 40] [--csv FILE]
Pictures of `lab` to `sem` can be restored; those of `far`, `moved` and `empty` are to be refused, those of `patterned`
to be restored or refused. Prints a line a camera. The CSV has a line a picture, to choose thresholds by.
"""

import argparse
import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np

import pinsharp
from pinsharp.bench.cameras.subjects import Subject, given, psnr
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.data.cameras.pair import make_pair
from pinsharp.data.corpus import Corpus, load_corpus
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("lab", "mono", "line-scan", "photo", "phone", "sem", "far", "moved", "empty", "patterned")
SIDE, SEED = 384, 177
LEAST, MOST = 0.8, 4.0  # pixels: what can surely be restored

Row = dict[str, str | float]


def judged(restorer: pinsharp.Restorer, corpus: Corpus, camera: str, index: int) -> Row:
    """What is said of one picture, and what restoring it all the same gains in dB."""
    pair = make_pair(corpus, camera, size=SIDE, seed=SEED, index=index)
    result = restorer(given(pair.image))
    blur, (votes,) = result.defocus, result.defocus.votes
    subject = Subject(pair.image, pair.sharp, pair.kernel, 1.0, pair.mask)
    return {
        "camera": camera,
        "index": index,
        "true": light_width(pair.sigma, pair.draw),
        "width": blur.sigma,
        "std": blur.sigma_relative_std or math.nan,
        "verdict": blur.verdict or "",
        "elongation": float((votes.weights * votes.elongation).sum()),
        "periodicity": float((votes.weights * votes.periodicity).sum()),
        "agreement": blur.finding.agreement if blur.finding else math.nan,
        "residual": (result.typical_residual or math.nan) / max(blur.noise_level or 0.0, 1e-6),
        "drawing": pair.draw.scene.drawing,
        "gain": psnr(np.asarray(result.image), subject) - psnr(pair.image, subject),
    }


def told(camera: str, rows: list[Row]) -> str:
    """One line of the table."""
    if camera not in ("far", "moved", "empty"):
        rows = [row for row in rows if LEAST < float(row["true"]) < MOST]
    refused = [row for row in rows if row["verdict"] in LEFT_ALONE]
    gains = [float(row["gain"]) for row in refused]
    words = f"{camera:10} {len(rows):3} pictures, refused {len(refused) / max(len(rows), 1):4.0%}"
    if gains:
        words += f", forced: mean {np.mean(gains):+.2f} dB, worst {min(gains):+.2f}"
    said = Counter(str(row["verdict"]) for row in rows)
    return f"{words}; {', '.join(f'{verdict} {count}' for verdict, count in said.most_common())}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off", force=True)
    corpus = load_corpus(asked.photographs, held_out=True)
    every: list[Row] = []
    for camera in CAMERAS:
        rows = [judged(restorer, corpus, camera, index) for index in range(asked.pairs)]
        every += rows
        print(told(camera, rows), flush=True)
    if asked.csv:
        with asked.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(every[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(every)


if __name__ == "__main__":
    main()
