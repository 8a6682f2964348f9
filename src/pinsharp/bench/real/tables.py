"""The table of a focus series: width, sharpness and PSNR of every level before and after restoration."""

import math

from pinsharp.bench.engine.methods import BLURRED, title
from pinsharp.bench.real.records import LevelFigures, SeriesRecords, attempts_in, by_level, light_of
from pinsharp.bench.real.series import falls
from pinsharp.bench.show.typeset import Cell, Column, Group, Table

HURT = "worse"  # what stands behind a level where restoring has made PSNR smaller
_SAME_SCENE = 0.98  # correlation below which an image is no uniformly defocused version of the sharp level
_SAME = 0.005  # dB: what is printed as 0.00

_COLUMNS = (
    *(Column("set"), Column("run"), Column("light"), Column("method"), Column("passes")),
    *(Column("level", "level"), Column("image"), Column("matching_sigma", "matching sigma, px", 2)),
    *(Column("matching_least", "least", 2), Column("matching_most", "most", 2)),
    *(Column("sigma", "sigma, px", 2), Column("sigma_std", "±", 2), Column("rises", "rises")),
    *(Column("restored_sigma", "restored sigma, px", 2), Column("restored_sigma_std", "±", 2)),
    *(Column("sharpness", "sharpness, %", 0, factor=100), Column("restored_sharpness", "restored, %", 0, factor=100)),
    *(Column("psnr", "PSNR, dB", 2), Column("restored_psnr", "restored PSNR, dB", 2)),
    *(Column("gain", "gain, dB", 2, signed=True), Column("verdict", "verdict"), Column("passes_made", "passes made")),
    *(Column("correlation"), Column("magnification"), Column("row_shift"), Column("column_shift")),
    *(Column("grey_gain"), Column("grey_offset"), Column("seconds"), Column("megapixels"), Column("reason")),
)
_NOTES = (
    "Matching sigma: width of the Gaussian that makes the sharp level as blurred as the image, found while both were "
    "registered; the estimator has no part in it. Least and most: the same in parts of the image; where they differ, "
    "no single kernel fits. Sigma: width that the estimator measures in the image, with its own "
    "standard deviation; it includes the softness that the sharp level has already.",
    "Sharpness: Vollath's autocorrelation measure (1987), which white noise does not raise, as a share of that of the "
    "sharp level over the same pixels. Invented detail raises it too: above 100 %, look at the picture.",
    "PSNR: of luma against the sharp level, which was registered with the image before restoration (shift, "
    "magnification, gain, offset) and serves before and after; border cut. The sharp level has noise of its own.",
)


def gain(before: LevelFigures, after: LevelFigures) -> float | None:
    """What restoring adds to PSNR in dB; None where there is none, as at the sharp level itself."""
    difference = after.psnr - before.psnr
    return difference if math.isfinite(difference) else None


def real_table(records: SeriesRecords) -> Table:
    """Set every level before and after restoration beside each other: a group for each method and number of passes."""
    before = by_level(records, BLURRED, 0)
    about = records.about
    light = light_of(about)
    shared: dict[str, Cell] = {"set": about["set"], "run": about.get("run"), "light": light}
    groups, hurts, failures = [], [], []
    for row, passes in attempts_in(records):
        after = by_level(records, row, passes)
        cells = [_row(before[level], each, before) for level, each in after.items() if level in before]
        worse = [str(cell["level"]) for cell in cells if cell["verdict"] == HURT]
        hurts += [f"{title(row, passes)} at {', '.join(worse)}"] if worse else []
        failures += [
            f"{title(row, passes)}: {each.image} failed: {each.reason}." for each in after.values() if each.reason
        ]
        method: dict[str, Cell] = {"method": row, "passes": passes}
        groups.append(Group(f"{about['set']}: {title(row, passes)}", cells, shared | method, {}))
    failures += [f"{each.image} failed as it was taken: {each.reason}." for each in before.values() if each.reason]
    reference = (
        f"Level {about['reference']} stands for the sharp image; its own row shows what restoring changes in it."
    )
    hurt = f"Restoring hurts: {'; '.join(hurts)} (levels)." if hurts else "Restoring hurts at no level."
    decoded = (
        "Light: linear, values as they are." if light == "linear" else f"Light: {light}, decoded and encoded again."
    )
    notes = (*_NOTES, decoded, reference, *_mixtures(before), _rise(before), hurt, *failures)
    return Table("real", _COLUMNS, tuple(groups), notes)


def _row(before: LevelFigures, after: LevelFigures, every: dict[float, LevelFigures]) -> dict[str, Cell]:
    found, added = before.registration, gain(before, after)
    return {
        "level": f"{before.level:g}",
        "image": before.image,
        "matching_sigma": found.sigma if before.is_done else None,
        "matching_least": before.matching_least,
        "matching_most": before.matching_most,
        "sigma": before.sigma,
        "sigma_std": _std(before),
        "rises": _rises(before.level, every),
        "restored_sigma": after.sigma,
        "restored_sigma_std": _std(after),
        "sharpness": _share(before),
        "restored_sharpness": _share(after),
        "psnr": _known(before.psnr),
        "restored_psnr": _known(after.psnr),
        "gain": added,
        "verdict": None if added is None else _verdict(added),
        "passes_made": str(after.passes_made) if after.is_done else None,
        "correlation": found.correlation,
        "magnification": found.magnification,
        "row_shift": found.row_shift,
        "column_shift": found.column_shift,
        "grey_gain": found.gain,
        "grey_offset": found.offset,
        "seconds": after.seconds,
        "megapixels": after.megapixels,
        "reason": after.reason,
    }


def _verdict(added: float) -> str:
    if abs(added) < _SAME:
        return "same"
    return HURT if added < 0 else "better"


def _rises(level: float, every: dict[float, LevelFigures]) -> str | None:
    """Whether the width is larger than at the neighbour that is nearer to the sharp level."""
    nearer = [each for each in every if abs(each) < abs(level) and each * level >= 0]
    if not nearer or every[level].sigma is None:
        return None
    pairs = falls(list(every), [each.sigma for each in every.values()])
    return "no" if level in {outer for _, outer in pairs} else "yes"


def _rise(before: dict[float, LevelFigures]) -> str:
    widths = [each.sigma for each in before.values()]
    pairs = falls(list(before), widths)
    if not pairs:
        return "The width measured before restoration rises with every level."
    words = (f"{one:g} to {two:g} ({before[one].sigma:.2f} to {before[two].sigma:.2f} px)" for one, two in pairs)
    return f"The width measured before restoration does not rise from level {', '.join(words)}."


def _mixtures(before: dict[float, LevelFigures]) -> list[str]:
    """Say which levels differ from the sharp one by more than one blur."""
    found = {level: each.registration.correlation for level, each in before.items() if each.is_done}
    words = [f"{level:g} ({value:.3f})" for level, value in found.items() if value < _SAME_SCENE]
    if not words:
        return []
    return [
        f"Not the sharp level with one blur, by the correlation with it when it is made to match: {', '.join(words)}. "
        "Depth, motion or light differ too, and the figures are of mixtures."
    ]


def _std(figures: LevelFigures) -> float | None:
    if figures.sigma is None or figures.sigma_relative_std is None:
        return None
    return figures.sigma * figures.sigma_relative_std


def _share(figures: LevelFigures) -> float | None:
    return _known(figures.sharpness / figures.reference_sharpness) if figures.reference_sharpness else None


def _known(value: float) -> float | None:
    """A figure, infinite ones too; None for none."""
    return None if math.isnan(value) else value
