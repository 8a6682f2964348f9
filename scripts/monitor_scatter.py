"""How measured widths scatter from image to image of one camera at one focus: a table for scripts/monitor_runs.py.

Usage: python scripts/monitor_scatter.py PHOTOGRAPHS OUT.csv [--lenses 8] [--images 16]
A row is one image: simulated cameras of `pinsharp train`, each with several lenses, exposures and processings, take
held-out photographs one after the other. PHOTOGRAPHS is a folder of sharp ones.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

import pinsharp
from interval_cover import taken
from pinsharp.blur.trend import trend
from pinsharp.data.corpus import load_corpus
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("lab", "mono", "line-scan", "photo")
FIELDS = ("camera", "lens", "true", "width", "log_std", "verdict", "down", "across")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--lenses", type=int, default=8)
    parser.add_argument("--images", type=int, default=16)
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(light="linear", faults="off")
    corpus = load_corpus(asked.photographs, held_out=True)
    with asked.out.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(FIELDS)
        for camera in CAMERAS:
            for lens in range(asked.lenses):
                for number in range(asked.images):
                    pair = taken(corpus, camera, lens, number)
                    found = restorer.measure(np.ascontiguousarray(pair.image))
                    seen = trend(found.votes[0], found.finding)
                    true = light_width(pair.sigma, pair.draw)
                    figures = (true, found.sigma, found.sigma_relative_std, seen.down, seen.across)
                    true, width, std, down, across = (f"{value:.4f}" for value in figures)
                    rows.writerow((camera, lens, true, width, std, found.verdict, down, across))
                file.flush()


if __name__ == "__main__":
    main()
