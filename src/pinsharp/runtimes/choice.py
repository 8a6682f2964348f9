"""Which runtime is the fastest here for a network, among those that restore as PyTorch does: measured once, remembered.

What was measured is kept in the user's cache by machine, number of threads, weights, precision and versions.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from statistics import median

import torch

from pinsharp.errors import PinsharpError
from pinsharp.nets.registry import net_kind
from pinsharp.nets.weights import LoadedNet
from pinsharp.processor import processor
from pinsharp.runtimes import cache
from pinsharp.runtimes.parity import TOLERANCE, largest_difference, restored
from pinsharp.runtimes.parts import install, remove
from pinsharp.runtimes.runtimes import RUNTIMES, is_installed, make_run, only_float32
from pinsharp.version import __version__

_FILE = "runtimes.json"
_SHAPE = (1, 3, 512, 768)
_REPEATS = 3


@dataclass(frozen=True)
class Trial:
    """What was found about a runtime.

    Args:
        runtime: Its name.
        difference: Largest difference from PyTorch in float32, of full scale; None if it could not be run.
        seconds: Median time of an image of 0.4 megapixels; None unless its results agree.
        reason: Why it could not be run; None if it could.
    """

    runtime: str
    difference: float | None = None
    seconds: float | None = None
    reason: str | None = None


Measure = Callable[[str, LoadedNet, bytes, torch.dtype], Trial]


def choose(
    loaded: LoadedNet, weights: bytes, dtype: torch.dtype, *, float32_too: bool = True, measure: Measure | None = None
) -> str:
    """Choose the fastest installed runtime whose results agree with PyTorch's; measure if that was not done before.

    Args:
        loaded: The network, on the CPU.
        weights: The bytes of its weights file.
        dtype: Precision of the convolutions.
        float32_too: Whether a runtime that knows only float32 may take part where `dtype` is another.
        measure: Measures a runtime; by default `measured`, which takes seconds.
    """
    if not net_kind(loaded.info.net).traits.is_exportable:
        return "torch"
    names = [name for name in RUNTIMES if is_installed(name)]
    names = [name for name in names if float32_too or dtype == torch.float32 or not only_float32(name)]
    trials = remembered(loaded.info.sha256, dtype)
    if not set(names) <= {trial.runtime for trial in trials}:
        trials = [(measure or measured)(name, loaded, weights, dtype) for name in names]
        _remember(loaded.info.sha256, dtype, trials)
    return fastest([trial for trial in trials if trial.runtime in names])


def fastest(trials: Sequence[Trial]) -> str:
    """The runtime that took the least time of those that agree; `torch` if there is none."""
    timed = [(trial.seconds, trial.runtime) for trial in trials if trial.seconds is not None]
    return min(timed)[1] if timed else "torch"


def remembered(sha256: str, dtype: torch.dtype) -> list[Trial]:
    """What was measured here for the weights of a hash; empty if nothing was."""
    try:
        return [Trial(**entry) for entry in cache.read_json(_FILE).get(_key(sha256, dtype), [])]
    except TypeError:  # written by another version
        return []


def measured(runtime: str, loaded: LoadedNet, weights: bytes, dtype: torch.dtype) -> Trial:
    """Run a runtime beside PyTorch, and time it if they agree."""
    dtype = torch.float32 if only_float32(runtime) else dtype
    try:
        run = make_run(runtime, loaded, weights, dtype)
        difference = 0.0 if run is None else largest_difference(loaded.net, run, dtype=dtype)
    except (PinsharpError, RuntimeError) as error:
        return Trial(runtime, reason=" ".join(str(error).split()))
    if difference > TOLERANCE[dtype]:
        return Trial(runtime, difference)
    if run is not None:
        install(loaded.net, run)
    try:
        return Trial(runtime, difference, _seconds(loaded, dtype))
    finally:
        remove(loaded.net)


def _seconds(loaded: LoadedNet, dtype: torch.dtype) -> float:
    """Median time of a restoration after one that does not count."""
    image = torch.rand(_SHAPE, generator=torch.Generator().manual_seed(0))
    kernel, taken = torch.ones(1, 1, 1, 1), []
    for _ in range(_REPEATS + 1):
        begun = time.perf_counter()
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            restored(loaded.net, image, kernel)
        taken.append(time.perf_counter() - begun)
    return median(taken[1:])


def _remember(sha256: str, dtype: torch.dtype, trials: Sequence[Trial]) -> None:
    known = cache.read_json(_FILE) | {_key(sha256, dtype): [asdict(trial) for trial in trials]}
    cache.keep(_FILE, (json.dumps(known, indent=1) + "\n").encode())


def _key(sha256: str, dtype: torch.dtype) -> str:
    versions = [f"{name} {_version(name)}" for name in ("torch", "onnxruntime", "openvino")]
    versions.append(f"pinsharp {__version__}")  # it decides the graph that was timed and found to agree
    named = processor(("model name", "cpu family", "model", "stepping"))
    parts = [named, f"{os.cpu_count()} cores", f"{torch.get_num_threads()} threads", *versions]
    return "; ".join([sha256, str(dtype).removeprefix("torch."), *parts])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
