"""SelfDeblur as a method: two networks that are fitted to each image alone."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pinsharp.methods.devices import check_torch_only, choose_dtype, find_device
from pinsharp.methods.entry import MethodInfo, Option, Request
from pinsharp.methods.method import Deblurred, KernelFrom, Kind, Method, MethodTraits, check_image, check_takes_kernel
from pinsharp.runtimes.cache import cache_folder
from pinsharp.settings import build, read_toml

if TYPE_CHECKING:
    from pinsharp.nets.peers.self_fit import SelfDeblurResult
    from pinsharp.nets.peers.selfdeblur import SelfDeblurConfig


_STEPS = Option("steps", "steps", "500", is_count=True)


def selfdeblur(summary: str, *, small: bool = False) -> MethodInfo:
    """A line of the table for SelfDeblur, in its own size or in a `small` one."""

    def make(asked: Request) -> Method:
        from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig

        check_torch_only(asked.name, asked.runtime)
        choose_dtype(asked.precision, asked.device)
        config = SMALL if small else SelfDeblurConfig()
        if asked.option.endswith(".toml"):
            config = build(SelfDeblurConfig, asdict(config) | read_toml(asked.option, example="kernel_size = 31"), "")
        else:
            config = replace(config, **_STEPS.read(asked))
        return SelfDeblurMethod(asked.name, config, device=asked.device)

    return MethodInfo("network", "itself", summary, make)


class SelfDeblurMethod:
    """Fits image and kernel together (Ren et al., 2020): no weights, no kernel to give, and thousands of steps.

    A fit is kept in the cache folder while it lasts: one that was interrupted, or whose process died, goes on when the
    same image is restored with the same settings.

    Raises:
        ConfigError: If the device is not there.
    """

    kind: Kind = "network"
    kernel_from: KernelFrom = "itself"
    traits = MethodTraits(measures_first=False)
    info = dtype = measurer = None

    def __init__(self, name: str, config: "SelfDeblurConfig", *, device: str | torch.device = "cpu") -> None:
        self.name = name
        self.device = find_device(device)
        self.config = config

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Fit images (B, C, H, W) in [0, 1] and their kernels, one image after another.

        Raises:
            ImageError: If an image is too small for the levels of the generator (see `SelfDeblurConfig`).
            KernelError: If a kernel is given.
        """
        if kernel is not None:
            check_takes_kernel(self)
        blurred = check_image(image).to(self.device, torch.float32)
        fits = [self._fit(one[None]) for one in blurred]
        restored = torch.cat([found.image for found in fits]).clamp(0, 1)
        return Deblurred(restored.to(image.device), torch.cat([found.kernel for found in fits]).to(image.device))

    def _fit(self, image: Tensor) -> "SelfDeblurResult":
        """Fit one image (1, C, H, W), or go on with its fit."""
        from pinsharp.nets.peers.self_fit import fit, fit_key

        state = _place(f"{fit_key(image, self.config)}.fit")
        found = fit(image, self.config, state=state, resume=state is not None and state.exists())
        if state is not None:
            state.unlink(missing_ok=True)
        return found


def _place(name: str) -> Path | None:
    """Where a fit is kept; None where nothing can be kept."""
    folder = cache_folder() / "fits"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / name if os.access(folder, os.W_OK) else None
