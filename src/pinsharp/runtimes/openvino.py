"""OpenVINO files (.xml with .bin), made of the ONNX model; OpenVINO runs them, in float32 or bfloat16."""

import hashlib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinsharp.errors import WeightsError
from pinsharp.runtimes.container import KEYS, Contents, parse
from pinsharp.runtimes.graph import Entry, Ports
from pinsharp.runtimes.libraries import library
from pinsharp.runtimes.signal_stack import kept_signal_stack

_SECTION = "pinsharp"
"""Part of the model's rt_info that is ours."""


def convert(model: Any) -> Any:
    """Turn an ONNX model into an OpenVINO one.

    Raises:
        MissingExtra: If openvino is not installed.
    """
    return library("openvino").Core().read_model(model.SerializeToString())


def write_file(path: Path, model: Any, contents: Contents) -> None:
    """Write an OpenVINO model to a .xml file, and its weights to the .bin file beside it, in full precision."""
    save = library("openvino").save_model
    save(model, path, compress_to_fp16=False)
    texts = contents.texts(_graph_digest(path))
    for key, text in texts.items():
        model.set_rt_info(text, [_SECTION, key])
    save(model, path, compress_to_fp16=False)


def read_file(path: Path) -> tuple[Any, Contents]:
    """Read an exported .xml file with its .bin, strictly: the model and what it carries.

    Raises:
        MissingExtra: If openvino is not installed.
        WeightsError: If a file is missing, truncated, changed or foreign.
    """
    openvino = library("openvino")
    for file in (path, path.with_suffix(".bin")):
        if not file.is_file():
            raise WeightsError(f"model file not found: {file}; an OpenVINO model is a .xml file with a .bin beside it")
    try:
        texts = {entry.tag: entry.get("value", "") for entry in _section(path)}
        contents = parse(path, {key: texts[key] for key in KEYS if key in texts}, _graph_digest(path))
    except ElementTree.ParseError:
        raise WeightsError(f"{path} is truncated or no OpenVINO file; export it again") from None
    except OSError as error:
        raise WeightsError(f"cannot read a model from {path}: {error.strerror or error}") from None
    return openvino.Core().read_model(path), contents


def ports(model: Any) -> Ports:
    """What goes into a model and what comes out of it."""
    return Ports(
        {port.get_any_name(): _channels(port.partial_shape) for port in model.inputs},
        frozenset(port.get_any_name() for port in model.outputs),
    )


class OpenvinoSession:
    """Runs the entries of a model with OpenVINO on the CPU.

    Args:
        model: The OpenVINO model; each entry is cut out of it and compiled when it is first used.
        entries: Its entries.
        dtype: Data type of the convolutions, float32 or bfloat16; images go in and come out in it.

    Raises:
        MissingExtra: If openvino is not installed.
    """

    def __init__(self, model: Any, entries: dict[str, Entry], dtype: torch.dtype) -> None:
        self._openvino = library("openvino")
        self._model = model
        self._entries = entries
        self._dtype = dtype
        self._requests: dict[str, Any] = {}

    def __call__(self, name: str, inputs: tuple[Tensor, ...]) -> Tensor:
        """Run an entry."""
        entry = self._entries[name]
        request = self._requests.get(name) or self._open(name, entry)
        # Shared memory lives until the request is done: the arrays must not go before that.
        given = {key: self._shared(tensor) for key, tensor in zip(entry.inputs, inputs, strict=True)}
        request.infer(given)
        return self._tensor(request.get_output_tensor(0).data)

    def _open(self, name: str, entry: Entry) -> Any:
        openvino = self._openvino
        hint = "f32" if self._dtype == torch.float32 else "bf16"
        settings = {
            "INFERENCE_PRECISION_HINT": hint,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": 1,
        }
        with kept_signal_stack():
            compiled = openvino.Core().compile_model(self._cut_out(entry), "CPU", settings)
        self._requests[name] = compiled.create_infer_request()
        return self._requests[name]

    def _cut_out(self, entry: Entry) -> Any:
        """The entry as a model of its own, which takes and gives images channels last, as PyTorch has them here."""
        openvino = self._openvino
        inputs = {port.get_any_name(): port.node for port in self._model.inputs}
        outputs = {port.get_any_name(): port.node for port in self._model.outputs}
        part = openvino.Model([outputs[entry.output]], [inputs[key] for key in entry.inputs], entry.output).clone()
        steps = openvino.preprocess.PrePostProcessor(part)
        images = [steps.input(port.get_any_name()) for port in part.inputs if port.partial_shape.rank.get_length() == 4]
        for port in [*images, steps.output(0)]:
            port.tensor().set_element_type(self._type()).set_layout(openvino.Layout("NHWC"))
            port.model().set_layout(openvino.Layout("NCHW"))
        return steps.build()

    def _type(self) -> Any:
        return self._openvino.Type.f32 if self._dtype == torch.float32 else self._openvino.Type.bf16

    def _shared(self, tensor: Tensor) -> Any:
        """A tensor's memory for OpenVINO: images (B, C, H, W) as (B, H, W, C), vectors in float32."""
        if tensor.ndim != 4:
            return self._openvino.Tensor(tensor.float().contiguous().numpy())
        image = tensor.to(self._dtype).permute(0, 2, 3, 1).contiguous()
        if self._dtype == torch.float32:
            return self._openvino.Tensor(image.numpy(), shared_memory=True)
        # NumPy has no bfloat16, so its bits travel as integers.
        return self._openvino.Tensor(image.view(torch.int16).numpy(), list(image.shape), self._type())

    def _tensor(self, array: Any) -> Tensor:
        """A copy of a result (B, H, W, C) as a tensor (B, C, H, W), whose memory the next call may overwrite."""
        if self._dtype == torch.float32:
            image = torch.from_numpy(array.copy())
        else:
            image = torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
        return image.permute(0, 3, 1, 2)


def _channels(shape: Any) -> int | None:
    """Length of the second axis; None if it is free or not there."""
    is_known = shape.rank.is_static and shape.rank.get_length() > 1 and shape[1].is_static
    return int(shape[1].get_length()) if is_known else None


def _section(path: Path) -> list[ElementTree.Element]:
    """Our texts in a .xml file; none if it is not ours."""
    section = ElementTree.parse(path).getroot().find(f"rt_info/{_SECTION}")
    return [] if section is None else list(section)


def _graph_digest(path: Path) -> str:
    """Hash of layers and edges in the .xml file, however they are indented, and of the whole .bin file."""
    root = ElementTree.parse(path).getroot()
    digest = hashlib.sha256(path.with_suffix(".bin").read_bytes())
    for name in ("layers", "edges"):
        element = root.find(name)
        if element is not None:
            text = ElementTree.canonicalize(ElementTree.tostring(element, encoding="unicode"), strip_text=True)
            digest.update(text.encode())
    return digest.hexdigest()
