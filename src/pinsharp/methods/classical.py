"""Classical methods: functions of an image and a kernel, which `swift` lends where none is given."""

from collections.abc import Callable

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import check_kernel
from pinsharp.methods.devices import find_device
from pinsharp.methods.method import Deblurred, KernelFrom, Kind, Lender, check_image

Solve = Callable[[Tensor, Tensor], Tensor]
"""Restores images (B, C, H, W) with kernels (B or 1, 1, K, K); the result need not be clipped."""


class SolverMethod:
    """A function of image and kernel as a method.

    Args:
        name: What tables call it.
        solve: The function.
        lender: Measures the blur where no kernel is given.
        device: Where to compute: `cpu`, `cuda` or `auto`.

    Raises:
        ConfigError: If the device is not there.
    """

    kind: Kind = "classical"
    kernel_from: KernelFrom = "swift"
    halo = None  # Fourier transforms and iterations reach across the whole image

    def __init__(self, name: str, solve: Solve, *, lender: Lender, device: str | torch.device = "cpu") -> None:
        self.name = name
        self.solve = solve
        self.lender = lender
        self.device = find_device(device)

    def estimate(self, image: Tensor, kernel: Tensor | None = None) -> BlurField:
        """Let the lender measure the blur of images (B, C, H, W) in [0, 1], unless there is a kernel (B or 1, 1, K, K).

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none.
        """
        return self.lender.estimate(image) if kernel is None else BlurField(check_kernel(kernel), is_given=True)

    def estimate_parts(self, parts: Tensor, kernel: Tensor | None = None) -> BlurField:
        """Let the lender measure the one blur of several parts (N, C, H, W) of an image; as `estimate` otherwise."""
        return self.lender.estimate_parts(parts) if kernel is None else BlurField(check_kernel(kernel), is_given=True)

    @torch.inference_mode()
    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1] with the kernel of `estimate`."""
        blurred = check_image(image).to(self.device, torch.float32)
        restored = self.solve(blurred, estimate.kernel.to(self.device, torch.float32))
        return Deblurred(restored.clamp(0, 1).to(image.device), estimate.kernel.to(image.device), estimate)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) with kernels (B or 1, 1, K, K) or the lender's.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none.
        """
        return self.deconvolve(image, self.estimate(image, kernel))
