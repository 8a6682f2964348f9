"""What commands that compare methods share: which images, which rows, how methods are loaded, the table of figures."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from rich.table import Table

    from pinsharp.bench.quality.judge import Row
    from pinsharp.methods import devices
    from pinsharp.methods.method import Method

_PIPED_WIDTH = 240


def sharp_images(data: Path, *, split: str | None, limit: int | None) -> list[Path]:
    """List the sharp images that are asked for.

    Raises:
        ConfigError: If the limit is below 1, or the split is missing or unknown.
        ImageError: If there is no image.
    """
    from pinsharp.data.sharp_files import find_sharp_images
    from pinsharp.errors import ConfigError

    if limit is not None and limit < 1:
        raise ConfigError(f"--limit must be at least 1 image, got {limit}")
    return find_sharp_images(data, split=split)[:limit]


def loader(device: str, precision: str) -> "Callable[[str], Method]":
    """What loads a method of a name. A partial, because worker processes are sent it: a lambda cannot be pickled."""
    from pinsharp.methods.table import load_method

    return partial(load_method, device=device, precision=cast("devices.Precision", precision))


def print_scores(about: dict[str, Any], rows: "Sequence[Row]") -> None:
    """Print what was measured on what, by the header of the records, and a table: a line a row, a column a kernel."""
    from rich.console import Console

    protocol = about["protocol"]
    noise = f", noise {protocol['noise_of_255']:g}/255, seed {protocol['seed']}" if protocol["noise_of_255"] else ""
    words = f"{protocol['kernels']}, {protocol['boundary']}, {protocol['bits']} bits{noise}"
    print(f"{about['data']}, {about['images']} images: {words}")
    print(f"PSNR in dB; test set {about['test_set_sha256'][:12]}")
    console = Console()
    if not console.is_terminal:  # a file has no width to keep within
        console = Console(width=_PIPED_WIDTH)
    console.print(_table(rows))


def _table(rows: "Sequence[Row]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("method", no_wrap=True)
    kernels = list(dict.fromkeys(kernel for row in rows for kernel in row.psnr))
    are_whole = len({(row.images, row.failed) for row in rows}) == 1 and not rows[0].failed
    for name in [*kernels, "mean", "aggregate", "SSIM", "sigma error", "gap", *([] if are_whole else ["of"])]:
        table.add_column(name.replace(":", "\n").replace(" ", "\n"), justify="right")
    for row in rows:
        error = "" if row.relative_sigma_error is None else f"{100 * row.relative_sigma_error:.2f} %"
        psnr = [*(row.psnr.get(kernel, math.nan) for kernel in kernels), row.mean_psnr, row.aggregate_psnr]
        gap = math.nan if row.blind_gap is None else row.blind_gap
        figures = [*(_figure(one) for one in psnr), _figure(row.ssim, 4), error, _figure(gap)]
        table.add_row(row.name, *figures, *([] if are_whole else [str(row.images)]))
    return table


def _figure(value: float, digits: int = 2) -> str:
    """A figure in words; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:.{digits}f}"
