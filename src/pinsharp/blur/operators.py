"""The blur operator y = A x: convolution with a kernel under a boundary rule, and its adjoint."""

from typing import Literal, get_args

import torch
from torch import Tensor

from pinsharp.blur.continuation import source_pixels
from pinsharp.blur.fourier import circular_convolve
from pinsharp.blur.kernels import check_kernel
from pinsharp.errors import ConfigError, ImageError

Boundary = Literal["reflect", "replicate", "zero", "circular", "valid"]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)


class Blur:
    """Uniform blur of images by convolution (never correlation) with one kernel.

    The image continues past its border by reflection (edge pixel not repeated), by its edge value, by zeros, or
    periodically; `valid` continues it not at all, and the result is smaller by half a kernel on each side.

    Args:
        kernel: Kernel (1, 1, K, K), or (B, 1, K, K) for one per image.
        boundary: How the image continues past its border.
    """

    def __init__(self, kernel: Tensor, boundary: Boundary = "reflect") -> None:
        if boundary not in BOUNDARIES:
            raise ConfigError(f"boundary must be one of {', '.join(BOUNDARIES)}, got {boundary!r}")
        self.kernel = check_kernel(kernel)
        self.boundary = boundary
        self.margin = kernel.shape[-1] // 2

    def __call__(self, image: Tensor) -> Tensor:
        """Blur images (B, C, H, W); the result has the same shape, or H - K + 1 by W - K + 1 for `valid`.

        Raises:
            ImageError: If the boundary is `valid` and the image is smaller than the kernel.
        """
        if self.boundary == "valid":
            return self._crop(circular_convolve(self._checked_for_valid(image), self.kernel))
        return self._crop(circular_convolve(self._pad(image), self.kernel))

    def adjoint(self, image: Tensor) -> Tensor:
        """Apply the transpose of the blur, <A x, y> = <x, A' y>, to images of the shape that the blur returns."""
        margin = self.margin
        spread = torch.nn.functional.pad(image, (margin, margin, margin, margin))
        correlated = circular_convolve(spread, self.kernel.flip(-2, -1))
        return correlated if self.boundary == "valid" else self._fold(correlated)

    def _crop(self, image: Tensor) -> Tensor:
        margin = self.margin
        return image[..., margin : image.shape[-2] - margin, margin : image.shape[-1] - margin]

    def _pad(self, image: Tensor) -> Tensor:
        """Continue the image by half a kernel on each side."""
        for axis in (-2, -1):
            source, inside = self._sources(image.shape[axis], image.device)
            image = image.index_select(axis, source) * _along(inside.to(image.dtype), axis)
        return image

    def _fold(self, padded: Tensor) -> Tensor:
        """Transpose of `_pad`: add each continued pixel back to the one that it was copied from."""
        for axis in (-2, -1):
            size = padded.shape[axis] - 2 * self.margin
            source, inside = self._sources(size, padded.device)
            shape = list(padded.shape)
            shape[axis] = size
            masked = padded * _along(inside.to(padded.dtype), axis)
            padded = padded.new_zeros(shape).index_add(axis, source, masked)
        return padded

    def _sources(self, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """For each position of a padded axis: which pixel it copies, and whether it carries anything at all."""
        position = torch.arange(-self.margin, size + self.margin, device=device)
        inside = torch.ones_like(position, dtype=torch.bool)
        if self.boundary in ("circular", "reflect"):
            return source_pixels(position, size, self.boundary), inside
        if self.boundary == "zero":
            inside = (position >= 0) & (position < size)
        return position.clamp(0, size - 1), inside

    def _checked_for_valid(self, image: Tensor) -> Tensor:
        side = self.kernel.shape[-1]
        if min(image.shape[-2:]) < side:
            height, width = image.shape[-2:]
            raise ImageError(
                f"boundary 'valid' needs an image of at least {side} x {side} pixels, got {width} x {height}"
            )
        return image


def _along(values: Tensor, axis: int) -> Tensor:
    return values[:, None] if axis == -2 else values
