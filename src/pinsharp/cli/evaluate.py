"""`pinsharp evaluate`: blur a folder of sharp images by a protocol, restore them, and print how close they come."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from pinsharp.cli.options import DEFAULT_MODEL, Device, Json, Overwrite, Precision
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress
from pinsharp.cli.synth import Bits, Border, Kernels, Noise, Seed, Split

if TYPE_CHECKING:
    from rich.table import Table

    from pinsharp import methods as methods_room
    from pinsharp.bench.evaluate import Row
    from pinsharp.blur.operators import Boundary

_PIPED_WIDTH = 240


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of sharp images, or a DIV2K or GOPRO folder.")],
    methods: Annotated[
        str,
        typer.Option(
            metavar="M,...",
            help="Rows, joined by commas: models that `pinsharp info` lists, .safetensors files, blurred (the input "
            "itself) and linear-limit (the best linear filter that knows kernel and spectrum, circular boundary).",
        ),
    ] = f"blurred,linear-limit,{DEFAULT_MODEL}",
    kernels: Kernels = "gaussian8",
    boundary: Border = "reflect",
    bits: Bits = 8,
    noise: Noise = 0.0,
    seed: Seed = 0,
    split: Split = None,
    true_kernel: Annotated[
        bool, typer.Option("--true-kernel", help="Add a row for each blind method that is given the true kernel.")
    ] = False,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Use only the first N images.")] = None,
    device: Device = "auto",
    precision: Precision = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="F", help="Also write every figure as a line of JSON.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Compare methods on sharp images blurred by a protocol.

    PSNR and SSIM are over all channels of the restored image rounded to 8 bits, without cutting a border. `mean` is the
    mean PSNR over all images and kernels, `aggregate` 10 log10(1 / mean MSE), `sigma error` the median relative error
    of the measured width, `gap` what the true kernel would add. The images stay as they are.
    """
    from pinsharp.bench.evaluate import contenders, header, measure, record, summarise
    from pinsharp.cli.messages import print_json
    from pinsharp.data.testset import Degradation, find_sharp_images
    from pinsharp.errors import ConfigError
    from pinsharp.methods import load_method

    if limit is not None and limit < 1:
        raise ConfigError(f"--limit must be at least 1 image, got {limit}")
    protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed)
    paths = find_sharp_images(data, split=split)[:limit]
    check_results([out] if out else [], paths, overwrite=overwrite)
    rows = contenders(
        [name.strip() for name in methods.split(",")],
        protocol,
        true_kernel=true_kernel,
        load=lambda name: load_method(name, device=device, precision=cast("methods_room.Precision", precision)),
    )
    about = header(paths, protocol) | {"data": str(data)}
    measurements = []
    with _records(out) as lines:
        _write(lines, {"record": "header", **about})
        with progress(len(paths) * len(protocol.kernels) * len(rows), "restoring") as advance:
            for measurement in measure(paths, protocol, rows):
                measurements.append(measurement)
                _write(lines, {"record": "measurement", **record(measurement)})
                advance()
        summary = summarise(measurements)
        for row in summary:
            _write(lines, {"record": "row", **record(row)})
    if as_json:
        print_json({"record": "header", **about})
        for row in summary:
            print_json({"record": "row", **record(row)})
        return
    print(f"{data}, {len(paths)} images: {_in_words(about['protocol'])}")
    print(f"PSNR in dB; test set {about['test_set_sha256'][:12]}")
    _print_table(summary)


def _records(path: Path | None) -> TextIO:
    """Open the file for the records; nowhere if there is none."""
    from pinsharp.errors import OutputError

    try:
        return Path(path or os.devnull).open("w", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: expected a file that can be written, got {error.strerror}") from error


def _write(lines: TextIO, content: dict[str, object]) -> None:
    """Write one record and let it reach the file, so that a run that is stopped keeps what it measured."""
    lines.write(json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n")
    lines.flush()


def _in_words(protocol: dict[str, object]) -> str:
    noise = f", noise {protocol['noise_of_255']:g}/255, seed {protocol['seed']}" if protocol["noise_of_255"] else ""
    return f"{protocol['kernels']}, {protocol['boundary']}, {protocol['bits']} bits{noise}"


def _print_table(rows: "list[Row]") -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:  # a file has no width to keep within
        console = Console(width=_PIPED_WIDTH)
    console.print(_table(rows))


def _table(rows: "list[Row]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("method", no_wrap=True)
    kernels = list(rows[0].psnr)
    for name in [*kernels, "mean", "aggregate", "SSIM", "sigma error", "gap"]:
        table.add_column(name.replace(":", "\n").replace(" ", "\n"), justify="right")
    for row in rows:
        error = "" if row.relative_sigma_error is None else f"{100 * row.relative_sigma_error:.2f} %"
        gap = "" if row.blind_gap is None else f"{row.blind_gap:.2f}"
        figures = [*(row.psnr[kernel] for kernel in kernels), row.mean_psnr, row.aggregate_psnr]
        table.add_row(row.name, *(f"{figure:.2f}" for figure in figures), f"{row.ssim:.4f}", error, gap)
    return table
