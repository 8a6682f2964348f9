"""What commands tell people: one line an error on stderr, and figures in words."""

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinsharp.restore.defocus import Defocus


def complain(error: Exception | str) -> None:
    """Print an error on stderr, on one line."""
    print("pinsharp: error:", " ".join(str(error).split()), file=sys.stderr, flush=True)


def printable(name: str) -> str:
    """A file's name for a picture, with ? for bytes that are no text: file systems allow any."""
    return name.encode("utf-8", "replace").decode("utf-8")


def print_json(record: dict[str, object]) -> None:
    """Print a record as JSON on one line of stdout."""
    print(json.dumps(record), flush=True)


def width_in_words(defocus: "Defocus") -> str:
    """Width, its uncertainty and the family of a blur: 'sigma 2.31 px ± 2 %, gaussian'."""
    spread = f" ± {100 * defocus.sigma_relative_std:.2g} %" if defocus.sigma_relative_std is not None else ""
    return f"sigma {defocus.sigma:.2f} px{spread}, {defocus.family}"
