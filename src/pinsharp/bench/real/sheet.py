"""The sheet of focus series: the same place as it was taken, restored and sharp, the worst levels first."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinsharp.bench.engine.methods import BLURRED, title
from pinsharp.bench.real.records import (
    SHARP,
    LevelFigures,
    SeriesRecords,
    attempts_in,
    by_level,
    detail_path,
    gain,
    light_of,
    name_of,
    pairs_in,
    series_in,
)
from pinsharp.bench.show.figures import FONT, new_figure
from pinsharp.images.files import read_image

MOST_LEVELS = 8  # how many levels the sheet shows, about
_CELL = 1.45  # inches, width of a detail
_ROOM = 0.22  # inches, height of a caption


def worst_levels(records: SeriesRecords) -> list[LevelFigures]:
    """As they were taken: the levels where the first row gains least, the worst first, as many of each series."""
    attempts = attempts_in(records)
    known = []
    for before, after in pairs_in(records, *attempts[0]) if attempts else ():
        if (added := gain(before, after)) is not None:
            known.append((added, before))
    order = [before for _, before in sorted(known, key=lambda pair: pair[0])]
    most = -(-MOST_LEVELS // max(len(series_in(records)), 1))
    series = [each.series for each in order]
    return [each for place, each in enumerate(order) if series[:place].count(each.series) < most]


def draw_worst(records: SeriesRecords, folder: Path) -> Figure:
    """Draw the same place of the worst levels: a line each, with the details that were kept in `folder`."""
    rows = [(BLURRED, 0), *attempts_in(records), (SHARP, 0)]
    levels = worst_levels(records)
    boxes = {each.series: _shape(records, each.series) for each in levels}
    heights = [_CELL * boxes[each.series][0] / boxes[each.series][1] + _ROOM for each in levels]
    figure = new_figure(len(rows) * _CELL + 0.3, sum(heights) + 0.5)
    if not levels:
        return figure
    grid = figure.subplots(len(levels), len(rows), squeeze=False, gridspec_kw={"height_ratios": heights})
    for cells, level in zip(grid, levels, strict=True):
        for axes, (row, passes) in zip(cells, rows, strict=True):
            path = detail_path(folder, records.about["run"], level.series, level.level, row, passes)
            _show(axes, path, _caption(level, by_level(records, row, passes, level.series).get(level.level)))
        light = light_of(records, level.series)
        shown = f"{name_of(records, level.series)} {level.level:g}" + ("" if light == "linear" else f"\nlight {light}")
        cells[0].set_ylabel(shown, fontsize=FONT, parse_math=False)
    for axes, (row, passes) in zip(grid[0], rows, strict=True):
        name = "sharp level" if row == SHARP else title(row, passes).removesuffix(", once").replace(", ", "\n")
        axes.set_title(f"{name}\n{axes.get_title(loc='left')}", fontsize=FONT - 1, loc="left", pad=2, parse_math=False)
    return figure


def _shape(records: SeriesRecords, series: str) -> tuple[int, int]:
    """Height and width of the details of a series."""
    about = records.about
    detail = about["series"][series]["detail"] if "series" in about else dict(zip(_BOX, about["detail"], strict=True))
    return detail["height"], detail["width"]


_BOX = ("top", "left", "height", "width")  # as records of earlier code list them


def _caption(before: LevelFigures, after: LevelFigures | None) -> str:
    if after is None or not after.is_done:
        return " " if after is None else "failed"
    if after.row == BLURRED:
        measured = "" if after.sigma is None else f"measured {after.sigma:.2f}"
        return measured if after.fitted_sigma is None else f"{measured}, fitted {after.fitted_sigma:.2f} px"
    added = gain(before, after)
    return " " if added is None else f"{added:+.2f} dB"


def _show(axes: Axes, path: Path, caption: str) -> None:
    if path.is_file():
        axes.imshow(read_image(path).pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(caption, fontsize=FONT - 1, loc="left", pad=2)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
