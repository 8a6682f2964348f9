"""Records of benchmark runs: a folder whose `records.jsonl` is only ever appended to, and what can be read from it.

A line is a run (which images under which protocol, which methods, by what) or a measurement (one restored image). The
same images under the same protocol are the same run, however often and with whatever methods it is continued.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pinsharp.bench.engine.record_file import RECORDS, Result, excerpt, from_plain, whole_lines
from pinsharp.errors import ConfigError

TRUE_KERNEL = ", true kernel"
"""What the row of a method is called, after its name, when a blind method was given the kernel."""

Key = tuple[str, str, str, str]
"""Row, name and SHA-256 of the image, name of the kernel: what a measurement is one of."""


@dataclass(frozen=True)
class Measurement(Result):
    """Figures of one restored image, or the reason why there is none.

    Args:
        row: Name of the row in tables: the method, and whether a blind one was given the kernel.
        image: File name of the sharp image.
        kernel: Name of the true kernel.
        sigma: Effective width of the true kernel in pixels.
        mse: Mean squared error, full scale 1; like all figures NaN if the restoration failed.
        psnr: In dB; infinite if restored without any error.
        ssim: Structural similarity.
        estimated_sigma: Effective width of the kernel that the method measured, in pixels; None if it measured none.
        relative_sigma_error: |estimated - true| / true width; None too where nothing was blurred.
        kernel_l1: Sum of the absolute differences between measured and true kernel.
        seconds: Wall time of the restoration, without reading and judging, the device's queue emptied before and
            after. It starts from memory that was handed back to the system, and other processes of the same run may
            compute meanwhile; not a benchmark of speed.
        image_sha256: Hash of the sharp image's file.
        megapixels: Millions of pixels of the blurred image, whatever its channels.
        peak_memory_mib: What the restoration added at its peak to the memory of its process or GPU (see
            `pinsharp.bench.engine.cost`), in MiB; None where the system does not say.
        status: `done` or `failed`.
        reason: Why it failed, on one line; None if it did not.
    """

    row: str
    image: str
    kernel: str
    sigma: float
    mse: float = math.nan
    psnr: float = math.nan
    ssim: float = math.nan
    estimated_sigma: float | None = None
    relative_sigma_error: float | None = None
    kernel_l1: float | None = None
    seconds: float = math.nan
    image_sha256: str = ""
    megapixels: float | None = None
    peak_memory_mib: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> Key:
        """What it is a measurement of."""
        return self.row, self.image, self.image_sha256, self.kernel


@dataclass(frozen=True)
class RunRecords:
    """All that was measured on one set of images under one protocol.

    Args:
        id: 12 hexadecimal digits that images and protocol decide.
        set: Name of the folder of the images.
        protocol: Kernels, boundary, bits, noise and seed.
        about: Header of the run; where it was continued, the latest, and under `headers` all of them in order.
        methods: By row, what was measured: method, whether it was given the kernel, weights, parameters, budget.
        measurements: The latest of each row, image and kernel, done or failed, in the order of their first measuring.
            Those of other weights than the latest of their row are left out.
    """

    id: str
    set: str
    protocol: dict[str, Any]
    about: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    measurements: list[Measurement]

    @property
    def done(self) -> list[Measurement]:
        """The measurements that have figures."""
        return [each for each in self.measurements if each.is_done]


def load_records(folder: str | Path) -> list[RunRecords]:
    """Read the runs of a benchmark's folder, in the order of their first measuring; it may be running meanwhile.

    Raises:
        ConfigError: If there are no records, or a line is none.
    """
    return [_records(run, gathered) for run, gathered in _read(Path(folder) / RECORDS).items()]


def done_keys(folder: str | Path, run: str, methods: Mapping[str, Mapping[str, Any]]) -> set[Key]:
    """List what of a run was measured already by methods of these descriptions, by row; raises as `load_records`."""
    gathered = _read(Path(folder) / RECORDS).get(run, _Gathered())
    return {
        measurement.key
        for measurement, model in gathered.measurements.values()
        if measurement.is_done and measurement.row in methods and is_same_model(model, methods[measurement.row])
    }


def is_same_model(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two descriptions of a row mean the same method with the same weights and precision."""
    return _marks(one) == _marks(other)


def are_current(known: Mapping[str, Mapping[str, Any]], methods: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the known description of each row is the one that is to be measured."""
    return all(row in known and is_same_model(known[row], about) for row, about in methods.items())


@dataclass
class _Gathered:
    """A run while its lines are read; measurements with the description of their row at that time."""

    headers: list[dict[str, Any]] = field(default_factory=list)
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    measurements: dict[tuple[Key, tuple[Any, ...]], tuple[Measurement, dict[str, Any]]] = field(default_factory=dict)


def _read(path: Path) -> dict[str, _Gathered]:
    if not path.is_file():
        raise ConfigError(
            f"{path.parent}: expected a folder with {RECORDS}, got none; `pinsharp bench run -o` writes one"
        )
    runs: dict[str, _Gathered] = {}
    for number, line in whole_lines(path):
        try:
            _gather(runs, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(
                f"{path}: expected a record of a benchmark in line {number}, got {excerpt(line)}; delete that line"
            ) from None
    return runs


def _gather(runs: dict[str, _Gathered], record: dict[str, Any]) -> None:
    kind, run = record.pop("record"), record.pop("run")
    if kind == "run":
        gathered = runs.setdefault(run, _Gathered())
        gathered.headers.append({"set": record["set"], "protocol": record["protocol"], **record})
        gathered.methods |= record["methods"]
    elif kind == "measurement":
        gathered = runs[run]
        measurement = _measurement(record)
        model = gathered.methods[measurement.row]
        gathered.measurements[measurement.key, _marks(model)] = measurement, model
    else:
        raise ValueError(kind)


def _marks(model: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a method decides its results. Weights count wherever their file lies; other methods have but a name."""
    name = model.get("weights_sha256") or model.get("method")
    return name, *(model.get(key) for key in ("informed", "precision", "kernel_weights_sha256"))


def _measurement(record: dict[str, Any]) -> Measurement:
    return Measurement(**from_plain(Measurement, record, ("mse", "psnr", "ssim", "seconds")))


def _records(run: str, gathered: _Gathered) -> RunRecords:
    latest = gathered.headers[-1]
    return RunRecords(
        id=run,
        set=latest["set"],
        protocol=latest["protocol"],
        about={**latest, "run": run, "methods": gathered.methods, "headers": gathered.headers},
        methods=gathered.methods,
        measurements=[
            measurement
            for measurement, model in gathered.measurements.values()
            if is_same_model(model, gathered.methods[measurement.row])
        ],
    )
