"""Pictures of what a wrong width of the blur costs: one image restored with three kernels, and PSNR over all widths."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from torch import Tensor

from pinsharp.bench.engine.methods import BLURRED, TRUE_KERNEL
from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.sensitivity.setting import ESTIMATED, Setting, parts
from pinsharp.bench.show.figures import FONT, GREY, PSNRS, method_styles, new_figure, tidy
from pinsharp.bench.show.sheet import Box, Version, draw_sheet, most_damaged
from pinsharp.bench.show.typeset import Table
from pinsharp.data.testset import BlurredPair


@dataclass(frozen=True)
class Shown:
    """A restoration: its figures, of what it was made, and the image (1, C, H, W)."""

    figures: Measurement
    pair: BlurredPair
    image: Tensor


_LONG_LABEL = 28  # letters, of which two fit side by side


def draw_fig4(shown: Sequence[Shown], setting: Setting, *, estimator: str, box: Box | None = None) -> Figure:
    """Draw the restorations of one image side by side: the detail that the blur has hurt most, or another."""
    pair = shown[0].pair
    # Of all methods but the first, what a user gets: the restoration with the estimated kernel.
    first, _ = parts(shown[1].figures.row)
    rows = [(each, *parts(each.figures.row)) for each in shown]
    chosen = [each for each, method, assumed in rows if assumed in (None, ESTIMATED) or method == first]
    versions = [Version(_label(each.figures, setting, estimator), each.image) for each in chosen]
    versions.append(Version("original\n ", pair.sharp))
    whole = Version(f"{pair.path.name}, blurred by a Gaussian\nof sigma {setting.true:g} px", pair.blurred)
    return draw_sheet(whole, versions, box or most_damaged(pair.sharp, pair.blurred))


def draw_curve(curve: Table, table: Table, setting: Setting, *, psnr: str = "mean") -> Figure:
    """Draw PSNR against the assumed sigma, a line a method, and its PSNR with the estimated kernel as a level."""
    figure = new_figure(4.2, 3.8)
    axes = figure.subplots()
    rows, means = curve.groups[0].rows, table.groups[0].rows
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


def _label(figures: Measurement, setting: Setting, estimator: str) -> str:
    kernels = {setting.true: f"true sigma {setting.true:g}", setting.wrong: f"sigma {setting.wrong:g} (wrong)"}
    method, assumed = parts(figures.row)
    if assumed is None:
        what = method
    elif assumed == ESTIMATED:
        what = f"{method}, blind" if method == estimator else f"{method}, kernel of {estimator}"
    else:
        what = f"{method}, {kernels[float(assumed)]}"
    return f"{what}\n{figures.psnr:.2f} dB, SSIM {figures.ssim:.3f}"
