"""What a network knows about the blur of an image: one value that kernel estimators return and deconvolution takes."""

from dataclasses import dataclass, replace

from torch import Tensor

from pinsharp.blur.continuation import Continuation


@dataclass(frozen=True)
class KernelEstimate:
    """Blur of a batch of images, estimated or true.

    Args:
        kernel: Kernels (B, 1, K, K), sum 1.
        noise: Standard deviation of the noise, rounding included, in units of full scale, (B,); None if the net has no
            use for it.
        log_width: Natural logarithm of the effective width (second-moment sigma, pixels), (B,); None if not predicted.
        log_width_std: Standard deviation of `log_width`, which is also the relative error of the width, (B,).
        disk_share: Share of the squared width that a disc explains, in [0, 1], (B,): 0 Gaussian, 1 pure disc; None if
            the kernel is free-form.
        continuations: By which rule each image goes on past its border, None where it is cut out of a larger scene;
            None for all of them if nobody looked.
    """

    kernel: Tensor
    noise: Tensor | None = None
    log_width: Tensor | None = None
    log_width_std: Tensor | None = None
    disk_share: Tensor | None = None
    continuations: tuple[Continuation | None, ...] | None = None

    def of(self, index: int) -> "KernelEstimate":
        """What is known of one image, as of a batch of it alone."""
        one = slice(index, index + 1)
        return replace(self, **{name: value[one] for name, value in vars(self).items() if value is not None})
