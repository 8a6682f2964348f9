"""The three stages of training as modules: a batch in, a loss and its parts out (eq. 4 to 6 of the paper)."""

from typing import Any

import torch
from torch import Tensor, nn

from pinsharp.blur.kernels import kernel_sigma, render_kernels
from pinsharp.blur.noise import generator
from pinsharp.data.synthesis import Batch
from pinsharp.errors import ConfigError
from pinsharp.nets.estimate import KernelEstimate
from pinsharp.train.config import StageConfig

LEAST_NOISE = 5e-5
"""Noise, in units of full scale, below which its estimate need not follow it."""

PSNR_FLOOR = 1e-4
"""Mean squared error at which `psnr` stops to ask for more: 40 dB, or nearly sharp crops would lead the gradient."""

_JITTER = 500_000_000  # sets the random numbers of the jitter apart from those that make the pairs


class Stage(nn.Module):
    """A net under the loss of one stage; what the stage does not train is frozen.

    Args:
        net: Net with `kernel_net`, `restorer`, `estimate` and `deconvolve`.
        config: The stage.
        seed: Seed of the jitter.

    Raises:
        ConfigError: If a frozen part is not there, or nothing is left to train.
    """

    def __init__(self, net: nn.Module, config: StageConfig, seed: int = 0) -> None:
        super().__init__()
        self.net: Any = net  # any of the nets: they share methods, not a base class
        self.config = config
        self.seed = seed
        for name, part in (("kernel", self.net.kernel_net), ("deconv", self.net.restorer)):
            part.requires_grad_(config.kind in (name, "joint"))
        parts = dict(net.named_modules())
        for name in config.frozen:
            if name not in parts:
                known = ", ".join(part for part in parts if part and part.count(".") < 2)
                raise ConfigError(f"stage.frozen: the net has no part {name!r}; it has {known}")
            parts[name].requires_grad_(False)
        if not any(parameter.requires_grad for parameter in net.parameters()):
            raise ConfigError(f"stage.frozen leaves nothing to train in this {config.kind} stage")

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
        if not self.config.detach:
            return estimate
        noise = None if estimate.noise is None else estimate.noise.detach()
        return KernelEstimate(estimate.kernel.detach(), noise)

    def _jittered(self, batch: Batch, index: int) -> KernelEstimate:
        """The true blur with the errors of an estimate on it."""
        # Drawn sample by sample, so that it does not matter how many processes share a batch.
        draws = [generator(self.seed + _JITTER, index + place) for place in range(len(batch.noise))]
        errors = torch.stack([torch.randn(2, generator=draw) for draw in draws]).to(batch.noise.device)
        width = (self.config.width_jitter * errors[:, 0]).exp()  # log-normal around 1, (B,)
        noise = batch.noise * (self.config.noise_jitter * errors[:, 1]).exp()
        if not self.config.width_jitter:
            return KernelEstimate(batch.kernel, noise)
        size = batch.kernel.shape[-1]
        kernel = render_kernels((batch.sigma * width).double(), (batch.radius * width).double(), size)
        return KernelEstimate(kernel.float(), noise)


def kernel_loss(estimate: KernelEstimate, batch: Batch) -> Tensor:
    """Eq. 4: L1 distance of kernels, summed over their pixels and averaged over the batch.

    Nets that say more than a kernel are told more: the Gaussian negative log-likelihood of the log width, which makes
    the predicted deviation honest, and the squared errors of the disc's share and of the log noise. Without the share's
    own term, small discs stayed half Gaussian: between the two the kernels' distance is flat.
    """
    kernel, truth = _same_size(estimate.kernel, batch.kernel)
    loss = (kernel - truth).abs().sum(dim=(1, 2, 3)).mean()
    if estimate.log_width is not None and estimate.log_width_std is not None:
        width = (batch.sigma.square() + batch.radius.square() / 4).sqrt().log()
        deviation = (estimate.log_width - width) / estimate.log_width_std
        loss = loss + 0.1 * (0.5 * deviation.square() + estimate.log_width_std.log()).mean()
    if estimate.disk_share is not None:
        share = batch.radius.square() / (4 * batch.sigma.square() + batch.radius.square())
        loss = loss + (estimate.disk_share - share).square().mean()
    if estimate.noise is not None:
        loss = loss + 0.1 * (estimate.noise / batch.noise.clamp(min=LEAST_NOISE)).log().square().mean()
    return loss


def width_errors(estimate: KernelEstimate, batch: Batch) -> Tensor:
    """Relative errors of the effective widths, (B,), sharp images (below 0.4 pixels) left out."""
    truth = kernel_sigma(batch.kernel)
    errors = (kernel_sigma(estimate.kernel) - truth).abs() / truth.clamp(min=1e-6)
    return errors[truth > 0.4]


def _same_size(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Pad the smaller of two batches of kernels with zeros."""
    size = max(first.shape[-1], second.shape[-1])

    def grown(kernel: Tensor) -> Tensor:
        margin = (size - kernel.shape[-1]) // 2
        return nn.functional.pad(kernel, (margin, margin, margin, margin))

    return grown(first), grown(second)
