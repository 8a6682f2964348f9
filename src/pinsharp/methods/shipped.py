"""Methods of weights: from a file, from those that come with pinsharp, and the `swift` that others borrow from."""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.methods.borrowing import EndToEndMethod, NonBlindNetMethod
from pinsharp.methods.devices import Precision, choose_dtype
from pinsharp.methods.network import NetMethod, net_method
from pinsharp.methods.runtimes import Runtime, load_elsewhere, load_from_export
from pinsharp.nets.weights import WeightsInfo, load_weights, zoo_path
from pinsharp.runtimes.exported import is_exported
from pinsharp.runtimes.parts import install


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

    def estimate(self, image: Tensor) -> BlurField:
        """Measure the blur of images (B, C, H, W) in [0, 1].

        Raises:
            ImageError: If a side is shorter than 32 pixels.
            WeightsError: If the weights are missing or damaged.
        """
        return self._method().estimate(image)

    def estimate_parts(self, parts: Tensor) -> BlurField:
        """Measure the one blur of several parts (N, C, H, W) of an image; errors as for `estimate`."""
        return self._method().estimate_parts(parts)

    def _method(self) -> NetMethod:
        return _load_once(zoo_path("swift"), self.device, self.precision)


def from_file(
    path: Path,
    device: torch.device,
    precision: Precision,
    name: str | None = None,
    *,
    runtime: Runtime = "torch",
) -> NetMethod | NonBlindNetMethod | EndToEndMethod:
    """Make a method of a weights file or an exported one, named by its card unless there is a `name`.

    Raises:
        ConfigError: If the precision is unknown, or runtime, network, device and precision do not go together.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the file is missing or damaged.
    """
    lender = ShippedSwift(device, precision)  # refuses an unknown precision before the weights are read
    load = load_from_export if is_exported(path) else load_elsewhere
    loaded, run, taken, precision = load(path, runtime, device, precision)
    called = name or str(loaded.card.get("name", path.stem))
    method = net_method(loaded, name=called, lender=lender, device=device, precision=precision)
    method.runtime = taken
    if run is not None:
        install(method.net, run)
    return method


@cache
def _load_once(path: Path, device: torch.device, precision: Precision) -> NetMethod:
    return NetMethod(load_weights(path), name="swift", device=device, precision=precision)
