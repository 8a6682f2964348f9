"""Networks loaded from the files that `pinsharp export` wrote."""

from dataclasses import dataclass
from pathlib import Path

import torch

from pinsharp.nets.weights import LoadedNet, parse_weights
from pinsharp.runtimes import onnx, openvino
from pinsharp.runtimes.graph import Run, check_ports
from pinsharp.runtimes.parts import graph_of

SUFFIXES = (".onnx", ".xml")
"""Kinds of files: ONNX, OpenVINO."""

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Exported:
    """An exported file, loaded.

    Args:
        loaded: The network that it was made of.
        run: Computes the network's convolutions from the file's graph.
        runtime: `onnx` or `openvino`.
        precision: `float32` or `bfloat16`.
    """

    loaded: LoadedNet
    run: Run
    runtime: str
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the convolutions."""
        return _DTYPES[self.precision]


def is_exported(path: str | Path) -> bool:
    """Whether a name is one of an exported file."""
    return Path(path).suffix.lower() in SUFFIXES


def load_exported(path: Path) -> Exported:
    """Load an exported file, strictly.

    Raises:
        MissingExtra: If its runtime is not installed.
        WeightsError: If the file is missing, truncated, changed, foreign, or its graph is of another version.
    """
    is_onnx = path.suffix.lower() == ".onnx"
    model, contents = onnx.read_file(path) if is_onnx else openvino.read_file(path)
    loaded = parse_weights(path, contents.weights)
    graph = graph_of(loaded.net)
    check_ports(path, graph.ports, onnx.ports(model) if is_onnx else openvino.ports(model))
    if is_onnx:
        return Exported(loaded, onnx.OnnxSession(model, graph.entries), "onnx", contents.precision)
    run = openvino.OpenvinoSession(model, graph.entries, _DTYPES[contents.precision])
    return Exported(loaded, run, "openvino", contents.precision)
