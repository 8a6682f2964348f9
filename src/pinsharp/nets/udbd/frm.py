"""Feature Refinement Module: an encoder-decoder of NAF blocks that turns deblurred features into an image.

The layout is that of NAFNet (Chen et al., 2022): skips are added, not concatenated, and the last layer is linear.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.nets.blocks import Downsample, NafBlock, Pooling, Upsample
from pinsharp.nets.fused import can_fuse, convolution_dtype
from pinsharp.nets.udbd.frm_fused import run_fused


class Frm(nn.Module):
    """Refine features (B, in_channels, H, W) of any size to (B, out_channels, H, W).

    Width, blocks and pooling are as in `UdbdConfig`. Without `resample` (the paper's ablation) the same blocks run at
    full resolution and, as it is the sampling layers that double and halve the channels, all at `width`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 32,
        encoder_blocks: Sequence[int] = (1, 1, 1, 1),
        middle_blocks: int = 1,
        decoder_blocks: Sequence[int] = (1, 1, 1, 1),
        resample: bool = True,
        pooling: Pooling = "global",
    ) -> None:
        super().__init__()
        levels = len(encoder_blocks)
        if len(decoder_blocks) != levels:
            raise ValueError(
                f"decoder_blocks must have {levels} entries as encoder_blocks has, got {len(decoder_blocks)}"
            )
        widths = [width * 2**level if resample else width for level in range(levels + 1)]

        def stage(channels: int, blocks: int) -> nn.Sequential:
            return nn.Sequential(*(NafBlock(channels, pooling) for _ in range(blocks)))

        self.resample = resample
        self.multiple = 2**levels if resample else 1
        self.intro = nn.Conv2d(in_channels, width, 3, padding=1)
        self.encoders = nn.ModuleList(map(stage, widths[:-1], encoder_blocks))
        self.downs = nn.ModuleList(Downsample(channels) if resample else nn.Identity() for channels in widths[:-1])
        self.middle = stage(widths[-1], middle_blocks)
        self.ups = nn.ModuleList(Upsample(channels) if resample else nn.Identity() for channels in widths[:0:-1])
        self.decoders = nn.ModuleList(map(stage, widths[-2::-1], decoder_blocks))
        self.ending = nn.Conv2d(width, out_channels, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Refine features (B, in_channels, H, W); below and to the right they are replicated to a size that halves."""
        height, width = features.shape[-2:]
        features = F.pad(features, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        if can_fuse(features):
            features = features.to(convolution_dtype(features))
            with torch.autocast("cpu", enabled=False):
                return run_fused(self, features)[..., :height, :width]
        features = self.intro(features)
        skips = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skips.append(features)
            features = down(features)  # (B, 2C, H/2, W/2)
        features = self.middle(features)
        for up, decoder in zip(self.ups, self.decoders, strict=True):
            features = decoder(up(features) + skips.pop())  # (B, C, H, W)
        refined: Tensor = self.ending(features)
        return refined[..., :height, :width]
