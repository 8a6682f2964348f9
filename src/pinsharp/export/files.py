"""Exported files: made, and run against PyTorch before they are kept."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pinsharp.atomic import write_error
from pinsharp.errors import ConfigError, OutputError
from pinsharp.nets.weights import LoadedNet, parse_weights, weights_bytes
from pinsharp.runtimes import onnx, openvino
from pinsharp.runtimes.container import Contents, check_precision
from pinsharp.runtimes.exported import is_exported, load_exported
from pinsharp.runtimes.parity import TOLERANCE, largest_difference
from pinsharp.runtimes.parts import check_exportable, graph_of


@dataclass(frozen=True)
class Report:
    """What exporting has found.

    Args:
        files: What was written.
        difference: Largest difference from PyTorch in float32, of full scale.
        seed: Of the random images.
    """

    files: tuple[Path, ...]
    difference: float
    seed: int


def check_target(path: Path, precision: str) -> None:
    """Refuse a name or precision that nothing can be exported to.

    Raises:
        ConfigError: If the suffix of `path` is unknown, or has no such precision.
    """
    if not is_exported(path):
        raise ConfigError(f"expected a file that ends in .onnx (ONNX) or .xml (OpenVINO), got {str(path)!r}; rename it")
    check_precision(precision, path.suffix.lower())


def files_of(path: Path) -> tuple[Path, ...]:
    """All files that belong to an exported one."""
    return (path, path.with_suffix(".bin")) if path.suffix.lower() == ".xml" else (path,)


def export(weights: Path, target: Path, *, precision: str = "float32", seed: int = 0) -> Report:
    """Export a weights file, read the result back, compare it with PyTorch, and only then put it in its place.

    Args:
        weights: A .safetensors file of an exportable network.
        target: A .onnx or .xml file (which gets a .bin beside it); replaced if it exists.
        precision: Of the convolutions: `float32`, or for .xml `bfloat16`.
        seed: Decides the random images of the comparison.

    Raises:
        ConfigError: If the kind of network, the name or the precision cannot be exported; if the results differ.
        MissingExtra: If a library is missing.
        OutputError: If the file cannot be written.
        WeightsError: If the weights are missing or damaged.
    """
    check_target(target, precision)
    data = weights_bytes(weights)
    loaded = parse_weights(weights, data)
    check_exportable(loaded.info.net)
    contents = Contents(data, precision)
    with _folder_beside(target) as folder:
        draft = Path(folder) / target.name
        _write(draft, loaded, contents)
        found = load_exported(draft)
        difference = largest_difference(loaded.net, found.run, dtype=found.dtype, seed=seed)
        if not difference <= TOLERANCE[found.dtype]:
            raise ConfigError(
                f"{target.name} restores other than PyTorch: expected a difference of at most "
                f"{TOLERANCE[found.dtype]:g} of full scale, got {difference:.3g} (random images of seed {seed}); "
                "nothing was written"
            )
        _put(files_of(draft), files_of(target))
    return Report(files_of(target), difference, seed)


def _write(path: Path, loaded: LoadedNet, contents: Contents) -> None:
    model = onnx.make_model(graph_of(loaded.net))
    if path.suffix.lower() == ".onnx":
        path.write_bytes(onnx.to_bytes(model, contents))
    else:
        openvino.write_file(path, openvino.convert(model), contents)


def _folder_beside(target: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder on the same file system, from which files can be moved into place whole."""
    try:
        return tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise OutputError(write_error(target, 0, error)) from None


def _put(
    drafts: tuple[Path, ...], targets: tuple[Path, ...], replace: Callable[[Path, Path], None] = os.replace
) -> None:
    """Move drafts to where they belong, the file that users name last."""
    for draft, target in reversed(list(zip(drafts, targets, strict=True))):
        try:
            replace(draft, target)
        except OSError as error:
            raise OutputError(write_error(target, 0, error)) from None
