"""Who takes part in the detection benchmark: the sharp and the blurred image, the best linear filter, and methods."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from pinsharp.bench.contenders import BLURRED, LINEAR_LIMIT, describe, labelled
from pinsharp.bench.detection.records import SHARP
from pinsharp.bench.detection.scene import Shot
from pinsharp.bench.records import TRUE_KERNEL
from pinsharp.detect.camera import CameraSettings
from pinsharp.errors import ConfigError
from pinsharp.methods.method import Method, takes_kernel
from pinsharp.methods.table import load_method
from pinsharp.restoration.restorer import Restorer

BUILT_IN = (SHARP, BLURRED, LINEAR_LIMIT)
"""Rows that no method makes."""


@dataclass(frozen=True)
class Answer:
    """What a row made of a shot.

    Args:
        image: Of the shot's shape and type.
        estimated_sigma: Width of the blur that it measured, in pixels; None if it measured none.
        passes_made: How many times it restored.
        seconds: Wall time of that; None where nothing was restored.
    """

    image: NDArray[Any]
    estimated_sigma: float | None = None
    passes_made: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Attempt:
    """A row of the benchmark.

    Args:
        row: Its name.
        passes: How many times it restores an image; 0 for rows that no method makes.
        restore: What it does with a shot.
        about: What it is, as plain values for records.
    """

    row: str
    passes: int
    restore: Callable[[Shot], Answer]
    about: dict[str, Any]


Lineup = Callable[[CameraSettings], Sequence[Attempt]]
"""Makes the rows for a camera. Worker processes make their own, so it must be something that can be pickled."""


def attempts(
    names: Sequence[str],
    passes: Sequence[int],
    camera: CameraSettings,
    *,
    true_kernel: bool = False,
    load: Callable[[str], Method] = load_method,
) -> list[Attempt]:
    """Make the rows: the sharp image, then what was named, methods with every number of passes.

    Args:
        names: Methods as `load_method` takes them, `blurred`, `linear-limit`; LABEL=METHOD names the row.
        passes: How many times to restore; methods that are given the true kernel restore once.
        camera: What takes the images: it knows the value of white.
        true_kernel: Add a row for each method that takes a kernel, in which it is given the true one.
        load: Makes a method of a name.

    Raises:
        ConfigError: If a number of passes is below 1, or two methods would make the same row.
        PinsharpError: If a method is unknown or its weights are not there.
    """
    if not passes or min(passes) < 1:
        raise ConfigError(f"expected passes of at least 1, got {', '.join(map(str, passes)) or 'none'}")
    rows = labelled(names, BUILT_IN)
    made = [Attempt(SHARP, 0, _leave, describe(SHARP))]
    if BLURRED in rows:
        made.append(Attempt(BLURRED, 0, _leave, describe(BLURRED)))
    if LINEAR_LIMIT in rows:
        made.append(Attempt(LINEAR_LIMIT, 0, _linear_limit, describe(LINEAR_LIMIT)))
    for row, name in rows.items():
        if row not in BUILT_IN:
            restorer = Restorer(load(name), white_level=camera.white_level)
            made += _of_method(row, name, restorer, dict.fromkeys(passes), true_kernel=true_kernel)
    return made


def _of_method(row: str, name: str, restorer: Restorer, passes: Collection[int], *, true_kernel: bool) -> list[Attempt]:
    """The blind rows of a method, and the one with the true kernel."""
    about = describe(name, restorer.method)
    made = [Attempt(row, count, _blind(restorer, count), about) for count in passes]
    if true_kernel and takes_kernel(restorer.method):
        about = describe(name, restorer.method, informed=True)
        made.append(Attempt(row + TRUE_KERNEL, 1, _informed(restorer), about))
    return made


def _leave(shot: Shot) -> Answer:
    return Answer(shot.image)


def _linear_limit(shot: Shot) -> Answer:
    start = time.perf_counter()
    image = shot.linear_limit()
    return Answer(image, None, 1, time.perf_counter() - start)


def _blind(restorer: Restorer, passes: int) -> Callable[[Shot], Answer]:
    def restore(shot: Shot) -> Answer:
        restored = restorer(shot.image, iterations=passes)
        return Answer(restored.image, restored.sigma, restored.iterations, restored.seconds)

    return restore


def _informed(restorer: Restorer) -> Callable[[Shot], Answer]:
    def restore(shot: Shot) -> Answer:
        assert shot.kernel is not None  # in focus there is but the sharp row
        restored = restorer(shot.image, kernel=shot.kernel[0, 0].numpy())
        return Answer(restored.image, None, 1, restored.seconds)

    return restore
