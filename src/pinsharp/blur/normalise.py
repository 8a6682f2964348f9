"""Take brightness and contrast out of images before a network sees them, and put them back after.

An image of a quarter of the brightness, or squeezed around a grey, is the same image after normalising: whatever a
network computes is then the same too, up to what rounding took away before.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

GREY, CONTRAST = 0.5, 0.2
"""Mean and standard deviation that every image has before a network sees it; those of photographs."""

BT601 = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the brightness that simulated cameras and estimators speak of."""

TAIL = 0.01
"""Share of the pixels at either end that say nothing about brightness or contrast: highlights, hot and dead pixels."""

_LEAST_SHARE = 0.25  # of the plain deviation: an image of few bright spots on black has all its contrast in the tails
_END = 1e-3  # share of the pixels at either end that do not count for an image's range
_ENOUGH = 1 << 18  # pixels; more say the same
_EVEN = 1e-4  # scale of flat images, in their highest value
_FLAT = 1e-6  # of the largest value: below that, differences are those of float32


@dataclass(frozen=True)
class Normalisation:
    """What takes images to and from a network: `(image - offset) / scale`.

    Args:
        offset: Robust mean of each image (B, 1, 1, 1), in units of the image.
        scale: Robust standard deviation (B, 1, 1, 1); a small number for flat images.
    """

    offset: Tensor
    scale: Tensor

    def apply(self, images: Tensor) -> Tensor:
        """Normalise images (B, C, H, W), or their sharp counterparts."""
        return (images - self.offset.to(images)) / self.scale.to(images)

    def of(self, index: int) -> "Normalisation":
        """That of one image, as of a batch of it alone."""
        return Normalisation(self.offset[index : index + 1], self.scale[index : index + 1])

    def enter(self, images: Tensor) -> Tensor:
        """Bring images (B, C, H, W) to the mean `GREY` and the deviation `CONTRAST`, as networks see them."""
        return GREY + CONTRAST * self.apply(images)

    def leave(self, images: Tensor) -> Tensor:
        """Give what a network made of images that it saw so, (B, C, H, W), their brightness and contrast back."""
        return self.undo((images - GREY) / CONTRAST)

    def undo(self, normalised: Tensor) -> Tensor:
        """Give images (B, C, H, W) their brightness and contrast back."""
        return normalised * self.scale.to(normalised) + self.offset.to(normalised)

    def enter_noise(self, sigma: Tensor) -> Tensor:
        """Turn standard deviations of noise, (B,) or by ring (B, R), into those of images as networks see them."""
        scale = CONTRAST / self.scale.flatten().to(sigma)
        return sigma * scale.reshape(-1, *[1] * (sigma.ndim - 1))

    def leave_noise(self, sigma: Tensor) -> Tensor:
        """The inverse of `enter_noise`."""
        scale = self.scale.flatten().to(sigma) / CONTRAST
        return sigma * scale.reshape(-1, *[1] * (sigma.ndim - 1))


def full_range(parts: Tensor) -> Normalisation:
    """What brings an image, given as parts (N, C, H, W) of it, from its own darkest and brightest value to 0 and 1.

    Networks that were trained on whole photographs know no other values.
    """
    step = max(1, math.isqrt(parts[:, 0].numel() // _ENOUGH))
    values = parts[..., ::step, ::step].flatten().double()
    low = values.kthvalue(1 + int(_END * (len(values) - 1))).values
    high = values.kthvalue(len(values) - int(_END * (len(values) - 1))).values
    highest = values.abs().max()
    span = torch.where(high - low <= _FLAT * highest, _scale_of_flat(highest), high - low)
    offset, scale = (value.reshape(1, 1, 1, 1).to(parts.dtype) for value in ((low + high) / 2, span * CONTRAST))
    return Normalisation(offset, scale)


def normalisation(images: Tensor, mask: Tensor | None = None) -> Normalisation:
    """Measure brightness and contrast of images, robust against outliers.

    All channels of an image share one offset and one scale, so that colours stay what they are.

    Args:
        images: Images (B, C, H, W) in any unit.
        mask: True for the pixels (B, 1, H, W) that count; an image without any is taken whole. Default: all.

    Returns:
        What normalises them.
    """
    masks = [None] * len(images) if mask is None else list(mask)
    measured = [_measure(_counted(image, counts)) for image, counts in zip(images, masks, strict=True)]
    offset, scale = (torch.stack(values).reshape(-1, 1, 1, 1) for values in zip(*measured, strict=True))
    return Normalisation(offset.to(images.dtype), scale.to(images.dtype))


def _counted(image: Tensor, mask: Tensor | None) -> Tensor:
    """Brightness (N,) of pixels of one image (C, H, W) that count; of large images, of every few rows and columns."""
    step = max(1, math.isqrt(image[0].numel() // _ENOUGH))
    grey = image[:, ::step, ::step].double().mean(dim=0)
    kept = None if mask is None else mask[0, ::step, ::step]
    return grey.flatten() if kept is None or not bool(kept.any()) else grey[kept]


def _measure(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of values (N,), the ones in the tails drawn in to where the tails begin."""
    count = len(values)
    low = values.kthvalue(1 + int(TAIL * (count - 1))).values
    high = values.kthvalue(count - int(TAIL * (count - 1))).values
    inner = values.clamp(low, high)
    spread = torch.maximum(inner.std(correction=0), _LEAST_SHARE * values.std(correction=0))
    highest = values.abs().max()
    return inner.mean(), torch.where(spread <= _FLAT * highest, _scale_of_flat(highest), spread)


def _scale_of_flat(highest: Tensor) -> Tensor:
    """Scale of an image without contrast: so small that what a network adds to an even grey does not show."""
    return (_EVEN * highest).clamp(min=_EVEN)


def brightness(images: Tensor) -> Tensor:
    """Brightness (B, 1, H, W) of images (B, C, H, W), C 1 or 3."""
    if images.shape[1] == 1:
        return images
    return torch.einsum("bchw,c->bhw", images, images.new_tensor(BT601))[:, None]
