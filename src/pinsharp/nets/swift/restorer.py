"""The part of `swift` that takes the kernel: Wiener bank, then a trunk at half and quarter resolution."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pinsharp.blur.continuation import Read
from pinsharp.blur.field import noise_level
from pinsharp.blur.levels import Levels
from pinsharp.nets.blocks import CHANNELS
from pinsharp.nets.swift.bank_blocks import BankBlocks
from pinsharp.nets.swift.blur_condition import BlurCondition
from pinsharp.nets.swift.config import SwiftConfig
from pinsharp.nets.swift.refiner import Refiner, Trunk
from pinsharp.nets.swift.wiener_bank import WienerBank
from pinsharp.nets.swift.windows import SwiftWindows

Refine = Callable[[Tensor, Tensor | None], Tensor]
"""Makes the correction out of stack and modulation, as `Refiner` does."""


class SwiftRestorer(nn.Module):
    """The part of `swift` that takes the kernel: Wiener bank, then a trunk at half and quarter resolution."""

    STRIDE = 4

    def __init__(self, config: SwiftConfig) -> None:
        super().__init__()
        self.noise_rings = config.noise_rings
        self.bank = WienerBank(config.filters, config.filter_radius, config.filter_grid, steady=config.guard)
        copies = 4 * (config.filters + 1)  # the image itself beside the bank, four pixels to a half-resolution one
        self.enter = nn.ModuleDict(
            {name: nn.Conv2d(n * copies, config.width, 3, padding=1) for name, n in CHANNELS.items()}
        )
        self.leave = nn.ModuleDict({name: nn.Conv2d(config.width, 4 * n, 3, padding=1) for name, n in CHANNELS.items()})
        with torch.no_grad():
            for weight in self.leave.parameters():
                weight.mul_(0.1)  # start near the most careful copy
        self.trunk = Trunk(config.width, config.deep_width, config.blocks, config.deep_blocks, config.blocks)
        self.condition = _condition(config, self.trunk)
        self.mono_trunk: Trunk | None = None
        self.mono_condition: BlurCondition | None = None
        if config.mono_blocks or config.mono_deep_blocks:
            self.mono_trunk = Trunk(config.width, config.deep_width, 0, config.mono_deep_blocks, config.mono_blocks)
            self.mono_condition = _condition(config, self.mono_trunk)
        reach = max(trunk.reach for trunk in (self.trunk, self.mono_trunk) if trunk is not None)
        self.halo = _whole_strides(config.filter_radius + reach)
        self.refine: Refine | None = None  # set, it takes the place of `refiner`: the same net in another runtime

    def forward(self, blurred: Tensor, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None) -> Tensor:
        """Restore images (B, C, H, W) with kernels (B, 1, K, K) and noise (B,) in units of full scale.

        `width_std` is the relative standard deviation of the kernels' widths, (B,); None where they are true.
        """
        return self.layers(blurred, kernel, noise, width_std)[0]

    def layers(
        self, blurred: Tensor, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Give restored images and their steady copies of the bank; arguments as for `forward`."""
        height, width = blurred.shape[-2:]
        noise = self.by_ring(noise)
        if torch.is_inference_mode_enabled() and len(blurred) == 1:
            shape = (blurred.shape[1], height, width)
            known = (kernel, noise, width_std)
            windows = self.windows(lambda *place: blurred[..., *place], shape, *known, largest=(height, width))
            return windows(slice(0, height), slice(0, width))
        copies = self.bank(blurred, kernel, noise)  # (B, copies, C, H, W)
        stack = torch.cat([blurred[:, None].to(copies.dtype), copies[:, : self.bank.count]], dim=1).flatten(1, 2)
        stack = nn.functional.pad(stack, (0, -width % self.STRIDE, 0, -height % self.STRIDE), mode="replicate")
        refine = self._refine_with(blurred.shape[1], kernel, noise, width_std)
        correction = nn.functional.pixel_shuffle(refine(nn.functional.pixel_unshuffle(stack, 2)), 2)
        # The most careful copy is the start; the trunk only has to say what is still wrong with it.
        return copies[:, 0] + correction[..., :height, :width].to(copies.dtype), copies[:, -1]

    def windows(
        self,
        read: Read,
        shape: tuple[int, int, int],
        kernel: Tensor,
        noise: Tensor,
        width_std: Tensor | None = None,
        *,
        largest: tuple[int, int],
        levels: Levels | None = None,
    ) -> SwiftWindows:
        """Prepare to restore one image window by window; the whole image is one window too.

        The shape is channels (1 or 3), height and width of the image, `largest` height and width of the largest window;
        kernel, noise and `width_std` are as for `forward`, of one image. With `levels` the bank has a kernel for each
        place, and the trunk gets `kernel`: on photographs with sigma 1 to 3 px that lost 0.03 dB on average against
        a trunk for each level, which takes three times as long.
        """
        noise = self.by_ring(noise)
        reach = _whole_strides(self._trunk(_mode(shape[0])).reach)
        at_once = _whole_strides(largest[0]) + 2 * reach
        blocks = BankBlocks(
            self.bank, read, shape, kernel, noise, stride=self.STRIDE, rows_at_once=at_once, levels=levels
        )
        return SwiftWindows(blocks, self._refine_with(shape[0], kernel, noise, width_std), largest, reach)

    def by_ring(self, noise: Tensor) -> Tensor:
        """Noise (B,) or (B, R) as this net takes it: by ring, or its level over all frequencies."""
        if self.noise_rings and noise.ndim == 1:
            return noise[:, None].expand(-1, self.noise_rings)
        return noise if self.noise_rings or noise.ndim == 1 else noise_level(noise)

    def refiner(self, mode: str) -> Refiner:
        """Everything that is convolution, for `mono` or `colour`, as a net that shares its weights with this one."""
        return Refiner(self.enter[mode], self._trunk(mode), self.leave[mode])

    def _trunk(self, mode: str) -> Trunk:
        return self.mono_trunk if mode == "mono" and self.mono_trunk is not None else self.trunk

    def _refine_with(
        self, channels: int, kernel: Tensor, noise: Tensor, width_std: Tensor | None
    ) -> Callable[[Tensor], Tensor]:
        """What makes the correction out of the stack of images of some channels, once it has the condition."""
        mode = _mode(channels)
        is_apart = self._trunk(mode) is self.mono_trunk
        condition = self.mono_condition if is_apart else self.condition
        modulation = condition.vector(kernel, noise, width_std) if condition else None
        refine = self.refine or self.refiner(mode)
        return lambda stack: refine(stack, modulation)


def _mode(channels: int) -> str:
    return "mono" if channels == 1 else "colour"


def _condition(config: SwiftConfig, trunk: Trunk) -> BlurCondition | None:
    if not config.condition:
        return None
    doubts, most, rings = config.condition_doubt, config.most_doubt, config.noise_rings
    return BlurCondition(config.condition, trunk.block_widths, doubts=doubts, most_doubt=most, noise_rings=rings)


def _whole_strides(length: int) -> int:
    """Round up to whole strides, so that a window and its halo begin where the trunk's pixels do."""
    return length + -length % SwiftRestorer.STRIDE
