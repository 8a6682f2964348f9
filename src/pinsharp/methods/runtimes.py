"""What computes the convolutions of a network method: PyTorch or another runtime, from a weights or exported file."""

from pathlib import Path
from typing import Literal, get_args

import torch

from pinsharp.errors import ConfigError
from pinsharp.methods.devices import Precision, choose_dtype
from pinsharp.nets.weights import LoadedNet, parse_weights, weights_bytes
from pinsharp.runtimes.choice import choose
from pinsharp.runtimes.exported import load_exported
from pinsharp.runtimes.graph import Run
from pinsharp.runtimes.runtimes import make_run, only_float32

Runtime = Literal["torch", "onnx", "openvino", "auto"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
"""`torch`: PyTorch as it is. `onnx`: ONNX Runtime. `openvino`: OpenVINO. `auto`: the fastest of them whose results
agree with PyTorch's on this machine, which is measured once and remembered."""


def check_runtime(runtime: str) -> None:
    """Refuse an unknown runtime.

    Raises:
        ConfigError: If it is none of `RUNTIMES`.
    """
    if runtime not in RUNTIMES:
        raise ConfigError(f"runtime must be one of {', '.join(RUNTIMES)}, got {runtime!r}")


def check_torch_only(name: str, runtime: str) -> None:
    """Refuse another runtime on behalf of a method that only PyTorch computes.

    Raises:
        ConfigError: If another was asked for by name.
    """
    if runtime not in ("torch", "auto"):
        raise ConfigError(f"{name} is computed by PyTorch alone, got the runtime {runtime}; leave the runtime out")


def load_elsewhere(
    path: Path, runtime: Runtime, device: torch.device, precision: Precision
) -> tuple[LoadedNet, Run | None, str, Precision]:
    """Load a network from a weights file, and what is to compute its convolutions.

    Args:
        path: A .safetensors file.
        runtime: What was asked for.
        device: Where the method computes; on a GPU only PyTorch does.
        precision: What was asked for.

    Returns:
        The network; what computes its convolutions, None for PyTorch; the runtime's name; the precision to take.

    Raises:
        ConfigError: If runtime, network, device and precision do not go together.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the file is missing or damaged.
    """
    weights = weights_bytes(path)
    loaded = parse_weights(path, weights)
    dtype = choose_dtype(precision, device)
    if device.type != "cpu":
        _check_cpu(runtime, device)
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


def load_from_export(
    path: Path, runtime: Runtime, device: torch.device, precision: Precision
) -> tuple[LoadedNet, Run, str, Precision]:
    """Load a network from an exported file, which brings runtime and precision along; otherwise as `load_elsewhere`."""
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


def _check_cpu(runtime: str, device: torch.device) -> None:
    if runtime not in ("torch", "auto") and device.type != "cpu":
        raise ConfigError(f"the runtime {runtime} computes on the CPU, got the device {device}; use --device cpu")
