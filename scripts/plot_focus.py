"""Draw the measured blur of a focus series against the focus step, from the lines of `pinsharp kernel --json`.

Usage: pinsharp kernel SERIES/*.png --json | python scripts/plot_focus.py OUT.png
The number in each file's name is its focus step.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def focus_step(path: Path) -> int:
    """Read the focus step from a file name such as `-3.png`."""
    number = re.search(r"-?\d+$", path.stem)
    if number is None:
        sys.exit(f"{path}: expected a file name that ends in a focus step, such as 3.png")
    return int(number.group())


def main(out: str) -> None:
    """Draw one line for each folder of images."""
    series: dict[str, list[dict[str, Any]]] = {}
    for line in sys.stdin:
        record = json.loads(line)
        series.setdefault(Path(record["input"]).parent.name, []).append(record)
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, records), marker in zip(series.items(), "os^D", strict=False):
        records.sort(key=lambda record: focus_step(Path(record["input"])))
        steps = [focus_step(Path(record["input"])) for record in records]
        sigma = [record["sigma"] for record in records]
        error = [record["sigma"] * record["sigma_relative_std"] for record in records]
        axes.errorbar(steps, sigma, yerr=error, marker=marker, ms=4, lw=1, capsize=2, label=name)
        print(name, " ".join(f"{step}:{width:.2f}" for step, width in zip(steps, sigma, strict=True)))
    axes.set(xlabel="focus step", ylabel="measured width, pixels (sigma)", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(out, dpi=130)


if __name__ == "__main__":
    main(sys.argv[1])
