"""What a method is, what it returns, and the checks that all methods share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeGuard

import torch
from torch import Tensor

from pinsharp.blur.continuation import Read
from pinsharp.blur.field import BlurField
from pinsharp.blur.other_width import careful
from pinsharp.errors import ImageError, KernelError
from pinsharp.methods.devices import Precision

if TYPE_CHECKING:
    from pinsharp.blur.levels import Levels
    from pinsharp.nets.weights import WeightsInfo

Kind = Literal["classical", "network"]
KernelFrom = Literal["itself", "swift", "nobody"]
"""Who measures the blur when no kernel is given: the method `itself`; the shipped `swift`, for methods that take a
kernel and cannot measure one; `nobody`, for networks that restore end to end."""

RestoreWindow = Callable[[slice, slice], Tensor]
"""Gives rows and columns of an image, both with bounds, restored: (1, C, h, w) in [0, 1], float32."""

Sight = tuple[Tensor, Tensor | None]
"""What is seen of one image of several: it, or parts of it, (N, C, H, W) in [0, 1]; and its ignored pixels, or None:
hidden pixels (N, 1, H, W)."""

MIN_BLIND_SIDE = 32
"""Smallest image side in pixels from which a blur can be measured; the kernel may be given for any size."""


@dataclass(frozen=True, kw_only=True)
class MethodTraits:
    """What a method can do; ask here, not by `isinstance`.

    Args:
        measures_first: Whether measuring and restoring can be taken one by one (`BlindMethod`), so that one measurement
            serves all windows of an image, and a sample of the image is enough for it.
        halo: Pixels around a window that its restoration depends on, if it restores windows so that they are what the
            whole image becomes (`WindowedMethod`); None if it depends on all that it is shown.
        measures_together: Whether it measures the one blur of several images of a camera (`estimate_together`).
    """

    measures_first: bool = True
    halo: int | None = None
    measures_together: bool = False

    @property
    def exact_windows(self) -> bool:
        """Whether windows of an image, restored one by one, are what the whole image becomes."""
        return self.halo is not None


@dataclass(frozen=True, eq=False)
class Deblurred:
    """What a method returns."""

    image: Tensor  # restored images (B, C, H, W) in [0, 1], float32, on the device of the input
    # The kernels that they were restored with, (B or 1, 1, K, K); None if they were restored end to end.
    kernel: Tensor | None = None
    # What is known about the blur: what was measured, or the given kernel beside the noise, if the method uses that.
    # None for methods that have no estimate.
    estimate: BlurField | None = None


class Method(Protocol):
    """Whatever deblurs an image."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def kind(self) -> Kind:
        """`classical` or `network`."""

    @property
    def kernel_from(self) -> KernelFrom:
        """Who measures the blur when no kernel is given."""

    @property
    def traits(self) -> MethodTraits:
        """What it can do."""

    @property
    def info(self) -> "WeightsInfo | None":
        """What its weights say about themselves; None if it has none."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""

    @property
    def dtype(self) -> torch.dtype | None:
        """Precision of its convolutions; None if it has none."""

    @property
    def measurer(self) -> "Measurer | None":
        """What measures the blur for it, or for its report; None if no measurement is needed."""

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], with kernels (B or 1, 1, K, K) where they are known.

        Raises:
            KernelError: If there is a kernel and the method has no use for one (see `takes_kernel`), or it is wrong.
        """


class Measurer(Protocol):
    """Whatever measures blurs for methods that cannot."""

    device: torch.device
    precision: Precision

    @property
    def info(self) -> "WeightsInfo":
        """What its weights say about themselves."""

    def estimate(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the blur of images (B, C, H, W) in [0, 1]; the estimate may be on another device.

        Pixels that are `hidden`, (B, 1, H, W), are ignored.
        """

    def estimate_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Measure the one blur of several parts (N, C, H, W) of one image; `hidden` pixels (N, 1, H, W) are ignored."""

    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images that one camera took at one focus."""


class BlindMethod(ABC):
    """A method whose two steps, measuring and restoring, can also be taken one by one (`MethodTraits.measures_first`).

    An end-to-end network is one too: its estimate, made by `swift`, is for the report; the result ignores it.
    """

    name: str
    kind: Kind
    kernel_from: KernelFrom
    traits = MethodTraits()
    info: "WeightsInfo | None" = None
    device: torch.device
    dtype: torch.dtype | None = None
    measurer: Measurer | None = None

    def estimate(self, image: Tensor, kernel: Tensor | None = None, hidden: Tensor | None = None) -> BlurField:
        """Measure the blur of images (B, C, H, W) in [0, 1], or put a given kernel (B or 1, 1, K, K) in its place.

        Beside a given kernel only the noise is measured, where the method uses it. Pixels that are `hidden`,
        (B, 1, H, W), because no lens made them, are ignored.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is not a valid kernel, or the method has no use for one.
        """
        if kernel is None:
            return self._measured(image, hidden)
        check_takes_kernel(self)
        return self._given(image, kernel, hidden)

    def estimate_parts(self, parts: Tensor, kernel: Tensor | None = None, hidden: Tensor | None = None) -> BlurField:
        """Measure the one blur of several parts (N, C, H, W) of one image; as `estimate` otherwise."""
        if kernel is None:
            return self._measured_parts(parts, hidden)
        check_takes_kernel(self)
        return self._given_parts(parts, kernel, hidden)

    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images that one camera took at one focus, all of one shape.

        They are taken one by one. Only where `MethodTraits.measures_together` says so.

        Raises:
            ImageError: If a side is shorter than 32 pixels.
        """
        raise NotImplementedError(f"{self.name} measures images one by one")

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], C 1 or 3; raises as `estimate`.

        Uncertain widths are used with care; see `pinsharp.blur.other_width`.
        """
        return self.deconvolve(image, careful(self.estimate(image, kernel)))

    @abstractmethod
    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with what `estimate` has found."""

    @abstractmethod
    def _measured(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        """The blur of images."""

    @abstractmethod
    def _measured_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        """The one blur of several parts of an image."""

    @abstractmethod
    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        """A given kernel as the blur of images."""

    def _given_parts(self, parts: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        """A given kernel as the one blur of several parts of an image."""
        return self._given(parts[:1], kernel, None if hidden is None else hidden[:1])


class WindowedMethod(BlindMethod):
    """A blind method that can restore windows of one image so that they are what the whole image becomes.

    It does where `MethodTraits.exact_windows` says so.
    """

    layers = 1
    """Images of as many channels that a restored window holds one behind the other, before `finished` makes one."""

    def finished(
        self,
        bands: Iterable[Tensor],
        shape: tuple[int, int, int],
        estimate: BlurField,
        guards: list[Tensor],
        levels: "Levels | None" = None,
    ) -> Iterator[Tensor]:
        """Make rows (1, C, h, W) of an image of bands (1, layers C, h, W) of restored windows, from top to bottom.

        Args:
            bands: All of them; the next one may lie in the memory of the one before.
            shape: Channels, height and width of the image.
            estimate: What is known about its blur.
            guards: Gets how much of each place was trusted, (3, rows, columns), complete with the last rows: shares
                of what was restored, of a more careful deconvolution and of the image itself.
            levels: The blur place by place, where it varies.
        """
        yield from bands

    @abstractmethod
    def window_restorer(
        self,
        read: Read,
        shape: tuple[int, int, int],
        estimate: BlurField,
        *,
        largest: tuple[int, int],
        levels: "Levels | None" = None,
    ) -> RestoreWindow:
        """Prepare to restore an image window by window.

        Args:
            read: Gives parts of the image, (1, C, h, w) in [0, 1]; each as often as it is needed, from top to bottom.
            shape: Channels (1 or 3), height and width of the image.
            estimate: What is known about its blur.
            largest: Height and width of the largest window.
            levels: The blur place by place, where it varies.

        Returns:
            What restores a window: the rows and columns that it is asked for, beginning at multiples of four, in as
            many images as `layers` says. Cheapest if it is asked from top to bottom.
        """


def measures_first(method: Method) -> TypeGuard[BlindMethod]:
    """Whether a method measures the blur before it restores; others find both in one fit."""
    return method.traits.measures_first


def has_exact_windows(method: Method) -> TypeGuard[WindowedMethod]:
    """Whether a method restores windows so that they are what the whole image becomes."""
    return method.traits.exact_windows


def takes_kernel(method: Method) -> bool:
    """Whether a method can restore with a kernel that is given.

    End-to-end networks have no use for one. What measures the blur itself must let the measurement be replaced, which
    SelfDeblur does not: kernel and image come out of one fit.
    """
    return method.kernel_from == "swift" or (method.kernel_from == "itself" and measures_first(method))


def check_takes_kernel(method: Method) -> None:
    """Refuse a given kernel on behalf of a method that has no use for it.

    Raises:
        KernelError: If `method` takes no kernel.
    """
    if not takes_kernel(method):
        habit = "restores end to end" if method.kernel_from == "nobody" else "fits a kernel of its own"
        raise KernelError(
            f"{method.name} {habit} and has no use for a given kernel; leave the kernel out, or choose a model that "
            "takes one, such as swift or wiener"
        )


def check_image(image: Tensor) -> Tensor:
    """Return `image` if it is a batch of images as methods take them.

    Raises:
        ValueError: If `image` is not a float tensor (B, 1 or 3, H, W).
    """
    if image.ndim != 4 or image.shape[1] not in (1, 3) or not image.is_floating_point():
        raise ValueError(
            f"expected a float tensor (B, 1 or 3, H, W) in [0, 1], got {image.dtype} {tuple(image.shape)}; "
            "pinsharp.images.arrays.to_tensor makes one of an array"
        )
    return image


def check_measurable(image: Tensor) -> None:
    """Refuse images (B, C, H, W) that are too small to measure a blur by.

    Raises:
        ImageError: If a side is shorter than 32 pixels: so few hold too little texture.
    """
    height, width = image.shape[-2:]
    if min(height, width) < MIN_BLIND_SIDE:
        raise ImageError(
            f"expected at least {MIN_BLIND_SIDE} x {MIN_BLIND_SIDE} pixels to measure a blur by, "
            f"got {width} x {height}; give the kernel, such as gaussian:2, to a model that takes one"
        )
