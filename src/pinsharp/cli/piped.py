"""An image from standard input, and its result to standard output, by way of a temporary folder."""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

from pinsharp.errors import ConfigError, ImageError

NAME = "-"
"""What stands for standard input and output."""


def is_piped(inputs: list[str], out: str | None) -> bool:
    """Whether standard input is restored to standard output.

    Raises:
        ConfigError: If only half of it is asked for, or the result would be written to a screen.
    """
    if NAME not in inputs and out not in (None, NAME):
        return False
    if inputs != [NAME] or out not in (None, NAME):
        raise ConfigError(
            f"expected `restore -` alone for standard input to standard output, or --out OUT and files, got "
            f"{' '.join(inputs)} and {'no --out' if out is None else '--out ' + out}; name both, or neither"
        )
    if sys.stdout.isatty():
        raise ConfigError("expected standard output that goes to a file or a program, got a screen; add > FILE")
    return True


class _Renaming(io.TextIOBase):
    """Text for another stream, in which names are replaced."""

    def __init__(self, stream: TextIO, names: dict[str, str]) -> None:
        self._stream, self._names = stream, names

    def write(self, text: str) -> int:
        for name, other in self._names.items():
            text = text.replace(name, other)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()


@contextmanager
def piped(*, is_raw: bool) -> Iterator[tuple[Path, Path]]:
    """Give names for standard input, which is there, and for a result, which goes to standard output afterwards.

    Whatever else is printed meanwhile goes to standard error.

    Args:
        is_raw: Whether the input is a frame without a header.

    Raises:
        ImageError: If standard input is empty, or no image that is read.
    """
    from pinsharp.images.formats import suffix_of

    data = sys.stdin.buffer.read()
    if not data:
        raise ImageError("standard input: expected an image, got nothing; send one: pinsharp restore - < IN > OUT")
    suffix = ".raw" if is_raw else suffix_of(data)
    with tempfile.TemporaryDirectory(prefix="pinsharp-") as folder:
        source, target = Path(folder) / f"standard-input{suffix}", Path(folder) / f"standard-output{suffix}"
        source.write_bytes(data)
        names = {str(source): "standard input", str(target): "standard output"}
        with redirect_stdout(_Renaming(sys.stderr, names)):
            yield source, target
        sys.stdout.buffer.write(target.read_bytes())
        sys.stdout.buffer.flush()
