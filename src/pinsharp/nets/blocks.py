"""Building blocks that the networks share: residual and NAF blocks, layer normalisation, down- and up-sampling.

All of them are plain operations, without custom autograd, so that they export and compile. NAF blocks are those of
Chen et al., 2022.
"""

from typing import Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Activation = Literal["relu", "leaky_relu"]
Pooling = Literal["global", "none"]
PaddingMode = Literal["zeros", "replicate"]

CHANNELS = {"mono": 1, "colour": 3}
"""Channels of the two kinds of images."""

LEAKY_SLOPE = 0.1
"""Slope of every LeakyReLU below zero, as in Luo et al., 2022."""


def activation_layer(name: Activation) -> nn.Module:
    """Make the activation of a name, `relu` or `leaky_relu`."""
    layers: dict[str, nn.Module] = {"relu": nn.ReLU(), "leaky_relu": nn.LeakyReLU(LEAKY_SLOPE)}
    if name not in layers:
        raise ValueError(f"activation must be one of {', '.join(layers)}, got {name!r}")
    return layers[name]


class ResBlock(nn.Module):
    """Two convolutions with an activation between them, added to the input: (B, C, H, W) to the same shape.

    Args:
        channels: C.
        kernel_size: Side of both convolutions in pixels, odd.
        activation: What stands between them; there is none after the sum and no normalisation.
        residual_scale: Factor on the initial weights of the second convolution. Below 1 the block starts near the
            identity, so that a deep stack neither grows nor shrinks its input.
        padding_mode: What the convolutions see past the border.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int = 3,
        activation: Activation = "relu",
        *,
        residual_scale: float = 1.0,
        padding_mode: PaddingMode = "zeros",
    ) -> None:
        super().__init__()
        half = kernel_size // 2
        self.first = nn.Conv2d(channels, channels, kernel_size, padding=half, padding_mode=padding_mode)
        self.activation = activation_layer(activation)
        self.second = nn.Conv2d(channels, channels, kernel_size, padding=half, padding_mode=padding_mode)
        with torch.no_grad():
            self.second.weight.mul_(residual_scale)

    def forward(self, features: Tensor, modulation: Tensor | None = None) -> Tensor:
        """Add the residual to features (B, C, H, W).

        The modulation scales, as a difference from 1, and shifts each channel after the first convolution: (B or 1, 2
        C, 1, 1).
        """
        residual: Tensor = self.second(self.activation(self._modulated(features, modulation)))
        return features + residual

    def _modulated(self, features: Tensor, modulation: Tensor | None) -> Tensor:
        """The first convolution, its channels scaled and shifted."""
        if modulation is None:
            return cast(Tensor, self.first(features))
        if len(modulation) > 1:
            hidden: Tensor = self.first(features)
            scale, shift = modulation.to(hidden.dtype).chunk(2, dim=1)
            return hidden + scale * hidden + shift
        return cast(Tensor, self.first._conv_forward(features, *self.modulated_weights(modulation)))

    def modulated_weights(self, modulation: Tensor | None) -> tuple[Tensor, Tensor]:
        """Weight and bias of the first convolution, scaled and shifted by a modulation (1, 2 C, 1, 1)."""
        assert self.first.bias is not None
        if modulation is None:
            return self.first.weight, self.first.bias
        # What is the same for all images can as well be done to the weights: swift restores a sixth faster so (1
        # megapixel of colour, bf16, two cores).
        scale, shift = modulation.reshape(2, -1)
        weight = self.first.weight * (1 + scale)[:, None, None, None]
        return weight, self.first.bias * (1 + scale) + shift


class LayerNorm2d(nn.Module):
    """Normalise every pixel (B, C, H, W) over its channels to mean 0 and variance 1, then scale and shift each channel.

    `eps` is added to the variance, so that a flat pixel gives 0 rather than a division by zero.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, features: Tensor) -> Tensor:
        """Normalise features (B, C, H, W)."""
        # On channels_last features the permutation costs nothing, and this is 4 times as fast as mean and variance
        # taken along the second axis (1 core, 32 channels, forward and backward).
        pixels = features.permute(0, 2, 3, 1)
        return F.layer_norm(pixels, self.weight.shape, self.weight, self.bias, self.eps).permute(0, 3, 1, 2)


class NafBlock(nn.Module):
    """Block without activation functions: a gated depthwise convolution, then a gated 1x1 pair (Chen et al., 2022).

    Both halves are added to the input through factors per channel that start at 0: a new block is the identity.

    Args:
        channels: C of the input and output (B, C, H, W).
        pooling: `global` scales the channels by their means over the whole input (SCA), which ties every output pixel
            to the whole image; `none` leaves that out, so that a window is restored as it would be inside the image.
        padding_mode: What the depthwise convolution sees past the border.
    """

    def __init__(self, channels: int, pooling: Pooling = "global", *, padding_mode: PaddingMode = "zeros") -> None:
        super().__init__()
        if pooling not in ("global", "none"):
            raise ValueError(f"pooling must be 'global' or 'none', got {pooling!r}")
        wide = 2 * channels
        self.norm_1 = LayerNorm2d(channels)
        self.expand = nn.Conv2d(channels, wide, 1)
        self.depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide, padding_mode=padding_mode)
        self.attention = nn.Conv2d(channels, channels, 1) if pooling == "global" else None
        self.project = nn.Conv2d(channels, channels, 1)
        self.norm_2 = LayerNorm2d(channels)
        self.widen = nn.Conv2d(channels, wide, 1)
        self.narrow = nn.Conv2d(channels, channels, 1)
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Add both gated residuals to features (B, C, H, W)."""
        gated = _gate(self.depthwise(self.expand(self.norm_1(features))))
        if self.attention is not None:
            gated = gated * self.attention(self.pooled(gated))
        features = features + self.beta * self.project(gated)
        refined: Tensor = self.narrow(_gate(self.widen(self.norm_2(features))))
        return features + self.gamma * refined

    def pooled(self, features: Tensor) -> Tensor:
        """What the channel attention sees of features (B, C, H, W): their means over the whole input."""
        # In bfloat16, `mean` makes a copy in float32 first; `sum` adds up in float32 all the same.
        return features.sum(dim=(-2, -1), keepdim=True) / features[0, 0].numel()


class Downsample(nn.Conv2d):
    """Halve the resolution and double the channels: (B, C, H, W) to (B, 2C, H/2, W/2), H and W even."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 2 * channels, kernel_size=2, stride=2)


class Upsample(nn.Sequential):
    """Double the resolution and halve the channels: (B, C, H, W) to (B, C/2, 2H, 2W), C even."""

    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, 2 * channels, kernel_size=1, bias=False), nn.PixelShuffle(2))


def _gate(features: Tensor) -> Tensor:
    """Multiply the first half of the channels with the second (SimpleGate)."""
    first, second = features.chunk(2, dim=1)
    return first * second
