"""What a single window of an image shows of its blur, beside its power spectrum: edges, blocks, mosaics, clipping.

All witnesses are numbers that do not change with brightness and contrast. Edges tell the width by how much less steep
they become when blurred once more (Zhuo and Sim, 2011); traces of compression and of a colour mosaic tell which other
witnesses to trust.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool2d

from pinsharp.blur.fourier import radial_frequency, spectrum

REBLURS = (1.0, 2.0, 4.0)
"""Sigmas in pixels of the Gaussians that are added."""

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the ratios of gradients at edges."""

COUNT = len(REBLURS) * len(QUANTILES) + 6
"""Witnesses of a window."""

_LOWEST = 3  # rings of frequency, each one period a window wide, that hold shading
_LINES = 12  # frequencies that hold what repeats itself

_SMOOTHING = 0.8  # sigma of the first Gaussian, against noise
_STRONGEST = 0.03  # share of the pixels that count as edges
_BORDER = 6  # pixels from the border of a window that are left out
_TINY = 1e-6
_BLOCK = 8  # side of a JPEG's blocks


@dataclass(frozen=True, eq=False)
class Edges:
    """The pixels of windows that count as edges, the steepest ones, as many of each window.

    Attributes:
        direction: Steepness to the right and down, (N, P, 2), in which the edge is climbed.
        steepness: Natural logarithm of the steepness, (N, P, 1 + len(REBLURS)): as it is, then after one more blur.
        rarity: How rare steep pixels are, (N,).
    """

    direction: NDArray[np.float32]
    steepness: NDArray[np.float32]
    rarity: NDArray[np.float32]


def witnesses(windows: Tensor, edges: Edges | None = None) -> Tensor:
    """Observe windows (N, S, S), whose edges may be known: (N, COUNT)."""
    seen = _ratios(edges or find_edges(windows))
    return torch.cat([torch.from_numpy(seen).to(windows), _blocks(windows), _mosaic(windows), _extremes(windows)], 1)


def find_edges(windows: Tensor) -> Edges:
    """Find the edges of windows (N, S, S), and by how much one more blur makes them less steep."""
    found = [_edges_of(window) for window in windows.detach().cpu().numpy()]
    direction, steepness, rarity = (np.stack(part) for part in zip(*found, strict=True))
    return Edges(direction, steepness, rarity)


def _ratios(edges: Edges) -> NDArray[np.float32]:
    """Quantiles of the logarithm of how much steeper edges are than after one more blur; then how rare they are."""
    count = edges.steepness.shape[1]
    ranks = [round(share * (count - 1)) for share in QUANTILES]
    steeper = np.sort(edges.steepness[..., :1] - edges.steepness[..., 1:], axis=1)[:, ranks]  # (N, quantiles, reblurs)
    return np.concatenate([steeper.swapaxes(1, 2).reshape(len(steeper), -1), edges.rarity[:, None]], axis=1)


def _edges_of(window: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32], np.float32]:
    # OpenCV: products of matrices and convolutions in PyTorch took twice to ten times as long.
    slopes = _slopes(_gaussian(window, _SMOOTHING))
    steepness = _steepness(slopes)
    count = max(int(_STRONGEST * steepness.size), len(QUANTILES))
    edges = np.argpartition(steepness, -count)[-count:]
    blurred = (_gaussian(window, math.hypot(_SMOOTHING, sigma)) for sigma in REBLURS)
    each = [steepness[edges], *(_steepness(_slopes(again))[edges] for again in blurred)]
    power = np.square(steepness)
    rarity = np.log(max(float(np.square(power).mean()), _TINY**4) / max(float(power.mean()) ** 2, _TINY**4))
    return slopes[::-1, edges].T, np.log(np.maximum(np.stack(each, axis=1), _TINY)), np.float32(rarity)


def _gaussian(window: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    side = 2 * math.ceil(3 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(window, (side, side), sigma, borderType=cv2.BORDER_REFLECT_101), np.float32)


def _slopes(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Central differences down and to the right, flat, without what lies near the border, (2, P)."""
    inner = slice(_BORDER, -_BORDER)
    each = [cv2.Sobel(window, cv2.CV_32F, *order, ksize=1)[inner, inner].ravel() for order in ((0, 1), (1, 0))]
    return np.stack(each)


def _steepness(slopes: NDArray[np.float32]) -> NDArray[np.float32]:
    down, across = slopes
    return np.asarray(np.sqrt(down * down + across * across), np.float32)


def _blocks(windows: Tensor) -> Tensor:
    """How far differences across one column, or row, in eight stand out: a trace of JPEG, (N, 2)."""
    found = []
    for image in (windows, windows.mT):
        bend = (image[..., 2:] - 2 * image[..., 1:-1] + image[..., :-2]).abs().mean(dim=-2)  # (N, S - 2)
        whole = bend.shape[1] // _BLOCK * _BLOCK
        phases = bend[:, :whole].reshape(len(bend), -1, _BLOCK).mean(dim=1)
        found.append((phases.amax(dim=1) + _TINY).log() - (phases.median(dim=1).values + _TINY).log())
    return torch.stack(found, dim=1)


def _mosaic(windows: Tensor) -> Tensor:
    """How unlike the finest detail is at the four places of a colour mosaic, (N, 1)."""
    beside = windows[:, 1:-1, :-2] + windows[:, 1:-1, 2:] + windows[:, :-2, 1:-1] + windows[:, 2:, 1:-1]
    power = (4 * windows[:, 1:-1, 1:-1] - beside).square()
    power = power[:, : power.shape[1] // 2 * 2, : power.shape[2] // 2 * 2]
    places = [power[:, row::2, column::2].mean(dim=(1, 2)) for row in (0, 1) for column in (0, 1)]
    found = torch.stack(places, dim=1) + _TINY**2
    return (found.amax(dim=1) / found.amin(dim=1)).log()[:, None]


def _extremes(windows: Tensor) -> Tensor:
    """Shares of a window at its darkest and its brightest value, as logarithms: what is clipped, or drawn, (N, 2)."""
    flat = windows.flatten(1)
    low, high = flat.amin(dim=1, keepdim=True), flat.amax(dim=1, keepdim=True)
    near = 1e-4 * (high - low)
    shares = torch.stack([(flat <= low + near).float().mean(dim=1), (flat >= high - near).float().mean(dim=1)], dim=1)
    return (shares + 1e-4).log()


def periodicity(windows: Tensor) -> Tensor:
    """Share of the steepness of windows (N, S, S) at a dozen frequencies, (N,): near 1 for what repeats itself.

    Steepness, not brightness: natural scenes have most of their power at few low frequencies.
    """
    side = windows.shape[-1]
    taper = torch.hann_window(side, dtype=windows.dtype, device=windows.device)
    centred = (windows - windows.mean(dim=(-2, -1), keepdim=True)) * taper[:, None] * taper
    frequency = radial_frequency((side, side)).to(windows)
    power = spectrum(centred).abs().square() * frequency.square() * (frequency * side > _LOWEST)
    # A line of a tapered window is three frequencies wide; the best of each square of three counts for all of it.
    lines = max_pool2d(power[:, None], 3, stride=3, ceil_mode=True).flatten(1).topk(_LINES, dim=1).values.sum(dim=1)
    whole = max_pool2d(power[:, None], 3, stride=3, ceil_mode=True).flatten(1).sum(dim=1)
    return lines / whole.clamp(min=_TINY**4)


def structure(windows: Tensor) -> Tensor:
    """Share of the contrast of windows (N, S, S) that is not an even slope, (N,): 0 for a ramp, whatever blurred it."""
    side = windows.shape[-1]
    place = torch.linspace(-1, 1, side, dtype=torch.float64, device=windows.device)
    place = place / place.square().sum().sqrt()
    centred = windows.double() - windows.double().mean(dim=(-2, -1), keepdim=True)
    power = centred.square().sum(dim=(-2, -1))
    slopes = ((centred.sum(dim=axis) @ place).square() / side for axis in (-2, -1))
    left = (power - sum(slopes)).clamp(min=0)
    return torch.where(power > 0, (left / power.clamp(min=_TINY**4)).sqrt(), left).to(windows.dtype)
