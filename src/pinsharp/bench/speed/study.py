"""How fast every method restores, and with how much memory, one after the other.

A study of its own, because the seconds in the records of a benchmark are those of whatever else the machine did then.
Rows that differ in runtime, precision or kind of image are measured `apart`, each in a process of its own: there a
row's peak memory is its own, its threads are set before anything has started some, and what it leaves in caches helps
nobody else.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import interpolate

from pinsharp.bench.engine.cost import finish, with_cost
from pinsharp.bench.engine.records import Records
from pinsharp.bench.engine.study import Study
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.records import RunRecords
from pinsharp.bench.show.typeset import Table
from pinsharp.bench.speed.plots import draw_quality, draw_speed
from pinsharp.bench.speed.records import KIND, Image, Timing
from pinsharp.bench.speed.rows import Row, contender_of
from pinsharp.bench.speed.tables import quality_table, speed_table
from pinsharp.blur.camera import generator, quantise
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.data.testset import BlurredPair
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.methods.method import Method
from pinsharp.methods.table import load_method

SIGMA = 2.4  # width of the blur of the timed image, in pixels: the middle of the paper's
_ASPECT = 4 / 3
_SIDE_STEP = 16  # sides are multiples of this, so that no network has to pad more than another
_MOST_MEGAPIXELS = 1000.0


@dataclass(frozen=True)
class Task:
    """One image, and the rows that are to restore it."""

    megapixels: float  # about how many
    image: Image
    threads: int  # how many PyTorch is given
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Speed(Study[Task, BlurredPair, Timing]):
    """Which rows are timed at which sizes and numbers of threads: two calls to warm up, then the median of some.

    The image is synthetic (noise of all scales, as strong at each octave) and blurred by a Gaussian. What a method
    cannot do, such as an image too large for the memory, is a timing with its reason.
    """

    made: Sequence[Row]
    megapixels: Sequence[float] = (0.25, 1.0)
    threads: Sequence[int] = (1,)  # numbers of threads; that of this process is put back after each timing
    repeats: int = 5  # how many calls the median is of
    images: Sequence[Image] = ("colour",)
    apart: bool = False  # whether each row loads in a process of its own, and not before
    load: Callable[..., Method] = load_method  # makes a method of a name, a device, a precision and a runtime
    runs: Sequence[RunRecords] = ()  # records of a benchmark, which add the quality of each method
    psnr: str = "mean"  # which PSNR is drawn, a key of `PSNRS`

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """The rows by label."""
        return {row.label: row for row in self.made}

    @cached_property
    def about(self) -> dict[str, Any]:
        """The rows that are loaded in this process.

        Raises:
            ConfigError: If a size, number of threads or of repeats is out of range, or a method is unknown.
        """
        check_settings(self.megapixels, self.threads, self.repeats)
        return {"run": "", "methods": {} if self.apart else {row: self._contender(row).about for row in self.rows}}

    def tasks(self) -> list[Task]:
        """All rows at one size, kind of image and number of threads, then the next."""
        settings = ((size, image, count) for size in self.megapixels for image in self.images for count in self.threads)
        return [Task(*setting, tuple(self.rows)) for setting in settings]

    def prepare(self, task: Task) -> BlurredPair:
        """Make the image."""
        with _threads(task.threads):
            return timed_pair(task.megapixels, task.image)

    def measure(self, task: Task, row: str, subject: BlurredPair) -> Timing:
        """Time a row."""
        timing = self.blank(task, row)
        try:
            with _threads(task.threads):  # before loading: runtimes take as many
                contender = self._contender(row)
                about, where = contender.about, str(contender.device)
                timing = replace(
                    timing, device=where, parameters=about.get("parameters"), precision=about.get("precision")
                )
                _, first = with_cost(lambda: contender.restore(subject), contender.device)
                seconds = median(_seconds(contender, subject, self.repeats))
        except (PinsharpError, RuntimeError, MemoryError) as error:  # a RuntimeError is how PyTorch says out of memory
            return replace(timing, status="failed", reason=" ".join(f"{type(error).__name__}: {error}".split()))
        return replace(
            timing,
            seconds=seconds,
            megapixels_per_second=timing.megapixels / seconds,
            peak_memory_mib=first.peak_memory_mib,
            first_seconds=first.seconds,
        )

    def blank(self, task: Task, row: str) -> Timing:
        """What a row is timed at."""
        height, width = _shape(task.megapixels)
        runtime = self.rows[row].runtime if self.apart else None
        size = height * width / 1e6
        return Timing(row, task.threads, "cpu", height, width, size, self.repeats, image=task.image, runtime=runtime)

    def tables(self, records: Records[Timing]) -> list[Table]:
        """All timings, and speed beside quality where records hold some."""
        quality = quality_table(records.figures, self.runs)
        return [speed_table(records.figures), *([quality] if quality.groups else [])]

    def pictures(self, records: Records[Timing], tables: Sequence[Table]) -> dict[str, Figure]:
        """Megapixels a second, and quality against them."""
        timed, *quality = tables
        return {timed.name: draw_speed(timed), **{each.name: draw_quality(each, psnr=self.psnr) for each in quality}}

    def _contender(self, row: str) -> Contender:
        if row not in self._loaded:
            self._loaded[row] = contender_of(self.rows[row], self.load)
        return self._loaded[row]

    @cached_property
    def _loaded(self) -> dict[str, Contender]:
        return {}


@lru_cache(maxsize=1)
def timed_pair(megapixels: float, image: Image = "colour") -> BlurredPair:
    """Make the image that is timed, of about as many megapixels, four to three; a mono one is the green of colour."""
    height, width = _shape(megapixels)
    sharp, kernel = _scene(height, width), gaussian_kernel(SIGMA)
    sharp = sharp[:, 1:2] if image == "mono" else sharp
    blurred = quantise(Blur(kernel, "reflect")(sharp), 8)
    return BlurredPair(Path("scene"), f"gaussian:{SIGMA}", kernel, sharp, blurred, sharp, 0)


def check_settings(megapixels: Sequence[float], threads: Sequence[int], repeats: int) -> None:
    """Refuse sizes and numbers that cannot be measured. Raises ConfigError if one is out of range."""
    for size in megapixels:
        if not 0 < size <= _MOST_MEGAPIXELS:
            raise ConfigError(f"expected sizes above 0 and up to {_MOST_MEGAPIXELS:g} megapixels, got {size:g}")
    for count in threads:
        if count < 1:
            raise ConfigError(f"expected at least 1 thread, got {count}")
    if repeats < 1:
        raise ConfigError(f"expected at least 1 repeat to take the median of, got {repeats}")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Give PyTorch so many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _shape(megapixels: float) -> tuple[int, int]:
    width = max(1, round((megapixels * 1e6 * _ASPECT) ** 0.5 / _SIDE_STEP)) * _SIDE_STEP
    return max(1, round(megapixels * 1e6 / width / _SIDE_STEP)) * _SIDE_STEP, width


def _seconds(contender: Contender, pair: BlurredPair, repeats: int) -> list[float]:
    """Wall time of each call but the first: after memory was measured, it pays for fresh pages."""
    taken = []
    for _ in range(repeats + 1):
        finish(contender.device)
        start = time.perf_counter()
        contender.restore(pair)
        finish(contender.device)
        taken.append(time.perf_counter() - start)
    return taken[1:]


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
