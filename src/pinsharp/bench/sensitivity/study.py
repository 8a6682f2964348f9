"""What a wrong width of the blur costs (Figure 4 of the paper): restorations with assumed, true and estimated kernels.

The paper's figure shows FTVd on a blur of sigma 3.5 with the true kernel, with sigma 3.7 and with the estimated one.
Here the same is measured over a folder of images, for any methods, with a curve over all widths in between.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from torch import Tensor

from pinsharp.bench.quality.contenders import BLURRED, Contender, Restored
from pinsharp.bench.quality.judge import image_hashes, judge
from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.quality.standing import scores
from pinsharp.bench.show.typeset import Cell, Column, Group, Table
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Boundary
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pairs
from pinsharp.errors import ConfigError
from pinsharp.methods.method import Estimator, Method, takes_kernel

_QUALITY = (
    Column("mse", "MSE, 1e-3", 3, factor=1e3),
    Column("aggregate_psnr", "aggregate PSNR, dB", 2),
    Column("mean_psnr", "mean PSNR, dB", 2),
    Column("ssim", "SSIM", 4),
)

ESTIMATED = "estimated"
"""Stands for the width when the kernel was estimated."""


@dataclass(frozen=True)
class Setting:
    """What is blurred how, and which widths are assumed.

    Args:
        true: Sigma of the Gaussian that blurs, in pixels.
        wrong: Sigma that the figure takes for a mistake.
        assumed: Sigmas of the curve; `true` and `wrong` are added.
        size: Side of all these kernels in pixels, as in the paper; a Gaussian of 3.5 is cut at three sigmas by it.
        boundary: How an image continues past its border.
        bits: Depth to which the blurred image is rounded.

    Raises:
        KernelError: If a sigma is not positive, or `size` is even.
    """

    true: float = 3.5
    wrong: float = 3.7
    assumed: tuple[float, ...] = tuple(round(3.0 + 0.1 * step, 1) for step in range(11))
    size: int = 21
    boundary: Boundary = "reflect"
    bits: int = 8

    @property
    def widths(self) -> list[float]:
        """All sigmas that are assumed, in order."""
        return sorted({*self.assumed, self.true, self.wrong})

    @property
    def protocol(self) -> Degradation:
        """How the sharp images are blurred."""
        return Degradation(f"gaussian:{self.true}:{self.size}", self.boundary, self.bits)


@dataclass(frozen=True)
class Trial:
    """One restoration with an assumed kernel.

    Args:
        method: Which method; `blurred` for the input itself.
        assumed: Sigma that was assumed, in pixels, or `estimated`; None for the input itself.
        figures: How good it is.
        pair: What was restored.
        image: The restored image (1, C, H, W).
    """

    method: str
    assumed: float | str | None
    figures: Measurement
    pair: BlurredPair
    image: Tensor


def trials(
    paths: Sequence[Path], setting: Setting, methods: Mapping[str, Method], estimator: Estimator
) -> Iterator[Trial]:
    """Blur every image and restore it with every assumed width, and with the estimated kernel.

    Args:
        paths: Sharp images.
        setting: Which blur, which widths.
        methods: Methods that take a kernel, by name.
        estimator: What estimates the kernel, once an image.

    Raises:
        ConfigError: If a method has no use for a kernel.
        ImageError: If an image cannot be read, or is too small.
    """
    for name, method in methods.items():
        if not takes_kernel(method):
            raise ConfigError(f"expected methods that take a kernel, got {name}, which does not; leave it out")
    hashes = dict(zip(paths, image_hashes(paths), strict=True))
    for pair in blurred_pairs(paths, setting.protocol):
        yield _trial(BLURRED, None, lambda given: Restored(given.blurred, given.sharp), pair, hashes[pair.path])
        kernels: dict[float | str, Tensor] = {width: gaussian_kernel(width, setting.size) for width in setting.widths}
        kernels[ESTIMATED] = estimator.estimate(pair.blurred).kernel.to(pair.blurred.device)
        for name, method in methods.items():
            for assumed, kernel in kernels.items():
                yield _trial(name, assumed, _with(method, kernel), pair, hashes[pair.path])


def count(images: int, setting: Setting, methods: int) -> int:
    """How many trials there are."""
    return images * (1 + methods * (len(setting.widths) + 1))


def is_shown(trial: Trial, setting: Setting) -> bool:
    """Whether the picture shows a trial."""
    return trial.assumed in (None, setting.true, setting.wrong, ESTIMATED)


def fig4(done: Sequence[Trial], setting: Setting, *, estimator: str) -> Table:
    """Average the restorations with the true, the wrong and the estimated kernel.

    Args:
        done: Trials of any number of images.
        setting: Theirs.
        estimator: Name of what estimated the kernels.
    """
    columns = (
        *(Column("method", "method"), Column("kernel", "kernel given"), Column("assumed")),
        *(Column("effective_sigma", "effective sigma, px", 2), Column("sigma_error", "sigma error, %", 2, factor=100)),
        *_QUALITY,
        Column("aggregate_change", "change, aggregate", 2, signed=True),
        Column("mean_change", "change, mean", 2, signed=True),
        Column("images"),
    )
    words: dict[float | str | None, str] = {
        None: "none",
        setting.true: f"true, sigma {setting.true:g}",
        setting.wrong: f"sigma {setting.wrong:g}",
        ESTIMATED: f"estimated by {estimator}",
    }
    rows: list[dict[str, Cell]] = []
    for (method, assumed), group in _grouped(done).items():
        if assumed in words:
            truth = _grouped(done).get((method, setting.true), [])
            rows.append({"kernel": words[assumed]} | _averages(group) | _changes(group, truth))
    notes = (
        "Aggregate PSNR is 10 log10(1 / mean MSE), the paper's definition; mean PSNR is the mean of the images' PSNR. "
        "Change: in dB against the true kernel. Sigma and its error: medians over the images.",
    )
    return Table("fig4", columns, (Group(_title(done, setting), rows, {}, {}),), notes)


def fig4_curve(done: Sequence[Trial], setting: Setting) -> Table:
    """Average the restorations at every assumed width."""
    columns = (
        *(Column("method", "method"), Column("assumed", "assumed sigma, px", 2)),
        *(Column("effective_sigma", "effective sigma, px", 3), *_QUALITY, Column("images")),
    )
    rows = [_averages(group) for (_, assumed), group in _grouped(done).items() if isinstance(assumed, float | int)]
    return Table("fig4-curve", columns, (Group(_title(done, setting), rows, {}, {}),))


def _with(method: Method, kernel: Tensor) -> Callable[[BlurredPair], Restored]:
    return lambda pair: Restored(method(pair.blurred, kernel).image, pair.sharp, kernel)


def _trial(
    method: str, assumed: float | str | None, restore: Callable[[BlurredPair], Restored], pair: BlurredPair, sha256: str
) -> Trial:
    kept: list[Restored] = []

    def keep(given: BlurredPair) -> Restored:
        kept.append(restore(given))
        return kept[-1]

    row = method if assumed is None else f"{method}, {assumed}"
    return Trial(method, assumed, judge(Contender(row, keep), pair, sha256), pair, kept[-1].image)


def _grouped(done: Sequence[Trial]) -> dict[tuple[str, float | str | None], list[Trial]]:
    groups: dict[tuple[str, float | str | None], list[Trial]] = {}
    for each in done:
        groups.setdefault((each.method, each.assumed), []).append(each)
    return groups


def _averages(group: Sequence[Trial]) -> dict[str, Cell]:
    figures = [each.figures for each in group]
    means = scores(figures)
    assert means is not None
    sigmas = [each.estimated_sigma for each in figures if each.estimated_sigma is not None]
    errors = [each.relative_sigma_error for each in figures if each.relative_sigma_error is not None]
    return {
        "method": group[0].method,
        "assumed": group[0].assumed,
        "effective_sigma": median(sigmas) if sigmas else None,
        "sigma_error": median(errors) if errors else None,
        "mse": means.mse,
        "aggregate_psnr": means.aggregate_psnr,
        "mean_psnr": means.mean_psnr,
        "ssim": means.mean_ssim,
        "images": means.images,
    }


def _changes(group: Sequence[Trial], truth: Sequence[Trial]) -> dict[str, Cell]:
    ours, theirs = scores(each.figures for each in group), scores(each.figures for each in truth)
    if ours is None or theirs is None or group[0].assumed == truth[0].assumed:
        return {}
    return {
        "aggregate_change": ours.aggregate_psnr - theirs.aggregate_psnr,
        "mean_change": ours.mean_psnr - theirs.mean_psnr,
    }


def _title(done: Sequence[Trial], setting: Setting) -> str:
    images = len({each.figures.key[1:] for each in done})
    return (
        f"{images} image{'' if images == 1 else 's'}, gaussian:{setting.true:g}:{setting.size}, {setting.boundary}, "
        f"{setting.bits} bits"
    )
