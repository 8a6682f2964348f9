"""One image of a situation, given to a model: its verdict, and whether the result is better than the image."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.robust.case import FULL_SCALE, Case
from pinsharp.blur.field import BlurField
from pinsharp.blur.normal import NINETY
from pinsharp.errors import PinsharpError
from pinsharp.images.arrays import split_alpha
from pinsharp.methods.method import Method
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.sources import PixelsOf

MOST_CHANGE = 60.0
"""Decibels; larger values are not distinguished, as where a result is perfect."""


def answer(method: Method, case: Case, *, restores: bool = True) -> dict[str, Any]:
    """Let a model restore an image as a user would, or only measure it; figures of `Answer`.

    Raises:
        PinsharpError: If the method refuses an image that it should accept.
    """
    restorer = Restorer(method, **case.options)
    try:
        with _given(case) as image:
            if not restores:
                return _found(restorer.measure(image))
            result = restorer(image)
    except PinsharpError:
        if "refused" not in case.truth.verdicts:
            raise
        return {"verdict": "refused"}
    return _found(result.defocus) | {
        "is_doubtful": result.is_doubtful,
        "is_restored": result.is_restored,
        "change": change(case, result.image) if result.is_restored else None,
        "seconds": result.seconds,
    }


def change(case: Case, result: NDArray[Any]) -> float:
    """PSNR of a result less that of its input in dB, over the pixels that stem from the scene.

    Both images count as rounded to 255 levels of what the sharp one spans: nobody sees smaller errors.
    """
    seen = slice(None) if case.seen is None else case.seen
    sharp = case.sharp[seen].astype(np.float64)
    unseen = (sharp.max() - sharp.min()) ** 2 / 255**2 / 12
    before, after = (float(np.mean((_values(image)[seen] - sharp) ** 2) + unseen) for image in (case.image, result))
    if before == after:
        return 0.0
    if min(before, after) == 0:  # a scene of one value, met exactly
        return MOST_CHANGE if before else -MOST_CHANGE
    return float(np.clip(10 * math.log10(before / after), -MOST_CHANGE, MOST_CHANGE))


def _found(field: BlurField) -> dict[str, Any]:
    low, high = field.interval or _interval(field) or (None, None)
    return {"sigma": field.sigma, "low": low, "high": high, "verdict": field.verdict}


def _interval(field: BlurField) -> tuple[float, float] | None:
    """The 90 % interval of a model that gives a standard deviation alone."""
    if field.sigma_relative_std is None:
        return None
    factor = math.exp(NINETY * field.sigma_relative_std)
    return field.sigma / factor, field.sigma * factor


@contextmanager
def _given(case: Case) -> Iterator[PixelsOf]:
    """The image as a user has it: an array, or a file for as long as it is needed."""
    if case.file is None:
        yield case.image
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"image{case.suffix}"
        path.write_bytes(case.file)
        yield path


def _values(image: NDArray[Any]) -> NDArray[np.float64]:
    """Colours (H, W, C) in [0, 1], without alpha and mask."""
    pixels = np.ma.getdata(image)
    colours = split_alpha(pixels)[0]
    return colours.reshape(*colours.shape[:2], -1).astype(np.float64) / FULL_SCALE[pixels.dtype.name]
