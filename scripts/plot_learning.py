"""Draw how quickly several nets learn: validation PSNR against crops seen and against hours, from the logs of training.

Usage: python scripts/plot_learning.py OUT.png WEIGHTS/*-budget/log.jsonl

The folder of a log names its net. Blind PSNR; dotted: PSNR with the true kernel, of nets that take kernels and do not
estimate them. All logs must be of the same held-out crops, which the PSNR of the blurred crops shows.
"""

import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pinsharp.bench.show.figures import GREY, legend, log_axis, method_styles, panel_grid, tidy

TOLERANCE = 1e-3  # dB; the mean over the same crops differs in its last digits


@dataclass(frozen=True)
class Curve:
    """Validations of one net.

    Args:
        name: Of the net.
        crops: Training crops seen before each.
        hours: Hours of training before each.
        psnr: Of the restored crops, dB.
        blurred: Of the blurred crops, dB.
        is_blind: Whether it was restored without the true kernel.
    """

    name: str
    crops: list[int]
    hours: list[float]
    psnr: list[float]
    blurred: float
    is_blind: bool


def read(path: Path) -> Curve:
    """Read the validations in a log."""
    records: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    # While only the estimator is trained, what an untrained restorer makes of its kernels says nothing.
    checked = [record for record in records if "blurred_psnr" in record and record["kind"] != "kernel"]
    if not checked:
        sys.exit(f"{path}: expected a log with validations, got none; train at least run.validate_every steps")
    is_blind = all("blind_psnr" in record for record in checked)
    return Curve(
        path.parent.name,
        [record["crops"] for record in checked],
        [record["seconds"] / 3600 for record in checked],
        [record["blind_psnr" if is_blind else "psnr"] for record in checked],
        checked[0]["blurred_psnr"],
        is_blind,
    )


def main(out: str, *logs: str) -> None:
    """Draw one line for each log, twice."""
    curves = [read(Path(log)) for log in logs]
    if not curves:
        sys.exit("expected log files of training runs after OUT, got none")
    for one, other in pairwise(curves):
        if abs(one.blurred - other.blurred) > TOLERANCE:
            sys.exit(
                f"{one.name} and {other.name} were validated on different crops "
                f"(blurred {one.blurred:.2f} and {other.blurred:.2f} dB); draw them apart"
            )
    styles = method_styles([curve.name for curve in curves], true_kernel=", true kernel")
    figure, panels = panel_grid(2, len(curves) + 1)
    for axes, key, label in zip(panels, ("crops", "hours"), ("crops seen", "hours on one core"), strict=True):
        for curve in curves:
            style = styles[curve.name] | ({} if curve.is_blind else {"linestyle": ":", "markerfacecolor": "white"})
            axes.plot(getattr(curve, key), curve.psnr, label=curve.name, **style)
        axes.axhline(curves[0].blurred, color=GREY, lw=1, label="blurred")
        axes.set(xlabel=label, ylabel="validation PSNR, dB")
        tidy(axes)
        log_axis(axes)
    legend(figure, panels, [])
    figure.savefig(out)
    for curve in curves:
        print(f"{curve.name}: {curve.psnr[-1]:.2f} dB after {curve.crops[-1]:,} crops, {curve.hours[-1]:.2f} h")


if __name__ == "__main__":
    main(*sys.argv[1:])
