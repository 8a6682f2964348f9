"""Wiener deconvolution of features channel by channel, where nothing is trained: one plane stays in the cache.

Transfer function and power of the kernel are computed once for all channels, rows that are repeated or cut off are not
transformed, and real parts are divided as real numbers, which complex division is several times slower than.
"""

from typing import cast

import torch
from torch import Tensor

from pinsharp.blur.fourier import continued_spectrum, corner_spectrum, rows_from_spectrum
from pinsharp.nets.udbd.feature_wiener import Dfwd, Fwd, padded_shape
from pinsharp.nets.udbd.fused import replicated


def deconvolve_planes(wiener: Dfwd | Fwd, features: Tensor, kernel: Tensor, result: Tensor) -> None:
    """Write what `wiener` makes of features (1, n, H, W) and a kernel (1, 1, K, K) to `result`, float32 as they are."""
    with torch.autocast("cpu", enabled=False):
        _deconvolve(wiener, features, kernel, result)


def _deconvolve(wiener: Dfwd | Fwd, features: Tensor, kernel: Tensor, result: Tensor) -> None:
    planes = planar(features)[0]
    ratio = _noise_to_signal(wiener, planes, planar(_detail(features))[0])
    count, height, width = planes.shape
    pad, shape = kernel.shape[-1], padded_shape(features, kernel)
    transfer = corner_spectrum(kernel[0, 0], shape)  # (H', W' // 2 + 1), column by column as all spectra here
    conjugate = transfer.conj().resolve_conj()
    power = torch.view_as_real(transfer.mT.contiguous()).square().sum(-1, keepdim=True).expand(-1, -1, 2).contiguous()
    below, across = torch.empty_like(power), features.new_empty((height, shape[1]), dtype=torch.float32)
    # The first pixel of the kernel lies at the origin, not its centre: what comes out lies further up and left.
    start = pad - kernel.shape[-1] // 2
    for channel in range(count):
        _continue_rows(across, planes[channel], pad)
        spectrum = continued_spectrum(across, pad, shape[0]).mul_(conjugate)
        torch.add(power, ratio[0, channel], out=below)
        torch.view_as_real(spectrum.mT).div_(below)
        rows = rows_from_spectrum(spectrum, shape, slice(start, start + height))
        result[0, channel] = rows[:, start : start + width]


def planar(features: Tensor) -> Tensor:
    """Lay features (1, C, H, W) out channel by channel: a product with the identity, which is faster than a copy."""
    _, channels, height, width = features.shape
    pixels = features.permute(0, 2, 3, 1).reshape(-1, channels)
    return torch.mm(torch.eye(channels, dtype=features.dtype), pixels.T).view(1, channels, height, width)


def _noise_to_signal(wiener: Dfwd | Fwd, planes: Tensor, detail: Tensor) -> Tensor:
    """The term beside |F(k)|^2 of features and their detail, both (n, H, W): (1, n, 1, 1)."""
    measured = [
        wiener.measured(plane.float()[None, None], fine.float()[None, None])
        for plane, fine in zip(planes, detail, strict=True)
    ]
    return wiener.ratio(torch.cat(measured, dim=2))


def _detail(features: Tensor) -> Tensor:
    """The difference of features (1, n, H, W) from their mean-filtered copy, the border replicated."""
    count = features.shape[1]
    weight = features.new_full((count, 1, 3, 3), -1 / 9)
    weight[..., 1, 1] = 8 * weight[0, 0, 0, 0].neg()  # whole numbers of it: constants leave nothing in any precision
    operator = torch.ops.mkldnn._convolution_pointwise

    def convolve(part: Tensor, padding: int) -> Tensor:
        around = (padding, padding)
        return cast(Tensor, operator(part, weight, None, around, (1, 1), (1, 1), count, "none", [], ""))

    return replicated(convolve, features, 1)


def _continue_rows(target: Tensor, plane: Tensor, left: int) -> None:
    """Write a plane (H, W) to column `left` of a wider one, and its first and last values beside it."""
    right = left + plane.shape[1]
    target[:, left:right] = plane
    target[:, :left] = target[:, left : left + 1]
    target[:, right:] = target[:, right - 1 : right]
