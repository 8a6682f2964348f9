"""The stages of training as modules: a batch in, a loss and its parts out (eq. 4 to 6 of the paper; end to end)."""

from typing import Any

import torch
from torch import Tensor, nn

from pinsharp.blur.camera import generator
from pinsharp.blur.family import effective_width, exact_kernels, share_of_disk
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.synthesis import Batch
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import traits_of
from pinsharp.train.config import ImageLoss, StageConfig, StageKind
from pinsharp.train.observed import Observed
from pinsharp.train.vote_loss import vote_losses

LEAST_NOISE = 5e-5
"""Noise, in units of full scale, below which its estimate need not follow it."""

PSNR_FLOOR = 1e-4
"""Mean squared error at which `psnr` stops to ask for more: 40 dB, or nearly sharp crops would lead the gradient."""

_ABSENT = {
    "kernel": "has no kernel estimator",
    "joint": "has no kernel estimator",
    "deconv": "has no part that takes a kernel",
    "direct": "does not restore without a kernel",
    "guard": "has no guard",
    "clean": "has no restorer of its own for clean images",
}
_TRAINED = {
    "kernel": ("kernel_net",),
    "deconv": ("restorer",),
    "joint": ("kernel_net", "restorer"),
    "direct": ("",),
    "guard": ("guard",),
    "clean": ("clean",),
}

HARM = 2.0
"""Weight of harm beside the error of a guard: a restoration that is worse than none costs three times what it gains."""

MISLED_WIDTH, MISLED_SHARE = 0.2, 0.4
"""Errors, one standard deviation, of the logarithm of the width and of the disc's share of a kernel that misleads."""

SURE = 0.05
"""Standard deviation of the logarithm of a measured width up to which no kernel misleads."""

_JITTER, _BLIND = 500_000_000, 900_000_000  # sets these random numbers apart from those that make the pairs


def check_stage(net: nn.Module, kind: StageKind) -> None:
    """Refuse a stage that trains what a net does not have.

    Raises:
        ConfigError: If the net lacks what a stage of this kind trains.
    """
    possible = traits_of(net).stages
    if kind not in possible:
        raise ConfigError(
            f"a {kind} stage cannot train this net: {type(net).__name__} {_ABSENT[kind]}; "
            f"use stages of kind {' or '.join(possible)}"
        )


class Stage(nn.Module):
    """A net under the loss of one stage; what the stage does not train is frozen. The seed is that of the jitter.

    The net has `kernel_net` and `restorer` where it estimates and takes a kernel.

    Raises:
        ConfigError: If the net has nothing that such a stage could train, a frozen part is not there, or nothing is
            left to train.
    """

    def __init__(self, net: nn.Module, config: StageConfig, seed: int = 0) -> None:
        super().__init__()
        check_stage(net, config.kind)
        self.net: Any = net  # any of the nets: they share methods, not a base class
        self.traits = traits_of(net)
        self.config = config
        self.seed = seed
        net.requires_grad_(False)
        parts = dict(net.named_modules())
        for part in _TRAINED[config.kind]:
            if part not in parts:
                raise ConfigError(f"a {config.kind} stage cannot train this net: it {_ABSENT[config.kind]}")
            parts[part].requires_grad_(True)
        for name in config.frozen:
            if name not in parts:
                known = ", ".join(part for part in parts if part and part.count(".") < 2)
                raise ConfigError(f"stage.frozen: the net has no part {name!r}; it has {known}")
            parts[name].requires_grad_(False)
        if not any(parameter.requires_grad for parameter in net.parameters()):
            raise ConfigError(f"stage.frozen leaves nothing to train in this {config.kind} stage")

    def forward(self, batch: Batch | Observed, index: int = 0) -> dict[str, Tensor]:
        """Compute `loss` and the parts of it that the log shows.

        For a kernel stage the pairs may come as an estimator has observed them. `index`, the number of the batch's
        first sample, decides the jitter.
        """
        if isinstance(batch, Observed):
            judged = self.net.kernel_net.judge
            if self.net.kernel_net.VOTES:
                return vote_losses(judged, batch, generator(self.seed + _JITTER, index), self.config.mixed)
            return {"loss": kernel_loss(judged(batch.features), batch)}
        if self.config.kind == "kernel":
            estimate = self.net.estimate(batch.blurred)
            return {"loss": kernel_loss(estimate, batch)}
        if self.config.kind == "direct":
            return {"loss": self._image_loss(self.net.restore_scales(batch.blurred), batch.sharp)}
        if self.config.kind == "guard":
            return self._guard_losses(batch, index)
        if self.config.kind == "clean":
            truth = self._jittered(batch, index)
            return {"loss": self._image_loss([self.net.clean(batch.blurred, truth.kernel, truth.noise)], batch.sharp)}
        if self.config.kind == "deconv":
            restored = self._deconvolved(batch.blurred, self._jittered(batch, index))
            if batch.mask is not None:
                return {"loss": image_loss(restored[0], batch.sharp, self.config.loss, batch.mask)}
            return {"loss": self._image_loss(restored, batch.sharp)}
        return self._joint_losses(batch)

    def _joint_losses(self, batch: Batch) -> dict[str, Tensor]:
        """The error of images that are restored with the net's own estimate, and that of the estimate."""
        estimate = self.net.estimate(batch.blurred)
        fed = estimate.detach() if self.config.detach else estimate
        image = self._image_loss(self._deconvolved(batch.blurred, fed), batch.sharp)
        kernel = kernel_loss(estimate, batch)
        return {"loss": self.config.kernel_weight * kernel + image, "kernel_loss": kernel, "image_loss": image}

    def _guard_losses(self, batch: Batch, index: int) -> dict[str, Tensor]:
        """The error of what the guard blends, and by how much it is worse than no restoration at all."""
        with torch.no_grad():
            estimate = self._partly_blind(batch, index)
        blended = self.net.deconvolve(batch.blurred, estimate)
        mask = torch.ones_like(batch.blurred[:, :1], dtype=torch.bool) if batch.mask is None else batch.mask
        errors = [image_errors(image, batch.sharp, mask) for image in (blended, batch.blurred)]
        image = errors[0].mean()
        harm = (errors[0] - errors[1]).clamp(min=0).mean()
        return {"loss": image + HARM * harm, "image_loss": image, "harm": harm}

    def _partly_blind(self, batch: Batch, index: int) -> BlurField:
        """What the estimator says of most pairs, the truth of `known` of them."""
        found, truth = self.net.estimate(batch.blurred), self._jittered(batch, index)
        draws = [generator(self.seed + _BLIND, index + place) for place in range(len(batch.noise))]
        is_known, misleads = torch.stack([torch.rand(2, generator=draw) for draw in draws]).to(batch.noise).unbind(1)
        assert found.log_width_std is not None
        is_known, misleads = is_known < self.config.known, misleads < self.config.misled
        misleads &= found.log_width_std > SURE  # laboratory images are what they are said to be
        width, share = torch.stack([torch.randn(2, generator=draw) for draw in draws]).to(batch.noise).unbind(1)
        factor = (MISLED_WIDTH * width).exp()
        sigma, radius = _other_share(batch.sigma * factor, batch.radius * factor, MISLED_SHARE * share)
        wrong = exact_kernels(sigma, radius, batch.kernel.shape[-1])
        one, other = _same_size(found.kernel, truth.kernel)
        one = torch.where(misleads[:, None, None, None], _same_size(wrong, one)[0], one)
        assert found.noise is not None
        assert truth.noise is not None
        return BlurField(
            torch.where(is_known[:, None, None, None], other, one),
            torch.where(is_known[:, None], truth.noise, found.noise),
            log_width_std=torch.where(is_known, 0.0, found.log_width_std),
        )

    def _deconvolved(self, blurred: Tensor, estimate: BlurField) -> list[Tensor]:
        """Restored images at all scales that the net has, finest first."""
        if self.traits.has_scales:
            return list(self.net.deconvolve_scales(blurred, estimate))
        return [self.net.deconvolve(blurred, estimate)]

    def _image_loss(self, restored: list[Tensor], sharp: Tensor) -> Tensor:
        """The sum over the scales of the loss against the sharp image of that size."""
        pairs = zip(restored, self._targets(sharp), strict=True)
        first, *others = [image_loss(scale, target, self.config.loss) for scale, target in pairs]
        return sum(others, first)

    @torch.no_grad()
    def _targets(self, sharp: Tensor) -> list[Tensor]:
        """Sharp images for all scales, shrunk as the net itself has it."""
        with torch.autocast(sharp.device.type, enabled=False):  # half precision would round them
            return list(self.net.targets(sharp)) if self.traits.has_scales else [sharp]

    def _jittered(self, batch: Batch, index: int) -> BlurField:
        """The true blur with the errors of an estimate on it, and how large they may be."""
        # Drawn sample by sample, so that it does not matter how many processes share a batch.
        draws = [generator(self.seed + _JITTER, index + place) for place in range(len(batch.noise))]
        errors = torch.stack([torch.randn(2, generator=draw) for draw in draws]).to(batch.noise.device)
        doubt = torch.stack([torch.rand((), generator=draw) for draw in draws]).to(batch.noise.device)
        noise = batch.noise * (self.config.noise_jitter * errors[:, 1]).exp().reshape(-1, *[1] * (batch.noise.ndim - 1))
        if batch.noise.ndim == 2:  # an estimate is off by ring as well
            by_ring = torch.stack([torch.randn(noise.shape[1], generator=draw) for draw in draws]).to(noise)
            noise = noise * (self.config.noise_jitter * by_ring).exp()
        width_std = (self.config.width_jitter**2 + (self.config.doubt * doubt).square()).sqrt()  # (B,)
        if not (self.config.width_jitter or self.config.doubt):
            return BlurField(batch.kernel, noise)
        width = (width_std * errors[:, 0]).exp()  # log-normal around 1
        sigma, radius = batch.sigma * width, batch.radius * width
        if self.config.share_jitter or self.config.share_doubt:
            shares = torch.stack([torch.randn((), generator=draw) for draw in draws]).to(sigma)
            sigma, radius = _other_share(
                sigma, radius, shares * (self.config.share_jitter + self.config.share_doubt * doubt)
            )
        kernel = exact_kernels(sigma, radius, batch.kernel.shape[-1])
        if self.config.known:
            known = torch.stack([torch.rand((), generator=draw) for draw in draws]).to(sigma) < self.config.known
            kernel = torch.where(known[:, None, None, None], batch.kernel, kernel)
            width_std = width_std * ~known
        return BlurField(kernel, noise, log_width_std=width_std)


def _other_share(sigma: Tensor, radius: Tensor, errors: Tensor) -> tuple[Tensor, Tensor]:
    """Sigma and radius of kernels of the same width whose disc's share is off by errors (B,)."""
    disk, gaussian = radius.square() / 4, sigma.square()
    total = disk + gaussian
    share = (disk / total.clamp(min=1e-6) + errors).clamp(0, 1)
    return (total * (1 - share)).sqrt(), 2 * (total * share).sqrt()


def image_loss(restored: Tensor, sharp: Tensor, kind: ImageLoss, mask: Tensor | None = None) -> Tensor:
    """Distance of restored from sharp images (B, C, H, W), where a mask (B, 1, H, W) is true.

    `l1` (eq. 5) and `mse` are means over all pixels; `psnr` the mean over the images of -PSNR in units of 10 dB.
    """
    if mask is not None:
        return _masked_loss(restored - sharp, mask, kind)
    if kind == "l1":
        return (restored - sharp).abs().mean()
    if kind == "mse":
        return (restored - sharp).square().mean()
    return ((restored - sharp).square().mean(dim=(1, 2, 3)) + PSNR_FLOOR).log10().mean()


def _masked_loss(difference: Tensor, mask: Tensor, kind: ImageLoss) -> Tensor:
    """The same, each image's mean over the pixels that count."""
    distances = difference.abs() if kind == "l1" else difference.square()
    means = _masked_means(distances, mask)
    return (means + PSNR_FLOOR).log10().mean() if kind == "psnr" else means.mean()


def image_errors(restored: Tensor, sharp: Tensor, mask: Tensor) -> Tensor:
    """The `psnr` loss of each image (B, C, H, W), (B,)."""
    return (_masked_means((restored - sharp).square(), mask) + PSNR_FLOOR).log10()


def _masked_means(values: Tensor, mask: Tensor) -> Tensor:
    counted = mask.expand_as(values)
    return (values * counted).sum(dim=(1, 2, 3)) / counted.sum(dim=(1, 2, 3)).clamp(min=1)


def kernel_loss(estimate: BlurField, batch: Batch | Observed) -> Tensor:
    """Eq. 4: L1 distance of kernels, summed over their pixels and averaged over the batch.

    Nets that give more than a kernel are trained on more: the Gaussian negative log-likelihood of the log width, which
    makes the predicted deviation honest, and the squared errors of the disc's share and of the log noise. Without the
    share's own term, small discs stayed half Gaussian: between the two the kernels' distance is flat.
    """
    kernel, truth = _same_size(estimate.kernel, batch.kernel)
    loss = (kernel - truth).abs().sum(dim=(1, 2, 3)).mean()
    if estimate.log_width is not None and estimate.log_width_std is not None:
        log_width = effective_width(batch.sigma, batch.radius).log()
        deviation = (estimate.log_width - log_width) / estimate.log_width_std
        loss = loss + 0.1 * (0.5 * deviation.square() + estimate.log_width_std.log()).mean()
    if estimate.disk_share is not None:
        loss = loss + (estimate.disk_share - share_of_disk(batch.sigma, batch.radius)).square().mean()
    if estimate.noise is not None:
        loss = loss + 0.1 * (estimate.noise / batch.noise.clamp(min=LEAST_NOISE)).log().square().mean()
    return loss


def width_errors(estimate: BlurField, batch: Batch) -> Tensor:
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
