"""The blur of a TIFF that is larger than memory, measured on a sample: before it is restored, or by itself."""

from dataclasses import dataclass
from pathlib import Path

from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.bigtiff import LargeTiff, open_large
from pinsharp.methods import KernelEstimate, SampledMethod
from pinsharp.restoration.defocus import Defocus, describe
from pinsharp.restoration.restorer import Kernel, Restorer, read_kernel
from pinsharp.restoration.sample import sample


@dataclass(frozen=True, eq=False)
class LargeBlur:
    """The blur of an image, or of each of its channels.

    Attributes:
        estimates: What the method restores with.
        found: The same in a user's terms.
    """

    estimates: tuple[KernelEstimate, ...]
    found: tuple[Defocus, ...]

    @property
    def main(self) -> Defocus:
        """The only one, or that of green."""
        return self.found[len(self.found) // 2]


def measure_file(source: str | Path, restorer: Restorer) -> Defocus:
    """Measure the blur of a TIFF of any size without restoring it: what `restore_file` finds.

    Args:
        source: The file.
        restorer: The loaded model, with its colour options. Where each channel is restored by itself, green is told.

    Raises:
        ConfigError: If the model cannot measure without restoring.
        ImageError: If the file cannot be read by windows, a part of it is damaged, or its pixels cannot be used.
    """
    with open_large(source) as image:
        return measure_large(image, restorer, "auto").main


def measure_large(image: LargeTiff, restorer: Restorer, kernel: Kernel) -> LargeBlur:
    """Measure the blur of an open file on its sample; a kernel that is given takes the place of the measured one."""
    method, given = sampled_method(restorer), read_kernel(kernel)
    try:
        parts = restorer.colour.split(sample(image, restorer.colour))
        estimates = tuple(method.estimate_parts(part, given) for part in parts)
    except ImageError as error:
        raise named(image, error) from error
    kernels = [found.kernel if given is None else given for found in estimates]
    is_given = given is not None
    found = tuple(
        describe(kernel, estimate, is_given=is_given) for kernel, estimate in zip(kernels, estimates, strict=True)
    )
    return LargeBlur(estimates, found)


def sampled_method(restorer: Restorer) -> SampledMethod:
    """The method of a restorer, if it can do without seeing the whole image.

    Raises:
        ConfigError: If it cannot.
    """
    if not isinstance(restorer.method, SampledMethod):
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
