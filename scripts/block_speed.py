"""Compare residual and NAF blocks in a trunk of swift's shape: megapixels a second to restore, crops a second to train.

Usage: python scripts/block_speed.py
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from pinsharp.allocator import keep_freed_memory
from pinsharp.nets.blocks import NafBlock, ResBlock
from pinsharp.nets.swift.refiner import Trunk
from pinsharp.nets.swift.swift import SwiftConfig

SIDE, CROP, BATCH = 1024, 128, 16


def trunk(block: Callable[[int], nn.Module], width: int, deep: int) -> Trunk:
    """Build a trunk of swift with other blocks: two before, four deep, two after."""
    net = Trunk(SwiftConfig(width=width, deep_width=deep, blocks=2, deep_blocks=4))
    for part, channels in ((net.before, width), (net.deep, deep), (net.after, width)):
        for index in range(len(part)):
            part[index] = block(channels)
    return net.to(memory_format=torch.channels_last)


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Median time of a call, after one that does not count."""
    times = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return median(times[1:])


def half_resolution(width: int, batch: int, side: int) -> Tensor:
    """Random features for a trunk, channels last."""
    return torch.rand(batch, width, side // 2, side // 2).to(memory_format=torch.channels_last)


def row(name: str, net: nn.Module, width: int) -> str:
    """Time one trunk and describe it in a line of a table."""
    image, crops = half_resolution(width, 1, SIDE), half_resolution(width, BATCH, CROP)

    def restore(precision: torch.dtype) -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
            net(image)

    def train() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            loss = net(crops).float().square().mean()
        loss.backward()

    megapixels = SIDE * SIDE / 1e6
    exact = megapixels / seconds(lambda: restore(torch.float32))
    fast = megapixels / seconds(lambda: restore(torch.bfloat16))
    parameters = sum(value.numel() for value in net.parameters()) / 1e6
    return f"| {name} | {parameters:.2f} | {exact:.2f} | {fast:.2f} | {BATCH / seconds(train):.0f} |"


def main() -> None:
    """Print the table."""
    keep_freed_memory()
    print("| trunk | M parameters | MP/s fp32 | MP/s bf16 | crops/s, training in bf16 |\n|---|---|---|---|---|")
    for width, deep in ((32, 64), (48, 96), (64, 96)):
        print(row(f"residual {width}/{deep}", trunk(ResBlock, width, deep), width), flush=True)
        print(row(f"NAF {width}/{deep}", trunk(lambda c: NafBlock(c, "none"), width, deep), width), flush=True)


if __name__ == "__main__":
    main()
