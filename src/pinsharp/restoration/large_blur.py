"""The blur of a TIFF that is larger than memory, measured on a sample: before it is restored, or by itself."""

from pathlib import Path

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.bigtiff import LargeTiff, open_large
from pinsharp.methods.method import BlindMethod, measures_first
from pinsharp.restoration.restorer import Kernel, Restorer, main_part, read_kernel
from pinsharp.restoration.sample import sample


def measure_file(source: str | Path, restorer: Restorer) -> BlurField:
    """Measure the blur of a TIFF of any size without restoring it: what `restore_file` finds.

    Args:
        source: The file.
        restorer: The loaded model, with its colour options. Where each channel is restored by itself, green is told.

    Raises:
        ConfigError: If the model cannot measure without restoring.
        ImageError: If the file cannot be read by windows, a part of it is damaged, or its pixels cannot be used.
    """
    with open_large(source) as image:
        return main_part(measure_large(image, restorer, "auto"))


def measure_large(image: LargeTiff, restorer: Restorer, kernel: Kernel) -> tuple[BlurField, ...]:
    """Measure the blur of an open file, or of each of its channels, on its sample, unless a kernel is given."""
    method, given = sampled_method(restorer), read_kernel(kernel)
    try:
        parts = restorer.colour.split(sample(image, restorer.colour))
        return tuple(method.estimate_parts(part, given) for part in parts)
    except ImageError as error:
        raise named(image, error) from error


def sampled_method(restorer: Restorer) -> BlindMethod:
    """The method of a restorer, if it can do without seeing the whole image.

    Raises:
        ConfigError: If it cannot.
    """
    if not measures_first(restorer.method):
        raise ConfigError(
            f"expected a model that restores by windows for a file of any size, got {restorer.method.name}, which sees "
            "the whole image; choose another, such as swift"
        )
    return restorer.method


def named(image: LargeTiff, error: ImageError, where: str = "") -> ImageError:
    """The same error, its sentence beginning with the file."""
    if str(image.path) in str(error):
        return error
    return ImageError(f"{image.path}: {where + ': ' if where else ''}{error}")
