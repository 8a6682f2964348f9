"""Weights files: one .safetensors file is one model, with its net, its settings and its provenance in the header.

The header carries a SHA-256 of net, settings and tensors, so that a file either is what was saved or is refused.
"""

import dataclasses
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from pinsharp.atomic import write_atomically
from pinsharp.errors import ConfigError, WeightsError
from pinsharp.nets.registry import build_net, net_name

ZOO = Path(__file__).parent / "zoo"
"""Folder of the weights that come with pinsharp."""

_FORMAT = "pinsharp-weights"
_VERSION = 1
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000  # what safetensors itself accepts


@dataclass(frozen=True)
class WeightsInfo:
    """What a weights file says about itself."""

    net: str  # kind of network, a name in `pinsharp.nets.registry.NETS`
    config: dict[str, Any]  # its settings, by name
    card: dict[str, Any]  # provenance: data, protocol, commit, figures, licence, in the words of who saved it
    sha256: str  # hash of net, settings and tensors; what a table of results names the model by
    parameters: int  # number of values in all tensors


@dataclass(frozen=True)
class LoadedNet:
    """A network with its weights, in evaluation mode on the CPU, and what its file says about it."""

    net: nn.Module
    info: WeightsInfo

    @property
    def card(self) -> dict[str, Any]:
        """Provenance of the weights."""
        return self.info.card


def save_weights(path: str | Path, net: nn.Module, card: Mapping[str, Any], *, half: bool = False) -> WeightsInfo:
    """Write a net to one .safetensors file, atomically: a killed process leaves the old file or the new one.

    Args:
        path: The file, replaced if it exists; its folder must exist.
        net: A network of a kind in `pinsharp.nets.registry.NETS`, made from the settings in its `config`.
        card: Provenance, of values that JSON can hold.
        half: Store float32 tensors as float16: half the size, three significant digits, checked for overflow.

    Raises:
        WeightsError: If a weight is not finite.
        OutputError: If the file cannot be written.
    """
    name = net_name(net)
    config = json.dumps(dataclasses.asdict(net.config), sort_keys=True)  # type: ignore[call-overload]
    tensors = {key: _stored(key, value, half) for key, value in net.state_dict().items()}
    payload = _split(safetensors.torch.save(tensors))[1]
    header = {
        "format": _FORMAT,
        "version": str(_VERSION),
        "net": name,
        "config": config,
        "card": json.dumps(dict(card), sort_keys=True),
        "sha256": _digest(name, config, payload),
    }
    write_atomically(Path(path), safetensors.torch.save(tensors, header))
    return read_info(path)


def load_weights(path: str | Path) -> LoadedNet:
    """Read a net with its weights, strictly: every byte must be as it was saved and every tensor must fit.

    Raises:
        WeightsError: If the file is missing, truncated, changed, foreign, newer than this pinsharp, or does not fit its
            net; the sentence says which, and what to do.
    """
    file = Path(path)
    return parse_weights(file, weights_bytes(file))


def parse_weights(file: Path, data: bytes) -> LoadedNet:
    """Make a net of the bytes of a weights file, as strictly as `load_weights`; `file` is for the sentence."""
    info, metadata = _parsed(file, data)
    if _digest(info.net, metadata["config"], _split(data)[1]) != info.sha256:
        raise WeightsError(f"{file} was changed after it was saved (its SHA-256 does not match); get a fresh copy")
    try:
        net = build_net(info.net, info.config)
        tensors = safetensors.torch.load(data)
    except (ConfigError, SafetensorError) as error:
        raise WeightsError(f"{file} does not fit this version of pinsharp: {error}; get weights made for it") from None
    net.load_state_dict(_checked(file, tensors, net.state_dict()))
    return LoadedNet(net.eval(), info)


def weights_bytes(file: Path) -> bytes:
    """Read a weights file as it is, unchecked.

    Raises:
        WeightsError: If `file` cannot be read.
    """
    if not file.exists():
        shipped = ", ".join(shipped_names()) or "none"
        raise WeightsError(f"weights file not found: {file}; check the path, or name a shipped model ({shipped})")
    try:
        return file.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read weights from {file}: {error.strerror or error}") from None


def read_info(path: str | Path) -> WeightsInfo:
    """Read what a weights file says about itself; raises as `load_weights` does, but takes its hash on trust."""
    file = Path(path)
    return _parsed(file, weights_bytes(file))[0]


def read_card(path: str | Path) -> dict[str, Any]:
    """Read the provenance of a weights file; raises as `read_info` does."""
    return read_info(path).card


def shipped_names() -> list[str]:
    """List the models whose weights come with pinsharp."""
    return sorted(file.stem for file in ZOO.glob("*.safetensors"))


def zoo_path(name: str) -> Path:
    """Find the weights of a model that comes with pinsharp.

    Raises:
        WeightsError: If no shipped model has that name.
    """
    if name not in shipped_names():
        shipped = ", ".join(shipped_names()) or "none"
        raise WeightsError(
            f"no weights named {name!r} come with pinsharp (shipped: {shipped}); give a .safetensors file"
        )
    return ZOO / f"{name}.safetensors"


def weights_path(name: str) -> Path:
    """The weights file that a shipped model's name or a path stands for; it need not exist."""
    return zoo_path(name) if name in shipped_names() else Path(name)


def _stored(key: str, tensor: Tensor, half: bool) -> Tensor:
    """Prepare one tensor for the file: on the CPU, contiguous, finite."""
    tensor = tensor.detach().cpu().contiguous()
    stored = tensor.half() if half and tensor.dtype == torch.float32 else tensor
    if not bool(torch.isfinite(stored).all()):
        advice = "store it in full precision" if bool(torch.isfinite(tensor).all()) else "the training has diverged"
        raise WeightsError(f"will not save {key}, which holds NaN or infinite values: {advice}")
    return stored


def _digest(name: str, config: str, payload: bytes) -> str:
    # Hashing the tensors alone would miss a setting that changes what they do but not their shapes.
    return hashlib.sha256(b"\0".join([name.encode(), config.encode(), payload])).hexdigest()


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Split a safetensors file into its JSON header and its payload of tensors."""
    (length,) = struct.unpack("<Q", data[:_LENGTH_BYTES])
    return data[_LENGTH_BYTES : _LENGTH_BYTES + length], data[_LENGTH_BYTES + length :]


def _parsed(file: Path, data: bytes) -> tuple[WeightsInfo, dict[str, str]]:
    """Parse and check the header; return it as such and as the texts that were hashed."""
    header = _header(file, data)
    metadata = header.pop("__metadata__", None) or {}
    if metadata.get("format") != _FORMAT:
        raise WeightsError(f"{file} is a safetensors file, but not of pinsharp; give one that `pinsharp train` wrote")
    if metadata.get("version") != str(_VERSION):
        raise WeightsError(
            f"{file} has format version {metadata.get('version')}, this pinsharp reads {_VERSION}; update pinsharp"
        )
    try:
        config, card = json.loads(metadata["config"]), json.loads(metadata["card"])
        net, sha256 = metadata["net"], metadata["sha256"]
        parameters = sum(torch.Size(entry["shape"]).numel() for entry in header.values())
        config, card = dict(config), dict(card)
    except (KeyError, TypeError, ValueError):
        raise WeightsError(f"{file} has a damaged header; get a fresh copy") from None
    return WeightsInfo(net, config, card, sha256, parameters), metadata


def _header(file: Path, data: bytes) -> dict[str, Any]:
    """Parse the JSON header of a safetensors file and check that the file is as long as it says."""
    foreign = WeightsError(f"{file} is not a .safetensors file; give one that `pinsharp train` wrote")
    if len(data) < _LENGTH_BYTES:
        raise foreign
    length = struct.unpack("<Q", data[:_LENGTH_BYTES])[0]
    if length > _LONGEST_HEADER:
        raise foreign
    cut = WeightsError(f"{file} is truncated: it ends after {len(data)} bytes; copy or download it again")
    text, payload = _split(data)
    if len(text) < length:
        raise cut
    try:
        header = json.loads(text)
        end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
    except (ValueError, AttributeError, KeyError, TypeError, IndexError):
        raise foreign from None
    if len(payload) < end:
        raise cut
    return dict(header)


def _checked(file: Path, tensors: dict[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Check that the tensors are those of the net, and give them its precision back."""
    problems = [f"{key} is missing" for key in sorted(expected.keys() - tensors.keys())]
    problems += [f"{key} is unexpected" for key in sorted(tensors.keys() - expected.keys())]
    for key in sorted(expected.keys() & tensors.keys()):
        found, wanted = tensors[key], expected[key]
        if found.shape != wanted.shape:
            problems.append(f"{key} has shape {tuple(found.shape)}, expected {tuple(wanted.shape)}")
        elif found.dtype != wanted.dtype and (found.dtype, wanted.dtype) != (torch.float16, torch.float32):
            problems.append(f"{key} is {found.dtype}, expected {wanted.dtype}")
        elif not bool(torch.isfinite(found).all()):
            problems.append(f"{key} holds NaN or infinite values")
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise WeightsError(f"{file} does not fit its net: {problems[0]}{more}; get weights made for this version")
    return {key: tensor.to(expected[key].dtype) for key, tensor in tensors.items()}
