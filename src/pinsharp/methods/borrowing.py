"""Methods that measure no blur: the kernel is given, or measured by `swift`; and networks that need no kernel."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.methods.devices import Precision, choose_dtype, find_device
from pinsharp.methods.execution import autocast, enter, given_kernel, leave, place
from pinsharp.methods.method import (
    BlindMethod,
    Deblurred,
    KernelFrom,
    Kind,
    Measurer,
    MethodTraits,
    Sight,
    check_image,
    check_takes_kernel,
)
from pinsharp.nets.weights import LoadedNet

COLOURS = 3
"""Channels of these networks, which know no mono images: they see the plane three times."""


class Borrower(BlindMethod):
    """A method that restores with a kernel: the given one, or one that a measurer finds, on `cpu`, `cuda` or `auto`.

    Raises:
        ConfigError: If the device is not there.
    """

    kernel_from: KernelFrom = "swift"
    traits = MethodTraits(measures_together=True)
    measurer: Measurer

    def __init__(self, name: str, *, measurer: Measurer, device: str | torch.device = "cpu") -> None:
        self.name = name
        self.measurer = measurer
        self.device = find_device(device)

    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images (`BlindMethod`)."""
        return self.measurer.estimate_together(images)

    def _measured(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.measurer.estimate(image, hidden)

    def _measured_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.measurer.estimate_parts(parts, hidden)


class NonBlindNetMethod(Borrower):
    """A network for colour that restores with a kernel, given or measured by `swift`; arguments as for `net_method`.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """

    kind: Kind = "network"
    runtime = "torch"

    def __init__(
        self,
        loaded: LoadedNet,
        *,
        name: str,
        measurer: Measurer,
        device: str | torch.device = "cpu",
        precision: Precision = "auto",
    ) -> None:
        super().__init__(name, measurer=measurer, device=device)
        self.info = loaded.info
        self.dtype = choose_dtype(precision, self.device)
        self.net = place(loaded.net, self.device)

    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with the blur that `estimate` found."""
        known = replace(estimate, kernel=estimate.kernel.to(self.device))
        return Deblurred(self._restore(image, known), estimate.kernel.to(image.device), estimate)

    @torch.inference_mode()
    def _restore(self, image: Tensor, *known: BlurField) -> Tensor:
        """Restore images (B, 1 or 3, H, W); of a mono image, shown in three equal channels, the mean of the results."""
        colour = enter(check_image(image).expand(-1, COLOURS, -1, -1), self.device)
        with autocast(self.device, self.dtype):
            restored: Tensor = self.net.deconvolve(colour, *known) if known else self.net.restore(colour)
        if image.shape[1] != COLOURS:
            restored = restored.float().mean(dim=1, keepdim=True)
        return leave(restored, image)

    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        return given_kernel(image, kernel, self.device)


class EndToEndMethod(NonBlindNetMethod):
    """A network for colour that needs no kernel; what `swift` measures is for the report only."""

    kernel_from: KernelFrom = "nobody"

    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, whatever `estimate` found."""
        return self(image)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, of any size.

        Raises:
            KernelError: If a kernel is given.
        """
        if kernel is not None:
            check_takes_kernel(self)
        return Deblurred(self._restore(image))
