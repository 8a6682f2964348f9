"""Restoring one tensor, once or several times, each time with the blur that is measured, or given, for the whole of it.

What finds the blur only while it restores, and so has no estimate to share between windows, sees the whole image.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.methods.method import BlindMethod, Method, measures_first
from pinsharp.restoration.tiled import Seam, deconvolve, worst

SHARP_SIGMA = 0.5
"""Width in pixels below which a restored image counts as sharp, so that no further iteration is made."""


@dataclass(frozen=True, eq=False)
class Passes:
    """A tensor that was restored.

    Attributes:
        image: The result, (1, C, H, W) in [0, 1].
        blurs: The blur that each iteration found, or was given, before it restored; the first one is the input's.
        seam: The largest disagreement of blended windows, over all iterations; None where none were blended.
    """

    image: Tensor
    blurs: tuple[BlurField, ...]
    seam: Seam | None = None


def restore_given(method: BlindMethod, image: Tensor, kernel: Tensor, *, window: int = 0) -> Passes:
    """Restore an image (1, C, H, W) once, with a kernel (1, 1, K, K); `window` as for `restore_blind`."""
    known = method.estimate(image, kernel)
    restored, seam = deconvolve(method, image, known, window=window)
    return Passes(restored, (known,), seam)


def restore_blind(method: Method, image: Tensor, *, iterations: int = 1, window: int = 0) -> Passes:
    """Measure the blur of an image, restore it, and begin again with the result.

    Args:
        method: What measures and restores.
        image: Image (1, C, H, W) in [0, 1].
        iterations: How many times; stops early when the result is sharp.
        window: Side of the windows in pixels; 0 for the whole image at once. The blur is measured on the whole.
    """
    blurs, seams = list[BlurField](), list[Seam | None]()
    while len(blurs) < iterations:
        found, restore_found = _find(method, image, window)
        if blurs and found.sigma < SHARP_SIGMA:
            break
        image, seam = restore_found()
        blurs.append(found)
        seams.append(seam)
    return Passes(image, tuple(blurs), worst(seams))


def _find(method: Method, image: Tensor, window: int) -> tuple[BlurField, Callable[[], tuple[Tensor, Seam | None]]]:
    """Find the blur of an image; with it comes what restores the image."""
    if measures_first(method):
        estimate = method.estimate(image)
        return estimate, partial(deconvolve, method, image, estimate, window=window)
    result = method(image)
    assert result.kernel is not None  # what has no estimate finds a kernel while it restores
    return BlurField(result.kernel), lambda: (result.image, None)
