"""One call to restore or to measure, with models that are kept from call to call."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pinsharp.blur.field import BlurField
from pinsharp.methods.devices import Precision, Runtime
from pinsharp.methods.method import Method
from pinsharp.methods.table import load_method
from pinsharp.restoration.options import check_names, takes
from pinsharp.restoration.recipe import MEASURING, OPTIONS, Recipe
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.result import Restored
from pinsharp.restoration.sources import PixelsOf


@takes(*OPTIONS)
def restore(image: PixelsOf, *, keep_memory: bool = True, **options: Any) -> Restored:
    """Restore one image; arguments and errors are those of `Restorer` and of calling one.

    The last models are kept in memory, by name: for a weights file that changes, make a `Restorer` of your own.

        result = pinsharp.restore("board.png", white_level=4095)
        result.image, result.sigma, result.sigma_relative_std, result.kernel
    """
    check_names(options, "restore")
    return _ready(options, keep_memory)(image)


@takes(*OPTIONS)
def restore_file(
    source: str | Path, target: str | Path, *, overwrite: bool = False, keep_memory: bool = True, **options: Any
) -> Restored:
    """Restore a file of any size to a file, as `Restorer.restore_file` does."""
    check_names(options, "restore_file")
    return _ready(options, keep_memory).restore_file(source, target, overwrite=overwrite)


@takes(*MEASURING)
def measure(image: PixelsOf | Sequence[PixelsOf], *, keep_memory: bool = True, **options: Any) -> BlurField:
    """Measure how far an image, or several of one camera together, is out of focus, as `Restorer.measure` does."""
    check_names(options, "measure", MEASURING)
    return _ready(options, keep_memory).measure(image)


@takes(*(name for name in MEASURING if name != "channels"))
def measure_channels(
    image: PixelsOf | Sequence[PixelsOf], *, keep_memory: bool = True, **options: Any
) -> tuple[BlurField, BlurField, BlurField]:
    """Measure how far red, green and blue are out of focus, as `Restorer.measure_channels` does."""
    check_names(options, "measure_channels", tuple(name for name in MEASURING if name != "channels"))
    return _ready(options, keep_memory).measure_channels(image)


def _ready(options: dict[str, Any], keep_memory: bool) -> Restorer:
    recipe = Recipe(**options)
    method = _kept(recipe.model, recipe.device, recipe.precision, recipe.runtime)
    return Restorer(method, recipe=recipe, keep_memory=keep_memory)


@lru_cache(maxsize=2)
def _kept(model: str | Path, device: str, precision: Precision, runtime: Runtime) -> Method:
    return load_method(model, device=device, precision=precision, runtime=runtime)
