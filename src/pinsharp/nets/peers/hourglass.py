"""The encoder-decoder that SRN introduced (Tao et al., 2018) and DWDN took over: 5x5 ResBlocks on three levels."""

from torch import Tensor, nn

from pinsharp.nets.blocks import PaddingMode, ResBlock

SIDE = 5
"""Side of all convolutions of both networks that do not change resolution upwards."""


def residual_blocks(channels: int, count: int, padding_mode: PaddingMode = "zeros") -> list[nn.Module]:
    """Make 5x5 ResBlocks without normalisation: (B, channels, H, W) to the same shape."""
    return [ResBlock(channels, SIDE, padding_mode=padding_mode) for _ in range(count)]


def entrance(
    in_channels: int, channels: int, blocks: int, *, stride: int = 1, padding_mode: PaddingMode = "zeros"
) -> nn.Sequential:
    """Make a 5x5 convolution with ReLU and ResBlocks: (B, in_channels, H, W) to (B, channels, H/stride, W/stride)."""
    convolution = nn.Conv2d(in_channels, channels, SIDE, stride, padding=SIDE // 2, padding_mode=padding_mode)
    return nn.Sequential(convolution, nn.ReLU(), *residual_blocks(channels, blocks, padding_mode))


class Hourglass(nn.Module):
    """Two levels down and two up, skips added: (B, width, H, W) to the same shape, H and W multiples of 4.

    It is used in two halves, because SRN puts a recurrent cell between them. Channels double with each level down;
    `blocks` counts the ResBlocks on each, `up_side` is the side of the transposed convolutions, 3 or 4 pixels.
    """

    def __init__(self, width: int, blocks: int, *, up_side: int) -> None:
        super().__init__()
        self.down_1 = entrance(width, 2 * width, blocks, stride=2)
        self.down_2 = entrance(2 * width, 4 * width, blocks, stride=2)
        self.up_2 = _exit(4 * width, blocks, up_side)
        self.up_1 = _exit(2 * width, blocks, up_side)
        self.last = nn.Sequential(*residual_blocks(width, blocks))

    def encode(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Reduce features (B, width, H, W) to the quarter resolution (B, 4 width, H/4, W/4), and half on the way."""
        half = self.down_1(features)  # (B, 2 width, H/2, W/2)
        return self.down_2(half), half

    def decode(self, quarter: Tensor, half: Tensor, features: Tensor) -> Tensor:
        """Come back from the quarter resolution, adding what `encode` gave and was given: (B, width, H, W)."""
        half = half + self.up_2(quarter)
        refined: Tensor = self.last(features + self.up_1(half))
        return refined


def _exit(channels: int, blocks: int, side: int) -> nn.Sequential:
    """Make ResBlocks and a transposed convolution with ReLU: (B, channels, H, W) to (B, channels/2, 2H, 2W)."""
    up = nn.ConvTranspose2d(channels, channels // 2, side, stride=2, padding=1, output_padding=4 - side)
    return nn.Sequential(*residual_blocks(channels, blocks), up, nn.ReLU())
