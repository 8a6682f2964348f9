"""`pinsharp bench fig4`: what a wrong width of the blur costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.bench.present import (
    NUMBER_SUFFIXES,
    Detail,
    Psnr,
    box_of,
    check_psnr,
    make_folder,
    names,
    show,
    write_figure,
    write_table,
)
from pinsharp.cli.comparison import loader, sharp_images
from pinsharp.cli.options import DEFAULT_MODEL, Border, Device, JsonDocument, Limit, Overwrite, Precision, Split
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

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
    from pinsharp.bench.sensitivity.plots import draw_curve, draw_fig4
    from pinsharp.bench.sensitivity.study import Setting, count, fig4_curve, is_shown, trials
    from pinsharp.bench.sensitivity.study import fig4 as fig4_table
    from pinsharp.bench.show.typeset import document
    from pinsharp.errors import ConfigError
    from pinsharp.methods.method import measures_first

    check_psnr(psnr)
    box = box_of(detail)
    setting = Setting(boundary=cast("Boundary", boundary))
    paths = sharp_images(data, split=split, limit=limit)
    results = [out / f"{name}.{kind}" for name in ("fig4", "fig4-curve") for kind in ("png", "pdf", "csv", "json")]
    check_results(results, paths, overwrite=overwrite)
    load = loader(device, precision)
    loaded = {_label(name): load(name) for name in names(methods)}
    judge = load(estimator)
    if not measures_first(judge):
        raise ConfigError(f"--estimator: expected a method that estimates a kernel, got {estimator}; try swift")
    done, shown = [], []
    with progress(count(len(paths), setting, len(loaded)), "restoring") as advance:
        for trial in trials(paths, setting, loaded, judge):
            if trial.pair.path == paths[0] and is_shown(trial, setting):
                shown.append(trial)
            done.append(trial)
            advance()
    table, curve = fig4_table(done, setting, estimator=_label(estimator)), fig4_curve(done, setting)
    make_folder(out)
    written = write_figure(draw_fig4(shown, setting, estimator=_label(estimator), box=box), out, table.name)
    written += write_figure(draw_curve(curve, table, setting, psnr=psnr), out, curve.name)
    for each in (table, curve):
        written += write_table(each, out, NUMBER_SUFFIXES)
    content = {"fig4": document(table), "curve": document(curve), "protocol": setting.protocol.summary}
    show([table], written, content | {"data": str(data), **provenance()}, as_json=as_json)


def _label(name: str) -> str:
    """What pictures call a method: of a weights file its name without the folder."""
    return Path(name).stem if name.endswith(".safetensors") else name
