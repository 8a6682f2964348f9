"""Put a method of your own into the benchmark, beside others, on the same blurred images.

    python examples/own_method.py examples/sample/board-in-focus.png

A function of image and kernel becomes a method by a line in `METHODS`; `swift` measures the kernel for it. This one is
Van Cittert's iteration (1931): x <- x + y - k * x, clipped to [0, 1].
"""

import sys
from functools import partial
from pathlib import Path

from torch import Tensor

import pinsharp
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.quality.contenders import contenders
from pinsharp.bench.quality.judge import summarise
from pinsharp.bench.quality.study import Quality
from pinsharp.blur.operators import Blur
from pinsharp.data.testset import Degradation
from pinsharp.methods.classical import solver
from pinsharp.methods.table import METHODS


def van_cittert(blurred: Tensor, kernel: Tensor, iterations: int = 10) -> Tensor:
    """Restore images (B, C, H, W) in [0, 1] that a kernel (1, 1, K, K) has blurred."""
    blur, restored = Blur(kernel), blurred
    for _ in range(iterations):
        restored = (restored + blurred - blur(restored)).clamp(0, 1)
    return restored


METHODS["van-cittert"] = solver("Van Cittert's iteration", f"{__name__}:van_cittert")


def main(*images: str) -> None:
    """Blur sharp images by two Gaussians, let each method restore them, and print the mean PSNR."""
    paths = [Path(image) for image in images]
    protocol = Degradation("gaussian:1.5,gaussian:2.5", "reflect", bits=8, noise=1 / 255, seed=0)
    lineup = partial(contenders, ["blurred", "van-cittert", "wiener"], true_kernel=True)
    study = Quality(paths[0].parent, paths, protocol, lineup)
    for row in summarise(measure(plan_of(study))):
        figures = "  ".join(f"{kernel} {psnr:.2f} dB" for kernel, psnr in row.psnr.items())
        print(f"{row.name:26} {figures}  SSIM {row.ssim:.3f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except pinsharp.PinsharpError as error:
        sys.exit(f"{error}")
