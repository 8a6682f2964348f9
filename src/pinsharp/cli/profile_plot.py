"""A picture of the profile of a camera: kernel, edge spread, transfer function, field, focus and noise.

Widths of both directions, and of colours, are beside them where the profile has either.
"""

import io
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from pinsharp.blur.astigmatism import Astigmatism
from pinsharp.blur.colours import ColourWidths
from pinsharp.blur.measured import Blur, EdgeSpread, Focus, LocalKernel, Mtf, Noise
from pinsharp.blur.profile import Profile
from pinsharp.profiling.edge import FREQUENCIES
from pinsharp.profiling.optics import Shape, edge_profile
from pinsharp.words import printable

BLUE, GREY, RED, GREEN = "#0072B2", "#9A9A9A", "#D55E00", "#009E73"
_DPI = 150
_COLUMN = 4.0  # inches
_CROSSES = 8  # on the circle where widths by the radius hold
_ARM = 0.09  # half the longer width, as a share of the image's smaller side


def draw(profile: Profile, *, title: str, kind: str) -> bytes:
    """Draw a profile; `kind` is png, pdf or svg."""
    target = io.BytesIO()
    metadata = {"Software": None} if kind == "png" else None
    figure_of(profile, title).savefig(target, format=kind, dpi=_DPI, metadata=metadata)
    return target.getvalue()


def figure_of(profile: Profile, title: str) -> Figure:
    """The picture of a profile: six panels, and two more where directions or colours differ."""
    has_more = profile.astigmatism is not None or profile.colour_widths is not None
    columns = 4 if has_more else 3
    figure = Figure(figsize=(columns * _COLUMN, 7.2), layout="constrained")
    figure.suptitle(printable(title), parse_math=False)
    axes = figure.subplots(2, columns)
    own, edge = profile.own_softness, _middle_edge(profile)
    _draw_kernel(axes[0, 0], own)
    _draw_spread(axes[0, 1], own, edge.edge_spread if edge else None)
    _draw_mtf(axes[0, 2], own, edge.mtf if edge else None)
    _draw_field(axes[1, 0], figure, profile)
    _draw_focus(axes[1, 1], profile.focus)
    _draw_noise(axes[1, 2], profile.noise)
    if has_more:
        _draw_directions(axes[0, 3], profile)
        _draw_colours(axes[1, 3], profile.colour_widths)
    return figure


def _middle_edge(profile: Profile) -> LocalKernel | None:
    """The edge of the middle width."""
    edges = sorted((each for each in profile.of("edge") if each.mtf), key=lambda each: each.blur.sigma)
    return edges[len(edges) // 2] if edges else None


def _missing(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, ha="center", va="center", color="0.4", transform=axes.transAxes)
    axes.set(xticks=[], yticks=[])


def _shape(blur: Blur) -> Shape:
    return Shape(max(blur.sigma, 1e-3), blur.disk_share or 0.0)


def _draw_kernel(axes: Axes, own: Blur | None) -> None:
    axes.set_title("Kernel in focus", fontsize="medium")
    if own is None:
        return _missing(axes, "not measured")
    kernel: NDArray[np.float32] = own.kernel[0, 0].numpy()
    half = len(kernel) / 2
    axes.imshow(kernel, cmap="gray", extent=(-half, half, half, -half))
    axes.set(ylabel="px", xlabel=f"px; sigma {own.sigma:.2f} px ({own.low:.2f} to {own.high:.2f}), {own.family}")
    return None


def _draw_spread(axes: Axes, own: Blur | None, spread: EdgeSpread | None) -> None:
    axes.set_title("Edge spread", fontsize="medium")
    if own is None and spread is None:
        return _missing(axes, "not measured")
    if own is not None:
        profile = edge_profile(_shape(own), 0.0, 6.0)
        near = np.abs(profile.distance) < max(6.0, 3 * own.sigma)
        axes.plot(profile.distance[near], profile.level[near], "--", color=GREY, label="kernel in focus")
    if spread is not None:
        axes.plot(spread.distance, spread.level, color=BLUE, label=f"edge, overshoot {100 * spread.overshoot:.1f} %")
    axes.set(xlabel="px from the edge", ylabel="share of the step")
    axes.legend(frameon=False, fontsize="small")
    return None


def _draw_mtf(axes: Axes, own: Blur | None, mtf: Mtf | None) -> None:
    axes.set_title("Transfer function, with pixels", fontsize="medium")
    if own is None and mtf is None:
        return _missing(axes, "not measured")
    if own is not None:
        frequency = np.array(FREQUENCIES)
        contrast = np.abs(_shape(own).through_pixels(frequency, 0.0))
        axes.plot(frequency, contrast, "--", color=GREY, label="kernel in focus")
    if mtf is not None:
        axes.fill_between(mtf.frequency, mtf.low, mtf.high, color=BLUE, alpha=0.25, label="90 % interval")
        half = "above 0.5" if mtf.mtf50 is None else f"{mtf.mtf50:.3f}"
        axes.plot(mtf.frequency, mtf.contrast, color=BLUE, label=f"edge, MTF50 {half}")
    axes.axhline(0.5, color="0.8", linewidth=0.8)
    axes.axhline(0.1, color="0.8", linewidth=0.8)
    axes.set(xlabel="cycles a pixel", ylabel="contrast", xlim=(0, 0.75), ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    return None


def _draw_field(axes: Axes, figure: Figure, profile: Profile) -> None:
    axes.set_title("Width over the field", fontsize="medium")
    kernels = [each for each in profile.kernels if each.source != "stack"] or _nearest_focus(profile)
    if not kernels:
        return _missing(axes, "no places")
    columns, rows, widths = zip(*((each.column, each.row, each.blur.sigma) for each in kernels), strict=True)
    shown = axes.scatter(columns, rows, c=widths, s=60, cmap="viridis", edgecolors="black", linewidths=0.5)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="sigma, px")
    axes.set(xlim=(0, profile.width), ylim=(profile.height, 0), aspect="equal", xlabel="column, px", ylabel="row, px")
    return None


def _nearest_focus(profile: Profile) -> list[LocalKernel]:
    """What the stack says of the field at the position nearest to best focus."""
    stack, focus = profile.of("stack"), profile.focus
    if not stack or focus is None:
        return []
    nearest = min((each.focus or 0.0 for each in stack), key=lambda position: abs(position - focus.best))
    return [each for each in stack if each.focus == nearest]


def _draw_focus(axes: Axes, focus: Focus | None) -> None:
    axes.set_title("Width through the focus", fontsize="medium")
    if focus is None:
        return _missing(axes, "no stack")
    position = np.array([step.position for step in focus.steps])
    sigma, low, high = (
        np.array([getattr(step.blur, name) for step in focus.steps]) for name in ("sigma", "low", "high")
    )
    axes.errorbar(position, sigma, [sigma - low, high - sigma], fmt="o", color=BLUE, markersize=4, label="measured")
    fine = np.linspace(position.min(), position.max(), 200)
    least = max(float(sigma.min()) ** 2 - float(np.min(np.abs(position - focus.best)) * focus.slope) ** 2, 0.0)
    size = np.interp(fine, position, [step.magnification for step in focus.steps])
    model = np.sqrt(least + (size * focus.slope * (fine - focus.best)) ** 2)
    axes.plot(fine, model, color=GREY, label=f"{focus.slope:.3g} px per {focus.unit.removesuffix('s')}")
    axes.axvline(focus.best, color=RED, linewidth=1, linestyle="--", label=f"best {focus.best:.4g} {focus.unit}")
    axes.set(xlabel=f"focus, {focus.unit}", ylabel="sigma, px", ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    return None


def _draw_noise(axes: Axes, noise: Noise | None) -> None:
    axes.set_title("Noise against signal", fontsize="medium")
    if noise is None:
        return _missing(axes, "not measured")
    signal = np.linspace(0, 1, 100)
    axes.plot(noise.signal, 255 * np.array(noise.std), "o", color=BLUE, markersize=4, label=noise.way)
    axes.plot(signal, [255 * noise.std_at(float(value)) for value in signal], color=GREY, label="read and shot noise")
    axes.set_ylim(0, 1.2 * 255 * max(*noise.std, noise.std_at(1.0)))
    axes.set(xlabel="signal, share of white", ylabel="standard deviation, 1/255", ylim=(0, None))
    axes.legend(frameon=False, fontsize="small")
    return None


def _draw_directions(axes: Axes, profile: Profile) -> None:
    axes.set_title("Widths of both directions", fontsize="medium")
    found = profile.astigmatism
    if found is None:
        return _missing(axes, "no difference seen")
    names = ("tangential", "sagittal") if found.angle is None else (f"along {found.angle:.0f}°", "across")
    directions = tuple(zip(names, (found.along, found.across), (0.0, math.pi / 2), ("-", ":"), strict=True))
    side = min(profile.height, profile.width)
    scale = _ARM * side / max(found.along.sigma, found.across.sigma)
    for row, column, angle in _crosses(found, profile.height, profile.width):
        for _, blur, turn, style in directions:
            right, down = (scale * blur.sigma * part for part in (math.cos(angle + turn), math.sin(angle + turn)))
            axes.plot([column - right, column + right], [row - down, row + down], style, color="black", linewidth=2)
    for name, blur, _, style in directions:
        words = f"{name} {blur.sigma:.2f} px ({blur.low:.2f} to {blur.high:.2f})"
        axes.plot([], [], style, color="black", linewidth=2, label=words)
    axes.add_patch(Rectangle((0, 0), profile.width, profile.height, fill=False, edgecolor=GREY))
    where = f"{found.distance:.0f} px from the middle" if found.angle is None else "all over the image"
    room = 1.2 * _ARM * side
    axes.set(xlim=(-room, profile.width + room), ylim=(profile.height + room, -room), aspect="equal", xlabel=where)
    axes.set(xticks=[], yticks=[], frame_on=False)
    axes.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.08))
    return None


def _crosses(found: Astigmatism, height: int, width: int) -> list[tuple[float, float, float]]:
    """Places of the image, row and column, at which widths hold, and the angle of the first in radians from the rows.

    On the circle where widths by the radius hold, as far as it lies in the image, and all over it otherwise.
    """
    if found.angle is not None:
        shares = (0.2, 0.5, 0.8)
        return [(row * height, column * width, math.radians(found.angle)) for row in shares for column in shares]
    middle, reach = ((height - 1) / 2, (width - 1) / 2), found.distance
    turns = [2 * math.pi * (number + 0.5) / _CROSSES for number in range(_CROSSES)]
    places = [(middle[0] + reach * math.sin(turn), middle[1] + reach * math.cos(turn), turn) for turn in turns]
    return [(row, column, turn) for row, column, turn in places if 0 <= row < height and 0 <= column < width]


def _draw_colours(axes: Axes, found: ColourWidths | None) -> None:
    axes.set_title("Widths of colours", fontsize="medium")
    if found is None:
        return _missing(axes, "no difference seen")
    names = ("red", "green", "blue")
    for place, (blur, colour, marker) in enumerate(
        zip((found.red, found.green, found.blue), (RED, GREEN, BLUE), "s^o", strict=True)
    ):
        beyond = [[blur.sigma - blur.low], [blur.high - blur.sigma]]
        axes.errorbar([place], [blur.sigma], beyond, fmt=marker, color=colour, capsize=4)
        axes.annotate(f"{blur.sigma:.2f}", (place, blur.sigma), (8, 0), textcoords="offset points", va="center")
    axes.set(xticks=range(3), xticklabels=names, xlim=(-0.5, 2.6), ylabel="sigma, px", xlabel="bars: 90 % intervals")
    return None
