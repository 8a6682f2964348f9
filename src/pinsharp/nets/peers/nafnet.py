"""NAFNet (Chen et al., 2022): a U-shaped network of blocks without activation functions, end to end.

Its layout is that of `Frm`, with the image in and out. Local pooling is that of TLC (Chu et al., 2022).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pinsharp.nets.blocks import NafBlock
from pinsharp.nets.checks import check_at_least, check_levels
from pinsharp.nets.peers.scales import EndToEnd
from pinsharp.nets.udbd.frm import Frm

COLOURS = 3


@dataclass(frozen=True)
class NafnetConfig:
    """Settings of NAFNet. The defaults are the authors' smaller model for GoPro."""

    width: int = 32  # channels at full resolution, doubled with each level down. 32; their larger model has 64.
    encoder_blocks: tuple[int, ...] = (1, 1, 1, 28)  # NAF blocks on each level on the way down: 1, 1, 1, 28
    middle_blocks: int = 1  # NAF blocks at the lowest resolution
    # NAF blocks on each level on the way up, lowest level first. One each.
    decoder_blocks: tuple[int, ...] = (1, 1, 1, 1)
    # Side in pixels of the window around each pixel over which its channel attention pools; 0 for the whole image.
    # Means over a whole image vary less than over a training crop, which costs quality on images larger than that: the
    # authors test with 1.5 times the crop, 384 for 256. It takes effect only on images larger than the window, so that
    # training is the same with it.
    pooling_window: int = 0

    def __post_init__(self) -> None:
        check_at_least(self, width=1, middle_blocks=0, pooling_window=0)
        check_levels(self.encoder_blocks, self.decoder_blocks)


class Nafnet(EndToEnd):
    """Restore blurred colour images end to end: no kernel goes in and none comes out.

    The net predicts what is to be added to the blurred image.
    """

    def __init__(self, config: NafnetConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or NafnetConfig()
        self.body = Frm(
            COLOURS,
            COLOURS,
            width=config.width,
            encoder_blocks=config.encoder_blocks,
            middle_blocks=config.middle_blocks,
            decoder_blocks=config.decoder_blocks,
        )
        if config.pooling_window:
            _pool_locally(self.body, config.pooling_window)

    def restore_scales(self, blurred: Tensor) -> list[Tensor]:
        """Restore images (B, 3, H, W) at the one scale that the net has."""
        return [blurred + self.body(blurred)]

    def targets(self, sharp: Tensor) -> list[Tensor]:
        """Give what `restore_scales` is trained towards: the sharp images."""
        return [sharp]


class LocalNafBlock(NafBlock):
    """NAF block whose channel attention pools over a window around each pixel; its weights are those of a NAF block.

    The window's side is in pixels of the input.
    """

    def __init__(self, channels: int, window: int) -> None:
        super().__init__(channels, "global")
        self.window = window

    def pooled(self, features: Tensor) -> Tensor:
        """Means of features (B, C, H, W) over the window around each pixel."""
        return local_mean(features, self.window)


def local_mean(features: Tensor, window: int) -> Tensor:
    """Average features (B, C, H, W) over a window around each pixel; near the border, over the last that fits.

    There is one row or column instead of H or W where the window covers that side.
    """
    full = features if features.dtype.itemsize > 4 else features.float()  # running sums outgrow half precision
    pixels = full.permute(0, 2, 3, 1)  # as they lie in memory, channels last
    return _running_mean(_running_mean(pixels, window, 1), window, 2).to(features.dtype).permute(0, 3, 1, 2)


def _running_mean(pixels: Tensor, window: int, dim: int) -> Tensor:
    """Average pixels (B, H, W, C) over a window along one axis, as `local_mean` does."""
    length = pixels.shape[dim]
    if window >= length:
        return pixels.mean(dim, keepdim=True)
    sums = pixels.cumsum(dim)
    first = sums.narrow(dim, window - 1, 1)
    others = sums.narrow(dim, window, length - window) - sums.narrow(dim, 0, length - window)
    last = others.narrow(dim, length - window - 1, 1)
    # Rows or columns at either border have no window of their own.
    before, after = (first.repeat_interleave((window - 1) // 2 + 1, dim), last.repeat_interleave(window // 2, dim))
    return torch.cat([before, others, after], dim).div_(window)


def _pool_locally(body: Frm, window: int) -> None:
    """Exchange the NAF blocks of an untrained net for local ones, whose window shrinks with the resolution."""
    levels = len(body.encoders)
    stages = [*body.encoders, body.middle, *body.decoders]
    for stage, level in zip(stages, [*range(levels), levels, *reversed(range(levels))], strict=True):
        for index, block in enumerate(stage):
            stage[index] = LocalNafBlock(block.beta.shape[1], max(window >> level, 1))
