"""What an adapted net gains and loses against its start, on held-out images, blurred by a small grid of kernels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.data.testset import BlurredPair, Degradation, blurred_pair
from pinsharp.images.arrays import BT601, luma, split_alpha, to_array, to_tensor
from pinsharp.images.files import read_image
from pinsharp.metrics import psnr

KERNELS = "gaussian:0.8,gaussian:1.5,gaussian:2.5,gaussian:4,disk:1.6,disk:3,disk:5,disk:8"
"""Gaussians and discs of widths of 0.8 to 4 pixels."""

NOISES = {"clean": 0.0, "noisy": 2 / 255}
"""Read noise by name, in units of full scale."""

SIDE = 288
"""Pixels of the sides of what is cut out of each held-out image, where it has most contrast; 8 to 32 go with the
blur."""

MOST_IMAGES = 8
"""Most images of a group that are restored."""

_STEP = 32  # pixels between the places that a cut is chosen from

Restore = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
"""Restores an image (H, W) or (H, W, 3) blindly."""


@dataclass(frozen=True)
class Gain:
    """What the adapted net restores better than its start: mean over the images of a group under one blur."""

    group: str  # `own` or `general`
    kernel: str  # name of the kernel
    noise: str  # a name in `NOISES`
    blurred: float  # PSNR of the blurred images, dB
    start: float  # PSNR as the start restores them, dB
    adapted: float  # PSNR as the adapted net does, dB

    @property
    def db(self) -> float:
        """Gain in dB; negative where the adapted net is worse."""
        return self.adapted - self.start


@dataclass(frozen=True)
class Gains:
    """All gains of one adapted net."""

    cells: tuple[Gain, ...]
    own: str = "own"  # the group that it was adapted to

    @property
    def mean(self) -> float:
        """Mean gain on the images that it was adapted to, dB."""
        return mean(cell.db for cell in self.cells if cell.group == self.own)

    @property
    def worst(self) -> Gain:
        """Where it gains least."""
        return min(self.cells, key=lambda cell: cell.db)

    @property
    def is_worth_it(self) -> bool:
        """Whether it gains, and is nowhere worse than its start by more than it gains on the mean."""
        return self.mean > 0 and self.worst.db >= -self.mean


@dataclass(frozen=True)
class HeldOut:
    """The held-out images, by group, under every blur."""

    groups: Mapping[str, Sequence[Path]]
    is_mono: bool  # whether they are judged in mono

    @property
    def count(self) -> int:
        """How many images one net has to restore."""
        images = sum(min(MOST_IMAGES, len(paths)) for paths in self.groups.values())
        return images * len(NOISES) * len(_protocol("clean").kernels)

    def pairs(self) -> Iterator[tuple[str, str, BlurredPair]]:
        """Group, name of the noise and pair, always the same ones in the same order."""
        for group, paths in self.groups.items():
            for number, path in enumerate(_some(paths)):
                sharp = _most_contrast(_read(path, is_mono=self.is_mono))
                for noise in NOISES:
                    protocol = _protocol(noise)
                    for kernel in protocol.kernels:
                        yield group, noise, blurred_pair(path, sharp, kernel, protocol, number)


def restored_psnr(
    held_out: HeldOut, restore: Restore | None, advance: Callable[[], object] = lambda: None
) -> dict[tuple[str, str, str], float]:
    """Mean PSNR in dB by group, kernel and noise; of the blurred images without `restore`.

    `advance` is called after each restoration; what it raises ends the work.
    """
    figures: dict[tuple[str, str, str], list[float]] = {}
    for group, noise, pair in held_out.pairs():
        seen = _pixels(pair.blurred)
        image = to_tensor(restore(seen) if restore else seen)
        figures.setdefault((group, pair.kernel_name, noise), []).append(float(psnr(image, pair.sharp)))
        advance()
    return {place: mean(values) for place, values in figures.items()}


def compare(
    blurred: Mapping[tuple[str, str, str], float],
    start: Mapping[tuple[str, str, str], float],
    adapted: Mapping[tuple[str, str, str], float],
) -> Gains:
    """The gains, of what `restored_psnr` says of blurred images, the start and the adapted net."""
    return Gains(tuple(Gain(*place, blurred[place], start[place], adapted[place]) for place in start))


def table(gains: Gains) -> str:
    """The gains as lines of text: a row for each group and noise, a column for each kernel, dB."""
    kernels = list(dict.fromkeys(cell.kernel for cell in gains.cells))
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for cell in gains.cells:
        rows.setdefault((cell.group, cell.noise), {})[cell.kernel] = cell.db
    lines = ["gain, dB".ljust(16) + "".join(kernel.replace("gaussian", "gauss").rjust(10) for kernel in kernels)]
    for (group, noise), row in rows.items():
        lines.append(f"{group}, {noise}".ljust(16) + "".join(f"{row[kernel]:+.2f}".rjust(10) for kernel in kernels))
    return "\n".join(lines)


def _protocol(noise: str) -> Degradation:
    return Degradation(kernel_set=KERNELS, boundary="valid", noise=NOISES[noise], seed=1)


def _some(paths: Sequence[Path]) -> Sequence[Path]:
    """At most `MOST_IMAGES` of some paths, evenly spread."""
    count = min(MOST_IMAGES, len(paths))
    return [paths[number * len(paths) // count] for number in range(count)]


def _read(path: Path, *, is_mono: bool) -> Tensor:
    """An image (1, C, H, W), C 1 or 3, in [0, 1]."""
    image = to_tensor(split_alpha(read_image(path).pixels)[0])
    if is_mono:
        return luma(image, BT601) if image.shape[1] == 3 else image
    return image.expand(-1, 3, -1, -1)


def _most_contrast(image: Tensor) -> Tensor:
    """The square of at most `SIDE` pixels with the largest standard deviation."""
    height, width = (min(SIDE, length) for length in image.shape[-2:])
    rows, columns = (
        range(0, length - side + 1, _STEP) for length, side in zip(image.shape[-2:], (height, width), strict=True)
    )
    cuts = [image[..., top : top + height, left : left + width] for top in rows for left in columns]
    return max(cuts, key=lambda cut: float(cut.std()))


def _pixels(image: Tensor) -> NDArray[np.uint8]:
    """An image (1, C, H, W) as pixels (H, W) or (H, W, 3) of 8 bits."""
    _, channels, height, width = image.shape
    like = np.empty((height, width) if channels == 1 else (height, width, channels), np.uint8)
    return to_array(image, like)
