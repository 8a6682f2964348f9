"""Tables of the model cards, from what three runs of `pinsharp bench run --json` printed.

Usage: python scripts/kodak_tables.py OUT [NAME ...]

OUT holds kodak-reflect.json, kodak-valid.json and kodak-disks.json (scripts/benchmark.sh makes them). Writes
OUT/NAME.md for each model; scripts/fill_page.py puts them into the pages.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNS = {
    "reflect": "Gaussian8 (21 x 21, sigma 1.8 to 3.2), 8 bits, boundary reflect",
    "valid": "the same, boundary valid",
    "disks": "discs of radius 2, 4 and 6, read noise 1/255, valid",
}
TRUE_KERNEL = ", true kernel"
Cells = list[str]


@dataclass(frozen=True)
class Run:
    """One benchmark: what the tables call it, where it was made, and its rows by name."""

    title: str
    header: dict[str, Any]
    rows: dict[str, dict[str, Any]]

    def mean(self, row: str) -> str:
        """Mean PSNR of a row, dB."""
        return f"{self.rows[row]['mean_psnr']:.2f}"

    def width_error(self, row: str) -> str:
        """Median width error of a row, per cent; nothing where it estimates none."""
        error = self.rows[row]["relative_sigma_error"]
        return f"{100 * error:.1f} %" if error and not row.endswith(TRUE_KERNEL) else ""


def read(path: Path, title: str) -> Run:
    """Read header and rows of one benchmark."""
    if not path.is_file():
        sys.exit(f"expected {path}, which scripts/benchmark.sh makes; run it first")
    header = json.loads(path.read_text(encoding="utf-8"))
    return Run(title, header, {row["name"]: row for row in header["rows"]})


def table(head: Cells, rows: list[Cells]) -> str:
    """Write a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def by_width(run: Run, name: str) -> str:
    """The card's table of one run: PSNR at every width."""
    widths = list(run.rows["blurred"]["psnr"])
    labels = [width.removeprefix("gaussian:").removesuffix(":21").replace("disk:", "disc ") for width in widths]
    rows = []
    for row in ("blurred", "linear-limit", name, name + TRUE_KERNEL):
        figures = run.rows[row]
        cells = [f"{figures['psnr'][width]:.2f}" for width in widths]
        ends = [run.mean(row), f"{figures['aggregate_psnr']:.2f}", f"{figures['ssim']:.3f}", run.width_error(row)]
        rows.append([row if row != name else f"{name}, blind", *cells, *ends])
    return table([run.title, *labels, "mean", "aggregate", "SSIM", "width error"], rows)


def provenance(run: Run) -> str:
    """Commit, machine and software of a benchmark."""
    header = run.header
    return (
        f"Commit {header['commit'][:7]}, PyTorch {header['torch']}, {header['cores']} cores of an {header['machine']}."
    )


def main(folder: str, *names: str) -> None:
    """Write the tables of all models into the folder."""
    out, models = Path(folder), list(names or ("swift", "sharp"))
    runs = [read(out / f"kodak-{key}.json", title) for key, title in RUNS.items()]
    tables = {name: "\n\n".join(by_width(run, name) for run in runs) for name in models}
    for name, text in tables.items():
        (out / f"{name}.md").write_text(f"{text}\n\n{provenance(runs[0])}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
