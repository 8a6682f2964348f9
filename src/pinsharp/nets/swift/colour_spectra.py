"""By how much red and blue are blurred more than green, from what their spectra have in common.

Where a scene is nearly grey, its colours differ by what the camera did to them alone. Cross spectra do not see noise,
which colours do not share: with S the spectrum of the scene and H of each blur, red with blue over green with blue is

    (H_r S) (H_b S)* / (H_g S) (H_b S)* = H_r / H_g

whose logarithm falls by 2 pi^2 (v_r - v_g) f^2, v the squared widths. Places where colours are shifted (lateral colour)
are brought together first. Windows whose colours differ in more than their blur are left out.
"""

import math
from functools import cache

import torch
from torch import Tensor

from pinsharp.blur.fourier import spectrum
from pinsharp.blur.normal import MEDIAN_SIZE

MOST_WINDOWS = 10
"""Windows that are looked at: more cost time."""

_ALIKE = 0.97  # coherence of colours, ring by ring, below which they show different things
_FIRST, _LAST = 3, 28  # rings, each one period a window wide
_REACH = 0.25  # cycles a pixel, times the width
_LEAST_RINGS = 5
_LEAST_WINDOWS = 5
_DOUBT, _SQUARE_DOUBT = 0.05, 0.02  # of the squared width, and pixels squared: no window is surer
_SHIFTED_BY = (10, 24)  # rings by which a shift is found, coarse to fine
_TINY = 1e-6
_ROUNDS = 10
_TUNING = 1.5  # standard deviations at which a window counts half
_PAIRS = ((0, 1), (1, 2), (0, 2))  # red and green, green and blue, red and blue


def beyond_green(windows: Tensor, width: float) -> Tensor:
    """By how many pixels squared the squared widths of red and blue exceed green's, each with its standard deviation.

    Args:
        windows: Red, green and blue (N, 3, S, S) of one image.
        width: Of the blur, in pixels.

    Returns:
        Red's, its standard deviation, blue's and its own, (1, 4); standard deviations are infinite where too few
        windows tell.
    """
    untold = windows.new_tensor([[0.0, math.inf, 0.0, math.inf]])
    if len(windows) < _LEAST_WINDOWS:
        return untold
    places, ring, weight = _samples(windows.shape[-1])
    taper = torch.hann_window(windows.shape[-1], dtype=windows.dtype)
    centred = (windows - windows.mean(dim=(-2, -1), keepdim=True)) * taper[:, None] * taper
    seen = spectrum(centred)[..., places[:, 0], places[:, 1]]  # (N, 3, F)
    frequency = torch.fft.fftfreq(windows.shape[-1], dtype=windows.dtype)[places]  # (F, 2)
    own = _by_ring((seen * seen.conj()).real, ring, weight)  # (N, 3, rings)
    shared, alike = [], []
    for one, two in _PAIRS:
        both = _brought_together(seen[:, one] * seen[:, two].conj(), frequency, ring)
        shared.append(_by_ring(both.real, ring, weight))
        alike.append(shared[-1] / (own[:, one] * own[:, two]).sqrt().clamp(min=1e-30))
    kept = _unbroken(torch.stack(alike).amin(dim=0) > _ALIKE, width, windows.shape[-1])  # (N, rings)
    told = kept.sum(dim=1) >= _LEAST_RINGS
    if int(told.sum()) < _LEAST_WINDOWS:
        return untold
    red_green, green_blue, red_blue = (each[told] for each in shared)
    doubt = _DOUBT * width**2 + _SQUARE_DOUBT
    red, blue = (
        _joined(*_slopes(over, below, kept[told], windows.shape[-1]), doubt)
        for over, below in ((red_blue, green_blue), (red_blue, red_green))
    )
    return windows.new_tensor([[*red, *blue]])


@cache
def _samples(side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Places (F, 2) in a half spectrum of the rings that are read, their rings (F,), and how often each counts."""
    rows, columns = torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None]
    ring = (torch.hypot(rows, columns) * side).round().long()
    places = ((ring > 1) & (ring <= _LAST)).nonzero()
    return places, ring[places[:, 0], places[:, 1]], 1.0 + (places[:, 1] > 0)


def _by_ring(values: Tensor, ring: Tensor, weight: Tensor) -> Tensor:
    """Sums of values (..., F) over rings, (..., rings)."""
    sums = values.new_zeros(*values.shape[:-1], _LAST + 1)
    return sums.index_add_(-1, ring, values * weight).double()


def _brought_together(both: Tensor, frequency: Tensor, ring: Tensor) -> Tensor:
    """Cross spectra (N, F) of colours that lie where each other does: by the phase, which a shift makes rise evenly."""
    slant = -2 * math.pi * frequency
    for last in _SHIFTED_BY:
        near = ring <= last
        angle, size = both[:, near].angle(), both[:, near].abs()
        weight = size * angle.cos().clamp(min=0)  # (N, F'): what points elsewhere is no shift
        weighted = slant[near] * weight[..., None]
        normal = weighted.mT @ slant[near] + _TINY * torch.eye(2, dtype=slant.dtype)
        shift = torch.linalg.solve(normal, (weighted.mT @ angle[..., None])[..., 0])
        back = -(shift @ slant.T)
        both = both * torch.complex(back.cos(), back.sin())
    return both


def _unbroken(alike: Tensor, width: float, side: int) -> Tensor:
    """Rings (N, rings), from the first on, at which colours are alike and something is left of the scene."""
    alike[:, :_FIRST] = True
    alike[:, int(_REACH / max(width, 0.3) * side) + 1 :] = False
    kept = alike.cumprod(dim=1).bool()
    kept[:, :_FIRST] = False
    return kept


def _slopes(over: Tensor, below: Tensor, kept: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """By how much a squared width exceeds another in each window (N,), and standard deviations of that."""
    ring = torch.arange(over.shape[-1], dtype=over.dtype)
    square = (ring / side).square()
    weight = torch.where(kept, ring, 0)
    fall = torch.where(kept, (over / below).clamp(min=1e-6).log(), 0)
    total = weight.sum(dim=1, keepdim=True)
    apart = square - (weight @ square)[:, None] / total
    lever = (weight * apart.square()).sum(dim=1)
    slope = (weight * fall * apart).sum(dim=1) / lever
    left = fall - (weight * fall).sum(dim=1, keepdim=True) / total - slope[:, None] * apart
    variance = (weight * left.square()).sum(dim=1) / (kept.sum(dim=1) - 2) / lever
    scale = 2 * math.pi**2
    return -slope / scale, variance.sqrt() / scale


def _joined(seen: Tensor, std: Tensor, doubt: float) -> tuple[float, float]:
    """What windows have in common, which outliers do not move far, and its standard deviation."""
    std = torch.hypot(std, std.new_tensor(doubt))
    trust = std.square().reciprocal()
    common, weight = seen.median(), trust
    for _ in range(_ROUNDS):
        distance = (seen - common).abs() / std
        scale = (distance.median() / MEDIAN_SIZE).clamp(min=1.0)
        weight = trust / (1 + (distance / (_TUNING * scale)).square())
        common = (weight * seen).sum() / weight.sum()
    count = float(weight.sum().square() / weight.square().sum())
    spread = float((weight * (seen - common).square()).sum() / weight.sum())
    return float(common), math.sqrt(spread / max(count - 1, 1.0))
