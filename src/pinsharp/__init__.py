"""pinsharp measures how far an image is out of focus and brings it back.

    import pinsharp

    result = pinsharp.restore(array)  # ndarray (H, W) or (H, W, 3): uint8, uint16, or float32 in [0, 1]; or a file
    result.image, result.sigma, result.kernel
    pinsharp.restore_file("strip.tif", "restored.tif", white_level=4095)  # of any size
    help(pinsharp.restore)  # all options

Every public name is loaded when it is first used, so that `import pinsharp` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField
    from pinsharp.blur.kernels import disk_kernel, gaussian_kernel, kernel_sigma
    from pinsharp.errors import (
        ConfigError,
        ImageError,
        KernelError,
        MissingExtra,
        OutputError,
        PinsharpError,
        WeightsError,
    )
    from pinsharp.images.files import read_image, write_image
    from pinsharp.methods.method import Deblurred
    from pinsharp.methods.table import load_method
    from pinsharp.restoration.calls import measure, measure_channels, restore, restore_file
    from pinsharp.restoration.recipe import Recipe
    from pinsharp.restoration.restorer import Restorer
    from pinsharp.restoration.result import Restored

from pinsharp.version import __version__

__all__ = [
    "BlurField",
    "ConfigError",
    "Deblurred",
    "ImageError",
    "KernelError",
    "MissingExtra",
    "OutputError",
    "PinsharpError",
    "Recipe",
    "Restored",
    "Restorer",
    "WeightsError",
    "__version__",
    "disk_kernel",
    "gaussian_kernel",
    "kernel_sigma",
    "load_method",
    "measure",
    "measure_channels",
    "read_image",
    "restore",
    "restore_file",
    "write_image",
]

_HOME = {
    "BlurField": "pinsharp.blur.field",
    "ConfigError": "pinsharp.errors",
    "Deblurred": "pinsharp.methods.method",
    "ImageError": "pinsharp.errors",
    "KernelError": "pinsharp.errors",
    "MissingExtra": "pinsharp.errors",
    "OutputError": "pinsharp.errors",
    "PinsharpError": "pinsharp.errors",
    "Recipe": "pinsharp.restoration.recipe",
    "Restored": "pinsharp.restoration.result",
    "Restorer": "pinsharp.restoration.restorer",
    "WeightsError": "pinsharp.errors",
    "disk_kernel": "pinsharp.blur.kernels",
    "gaussian_kernel": "pinsharp.blur.kernels",
    "kernel_sigma": "pinsharp.blur.kernels",
    "load_method": "pinsharp.methods.table",
    "measure": "pinsharp.restoration.calls",
    "measure_channels": "pinsharp.restoration.calls",
    "read_image": "pinsharp.images.files",
    "restore": "pinsharp.restoration.calls",
    "restore_file": "pinsharp.restoration.calls",
    "write_image": "pinsharp.images.files",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'pinsharp' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
