"""Arrays in, arrays out: measure how far an image is out of focus and bring it back."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernel_names import load_kernel, parse_kernel
from pinsharp.blur.kernels import measured_kernel
from pinsharp.errors import ConfigError, ImageError
from pinsharp.methods.devices import Precision, Runtime
from pinsharp.methods.method import BlindMethod, Method, check_takes_kernel, has_exact_windows, measures_first
from pinsharp.methods.table import DEFAULT_METHOD, load_method
from pinsharp.restoration.colour import ColourOptions, as_mono
from pinsharp.restoration.passes import Passes, restore_blind, restore_given
from pinsharp.restoration.residual import residual
from pinsharp.restoration.restored import Restored
from pinsharp.restoration.tiled import choose_window, worst

__all__ = ["Kernel", "Restored", "Restorer", "read_kernel", "restore"]

MIN_WINDOW = 32
"""Smallest side of a window in pixels; with the halo around it, smaller ones would be nearly all halo."""

_Part = TypeVar("_Part")

Kernel = str | Path | NDArray[Any]
"""A kernel as users give it: `auto`, `gaussian:2`, `disk:3.5`, a file, or an array (K, K)."""


class Restorer:
    """Restores images, one after another, with a model that is loaded once.

        restorer = Restorer()
        result = restorer(array)  # (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, uint16, or float32 in [0, 1]

    Args:
        model: Name of a method, such as `swift` or `wiener`, or a .safetensors, .onnx or .xml file; or a method that is
            loaded already, which knows its device, precision and runtime.
        device: `auto` takes a GPU where there is one; or `cpu`, `cuda`.
        precision: `auto` takes bfloat16 where the processor computes it natively; or `float32`, `bfloat16`.
        window: Restore window by window, each of so many pixels a side, which bounds the memory; the blur is still
            measured once, on the whole image. 0 always restores the whole image at once; None does up to 6 megapixels
            and takes windows of 2048 above. With `swift` the result is the same (to the last bit where
            it was tried); for others see `Restored.seam`.
        colour: From which white, in which light and in which channels to restore.
        runtime: What computes a network's convolutions: `torch`, `onnx`, `openvino`, or `auto`, the fastest of them
            that restores as PyTorch does.

    Raises:
        ConfigError: If the model, device, precision or runtime is unknown, or the window is none.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the weights are missing or damaged.
    """

    def __init__(
        self,
        model: str | Path | Method = DEFAULT_METHOD,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        window: int | None = None,
        colour: ColourOptions | None = None,
        runtime: Runtime = "torch",
    ) -> None:
        if isinstance(model, str | Path):
            model = load_method(model, device=device, precision=precision, runtime=runtime)
        self.method: Method = model
        self.colour = colour or ColourOptions()
        self.window = self._checked_window(window)

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
            entered = self.colour.enter(image)
            blurred = as_mono(entered)
            window = choose_window((blurred.shape[-2], blurred.shape[-1]), self.window)
            parts = self.colour.split(blurred)
            done = [self._restore(part, given, iterations, window) for part in parts]
            left = _residual(main_part(parts), main_part(done))
            restored = self.colour.join(blurred, [passes.image for passes in done])
            array = self.colour.leave(restored.expand_as(entered), image)
        blurs = main_part(done).blurs
        return Restored(
            array,
            defocus=blurs[0],
            sigmas=tuple(found.sigma for found in blurs),
            seconds=time.perf_counter() - start,
            window=window,
            seam=worst(passes.seam for passes in done),
            channels=tuple(passes.blurs[0] for passes in done) if len(done) > 1 else (),
            residual=left,
        )

    def measure(self, image: NDArray[Any]) -> BlurField:
        """Measure the blur of one image without restoring it; for models that cannot, `swift` does it.

        It is measured in the light that would be restored, where each channel is restored by itself in green.

        Args:
            image: As for restoring.

        Raises:
            ConfigError: If the model finds the blur only while it restores.
            ImageError: If the image cannot be used, as for restoring.
        """
        method = self._blind_method()
        with _memory_errors(image):
            return method.estimate(main_part(self.colour.split(as_mono(self.colour.enter(image)))))

    @property
    def window_matters(self) -> bool:
        """Whether another window would give another result: not where windows are exact, or where there are none."""
        return measures_first(self.method) and not has_exact_windows(self.method)

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

    def _restore(self, image: Tensor, given: Tensor | None, iterations: int, window: int) -> Passes:
        if given is not None:
            return restore_given(self._blind_method(), image, given, window=window)
        return restore_blind(self.method, image, iterations=iterations, window=window)

    def _blind_method(self) -> BlindMethod:
        if not measures_first(self.method):
            raise ConfigError(f"the model {self.method.name} finds the blur only while it restores; measure with swift")
        return self.method

    def _checked_window(self, window: int | None) -> int | None:
        """The window that was asked for, or 0 for a method that shares no estimate between windows."""
        if window and window < MIN_WINDOW:
            raise ConfigError(
                f"window must be 0 for the whole image, or at least {MIN_WINDOW} pixels, got {window}; try 1024"
            )
        if measures_first(self.method):
            return window
        if window:
            raise ConfigError(
                f"the model {self.method.name} fits each image as a whole, got a window of {window}; leave it out"
            )
        return 0

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
    window: int | None = None,
    colour: ColourOptions | None = None,
    runtime: Runtime = "torch",
) -> Restored:
    """Restore one image; arguments and errors are those of `Restorer`.

    The last models are kept in memory, by name: for a weights file that changes, make a `Restorer` of your own.
    """
    restorer = Restorer(_method(model, device, precision, runtime), window=window, colour=colour)
    return restorer(image, kernel=kernel, iterations=iterations)


def read_kernel(kernel: Kernel) -> Tensor | None:
    """Turn a kernel as users give it into a tensor (1, 1, K, K); None stands for `auto`.

    Raises:
        KernelError: If it is no kernel.
    """
    if isinstance(kernel, str):
        return None if kernel == "auto" else parse_kernel(kernel)
    return load_kernel(kernel) if isinstance(kernel, Path) else measured_kernel(kernel)


@lru_cache(maxsize=2)
def _method(model: str | Path, device: str, precision: Precision, runtime: Runtime) -> Method:
    return load_method(model, device=device, precision=precision, runtime=runtime)


def main_part(parts: Sequence[_Part]) -> _Part:
    """The part that speaks for an image: the only one, or that of green, which makes up most of what is seen."""
    return parts[len(parts) // 2]


def _residual(image: Tensor, passes: Passes) -> float | None:
    """What one restoration of an image leaves unexplained; of several, no kernel tells."""
    if len(passes.blurs) > 1:
        return None
    return residual(image, passes.image, passes.blurs[0].kernel)


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
            f"expected an image that can be restored in memory, got {megapixels:.0f} megapixels; "
            "ask for a smaller window, such as 512, or cut it into parts"
        ) from error
