"""`pinsharp info`: versions, devices and models, to be put into every report of a problem or of a figure."""

import platform
from importlib import metadata
from typing import Any

from pinsharp.cli.options import Json

LIBRARIES = {
    "torch": ("torch",),
    "numpy": ("numpy",),
    "pillow": ("pillow",),
    "tifffile": ("tifffile",),
    "imagecodecs": ("imagecodecs",),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
    "matplotlib": ("matplotlib",),
    "accelerate": ("accelerate",),
    "onnx": ("onnx",),
    "onnxruntime": ("onnxruntime",),
    "openvino": ("openvino",),
}

KERNELS = {
    "itself": "measures the kernel itself",
    "swift": "takes a kernel, by default the one that swift measures",
    "nobody": "works without a kernel",
}
"""What is said of the ways in which methods come to a kernel."""


def info(as_json: Json = False) -> None:
    """Show versions, devices, and every model with its weights' card."""
    facts = gather()
    if as_json:
        from pinsharp.cli.messages import print_json

        print_json(facts)
    else:
        _show(facts)


def gather() -> dict[str, Any]:
    """Collect what `pinsharp info` shows, as values that JSON can hold."""
    from pinsharp.methods.table import DEFAULT_METHOD
    from pinsharp.version import __version__

    return {
        "pinsharp": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(candidates) for name, candidates in LIBRARIES.items()},
        "devices": _devices(),
        "default_method": DEFAULT_METHOD,
        "runtimes": _runtimes(DEFAULT_METHOD),
        "methods": _methods(),
    }


def _version(candidates: tuple[str, ...]) -> str | None:
    for name in candidates:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _devices() -> list[dict[str, Any]]:
    import torch

    from pinsharp.methods.devices import has_native_bfloat16

    cpu = torch.device("cpu")
    devices: list[dict[str, Any]] = [
        {
            "device": "cpu",
            "name": platform.processor() or platform.machine(),
            "threads": torch.get_num_threads(),
            "native_bfloat16": has_native_bfloat16(cpu),
        }
    ]
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        gpu = torch.device("cuda", index)
        properties = torch.cuda.get_device_properties(gpu)
        devices.append(
            {
                "device": str(gpu),
                "name": properties.name,
                "memory_gib": round(properties.total_memory / 2**30, 1),
                "native_bfloat16": has_native_bfloat16(gpu),
            }
        )
    return devices


def _runtimes(name: str) -> dict[str, Any]:
    """Runtimes that are installed, and what is known about which one `auto` takes for a model on this CPU."""
    from dataclasses import asdict

    import torch

    from pinsharp.errors import WeightsError
    from pinsharp.methods.devices import choose_dtype
    from pinsharp.nets.weights import read_info, zoo_path
    from pinsharp.runtimes.choice import fastest, remembered
    from pinsharp.runtimes.runtimes import RUNTIMES, is_installed

    try:
        trials = remembered(read_info(zoo_path(name)).sha256, choose_dtype("auto", torch.device("cpu")))
    except WeightsError:  # `_weights` says so
        trials = []
    return {
        "installed": [runtime for runtime in RUNTIMES if is_installed(runtime)],
        "auto": fastest(trials) if trials else None,
        "trials": [asdict(trial) for trial in trials],
    }


def _methods() -> list[dict[str, Any]]:
    from pinsharp.methods.table import method_table

    return [
        {
            "name": name,
            "kind": entry.kind,
            "kernel_from": entry.kernel_from,
            "has_weights": entry.has_weights,
            "summary": entry.summary,
            "weights": _weights(name) if entry.has_weights else None,
        }
        for name, entry in method_table().items()
    ]


def _weights(name: str) -> dict[str, Any] | None:
    """What the shipped weights of a network say about themselves; None if none are shipped."""
    from pinsharp.errors import WeightsError
    from pinsharp.nets.weights import read_info, shipped_names, zoo_path

    if name not in shipped_names():
        return None
    path = zoo_path(name)
    try:
        said = read_info(path)
    except WeightsError as error:  # damaged weights must not hide the rest of the report
        return {"file": str(path), "error": str(error)}
    return {
        "file": str(path),
        "net": said.net,
        "sha256": said.sha256,
        "parameters": said.parameters,
        "config": said.config,
        "card": said.card,
    }


def _show(facts: dict[str, Any]) -> None:
    versions = {"pinsharp": facts["pinsharp"], "python": facts["python"], **facts["libraries"]}
    print(", ".join(f"{name} {version or '(not installed)'}" for name, version in versions.items()))
    print(facts["platform"])
    for device in facts["devices"]:
        details = [f"{device['threads']} threads"] if "threads" in device else [f"{device['memory_gib']} GiB"]
        details.append(f"bfloat16 {'native' if device['native_bfloat16'] else 'not native'}")
        print(f"device {device['device']}: {device['name']}, {', '.join(details)}")
    _show_runtimes(facts["runtimes"])
    for method in facts["methods"]:
        _show_method(method, is_default=method["name"] == facts["default_method"])


def _show_runtimes(found: dict[str, Any]) -> None:
    print(f"runtimes: {', '.join(found['installed'])}")
    if found["auto"] is None:
        print("--runtime auto: not measured here yet; the first use measures, which takes seconds")
        return
    for trial in found["trials"]:
        difference = (
            "" if trial["difference"] is None else f"differs from torch in float32 by {trial['difference']:.2g}"
        )
        speed = "" if trial["seconds"] is None else f", {trial['seconds']:.3f} s for 0.4 megapixels"
        print(f"  {trial['runtime']}: {trial['reason'] or difference + speed}")
    print(f"--runtime auto takes {found['auto']}")


def _show_method(method: dict[str, Any], *, is_default: bool) -> None:
    role = "the default; " if is_default else ""
    print(f"\n{method['name']} ({role}{method['kind']}, {KERNELS[method['kernel_from']]}): {method['summary']}")
    weights = method["weights"]
    if not method["has_weights"]:
        return
    if weights is None:
        print("  no weights come with it; train them (`pinsharp train`) and give the file as --model FILE")
    elif "error" in weights:
        print(f"  {weights['error']}")
    else:
        print(f"  weights {weights['file']}\n  {weights['parameters']:,} parameters, sha256 {weights['sha256']}")
        _show_card(weights["card"], "  ")


def _show_card(card: dict[str, Any], indent: str) -> None:
    for key, value in card.items():
        if isinstance(value, dict):
            print(f"{indent}{key}:")
            _show_card(value, indent + "  ")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            print(f"{indent}{key}: {len(value)} entries, all in --json")
        else:
            print(f"{indent}{key}: {value}")
