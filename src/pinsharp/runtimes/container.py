"""What an exported file holds beside its graph: the weights file whole, as text, and a SHA-256 of everything.

The weights file brings estimator, filters, conditioning, settings and provenance along, so that the exported file works
by itself, and it is what the graph is checked against.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinsharp.errors import ConfigError, WeightsError

FORMAT, VERSION = "pinsharp-export", "1"
PRECISIONS = ("float32", "bfloat16")
"""Precisions in which the convolutions of an exported file compute."""

KEYS = ("format", "version", "precision", "weights", "sha256")
"""Names of the texts in a file."""


@dataclass(frozen=True)
class Contents:
    """What an exported file carries.

    Args:
        weights: The bytes of the weights file that it was made of.
        precision: Of its convolutions, one of `PRECISIONS`.
    """

    weights: bytes
    precision: str

    def texts(self, graph_digest: str) -> dict[str, str]:
        """The texts that go into a file, given the hash of its graph."""
        texts = {
            "format": FORMAT,
            "version": VERSION,
            "precision": self.precision,
            "weights": base64.b64encode(self.weights).decode(),
        }
        return texts | {"sha256": _digest(texts, graph_digest)}


def check_precision(precision: str, suffix: str) -> None:
    """Refuse a precision that a kind of files does not have.

    Raises:
        ConfigError: If files with `suffix` have no such precision.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision of an exported file must be {' or '.join(PRECISIONS)}, got {precision!r}")
    if precision != "float32" and suffix == ".onnx":
        raise ConfigError(f"ONNX Runtime computes in float32 on a CPU, got {precision}; export to a .xml file instead")


def parse(file: Path, texts: Mapping[str, str], graph_digest: str) -> Contents:
    """Check the texts of a file against its graph.

    Raises:
        WeightsError: If the file was not written by `pinsharp export`, by a newer one, or changed since.
    """
    if texts.get("format") != FORMAT:
        raise WeightsError(f"{file} is a model, but not of pinsharp; give one that `pinsharp export` wrote")
    if texts.get("version") != VERSION:
        raise WeightsError(
            f"{file} has format version {texts.get('version')}, this pinsharp reads {VERSION}; update pinsharp"
        )
    missing = [key for key in KEYS if key not in texts]
    if missing or _digest(texts, graph_digest) != texts["sha256"]:
        raise WeightsError(f"{file} was changed after it was exported (its SHA-256 does not match); export it again")
    try:
        weights = base64.b64decode(texts["weights"], validate=True)
    except binascii.Error:
        raise WeightsError(f"{file} carries damaged weights; export it again") from None
    return Contents(weights, texts["precision"])


def _digest(texts: Mapping[str, str], graph_digest: str) -> str:
    values = [texts[key] for key in KEYS[:-1]] + [graph_digest]
    return hashlib.sha256(b"\0".join(value.encode() for value in values)).hexdigest()
