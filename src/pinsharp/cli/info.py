"""`pinsharp info`: versions, devices and models, for every report of a problem or of a figure."""

import platform
import textwrap
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.cli.options import Json
from pinsharp.processor import processor

if TYPE_CHECKING:
    from pinsharp.methods.entry import MethodInfo

LIBRARIES: tuple[str, ...] = ("torch", "numpy", "pillow", "tifffile", "imagecodecs", "opencv", "matplotlib")
LIBRARIES += ("accelerate", "onnx", "onnxruntime", "openvino")
_OPENCV = ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python")

KERNELS = {
    "itself": ("measures it", "measures the kernel itself"),
    "swift": ("swift's", "takes a kernel, by default the one that swift measures"),
    "nobody": ("needs none", "works without a kernel"),
}
"""What is said, in a table and in a sentence, of the ways in which methods come to a kernel."""

WIDTH = 80
"""Columns that fit on every terminal."""


def info(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]", help="Show what is known of one model, and all that its weights say of themselves."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show versions, devices and a table of all models; with MODEL, the card of its weights."""
    from pinsharp.methods.table import find_method

    facts = gather() if model is None else _method(model, find_method(model))
    if as_json:
        from pinsharp.cli.messages import print_json

        print_json(facts)
    elif model is None:
        _show(facts)
    else:
        _show_method(facts)


def gather() -> dict[str, Any]:
    """Collect what `pinsharp info` shows, as values that JSON can hold."""
    from pinsharp.methods.table import DEFAULT_METHOD, method_table
    from pinsharp.version import __version__

    return {
        "pinsharp": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(_OPENCV if name == "opencv" else (name,)) for name in LIBRARIES},
        "devices": _devices(),
        "default_method": DEFAULT_METHOD,
        "runtimes": _runtimes(DEFAULT_METHOD),
        "methods": [_method(name, entry) for name, entry in method_table().items()],
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
            "name": processor(),
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


def _method(name: str, entry: "MethodInfo") -> dict[str, Any]:
    return {
        "name": name,
        "kind": entry.kind,
        "kernel_from": entry.kernel_from,
        "has_weights": entry.has_weights,
        "summary": entry.summary,
        "weights": _weights(name) if entry.has_weights else None,
    }


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
    _print_wrapped(", ".join(f"{name} {version}" for name, version in versions.items() if version))
    if missing := [name for name, version in versions.items() if not version]:
        _print_wrapped(f"not installed: {', '.join(missing)}")
    _print_wrapped(facts["platform"])
    for device in facts["devices"]:
        details = [f"{device['threads']} threads"] if "threads" in device else [f"{device['memory_gib']} GiB"]
        details.append(f"bfloat16 {'native' if device['native_bfloat16'] else 'not native'}")
        _print_wrapped(f"device {device['device']}: {device['name']}, {', '.join(details)}")
    auto = facts["runtimes"]["auto"]
    choice = f"takes {auto}" if auto else "is not measured yet: its first use takes seconds"
    _print_wrapped(f"runtimes: {', '.join(facts['runtimes']['installed'])}; --runtime auto {choice}")
    print()
    rows = [_row(method, is_default=method["name"] == facts["default_method"]) for method in facts["methods"]]
    rows.insert(0, ("model", "kind", "parameters", "kernel", "licence", "PSNR in dB"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("\n* the default. pinsharp info MODEL shows one model's card, --json everything.")


def _row(method: dict[str, Any], *, is_default: bool) -> tuple[str, ...]:
    """A model in the table: where there are no weights, why there is nothing to say of them."""
    weights = method["weights"]
    parameters = licence = figure = "-"
    if method["has_weights"] and weights is None:
        parameters = "to train"
    elif weights is not None and "error" in weights:
        parameters = "damaged"
    elif weights is not None:
        parameters = f"{weights['parameters'] / 1e6:.2f} M"
        licence, figure = str(weights["card"].get("licence", "-")), _figure(weights["card"], method["name"])
    name = f"{method['name']} *" if is_default else method["name"]
    return name, method["kind"], parameters, KERNELS[method["kernel_from"]][0], licence, figure


def _figure(card: dict[str, Any], name: str) -> str:
    """The first of a card's figures: the mean PSNR, blind, and of which images."""
    for figures in card.get("figures", []):
        if value := figures["rows"].get(name, {}).get("mean_psnr"):
            return f"{value:.2f}, {figures['data']}"
    return "-"


def _print_wrapped(words: str) -> None:
    print(textwrap.fill(words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))


def _show_method(method: dict[str, Any]) -> None:
    _print_wrapped(f"{method['name']} ({method['kind']}, {KERNELS[method['kernel_from']][1]}): {method['summary']}")
    weights = method["weights"]
    if not method["has_weights"]:
        return
    if weights is None:
        _print_wrapped("no weights come with it; train them (`pinsharp train`) and give the file as --model FILE")
    elif "error" in weights:
        print(weights["error"])
    else:
        print(f"weights {weights['file']}\n{weights['parameters']:,} parameters, sha256 {weights['sha256']}")
        _show_card(weights["card"], "")


def _show_card(card: dict[str, Any], indent: str) -> None:
    for key, value in card.items():
        if key == "start" and isinstance(value, dict):  # each has a card with a start of its own, and so on
            names = [f"{part} of {of.get('name', 'earlier weights')}" for part, of in value.items()]
            print(
                f"{indent}start: " + (f"{', '.join(names)}; their cards are in --json" if names else "random weights")
            )
        elif isinstance(value, dict):
            print(f"{indent}{key}:")
            _show_card(value, indent + "  ")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            print(f"{indent}{key}: {len(value)} entries, all in --json")
        else:
            print(f"{indent}{key}: {value}")
