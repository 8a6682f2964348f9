"""Where methods compute, how precisely, and with what."""

from typing import Literal, get_args

import torch

from pinsharp.errors import ConfigError

Precision = Literal["auto", "float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

Runtime = Literal["torch", "onnx", "openvino", "auto"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
"""`torch`: PyTorch as it is. `onnx`: ONNX Runtime. `openvino`: OpenVINO. `auto`: the fastest of them whose results
agree with PyTorch's on this machine, which is measured once and remembered."""


def find_device(device: str | torch.device) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that is there.

    Raises:
        ConfigError: If no such device is there.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return torch.device("cuda" if gpus else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError:
        raise ConfigError(f"expected --device auto, cpu or cuda, got {str(device)!r}") from None
    if found.type not in ("cpu", "cuda"):
        raise ConfigError(f"expected --device auto, cpu or cuda, got {str(device)!r}")
    if found.type == "cuda" and (found.index or 0) >= gpus:
        raise ConfigError(f"expected a GPU for --device {found}, this torch finds {gpus or 'none'}; use --device cpu")
    return found


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Choose the data type of convolutions: what is asked for, or by itself what the device computes natively.

    Raises:
        ConfigError: If the precision is unknown.
    """
    check_precision(precision)
    if precision == "auto":
        return torch.bfloat16 if has_native_bfloat16(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def check_precision(precision: str) -> None:
    """Refuse an unknown precision.

    Raises:
        ConfigError: If `precision` is not one of `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"--precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 itself. Where it is emulated, it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # There is no public question for this in the oldest torch that we support.
    questions = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(bool(question()) for question in questions if question is not None)


def check_runtime(runtime: str) -> None:
    """Refuse an unknown runtime.

    Raises:
        ConfigError: If `runtime` is not in `RUNTIMES`.
    """
    if runtime not in RUNTIMES:
        raise ConfigError(f"--runtime must be one of {', '.join(RUNTIMES)}, got {runtime!r}")


def check_torch_only(name: str, runtime: str) -> None:
    """Refuse another runtime on behalf of a method that only PyTorch computes.

    Raises:
        ConfigError: If another was asked for by name.
    """
    if runtime not in ("torch", "auto"):
        raise ConfigError(f"{name} is computed by PyTorch alone, got the runtime {runtime}; leave the runtime out")
