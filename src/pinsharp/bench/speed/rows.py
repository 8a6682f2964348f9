"""Rows of a speed table: methods as they are, in several runtimes and precisions, and networks without training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from pinsharp.bench.engine.methods import labelled
from pinsharp.bench.quality.contenders import Contender, contenders
from pinsharp.data.testset import Degradation
from pinsharp.errors import ConfigError
from pinsharp.methods.devices import PRECISIONS, RUNTIMES, Precision, Runtime
from pinsharp.methods.method import Method
from pinsharp.methods.table import load_method
from pinsharp.methods.untrained import untrained_method

ALL_RUNTIMES = "torch:float32,torch:bfloat16,onnx,openvino:float32,openvino:bfloat16"  # what `all` stands for


@dataclass(frozen=True)
class Row:
    """What one row measures."""

    method: str  # name or file of a method, or the kind of an untrained network
    runtime: Runtime = "torch"  # what computes its convolutions
    precision: Precision = "auto"
    is_untrained: bool = False  # whether the network is made again, with random weights
    device: str = "cpu"
    name: str | None = None  # what tables call it, if not by the others

    @property
    def label(self) -> str:
        """What tables call it."""
        if self.name is not None:
            return self.name
        if self.is_untrained:
            return f"{self.method}, untrained"
        return f"{self.method} {self.runtime}" + ("" if self.precision == "auto" else f" {self.precision}")


def plain_rows(names: Sequence[str], *, precision: str, device: str) -> list[Row]:
    """Make a row of each method in PyTorch; LABEL=METHOD names it.

    Raises:
        ConfigError: If two different methods would make the same row.
    """
    chosen = cast(Precision, precision)
    return [Row(method, "torch", chosen, device=device, name=row) for row, method in labelled(names).items()]


def speed_rows(
    methods: Sequence[str], runtimes: Sequence[str], untrained: Sequence[str], *, precision: str, device: str
) -> list[Row]:
    """Make the rows: each method in each runtime (`torch`, `openvino:bfloat16`, `all`), then the untrained networks.

    Raises:
        ConfigError: If a runtime or precision is unknown.
    """
    wanted = [part for given in runtimes for part in (ALL_RUNTIMES.split(",") if given == "all" else [given])]
    pairs = [_runtime(given, precision) for given in wanted or ["torch"]]
    rows = [Row(method, *pair, device=device) for method in methods for pair in pairs]
    default = cast(Precision, precision)
    return rows + [Row(kind, "torch", default, is_untrained=True, device=device) for kind in untrained]


def contender_of(row: Row, load: Callable[..., Method] = load_method) -> Contender:
    """Load what a row times; `load` makes a method of a name, a device, a precision and a runtime."""
    settings: dict[str, str] = {"device": row.device, "precision": row.precision}
    if row.is_untrained:
        load = untrained_method
    else:
        settings["runtime"] = row.runtime
    given = row.method if row.name in (None, row.method) else f"{row.name}={row.method}"
    (contender,) = contenders([given], Degradation(), load=lambda name: load(name, **settings))
    return replace(contender, row=row.label)


def _runtime(given: str, precision: str) -> tuple[Runtime, Precision]:
    name, colon, own = given.partition(":")
    if name not in RUNTIMES or (colon and own not in PRECISIONS):
        raise ConfigError(
            f"expected runtimes such as torch, onnx or openvino:bfloat16 ({', '.join(RUNTIMES)}; "
            f"{', '.join(PRECISIONS)}), got {given!r}"
        )
    if not colon and name == "onnx":
        own = "float32"
    return name, cast(Precision, own or precision)
