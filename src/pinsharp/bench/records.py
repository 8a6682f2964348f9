"""Records of benchmark runs: a folder whose `records.jsonl` is only ever appended to, and what can be read from it.

A line is a run (which images under which protocol, which methods, by what) or a measurement (one restored image). The
same images under the same protocol are the same run, however often and with whatever methods it is continued.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Literal, Self

from pinsharp.errors import ConfigError, OutputError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: two runs into one folder are not noticed there
    fcntl = None

RECORDS = "records.jsonl"
"""Name of the file in the folder of a benchmark."""

TRUE_KERNEL = ", true kernel"
"""What the row of a method is called, after its name, when a blind method was given the kernel."""

_START = b'{"record": '
"""How every line begins: anything else was not written here, and is not ours to mend."""

Key = tuple[str, str, str, str]
"""Row, name and SHA-256 of the image, name of the kernel: what a measurement is one of."""


@dataclass(frozen=True)
class Measurement:
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
            `pinsharp.bench.cost`), in MiB; None where the system does not say.
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

    @property
    def is_done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"


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


def plain(figures: Any) -> dict[str, Any]:
    """Turn figures (a dataclass) into values for JSON, which knows neither infinity nor NaN: they become None."""
    values: dict[str, Any] = _finite(asdict(figures))
    return values


def is_same_model(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two descriptions of a row mean the same method with the same weights and precision."""
    return _marks(one) == _marks(other)


class RecordFile:
    """The records of a folder, open for appending by one process at a time; a line torn by a kill is dropped.

    Args:
        folder: Made if it is not there.
        name: What the file in it is called.

    Raises:
        OutputError: If the folder is a file, cannot be written, or another process is writing there.
    """

    def __init__(self, folder: str | Path, name: str = RECORDS) -> None:
        self.path = Path(folder) / name
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise OutputError(
                f"{folder}: expected a folder for the records, got {error.strerror}; choose another"
            ) from None
        try:
            self._lock()
            self._drop_torn_line()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # what could not be written was reported when it was tried
            self._file.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one line and let it reach the file, so that a process that is killed keeps what it measured.

        Raises:
            OutputError: If it cannot be written.
        """
        line = json.dumps(record, allow_nan=False) + "\n"  # ASCII, because a file's name need not be UTF-8
        try:
            self._file.write(line.encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self.path}: expected to add a record, got {error.strerror}; what is there is kept, run it again"
            ) from None

    def _lock(self) -> None:
        """Take the file; the system lets go of it when this process ends, however it ends."""
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"{self.path.parent}: expected a folder for this run alone, got one into which another run is "
                "writing; wait for it, or choose another folder"
            ) from None
        except OSError:  # a file system without locks, as some networks have
            return

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        torn = content[whole:]
        if not torn.startswith(_START[: len(torn)]):
            raise OutputError(
                f"{self.path}: expected records of a benchmark, got {_start(torn.decode('utf-8', 'replace'))}; "
                "choose another folder"
            )
        if torn:
            self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)


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
    for number, line in _whole_lines(path):
        try:
            _gather(runs, json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(
                f"{path}: expected a record of a benchmark in line {number}, got {_start(line)}; delete that line"
            ) from None
    return runs


def _whole_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line; a last one without an end is torn, or being written."""
    text = path.read_bytes().decode("utf-8", "replace")
    return enumerate(text.split("\n")[:-1], start=1)


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
    known = {each.name for each in fields(Measurement)}
    values = {name: value for name, value in record.items() if name in known}
    for name in ("mse", "psnr", "ssim", "seconds"):
        if values[name] is None:
            values[name] = math.inf if name == "psnr" and values["mse"] == 0 else math.nan
    return Measurement(**values)


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


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _start(line: str) -> str:
    return repr(line[:40]) + ("..." if len(line) > 40 else "")
