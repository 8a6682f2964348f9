"""Rows of a speed table that differ in runtime, precision and kind of image, each measured in a process of its own.

In a process of its own a row's peak memory is its own, its threads are set before anything has started some, and what
it leaves in caches helps nobody else.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import cast

import torch

from pinsharp.allocator import keep_freed_memory
from pinsharp.bench.quality.contenders import Contender, contenders
from pinsharp.bench.speed.study import Image, Timing, failed_timing, timings
from pinsharp.data.testset import Degradation
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.methods.devices import PRECISIONS, RUNTIMES, Precision, Runtime
from pinsharp.methods.table import load_method
from pinsharp.methods.untrained import untrained_method

ALL_RUNTIMES = "torch:float32,torch:bfloat16,onnx,openvino:float32,openvino:bfloat16"
"""What `all` stands for."""


@dataclass(frozen=True)
class Row:
    """What one row measures.

    Args:
        method: Name or file of a method, or the kind of an untrained network.
        runtime: What computes its convolutions.
        precision: Of them.
        is_untrained: Whether the network is made anew, with random weights.
        device: Where it computes.
    """

    method: str
    runtime: Runtime = "torch"
    precision: Precision = "auto"
    is_untrained: bool = False
    device: str = "cpu"

    @property
    def label(self) -> str:
        """What tables call it."""
        if self.is_untrained:
            return f"{self.method}, untrained"
        return f"{self.method} {self.runtime}" + ("" if self.precision == "auto" else f" {self.precision}")


def speed_rows(
    methods: Sequence[str], runtimes: Sequence[str], untrained: Sequence[str], *, precision: str, device: str
) -> list[Row]:
    """Make the rows: each method in each runtime, then the untrained networks in PyTorch.

    Args:
        methods: Names or files.
        runtimes: Such as `torch`, `openvino:bfloat16`, or `all`.
        untrained: Kinds of networks.
        precision: Of what names none of its own.
        device: Where to compute.

    Raises:
        ConfigError: If a runtime or precision is unknown.
    """
    wanted = [part for given in runtimes for part in (ALL_RUNTIMES.split(",") if given == "all" else [given])]
    pairs = [_runtime(given, precision) for given in wanted or ["torch"]]
    rows = [Row(method, *pair, device=device) for method in methods for pair in pairs]
    default = cast(Precision, precision)
    return rows + [Row(kind, "torch", default, is_untrained=True, device=device) for kind in untrained]


def timings_apart(
    rows: Sequence[Row],
    *,
    megapixels: Sequence[float],
    threads: Sequence[int],
    images: Sequence[Image],
    repeats: int,
) -> Iterator[Timing]:
    """Time every row at every size, kind of image and number of threads, one after the other, a process each.

    What cannot be done, down to the death of the process, is a timing with its reason.
    """
    for size in megapixels:
        for image in images:
            for count in threads:
                for row in rows:
                    yield _apart(row, size, image, count, repeats)


def _apart(row: Row, size: float, image: Image, threads: int, repeats: int) -> Timing:
    # A process of its own for one call: a forked one would hang in torch's threads.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            timing = pool.submit(_measure, row, size, image, threads, repeats).result()
        except BrokenProcessPool:
            reason = "its process was ended; is memory short?"
            timing = failed_timing(row.label, size, image, threads, repeats, reason)
    return replace(timing, runtime=row.runtime)


def _measure(row: Row, size: float, image: Image, threads: int, repeats: int) -> Timing:
    """Load the method of a row and time it, in a process that does nothing else."""
    keep_freed_memory()
    torch.set_num_threads(threads)  # before loading: runtimes take as many
    try:
        contender = _contender(row)
    except (PinsharpError, RuntimeError) as error:
        return failed_timing(row.label, size, image, threads, repeats, error)
    (timing,) = timings([contender], megapixels=[size], threads=[threads], repeats=repeats, image=image)
    return timing


def _contender(row: Row) -> Contender:
    if row.is_untrained:
        method = untrained_method(row.method, device=row.device, precision=row.precision)
        (contender,) = contenders([row.method], Degradation(), load=lambda name: method)
    else:
        (contender,) = contenders(
            [row.method],
            Degradation(),
            load=lambda name: load_method(name, device=row.device, precision=row.precision, runtime=row.runtime),
        )
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
