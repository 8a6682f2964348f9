"""The summary of focus series: each row over all levels, and the widths that were measured, by series."""

from collections.abc import Callable, Sequence
from math import log
from statistics import mean, median

from pinsharp.bench.engine.methods import BLURRED, title
from pinsharp.bench.real.records import (
    RICHARDSON_LUCY,
    LevelFigures,
    SeriesRecords,
    attempts_in,
    by_level,
    gain,
    light_of,
    lights,
    name_of,
    pairs_in,
    series_in,
)
from pinsharp.bench.real.series import falls, scatter
from pinsharp.bench.show.typeset import Cell, Column, Group, Table
from pinsharp.blur.normal import NINETY

TOLERABLE = -0.3  # dB; a smaller loss is hardly seen
WITHIN = 0.12  # by which a width may differ from the fitted one
RANGE = (0.8, 4.0)  # pixels of fitted width: defocus that is worth restoring, and can be
_LEAST_WIDTH = 0.5  # pixels of fitted width from which on its relative error means something
_SAME = 0.005  # dB: what is printed as 0.00


_COLUMNS = (
    *(Column("row"), Column("passes"), Column("method", "method"), Column("levels", "levels", 0)),
    *(Column("mean_gain", "mean gain, dB", 2, signed=True), Column("worst_gain", "worst, dB", 2, signed=True)),
    *(Column("worst_at", "at"), Column("share_richardson_lucy", "at least as good as R-L, %", 0, factor=100)),
    *(Column("share_tolerable", f"above {TOLERABLE:g} dB, %", 0, factor=100), Column("levels_in_range")),
    Column("mean_gain_in_range", f"mean gain at {RANGE[0]:g} to {RANGE[1]:g} px, dB", 2, signed=True),
    Column("share_within", f"width within {WITHIN:.0%} of fitted, %", 0, factor=100),
    Column("share_covered", "interval holds fitted, %", 0, factor=100),
)
_NOTES = (
    "Over all levels that were registered, but the sharp ones. R-L: 15 iterations of Richardson-Lucy with the very "
    f"kernel that the row used. Mean gain at {RANGE[0]:g} to {RANGE[1]:g} px: of levels with such a fitted width. "
    "Width: what the row restored with; interval: its 90 %, as stated; both of levels whose fitted width is "
    f"{_LEAST_WIDTH:g} px or more.",
)
_WIDTH_COLUMNS = (
    *(Column("series", "series"), Column("light", "light"), Column("levels", "levels", 0)),
    Column("registered", "registered", 0),
    *(Column("falls", "does not rise at"), Column("scatter", "scatter, %", 0, factor=100)),
    *(Column("ratio", "measured / fitted (median)", 2), Column("least_ratio", "least", 2)),
    *(Column("most_ratio", "most", 2), Column("share_within", f"within {WITHIN:.0%}, %", 0, factor=100)),
    Column("share_covered", "interval holds fitted, %", 0, factor=100),
)
_WIDTH_NOTES = (
    "Does not rise at: levels whose measured width is not above that of the neighbour nearer to the sharp level. "
    "Scatter: median distance of a measured width from what both its neighbours say. The rest is of levels whose "
    f"fitted width is {_LEAST_WIDTH:g} px or more.",
)


def summary_table(records: SeriesRecords) -> Table:
    """Say in one line for each row what it gains, where it fails, and how far its widths are right."""
    rows = [_line(records, row, passes) for row, passes in attempts_in(records)]
    every = [each for each in records.figures if each.row == BLURRED]
    sharp = len(series_in(records))  # each has one, which is measured and does not count
    words = f"{sharp} series, {len(every) - sharp} levels and {sharp} sharp image{'s' * (sharp != 1)}"
    return Table("real-summary", _COLUMNS, (Group(words, rows, {}, {}),), (*_NOTES, lights(records)))


def width_table(records: SeriesRecords) -> Table:
    """Say for each series how the width that is measured before restoration goes with the fitted one."""
    rows = []
    for series in series_in(records):
        taken = [each for each in by_level(records, BLURRED, 0, series).values() if each.is_done]
        levels, widths = [each.level for each in taken], [each.sigma for each in taken]
        ratios = [
            each.sigma / each.fitted_sigma for each in taken if each.sigma and _has_width(each) and each.fitted_sigma
        ]
        rows.append(
            {
                "series": name_of(records, series),
                "light": light_of(records, series),
                "levels": len(taken),
                "registered": sum(each.is_registered for each in taken),
                "falls": ", ".join(f"{outer:g}" for _, outer in falls(levels, widths)) or "-",
                "scatter": scatter(levels, widths),
                "ratio": median(ratios) if ratios else None,
                "least_ratio": min(ratios, default=None),
                "most_ratio": max(ratios, default=None),
                "share_within": _share(taken, lambda one: _is_within(one, one.sigma)),
                "share_covered": _share(taken, lambda one: _is_covered(one, one.sigma, one.sigma_relative_std)),
            }
        )
    by = records.about.get("estimator", {}).get("method", "the estimator")
    return Table("real-width", _WIDTH_COLUMNS, (Group(f"widths that {by} measures", rows, {}, {}),), _WIDTH_NOTES)


def _line(records: SeriesRecords, row: str, passes: int) -> dict[str, Cell]:
    pairs = [
        (before, after, added)
        for before, after in pairs_in(records, row, passes)
        if (added := gain(before, after)) is not None
    ]
    gains = [added for *_, added in pairs]
    worst = min(pairs, key=lambda pair: pair[2], default=None)
    in_range = [added for before, _, added in pairs if RANGE[0] <= (before.fitted_sigma or 0) <= RANGE[1]]
    after = [each for _, each, _ in pairs]
    over = [each.psnr - each.richardson_lucy_psnr for each in after if each.richardson_lucy_psnr is not None]
    is_measured = bool(after) and after[0].is_blind
    return {
        "row": row,
        "passes": passes,
        "method": title(row, passes),
        "levels": len(pairs),
        "mean_gain": mean(gains) if gains else None,
        "worst_gain": worst[2] if worst else None,
        "worst_at": f"{name_of(records, worst[0].series)} {worst[0].level:g}" if worst else None,
        "share_richardson_lucy": None if not over or _is_baseline(row) else mean(one >= -_SAME for one in over),
        "share_tolerable": mean(added >= TOLERABLE for added in gains) if gains else None,
        "levels_in_range": len(in_range),
        "mean_gain_in_range": mean(in_range) if in_range else None,
        "share_within": _share(after, lambda one: _is_within(one, one.used_sigma)) if is_measured else None,
        "share_covered": _share(after, lambda one: _is_covered(one, one.used_sigma, one.used_relative_std))
        if is_measured
        else None,
    }


def _is_baseline(row: str) -> bool:
    return row.startswith(RICHARDSON_LUCY)


def _has_width(figures: LevelFigures) -> bool:
    """Whether the fitted width is large enough to be compared with."""
    return (figures.fitted_sigma or 0) >= _LEAST_WIDTH


def _share(figures: Sequence[LevelFigures], holds: Callable[[LevelFigures], bool]) -> float | None:
    """Share of the levels with a fitted width for which something holds; None if there is no such level."""
    judged = [each for each in figures if _has_width(each)]
    return mean(holds(each) for each in judged) if judged else None


def _is_within(figures: LevelFigures, sigma: float | None) -> bool:
    fitted = figures.fitted_sigma
    return bool(sigma and fitted) and abs(sigma / fitted - 1) <= WITHIN  # type: ignore[operator]


def _is_covered(figures: LevelFigures, sigma: float | None, relative: float | None) -> bool:
    """Whether the stated interval, which is one of the logarithm, holds the fitted width."""
    fitted = figures.fitted_sigma
    if not sigma or not fitted or relative is None:
        return False
    return abs(log(sigma / fitted)) <= NINETY * relative
