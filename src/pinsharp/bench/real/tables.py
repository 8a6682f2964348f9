"""Tables of focus series: every level before and after restoration, the worst first, and its fine detail."""

import math
from collections.abc import Sequence

from pinsharp.bench.engine.methods import BLURRED, title
from pinsharp.bench.real.detail import OCTAVES
from pinsharp.bench.real.records import (
    LevelFigures,
    SeriesRecords,
    attempts_in,
    by_level,
    gain,
    light_of,
    lights,
    name_of,
    pairs_in,
)
from pinsharp.bench.real.series import falls
from pinsharp.bench.show.typeset import Cell, Column, Group, Table

HURT = "worse"  # what stands behind a level where restoring has made PSNR smaller
_SAME_SCENE = 0.98  # correlation below which an image is no uniformly defocused version of the sharp level
_MOST_NAMED = 6  # levels that a sentence names; more it counts
_SAME = 0.005  # dB: what is printed as 0.00

_COLUMNS = (
    *(Column("set"), Column("run"), Column("method"), Column("passes"), Column("series", "series")),
    *(Column("light"), Column("level", "level"), Column("image"), Column("fitted_sigma", "fitted sigma, px", 2)),
    *(Column("fitted_shape", "shape"), Column("fitted_disk"), Column("fitted_gaussian"), Column("fitted_residual")),
    *(Column("matching_sigma"), Column("matching_least", "least", 2), Column("matching_most", "most", 2)),
    *(Column("sigma", "sigma, px", 2), Column("sigma_std", "±", 2), Column("rises", "rises")),
    *(Column("used_sigma", "used sigma, px", 2), Column("used_std")),
    *(Column("restored_sigma", "restored sigma, px", 2), Column("restored_sigma_std")),
    *(Column("sharpness", "sharpness, %", 0, factor=100), Column("restored_sharpness", "restored, %", 0, factor=100)),
    *(Column("psnr", "PSNR, dB", 2), Column("restored_psnr", "restored PSNR, dB", 2)),
    *(Column("gain", "gain, dB", 2, signed=True), Column("verdict", "verdict")),
    *(Column("over_richardson_lucy", "over R-L, dB", 2, signed=True), Column("ssim"), Column("restored_ssim")),
    *(Column("ssim_gain", "SSIM gain", 3, signed=True), Column("passes_made"), Column("is_registered")),
    *(Column("correlation"), Column("magnification"), Column("row_shift"), Column("column_shift")),
    *(Column("grey_gain"), Column("grey_offset"), Column("seconds"), Column("megapixels"), Column("reason")),
)
_NOTES = (
    "Fitted sigma: width of the disc that best turns the registered sharp level into the image, half its radius; no "
    "estimator has a part in it. Shape: whether a disc or a Gaussian explains more. Least and most: the width that "
    "matches in parts of the image; where they differ, no single kernel fits. Sigma: width that the estimator measures "
    "in the image, with its own standard deviation; it includes the softness that the sharp level has already, and the "
    "fitted one does not. Used sigma: what the method restored with.",
    "Sharpness: Vollath's autocorrelation measure (1987), which white noise does not raise, as a share of that of the "
    "sharp level over the same pixels. Invented detail raises it too: above 100 %, look at the picture.",
    "PSNR: of luma against the sharp level, which was registered with the image before restoration (shift, "
    "magnification, gain, offset) and serves before and after; border cut. The sharp level has noise of its own.",
    "Over R-L: PSNR above that of 15 iterations of Richardson-Lucy with the very kernel that the method used.",
)
_DETAIL_COLUMNS = (
    *(Column("method"), Column("passes"), Column("series", "series"), Column("level", "level")),
    *(Column("fitted_sigma", "fitted sigma, px", 2), Column("band", "cycles a pixel")),
    *(Column("correlation", "correlation", 2), Column("restored_correlation", "restored", 2)),
    *(Column("contrast", "contrast", 2), Column("restored_contrast", "restored", 2)),
)
_DETAIL_NOTES = (
    "How much of the detail in each octave of spatial frequency is right, as it was taken and restored. Correlation "
    "with the sharp level: 1 for the same structure. Contrast: grey levels of the image for a grey level of the sharp "
    "one; 1 for all of it. Noise of the sharp level counts as detail that is missing.",
)


def real_table(records: SeriesRecords) -> Table:
    """Set every level before and after restoration beside each other: a group for each row, the worst level first."""
    about = records.about
    groups, hurts, failures = [], [], []
    for row, passes in attempts_in(records):
        pairs = _worst_first(pairs_in(records, row, passes))
        cells = [_row(records, before, after) for before, after in pairs]
        worse = [_where(records, after) for before, after in pairs if _verdict(gain(before, after)) == HURT]
        named = ", ".join(worse) if len(worse) <= _MOST_NAMED else f"{len(worse)} of {len(pairs)}"
        hurts += [f"{title(row, passes)} at {named}"] if worse else []
        failures += [
            f"{title(row, passes)}: {after.place} failed: {after.reason}." for _, after in pairs if after.reason
        ]
        shared: dict[str, Cell] = {"set": about["set"], "run": about.get("run"), "method": row, "passes": passes}
        groups.append(Group(title(row, passes), cells, shared, {}))
    taken = [each for each in records.figures if each.row == BLURRED]
    failures += [f"{each.place} failed as it was taken: {each.reason}." for each in taken if each.reason]
    hurt = f"Restoring hurts: {'; '.join(hurts)} (levels)." if hurts else "Restoring hurts at no level."
    notes = (
        *_NOTES,
        lights(records),
        _references(records),
        *_mixtures(records, taken),
        *_strangers(records, taken),
        hurt,
        *failures,
    )
    return Table("real", _COLUMNS, tuple(groups), notes)


def detail_table(records: SeriesRecords) -> Table:
    """Set fine detail before and after restoration beside each other, by octave of frequency and in the region."""
    groups = []
    for row, passes in attempts_in(records):
        pairs = _worst_first(pairs_in(records, row, passes))
        cells = [cell for pair in pairs for cell in _detail_rows(records, *pair)]
        groups.append(Group(title(row, passes), cells, {"method": row, "passes": passes}, {}))
    return Table("real-detail", _DETAIL_COLUMNS, tuple(groups), _DETAIL_NOTES)


def _worst_first(pairs: Sequence[tuple[LevelFigures, LevelFigures]]) -> list[tuple[LevelFigures, LevelFigures]]:
    """By gain; levels without one stand last."""

    def place(pair: tuple[LevelFigures, LevelFigures]) -> float:
        added = gain(*pair)
        return math.inf if added is None else added

    return sorted(pairs, key=place)


def _row(records: SeriesRecords, before: LevelFigures, after: LevelFigures) -> dict[str, Cell]:
    found, added = before.registration, gain(before, after)
    baseline = after.richardson_lucy_psnr
    return {
        "series": name_of(records, before.series),
        "light": light_of(records, before.series),
        "level": f"{before.level:g}",
        "image": before.image,
        **{name: getattr(before, name) for name in _FITTED},
        "matching_sigma": found.sigma if before.is_done else None,
        "matching_least": before.matching_least,
        "matching_most": before.matching_most,
        "sigma": before.sigma,
        "sigma_std": _std(before.sigma, before.sigma_relative_std),
        "rises": _rises(before.level, by_level(records, BLURRED, 0, before.series)),
        "used_sigma": after.used_sigma,
        "used_std": _std(after.used_sigma, after.used_relative_std),
        "restored_sigma": after.sigma,
        "restored_sigma_std": _std(after.sigma, after.sigma_relative_std),
        "sharpness": _share(before),
        "restored_sharpness": _share(after),
        "psnr": _known(before.psnr),
        "restored_psnr": _known(after.psnr),
        "gain": added,
        "verdict": _verdict(added),
        "over_richardson_lucy": None if baseline is None else _finite(after.psnr - baseline),
        "ssim": before.ssim,
        "restored_ssim": after.ssim,
        "ssim_gain": None if before.ssim is None or after.ssim is None or added is None else after.ssim - before.ssim,
        "passes_made": str(after.passes_made) if after.is_done else None,
        "is_registered": "yes" if before.is_registered else "no",
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


_FITTED = ("fitted_sigma", "fitted_shape", "fitted_disk", "fitted_gaussian", "fitted_residual")


def _detail_rows(records: SeriesRecords, before: LevelFigures, after: LevelFigures) -> list[dict[str, Cell]]:
    """A line for each band, and for the region; none of what could not be compared."""
    names = [f"{low:.3g} to {high:.3g}" for low, high in OCTAVES]
    parts = [*zip(names, before.octaves, after.octaves, strict=False), ("region", before.region, after.region)]
    level: dict[str, Cell] = {
        "series": name_of(records, before.series),
        "level": f"{before.level:g}",
        "fitted_sigma": before.fitted_sigma,
    }
    return [
        {
            **level,
            "band": band,
            "correlation": one.correlation,
            "restored_correlation": two.correlation,
            "contrast": one.contrast,
            "restored_contrast": two.contrast,
        }
        for band, one, two in parts
        if one is not None and two is not None
    ]


def _verdict(added: float | None) -> str | None:
    if added is None or abs(added) < _SAME:
        return None if added is None else "same"
    return HURT if added < 0 else "better"


def _rises(level: float, every: dict[float, LevelFigures]) -> str | None:
    """Whether the width is larger than at the neighbour that is nearer to the sharp level."""
    nearer = [each for each in every if abs(each) < abs(level) and each * level >= 0]
    if not nearer or every[level].sigma is None:
        return None
    pairs = falls(list(every), [each.sigma for each in every.values()])
    return "no" if level in {outer for _, outer in pairs} else "yes"


def _references(records: SeriesRecords) -> str:
    """Say which level stands for the sharp image of each series."""
    about = records.about
    named = {name: one["reference"] for name, one in about.get("series", {about["set"]: about}).items()}
    only = len(named) == 1
    words = ", ".join(level if only else f"{level} ({name})" for name, level in named.items())
    return f"Level {words} stands for the sharp image; its own row shows what restoring changes in it."


def _mixtures(records: SeriesRecords, taken: Sequence[LevelFigures]) -> list[str]:
    """Say which levels differ from the sharp one by more than one blur."""
    mixed = [
        each for each in taken if each.is_done and each.is_registered and each.registration.correlation < _SAME_SCENE
    ]
    words = [f"{_where(records, each)} ({each.registration.correlation:.3f})" for each in mixed]
    if not words:
        return []
    return [
        f"Not the sharp level with one blur, by the correlation with it when it is made to match: {', '.join(words)}. "
        "Depth, motion or light differ too, and the figures are of mixtures."
    ]


def _strangers(records: SeriesRecords, taken: Sequence[LevelFigures]) -> list[str]:
    """Say which levels could not be registered."""
    words = [_where(records, each) for each in taken if each.is_done and not each.is_registered]
    if not words:
        return []
    return [f"Not registered, and left out of all that compares with the sharp level: {', '.join(words)} (levels)."]


def _where(records: SeriesRecords, figures: LevelFigures) -> str:
    is_one_of_many = len(records.about.get("series", ())) > 1
    return f"{figures.series} {figures.level:g}" if is_one_of_many else f"{figures.level:g}"


def _std(sigma: float | None, relative: float | None) -> float | None:
    return None if sigma is None or relative is None else sigma * relative


def _share(figures: LevelFigures) -> float | None:
    return _known(figures.sharpness / figures.reference_sharpness) if figures.reference_sharpness else None


def _known(value: float) -> float | None:
    """A figure, infinite ones too; None for none."""
    return None if math.isnan(value) else value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
