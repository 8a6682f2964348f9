"""Training pairs of simulated cameras, as restorers see them: brightness normalised, in mono or in colour."""

import math

import torch
from torch import Tensor

from pinsharp.blur.normalise import normalisation
from pinsharp.data.cameras.choices import Draw
from pinsharp.data.cameras.pair import make_batch
from pinsharp.data.crops import Photographs
from pinsharp.data.synthesis import Batch


def camera_batch(
    corpus: Photographs, camera: str, *, size: int, indices: range, seed: int, kernel_size: int, channels: int = 1
) -> Batch:
    """Make training pairs by a simulated camera.

    Args:
        corpus: Sharp images on the CPU.
        camera: Name in `pinsharp.data.cameras.cameras`.
        size: Side of the crops in pixels.
        indices: Sample numbers.
        seed: The run's seed.
        kernel_size: Side that the kernels (B, 1, K, K) are padded or cut to.
        channels: 1 for brightness, 3 for colour.

    Returns:
        Pairs, normalised; noise by ring of frequency (B, R); true kernels, and the nearest sigma and radius.
    """
    made = make_batch(corpus, camera, size=size, indices=indices, seed=seed, channels=channels)
    taken_out = normalisation(made.blurred, made.mask)
    shares = torch.tensor([_disk_share(draw) for draw in made.draws])
    width = torch.tensor(
        [light_width(sigma, draw) for sigma, draw in zip(made.sigma.tolist(), made.draws, strict=True)]
    )
    return Batch(
        sharp=taken_out.enter(made.sharp),
        blurred=taken_out.enter(made.blurred),
        kernel=_sized(made.kernel, kernel_size),
        noise=taken_out.enter_noise(made.noise_spectrum.sqrt()),
        sigma=width * (1 - shares).sqrt(),
        radius=2 * width * shares.sqrt(),
        mask=made.mask,
    )


def light_width(sigma: float, draw: Draw) -> float:
    """Width in pixels of the light of a pair, before pixels average it, from that of its kernel."""
    return math.sqrt(max(sigma**2 - _pixel_variance(draw), 0))


def _disk_share(draw: Draw) -> float:
    """Share of the squared width that the disc of a lens explains."""
    disk, gaussian = (draw.lens.radius / 2) ** 2, draw.lens.sigma**2
    return disk / (disk + gaussian) if disk and not draw.by_computer else 0.0


def _pixel_variance(draw: Draw) -> float:
    """What the pixels of the sensor add to the squared width of a disc, in pixels of the result.

    A twelfth of a square pixel, and for the border of small discs more: measured on `disk_kernel`, to 0.01.
    """
    if not draw.lens.radius or draw.by_computer:
        return 0.0
    scale = 1 / draw.processing.resize
    return (0.09 + 0.055 / (draw.lens.radius * scale)) / scale**2


def _sized(kernel: Tensor, side: int) -> Tensor:
    """Pad kernels (B, 1, K, K) with zeros, or cut them, to a side; the sum stays 1."""
    margin = (side - kernel.shape[-1]) // 2
    sized = torch.nn.functional.pad(kernel, (margin, margin, margin, margin))
    return sized / sized.sum(dim=(-2, -1), keepdim=True)
