"""How fast every method restores, and with how much memory, one after the other in one process.

`speed_rows` gives each row a process of its own.

A run of its own, because the seconds in the records of a benchmark are those of whatever else the machine did then.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pinsharp.bench.engine.cost import with_cost
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.records import RunRecords
from pinsharp.bench.quality.standing import MARK, Standing, describe, faults, standings
from pinsharp.bench.show.typeset import Cell, Column, Group, Table
from pinsharp.blur.camera import generator, quantise
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.data.testset import BlurredPair
from pinsharp.errors import ConfigError, PinsharpError

SIGMA = 2.4
"""Width of the blur of the timed image, in pixels: the middle of the paper's."""

Image = Literal["colour", "mono"]
IMAGES: tuple[Image, ...] = get_args(Image)
"""Kinds of images that are timed."""

_ASPECT = 4 / 3
_SIDE_STEP = 16
"""Sides are multiples of this, so that no network has to pad more than another."""

_MOST_MEGAPIXELS = 1000.0

_COLUMNS = (
    *(Column("method", "method"), Column("device", "device"), Column("threads", "threads"), Column("image")),
    *(Column("height"), Column("width"), Column("megapixels", "size, MP", 2)),
    *(Column("megapixels_per_second", "MP/s", 3), Column("seconds", "s an image", 3)),
    *(Column("peak_memory_mib", "peak memory, MiB", 0), Column("parameters", "parameters, M", 2, factor=1e-6)),
    *(Column("first_seconds", "s the first image", 3), Column("runtime"), Column("precision")),
    *(Column("repeats"), Column("reason")),
)
_PSNR_COLUMNS = (Column("mean_psnr", "mean PSNR, dB", 2), Column("aggregate_psnr", "aggregate PSNR, dB", 2))
_MEMORY_NOTE = "Peak memory: what a call adds at its peak to what its process or GPU holds already."


@dataclass(frozen=True)
class Timing:
    """Speed of a method at one size and number of threads.

    Args:
        method: Its row.
        threads: Threads that PyTorch was given; what runs on a GPU does not depend on it.
        device: Where it computed.
        height: Of the image in pixels.
        width: Of the image in pixels.
        megapixels: Millions of pixels.
        repeats: How many calls the median is of.
        seconds: Median wall time of a call, the device's queue emptied before and after; None if it failed.
        megapixels_per_second: From the median.
        peak_memory_mib: What a call adds at its peak to what its process (or the GPU) holds; None where unknown.
        parameters: Of a network.
        reason: Why it failed, on one line; None if it did not.
        image: Kind of the image, `colour` or `mono`.
        first_seconds: Wall time of the first call, in which much is made for the first time.
        runtime: What computed the convolutions, where several were compared.
        precision: Of the convolutions.
    """

    method: str
    threads: int
    device: str
    height: int
    width: int
    megapixels: float
    repeats: int
    seconds: float | None = None
    megapixels_per_second: float | None = None
    peak_memory_mib: float | None = None
    parameters: int | None = None
    reason: str | None = None
    image: str = "colour"
    first_seconds: float | None = None
    runtime: str | None = None
    precision: str | None = None


def timings(
    contenders: Sequence[Contender],
    *,
    megapixels: Sequence[float] = (0.25, 1.0),
    threads: Sequence[int] = (1,),
    repeats: int = 5,
    image: Image = "colour",
) -> Iterator[Timing]:
    """Time every method at every size and number of threads: two calls to warm up, then the median of some.

    The image is synthetic (noise of all scales, as strong at each octave) and blurred by a Gaussian. What a
    method cannot do, such as an image too large for the memory, is a timing with its reason. The number of threads of
    this process is put back at the end.

    Raises:
        ConfigError: If a size, number of threads or of repeats is out of range.
    """
    check_settings(megapixels, threads, repeats)
    before = torch.get_num_threads()
    try:
        for size in megapixels:
            pair = timed_pair(size, image)
            for count in threads:
                torch.set_num_threads(count)
                for contender in contenders:
                    yield _timing(contender, pair, count, repeats, image)
    finally:
        torch.set_num_threads(before)


def timed_pair(megapixels: float, image: Image = "colour") -> BlurredPair:
    """Make the image that is timed, of about as many megapixels, four to three; a mono one is the green of colour."""
    height, width = _shape(megapixels)
    sharp, kernel = _scene(height, width), gaussian_kernel(SIGMA)
    sharp = sharp[:, 1:2] if image == "mono" else sharp
    blurred = quantise(Blur(kernel, "reflect")(sharp), 8)
    return BlurredPair(Path("scene"), f"gaussian:{SIGMA}", kernel, sharp, blurred, sharp, 0)


def failed_timing(
    method: str, megapixels: float, image: Image, threads: int, repeats: int, reason: Exception | str
) -> Timing:
    """A timing that could not be made, and why."""
    height, width = _shape(megapixels)
    words = f"{type(reason).__name__}: {reason}" if isinstance(reason, Exception) else reason
    size = height * width / 1e6
    timing = Timing(method, threads, "cpu", height, width, size, repeats, image=image)
    return replace(timing, reason=" ".join(words.split()))


def speed_table(measured: Sequence[Timing]) -> Table:
    """Set all timings below each other, the fastest method of each size and number of threads first."""
    order = sorted(measured, key=lambda each: (each.megapixels, each.threads, each.seconds or math.inf))
    failures = (f"{each.method} at {each.megapixels:.2f} MP failed: {each.reason}" for each in order if each.reason)
    repeats = f"median of {order[0].repeats} calls after two to warm up" if order else "nothing timed"
    groups = []
    for image in [kind for kind in IMAGES if any(each.image == kind for each in order)] or IMAGES[:1]:
        rows: list[dict[str, Cell]] = [asdict(timing) for timing in order if timing.image == image]
        groups.append(Group(f"Blind restoration of a {image} image, {repeats}", rows, {}, {}))
    return Table("speed", _COLUMNS, tuple(groups), (_MEMORY_NOTE, *failures))


def quality_table(measured: Sequence[Timing], runs: Sequence[RunRecords]) -> Table:
    """Set beside the quality of each method in the records of a benchmark its speed at the largest size.

    Args:
        measured: Timings; those of the largest image and the most threads count.
        runs: Benchmark runs; those that hold none of the methods are left out.
    """
    largest = max(((each.megapixels, each.threads) for each in measured), default=(0, 0))
    fastest = {
        each.method: each
        for each in measured
        if (each.megapixels, each.threads) == largest and each.seconds and each.image == "colour"
    }
    groups, notes = [], [_MEMORY_NOTE]
    for run in runs:
        known = [row for row in standings(run) if row.row in fastest and row.scores]
        rows = [asdict(fastest[row.row]) | _psnrs(row) for row in known]
        marks = {number: MARK for number, row in enumerate(known) if not row.is_whole}
        if rows:
            groups.append(Group(describe(run), rows, {"set": run.set, "run": run.id}, marks))
            notes += [f"{fault} [{run.set}]" for fault in faults(known)]
    columns = (*(Column("set"), Column("run")), *_COLUMNS[:1], *_PSNR_COLUMNS, *_COLUMNS[1:])
    return Table("speed-quality", columns, tuple(groups), tuple(notes))


def _psnrs(row: Standing) -> dict[str, Cell]:
    scores = row.scores
    return {} if scores is None else {"mean_psnr": scores.mean_psnr, "aggregate_psnr": scores.aggregate_psnr}


def check_settings(megapixels: Sequence[float], threads: Sequence[int], repeats: int) -> None:
    """Refuse sizes and numbers that cannot be measured.

    Raises:
        ConfigError: If one is out of range.
    """
    for size in megapixels:
        if not 0 < size <= _MOST_MEGAPIXELS:
            raise ConfigError(f"expected sizes above 0 and up to {_MOST_MEGAPIXELS:g} megapixels, got {size:g}")
    for count in threads:
        if count < 1:
            raise ConfigError(f"expected at least 1 thread, got {count}")
    if repeats < 1:
        raise ConfigError(f"expected at least 1 repeat to take the median of, got {repeats}")


def _shape(megapixels: float) -> tuple[int, int]:
    width = max(1, round((megapixels * 1e6 * _ASPECT) ** 0.5 / _SIDE_STEP)) * _SIDE_STEP
    return max(1, round(megapixels * 1e6 / width / _SIDE_STEP)) * _SIDE_STEP, width


def _timing(contender: Contender, pair: BlurredPair, threads: int, repeats: int, image: Image) -> Timing:
    height, width = pair.blurred.shape[-2:]
    megapixels = height * width / 1e6
    timing = Timing(
        contender.row,
        threads,
        str(contender.device),
        height,
        width,
        megapixels,
        repeats,
        parameters=contender.about.get("parameters"),
        image=image,
        precision=contender.about.get("precision"),
    )
    try:
        _, first = with_cost(lambda: contender.restore(pair), contender.device)
        seconds = median(_seconds(contender, pair, repeats))
    except (PinsharpError, RuntimeError, MemoryError) as error:  # a RuntimeError is how PyTorch says out of memory
        return replace(timing, reason=" ".join(f"{type(error).__name__}: {error}".split()))
    return replace(
        timing,
        seconds=seconds,
        megapixels_per_second=megapixels / seconds,
        peak_memory_mib=first.peak_memory_mib,
        first_seconds=first.seconds,
    )


def _seconds(contender: Contender, pair: BlurredPair, repeats: int) -> list[float]:
    """Wall time of each call but the first: after memory was measured, it pays for fresh pages."""
    taken = []
    for _ in range(repeats + 1):
        _finish(contender.device)
        start = time.perf_counter()
        contender.restore(pair)
        _finish(contender.device)
        taken.append(time.perf_counter() - start)
    return taken[1:]


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _scene(height: int, width: int) -> Tensor:
    """A colour image (1, 3, H, W) in [0, 1] with structure at every scale, the same each time."""
    source = generator(0, 0)
    image = torch.zeros(1, 3, height, width)
    step = 1
    while step < max(height, width):
        shape = (-(-height // step), -(-width // step))
        # Each octave is grey for the most part, as the channels of a photograph are alike.
        noise = 0.8 * torch.rand(1, 1, *shape, generator=source) + 0.2 * torch.rand(1, 3, *shape, generator=source)
        image += interpolate(noise, (height, width), mode="bilinear", align_corners=False)
        step *= 2
    low, high = image.min(), image.max()
    return (image - low) / (high - low).clamp(min=1e-6)
