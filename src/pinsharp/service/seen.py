"""What a page shows of an image and of its restoration: pictures of 8 bits, and tables of numbers to be drawn."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pinsharp.blur.field import BlurField
    from pinsharp.restoration.pipeline import Progress
    from pinsharp.restoration.restorer import Restorer
    from pinsharp.restoration.result import Restored

BEFORE, AFTER, EVIDENCE = "before.png", "after.png", "evidence.png"
"""Pictures that `restore_to_see` makes, if they are needed; parts of an answer have their names."""

_SHOWN = (".png", ".jpg", ".jpeg", ".bmp")  # every browser shows them as they are, with 8 bits

_FREQUENCIES = 65
_KEPT = 0.9995  # share of a kernel's light that its table holds
_MOST_CELLS = 101  # of a table along a side; a cell of larger ones is several pixels


def write_view(path: Path, image: Path, recipe: Any) -> None:
    """Write an image as a PNG of 8 bits, dark ones brightened; of one that stays on disk the middle.

    Raises:
        ImageError: If the image cannot be read.
        OutputError: If the PNG cannot be written.
    """
    from pinsharp.images.display import brightening
    from pinsharp.restoration.views import read_view

    pixels = read_view(image, reading=recipe.reading).pixels
    _write(path, pixels, brightening(pixels))


def restore_to_see(image: Path, result: Path, restorer: "Restorer", progress: "Progress | None") -> dict[str, Any]:
    """Restore a file, and write beside the result what there is to be seen.

    That is the evidence map of what was restored; and both images with 8 bits where a browser would not show them.

    Returns:
        Figures as `restored_figures`; `bits` of a value of the result; and `blur`: the kernel, its transfer function,
        and the width over the image.

    Raises:
        PinsharpError: If the image cannot be read, restored or written.
    """
    import numpy as np

    from pinsharp.batch.work import restored_figures
    from pinsharp.images.display import brightening
    from pinsharp.images.files import write_image
    from pinsharp.images.stack import is_stack
    from pinsharp.restoration.views import read_view

    if restorer.recipe.planes is not None and is_stack(image):
        raise ConfigError("expected one image to be shown, got several planes; ask for the result alone")
    restored = restorer.restore_file(image, result, overwrite=True, progress=progress)
    before, after = read_view(image, reading=restorer.recipe.reading).pixels, restored.view().pixels
    gain = brightening(before)
    if after.dtype != np.uint8 or result.suffix not in _SHOWN:
        for name, pixels in ((BEFORE, before), (AFTER, after)):
            _write(result.parent / name, pixels, gain)
    unsupported = restored.unsupported_view()
    if unsupported is not None:
        grey = np.rint(255 * unsupported.clip(0, 1)).astype(np.uint8)
        write_image(result.parent / EVIDENCE, grey, overwrite=True)
    return restored_figures(restored) | {"bits": 8 * after.dtype.itemsize, "blur": _blur(restored)}


def _write(path: Path, pixels: "NDArray[Any]", gain: float) -> None:
    from pinsharp.images.display import display
    from pinsharp.images.files import write_image

    write_image(path, display(pixels, gain), overwrite=True)


def _blur(restored: "Restored") -> dict[str, Any]:
    """The blur of an image as tables: `kernel`, `mtf` along a row, and `field`, None where no windows were asked."""
    from pinsharp.blur.trend import trend
    from pinsharp.restoration.widths import field_figures

    found = restored.defocus
    field = field_figures(found, (restored.held.shape[0], restored.held.shape[1]))
    if field is not None and found.votes is not None and found.finding is not None:
        field["words"] = trend(found.votes[0], found.finding).words
    return {**_kernel(found), "mtf": _mtf(found), "field": field}


def _kernel(found: "BlurField") -> dict[str, Any]:
    """The middle of the kernel that holds nearly all of its light, and pixels along a side of a cell."""
    import numpy as np

    kernel = found.kernel_array
    middle = len(kernel) // 2
    reach = 3
    while reach < middle and kernel[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1].sum() < (
        _KEPT * kernel.sum()
    ):
        reach += 1
    part = slice(max(0, middle - reach), middle + reach + 1)
    table = kernel[part, part]
    step = math.ceil(len(table) / _MOST_CELLS)
    cells = math.ceil(len(table) / step)
    table = np.pad(table, (0, cells * step - len(table))).reshape(cells, step, cells, step).sum(axis=(1, 3))
    return {"kernel": [[round(value, 7) for value in row] for row in table.tolist()], "kernel_step": step}


def _mtf(found: "BlurField") -> dict[str, list[float]]:
    """Contrast that the blur leaves, along rows, by `frequency` in cycles a pixel."""
    from pinsharp.blur.fourier import fast_size, transfer_function

    kernel = found.kernel.detach().float().cpu()
    size = max(2 * (_FREQUENCIES - 1), fast_size(kernel.shape[-1]))
    values = transfer_function(kernel, (size, size))[0, 0, 0].real.tolist()
    return {
        "frequency": [round(place / size, 5) for place in range(len(values))],
        "contrast": [round(value, 5) for value in values],
    }
