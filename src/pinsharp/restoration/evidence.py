"""How much of each place of a restored image the data carry, and how much was only found likely.

A blurred image y = k * x + noise carries a frequency of x where |K|^2 stands above the ratio of noise to signal: the
share |K|^2 / (|K|^2 + N / S), the gain of a Wiener filter followed by the blur. That share of a restored image is
recovered; the rest, whatever made it, is what seemed likely. Both are compared where it matters: by the power of
structure that changes in every direction. A straight edge does not, along itself: all pixels of it bear witness to
where it lies, however blurred it is. A spot, a corner or an end has few.

This says nothing of errors within what is recovered, such as those of a wrong kernel: for these there is the residual.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.blur.fourier import fast_size, from_spectrum, radial_frequency, spectrum, transfer_function
from pinsharp.blur.kernels import joined_kernel
from pinsharp.blur.levels import Levels, Part
from pinsharp.images.windows import bands, windows

Plane = NDArray[np.float32]
Look = Callable[[slice, slice], Plane]
"""Gives a part (h, w) of the brightness of a restored image, in linear light."""

RATIO, FALL = 0.5, 2.4
"""Noise to signal of an image with noise of a fiftieth of its contrast at a quarter of a cycle a pixel, and the power
of frequency by which it rises. Photographs have a seventieth of it; but a lone spot has less power than all of a
photograph. Chosen with `FLOOR` and `REACH` on simulated panels (seeds 2000 to 2012)."""

FLOOR = 4.0
"""Power of gradients below which there is no structure, in squares of the standard deviation of the noise."""

REACH = 1.5
"""Standard deviation in pixels of the surroundings that a place is judged by."""

WINDOW, HALO, MARGIN = 1024, 96, 32
"""Side of the windows that an image is judged by, what each sees around it, and by how much that is mirrored."""

LEAST_NOISE = 5e-4
"""Noise below this, in units of full scale, is taken as this; see `pinsharp.nets.swift.wiener_bank`."""

_FINENESS = 0.7  # standard deviation in pixels of the gradients


def unsupported_rows(
    look: Look,
    shape: tuple[int, int],
    kernel: torch.Tensor,
    *,
    noise: float,
    contrast: float,
    levels: Levels | None = None,
    further: Sequence[torch.Tensor] = (),
) -> Iterator[Plane]:
    """Judge an image window by window.

    Args:
        look: The image.
        shape: Its height and width.
        kernel: What blurred it, (1, 1, K, K).
        noise: Standard deviation of the noise of the blurred image, in units of the image.
        contrast: Standard deviation of the image.
        levels: What blurred it place by place, where that varies.
        further: Kernels that further iterations undid: as there was something left, all of them had blurred the image.

    Yields:
        Rows (h, W), float32, from the top: the share of the structure around each pixel that the data do not carry, 0
        for what is recovered, and where there is none, to 1 for what was found likely.
    """
    for band in bands(windows(shape, WINDOW, HALO)):
        found = []
        for window in band:
            rows, columns = window.outer_rows, window.outer_columns
            part = look(rows, columns)
            judge = partial(_share, part, further=further, noise=max(noise, LEAST_NOISE), contrast=contrast)
            seen = judge(kernel) if levels is None else _mixed(judge, levels.parts(rows, columns), part)
            found.append(seen[window.vertical.inner, window.horizontal.inner])
        yield np.concatenate(found, axis=1)


def _mixed(judge: Callable[[torch.Tensor], Plane], parts: Iterable[Part], image: Plane) -> Plane:
    """What is said of an image with each of several kernels, by their say in each pixel; nothing where it stays."""
    mixed = np.zeros_like(image)
    for part in parts:
        if part.blur is not None:
            place = part.rows, part.columns
            mixed[place] += part.share.numpy() * judge(part.blur.kernel)[place]
    return mixed


def _share(image: Plane, kernel: torch.Tensor, further: Sequence[torch.Tensor], noise: float, contrast: float) -> Plane:
    """The share of an image (H, W) by itself."""
    kernel = joined_kernel([one.detach().float().cpu() for one in (kernel, *further)])
    # A kernel may be larger than a small image, even with its margin.
    padded = [max(fast_size(length + 2 * MARGIN), kernel.shape[-1]) for length in image.shape]
    ends = [(MARGIN, whole - length - MARGIN) for whole, length in zip(padded, image.shape, strict=True)]
    inside = tuple(slice(MARGIN, MARGIN + length) for length in image.shape)
    tensor = torch.from_numpy(np.pad(image, ends, mode="symmetric"))
    shape = (tensor.shape[0], tensor.shape[1])
    gain = transfer_function(kernel, shape)[0, 0].abs().square()
    frequency = radial_frequency(shape).clamp(min=1e-3) / 0.25
    carried = gain / (gain + RATIO * (50 * noise / contrast) ** 2 * frequency**FALL)
    recovered = from_spectrum(spectrum(tensor) * carried, shape)
    parts = [np.ascontiguousarray(part.numpy()[inside]) for part in (tensor - recovered, recovered)]
    likely, known = (_structure(part) for part in parts)
    share: Plane = likely / (likely + known + np.float32(FLOOR * noise**2))
    return share


def _structure(image: Plane) -> Plane:
    """Power of the gradient in the direction in which it is least, averaged around each pixel of an image (H, W)."""
    place = np.arange(-3, 4, dtype=np.float32)
    smooth = np.exp(-0.5 * (place / _FINENESS) ** 2)
    smooth /= smooth.sum()
    slope = smooth * place / _FINENESS**2
    down = cv2.sepFilter2D(image, -1, smooth, slope, borderType=cv2.BORDER_REFLECT)
    right = cv2.sepFilter2D(image, -1, slope, smooth, borderType=cv2.BORDER_REFLECT)
    first, both, second = (
        cv2.GaussianBlur(product, (0, 0), REACH, borderType=cv2.BORDER_REFLECT)
        for product in (down * down, down * right, right * right)
    )
    spread = np.hypot((first - second) / 2, both)
    return np.asarray(np.maximum((first + second) / 2 - spread, 0), np.float32)
