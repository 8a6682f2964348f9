"""Windows that no single exposure of one sensor's pixels made: two images row by row, or the mosaic of a colour sensor.

Interlaced video, and scans whose lines run to and fro, hold two images in turn, one beside the other. A raw image of a
Bayer sensor holds three colours in turn. Either has detail at the finest period that no lens lets through, and a width
that is read from it means nothing.
"""

import torch
from torch import Tensor

MOST_SHIFT = 16
"""Pixels by which the two images may lie apart and be found."""

_FINE = 0.4  # fineness from which on there may be two images: behind a lens it is 0.25 to 0.36, of noise 1
_FINER = 1.2  # times that of the other direction
_EXPLAINED = 0.6  # share of the power between neighbours that a shift may leave: of noise alone it leaves 0.92 and more
_CORNER = 2.5  # logarithm by which the finest periods of a mosaic stand out: demosaiced photographs had 2.1 at most
_NEAR, _APART, _RING = 2, 4, 0.15  # frequencies, in periods a window and in cycles a pixel, that count as such a period
_TINY = 1e-12


def combed(windows: Tensor) -> Tensor:
    """Whether every second row, or column, of windows (N, S, S) is explained by a shift of the others: 0 or 1, (N,)."""
    down, across = _fineness(windows), _fineness(windows.mT)
    found = torch.zeros(len(windows), dtype=torch.bool, device=windows.device)
    for image, fine, other in ((windows, down, across), (windows.mT, across, down)):
        is_fine = (fine > _FINE) & (fine > _FINER * other)  # else it is noise, or a pattern that is as fine across
        found[is_fine] = _is_shifted(image[is_fine])
    return found.to(windows) * (1 - mosaic(windows))  # rows of a mosaic are like others moved by one


def _fineness(windows: Tensor) -> Tensor:
    """How much rows differ from their neighbours, as a share of how much they do from the next but one, (N,)."""
    beside, further = (
        (windows[:, step:] - windows[:, :-step]).square().mean(dim=(1, 2)).clamp(min=_TINY) for step in (1, 2)
    )
    return beside / further


def _is_shifted(windows: Tensor) -> Tensor:
    """Whether the odd rows are those between the even ones, moved to one side, (N,)."""
    even, odd = windows[:, 0::2], windows[:, 1::2]
    count, most = min(even.shape[1] - 1, odd.shape[1]), min(MOST_SHIFT, windows.shape[-1] // 4)
    between = (even[:, :count] + even[:, 1 : count + 1])[..., most:-most] / 2
    moved = odd[:, :count].unfold(-1, between.shape[-1], 1)  # (N, h, 2 most + 1, w)
    left = (moved - between[:, :, None]).square().mean(dim=(1, 3))
    least, place = left.min(dim=1)
    return (place != most) & (least < _EXPLAINED * left[:, most])


def mosaic(windows: Tensor) -> Tensor:
    """Whether windows (N, S, S) have the three finest periods of a mosaic of two by two pixels: 0 or 1, (N,)."""
    side = windows.shape[-1]
    taper = torch.hann_window(side, dtype=torch.float64, device=windows.device)
    centred = windows.double() - windows.double().mean(dim=(1, 2), keepdim=True)
    power = torch.fft.fft2(centred * taper[:, None] * taper).abs().square()  # (N, S, S)
    frequency = torch.fft.fftfreq(side, dtype=torch.float64, device=windows.device)
    stands_out = torch.ones(len(windows), dtype=torch.bool, device=windows.device)
    for row, column in ((0.5, 0.5), (0.0, 0.5), (0.5, 0.0)):
        away = torch.maximum(_distance(frequency, row)[:, None], _distance(frequency, column))
        near, ring = away < (_NEAR + 0.5) / side, (away > (_APART + 0.5) / side) & (away <= _RING)
        peak, beside = power[:, near].mean(dim=1), power[:, ring].mean(dim=1)
        stands_out &= ((peak + _TINY) / (beside + _TINY)).log() > _CORNER
    return stands_out.to(windows)


def _distance(frequency: Tensor, centre: float) -> Tensor:
    """Distance in cycles a pixel, around the circle."""
    return ((frequency - centre + 0.5) % 1 - 0.5).abs()
