"""Networks as methods: blind ones, those that need a kernel, and those that restore end to end.

What a network is shows in what it has: `estimate` and `deconvolve`, `deconvolve` alone, or `restore`.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pinsharp.blur.kernels import check_kernel
from pinsharp.methods.devices import Precision, choose_dtype, find_device
from pinsharp.methods.method import (
    MIN_BLIND_SIDE,
    Deblurred,
    Estimator,
    KernelFrom,
    Kind,
    check_image,
    check_measurable,
    check_takes_kernel,
)
from pinsharp.nets.estimate import KernelEstimate
from pinsharp.nets.weights import LoadedNet

COLOURS = 3
"""Channels of the peers' networks, which know no mono images: they see the plane three times."""


def kernel_source(net: nn.Module | type[nn.Module]) -> KernelFrom:
    """Tell by what a network (or its class) has who measures the blur for it."""
    if hasattr(net, "estimate"):
        return "itself"
    return "swift" if hasattr(net, "deconvolve") else "nobody"


def net_method(
    loaded: LoadedNet,
    *,
    name: str,
    lender: Estimator,
    device: str | torch.device = "cpu",
    precision: Precision = "auto",
) -> "NetMethod | NonBlindNetMethod | EndToEndMethod":
    """Make the method that fits a loaded network.

    Args:
        loaded: The network and what its file says. It is moved to the device.
        name: What tables call it.
        lender: Measures the blur for a network that cannot.
        device: Where to compute: `cpu`, `cuda` or `auto`.
        precision: Of the convolutions. `auto` takes bfloat16 where the processor computes it natively. Fourier
            transforms and kernels are float32 in any case.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """
    source = kernel_source(loaded.net)
    if source == "itself":
        return NetMethod(loaded, name=name, device=device, precision=precision)
    if source == "swift":
        return NonBlindNetMethod(loaded, name=name, lender=lender, device=device, precision=precision)
    return EndToEndMethod(loaded, name=name, lender=lender, device=device, precision=precision)


class NetMethod:
    """A network that measures the blur itself: blind, or with a kernel that is given.

    Args:
        loaded: The network and what its file says. It is moved to the device.
        name: What tables call it.
        device: Where to compute, as for `net_method`.
        precision: Of the convolutions, as for `net_method`.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """

    kind: Kind = "network"
    kernel_from: KernelFrom = "itself"

    def __init__(
        self, loaded: LoadedNet, *, name: str, device: str | torch.device = "cpu", precision: Precision = "auto"
    ) -> None:
        self.name = name
        self.info = loaded.info
        self.device = find_device(device)
        self.dtype = choose_dtype(precision, self.device)
        self.net = _place(loaded.net, self.device)
        # A net that has no use for the noise is spared the estimate where the kernel is given.
        self._uses_noise = self.estimate(torch.zeros(1, 1, MIN_BLIND_SIDE, MIN_BLIND_SIDE)).noise is not None

    def estimate(self, image: Tensor) -> KernelEstimate:
        """Measure the blur of images (B, C, H, W) in [0, 1]; the result is on the method's device.

        Raises:
            ImageError: If a side is shorter than 32 pixels: so few hold too little texture to measure a blur by.
        """
        check_measurable(check_image(image))
        return self._estimate(image)

    @torch.inference_mode()
    def deconvolve(self, image: Tensor, estimate: KernelEstimate) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with the blur that `estimate` found."""
        blurred = _enter(image, self.device)
        with _autocast(self.device, self.dtype):
            restored: Tensor = self.net.deconvolve(blurred, estimate)  # type: ignore[operator]
        return Deblurred(_leave(restored, image), estimate.kernel.to(image.device), estimate)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], C 1 or 3; a kernel (B or 1, 1, K, K) replaces only the estimated one.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none.
        """
        return self.deconvolve(image, self.estimate(image) if kernel is None else self._given(image, kernel))

    @torch.inference_mode()
    def _estimate(self, image: Tensor) -> KernelEstimate:
        with _autocast(self.device, self.dtype):
            estimate: KernelEstimate = self.net.estimate(_enter(image, self.device))  # type: ignore[operator]
        return estimate

    def _given(self, image: Tensor, kernel: Tensor) -> KernelEstimate:
        """The given kernel beside the estimated noise; what else was estimated belongs to another kernel."""
        given = _given(image, kernel, self.device)
        if not self._uses_noise:
            return given
        found = self._estimate(image)
        return replace(found, kernel=given.kernel, log_width=None, log_width_std=None, disk_share=None)


class _BorrowingNet:
    """A network for colour that measures no blur and borrows the measurement.

    Args:
        loaded: The network and what its file says. It is moved to the device.
        name: What tables call it.
        lender: Measures the blur.
        device: Where to compute, as for `net_method`.
        precision: Of the convolutions, as for `net_method`.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """

    kind: Kind = "network"

    def __init__(
        self,
        loaded: LoadedNet,
        *,
        name: str,
        lender: Estimator,
        device: str | torch.device = "cpu",
        precision: Precision = "auto",
    ) -> None:
        self.name = name
        self.info = loaded.info
        self.lender = lender
        self.device = find_device(device)
        self.dtype = choose_dtype(precision, self.device)
        self.net = _place(loaded.net, self.device)

    def estimate(self, image: Tensor) -> KernelEstimate:
        """Let the lender measure the blur of images (B, C, H, W) in [0, 1]."""
        return self.lender.estimate(image)

    @torch.inference_mode()
    def _restore(self, image: Tensor, *known: KernelEstimate) -> Tensor:
        """Restore images (B, 1 or 3, H, W); of a mono image, shown in three equal channels, the mean of the results."""
        colour = _enter(check_image(image).expand(-1, COLOURS, -1, -1), self.device)
        with _autocast(self.device, self.dtype):
            restored: Tensor = (self.net.deconvolve if known else self.net.restore)(colour, *known)  # type: ignore[operator]
        if image.shape[1] != COLOURS:
            restored = restored.float().mean(dim=1, keepdim=True)
        return _leave(restored, image)


class NonBlindNetMethod(_BorrowingNet):
    """A network, with `deconvolve`, that restores with a kernel: a given or a borrowed one."""

    kernel_from: KernelFrom = "swift"

    def deconvolve(self, image: Tensor, estimate: KernelEstimate) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with the blur that `estimate` found."""
        known = replace(estimate, kernel=estimate.kernel.to(self.device))
        return Deblurred(self._restore(image, known), estimate.kernel.to(image.device), estimate)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], C 1 or 3, with kernels (B or 1, 1, K, K) or the lender's.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none.
        """
        estimate = self.estimate(image) if kernel is None else _given(image, kernel, self.device)
        return self.deconvolve(image, estimate)


class EndToEndMethod(_BorrowingNet):
    """A network, with `restore`, that needs no kernel; what it borrows is for the report only."""

    kernel_from: KernelFrom = "nobody"

    def deconvolve(self, image: Tensor, estimate: KernelEstimate) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, whatever `estimate` found."""
        return self(image)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, of any size.

        Raises:
            KernelError: If there is a kernel.
        """
        if kernel is not None:
            check_takes_kernel(self)
        return Deblurred(self._restore(image))


def _place(net: nn.Module, device: torch.device) -> nn.Module:
    placed: nn.Module = net.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed


def _enter(image: Tensor, device: torch.device) -> Tensor:
    return check_image(image).to(device, torch.float32).contiguous(memory_format=torch.channels_last)


def _leave(restored: Tensor, image: Tensor) -> Tensor:
    """The restored image as `Deblurred` has it, back where the input came from."""
    return restored.float().clamp(0, 1).contiguous().to(image.device)


def _given(image: Tensor, kernel: Tensor, device: torch.device) -> KernelEstimate:
    """A given kernel as an estimate: one for each image, and nothing else known."""
    return KernelEstimate(check_kernel(kernel).to(device, torch.float32).expand(len(image), -1, -1, -1))


def _autocast(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)
