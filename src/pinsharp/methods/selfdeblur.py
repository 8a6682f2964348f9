"""SelfDeblur as a method: two networks that are fitted to each image, and learn from nothing else."""

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pinsharp.methods.devices import check_torch_only, choose_dtype, find_device
from pinsharp.methods.entry import MethodInfo, Option, Request
from pinsharp.methods.method import (
    Deblurred,
    KernelFrom,
    Kind,
    Method,
    MethodTraits,
    check_image,
    check_takes_kernel,
)

if TYPE_CHECKING:
    from pinsharp.nets.peers.selfdeblur import SelfDeblurConfig


_STEPS = Option("steps", "steps", "500", is_count=True)


def selfdeblur(summary: str, *, small: bool = False) -> MethodInfo:
    """A line of the table for SelfDeblur, in its own size or in a `small` one."""

    def make(asked: Request) -> Method:
        from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig

        check_torch_only(asked.name, asked.runtime)
        choose_dtype(asked.precision, asked.device)
        config = replace(SMALL if small else SelfDeblurConfig(), **_STEPS.read(asked))
        return SelfDeblurMethod(asked.name, config, device=asked.device)

    return MethodInfo("network", "itself", summary, make)


class SelfDeblurMethod:
    """Fits image and kernel together (Ren et al., 2020): no weights, no kernel to give, and thousands of steps.

    Args:
        name: What tables call it.
        config: Sizes, rates and steps of the fit.
        device: Where to compute: `cpu`, `cuda` or `auto`.

    Raises:
        ConfigError: If the device is not there.
    """

    kind: Kind = "network"
    kernel_from: KernelFrom = "itself"
    traits = MethodTraits(measures_first=False)
    info = dtype = lender = None

    def __init__(self, name: str, config: "SelfDeblurConfig", *, device: str | torch.device = "cpu") -> None:
        self.name = name
        self.device = find_device(device)
        self.config = config

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Fit images (B, C, H, W) in [0, 1] and their kernels, one image after another.

        Raises:
            ImageError: If an image is too small for the levels of the generator (see `SelfDeblurConfig`).
            KernelError: If there is a kernel.
        """
        from pinsharp.nets.peers.self_fit import fit

        if kernel is not None:
            check_takes_kernel(self)
        blurred = check_image(image).to(self.device, torch.float32)
        fits = [fit(one[None], self.config) for one in blurred]
        restored = torch.cat([found.image for found in fits]).clamp(0, 1)
        return Deblurred(restored.to(image.device), torch.cat([found.kernel for found in fits]).to(image.device))
