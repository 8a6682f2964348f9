"""Eight restorations of one image, turned and mirrored, averaged: what a network makes of chance cancels out."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError
from pinsharp.methods.method import Deblurred, KernelFrom, Kind, Method, SampledMethod, check_takes_kernel

_DESCRIPTIONS = ("info", "device", "dtype", "lender")
"""What records tell of a method, where it has them."""

_TURNS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


class Ensemble:
    """A method that restores every image in eight positions and gives the mean (self-ensembling, Lim et al., 2017).

    The blur is measured once. It takes eight times as long as the method by itself. Its windows are blended: turned,
    they no longer lie on the grid of the network's lowest resolution.

    Args:
        method: What restores each of them.
        name: What tables call it.

    Raises:
        ConfigError: If it finds the blur only while it restores.
    """

    halo = None

    def __init__(self, method: Method, name: str = "ensemble") -> None:
        if not isinstance(method, SampledMethod):
            raise ConfigError(
                f"an ensemble shares one blur between its restorations, but {method.name} finds it only while it "
                "restores; take a model that measures it first, such as swift"
            )
        self.method = method
        self.name = name
        self.kind: Kind = method.kind
        self.kernel_from: KernelFrom = method.kernel_from

    def __getattr__(self, name: str) -> Any:
        """What records tell of a method is that of the method itself, where it has it."""
        if name not in _DESCRIPTIONS:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.method, name)

    def estimate(self, image: Tensor, kernel: Tensor | None = None) -> BlurField:
        """Measure the blur as the method does; arguments and errors are the same."""
        return self.method.estimate(image, kernel)

    def estimate_parts(self, parts: Tensor, kernel: Tensor | None = None) -> BlurField:
        """Measure the one blur of several parts as the method does; arguments and errors are the same."""
        return self.method.estimate_parts(parts, kernel)

    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1] eight times with what `estimate` has found, and take the mean."""
        parts = [self._restored(image, estimate, turn) for turn in _TURNS]
        mean = torch.stack([part.image for part in parts]).mean(dim=0)
        return replace(parts[0], image=mean)  # the first is the image as it lies

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1]; a kernel (B or 1, 1, K, K) replaces only the measured one.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none, or the method has no use for one.
        """
        if kernel is not None:
            check_takes_kernel(self.method)
        return self.deconvolve(image, self.estimate(image, kernel))

    def _restored(self, image: Tensor, estimate: BlurField, turn: tuple[int, bool]) -> Deblurred:
        """Restore the image in one position, and turn the result back."""
        found = self.method.deconvolve(_turn(image, turn), replace(estimate, kernel=_turn(estimate.kernel, turn)))
        return replace(found, image=_turn_back(found.image, turn))


def _turn(image: Tensor, turn: tuple[int, bool]) -> Tensor:
    quarters, is_mirrored = turn
    return (image.flip(-1) if is_mirrored else image).rot90(quarters, (-2, -1)).contiguous()


def _turn_back(image: Tensor, turn: tuple[int, bool]) -> Tensor:
    quarters, is_mirrored = turn
    back = image.rot90(-quarters, (-2, -1))
    return back.flip(-1) if is_mirrored else back
