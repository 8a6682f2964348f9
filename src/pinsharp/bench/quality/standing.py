"""What each row of a run has measured and what it lacks: means over the same images, or a mark if they are not.

Only rows of one run are compared: its ID stands for the same images blurred in the same way.
"""

import contextlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, TRUE_KERNEL
from pinsharp.bench.quality.records import Measurement, RunRecords
from pinsharp.bench.show.typeset import MARK, Cell, Column
from pinsharp.blur.kernel_names import named_kernels
from pinsharp.errors import ConfigError, KernelError
from pinsharp.metrics import ImageScores, Scores

REFERENCES = (BLURRED, LINEAR_LIMIT)  # rows that no method has made
QUALITY = (
    Column("mse", "MSE, 1e-3", 3, factor=1e3),
    Column("aggregate_psnr", "aggregate PSNR, dB", 2),
    Column("mean_psnr", "mean PSNR, dB", 2),
    Column("ssim", "SSIM", 4),
)
"""Columns of `quality_cells`."""

Pair = tuple[str, str, str]  # what was restored: file name and hash of the image, name of the kernel


@dataclass(frozen=True)
class Standing:
    """A row of a run."""

    row: str
    measured: Mapping[Pair, Measurement]
    failures: Mapping[Pair, str]  # why it could not restore the others, as far as they were tried
    images: int  # how many images the run has, that is restorations by kernel
    kernels: int  # how many kernels the run has

    @property
    def expected(self) -> int:
        """How many restorations the run asks for."""
        return self.images * self.kernels

    @property
    def is_whole(self) -> bool:
        """Whether its figures are over all that the run asks for."""
        return len(self.measured) == self.expected

    @property
    def scores(self) -> Scores | None:
        """Means over what it has measured; None if that is nothing."""
        return scores(self.measured.values())


def standings(run: RunRecords) -> list[Standing]:
    """List the rows of a run: blurred and linear limit first, then the methods in the order of the records."""
    rows: dict[str, dict[Pair, Measurement]] = {row: {} for row in (*REFERENCES, *run.methods)}
    for measurement in run.figures:
        rows.setdefault(measurement.row, {})[measurement.key[1:]] = measurement
    rows = {row: pairs for row, pairs in rows.items() if pairs}
    images, kernels = _size(run, [pair for pairs in rows.values() for pair in pairs])
    return [_standing(row, pairs, images, kernels) for row, pairs in rows.items()]


def scores(measurements: Iterable[Measurement]) -> Scores | None:
    """Average measurements, every image weighing the same; None if there is none."""
    sums = sum((ImageScores(1, each.mse, each.psnr, each.ssim) for each in measurements), ImageScores())
    return sums.compute() if sums.images else None


def quality_cells(means: Scores | None) -> dict[str, Cell]:
    """Means as the cells of a row; none if there are none."""
    if means is None:
        return {}
    psnrs: dict[str, Cell] = {"aggregate_psnr": means.aggregate_psnr, "mean_psnr": means.mean_psnr}
    return {"mse": means.mse, **psnrs, "ssim": means.mean_ssim}


def median_of(figures: Iterable[float | None]) -> float | None:
    """Median of the figures that are there; None without any."""
    known = [figure for figure in figures if figure is not None]
    return median(known) if known else None


def paired(first: Standing, second: Standing) -> tuple[Scores | None, Scores | None]:
    """Average two rows over the restorations that both have."""
    common = shared([first, second])
    return scores(first.measured[pair] for pair in common), scores(second.measured[pair] for pair in common)


def shared(rows: Sequence[Standing]) -> list[Pair]:
    """List the restorations that all rows have, in the order of the first row."""
    first, *others = rows
    return [pair for pair in first.measured if all(pair in row.measured for row in others)]


def psnr_of(means: Scores | None, definition: str) -> float | None:
    """PSNR in dB by its definition: `mean`, that of the images' PSNR, or `aggregate`, 10 log10(1 / mean MSE)."""
    if means is None:
        return None
    return means.mean_psnr if definition == "mean" else means.aggregate_psnr


def gain(first: float | None, second: float | None) -> float | None:
    """What the second PSNR has over the first in dB; None if one is missing or both are infinite."""
    if first is None or second is None or first == second == math.inf:
        return None
    return second - first


def by_name(rows: Iterable[Standing]) -> dict[str, Standing]:
    """Look up rows by their names."""
    return {row.row: row for row in rows}


def faults(rows: Iterable[Standing]) -> tuple[str, ...]:
    """Say what marked rows lack: a sentence for each that has failures, and one for all that are not done yet."""
    notes, waiting = [], []
    for row in rows:
        if row.failures:
            first = next(iter(row.failures.values()))
            notes.append(
                f"{MARK} {row.row}: {len(row.failures)} of {row.expected} restorations failed ({first}); its figures "
                f"are over the {len(row.measured)} that are there, and not comparable with those of whole rows."
            )
        if len(row.measured) + len(row.failures) < row.expected:
            waiting.append(f"{row.row} {len(row.measured)} of {row.expected}")
    if waiting:
        notes.append(f"{MARK} Not all done yet, and not comparable with whole rows: {', '.join(waiting)} restorations.")
    return tuple(notes)


def check_known(runs: Iterable[RunRecords], rows: Iterable[str]) -> None:
    """Refuse the name of a row that no run has. Raises ConfigError with the rows there are."""
    there = list(dict.fromkeys(row.row for run in runs for row in standings(run)))
    missing = next((row for row in rows if row not in there), None)
    if missing is not None:
        raise ConfigError(
            f"no run has a row {missing!r}; there are {', '.join(there) or 'none'}; measure it with "
            f"{command_for([missing])}"
        )


def command_for(rows: Sequence[str]) -> str:
    """Say which command measures rows."""
    methods = dict.fromkeys(row.removesuffix(TRUE_KERNEL) for row in rows)
    told = " --true-kernel" if any(row.endswith(TRUE_KERNEL) for row in rows) else ""
    return f"pinsharp bench run --methods {','.join(methods)}{told}"


def kernel_names(run: RunRecords, seen: Iterable[str] = ()) -> list[str]:
    """List the kernels of a run in the order of its kernel set, then those seen beside them."""
    known: list[str] = []
    with contextlib.suppress(KernelError):  # a kernel's file may be gone
        known += named_kernels(str(run.about["protocol"]["kernels"]))
    return list(dict.fromkeys([*known, *seen]))


def describe(run: RunRecords) -> str:
    """Say which images were blurred how: what two figures must share to be compared."""
    protocol = run.about["protocol"]
    noise = f", noise {protocol['noise_of_255']:g}/255" if protocol.get("noise_of_255") else ""
    images = run.about.get("images")
    count = f"{images} image{'' if images == 1 else 's'}, " if images else ""
    return f"{run.set}: {count}{protocol['kernels']}, {protocol['boundary']}, {protocol['bits']} bits{noise}"


def _size(run: RunRecords, seen: Collection[Pair]) -> tuple[int, int]:
    """How many images and kernels the run has; a row, or a run that was stopped, may not have come to all of them."""
    images = len({(name, sha256) for name, sha256, _ in seen})
    kernels = kernel_names(run, (kernel for *_, kernel in seen))
    return max(images, int(run.about.get("images") or 0)), len(kernels)


def _standing(row: str, pairs: Mapping[Pair, Measurement], images: int, kernels: int) -> Standing:
    done = {pair: each for pair, each in pairs.items() if each.is_done}
    failures = {pair: each.reason or "no reason given" for pair, each in pairs.items() if not each.is_done}
    return Standing(row, done, failures, images, kernels)
