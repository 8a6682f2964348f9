"""The loss of an estimator whose windows vote: each vote, and all of an image together, against the true blur."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from pinsharp.blur.family import effective_width, share_of_disk
from pinsharp.nets.swift.looks import LEAST_NOISE, Judgement
from pinsharp.train.observed import Observed

LEAST_WIDTH, MOST_WIDTH = 0.25, 14.0
"""Widths in pixels beyond which all count as the same: in focus, or too far out of it."""

_FREEDOM = 3.0  # degrees of freedom of Student's t, which forgives windows that show nothing
_SHAPE, _NOISE = 0.5, 0.2  # weights beside the width's


def vote_losses(
    judge: Callable[[Tensor], Judgement], batch: Observed, draw: torch.Generator, mixed: float
) -> dict[str, Tensor]:
    """Let windows vote and compare them with the truth.

    Args:
        judge: The estimator.
        batch: What it reads of B pairs.
        draw: Decides which windows are exchanged.
        mixed: Share of pairs some of whose windows are exchanged for those of another one: a tilted part, a label.

    Returns:
        `loss` and its parts: `vote_loss`, `joined_loss`, `shape_loss`, `noise_loss`.
    """
    width = effective_width(batch.sigma, batch.radius).clamp(LEAST_WIDTH, MOST_WIDTH).log()
    shares = share_of_disk(batch.sigma, batch.radius).nan_to_num()  # images in focus have neither disc nor Gaussian
    truth = torch.cat([torch.stack([width, shares, batch.elongation], dim=1), batch.noise], dim=1)
    truth = truth[:, None].expand(-1, batch.features.shape[1], -1)  # (B, N, 3 + rings)
    foreign = _exchanged(truth.shape[:2], draw, mixed).to(truth.device)  # (B, N)
    features = torch.where(foreign[..., None], batch.features.roll(1, dims=0), batch.features)
    truth = torch.where(foreign[..., None], truth.roll(1, dims=0), truth)
    said = judge(features)
    votes = _student(said.log_width - truth[..., 0], said.std).mean()
    whole = ~foreign.any(dim=1)
    joined = (_student(said.joined - width, said.joined_std) * whole).sum() / whole.sum().clamp(min=1)
    is_blurred = truth[..., 0] > 0  # of narrower blurs pixels show no shape
    share = ((said.disk_share - truth[..., 1]).square() * is_blurred).mean()
    longer = huber_loss(said.elongation, truth[..., 2])
    noise = huber_loss(said.log_noise, truth[..., 3:].clamp(min=LEAST_NOISE).log())
    loss = votes + joined + _SHAPE * (share + longer) + _NOISE * noise
    return {"loss": loss, "vote_loss": votes, "joined_loss": joined, "shape_loss": share + longer, "noise_loss": noise}


def _student(error: Tensor, std: Tensor) -> Tensor:
    """Negative log-likelihood of errors, apart from a constant."""
    tail = torch.log1p((error / std).square() / _FREEDOM)
    return std.log() + (_FREEDOM + 1) / 2 * tail


def _exchanged(shape: torch.Size, draw: torch.Generator, mixed: float) -> Tensor:
    """Which windows (B, N) are those of another pair: in some pairs, up to two thirds."""
    pairs = torch.rand(shape[0], 1, generator=draw) < mixed
    share = torch.rand(shape[0], 1, generator=draw) * 2 / 3
    return pairs & (torch.rand(shape, generator=draw) < share)
