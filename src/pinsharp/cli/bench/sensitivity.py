"""`pinsharp bench fig4`: what a wrong width of the blur costs."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.atomic import make_folder
from pinsharp.cli.bench.measure import conduct, write_results
from pinsharp.cli.bench.present import NUMBER_SUFFIXES, Detail, Psnr, box_of, check_psnr, names, show
from pinsharp.cli.comparison import loader, sharp_images
from pinsharp.cli.options import DEFAULT_MODEL, Border, Device, JsonDocument, Limit, Overwrite, Precision, Split
from pinsharp.cli.outputs import check_results
from pinsharp.errors import ImageError

if TYPE_CHECKING:
    from pinsharp.blur.operators import Boundary


def fig4(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the results; made if it is not there.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of sharp images.")],
    methods: Annotated[
        str, typer.Option(metavar="M,...", help="Methods that take a kernel; the picture shows the first one's.")
    ] = f"ftvd,{DEFAULT_MODEL}",
    estimator: Annotated[str, typer.Option(metavar="M", help="What estimates the kernel.")] = DEFAULT_MODEL,
    boundary: Border = "reflect",
    split: Split = None,
    limit: Limit = None,
    psnr: Psnr = "mean",
    detail: Detail = None,
    device: Device = "auto",
    precision: Precision = "auto",
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Restore images blurred by sigma 3.5 with the true kernel, with sigma 3.7, and with the estimated one.

    Also with every sigma from 3.0 to 4.0. Writes OUT/fig4.png and .pdf (the first image), OUT/fig4-curve.png and .pdf
    (PSNR against the assumed sigma), and the numbers of both, over all images, as .csv and .json.
    """
    from pinsharp.bench.engine.provenance import provenance
    from pinsharp.bench.sensitivity.setting import Setting
    from pinsharp.bench.sensitivity.study import Sensitivity, assuming
    from pinsharp.bench.show.typeset import document

    check_psnr(psnr)
    box = box_of(detail)
    setting = Setting(boundary=cast("Boundary", boundary))
    paths = sharp_images(data, split=split, limit=limit)
    results = [out / f"{name}.{kind}" for name in ("fig4", "fig4-curve") for kind in ("png", "pdf", "csv", "json")]
    check_results(results, paths, overwrite=overwrite)
    chosen = {_label(name): name for name in names(methods)}
    lineup = partial(assuming, chosen, estimator, setting, load=loader(device, precision))
    study = Sensitivity(data, paths, setting.protocol, lineup, setting, _label(estimator), psnr, box)
    _, records = conduct(study, None)
    failed = next((each.reason for each in records.figures if not each.is_done), None)
    if failed is not None:
        raise ImageError(failed)
    make_folder(out)
    tables, written = write_results(study, records, out, NUMBER_SUFFIXES)
    content = {"fig4": document(tables[0]), "curve": document(tables[1]), "protocol": setting.protocol.summary}
    show(tables[:1], written, content | {"data": str(data), **provenance()}, as_json=as_json)


def _label(name: str) -> str:
    """What pictures call a method: of a weights file its name without the folder."""
    return Path(name).stem if name.endswith(".safetensors") else name
