"""The table of the detection benchmark: every row at every blur, beside the sharp image, with confidence intervals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pinsharp.bench.detection.records import SHARP, InspectionFigures, StudyRecords
from pinsharp.bench.detection.scene import TUNING_SEED
from pinsharp.bench.engine.bootstrap import Estimate, ratio_of_sums
from pinsharp.bench.engine.methods import LINEAR_LIMIT, title
from pinsharp.bench.show.figures import width_of
from pinsharp.bench.show.typeset import MARK, Cell, Column, Group, Table

Panels = Mapping[int, InspectionFigures]  # figures of a row at one blur, by seed
_MEASURES: dict[str, tuple[str, int, float]] = {
    "f1": ("F1", 3, 1),
    "f1_ratio": ("F1, % of sharp", 1, 100),
    "average_precision": ("average precision", 3, 1),
    "false_alarms": ("false alarms a megapixel", 0, 1),
    "false_alarms_ratio": ("times sharp", 2, 1),
    "missed": ("missed, %", 1, 100),
    "wrong_pins": ("pins wrong, %", 1, 100),
    "localisation": ("localisation, px", 2, 1),
    "estimated_sigma": ("estimated sigma, px", 2, 1),
}
"""Heading, decimals and factor of each figure that has an interval."""

_COLUMNS = (
    *(Column("run"), Column("kernel"), Column("sigma"), Column("axis"), Column("width")),
    *(Column("row", "method"), Column("method"), Column("passes"), Column("panels"), Column("expected")),
    *(Column(key, head, digits, factor, has_interval=True) for key, (head, digits, factor) in _MEASURES.items()),
    *(Column(f"{key}_{end}") for key in _MEASURES for end in ("low", "high")),
    *(Column("particles"), Column("pins_found"), Column("seconds")),
)
_NOTES = (
    "In brackets 95 % confidence intervals over the panels: bootstrap percentiles, ratios to the sharp image paired by "
    "panel. Every image of a panel has the same noise and is inspected with the same settings.",
    "F1 and average precision: means of the panels' figures. Times sharp: false alarms as a multiple of those in the "
    "sharp images. Missed: share of the particles. Pins wrong: share of the pins that pass but should fail, fail but "
    "should pass, or were not found. Localisation: root mean square distance from the true centres.",
    "Estimated sigma: what the method measured in the blurred image before it restored it for the first time, the "
    "softness of the lens in focus included.",
)
_LIMIT_NOTE = (
    "The linear limit restores the same images by the filter that is best in mean square among all linear ones that "
    "know kernel, noise and the true image's spectrum; nothing says that it is also the best for the detector."
)


def detection_table(records: StudyRecords) -> Table:
    """Compare all rows at every blur: a group for each, the sharp image first."""
    sharp = _panels(records, SHARP, 0, "")
    groups, faults = [], []
    for kernel in records.about["kernels"]:
        every = [each for each in records.figures if each.kernel == kernel]
        rows = list(dict.fromkeys((each.row, each.passes) for each in every))
        panels = {(SHARP, 0): sharp} | {row: _panels(records, *row, kernel) for row in rows}
        if not rows:
            continue
        groups.append(_group(records, kernel, every[0].sigma, panels, sharp))
        faults += _faults(kernel, every)
    return Table("detection", _COLUMNS, tuple(groups), (*_NOTES, *_further_notes(records), *faults))


def _group(
    records: StudyRecords, kernel: str, sigma: float, panels: Mapping[tuple[str, int], Panels], sharp: Panels
) -> Group:
    """All rows at one blur."""
    seeds = records.about["seeds"]
    cells = [_row(*row, figures, sharp, len(seeds)) for row, figures in panels.items()]
    marks = {place: MARK for place, cell in enumerate(cells) if cell["panels"] != len(seeds)}
    axis, width = width_of(kernel, sigma)
    run = records.about["run"]
    shared: dict[str, Cell] = {"run": run, "kernel": kernel, "sigma": sigma, "axis": axis, "width": width}
    count = f"{len(seeds)} panel{'s' * (len(seeds) > 1)}"
    return Group(f"{kernel} (sigma {sigma:.2f} px), {count}", cells, shared, marks)


def _row(row: str, passes: int, panels: Panels, sharp: Panels, expected: int) -> dict[str, Cell]:
    """The cells of a row."""
    figures = list(panels.values())
    both = [(each, sharp[seed]) for seed, each in panels.items() if seed in sharp]
    found = [each for each in figures if each.localisation_rms is not None]
    measured = [each.estimated_sigma for each in figures if each.estimated_sigma is not None]
    localisation = ratio_of_sums(
        [(each.localisation_rms or 0) ** 2 * each.pairs for each in found], [each.pairs for each in found]
    )
    estimates = {
        "f1": ratio_of_sums([each.f1 for each in figures]),
        "f1_ratio": _against(both, lambda each: each.f1),
        "average_precision": ratio_of_sums([each.average_precision for each in figures]),
        "false_alarms": ratio_of_sums([each.false_alarms for each in figures], [each.megapixels for each in figures]),
        "false_alarms_ratio": _against(both, lambda each: each.false_alarms),
        "missed": ratio_of_sums([each.missed for each in figures], [each.missed + each.pairs for each in figures]),
        "wrong_pins": ratio_of_sums([each.wrong_pins for each in figures], [each.pins for each in figures]),
        "localisation": localisation and localisation.root(),
        "estimated_sigma": ratio_of_sums(measured),
    }
    seconds = [each.seconds for each in figures if each.seconds is not None]
    return {
        "row": title(row, passes),
        "method": row,
        "passes": passes,
        "panels": len(figures),
        "expected": expected,
        **{name: value for key, estimate in estimates.items() for name, value in _cells(key, estimate)},
        "particles": sum(each.missed + each.pairs for each in figures),
        "pins_found": sum(each.pins_found for each in figures),
        "seconds": sum(seconds) / len(seconds) if seconds else None,
    }


def _against(
    both: Sequence[tuple[InspectionFigures, InspectionFigures]], figure: Callable[[InspectionFigures], float]
) -> Estimate | None:
    """A figure of a row as a multiple of the sharp image's, over the panels that both have."""
    return ratio_of_sums([figure(one) for one, _ in both], [figure(sharp) for _, sharp in both])


def _cells(key: str, estimate: Estimate | None) -> list[tuple[str, Cell]]:
    if estimate is None:
        return []
    return [(key, estimate.value), (f"{key}_low", estimate.low), (f"{key}_high", estimate.high)]


def _panels(records: StudyRecords, row: str, passes: int, kernel: str) -> Panels:
    done = (each for each in records.done if (each.row, each.passes, each.kernel) == (row, passes, kernel))
    return {each.seed: each for each in done}


def _further_notes(records: StudyRecords) -> list[str]:
    about: dict[str, Any] = records.about
    seeds = about["seeds"]
    notes = [_LIMIT_NOTE] if any(each.row == LINEAR_LIMIT for each in records.figures) else []
    pins = "given to the detector" if about["true_pins"] else "found by the detector in each image"
    camera = about["camera"]
    notes.append(
        f"Seeds {min(seeds)} to {max(seeds)}; {camera['bits']} bits, full well {camera['full_well']:g} electrons, read "
        f"noise {camera['read_noise']:g}; tolerance {about['tolerance']:g} px; pins {pins}."
    )
    if max(seeds) >= TUNING_SEED:
        notes.append(f"The detector's settings were chosen on panels from seed {TUNING_SEED} on, some of these maybe.")
    return notes


def _faults(kernel: str, figures: Sequence[InspectionFigures]) -> list[str]:
    """A sentence for each row that has failures."""
    failures: dict[str, list[InspectionFigures]] = {}
    for each in figures:
        if not each.is_done:
            failures.setdefault(title(each.row, each.passes), []).append(each)
    return [
        f"{MARK} {name} at {kernel}: {len(group)} failed, first seed {group[0].seed} ({group[0].reason}); its figures "
        "are over the others."
        for name, group in failures.items()
    ]
