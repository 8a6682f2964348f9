"""The rows of the detection benchmark: the sharp and the blurred image, the best linear filter, and methods."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from pinsharp.bench.detection.records import SHARP
from pinsharp.bench.detection.scene import Shot
from pinsharp.bench.engine import methods
from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, Attempt
from pinsharp.detect.camera import CameraSettings
from pinsharp.methods.method import Method
from pinsharp.methods.table import load_method
from pinsharp.restoration.restorer import Restorer

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
    """Make the rows for a camera, as `methods.attempts` does: the sharp image, then what was named."""
    return methods.attempts(
        names,
        passes,
        lambda name: Restorer(load(name), white_level=camera.white_level, light="linear"),
        always=SHARP,
        offered=(BLURRED, LINEAR_LIMIT),
        true_kernel=true_kernel,
    )


def answer(attempt: Attempt, shot: Shot) -> tuple[NDArray[Any], dict[str, Any]]:
    """Let a row restore a shot: an image of the shot's shape and type, and figures of `InspectionFigures`."""
    if attempt.row == LINEAR_LIMIT:
        start = time.perf_counter()
        image = shot.linear_limit()
        return image, {"passes_made": 1, "seconds": time.perf_counter() - start}
    if attempt.restorer is None:
        return shot.image, {}
    if attempt.about["informed"]:
        assert shot.kernel is not None  # in focus there is but the sharp row
        restored = attempt.restorer(shot.image, kernel=shot.kernel[0, 0].numpy())
        return restored.image, {"passes_made": 1, "seconds": restored.seconds}
    restored = attempt.restorer(shot.image, iterations=attempt.passes)
    made = {"passes_made": restored.iterations, "seconds": restored.seconds}
    return restored.image, {"estimated_sigma": restored.sigma, **made}
