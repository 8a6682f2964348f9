"""`pinsharp export`: write a model for ONNX Runtime or OpenVINO, checked against PyTorch before it is kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.options import Json, Limit, Overwrite
from pinsharp.cli.outputs import check_results

if TYPE_CHECKING:
    from pinsharp.export.files import Report

KERNELS = "gaussian8,disk:2,disk:4,disk:6"
"""Blurs by which the cost in PSNR is measured."""


def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model with weights, or a .safetensors file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="F", help="F.onnx for ONNX Runtime; F.xml (with F.bin) for OpenVINO.")
    ],
    precision: Annotated[
        str,
        typer.Option(
            metavar="P", help="Precision of the convolutions: float32, or bfloat16 (.xml only): faster, less exact."
        ),
    ] = "float32",
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Measure on these sharp images, blurred, what PSNR the file costs against PyTorch."
        ),
    ] = None,
    kernels: Annotated[
        str, typer.Option(metavar="K", help="Blurs for --data, as `pinsharp bench run` takes them.")
    ] = KERNELS,
    limit: Limit = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides the random images of the check.")] = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write a model as one file for another runtime; restore with it by `--model F.onnx` or `--model F.xml`.

    Works for swift, nafnet, deepdeblur and srn: their convolutions go into the file; in udbd and dwdn Fourier
    transforms stand between them. Estimator and Wiener filters of swift stay in PyTorch; their weights, settings and
    card travel in the file, which needs nothing beside it (.xml: its .bin).

    Before anything is kept, fixed and random images of odd sizes, mono and colour, are restored by the file and by
    PyTorch in float32. A difference above 1e-4 of full scale (bfloat16: 0.2, in deconvolved noise) ends with exit
    status 2 and no file.
    """
    from pinsharp.export.files import check_target, files_of
    from pinsharp.export.files import export as write
    from pinsharp.nets.weights import zoo_path

    check_target(out, precision)
    weights = Path(model) if model.endswith(".safetensors") else zoo_path(model)
    check_results(list(files_of(out)), [weights], overwrite=overwrite)
    report = write(weights, out, precision=precision, seed=seed)
    cost = _cost(weights, out, data, kernels, limit) if data else None
    _tell(report, precision, cost, as_json=as_json)


def _cost(weights: Path, exported: Path, data: Path, kernels: str, limit: int | None) -> dict[str, float]:
    """Mean PSNR in dB of PyTorch in float32 and of the file, on a folder of sharp images that are blurred for it."""
    from pinsharp.bench.quality.contenders import contenders
    from pinsharp.bench.quality.judge import summarise
    from pinsharp.bench.quality.study import Quality
    from pinsharp.cli.bench.measure import conduct
    from pinsharp.cli.comparison import sharp_images
    from pinsharp.data.testset import Degradation
    from pinsharp.errors import ImageError
    from pinsharp.methods.table import load_method

    protocol = Degradation(kernels)
    paths = sharp_images(data, split=None, limit=limit)
    rows = [
        *contenders([f"torch={weights}"], protocol, load=lambda name: load_method(name, precision="float32")),
        *contenders([f"file={exported}"], protocol),
    ]
    _, records = conduct(Quality(data, paths, protocol, lambda _: rows), None)
    failed = next((each.reason for each in records.figures if not each.is_done), None)
    if failed is not None:
        raise ImageError(failed)
    return {row.name: row.mean_psnr for row in summarise(records.figures)}


def _tell(report: "Report", precision: str, cost: dict[str, float] | None, *, as_json: bool) -> None:
    from pinsharp.cli.messages import print_json

    files = [str(path) for path in report.files]
    if as_json:
        figures = {} if cost is None else {"psnr_torch": cost["torch"], "psnr_file": cost["file"]}
        print_json({"files": files, "precision": precision, "difference": report.difference} | figures)
        return
    print(
        f"{' and '.join(files)}: {precision}, differs from PyTorch in float32 by at most {report.difference:.2g} "
        "of full scale"
    )
    if cost:
        change = cost["file"] - cost["torch"]
        print(f"mean PSNR {cost['torch']:.3f} dB in PyTorch, {cost['file']:.3f} dB by the file: {change:+.3f} dB")
    elif precision != "float32":
        print("--data DIR measures what PSNR that costs")
