"""Judging: what a method makes of a blurred image is compared with the sharp one, and averaged over many.

Figures follow one protocol: PSNR and SSIM over all channels of the restored image rounded to 8 bits, no border cut.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from torch import Tensor
from torch.nn.functional import pad

from pinsharp.bench.engine.cost import with_cost
from pinsharp.bench.engine.methods import TRUE_KERNEL
from pinsharp.bench.quality.contenders import Contender, Restored
from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.quality.standing import median_of, scores
from pinsharp.blur.camera import quantise
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import BlurredPair
from pinsharp.errors import ImageError
from pinsharp.metrics import Scores, mse, psnr, ssim

JUDGED_BITS = 8  # restored images are rounded to as many bits before they are judged
_NOTHING = Scores(0, math.nan, math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Row:
    """Figures of a method over a test set."""

    name: str
    images: int  # how many restored images the figures are of; without any, the figures are NaN
    psnr: dict[str, float]  # mean PSNR by kernel, in dB
    mean_psnr: float  # mean PSNR over all, in dB
    aggregate_psnr: float  # 10 log10(1 / mean MSE) in dB, the paper's definition
    ssim: float
    relative_sigma_error: float | None  # median over the images; None for methods that measure no kernel
    blind_gap: float | None  # dB that the true kernel adds to the mean PSNR, over the images restored both ways
    failed: int = 0  # how many images could not be restored, and are in no figure


def judge(contender: Contender, pair: BlurredPair, image_sha256: str) -> tuple[Measurement, Restored]:
    """Let a contender restore a pair, and compare what comes out with the sharp image; with the figures comes that.

    Raises:
        ImageError: If the image is too small for the method or SSIM, or the method makes no numbers of it.
    """
    restored, cost = with_cost(lambda: contender.restore(pair), contender.device)
    image = quantise(restored.image.float().cpu(), JUDGED_BITS)
    if not bool(image.isfinite().all()):
        raise ImageError(f"{pair.path}: expected numbers in the image that {contender.row} restored, got NaN")
    measured = None if restored.kernel is None else restored.kernel.float().cpu()
    sigma = None if measured is None else float(kernel_sigma(measured))
    figures = Measurement(
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
    return figures, restored


def summarise(measurements: Iterable[Measurement]) -> list[Row]:
    """Average measurements by row, in the order in which the rows first appear."""
    by_row: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        by_row.setdefault(measurement.row, []).append(measurement)
    return [_summary(name, group, by_row.get(name + TRUE_KERNEL, [])) for name, group in by_row.items()]


def _l1(first: Tensor, second: Tensor) -> float:
    """Sum of absolute differences of two kernels, the smaller one continued by zeros."""
    side = max(first.shape[-1], second.shape[-1])
    one, two = (pad(kernel, [(side - kernel.shape[-1]) // 2] * 4) for kernel in (first, second))
    return float((one - two).abs().sum())


def _summary(name: str, group: Sequence[Measurement], informed: Sequence[Measurement]) -> Row:
    done = [each for each in group if each.is_done]
    means = scores(done) or _NOTHING
    by_kernel: dict[str, list[Measurement]] = {each.kernel: [] for each in group}
    for each in done:
        by_kernel[each.kernel].append(each)
    return Row(
        name=name,
        images=len(done),
        psnr={kernel: (scores(some) or _NOTHING).mean_psnr for kernel, some in by_kernel.items()},
        mean_psnr=means.mean_psnr,
        aggregate_psnr=means.aggregate_psnr,
        ssim=means.mean_ssim,
        relative_sigma_error=median_of(each.relative_sigma_error for each in done),
        blind_gap=_gap(done, informed),
        failed=len(group) - len(done),
    )


def _gap(blind: Iterable[Measurement], informed: Iterable[Measurement]) -> float | None:
    """Mean difference in PSNR over what was restored both ways."""
    known = {each.key[1:]: each.psnr for each in informed if each.is_done}
    gains = [known[each.key[1:]] - each.psnr for each in blind if each.key[1:] in known]
    return fmean(gains) if gains else None
