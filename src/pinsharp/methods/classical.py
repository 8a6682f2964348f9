"""Classical methods: functions of an image and a kernel, which `swift` measures unless it is given."""

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import check_kernel
from pinsharp.methods.borrowing import Borrower
from pinsharp.methods.devices import check_torch_only
from pinsharp.methods.entry import MethodInfo, Option, Request
from pinsharp.methods.method import Deblurred, Kind, Measurer, Method, check_image
from pinsharp.methods.shipped import ShippedSwift

Solve = Callable[[Tensor, Tensor], Tensor]
"""Restores images (B, C, H, W) with kernels (B or 1, 1, K, K); the result need not be clipped."""


def solver(
    summary: str, function: str, option: Option | None = None, settings: Mapping[str, Any] | None = None
) -> MethodInfo:
    """A line of the table for a function of image and kernel, given as `module:name` and imported when first used.

    `option` is what a number after the line's name sets; `settings` are further arguments of the function.
    """

    def make(asked: Request) -> Method:
        check_torch_only(asked.name, asked.runtime)
        chosen = dict(settings or {}) | (option.read(asked) if option else {})
        if option is None:
            asked.refuse_option()
        module, _, name = function.partition(":")
        solve = partial(getattr(importlib.import_module(module), name), **chosen)
        return SolverMethod(
            asked.name, solve, measurer=ShippedSwift(asked.device, asked.precision), device=asked.device
        )

    return MethodInfo("classical", "swift", summary, make)


class SolverMethod(Borrower):
    """A function of image and kernel as a method; the measurer gives the blur unless a kernel is given.

    Raises:
        ConfigError: If the device is not there.
    """

    kind: Kind = "classical"

    def __init__(self, name: str, solve: Solve, *, measurer: Measurer, device: str | torch.device = "cpu") -> None:
        super().__init__(name, measurer=measurer, device=device)
        self.solve = solve

    @torch.inference_mode()
    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1] with the kernel of `estimate`."""
        blurred = check_image(image).to(self.device, torch.float32)
        restored = self.solve(blurred, estimate.kernel.to(self.device, torch.float32))
        return Deblurred(restored.clamp(0, 1).to(image.device), estimate.kernel.to(image.device), estimate)

    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        return BlurField(check_kernel(kernel), is_given=True)
