"""Validation: figures and pictures of held-out crops, and the card that goes with the weights."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.data.synthesis import Batch
from pinsharp.metrics import psnr
from pinsharp.nets.registry import traits_of
from pinsharp.nets.weights import read_card, weights_path
from pinsharp.train.run import Run, channels_last
from pinsharp.train.stages import width_errors
from pinsharp.train.state import read_log


@torch.no_grad()
def validate(run: Run, *, is_blind: bool = True) -> tuple[dict[str, float], Tensor]:
    """Restore the held-out crops with the averaged weights.

    Returns:
        The figures, as many as the net has: PSNR of the blurred crops (`blurred_psnr`); with the true kernels (`psnr`)
        if it takes kernels; blind (`blind_psnr`) if it estimates them or needs none; the median error of the estimated
        widths (`width_error`). And the restored crops, those restored blind if `is_blind`.
    """
    net: Any = run.average.module
    batch = channels_last(run.validation, run.config.run.channels_last)
    was_training = net.training
    net.eval()
    with run.accelerator.autocast():
        restored, estimate = _restore(net, batch)
    net.train(was_training)
    figures = {"blurred_psnr": _mean_psnr(batch.blurred, batch)}
    figures |= {name: _mean_psnr(images, batch) for name, images in restored.items()}
    if estimate is not None:
        figures["width_error"] = float(width_errors(estimate, batch).median())
    return figures, restored["blind_psnr" if is_blind else "psnr"]


def _restore(net: Any, batch: Batch) -> tuple[dict[str, Tensor], BlurField | None]:
    """Restore in every way that a net has, by the name of its figure; and what it estimates, if it does."""
    traits = traits_of(net)
    if not traits.takes_kernel:
        return {"blind_psnr": net.restore(batch.blurred).float().clamp(0, 1)}, None
    estimate = net.estimate(batch.blurred) if traits.estimates else None
    told = net.deconvolve(batch.blurred, BlurField(batch.kernel, batch.noise)).float().clamp(0, 1)
    if estimate is None:
        return {"psnr": told}, None
    return {"psnr": told, "blind_psnr": net.deconvolve(batch.blurred, estimate).float().clamp(0, 1)}, estimate


def _mean_psnr(images: Tensor, batch: Batch) -> float:
    """Mean PSNR, each at most 60 dB: a crop that was never blurred would make it infinite."""
    return float(psnr(images, batch.sharp).clamp(max=60).mean())


def card(run: Run) -> dict[str, Any]:
    """Provenance of the weights: what they were trained on, with which settings and how much of it."""
    last: dict[str, Any] = next(
        (record for record in reversed(read_log(run.config.folder)) if "blurred_psnr" in record), {}
    )
    return {
        "name": run.config.name,
        "licence": run.config.licence,
        "data": {
            "images": len(run.training.names),
            "sha256": run.training.fingerprint(),
            "fingerprint": run.fingerprint,
        },
        "start": {part: read_card(weights_path(path)) for part, path in run.config.start.items()},
        "synthesis": asdict(run.config.data),
        "stages": [asdict(stage) for stage in run.config.stage],
        "budget": {"crops": run.crops, "hours": round(run.seconds / 3600, 2), "device": _device_name(run)},
        "validation": {key: last[key] for key in ("psnr", "blind_psnr", "width_error") if key in last},
    }


def _device_name(run: Run) -> str:
    if run.accelerator.device.type == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads > 1)}"
