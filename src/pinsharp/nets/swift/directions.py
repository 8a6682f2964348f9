"""By how much the squared width of a blur differs from direction to direction, as windows show it, each by itself.

Two witnesses that do not share their errors. A Gaussian of the variance v in a direction multiplies the power there by
exp(-4 pi^2 v f^2): what directions of the spectrum differ by is constant, from the scene, and falls or rises with f^2,
from the blur. And an edge becomes less steep by one more blur of sigma s by the ratio r with r^2 = 1 + s^2 / v, v that
of the direction in which it is climbed. Both times v is fitted by a constant and a wave of twice the angle.
"""

import math

import torch
from torch import Tensor

from pinsharp.blur.normal import MEDIAN_SIZE
from pinsharp.blur.votes import UNTOLD
from pinsharp.nets.swift.spectrum_net import DIRECTION_BINS, LOG_POWER_SCALE
from pinsharp.nets.swift.witnesses import REBLURS, Edges

_FIRST_RING = 3
_LEAST_RINGS = 4
_MOST_FREQUENCY = 0.4  # cycles a pixel
_REACH = 0.32  # the same, times the width: beyond it nothing is left of a disc
_ABOVE_NOISE = 1.2  # natural logarithm of the power in the weakest direction over the noise
_NOISE_RINGS = slice(32, 38)
_STEEP = (math.log(0.05), math.log(200.0))  # logarithms of squared widths that edges tell
_WIDE = 1.6  # pixels of width from which on edges are judged by the widest blur
_ROUNDS = 4
_TUNING = 1.5  # standard deviations at which an edge counts half


def by_spectrum(power: Tensor, width: float) -> Tensor:
    """What spectra show.

    Args:
        power: Log power by direction and ring, (N, D, DIRECTION_BINS), as `SpectrumNet.by_direction` gives it.
        width: Of the blur, in pixels.

    Returns:
        By how much the squared width exceeds its mean along the rows, and along 45 degrees down from them, and the
        standard deviation of both, in pixels squared, (N, 3).
    """
    log_power = LOG_POWER_SCALE * power.double()
    ring = torch.arange(DIRECTION_BINS, dtype=log_power.dtype, device=power.device)
    square = (ring / (2 * (DIRECTION_BINS - 1))).square()
    weight = _above_noise(log_power, width) * ring  # (N, rings); a ring has as many samples
    turn = (torch.arange(power.shape[1], dtype=ring.dtype, device=power.device) / power.shape[1] - 0.5) * 2 * math.pi
    waves = torch.stack([turn.cos(), turn.sin()])  # (2, D)
    seen = 2 * torch.einsum("wd,ndr->nwr", waves, log_power) / power.shape[1]  # (N, 2, rings)
    total = weight.sum(dim=1).clamp(min=1)
    middle = (weight @ square) / total
    apart = square - middle[:, None]
    lever = (weight * apart.square()).sum(dim=1).clamp(min=1e-12)
    mean = (weight[:, None] * seen).sum(dim=-1) / total[:, None]
    slope = (weight[:, None] * seen * apart[:, None]).sum(dim=-1) / lever[:, None]  # (N, 2)
    left = seen - mean[..., None] - slope[..., None] * apart[:, None]
    count = (weight > 0).sum(dim=1)
    variance = (weight[:, None] * left.square()).sum(dim=(1, 2)) / (2 * count - 4).clamp(min=1) / lever
    scale = 4 * math.pi**2
    told = torch.cat([-slope / scale, variance.sqrt()[:, None] / scale], dim=1)
    return torch.where((count >= _LEAST_RINGS)[:, None], told, told.new_tensor([0.0, 0.0, UNTOLD]))


def _above_noise(log_power: Tensor, width: float) -> Tensor:
    """1 for the rings, from the first on, at which even the weakest direction stands out of the noise, (N, rings)."""
    far = log_power[..., _NOISE_RINGS]
    floor = torch.minimum(far.mean(dim=1).amin(dim=1), far[..., 2:].mean(dim=2).amin(dim=1))
    smooth = log_power.clone()
    smooth[..., 1:-1] = (log_power[..., :-2] + log_power[..., 1:-1] + log_power[..., 2:]) / 3
    stands = smooth.amin(dim=1) > floor[:, None] + _ABOVE_NOISE
    last = int(min(_MOST_FREQUENCY, _REACH / max(width, 0.4)) * 2 * (DIRECTION_BINS - 1))
    stands[:, last + 1 :] = False
    stands[:, :_FIRST_RING] = True
    unbroken = stands.cumprod(dim=1).to(log_power.dtype)
    unbroken[:, :_FIRST_RING] = 0
    return unbroken


def by_edges(edges: Edges, width: float) -> Tensor:
    """What edges show: as `by_spectrum`, but of the logarithm of the squared width, (N, 3)."""
    number = REBLURS.index(4.0 if width >= _WIDE else 2.0)
    direction = torch.from_numpy(edges.direction)
    steepness = torch.from_numpy(edges.steepness)
    rise = (2 * (steepness[..., 0] - steepness[..., 1 + number])).exp() - 1  # (N, P)
    log_square = (REBLURS[number] ** 2 / rise.clamp(min=1e-3)).log().clamp(*_STEEP)
    right, down = direction.unbind(dim=-1)
    power = (right.square() + down.square()).clamp(min=1e-12)
    turned = [(right.square() - down.square()) / power, 2 * right * down / power]
    terms = torch.stack([torch.ones_like(right), *turned], dim=-1)  # (N, P, 3)
    ridge = 1e-3 * terms.shape[1] * torch.eye(3, dtype=terms.dtype)
    trust = torch.ones_like(log_square)
    for _ in range(_ROUNDS):
        weighted = terms * trust[..., None]
        normal = weighted.mT @ terms + ridge
        found = torch.linalg.solve(normal, (weighted.mT @ log_square[..., None])[..., 0])
        off = log_square - (terms @ found[..., None])[..., 0]
        scale = (off.abs().median(dim=1).values / MEDIAN_SIZE).clamp(min=0.02)
        trust = 1 / (1 + (off / (_TUNING * scale[:, None])).square())
    variance = torch.linalg.inv(normal).diagonal(dim1=-2, dim2=-1)[:, 1:].sum(dim=1) * scale.square()
    # Neighbours along an edge say the same thing.
    return torch.cat([found[:, 1:], (8 * variance).sqrt()[:, None]], dim=1)
