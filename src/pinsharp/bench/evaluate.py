"""The benchmark: every method restores every blurred image, and what comes out is compared with the sharp one.

Figures follow one protocol: PSNR and SSIM over all channels of the restored image rounded to 8 bits, no border cut.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from torch import Tensor
from torch.nn.functional import pad

from pinsharp.bench.linear_limit import linear_limit
from pinsharp.bench.provenance import provenance
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.noise import generator, quantise
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pairs, file_sha256, protocol_hash
from pinsharp.methods import Method, load_method
from pinsharp.metrics import ImageScores, Scores, mse, psnr, ssim

JUDGED_BITS = 8
"""Restored images are rounded to as many bits before they are judged."""

TRUE_KERNEL = ", true kernel"
"""What the row of a method is called, after its name, when a blind method was given the kernel."""


@dataclass(frozen=True)
class Measurement:
    """Figures of one restored image.

    Args:
        row: Name of the row in tables: the method, and whether a blind one was given the kernel.
        image: File name of the sharp image.
        kernel: Name of the true kernel.
        sigma: Effective width of the true kernel in pixels.
        mse: Mean squared error, full scale 1.
        psnr: In dB; infinite if restored without any error.
        ssim: Structural similarity.
        estimated_sigma: Effective width of the kernel that the method measured, in pixels; None if it measured none.
        relative_sigma_error: |estimated - true| / true width; None too where nothing was blurred.
        kernel_l1: Sum of the absolute differences between measured and true kernel.
        seconds: Wall time of the restoration, without reading and judging; not a benchmark of speed.
    """

    row: str
    image: str
    kernel: str
    sigma: float
    mse: float
    psnr: float
    ssim: float
    estimated_sigma: float | None
    relative_sigma_error: float | None
    kernel_l1: float | None
    seconds: float


@dataclass(frozen=True)
class Row:
    """Figures of a method over a test set.

    Args:
        name: Name of the row.
        images: How many restored images the figures are of.
        psnr: Mean PSNR by kernel, in dB.
        mean_psnr: Mean PSNR over all, in dB.
        aggregate_psnr: 10 log10(1 / mean MSE) in dB, the paper's definition.
        ssim: Mean structural similarity.
        relative_sigma_error: Median over the images; None for methods that measure no kernel.
        blind_gap: Mean PSNR with the true kernel minus this blind row's, in dB; None unless both were measured.
    """

    name: str
    images: int
    psnr: dict[str, float]
    mean_psnr: float
    aggregate_psnr: float
    ssim: float
    relative_sigma_error: float | None
    blind_gap: float | None


@dataclass(frozen=True)
class _Restored:
    """What a contender made of a pair, what it should have made, and the kernel that it measured."""

    image: Tensor
    reference: Tensor
    kernel: Tensor | None = None


@dataclass(frozen=True)
class Contender:
    """One row of a benchmark: a name, and how it restores a pair."""

    row: str
    restore: Callable[[BlurredPair], _Restored]


def contenders(
    names: Sequence[str],
    protocol: Degradation,
    *,
    true_kernel: bool = False,
    load: Callable[[str], Method] = load_method,
) -> list[Contender]:
    """Make the rows of a benchmark.

    Args:
        names: Methods as `load_method` takes them; `blurred`, the input itself; `linear-limit`, the best linear filter
            (circular boundary, whatever the protocol says).
        protocol: What the linear limit needs to know of noise and rounding.
        true_kernel: Add a row for each blind method in which it is given the true kernel.
        load: Makes a method of a name.

    Raises:
        PinsharpError: If a method is unknown or its weights are not there.
    """
    built_in = {"blurred": _leave, "linear-limit": _linear_limit(protocol)}
    rows = []
    for name in dict.fromkeys(names):
        if name in built_in:
            rows.append(Contender(name, built_in[name]))
            continue
        method = load(name)
        if not method.needs_kernel:
            rows.append(Contender(name, _blind(method)))
        if method.needs_kernel or true_kernel:
            rows.append(Contender(name if method.needs_kernel else name + TRUE_KERNEL, _informed(method)))
    return rows


def measure(paths: Sequence[Path], protocol: Degradation, rows: Sequence[Contender]) -> Iterator[Measurement]:
    """Blur every image by the protocol and judge what every contender makes of it, one at a time.

    Raises:
        ImageError: If an image cannot be read, or is too small for the boundary, a method or SSIM.
    """
    for pair in blurred_pairs(paths, protocol):
        for row in rows:
            start = time.perf_counter()
            restored = row.restore(pair)
            yield _judge(row.row, pair, restored, time.perf_counter() - start)


def summarise(measurements: Iterable[Measurement]) -> list[Row]:
    """Average measurements by row, in the order in which the rows first appear."""
    by_row: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_row.setdefault(measurement.row, []).append(measurement)
    means = {name: _mean(group).mean_psnr for name, group in by_row.items()}
    return [_summary(name, group, means) for name, group in by_row.items()]


def header(paths: Sequence[Path], protocol: Degradation) -> dict[str, Any]:
    """Say which protocol on which images, by which program on which machine: the first record of a benchmark."""
    images = [file_sha256(path) for path in paths]
    return {
        "protocol": protocol.summary,
        "images": len(paths),
        "test_set_sha256": protocol_hash(protocol, images),
        "judged_bits": JUDGED_BITS,
        **provenance(),
    }


def record(figures: Measurement | Row) -> dict[str, Any]:
    """Turn figures into plain values for JSON, which knows no infinity: PSNR of a perfect image becomes None."""
    plain: dict[str, Any] = _without_infinity(asdict(figures))
    return plain


def _without_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_infinity(part) for key, part in value.items()}
    return None if value == math.inf else value


def _leave(pair: BlurredPair) -> _Restored:
    return _Restored(pair.blurred, pair.sharp)


def _linear_limit(protocol: Degradation) -> Callable[[BlurredPair], _Restored]:
    def restore(pair: BlurredPair) -> _Restored:
        source = generator(protocol.seed, pair.index)
        limit = linear_limit(pair.whole, pair.kernel, protocol.noise, bits=protocol.bits, generator=source)
        return _Restored(limit, pair.whole)

    return restore


def _blind(method: Method) -> Callable[[BlurredPair], _Restored]:
    def restore(pair: BlurredPair) -> _Restored:
        deblurred = method(pair.blurred)
        return _Restored(deblurred.image, pair.sharp, deblurred.kernel)

    return restore


def _informed(method: Method) -> Callable[[BlurredPair], _Restored]:
    return lambda pair: _Restored(method(pair.blurred, pair.kernel).image, pair.sharp)


def _judge(row: str, pair: BlurredPair, restored: _Restored, seconds: float) -> Measurement:
    image = quantise(restored.image.float().cpu(), JUDGED_BITS)
    measured = None if restored.kernel is None else restored.kernel.float().cpu()
    sigma = None if measured is None else float(kernel_sigma(measured))
    return Measurement(
        row=row,
        image=pair.path.name,
        kernel=pair.kernel_name,
        sigma=pair.sigma,
        mse=float(mse(image, restored.reference)),
        psnr=float(psnr(image, restored.reference)),
        ssim=float(ssim(image, restored.reference)),
        estimated_sigma=sigma,
        relative_sigma_error=None if sigma is None or not pair.sigma else abs(sigma - pair.sigma) / pair.sigma,
        kernel_l1=None if measured is None else _l1(measured, pair.kernel),
        seconds=seconds,
    )


def _l1(first: Tensor, second: Tensor) -> float:
    """Sum of absolute differences of two kernels, the smaller one continued by zeros."""
    side = max(first.shape[-1], second.shape[-1])
    one, two = (pad(kernel, [(side - kernel.shape[-1]) // 2] * 4) for kernel in (first, second))
    return float((one - two).abs().sum())


def _mean(group: Sequence[Measurement]) -> Scores:
    return sum((ImageScores(1, each.mse, each.psnr, each.ssim) for each in group), ImageScores()).compute()


def _summary(name: str, group: Sequence[Measurement], means: dict[str, float]) -> Row:
    scores = _mean(group)
    errors = [each.relative_sigma_error for each in group if each.relative_sigma_error is not None]
    informed = means.get(name + TRUE_KERNEL)
    kernels = dict.fromkeys(each.kernel for each in group)
    return Row(
        name=name,
        images=len(group),
        psnr={kernel: _mean([each for each in group if each.kernel == kernel]).mean_psnr for kernel in kernels},
        mean_psnr=scores.mean_psnr,
        aggregate_psnr=scores.aggregate_psnr,
        ssim=scores.mean_ssim,
        relative_sigma_error=median(errors) if errors else None,
        blind_gap=None if informed is None else informed - scores.mean_psnr,
    )
