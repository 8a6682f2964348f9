"""The convolutions of `swift`: a first layer, a U-shaped trunk of residual blocks, a last layer."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn

from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.fused import can_fuse
from pinsharp.nets.swift.blur_condition import split_modulation
from pinsharp.nets.swift.fused import run_fused


class Refiner(nn.Module):
    """The convolutions of `swift` for one kind of image; all that other runtimes have to compute."""

    def __init__(self, enter: nn.Module, trunk: "Trunk", leave: nn.Module) -> None:
        super().__init__()
        self.enter = enter
        self.trunk = trunk
        self.leave = leave

    @property
    def modulation_length(self) -> int:
        """Values that tell all residual blocks what to undo: a scale and a shift of each of their channels."""
        return 2 * sum(self.trunk.block_widths)

    def forward(self, stack: Tensor, modulation: Tensor | None = None) -> Tensor:
        """Say what is wrong with the most careful copy: a correction (B, 4 C, H / 2, W / 2).

        The stack holds image and copies, (B, 4 C (filters + 1), H / 2, W / 2), both sides even; the modulation is that
        of all residual blocks in a row, (B, the sum of their 2 C).
        """
        if can_fuse(stack):
            return run_fused(self, stack, modulation)
        widths = self.trunk.block_widths
        parts = [None] * len(widths) if modulation is None else split_modulation(modulation, widths)
        correction: Tensor = self.leave(self.trunk(self.enter(stack), parts))
        return correction


class Trunk(nn.Module):
    """U-shaped stack of residual blocks, (B, width, H / 2, W / 2) to the same; quarter resolution in its middle.

    Plain 3x3 convolutions, not NAF blocks: at equal milliseconds a megapixel in bf16 they hold several times as many
    weights. `before`, `deep` and `after` count residual blocks; those at quarter resolution are `deep_width` wide.
    """

    def __init__(self, width: int, deep_width: int, before: int, deep: int, after: int) -> None:
        super().__init__()
        self.before = _blocks(width, before)
        self.down = nn.Conv2d(width, deep_width, 2, stride=2)
        self.deep = _blocks(deep_width, deep)
        self.up = nn.Sequential(nn.Conv2d(deep_width, 4 * width, 1), nn.PixelShuffle(2))
        self.after = _blocks(width, after)
        self.block_widths = [width] * before + [deep_width] * deep + [width] * after

    @property
    def reach(self) -> int:
        """How far it looks together with the first and the last layer, in full-resolution pixels."""
        half = 2 + 2 * (len(self.before) + len(self.after))  # enter and leave, then two convolutions a block
        return 2 * half + 4 * 2 * len(self.deep) + 4

    def forward(self, features: Tensor, modulation: Sequence[Tensor | None]) -> Tensor:
        """Refine features (B, width, H / 2, W / 2), both sides even; one modulation (B, 2 C, 1, 1) a residual block."""
        left = iter(modulation)
        features = _run(self.before, features, left)
        deep = _run(self.deep, self.down(features), left)
        return _run(self.after, features + self.up(deep), left)


def _blocks(channels: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(ResBlock(channels, residual_scale=0.1) for _ in range(count))


def _run(blocks: nn.ModuleList, features: Tensor, modulation: Iterator[Tensor | None]) -> Tensor:
    for block in blocks:
        features = block(features, next(modulation))
    return features
