"""The benchmark: every method restores every blurred image, and what comes out is compared with the sharp one.

Figures follow one protocol: PSNR and SSIM over all channels of the restored image rounded to 8 bits, no border cut.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from torch import Tensor
from torch.nn.functional import pad

from pinsharp.bench.engine.cost import with_cost
from pinsharp.bench.engine.provenance import provenance
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.records import TRUE_KERNEL, Measurement
from pinsharp.blur.camera import quantise
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pairs, file_sha256, protocol_hash
from pinsharp.errors import ImageError
from pinsharp.metrics import ImageScores, Scores, mse, psnr, ssim

JUDGED_BITS = 8
"""Restored images are rounded to as many bits before they are judged."""


@dataclass(frozen=True)
class Row:
    """Figures of a method over a test set.

    Args:
        name: Name of the row.
        images: How many restored images the figures are of; without any, the figures are NaN.
        psnr: Mean PSNR by kernel, in dB.
        mean_psnr: Mean PSNR over all, in dB.
        aggregate_psnr: 10 log10(1 / mean MSE) in dB, the paper's definition.
        ssim: Mean structural similarity.
        relative_sigma_error: Median over the images; None for methods that measure no kernel.
        blind_gap: What the true kernel adds to this blind row's mean PSNR, in dB, over the images that were restored
            both ways; None if there are none.
        failed: How many images could not be restored, and are in no figure.
    """

    name: str
    images: int
    psnr: dict[str, float]
    mean_psnr: float
    aggregate_psnr: float
    ssim: float
    relative_sigma_error: float | None
    blind_gap: float | None
    failed: int = 0


def measure(paths: Sequence[Path], protocol: Degradation, rows: Sequence[Contender]) -> Iterator[Measurement]:
    """Blur every image by the protocol and judge what every contender makes of it, one at a time.

    Raises:
        ImageError: If an image cannot be read, or is too small for the boundary, a method or SSIM.
    """
    hashes = dict(zip(paths, image_hashes(paths), strict=True))
    for pair in blurred_pairs(paths, protocol):
        for row in rows:
            yield judge(row, pair, hashes[pair.path])


def judge(contender: Contender, pair: BlurredPair, image_sha256: str) -> Measurement:
    """Let a contender restore a pair, and compare what comes out with the sharp image.

    Raises:
        ImageError: If the image is too small for the method or SSIM, or the method makes no numbers of it.
    """
    restored, cost = with_cost(lambda: contender.restore(pair), contender.device)
    image = quantise(restored.image.float().cpu(), JUDGED_BITS)
    if not bool(image.isfinite().all()):
        raise ImageError(f"{pair.path}: expected numbers in the image that {contender.row} restored, got NaN")
    measured = None if restored.kernel is None else restored.kernel.float().cpu()
    sigma = None if measured is None else float(kernel_sigma(measured))
    return Measurement(
        row=contender.row,
        image=pair.path.name,
        kernel=pair.kernel_name,
        sigma=pair.sigma,
        mse=float(mse(image, restored.reference)),
        psnr=float(psnr(image, restored.reference)),
        ssim=float(ssim(image, restored.reference)),
        estimated_sigma=sigma,
        relative_sigma_error=None if sigma is None or not pair.sigma else abs(sigma - pair.sigma) / pair.sigma,
        kernel_l1=None if measured is None else _l1(measured, pair.kernel),
        seconds=cost.seconds,
        image_sha256=image_sha256,
        megapixels=pair.blurred.shape[-2] * pair.blurred.shape[-1] / 1e6,
        peak_memory_mib=cost.peak_memory_mib,
    )


def summarise(measurements: Iterable[Measurement]) -> list[Row]:
    """Average measurements by row, in the order in which the rows first appear."""
    by_row: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_row.setdefault(measurement.row, []).append(measurement)
    return [_summary(name, group, by_row.get(name + TRUE_KERNEL, [])) for name, group in by_row.items()]


def header(paths: Sequence[Path], protocol: Degradation, hashes: Sequence[str] | None = None) -> dict[str, Any]:
    """Say which protocol on which images, by which program on which machine: the first record of a benchmark.

    Args:
        paths: The sharp images.
        protocol: How they are blurred.
        hashes: Their `image_hashes`, where these are known already.
    """
    return {
        "protocol": protocol.summary,
        "images": len(paths),
        "test_set_sha256": protocol_hash(protocol, image_hashes(paths) if hashes is None else hashes),
        "judged_bits": JUDGED_BITS,
        **provenance(),
    }


def image_hashes(paths: Sequence[Path]) -> list[str]:
    """SHA-256 of each file.

    Raises:
        ImageError: If one cannot be read.
    """
    hashes = []
    for path in paths:
        try:
            hashes.append(file_sha256(path))
        except OSError as error:
            raise ImageError(
                f"{path}: expected an image that can be read, got {error.strerror}; check its rights"
            ) from None
    return hashes


def _l1(first: Tensor, second: Tensor) -> float:
    """Sum of absolute differences of two kernels, the smaller one continued by zeros."""
    side = max(first.shape[-1], second.shape[-1])
    one, two = (pad(kernel, [(side - kernel.shape[-1]) // 2] * 4) for kernel in (first, second))
    return float((one - two).abs().sum())


def _mean(group: Iterable[Measurement]) -> Scores:
    scores = sum((ImageScores(1, each.mse, each.psnr, each.ssim) for each in group), ImageScores())
    return scores.compute() if scores.images else Scores(0, math.nan, math.nan, math.nan, math.nan)


def _summary(name: str, group: Sequence[Measurement], informed: Sequence[Measurement]) -> Row:
    done = [each for each in group if each.is_done]
    scores = _mean(done)
    errors = [each.relative_sigma_error for each in done if each.relative_sigma_error is not None]
    kernels = dict.fromkeys(each.kernel for each in group)
    return Row(
        name=name,
        images=len(done),
        psnr={kernel: _mean(each for each in done if each.kernel == kernel).mean_psnr for kernel in kernels},
        mean_psnr=scores.mean_psnr,
        aggregate_psnr=scores.aggregate_psnr,
        ssim=scores.mean_ssim,
        relative_sigma_error=median(errors) if errors else None,
        blind_gap=_gap(done, informed),
        failed=len(group) - len(done),
    )


def _gap(blind: Iterable[Measurement], informed: Iterable[Measurement]) -> float | None:
    """Mean difference in PSNR over what was restored both ways."""
    known = {each.key[1:]: each.psnr for each in informed if each.is_done}
    gains = [known[each.key[1:]] - each.psnr for each in blind if each.key[1:] in known]
    return fmean(gains) if gains else None
