"""Pictures of a run: its curves, and held-out crops blurred, restored and sharp."""

from pathlib import Path
from statistics import mean
from typing import Any

from torch import Tensor

from pinsharp.blur.field import noise_level
from pinsharp.data.synthesis import Batch

SMOOTHING = 20
"""The loss is drawn as the mean over as many lines of the log: that of a single batch says little."""


def save_pictures(folder: Path, log: list[dict[str, Any]], batch: Batch, restored: Tensor, *, is_blind: bool) -> None:
    """Draw `curves.png` and `crops.png` into the folder of a run; what its net cannot say is left out of the curves.

    The crops are validation pairs and their restorations (B, C, H, W), blind or with the true kernels.
    """
    _save_curves(folder / "curves.png", log)
    middle = "restored, blind" if is_blind else "restored with the true kernel"
    _save_crops(folder / "crops.png", {"blurred": batch.blurred, middle: restored, "sharp": batch.sharp}, batch)


def _save_curves(path: Path, log: list[dict[str, Any]]) -> None:
    from matplotlib.figure import Figure

    checked = [record for record in log if "blurred_psnr" in record]
    knows_width = any("width_error" in record for record in checked)
    figure = Figure(figsize=(10 if knows_width else 7, 3.6), layout="constrained")
    loss, quality, *width = figure.subplots(1, 3 if knows_width else 2)
    for stage in sorted({record["stage"] for record in log}):
        records = [record for record in log if record["stage"] == stage]
        label = f"{stage + 1} {records[0]['kind']}"
        loss.plot([r["crops"] for r in records], _smoothed([r["loss"] for r in records]), label=label, lw=1)
    crops = [record["crops"] for record in checked]
    for key, label, style in (
        ("psnr", "true kernel", "-"),
        ("blind_psnr", "blind", "--"),
        ("blurred_psnr", "blurred", ":"),
    ):
        if any(key in record for record in checked):
            quality.plot(crops, [record[key] for record in checked], style, label=label)
    for axes in width:
        axes.plot(crops, [100 * record["width_error"] for record in checked])
        if any(record["width_error"] > 0 for record in checked):
            axes.set_yscale("log")
    titles = ("loss", "validation PSNR, dB", "median width error, %")
    for axes, title in zip((loss, quality, *width), titles, strict=False):
        axes.set(title=title, xlabel="crops seen")
        axes.grid(alpha=0.3)
    loss.legend()
    quality.legend()
    figure.savefig(path, dpi=110)


def _smoothed(values: list[float]) -> list[float]:
    """Mean of each value and those before it."""
    return [mean(values[max(0, end - SMOOTHING) : end]) for end in range(1, len(values) + 1)]


def _save_crops(path: Path, columns: dict[str, Tensor], batch: Batch, rows: int = 4) -> None:
    from matplotlib.figure import Figure

    count = min(rows, batch.sharp.shape[0])
    figure = Figure(figsize=(8, 2.7 * count), layout="constrained")
    grid = figure.subplots(count, len(columns), squeeze=False)
    for row in range(count):
        for axes, (title, images) in zip(grid[row], columns.items(), strict=True):
            picture = images[row].detach().float().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
            axes.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=1)
            axes.set_title(f"{title}  {_describe(batch, row)}" if title == "blurred" else title, fontsize=8)
            axes.axis("off")
    figure.savefig(path, dpi=100)


def _describe(batch: Batch, row: int) -> str:
    noise = batch.noise if batch.noise.ndim == 1 else noise_level(batch.noise)
    return f"(sigma {batch.sigma[row]:.1f}, radius {batch.radius[row]:.1f}, noise {255 * noise[row]:.1f}/255)"
