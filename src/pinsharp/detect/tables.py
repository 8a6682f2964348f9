"""Particles and pins, and their tables: CSV files with a header, one of them a line, positions in pixels."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pinsharp.atomic import write_atomically
from pinsharp.errors import ConfigError

_Row = TypeVar("_Row", "Particle", "Pin")


@dataclass(frozen=True)
class Particle:
    """A conductive particle, detected or true."""

    row: float  # its centre, counted in pixels from the centre of the uppermost row
    column: float  # the same from the leftmost column
    diameter: float  # in pixels, > 0
    # Of a detection its matched-filter response in units of the local noise, larger is surer; of a true particle its
    # contrast as a fraction of full scale.
    strength: float
    pin: int | None  # number of the pin that it lies on; None off all pins

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.row, self.column, self.diameter, self.strength))):
            raise ConfigError(f"a particle's numbers must be finite, got {self}")
        if not self.diameter > 0:
            raise ConfigError(f"a particle's diameter must be positive, got {self.diameter:g} px")


@dataclass(frozen=True)
class Pin:
    """A pin's box, half-open: `bottom` and `right` are the first row and column past it."""

    number: int  # its name in tables; no two pins of an image share one
    top: int  # first row, in pixels
    left: int  # first column
    bottom: int  # one past its last row
    right: int  # one past its last column

    def __post_init__(self) -> None:
        if self.bottom <= self.top or self.right <= self.left:
            raise ConfigError(
                f"pin {self.number} must end past where it begins, got rows {self.top} to {self.bottom} and columns "
                f"{self.left} to {self.right}; the order is top, left, bottom, right"
            )

    def contains(self, row: float, column: float) -> bool:
        """Whether a position lies on the pin; each pixel reaches half a pixel around its centre."""
        return self.top <= row + 0.5 < self.bottom and self.left <= column + 0.5 < self.right


def write_particles(path: str | Path, particles: Iterable[Particle]) -> None:
    """Write particles as CSV: row, column, diameter, strength, pin (empty if unknown). An older file is replaced.

    Raises:
        OutputError: If the file cannot be written.
    """
    _write(path, Particle, particles)


def read_particles(path: str | Path) -> tuple[Particle, ...]:
    """Read what `write_particles` wrote, or anybody's CSV with the same header; every number comes back exactly.

    Raises:
        ConfigError: If the file cannot be read, its header is another, or a row is wrong, with its line number.
    """
    return _read(path, Particle)


def write_pins(path: str | Path, pins: Iterable[Pin]) -> None:
    """Write pins as CSV: number, top, left, bottom, right. An older file is replaced.

    Raises:
        OutputError: If the file cannot be written.
    """
    _write(path, Pin, pins)


def read_pins(path: str | Path) -> tuple[Pin, ...]:
    """Read what `write_pins` wrote, or anybody's CSV with the same header.

    Raises:
        ConfigError: If the file cannot be read, its header is another, a row is wrong, or two pins share a number.
    """
    pins = _read(path, Pin)
    lines: dict[int, int] = {}
    for line, pin in enumerate(pins, start=2):
        if pin.number in lines:
            raise ConfigError(
                f"{path}, pin {line - 1} of {len(pins)}: expected a number that no other pin has, got {pin.number} "
                "again; number the pins differently"
            )
        lines[pin.number] = line
    return pins


def _write(path: str | Path, kind: type[_Row], rows: Iterable[_Row]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_header(kind))
    writer.writerows(astuple(row) for row in rows)  # csv writes floats with repr, and None as nothing
    write_atomically(Path(path), text.getvalue().encode())


def _read(path: str | Path, kind: type[_Row]) -> tuple[_Row, ...]:
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets put a byte-order mark in front
    except OSError as error:
        raise ConfigError(f"{path}: expected a table that can be read, got {error.strerror}; check its name") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected a table as text (CSV in UTF-8), got bytes; export it again") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if header != _header(kind):
            raise ConfigError(
                f"expected the header {','.join(_header(kind))}, got {','.join(header) or 'none'}; name the columns so"
            )
        return tuple(_row(values, kind) for values in reader if values)
    except (ConfigError, csv.Error) as error:
        raise ConfigError(f"{path}, line {max(1, reader.line_num)}: {error}") from None


def _row(values: list[str], kind: type[_Row]) -> _Row:
    columns = fields(kind)
    if len(values) != len(columns):
        raise ConfigError(
            f"expected {len(columns)} values, got {len(values)}; one for each of {', '.join(_header(kind))}"
        )
    # With deferred annotations a field's type is the text of its hint.
    return kind(*(_value(text, f.name, str(f.type)) for text, f in zip(values, columns, strict=True)))


def _value(text: str, name: str, hint: str) -> Any:
    if hint == "int | None" and not text.strip():
        return None
    try:
        return float(text) if hint == "float" else int(text)
    except ValueError:
        wanted = "a number" if hint == "float" else "a whole number"
        raise ConfigError(f"expected {wanted} as {name}, got {text!r}; correct the table") from None


def _header(kind: type[_Row]) -> list[str]:
    return [field.name for field in fields(kind)]
