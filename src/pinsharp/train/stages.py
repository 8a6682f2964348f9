"""The three stages of training as modules: a batch in, a loss and its parts out (eq. 4 to 6 of the paper)."""

from typing import Any

import torch
from torch import Tensor, nn

from pinsharp.blur.kernels import kernel_sigma, render_kernels
from pinsharp.blur.noise import generator
from pinsharp.data.synthesis import Batch
from pinsharp.nets.estimate import KernelEstimate
from pinsharp.train.config import StageConfig

LEAST_NOISE = 5e-5
"""Noise, in units of full scale, below which its estimate need not follow it."""

PSNR_FLOOR = 1e-4
"""Mean squared error at which `psnr` stops to ask for more: 40 dB, or nearly sharp crops would lead the gradient."""


class Stage(nn.Module):
    """A net under the loss of one stage; what the stage does not train is frozen.

    Args:
        net: Net with `kernel_net`, `restorer`, `estimate` and `deconvolve`.
        config: The stage.
        seed: Seed of the jitter.
    """

    def __init__(self, net: nn.Module, config: StageConfig, seed: int = 0) -> None:
        super().__init__()
        self.net: Any = net  # any of the nets: they share methods, not a base class
        self.config = config
        self.seed = seed
        for name, part in (("kernel", self.net.kernel_net), ("deconv", self.net.restorer)):
            part.requires_grad_(config.kind in (name, "joint"))
        for name in config.frozen:
            net.get_submodule(name).requires_grad_(False)

    def forward(self, batch: Batch, index: int = 0) -> dict[str, Tensor]:
        """Compute `loss` and the parts of it that the log shows.

        Args:
            batch: Training pairs.
            index: Number of the batch's first sample, which decides the jitter.
        """
        if self.config.kind == "kernel":
            estimate = self.net.estimate(batch.blurred)
            return {"loss": kernel_loss(estimate, batch)}
        if self.config.kind == "deconv":
            restored = self.net.deconvolve(batch.blurred, self._jittered(batch, index))
            return {"loss": self._image_loss(restored, batch.sharp)}
        estimate = self.net.estimate(batch.blurred)
        image = self._image_loss(self.net.deconvolve(batch.blurred, self._fed(estimate)), batch.sharp)
        kernel = kernel_loss(estimate, batch)
        return {"loss": self.config.kernel_weight * kernel + image, "kernel_loss": kernel, "image_loss": image}

    def _image_loss(self, restored: Tensor, sharp: Tensor) -> Tensor:
        """Eq. 5: mean absolute error; or the mean over the images of -PSNR in units of 10 dB."""
        if self.config.loss == "l1":
            return (restored - sharp).abs().mean()
        return ((restored - sharp).square().mean(dim=(1, 2, 3)) + PSNR_FLOOR).log10().mean()

    def _fed(self, estimate: KernelEstimate) -> KernelEstimate:
        """The estimate as the restorer sees it."""
        return KernelEstimate(estimate.kernel.detach(), estimate.noise) if self.config.detach else estimate

    def _jittered(self, batch: Batch, index: int) -> KernelEstimate:
        """The true blur with the errors of an estimate on it."""
        draw = generator(self.seed, index)
        width = _factors(self.config.width_jitter, batch.noise, draw)
        noise = batch.noise * _factors(self.config.noise_jitter, batch.noise, draw)
        if not self.config.width_jitter:
            return KernelEstimate(batch.kernel, noise)
        size = batch.kernel.shape[-1]
        kernel = render_kernels((batch.sigma * width).double(), (batch.radius * width).double(), size)
        return KernelEstimate(kernel.float(), noise)


def kernel_loss(estimate: KernelEstimate, batch: Batch) -> Tensor:
    """Eq. 4: L1 distance of kernels, summed over their pixels and averaged over the batch.

    Nets that say how sure they are get two terms more: the Gaussian negative log-likelihood of the log width, which
    makes the predicted deviation honest, and the squared error of the log noise.
    """
    kernel, truth = _same_size(estimate.kernel, batch.kernel)
    loss = (kernel - truth).abs().sum(dim=(1, 2, 3)).mean()
    if estimate.log_width is not None and estimate.log_width_std is not None:
        width = (batch.sigma.square() + batch.radius.square() / 4).sqrt().log()
        deviation = (estimate.log_width - width) / estimate.log_width_std
        loss = loss + 0.1 * (0.5 * deviation.square().clamp(max=50) + estimate.log_width_std.log()).mean()
    if estimate.noise is not None:
        loss = loss + 0.1 * (estimate.noise / batch.noise.clamp(min=LEAST_NOISE)).log().square().mean()
    return loss


def width_errors(estimate: KernelEstimate, batch: Batch) -> Tensor:
    """Relative errors of the effective widths, (B,), sharp images (below 0.4 pixels) left out."""
    truth = kernel_sigma(batch.kernel)
    errors = (kernel_sigma(estimate.kernel) - truth).abs() / truth.clamp(min=1e-6)
    return errors[truth > 0.4]


def _factors(relative_error: float, like: Tensor, draw: torch.Generator) -> Tensor:
    """Log-normal factors around 1, (B,)."""
    return (relative_error * torch.randn(like.shape[0], generator=draw)).exp().to(like.device)


def _same_size(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Pad the smaller of two batches of kernels with zeros."""
    size = max(first.shape[-1], second.shape[-1])

    def grown(kernel: Tensor) -> Tensor:
        margin = (size - kernel.shape[-1]) // 2
        return nn.functional.pad(kernel, (margin, margin, margin, margin))

    return grown(first), grown(second)
