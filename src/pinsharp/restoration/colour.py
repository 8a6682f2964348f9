"""What is restored of an image's pixels: from which white, in which light, in which channels.

Everything here works pixel by pixel, so that windows of an image may be treated one by one. Where values are decoded to
linear light, blur and noise are measured in it too: the estimate sees what the restoration sees.
"""

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.images.arrays import luma, to_array, to_tensor
from pinsharp.images.light import Light, asked_light
from pinsharp.restoration.recipe import Recipe

_ALPHA, _BETA = 1.09929682680944, 0.018053968510807
"""Those of BT.709, which rounds them to 1.099 and 0.018, where its curve meets its straight line."""


def light_of(recipe: Recipe, stated: Light) -> Light:
    """The light of an image that states one: as the recipe asks for, or as stated."""
    return stated if recipe.light == "auto" else asked_light(recipe.light)


def enter(image: NDArray[Any], recipe: Recipe, light: Light) -> Tensor:
    """Turn an image into the tensor (1, C, H, W) that is restored.

    Raises:
        ImageError: If the image cannot be restored, or a pixel exceeds the white level.
    """
    return decode(to_tensor(image, white_level=recipe.white_level), light)


def leave(tensor: Tensor, like: NDArray[Any], recipe: Recipe, light: Light) -> NDArray[Any]:
    """Turn a restored tensor (1, C, H, W) back into an image of the type it came from; clipped to white."""
    return to_array(encode(tensor, light), like, white_level=recipe.white_level)


def split(image: Tensor, recipe: Recipe) -> tuple[Tensor, ...]:
    """What is restored, one after the other: the image (1, C, H, W), or planes (1, 1, H, W) of it."""
    if image.shape[1] == 1 or recipe.channels == "joint":
        return (image,)
    return (luma(image),) if recipe.channels == "luma" else image.chunk(3, dim=1)


def join(image: Tensor, restored: Sequence[Tensor], recipe: Recipe) -> Tensor:
    """Put the restored parts that `split` made of an image (1, C, H, W) together."""
    if image.shape[1] == 1 or recipe.channels == "joint":
        return restored[0]
    return with_luma(image, restored[0]) if recipe.channels == "luma" else torch.cat(list(restored), dim=1)


def as_mono(image: Tensor) -> Tensor:
    """One channel (1, 1, H, W) of an image whose three are alike, as files of mono cameras often are; others as is."""
    is_grey = image.shape[1] == 3 and bool((image[:, :1] == image[:, 1:]).all())
    return image[:, :1] if is_grey else image


def with_luma(image: Tensor, restored: Tensor) -> Tensor:
    """Give images (B, 3, H, W) another luma (B, 1, H, W), leaving the differences between their channels as they are.

    The same is added to all three channels of a pixel, at most as much as none of them leaves [0, 1] by: cutting off
    one of them would change the colour.
    """
    change = restored - luma(image)
    low, high = image.amin(dim=1, keepdim=True), image.amax(dim=1, keepdim=True)
    return image + torch.minimum(torch.maximum(change, -low), 1 - high)


def decode(values: Tensor, light: Light) -> Tensor:
    """Turn values in [0, 1] into linear light; float32 stays float32."""
    if light.name == "power":
        return values.clamp(min=0) ** light.exponent
    if light.name == "bt709":
        curve = ((values.clamp(min=0) + _ALPHA - 1) / _ALPHA) ** (1 / 0.45)
        return torch.where(values < 4.5 * _BETA, values / 4.5, curve)
    return srgb_to_linear(values) if light.name == "srgb" else values


def encode(values: Tensor, light: Light) -> Tensor:
    """Turn linear light into values: the inverse of `decode`. Below 0, where there is no light, is 0 or below."""
    if light.name == "power":
        return values.clamp(min=0) ** (1 / light.exponent)
    if light.name == "bt709":
        return torch.where(values < _BETA, values * 4.5, _ALPHA * values.clamp(min=_BETA) ** 0.45 - _ALPHA + 1)
    return linear_to_srgb(values) if light.name == "srgb" else values


def srgb_to_linear(image: Tensor) -> Tensor:
    """Decode sRGB values in [0, 1] to linear light (IEC 61966-2-1); float32 stays float32."""
    return torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: Tensor) -> Tensor:
    """Encode linear light in [0, 1] as sRGB values: the inverse of `srgb_to_linear`."""
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)
