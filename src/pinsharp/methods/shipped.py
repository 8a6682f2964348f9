"""The `swift` that comes with pinsharp as the estimator of methods that measure no blur."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.methods.devices import Precision, choose_dtype
from pinsharp.methods.method import Sight
from pinsharp.methods.network import NetMethod
from pinsharp.nets.weights import WeightsInfo, load_weights, zoo_path


class ShippedSwift:
    """The shipped `swift` as the one that measures blurs for others: loaded at the first use, once for all methods.

    Raises:
        ConfigError: If the precision is unknown.
    """

    def __init__(self, device: torch.device, precision: Precision) -> None:
        choose_dtype(precision, device)
        self.device = device
        self.precision = precision

    @property
    def info(self) -> WeightsInfo:
        """What its weights say about themselves: the results of methods that use it depend on them."""
        return self._method().info

    def estimate(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the blur of images (B, C, H, W) in [0, 1]; `hidden` pixels (B, 1, H, W) are ignored.

        Raises:
            ImageError: If a side is shorter than 32 pixels.
            WeightsError: If the weights are missing or damaged.
        """
        return self._method().estimate(image, hidden=hidden)

    def estimate_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the one blur of several parts (N, C, H, W) of an image; errors as for `estimate`."""
        return self._method().estimate_parts(parts, hidden=hidden)

    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images; errors as for `estimate`."""
        return self._method().estimate_together(images)

    def _method(self) -> NetMethod:
        return _load_once(zoo_path("swift"), self.device, self.precision)


@cache
def _load_once(path: Path, device: torch.device, precision: Precision) -> NetMethod:
    return NetMethod(load_weights(path), name="swift", device=device, precision=precision)
