"""Pictures of what a wrong width of the blur costs: one image restored with three kernels, and PSNR over all widths."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from pinsharp.bench.quality.contenders import BLURRED
from pinsharp.bench.quality.plots import PSNRS
from pinsharp.bench.quality.records import TRUE_KERNEL
from pinsharp.bench.sensitivity.study import ESTIMATED, Setting, Trial
from pinsharp.bench.show.figures import FONT, GREY, method_styles, new_figure, tidy
from pinsharp.bench.show.sheet import Box, Version, draw_sheet, most_damaged
from pinsharp.bench.show.typeset import Table

_LONG_LABEL = 28  # letters, of which two fit side by side


def draw_fig4(shown: Sequence[Trial], setting: Setting, *, estimator: str, box: Box | None = None) -> Figure:
    """Draw the restorations of one image side by side: the detail that the blur has hurt most, or another.

    Args:
        shown: Trials of one image that `is_shown` says are shown.
        setting: Theirs.
        estimator: Name of what estimated the kernels.
        box: The detail.
    """
    pair = shown[0].pair
    # Of all methods but the first, what a user gets: the restoration with the estimated kernel.
    chosen = [each for each in shown if each.assumed in (None, ESTIMATED) or each.method == shown[1].method]
    versions = [Version(_label(each, setting, estimator), each.image) for each in chosen]
    versions.append(Version("original\n ", pair.sharp))
    whole = Version(f"{pair.path.name}, blurred by a Gaussian\nof sigma {setting.true:g} px", pair.blurred)
    return draw_sheet(whole, versions, box or most_damaged(pair.sharp, pair.blurred))


def draw_curve(curve: Table, table: Table, setting: Setting, *, psnr: str = "mean") -> Figure:
    """Draw PSNR against the assumed sigma, a line a method, and its PSNR with the estimated kernel as a level.

    Args:
        curve: From `fig4_curve`.
        table: From `fig4`.
        setting: Theirs.
        psnr: Which PSNR, a key of `PSNRS`.
    """
    figure = new_figure(4.2, 3.8)
    axes = figure.subplots()
    rows: Sequence[Mapping[str, Any]] = curve.groups[0].rows
    means: Sequence[Mapping[str, Any]] = table.groups[0].rows
    names = list(dict.fromkeys(str(row["method"]) for row in rows))
    for name, style in method_styles(names, true_kernel=TRUE_KERNEL).items():
        own = [row for row in rows if row["method"] == name]
        axes.plot([row["assumed"] for row in own], [row[f"{psnr}_psnr"] for row in own], label=name, **style)
        for row in means:
            if (row["method"], row["assumed"]) == (name, ESTIMATED):
                label = f"{name}, kernel {row['kernel']}".replace("kernel estimated by", "kernel of")
                axes.axhline(row[f"{psnr}_psnr"], color=style["color"], linewidth=1, linestyle=(0, (1, 2)), label=label)
    blurred = next(row for row in means if row["method"] == BLURRED)
    axes.axhline(blurred[f"{psnr}_psnr"], color=GREY, linewidth=1, label=BLURRED)
    for width, what in ((setting.true, "true"), (setting.wrong, "wrong")):
        axes.axvline(width, color="0.75", linewidth=0.8, zorder=0)
        place = (width, 1.0)
        axes.annotate(what, place, xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=FONT)
    axes.set(xlabel="assumed sigma, pixels", ylabel=PSNRS[psnr])
    tidy(axes)
    labels = [str(line.get_label()) for line in axes.get_lines()]
    beside = 2 if max(map(len, labels)) < _LONG_LABEL else 1
    figure.legend(loc="outside lower left", frameon=False, fontsize=FONT, handlelength=3, ncols=beside)
    return figure


def _label(trial: Trial, setting: Setting, estimator: str) -> str:
    kernels = {setting.true: f"true sigma {setting.true:g}", setting.wrong: f"sigma {setting.wrong:g} (wrong)"}
    if trial.assumed is None:
        what = trial.method
    elif trial.assumed == ESTIMATED:
        what = f"{trial.method}, blind" if trial.method == estimator else f"{trial.method}, kernel of {estimator}"
    else:
        what = f"{trial.method}, {kernels[float(trial.assumed)]}"
    return f"{what}\n{trial.figures.psnr:.2f} dB, SSIM {trial.figures.ssim:.3f}"
