"""Grains, pits and embossed surfaces on photographs and parts, as optical inspection sees them.

Photographs hold few things of a few pixels' size, and none that are bright on one side and dark on the other. Under a
microscope and under slanting or differential-interference light there is little else: the light follows the slope of
the surface. A restorer that was not trained on any takes their faint remains for noise, and smooths them away.
"""

import math

import torch
from torch import Tensor, nn

from pinsharp.data.shapes import FINENESS, averaged, draw_shapes, smoothed


def draw_grains(crop: Tensor, generator: torch.Generator) -> Tensor:
    """Put grains or relief on a crop (C, H, W) in [0, 1], or on bars and silhouettes made of it; the shape stays.

    Half of them are seen in relief: as the slope of their height along a random direction. A third of the drawings has
    the crop's own texture for height, the others round bumps of random places, 3 to 12 pixels wide. The generator is on
    the CPU.
    """
    u = torch.rand(8, generator=generator).tolist()
    ground = draw_shapes(crop, generator) if u[0] < 0.6 else crop
    if u[1] < 1 / 3:
        height = _texture(crop.mean(dim=0), 0.7 + 2 * u[2])
    else:
        height = _bumps(crop, 3 + 9 * u[2] ** 2, share=0.02 + 0.4 * u[3] ** 2, generator=generator)
    if u[1] < 1 / 3 or u[4] < 0.5:
        height = _slope(height, 2 * math.pi * u[5])
    pattern = averaged(height)
    contrast = 0.05 + 0.55 * u[6] ** 2
    drawing: Tensor = ground * (1 + contrast * pattern)
    return drawing.clamp(0, 1)


def _texture(grey: Tensor, sigma: float) -> Tensor:
    """A smoothed image as heights on the finer grid."""
    smooth = smoothed(grey[None, None], sigma, axes=(-1, -2))
    return nn.functional.interpolate(smooth, scale_factor=FINENESS, mode="bilinear")[0, 0]


def _bumps(crop: Tensor, diameter: float, share: float, generator: torch.Generator) -> Tensor:
    """Round bumps (1 - r^2)^2 on the finer grid, of three diameters, up and down, which cover a share of the area."""
    height = crop.new_zeros(FINENESS * crop.shape[-2], FINENESS * crop.shape[-1])
    is_mixed = float(torch.rand((), generator=generator)) < 0.3
    for factor in (0.8, 1.0, 1.25):
        radius = FINENESS * factor * diameter / 2
        count = max(1, round(share / 3 * height.numel() / (math.pi * radius**2)))
        places = torch.randint(height.numel(), (count,), generator=generator)
        strengths = 0.5 + 0.5 * torch.rand(count, generator=generator)
        signs = 1 - 2 * (torch.rand(count, generator=generator) < 0.5) if is_mixed else 1
        peaks = torch.zeros_like(height)
        peaks.view(-1)[places.to(peaks.device)] = (strengths * signs).to(peaks)
        height = height + _spread(peaks, radius)
    return height


def _spread(peaks: Tensor, radius: float) -> Tensor:
    """Put a bump of a radius, in samples, on every peak of (H, W)."""
    reach = math.floor(radius)
    axis = torch.arange(-reach, reach + 1, device=peaks.device) / radius
    squares = axis.square()[:, None] + axis.square()[None, :]
    bump = (1 - squares).clamp(min=0).square().to(peaks)
    return nn.functional.conv2d(peaks[None, None], bump[None, None], padding=reach)[0, 0]


def _slope(height: Tensor, angle: float) -> Tensor:
    """Slope of heights (H, W) along an angle, its steepest parts about 1."""
    down = height.diff(dim=0, prepend=height[:1])
    right = height.diff(dim=1, prepend=height[:, :1])
    slope = math.sin(angle) * down + math.cos(angle) * right
    steep = 3 * slope.square().mean().sqrt()
    return (slope / steep.clamp(min=1e-6)).clamp(-2, 2)
