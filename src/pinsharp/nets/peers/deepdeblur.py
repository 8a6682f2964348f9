"""DeepDeblur (Nah et al., 2017): three plain residual networks at three scales, coarse to fine, nothing shared."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.checks import check_at_least
from pinsharp.nets.peers.scales import EndToEnd, cropped_scales, gaussian_scales, padded_to_multiple

COLOURS = 3

MIDDLE = 0.5
"""What is subtracted from the images before the networks see them, and added again at the end."""

_SIDE = 5


@dataclass(frozen=True)
class DeepDeblurConfig:
    """Settings of DeepDeblur. The defaults are those of the authors' PyTorch version."""

    width: int = 64  # channels of every layer
    blocks: int = 19  # 5x5 ResBlocks of each scale
    scales: int = 3  # scales, each half as large as the one before, with weights of its own

    def __post_init__(self) -> None:
        check_at_least(self, width=1, blocks=0, scales=1)


class DeepDeblur(EndToEnd):
    """Restore blurred colour images end to end: no kernel goes in and none comes out.

    Every scale but the coarsest sees the blurred image and the result of the coarser scale, enlarged by a learned
    convolution. Nothing is added to the input.
    """

    def __init__(self, config: DeepDeblurConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DeepDeblurConfig()
        self.multiple = 2 ** (config.scales - 1)
        coarsest = config.scales - 1
        # Finest first; ups[s] enlarges what scale s + 1 gives.
        self.bodies = nn.ModuleList(
            _body(COLOURS if scale == coarsest else 2 * COLOURS, config.width, config.blocks)
            for scale in range(config.scales)
        )
        self.ups = nn.ModuleList(
            nn.Sequential(nn.Conv2d(COLOURS, 4 * COLOURS, _SIDE, padding=_SIDE // 2), nn.PixelShuffle(2))
            for _ in range(coarsest)
        )

    def restore_scales(self, blurred: Tensor) -> list[Tensor]:
        """Restore images (B, 3, H, W) of any size at every scale, finest first, not clamped to [0, 1]."""
        padded = padded_to_multiple(blurred, self.multiple)
        centred_scales = [image - MIDDLE for image in gaussian_scales(padded, self.config.scales)]
        restored = self.bodies[-1](centred_scales[-1])
        restored_scales: list[Tensor] = [restored]
        for image, body, up in zip(centred_scales[-2::-1], self.bodies[-2::-1], self.ups[::-1], strict=True):
            restored = body(torch.cat([image, up(restored)], dim=1))
            restored_scales.insert(0, restored)
        shape = (blurred.shape[-2], blurred.shape[-1])
        return cropped_scales([image + MIDDLE for image in restored_scales], shape)

    def targets(self, sharp: Tensor) -> list[Tensor]:
        """Give what `restore_scales` is trained towards: the Gaussian pyramid of the sharp images."""
        scales = gaussian_scales(padded_to_multiple(sharp, self.multiple), self.config.scales)
        return cropped_scales(scales, (sharp.shape[-2], sharp.shape[-1]))


def _body(in_channels: int, width: int, blocks: int) -> nn.Sequential:
    """Make the network of one scale: (B, in_channels, H, W) to (B, 3, H, W), linear at both ends."""
    return nn.Sequential(
        nn.Conv2d(in_channels, width, _SIDE, padding=_SIDE // 2),
        *(ResBlock(width, _SIDE) for _ in range(blocks)),
        nn.Conv2d(width, COLOURS, _SIDE, padding=_SIDE // 2),
    )
