"""A picture of the profile of a camera: kernel, edge spread, transfer function, field, focus and noise."""

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pinsharp.blur.measured import Blur, EdgeSpread, Focus, LocalKernel, Mtf, Noise
from pinsharp.blur.profile import Profile
from pinsharp.profiling.edge import FREQUENCIES
from pinsharp.profiling.optics import Shape, edge_profile
from pinsharp.words import printable

BLUE, GREY, RED = "#0072B2", "#9A9A9A", "#D55E00"
_DPI = 150


def draw(profile: Profile, *, title: str, kind: str) -> bytes:
    """Draw a profile; `kind` is png, pdf or svg."""
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    figure.suptitle(printable(title), parse_math=False)
    axes = figure.subplots(2, 3)
    own, edge = profile.own_softness, _middle_edge(profile)
    _draw_kernel(axes[0, 0], own)
    _draw_spread(axes[0, 1], own, edge.edge_spread if edge else None)
    _draw_mtf(axes[0, 2], own, edge.mtf if edge else None)
    _draw_field(axes[1, 0], figure, profile)
    _draw_focus(axes[1, 1], profile.focus)
    _draw_noise(axes[1, 2], profile.noise)
    target = io.BytesIO()
    figure.savefig(target, format=kind, dpi=_DPI, metadata={"Software": None} if kind == "png" else None)
    return target.getvalue()


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
    axes.set(xlabel=f"px; sigma {own.sigma:.2f} px ({own.low:.2f} to {own.high:.2f}), {own.family}")
    return None


def _draw_spread(axes: Axes, own: Blur | None, spread: EdgeSpread | None) -> None:
    axes.set_title("Edge spread", fontsize="medium")
    if own is None and spread is None:
        return _missing(axes, "not measured")
    if own is not None:
        profile = edge_profile(_shape(own), 0.0, 6.0)
        near = np.abs(profile.distance) < max(6.0, 3 * own.sigma)
        axes.plot(profile.distance[near], profile.level[near], color=GREY, label="kernel in focus")
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
        axes.plot(frequency, np.abs(_shape(own).through_pixels(frequency, 0.0)), color=GREY, label="kernel in focus")
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
    axes.plot(fine, model, color=GREY, label=f"{focus.slope:.3g} px a {focus.unit}")
    axes.axvline(focus.best, color=RED, linewidth=1, label=f"best {focus.best:.4g} {focus.unit}")
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
