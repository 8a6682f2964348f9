"""ONNX files: PyTorch's exporter makes the graph, its metadata carries the rest; ONNX Runtime runs it."""

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pinsharp.errors import WeightsError
from pinsharp.runtimes.container import KEYS, Contents, parse
from pinsharp.runtimes.graph import Entry, Graph, Ports
from pinsharp.runtimes.libraries import library

OPSET = 18


def make_model(graph: Graph) -> Any:
    """Export a graph, in float32, to an ONNX model without metadata.

    Raises:
        MissingExtra: If onnx or onnxscript is not installed.
    """
    for module in ("onnx", "onnxscript"):
        library(module)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(graph.inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=graph.outputs,
            dynamic_shapes=tuple(_free_axes(tensor) for tensor in graph.inputs.values()),
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def to_bytes(model: Any, contents: Contents) -> bytes:
    """Put what a file carries into the metadata of a model, and give the file's bytes."""
    library("onnx").helper.set_model_props(model, contents.texts(_graph_digest(model)))
    data: bytes = model.SerializeToString()
    return data


def read_file(path: Path) -> tuple[Any, Contents]:
    """Read an exported .onnx file, strictly: the model and what it carries.

    Raises:
        MissingExtra: If onnx is not installed.
        WeightsError: If the file is missing, truncated, changed or foreign.
    """
    onnx = library("onnx")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read a model from {path}: {error.strerror or error}") from None
    try:
        model = onnx.load_model_from_string(data)
    except onnx_errors() as error:
        raise WeightsError(
            f"{path} is truncated or no ONNX file ({_first_line(error)}); copy it again, or export it again"
        ) from None
    texts = {entry.key: entry.value for entry in model.metadata_props if entry.key in KEYS}
    return model, parse(path, texts, _graph_digest(model))


def ports(model: Any) -> Ports:
    """What goes into a model and what comes out of it."""
    axes = {port.name: port.type.tensor_type.shape.dim for port in model.graph.input}
    channels = {
        name: axis[1].dim_value if len(axis) > 1 and axis[1].HasField("dim_value") else None
        for name, axis in axes.items()
    }
    return Ports(channels, frozenset(port.name for port in model.graph.output))


def onnx_errors() -> tuple[type[Exception], ...]:
    """What reading a damaged ONNX file raises."""
    return (library("google.protobuf.message").DecodeError, ValueError)


class OnnxSession:
    """Runs the entries of a model with ONNX Runtime, on the CPU and in float32.

    Args:
        model: The ONNX model; each entry is cut out of it when it is first used.
        graph: Its entries.

    Raises:
        MissingExtra: If onnx or onnxruntime is not installed.
    """

    def __init__(self, model: Any, entries: dict[str, Entry]) -> None:
        self._runtime = library("onnxruntime")
        self._extractor = library("onnx.utils").Extractor(model)
        self._entries = entries
        self._sessions: dict[str, Any] = {}

    def __call__(self, name: str, inputs: tuple[Tensor, ...]) -> Tensor:
        """Run an entry."""
        entry = self._entries[name]
        session = self._sessions.get(name) or self._open(name, entry)
        arrays = [tensor.float().contiguous().numpy() for tensor in inputs]
        (result,) = session.run([entry.output], dict(zip(entry.inputs, arrays, strict=True)))
        return torch.from_numpy(result)

    def _open(self, name: str, entry: Entry) -> Any:
        part = self._extractor.extract_model(list(entry.inputs), [entry.output])
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = self._runtime.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._sessions[name] = session
        return session


def _free_axes(tensor: Tensor) -> dict[int, Any]:
    """All axes but the channels are free."""
    free = torch.export.Dim.AUTO
    return {axis: free for axis in range(tensor.ndim) if axis != 1}


def _graph_digest(model: Any) -> str:
    return hashlib.sha256(model.graph.SerializeToString(deterministic=True)).hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks about its own insides from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(level)
