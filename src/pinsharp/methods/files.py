"""Methods of weights files and exported files, and what computes their convolutions: PyTorch or another runtime."""

from pathlib import Path

import torch

from pinsharp.errors import ConfigError
from pinsharp.methods.borrowing import EndToEndMethod, NonBlindNetMethod
from pinsharp.methods.devices import Precision, Runtime, choose_dtype
from pinsharp.methods.entry import MethodInfo, Request
from pinsharp.methods.method import KernelFrom, Measurer, Method
from pinsharp.methods.network import NetMethod
from pinsharp.methods.shipped import ShippedSwift
from pinsharp.nets.registry import Traits, net_kind
from pinsharp.nets.weights import LoadedNet, parse_weights, weights_bytes, zoo_path
from pinsharp.runtimes.choice import choose
from pinsharp.runtimes.exported import is_exported, load_exported
from pinsharp.runtimes.graph import Run
from pinsharp.runtimes.parts import install
from pinsharp.runtimes.runtimes import make_run, only_float32

AnyNetMethod = NetMethod | NonBlindNetMethod | EndToEndMethod
"""A network as a method, of whatever kind."""


def kernel_source(traits: Traits) -> KernelFrom:
    """Who measures the blur for a kind of network."""
    if traits.estimates:
        return "itself"
    return "swift" if traits.takes_kernel else "nobody"


def net_method(
    loaded: LoadedNet,
    *,
    name: str,
    measurer: Measurer,
    device: str | torch.device = "cpu",
    precision: Precision = "auto",
) -> AnyNetMethod:
    """Make the method that fits a loaded network.

    Args:
        loaded: The network and what its file says. It is moved to the device.
        name: What tables call it.
        measurer: Measures the blur for a network that cannot.
        device: Where to compute: `cpu`, `cuda` or `auto`.
        precision: Of the convolutions. `auto` takes bfloat16 where the processor computes it natively. Fourier
            transforms and kernels are float32 in any case.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """
    traits = net_kind(loaded.info.net).traits
    if traits.estimates:
        return NetMethod(loaded, name=name, device=device, precision=precision)
    borrowing = NonBlindNetMethod if traits.takes_kernel else EndToEndMethod
    return borrowing(loaded, name=name, measurer=measurer, device=device, precision=precision)


def network(summary: str, *, kernel_from: KernelFrom = "itself") -> MethodInfo:
    """A line of the table for a network whose weights come with pinsharp, under the name of the line."""

    def make(asked: Request) -> Method:
        asked.refuse_option()
        return from_file(zoo_path(asked.name), asked.device, asked.precision, asked.name, runtime=asked.runtime)

    return MethodInfo("network", kernel_from, summary, make, has_weights=True)


def from_file(
    path: Path, device: torch.device, precision: Precision, name: str | None = None, *, runtime: Runtime = "torch"
) -> AnyNetMethod:
    """Make a method of a weights file or an exported one, named by its card unless there is a `name`.

    Raises:
        ConfigError: If the precision is unknown, or runtime, network, device and precision do not go together.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the file is missing or damaged.
    """
    measurer = ShippedSwift(device, precision)  # refuses an unknown precision before the weights are read
    load = _from_export if is_exported(path) else _from_weights
    loaded, run, taken, precision = load(path, runtime, device, precision)
    called = name or str(loaded.card.get("name", path.stem))
    method = net_method(loaded, name=called, measurer=measurer, device=device, precision=precision)
    method.runtime = taken
    if run is not None:
        install(method.net, run)
    return method


def _from_weights(
    path: Path, runtime: Runtime, device: torch.device, precision: Precision
) -> tuple[LoadedNet, Run | None, str, Precision]:
    """Load a network from a .safetensors file, and what computes its convolutions: None for PyTorch.

    On a GPU only PyTorch does. Further come the runtime's name and the precision to take.
    """
    weights = weights_bytes(path)
    loaded = parse_weights(path, weights)
    dtype = choose_dtype(precision, device)
    if device.type != "cpu":
        if runtime not in ("torch", "auto"):
            raise ConfigError(f"the runtime {runtime} computes on the CPU, got the device {device}; use --device cpu")
        return loaded, None, "torch", precision
    name = str(runtime)
    if name == "auto":
        name = choose(loaded, weights, dtype, float32_too=precision == "auto")
    if only_float32(name):
        if precision == "bfloat16":
            raise ConfigError(f"the runtime {name} computes in float32 on a CPU, got bfloat16; take openvino or torch")
        dtype = torch.float32
    run = make_run(name, loaded, weights, dtype)
    return loaded, run, name, "bfloat16" if dtype == torch.bfloat16 else "float32"


def _from_export(
    path: Path, runtime: Runtime, device: torch.device, precision: Precision
) -> tuple[LoadedNet, Run, str, Precision]:
    """Load a network from an exported file, which brings runtime and precision along; otherwise as `_from_weights`."""
    exported = load_exported(path)
    if runtime not in ("torch", "auto", exported.runtime):
        raise ConfigError(
            f"{path} is run by {exported.runtime}, got the runtime {runtime}; leave the runtime out, or give the "
            ".safetensors file"
        )
    if device.type != "cpu":
        raise ConfigError(f"{path} is run on the CPU, got the device {device}; use --device cpu")
    if precision not in ("auto", exported.precision):
        raise ConfigError(f"{path} computes in {exported.precision}, got {precision}; export it in that precision")
    taken: Precision = "bfloat16" if exported.dtype == torch.bfloat16 else "float32"
    return exported.loaded, exported.run, exported.runtime, taken
