"""Arrays in, arrays out: measure how far an image is out of focus and bring it back."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.kernels import load_kernel, measured_kernel, parse_kernel
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import to_array, to_tensor
from pinsharp.methods import DEFAULT_METHOD, BlindMethod, Method, Precision, check_takes_kernel, load_method
from pinsharp.restore.defocus import Defocus, Family, describe

SHARP_SIGMA = 0.5
"""Width in pixels below which a restored image counts as sharp, so that no further iteration is made."""

Kernel = str | Path | NDArray[Any]
"""A kernel as users give it: `auto`, `gaussian:2`, `disk:3.5`, a file, or an array (K, K)."""


@dataclass(frozen=True, eq=False)
class Restored:
    """A restored image and what was found out on the way.

    Attributes:
        image: The restored image, of the input's dtype and shape.
        defocus: The blur of the input.
        sigmas: Width in pixels that each iteration found before it restored; the first one is the input's.
        seconds: Time that the restoration took.
    """

    image: NDArray[Any]
    defocus: Defocus
    sigmas: tuple[float, ...]
    seconds: float

    @property
    def kernel(self) -> NDArray[Any]:
        """Kernel of the input, (K, K), float32, sum 1."""
        return self.defocus.kernel

    @property
    def sigma(self) -> float:
        """Width of the input's blur in pixels: the sigma of a Gaussian, half the radius of a disc."""
        return self.defocus.sigma

    @property
    def sigma_relative_std(self) -> float | None:
        """Standard deviation of `sigma` as a share of it; None if the method gives none."""
        return self.defocus.sigma_relative_std

    @property
    def family(self) -> Family:
        """Kind of blur: `gaussian`, `disk`, `mixture`, `free` or `given`."""
        return self.defocus.family

    @property
    def iterations(self) -> int:
        """How many times the image was restored."""
        return len(self.sigmas)


class Restorer:
    """Restores images, one after another, with a model that is loaded once.

        restorer = Restorer()
        result = restorer(array)  # (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, uint16, or float32 in [0, 1]

    Args:
        model: Name of a method, such as `swift` or `wiener`, or a .safetensors file.
        device: `auto` takes a GPU where there is one; or `cpu`, `cuda`.
        precision: `auto` takes bfloat16 where the processor computes it natively; or `float32`, `bfloat16`.

    Raises:
        ConfigError: If the model, device or precision is unknown.
        WeightsError: If the weights are missing or damaged.
    """

    def __init__(
        self, model: str | Path = DEFAULT_METHOD, *, device: str = "auto", precision: Precision = "auto"
    ) -> None:
        self.method: Method = load_method(model, device=device, precision=precision)

    def __call__(self, image: NDArray[Any], *, kernel: Kernel = "auto", iterations: int = 1) -> Restored:
        """Restore one image.

        Args:
            image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8, uint16, or float32 in [0, 1]. Alpha is kept.
            kernel: `auto` measures the blur. Where it is known and the model takes a kernel: `gaussian:2`, `disk:3.5`,
                a file, or an array (K, K).
            iterations: Restore so many times, each time with the blur that is still there; stops early when the result
                is sharp. Needs the kernel `auto`: a given one describes only the first blur.

        Returns:
            The restored image, of the same dtype and shape, and the blur of the input.

        Raises:
            ConfigError: If `iterations` is below 1 or, with a given kernel, above 1.
            ImageError: If the image cannot be restored: wrong dtype or shape, NaN, too small to measure a blur by, too
                large for the memory.
            KernelError: If `kernel` is none, or is given to a model that takes none.
        """
        given = self._checked(kernel, iterations)
        start = time.perf_counter()
        with _memory_errors(image):
            restored, passes = self._restore(to_tensor(image), given, iterations)
            array = to_array(restored, image)
        return Restored(array, passes[0], tuple(found.sigma for found in passes), time.perf_counter() - start)

    def measure(self, image: NDArray[Any]) -> Defocus:
        """Measure the blur of one image without restoring it; for models that cannot, `swift` does it.

        Args:
            image: As for restoring.

        Raises:
            ConfigError: If the model finds the blur only while it restores.
            ImageError: If the image cannot be used, as for restoring.
        """
        method = self._blind_method()
        with _memory_errors(image):
            estimate = method.estimate(to_tensor(image))
        return describe(estimate.kernel, estimate, is_given=False)

    def check_options(self, *, kernel: Kernel = "auto", iterations: int = 1) -> None:
        """Refuse, before any image is read, options that no image could be restored with.

        Raises:
            ConfigError: If they contradict each other or the model.
            KernelError: If `kernel` is none, or is given to a model that takes none.
        """
        self._checked(kernel, iterations)

    def check_measurable(self) -> None:
        """Refuse a model that cannot tell the blur without restoring.

        Raises:
            ConfigError: If it is one.
        """
        self._blind_method()

    def _restore(self, image: Tensor, given: Tensor | None, iterations: int) -> tuple[Tensor, list[Defocus]]:
        """Restore up to `iterations` times; the blurs are those that each time were found or given."""
        if given is not None:
            result = self.method(image, given)
            return result.image, [describe(given, result.estimate, is_given=True)]
        passes = list[Defocus]()
        while len(passes) < iterations:
            found, restore_found = self._find(image)
            if passes and found.sigma < SHARP_SIGMA:
                break
            image = restore_found()
            passes.append(found)
        return image, passes

    def _find(self, image: Tensor) -> tuple[Defocus, Callable[[], Tensor]]:
        """Find the blur of an image; with it comes what restores the image."""
        if isinstance(self.method, BlindMethod):
            method, estimate = self.method, self.method.estimate(image)
            return describe(estimate.kernel, estimate, is_given=False), lambda: method.deconvolve(image, estimate).image
        result = self.method(image)
        assert result.kernel is not None  # what has no estimate finds a kernel while it restores
        return describe(result.kernel, None, is_given=False), lambda: result.image

    def _blind_method(self) -> BlindMethod:
        if not isinstance(self.method, BlindMethod):
            raise ConfigError(f"the model {self.method.name} finds the blur only while it restores; measure with swift")
        return self.method

    def _checked(self, kernel: Kernel, iterations: int) -> Tensor | None:
        """The kernel that was given, if one was, after all checks."""
        given = read_kernel(kernel)
        if iterations < 1:
            raise ConfigError(f"iterations must be at least 1, got {iterations}")
        if given is not None and iterations > 1:
            raise ConfigError(
                f"iterations above 1 measure the blur that is left and need the kernel 'auto', got {iterations} and a "
                "given kernel; leave one of them out"
            )
        if given is not None:
            check_takes_kernel(self.method)
        return given


def restore(
    image: NDArray[Any],
    *,
    model: str | Path = DEFAULT_METHOD,
    kernel: Kernel = "auto",
    iterations: int = 1,
    device: str = "auto",
    precision: Precision = "auto",
) -> Restored:
    """Restore one image; arguments and errors are those of `Restorer`.

    The last models are kept in memory, by name: for a weights file that changes, make a `Restorer` of your own.
    """
    return _restorer(model, device, precision)(image, kernel=kernel, iterations=iterations)


def read_kernel(kernel: Kernel) -> Tensor | None:
    """Turn a kernel as users give it into a tensor (1, 1, K, K); None stands for `auto`.

    Raises:
        KernelError: If it is no kernel.
    """
    if isinstance(kernel, str):
        return None if kernel == "auto" else parse_kernel(kernel)
    return load_kernel(kernel) if isinstance(kernel, Path) else measured_kernel(kernel)


@lru_cache(maxsize=2)
def _restorer(model: str | Path, device: str, precision: Precision) -> Restorer:
    return Restorer(model, device=device, precision=precision)


@contextmanager
def _memory_errors(image: NDArray[Any]) -> Iterator[None]:
    """Say which image was too large for the memory, instead of what could not be allocated."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        megapixels = math.prod(np.shape(image)[:2]) / 1e6
        raise ImageError(
            f"expected an image that can be restored in memory, got {megapixels:.0f} megapixels; cut it into parts"
        ) from error
