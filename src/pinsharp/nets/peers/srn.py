"""SRN, the scale-recurrent network (Tao et al., 2018): one encoder-decoder, run at three scales, coarse to fine."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pinsharp.nets.checks import check_at_least
from pinsharp.nets.peers.hourglass import SIDE, Hourglass, entrance
from pinsharp.nets.peers.scales import EndToEnd, bilinear_scales, cropped_scales, padded_to_multiple, resized

COLOURS = 3


@dataclass(frozen=True)
class SrnConfig:
    """Settings of SRN. The defaults are the authors' published colour model."""

    width: int = 32  # channels at full resolution, doubled on each of two levels down
    blocks: int = 3  # 5x5 ResBlocks on each level, down and up
    scales: int = 3  # scales, each half as large as the one before
    # What carries features from scale to scale: `none` in the authors' colour model; `lstm`, a convolutional LSTM at
    # the lowest level, in the model of their GoPro figures, which sees one channel at a time.
    cell: Literal["none", "lstm"] = "none"

    def __post_init__(self) -> None:
        check_at_least(self, width=1, blocks=0, scales=1)


class Srn(EndToEnd):
    """Restore blurred colour images end to end: no kernel goes in and none comes out.

    Every scale sees the blurred image and the result of the coarser scale, through which no gradient passes. The image
    is never shrunk as a whole: the authors' test program does so with images above 1280 x 720.
    """

    def __init__(self, config: SrnConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SrnConfig()
        self.multiple = 4 * 2 ** (config.scales - 1)
        self.enter = entrance(2 * COLOURS, config.width, config.blocks)
        self.hourglass = Hourglass(config.width, config.blocks, up_side=4)
        self.leave = nn.Conv2d(config.width, COLOURS, SIDE, padding=SIDE // 2)
        self.apply(_initialise)
        self.cell = ConvLstm(4 * config.width) if config.cell == "lstm" else None

    def restore_scales(self, blurred: Tensor) -> list[Tensor]:
        """Restore images (B, 3, H, W) of any size at every scale, finest first, not clamped to [0, 1]."""
        blurred_scales = bilinear_scales(padded_to_multiple(blurred, self.multiple), self.config.scales)
        restored, state = blurred_scales[-1], None
        restored_scales: list[Tensor] = []
        for image in reversed(blurred_scales):
            guess = resized(restored.detach(), (image.shape[-2], image.shape[-1]))
            restored, state = self._at_one_scale(torch.cat([image, guess], dim=1), state)
            restored_scales.insert(0, restored)
        return cropped_scales(restored_scales, (blurred.shape[-2], blurred.shape[-1]))

    def targets(self, sharp: Tensor) -> list[Tensor]:
        """Give what `restore_scales` is trained towards: the sharp images resized as the blurred ones are."""
        scales = bilinear_scales(padded_to_multiple(sharp, self.multiple), self.config.scales)
        return cropped_scales(scales, (sharp.shape[-2], sharp.shape[-1]))

    def _at_one_scale(self, images: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor | None]:
        features = self.enter(images)  # (B, width, H, W)
        quarter, half = self.hourglass.encode(features)
        if self.cell is not None:
            quarter, state = self.cell(quarter, state)
        return self.leave(self.hourglass.decode(quarter, half, features)), state


class ConvLstm(nn.Module):
    """Convolutional LSTM cell: gates from a 3x3 convolution of input and hidden state, both (B, channels, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)
        nn.init.trunc_normal_(self.gates.weight, std=1e-3)  # as the authors
        nn.init.zeros_(self.gates.bias)  # type: ignore[arg-type]

    def forward(self, features: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run one step on features (B, channels, H, W).

        The state is cell and hidden state of the step before, (B, 2 channels, H', W') of another scale; None for zeros.

        Returns:
            The hidden state, (B, channels, H, W), and the new state, (B, 2 channels, H, W).
        """
        if state is None:
            state = features.new_zeros(features.shape[0], 2 * features.shape[1], *features.shape[2:])
        cell, hidden = resized(state, (features.shape[-2], features.shape[-1])).chunk(2, dim=1)
        admit, new, keep, show = self.gates(torch.cat([features, hidden], dim=1)).chunk(4, dim=1)
        # The added 1 makes an untrained cell remember.
        cell = cell * (keep + 1).sigmoid() + admit.sigmoid() * new.tanh()
        hidden = cell.tanh() * show.sigmoid()
        return hidden, torch.cat([cell, hidden], dim=1)


def _initialise(module: nn.Module) -> None:
    """Draw the weights of convolutions uniformly after Glorot (Xavier) and zero their biases, as the authors."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
