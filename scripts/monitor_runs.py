"""How often `pinsharp monitor` alarms falsely, and how soon it alarms rightly, on many simulated runs of cameras.

Usage: python scripts/monitor_runs.py [SCATTER.csv] [--images 300000] [--runs 48]
Each run is the series of widths of one simulated camera, as the estimator measures them: its residuals are drawn from
the table of scripts/monitor_scatter.py (monitor_scatter.csv beside this file), with neighbours that are alike by 0, 0.3
or 0.6. Prints alarms per 10,000 images in control, then the images until the first alarm of stated changes, for
cameras and subjects whose widths scatter little, some and much.
"""

import argparse
import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import norm

from pinsharp.blur.verdict import UNTRUSTED
from pinsharp.monitor.alarms import KINDS
from pinsharp.monitor.measurement import Measurement
from pinsharp.monitor.monitor import start
from pinsharp.monitor.rules import Rules

TABLE = Path(__file__).parent / "monitor_scatter.csv"
LIKENESSES = (0.0, 0.3, 0.6)
LIMIT = 1.6  # times the width in control
RUN = 2000  # images of a run in control, after the baseline is learnt
LEARNS = 50
LONGEST = 2000  # images within which a change has to be found
ALIKE = 0.3  # neighbours, where delays are counted
CLASSES = ((0.0, 0.04), (0.04, 0.1), (0.1, 1.0))  # of scatter of the logarithm of the width
LEAST_GOOD = 0.7  # of a camera's images; with fewer nobody would monitor it


@dataclass(frozen=True)
class Line:
    """A camera: rows of good images sorted by width (width, std of its logarithm, rise down and across), and others."""

    good: NDArray[np.float64]
    bad: int

    @property
    def scatter(self) -> float:
        """Standard deviation of the logarithm of the width."""
        return float(np.log(self.good[:, 0]).std())

    @property
    def width(self) -> float:
        """Median width in control."""
        return float(np.median(self.good[:, 0]))


@dataclass(frozen=True)
class Fault:
    """What goes wrong: factor of the width, added rise as a share of it, share refused, by images since it began."""

    name: str
    kinds: tuple[str, ...]
    factor: Callable[[int], float] = lambda age: 1.0
    rise: float = 0.0
    refused: float = 0.0


def step(by: float) -> Fault:
    """The width jumps."""
    return Fault(f"step of {100 * by:+.0f} %", ("drift", "step"), lambda age: 1 + by)


def drift(by: float) -> Fault:
    """The width grows with each image, by a share of what it was."""
    return Fault(f"drift of {100 * by:.2f} % an image", ("drift", "step"), lambda age: 1 + by * age)


def nearing(by: float) -> Fault:
    """The same; what is waited for is the forecast."""
    return replace(drift(by), name=f"drift of {100 * by:.2f} % an image, forecast", kinds=("forecast",))


FAULTS = (
    *map(step, (-0.2, 0.1, 0.2, 0.5)),
    *map(drift, (0.0002, 0.0005, 0.001, 0.005)),
    *map(nearing, (0.0005, 0.001, 0.005)),
    *(Fault(f"tilt of {100 * rise:.0f} % of the width", ("tilt",), rise=rise) for rise in (0.3, 0.6)),
    *(Fault(f"{100 * share:.0f} % refused", ("refusals",), refused=share) for share in (0.5, 1.0)),
)


def lines(table: Path) -> list[Line]:
    """Read the cameras."""
    rows = defaultdict(list)
    with table.open() as file:
        for row in csv.DictReader(file):
            rows[row["camera"], row["lens"]].append(row)
    found = []
    for several in rows.values():
        good = [row for row in several if row["verdict"] not in UNTRUSTED]
        if len(good) >= LEAST_GOOD * len(several):
            figures = [[float(row[name]) for name in ("width", "log_std", "down", "across")] for row in good]
            found.append(Line(np.array(sorted(figures)), len(several) - len(good)))
    return found


def series(line: Line, count: int, likeness: float, rng: np.random.Generator) -> Iterator[Measurement]:
    """Images in control: rows of the table, each picked by its rank, so that neighbours may be alike, and smoothed."""
    noise = rng.standard_normal(count + 30)
    ranks = norm.cdf(lfilter([math.sqrt(1 - likeness**2)], [1, -likeness], noise)[30:])
    log_width = np.log(line.good[:, 0])
    blur = log_width.std() * len(log_width) ** -0.2
    for index in range(count):
        if rng.random() < line.bad / (line.bad + len(line.good)):
            yield Measurement(str(index), float(index), "no-texture", "simulated")
            continue
        row = line.good[min(int(ranks[index] * len(line.good)), len(line.good) - 1)]
        factor = math.exp(0.5 * blur * rng.standard_normal())
        yield good(index, row * [factor, 1, factor, factor])


def good(index: int, row: NDArray[np.float64]) -> Measurement:
    """A measurement of a width, its uncertainty and its rises."""
    width, std, down, across = map(float, row)
    return Measurement(str(index), float(index), "restorable", "", width, width, width, std, down, across)


def spoilt(image: Measurement, fault: Fault, age: int, rng: np.random.Generator) -> Measurement:
    """An image since the fault began."""
    if not image.is_good or rng.random() < fault.refused:
        return Measurement(image.image, image.time_s, "no-texture", "simulated")
    factor = fault.factor(age)
    width = image.width * factor
    down = image.down * factor + fault.rise * width
    return replace(image, width=width, low=width, high=width, down=down, across=image.across * factor)


def false_alarms(several: list[Line], likeness: float, images: int, seed: int) -> Counter[str]:
    """Alarms by kind in `images` images in control, of all cameras in turn."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for run in range(math.ceil(images / RUN)):
        line = several[run % len(several)]
        monitor = start(Rules(learns=LEARNS, limit=LIMIT * line.width))
        for image in series(line, RUN + LEARNS, likeness, rng):
            found.update(alarm.kind for alarm in monitor.take(image).alarms)
    return found


def delays(several: list[Line], fault: Fault, runs: int, seed: int) -> tuple[list[float], float]:
    """Images from the beginning of a fault to its alarm, infinite without one; the share of runs before the limit."""
    rng = np.random.default_rng(seed)
    found, in_time = [], 0
    for run in range(runs):
        line = several[run % len(several)]
        delay = delay_of(line, fault, rng)
        found.append(delay)
        in_time += delay < math.inf and fault.factor(int(delay)) < LIMIT
    return found, in_time / runs


def delay_of(line: Line, fault: Fault, rng: np.random.Generator) -> float:
    """The same of one run; the fault begins a while after the baseline is learnt."""
    monitor = start(Rules(learns=LEARNS, limit=LIMIT * line.width))
    begin = 2 * LEARNS + 100
    for index, image in enumerate(series(line, begin + LONGEST, ALIKE, rng)):
        age = index - begin + 1
        report = monitor.take(image if age <= 0 else spoilt(image, fault, age, rng))
        if age > 0 and any(alarm.kind in fault.kinds for alarm in report.alarms):
            return age
    return math.inf


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "table", type=Path, nargs="?", default=Path(__file__).with_suffix("").parent / "monitor_scatter.csv"
    )
    parser.add_argument("--images", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=48)
    asked = parser.parse_args()
    several = lines(asked.table)
    print(f"{len(several)} cameras; alarms in 10,000 images in control\n")
    print("| neighbours alike | " + " | ".join(KINDS) + " | all |\n|---" * 1 + "|---" * (len(KINDS) + 1) + "|")
    for likeness in LIKENESSES:
        found = false_alarms(several, likeness, asked.images, seed=1)
        per = [1e4 * found[kind] / asked.images for kind in KINDS]
        print(f"| {likeness} | " + " | ".join(f"{each:.2f}" for each in (*per, sum(per))) + " |", flush=True)
    print(f"\nimages until the alarm: median (nine of ten within); neighbours alike by {ALIKE}\n")
    names = [f"scatter {100 * low:.0f} to {100 * high:.0f} %" for low, high in CLASSES]
    print("| change | " + " | ".join(names) + " | before the limit |\n" + "|---" * (len(CLASSES) + 2) + "|")
    for fault in FAULTS:
        cells, shares = [], []
        for low, high in CLASSES:
            alike = [line for line in several if low <= line.scatter < high]
            found, in_time = delays(alike, fault, asked.runs, seed=2)
            cells.append(said(found))
            shares.append(in_time)
        print(f"| {fault.name} | " + " | ".join(cells) + f" | {100 * np.mean(shares):.0f} % |", flush=True)


def said(found: list[float]) -> str:
    """Median and ninth tenth of delays; a dash where there is no alarm."""
    ends = [np.quantile(found, share, method="higher") for share in (0.5, 0.9)]
    middle, most = ("-" if math.isinf(end) else f"{end:.0f}" for end in ends)
    return f"{middle} ({most})"


if __name__ == "__main__":
    main()
