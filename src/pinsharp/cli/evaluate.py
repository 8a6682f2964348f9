"""`pinsharp evaluate`: blur a folder of sharp images by a protocol, restore them, and print how close they come."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, cast

import typer

from pinsharp.cli.comparison import lineup_of, print_scores, sharp_images
from pinsharp.cli.options import (
    DEFAULT_MODEL,
    Bits,
    Border,
    Device,
    Json,
    Kernels,
    Limit,
    Methods,
    Noise,
    Overwrite,
    Precision,
    Seed,
    Split,
    TrueKernel,
)
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.blur.operators import Boundary


def evaluate(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of sharp images, or a DIV2K or GOPRO folder.")],
    methods: Methods = f"blurred,linear-limit,{DEFAULT_MODEL}",
    kernels: Kernels = "gaussian8",
    boundary: Border = "reflect",
    bits: Bits = 8,
    noise: Noise = 0.0,
    seed: Seed = 0,
    split: Split = None,
    true_kernel: TrueKernel = False,
    limit: Limit = None,
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
    from pinsharp.bench.engine.record_file import plain
    from pinsharp.bench.quality.judge import header, measure, summarise
    from pinsharp.cli.messages import print_json
    from pinsharp.data.testset import Degradation

    protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed)
    paths = sharp_images(data, split=split, limit=limit)
    check_results([out] if out else [], paths, overwrite=overwrite)
    rows = lineup_of(methods, true_kernel=true_kernel, device=device, precision=precision)(protocol)
    about = header(paths, protocol) | {"data": str(data)}
    measurements = []
    with _records(out) as lines:
        _write(lines, {"record": "header", **about})
        with progress(len(paths) * len(protocol.kernels) * len(rows), "restoring") as advance:
            for measurement in measure(paths, protocol, rows):
                measurements.append(measurement)
                _write(lines, {"record": "measurement", **plain(measurement)})
                advance()
        summary = summarise(measurements)
        for row in summary:
            _write(lines, {"record": "row", **plain(row)})
    if as_json:
        print_json({"record": "header", **about})
        for row in summary:
            print_json({"record": "row", **plain(row)})
        return
    print_scores(about, summary)


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
