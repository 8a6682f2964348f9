"""Methods of weights: from a file, from those that come with pinsharp, and the `swift` that others borrow from."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.methods.devices import Precision, choose_dtype
from pinsharp.methods.network import EndToEndMethod, NetMethod, NonBlindNetMethod, net_method
from pinsharp.nets.estimate import KernelEstimate
from pinsharp.nets.weights import WeightsInfo, load_weights, zoo_path


class ShippedSwift:
    """The shipped `swift` as the one who measures blurs for others: loaded when first asked, once for all who borrow.

    Args:
        device: Where to compute.
        precision: Of the convolutions.

    Raises:
        ConfigError: If the precision is unknown.
    """

    def __init__(self, device: torch.device, precision: Precision) -> None:
        choose_dtype(precision, device)
        self.device = device
        self.precision = precision

    @property
    def info(self) -> WeightsInfo:
        """What its weights say about themselves: the results of those who borrow depend on them."""
        return self._method().info

    def estimate(self, image: Tensor) -> KernelEstimate:
        """Measure the blur of images (B, C, H, W) in [0, 1].

        Raises:
            ImageError: If a side is shorter than 32 pixels.
            WeightsError: If the weights are missing or damaged.
        """
        return self._method().estimate(image)

    def _method(self) -> NetMethod:
        return _load_once(zoo_path("swift"), self.device, self.precision)


def from_file(
    path: Path, device: torch.device, precision: Precision, name: str | None = None
) -> NetMethod | NonBlindNetMethod | EndToEndMethod:
    """Make a method of a weights file, named by its card unless there is a `name`.

    Raises:
        ConfigError: If the precision is unknown.
        WeightsError: If the file is missing or damaged.
    """
    lender = ShippedSwift(device, precision)  # refuses an unknown precision before the weights are read
    loaded = load_weights(path)
    called = name or str(loaded.card.get("name", path.stem))
    return net_method(loaded, name=called, lender=lender, device=device, precision=precision)


@cache
def _load_once(path: Path, device: torch.device, precision: Precision) -> NetMethod:
    return NetMethod(load_weights(path), name="swift", device=device, precision=precision)
