"""Kernels by name: what a user types, the sets of benchmarks, and files of measured ones."""

import io
import json
import math
import re
import struct
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pinsharp.atomic import write_atomically
from pinsharp.blur.kernels import check_kernel, disk_kernel, gaussian_disk_kernel, gaussian_kernel, measured_kernel
from pinsharp.errors import KernelError
from pinsharp.words import said_by

GAUSSIAN8 = tuple(round(1.8 + 0.2 * step, 1) for step in range(8))
"""The widths of the paper's test kernels, in pixels: 1.8, 2.0 .. 3.2."""

DARK_RIM, MOST_BACKGROUND = 0.02, 0.1
"""The rim of a measured kernel is dark up to this share of its peak, or where a background like it holds this share."""
OFF_CENTRE = 0.5
"""Pixels by which the centre of mass of a measured kernel may be off."""

_DISC = re.compile(r"(^|[+,])disc(?=[:6])")
_ARRAY_SUFFIXES = (".npy", ".json")
_NOT_MONO = "expected a mono image with one channel; convert it to greyscale"
_STACK = "expected one plane, got a stack of {}; save the one in focus as a file of its own"
_IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


def load_kernel(path: str | Path) -> Tensor:
    """Read a measured kernel from a .npy array, a .json table or a mono image.

    Args:
        path: The file. An image is taken as linear intensity: its values divided by their sum.

    Returns:
        Kernel (1, 1, K, K), float32.

    Raises:
        KernelError: If the file is missing, of another kind, unreadable, or holds no kernel.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in (*_ARRAY_SUFFIXES, *_IMAGE_SUFFIXES):
        known = ", ".join((*_ARRAY_SUFFIXES, *_IMAGE_SUFFIXES))
        raise KernelError(
            f"kernel {str(path)!r} is neither gaussian:SIGMA nor disk:RADIUS nor a file of a known kind ({known})"
        )
    if not file.is_file():
        raise KernelError(f"kernel file not found: {file}")
    try:
        return measured_kernel(_one_plane(_read_table(file, suffix)))
    except (OSError, ValueError, EOFError) as error:
        raise KernelError(f"cannot read a kernel from {file}: {said_by(error)}") from None


def kernel_doubts(kernel: Tensor) -> list[str]:
    """Say what is odd about a measured kernel, each in one sentence.

    Args:
        kernel: (1, 1, K, K), sum 1.

    Returns:
        That its rim is not dark, as if the background had not been subtracted; that its centre of mass is more than
        half a pixel from its centre; or nothing.
    """
    table = kernel[0, 0].double()
    side = table.shape[0]
    background = float(torch.cat([table[0], table[-1], table[1:-1, 0], table[1:-1, -1]]).median())
    doubts = []
    if background * side**2 > MOST_BACKGROUND and background > DARK_RIM * float(table.max()):
        doubts.append(
            f"expected a kernel that is dark at its rim, got a rim of {100 * background / float(table.max()):.2g} % of "
            "its peak; subtract the background, or cut out more around the spot"
        )
    spot = (table - background).clamp(min=0)
    places = torch.arange(side, dtype=spot.dtype) - side // 2
    down, right = (float((spot.sum(dim=1 - axis) * places).sum() / spot.sum().clamp(min=1e-12)) for axis in (0, 1))
    if math.hypot(down, right) > OFF_CENTRE:
        doubts.append(
            f"expected a kernel around its centre pixel, got a centre of mass {down:+.1f} rows and {right:+.1f} "
            "columns from it, by which results will be shifted; cut it out around its centre"
        )
    return doubts


def save_kernel(path: str | Path, kernel: Tensor) -> None:
    """Write one kernel (1, 1, K, K) as .npy or .json, to be read again by `load_kernel`."""
    import numpy as np

    file = Path(path)
    table = check_kernel(kernel)[0, 0].detach().cpu().numpy()
    stream = io.BytesIO()
    if file.suffix.lower() == ".npy":
        np.save(stream, table)
    elif file.suffix.lower() == ".json":
        stream.write((json.dumps(table.tolist()) + "\n").encode())
    else:
        raise KernelError(f"a kernel is saved as .npy or .json, got {file.name!r}")
    write_atomically(file, stream.getvalue())


def parse_kernel(text: str) -> Tensor:
    """Build a kernel from what a user types.

    Args:
        text: `gaussian:SIGMA`, `gaussian:SIGMA:SIZE`, `disk:RADIUS`, `gaussian:SIGMA+disk:RADIUS`, or a file. `disc`
            is the same as `disk`.

    Returns:
        Kernel (1, 1, K, K), float32.

    Raises:
        KernelError: If the text names no kernel.
    """
    family, _, argument = _DISC.sub(r"\1disk", text).partition(":")
    if family == "gaussian" and "+disk:" in argument:
        sigma, _, radius = argument.partition("+disk:")
        return gaussian_disk_kernel(_number(sigma, text), _number(radius, text))
    if family == "gaussian":
        sigma, _, size = argument.partition(":")
        return gaussian_kernel(_number(sigma, text), _whole_number(size, text) if size else None)
    if family == "disk":
        return disk_kernel(_number(argument, text))
    return load_kernel(text)


def named_kernels(name: str) -> dict[str, Tensor]:
    """List the kernels of a benchmark set, or the single kernel that `parse_kernel` makes of the name.

    Args:
        name: `gaussian8` (21 x 21, the paper's), `gaussian8-wide` (full support), `disk6`, `wide-range`, a kernel such
            as `disk:3.5`, or several of these joined by commas.

    Returns:
        Kernels in order, by the names that `parse_kernel` takes, such as `gaussian:1.8:21`.
    """
    kernels: dict[str, Tensor] = {}
    for part in _DISC.sub(r"\1disk", name).split(","):
        if part == "gaussian8":
            kernels |= {f"gaussian:{sigma}:21": gaussian_kernel(sigma, 21) for sigma in GAUSSIAN8}
        elif part == "gaussian8-wide":
            kernels |= {f"gaussian:{sigma}": gaussian_kernel(sigma) for sigma in GAUSSIAN8}
        elif part == "disk6":
            kernels |= {f"disk:{radius}": disk_kernel(radius) for radius in (2, 3, 4, 5, 6, 7)}
        elif part == "wide-range":
            kernels |= {f"gaussian:{sigma}": gaussian_kernel(sigma) for sigma in (0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)}
        else:
            kernels[part] = parse_kernel(part)
    return kernels


def _read_table(file: Path, suffix: str) -> Any:
    import numpy as np

    if suffix == ".npy":
        with file.open("rb") as stream:  # read_array, because np.load would open archives too
            return np.lib.format.read_array(stream, allow_pickle=False)
    if suffix == ".json":
        return json.loads(file.read_text())
    if suffix in (".tif", ".tiff"):
        return _read_tiff(file)
    import cv2

    data = file.read_bytes()
    if (frames := _frames(data)) > 1:
        raise ValueError(_STACK.format(frames))
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if image is None or image.ndim != 2:
        raise ValueError(_NOT_MONO)
    return image.astype(np.float64)


def _frames(data: bytes) -> int:
    """How many frames an animated PNG has; 1 for any other file."""
    place = data.find(b"acTL", 0, data.find(b"IDAT")) if data.startswith(b"\x89PNG") else -1
    return int.from_bytes(data[place + 4 : place + 8]) if place > 0 else 1


def _read_tiff(file: Path) -> Any:
    """The plane of a TIFF; 0 = black, as in images."""
    import numpy as np
    import tifffile

    try:
        with tifffile.TiffFile(file) as tiff:
            pages = [page for page in tiff.pages if isinstance(page, tifffile.TiffPage)]
            nested = [page for first in pages for page in first.pages or () if isinstance(page, tifffile.TiffPage)]
            full = [page for page in pages if not (page.is_reduced or page.is_mask)]
            full = full or [page for page in nested if not (page.is_reduced or page.is_mask)] or pages
            planes = max(len(full), (tiff.imagej_metadata or {}).get("images", 1))
            page, values = full[0], np.asarray(full[0].asarray())
    except (tifffile.TiffFileError, LookupError, TypeError, AttributeError, RuntimeError, struct.error) as error:
        raise ValueError(str(error)) from error
    if planes > 1:
        raise ValueError(_STACK.format(planes))
    if page.samplesperpixel != 1 or page.photometric not in (
        tifffile.PHOTOMETRIC.MINISBLACK,
        tifffile.PHOTOMETRIC.MINISWHITE,
    ):
        raise ValueError(_NOT_MONO)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        values = (np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 1) - values
    return values.astype(np.float64)


def _one_plane(table: Any) -> Any:
    import numpy as np

    try:
        shape = getattr(table, "shape", ()) or np.shape(table)
    except ValueError:
        raise ValueError("expected a square table, got rows of different lengths; write K rows of K numbers") from None
    if len(shape) == 3 and 1 in (shape[0], shape[2]):
        return np.asarray(table).squeeze(axis=0 if shape[0] == 1 else 2)
    if len(shape) == 3:
        planes = shape[2] if shape[0] == shape[1] != shape[2] else shape[0]
        raise ValueError(_STACK.format(planes))
    return table


def _number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise KernelError(
            f"kernel {whole!r}: expected a number, got {text!r}; write for example gaussian:2.4 or disk:3"
        ) from None


def _whole_number(text: str, whole: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise KernelError(
            f"kernel {whole!r}: expected a side in whole pixels, got {text!r}; write for example gaussian:2.4:21"
        ) from None
