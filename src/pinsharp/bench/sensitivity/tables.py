"""Tables of what a wrong width of the blur costs: the three kernels of the figure, and all widths in between."""

from collections.abc import Sequence

from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.quality.standing import QUALITY, median_of, quality_cells, scores
from pinsharp.bench.sensitivity.setting import ESTIMATED, Assumed, Setting, parts
from pinsharp.bench.show.typeset import Cell, Column, Group, Table


def fig4(done: Sequence[Measurement], setting: Setting, *, estimator: str) -> Table:
    """Average the restorations with the true, the wrong and the estimated kernel."""
    columns = (
        *(Column("method", "method"), Column("kernel", "kernel given"), Column("assumed")),
        *(Column("effective_sigma", "effective sigma, px", 2), Column("sigma_error", "sigma error, %", 2, factor=100)),
        *QUALITY,
        Column("aggregate_change", "change, aggregate", 2, signed=True),
        Column("mean_change", "change, mean", 2, signed=True),
        Column("images"),
    )
    words: dict[float | str | None, str] = {
        None: "none",
        setting.true: f"true, sigma {setting.true:g}",
        setting.wrong: f"sigma {setting.wrong:g}",
        ESTIMATED: f"estimated by {estimator}",
    }
    rows: list[dict[str, Cell]] = []
    for (method, assumed), group in _grouped(done).items():
        if assumed in words:
            truth = _grouped(done).get((method, setting.true), [])
            rows.append({"kernel": words[assumed]} | _averages(group) | _changes(group, truth))
    notes = (
        "Aggregate PSNR is 10 log10(1 / mean MSE), the paper's definition; mean PSNR is the mean of the images' PSNR. "
        "Change: in dB against the true kernel. Sigma and its error: medians over the images.",
    )
    return Table("fig4", columns, (Group(_title(done, setting), rows, {}, {}),), notes)


def fig4_curve(done: Sequence[Measurement], setting: Setting) -> Table:
    """Average the restorations at every assumed width."""
    columns = (
        *(Column("method", "method"), Column("assumed", "assumed sigma, px", 2)),
        *(Column("effective_sigma", "effective sigma, px", 3), *QUALITY, Column("images")),
    )
    rows = [_averages(group) for (_, assumed), group in _grouped(done).items() if isinstance(assumed, float | int)]
    return Table("fig4-curve", columns, (Group(_title(done, setting), rows, {}, {}),))


def _grouped(done: Sequence[Measurement]) -> dict[tuple[str, Assumed], list[Measurement]]:
    """Measurements by method and assumed width."""
    groups: dict[tuple[str, Assumed], list[Measurement]] = {}
    for each in done:
        groups.setdefault(parts(each.row), []).append(each)
    return groups


def _averages(group: Sequence[Measurement]) -> dict[str, Cell]:
    method, assumed = parts(group[0].row)
    return {
        "method": method,
        "assumed": assumed,
        "effective_sigma": median_of(each.estimated_sigma for each in group),
        "sigma_error": median_of(each.relative_sigma_error for each in group),
        **quality_cells(scores(group)),
        "images": len(group),
    }


def _changes(group: Sequence[Measurement], truth: Sequence[Measurement]) -> dict[str, Cell]:
    ours, theirs = scores(group), scores(truth)
    if ours is None or theirs is None or group[0].row == truth[0].row:
        return {}
    return {
        "aggregate_change": ours.aggregate_psnr - theirs.aggregate_psnr,
        "mean_change": ours.mean_psnr - theirs.mean_psnr,
    }


def _title(done: Sequence[Measurement], setting: Setting) -> str:
    images = len({each.key[1:] for each in done})
    return (
        f"{images} image{'' if images == 1 else 's'}, gaussian:{setting.true:g}:{setting.size}, {setting.boundary}, "
        f"{setting.bits} bits"
    )
