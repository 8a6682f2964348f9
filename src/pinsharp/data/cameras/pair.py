"""Training pairs by a simulated camera: one photograph goes the way of light to a file, beside its sharp twin.

Pair `index` of the run `seed` is always the same, whatever batch it comes in. Crops are cut after everything else, so
that none shows an artificial border.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.data.cameras.choices import Draw
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.exposing import Shot, shoot
from pinsharp.data.cameras.faults import Mask
from pinsharp.data.cameras.light import Array
from pinsharp.data.cameras.noise import KINDS, Noise, brightness, measure, noise_kind
from pinsharp.data.crops import Photographs
from pinsharp.errors import ConfigError


@dataclass(frozen=True)
class Pair:
    """One training pair.

    Args:
        image: The image as its file holds it, (H, W, C), C 1 or 3, in [0, 1].
        sharp: The same camera's image in focus, developed alike but without noise, mosaic, faults or compression,
            (H, W, C).
        mask: True where the image still stems from the scene: not at faults, not where it is clipped, (H, W).
        kernel: True kernel (K, K) of light, for brightness in the middle of the crop, in pixels of the image.
        sigma: Its width in pixels of the image; 0 for images in focus.
        noise: Kind, level and spectrum of the noise.
        draw: All that was chosen.
    """

    image: Array
    sharp: Array
    mask: Mask
    kernel: Array
    sigma: float
    noise: Noise
    draw: Draw


@dataclass(frozen=True)
class CameraBatch:
    """Training pairs as tensors.

    Args:
        blurred: Images (B, C, H, W).
        sharp: Their sharp counterparts (B, C, H, W).
        mask: True where an image stems from the scene (B, 1, H, W).
        kernel: True kernels (B, 1, K, K), the smaller ones with zeros around them.
        sigma: Their widths in pixels (B,).
        noise: Standard deviation of the noise of brightness (B,).
        noise_slope: Growth of its variance with brightness (B,).
        noise_kind: Its kind, a number in `noise.KINDS` (B,).
        noise_spectrum: Its power (B, `noise.BINS`).
        gamma: Nominal exponent of the tone curve (B,): 1 for linear light, 2.2 for sRGB.
        draws: All choices of each pair.
    """

    blurred: Tensor
    sharp: Tensor
    mask: Tensor
    kernel: Tensor
    sigma: Tensor
    noise: Tensor
    noise_slope: Tensor
    noise_kind: Tensor
    noise_spectrum: Tensor
    gamma: Tensor
    draws: tuple[Draw, ...]


def make_pair(photographs: Photographs, camera: str, *, size: int, seed: int, index: int) -> Pair:
    """Make one training pair.

    Args:
        photographs: Sharp images on the CPU.
        camera: Name in `pinsharp.data.cameras.cameras`.
        size: Side of the crop in pixels.
        seed: The run's seed.
        index: Sample number, >= 0.

    Raises:
        ConfigError: If there is no camera of that name.
    """
    draw = draw_pair(camera, seed, index)
    image = photographs.pick(int(draw.scene.image * len(photographs)), index)
    return pair_of(shoot(image.permute(1, 2, 0).numpy(), draw, size), size)


def pair_of(shot: Shot, size: int) -> Pair:
    """Cut the crop out of what a camera took, and measure its noise."""
    top, left = shot.corner
    image, clean, sharp = (
        np.ascontiguousarray(whole[top : top + size, left : left + size])
        for whole in (shot.file, shot.clean, shot.target)
    )
    mask = shot.mask[top : top + size, left : left + size]
    noise = measure(brightness(image), brightness(clean), mask, noise_kind(shot.draw))
    return Pair(image, sharp, mask.copy(), shot.kernel, shot.sigma, noise, shot.draw)


def make_batch(
    photographs: Photographs, camera: str, *, size: int, indices: range, seed: int, channels: int = 1
) -> CameraBatch:
    """Make the training pairs of the given indices, in this process.

    Args:
        photographs: Sharp images on the CPU.
        camera: Name in `pinsharp.data.cameras.cameras`.
        size: Side of the crops in pixels.
        indices: Sample numbers.
        seed: The run's seed.
        channels: 1 for the brightness of every pair; 3 for colour, in which mono images have three equal channels.

    Raises:
        ConfigError: If `channels` is neither 1 nor 3, or there is no camera of that name.
    """
    if channels not in (1, 3):
        raise ConfigError(f"a batch must have 1 or 3 channels, got {channels}")
    pairs = [make_pair(photographs, camera, size=size, seed=seed, index=index) for index in indices]
    return stack(pairs, channels)


def stack(pairs: list[Pair], channels: int) -> CameraBatch:
    """Stack pairs of one size into a batch; see `make_batch`."""
    side = max(len(pair.kernel) for pair in pairs)
    noises = [pair.noise for pair in pairs]
    return CameraBatch(
        blurred=torch.stack([_planes(pair.image, channels) for pair in pairs]),
        sharp=torch.stack([_planes(pair.sharp, channels) for pair in pairs]),
        mask=torch.stack([torch.from_numpy(pair.mask)[None] for pair in pairs]),
        kernel=torch.stack([torch.from_numpy(_widened(pair.kernel, side))[None] for pair in pairs]),
        sigma=torch.tensor([pair.sigma for pair in pairs]),
        noise=torch.tensor([noise.sigma for noise in noises]),
        noise_slope=torch.tensor([noise.slope for noise in noises]),
        noise_kind=torch.tensor([KINDS.index(noise.kind) for noise in noises]),
        noise_spectrum=torch.stack([torch.from_numpy(noise.spectrum) for noise in noises]),
        gamma=torch.tensor([pair.draw.processing.tone.nominal_gamma for pair in pairs]),
        draws=tuple(pair.draw for pair in pairs),
    )


def _planes(image: Array, channels: int) -> Tensor:
    if channels == 1:
        return torch.from_numpy(brightness(image).copy())[None]
    planes = torch.from_numpy(image).permute(2, 0, 1)
    return planes.expand(3, -1, -1).contiguous()


def _widened(kernel: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    return np.pad(kernel, (side - len(kernel)) // 2)
