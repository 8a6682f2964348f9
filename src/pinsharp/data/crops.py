"""What samples are made of, sharp images, and random crops of them, each decided by one generator."""

from typing import Protocol

import torch
from torch import Tensor


class Photographs(Protocol):
    """Sharp images that samples are made of, as 8-bit colour tensors (3, H, W)."""

    @property
    def device(self) -> torch.device:
        """Where the images are."""

    def __len__(self) -> int:
        """How many there are."""

    def pick(self, number: int, index: int) -> Tensor:
        """The image of sample `index`, which has drawn the `number`, from 0 and below their count."""


def draw_crop(image: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Cut a random square out of an 8-bit image (3, H, W), flip and turn it at random: (3, size, size), 8 bit.

    The generator of the four random choices is on the CPU, the crop on the image's device.
    """
    top = _draw(image.shape[1] - size + 1, generator)
    left = _draw(image.shape[2] - size + 1, generator)
    crop = image[:, top : top + size, left : left + size]
    if _draw(2, generator):
        crop = crop.flip(-1)
    return crop.rot90(_draw(4, generator), dims=(-2, -1))


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
