"""What computes the convolutions of a network: PyTorch, ONNX Runtime or OpenVINO, behind one call."""

import hashlib
from pathlib import Path
from typing import Any

import torch

from pinsharp.errors import WeightsError
from pinsharp.nets.weights import LoadedNet
from pinsharp.runtimes import onnx, openvino
from pinsharp.runtimes.cache import cache_folder, keep
from pinsharp.runtimes.container import Contents
from pinsharp.runtimes.graph import Graph, Run, check_ports
from pinsharp.runtimes.libraries import is_there
from pinsharp.runtimes.parts import check_exportable, graph_of
from pinsharp.version import __version__

RUNTIMES = ("torch", "onnx", "openvino")
"""`torch` as it is; `onnx`, ONNX Runtime; `openvino`."""

_LIBRARIES = {
    "torch": (),
    "onnx": ("onnx", "onnxscript", "onnxruntime"),
    "openvino": ("onnx", "onnxscript", "openvino"),
}


def is_installed(runtime: str) -> bool:
    """Whether a runtime can be used here."""
    return all(is_there(module) for module in _LIBRARIES[runtime])


def only_float32(runtime: str) -> bool:
    """Whether a runtime knows no bfloat16 on a CPU."""
    return runtime == "onnx"


def make_run(runtime: str, loaded: LoadedNet, weights: bytes, dtype: torch.dtype) -> Run | None:
    """Make what computes the convolutions of a network, with as many threads as PyTorch has now.

    Args:
        runtime: One of `RUNTIMES`.
        loaded: The network, on the CPU.
        weights: The bytes of its weights file.
        dtype: Precision of the convolutions.

    Returns:
        What `pinsharp.runtimes.parts.install` takes; None for `torch`, which needs nothing.

    Raises:
        ConfigError: If the kind of network cannot be run elsewhere.
        MissingExtra: If the runtime is not installed.
    """
    if runtime == "torch":
        return None
    check_exportable(loaded.info.net)
    entries = graph_of(loaded.net).entries
    if runtime == "onnx":
        return onnx.OnnxSession(exported_model(loaded, weights), entries)
    return openvino.OpenvinoSession(openvino.convert(exported_model(loaded, weights)), entries, dtype)


def exported_model(loaded: LoadedNet, weights: bytes) -> Any:
    """Export a network to an ONNX model, or take the one that was exported before from the user's cache.

    What cannot be used, since another version made it or it is damaged, is made again.

    Raises:
        MissingExtra: If onnx or onnxscript is not installed.
    """
    graph = graph_of(loaded.net)
    name = f"exported/{loaded.info.sha256}-{_recipe(graph)}.onnx"
    contents = Contents(weights, "float32")
    path = cache_folder() / name
    model = _kept(path, graph, contents) if path.is_file() else None
    if model is None:
        model = onnx.make_model(graph)
        keep(name, onnx.to_bytes(model, contents))
    return model


def _kept(path: Path, graph: Graph, contents: Contents) -> Any | None:
    """The model in a file of the cache; None if it is not what would be made now."""
    try:
        model, found = onnx.read_file(path)
        check_ports(path, graph.ports, onnx.ports(model))
    except WeightsError:
        return None
    return model if found == contents else None


def _recipe(graph: Graph) -> str:
    """What a file depends on besides its weights: versions, and what goes into the graph and comes out of it."""
    words = f"pinsharp {__version__}, torch {torch.__version__}, opset {onnx.OPSET}: {graph.ports}"
    return hashlib.sha256(words.encode()).hexdigest()[:12]
