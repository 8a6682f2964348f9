"""Shapes with sharp borders out of photographs: gratings, bars and silhouettes, as parts, boards and panels show them.

Photographs have structure in all directions and at all scales. Machine vision looks at straight lines of two grey
levels, whose spectra are of another kind; an estimator of blur that was not trained on any misreads them by half.
"""

import math

import torch
from torch import Tensor, nn

FINENESS = 2
"""Samples a pixel, along each axis, by which borders are drawn."""


def draw_shapes(crop: Tensor, generator: torch.Generator) -> Tensor:
    """Draw bars or silhouettes in two grey levels, with some of the own texture of a crop (C, H, W) in [0, 1] on them.

    Where they lie, and the texture, come from the crop; all else is random, by a generator on the CPU. The shape stays.
    """
    u = torch.rand(12, generator=generator).tolist()
    grey = crop.mean(dim=0)
    if u[0] >= 0.6:
        mask = _silhouettes(grey, 1 + 5 * u[6])
    elif u[5] < 0.5:
        pitch, duty = 6 + 34 * u[6] ** 2, 0.25 + 0.5 * u[7]
        mask = averaged(((_position(grey, u) / pitch + u[8]) % 1 < duty).to(crop.dtype))
    else:
        row = grey[int(u[3] * len(grey))]
        mask = averaged(_bars(smoothed(row[None, None], 1 + 5 * u[6], axes=(-1,))[0, 0], _position(grey, u)))
    dark, bright = 0.05 + 0.4 * u[9], 0.55 + 0.4 * u[10]
    texture = 0.6 * u[11] ** 2 * (crop - crop.mean())
    drawing: Tensor = dark + (bright - dark) * mask + texture * (0.3 + 0.7 * mask)
    return drawing.clamp(0, 1)


def _position(grey: Tensor, u: list[float]) -> Tensor:
    """How far each sample of the finer grid lies across the bars, in pixels from the first."""
    if u[2] < 0.6:
        angle = int(2 * u[1]) * math.pi / 2  # upright or lying, as most parts are put under a camera
    elif u[2] < 0.7:
        angle = int(4 * u[1]) * math.pi / 4
    else:
        angle = math.pi * u[1]
    rows, columns = (torch.arange(FINENESS * length, device=grey.device) / FINENESS for length in grey.shape)
    across = columns[None, :] * math.cos(angle) + rows[:, None] * math.sin(angle)
    nearest: Tensor = across.min()
    return across - nearest


def _bars(row: Tensor, position: Tensor) -> Tensor:
    """Bars where a row of values, stretched over all positions, is above its median."""
    place = (position / position.max() * (len(row) - 1)).clamp(0, len(row) - 1.001)
    left = place.floor().long()
    share = place - left
    return (row[left] * (1 - share) + row[left + 1] * share > row.median()).to(row.dtype)


def _silhouettes(grey: Tensor, sigma: float) -> Tensor:
    """Where a smoothed image is above its median."""
    smooth = smoothed(grey[None, None], sigma, axes=(-1, -2))
    fine = nn.functional.interpolate(smooth, scale_factor=FINENESS, mode="bilinear")[0, 0]
    return averaged((fine > smooth.median()).to(grey.dtype))


def averaged(fine: Tensor) -> Tensor:
    """Pixels (H, W) out of the finer grid."""
    return nn.functional.avg_pool2d(fine[None, None], FINENESS)[0, 0]


def smoothed(image: Tensor, sigma: float, axes: tuple[int, ...]) -> Tensor:
    """Smooth (1, 1, H, W), or (1, 1, W), by a Gaussian along some axes; zeros past the border."""
    reach = math.ceil(4 * sigma)
    weights = torch.exp(-torch.arange(-reach, reach + 1, device=image.device).square() / (2 * sigma**2))
    weights = (weights / weights.sum()).to(image.dtype)
    if image.ndim == 3:
        return nn.functional.conv1d(image, weights[None, None], padding=reach)
    for axis in axes:
        side = weights[None, None, None, :] if axis == -1 else weights[None, None, :, None]
        image = nn.functional.conv2d(image, side, padding=(0, reach) if axis == -1 else (reach, 0))
    return image
