"""Fitting SelfDeblur to one blurred image: thousands of steps that can be stopped and resumed.

Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020: an image out of one generator, blurred with the
kernel out of the other, has to look like the blurred image. The generated image is larger by a kernel, so that the blur
is a valid convolution and no assumption is made about what lies past the border.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.blur.operators import Blur
from pinsharp.errors import ConfigError, ImageError, PinsharpError
from pinsharp.metrics import SSIM_WINDOW, mse, ssim
from pinsharp.nets.peers.fit_state import load_state, save_state
from pinsharp.nets.peers.selfdeblur import NOISE_SCALE, ImageGenerator, KernelGenerator, SelfDeblurConfig
from pinsharp.version import __version__

SAVE_EVERY = 100
"""Steps between two states on disk: what a killed process loses at most. An interrupted one loses nothing."""

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as the authors' conversion to YCbCr has it


@dataclass(frozen=True, eq=False)
class SelfDeblurResult:
    """What a fit found."""

    image: Tensor  # restored image (1, C, H, W) in [0, 1], float32, on the device of the input
    kernel: Tensor  # the kernel (1, 1, K, K), sum 1
    losses: tuple[float, ...]  # loss of each step: mean squared error first, then 1 - SSIM


def fit(
    image: Tensor,
    config: SelfDeblurConfig,
    *,
    progress: Callable[[int, int, float], None] | None = None,
    state: Path | None = None,
    resume: bool = False,
    save_every: int = SAVE_EVERY,
) -> SelfDeblurResult:
    """Fit both generators to a blurred image, in float32 whatever the surroundings, on the device of the image.

    Two fits of one image with one config are equal to the last bit on the same CPU with as many threads, one that was
    interrupted and resumed included. The authors' SSIM pads the image with zeros; ours leaves out half a window at the
    border. Their result is the output of the last step; ours comes from the weights after it, without jitter.

    Args:
        image: Blurred image (1, C, H, W) in [0, 1], C 1 or 3.
        config: Settings.
        progress: Called after each step with the steps done, all steps and the loss.
        state: File for all that further steps depend on: written before the first step, every `save_every` steps, when
            interrupted (KeyboardInterrupt) and at the end.
        resume: Go on from `state`; after the end that returns the result at once.
        save_every: Steps between two states.

    Raises:
        ImageError: If the image is too small for the levels of the generator or for SSIM.
        ConfigError: If `state` exists and `resume` is not asked for; or it cannot be resumed from.
        OutputError: If `state` cannot be written.
        PinsharpError: If the loss stops being a number.
        ValueError: If `image` is no such tensor, or `resume` is asked for without `state`.
    """
    _check(image, config)
    if resume and state is None:
        raise ValueError("resume needs the file to resume from; give state too")
    if state is not None and not resume and state.exists():
        raise ConfigError(f"{state} already exists and may hold hours of work; resume it, delete it or name another")
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(image.device.type, enabled=False):
        work = _Fit(image.detach().clone().float(), config)
        if resume and state is not None:
            work.load(state)
        _run(work, progress, state, save_every)
        return work.result()


def _run(work: "_Fit", progress: Callable[[int, int, float], None] | None, state: Path | None, save_every: int) -> None:
    """Make all steps that are left and keep the state on disk."""

    def save() -> None:
        if state is not None:
            work.save(state)

    save()
    try:
        while work.done < work.config.steps:
            loss = work.step()
            if progress is not None:
                progress(work.done, work.config.steps, loss)
            if work.done % save_every == 0:
                save()
    except KeyboardInterrupt:
        if work.is_whole:  # else the last state on disk is the one to go on from
            save()
        raise
    save()


class _Fit:
    """Generators, optimiser and losses of one fit.

    Its randomness comes from the seed and the number of the step alone, so that no generator's state has to be kept.
    """

    def __init__(self, image: Tensor, config: SelfDeblurConfig) -> None:
        self.blurred, self.config = image, config
        self.target = _luma(image) if config.colour == "luma" else image  # (1, 1 or 3, H, W)
        self.losses: list[float] = []
        self.is_whole = True
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            nets = {"image": ImageGenerator(config, self.target.shape[1]), "kernel": KernelGenerator(config)}
        self.nets = nn.ModuleDict(nets).to(image.device)
        self.nets.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        side = config.kernel_size - 1
        shape = (1, config.noise_channels, image.shape[-2] + side, image.shape[-1] + side)
        random = torch.Generator().manual_seed(config.seed)
        self.image_noise = NOISE_SCALE * torch.rand(shape, generator=random)
        self.kernel_noise = NOISE_SCALE * torch.rand((1, config.kernel_noise), generator=random).to(image.device)
        self.optimiser = torch.optim.Adam(
            [
                {"params": list(self.nets["image"].parameters()), "lr": config.image_lr},
                {"params": list(self.nets["kernel"].parameters()), "lr": config.kernel_lr},
            ]
        )

    @property
    def done(self) -> int:
        """Steps that were made."""
        return len(self.losses)

    def step(self) -> float:
        """Make one step and return its loss."""
        wide, kernel = self._generate(self._jittered())
        reblurred = Blur(kernel, "valid")(wide)  # (1, C, H, W)
        if self.done < round(self.config.mse_share * self.config.steps):
            loss = mse(reblurred, self.target).sum()
        else:
            loss = 1 - ssim(reblurred, self.target).sum()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise PinsharpError(
                f"expected a finite loss, got {value} at step {self.done + 1}; fit again with a lower image_lr"
            )
        for group, rate in zip(self.optimiser.param_groups, (self.config.image_lr, self.config.kernel_lr), strict=True):
            group["lr"] = rate * rate_factor(self.config, self.done)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.is_whole = False  # an interrupt from here on leaves some parameters moved and others not
        self.optimiser.step()
        self.losses.append(value)
        self.is_whole = True
        return value

    @torch.no_grad()
    def result(self) -> SelfDeblurResult:
        """Generate image and kernel with the weights as they are."""
        wide, kernel = self._generate(self.image_noise)
        height, width = self.blurred.shape[-2:]
        row, column = _offset(kernel) if self.config.centre else (0, 0)
        margin = self.config.kernel_size // 2
        top, left = margin - row, margin - column
        fitted = wide[..., top : top + height, left : left + width]
        kernel = F.pad(kernel, (-column, column, -row, row))
        # Replacing the luma and keeping the chroma adds the same difference to red, green and blue.
        image = self.blurred + (fitted - self.target) if self.config.colour == "luma" else fitted
        return SelfDeblurResult(image.clamp(0, 1).contiguous(), kernel / kernel.sum(), tuple(self.losses))

    def save(self, path: Path) -> None:
        """Write all that further steps depend on."""
        moments = self.optimiser.state_dict()["state"]
        tensors = {f"net.{name}": value for name, value in self.nets.state_dict().items()}
        for number, values in moments.items():
            tensors |= {f"adam.{number}.{name}": value for name, value in values.items()}
        tensors["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        save_state(path, tensors, _about(self.blurred, self.config))

    def load(self, path: Path) -> None:
        """Go on from what `save` has written."""
        tensors = load_state(path, _about(self.blurred, self.config))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "adam":
                number, _, moment = rest.partition(".")
                moments.setdefault(int(number), {})[moment] = value
        groups = self.optimiser.state_dict()["param_groups"]
        net = {name.removeprefix("net."): value for name, value in tensors.items() if name.startswith("net.")}
        self.nets.load_state_dict(net)
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        self.losses = tensors["losses"].tolist()

    def _generate(self, image_noise: Tensor) -> tuple[Tensor, Tensor]:
        """Image (1, C, H + K - 1, W + K - 1) and kernel (1, 1, K, K)."""
        noise = image_noise.to(self.blurred.device).contiguous(memory_format=torch.channels_last)
        return self.nets["image"](noise), self.nets["kernel"](self.kernel_noise)

    def _jittered(self) -> Tensor:
        random = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.done + 1)
        return self.image_noise + self.config.jitter * torch.randn(self.image_noise.shape, generator=random)


def fit_key(image: Tensor, config: SelfDeblurConfig) -> str:
    """A name for the fit of an image (1, C, H, W): that of the same image and settings, and of this version, alone."""
    about = {"pinsharp": __version__, **_about(image.detach().float(), config)}
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]


def rate_factor(config: SelfDeblurConfig, step: int) -> float:
    """Share of both learning rates that is left at a step, counted from 0: halved at each milestone."""
    factor: float = 0.5 ** sum(step >= round(share * config.steps) for share in config.milestones)
    return factor


def _about(image: Tensor, config: SelfDeblurConfig) -> dict[str, Any]:
    pixels = image.cpu().contiguous()
    digest = hashlib.sha256(repr(tuple(pixels.shape)).encode() + pixels.numpy().tobytes()).hexdigest()
    return {"image": f"sha256:{digest[:16]}", **asdict(config)}


def _check(image: Tensor, config: SelfDeblurConfig) -> None:
    if image.ndim != 4 or image.shape[0] != 1 or image.shape[1] not in (1, 3) or not image.is_floating_point():
        raise ValueError(
            f"expected a float tensor (1, 1 or 3, H, W) in [0, 1], got {image.dtype} {tuple(image.shape)}; fit one "
            "image at a time"
        )
    height, width = image.shape[-2:]
    smallest = max(SSIM_WINDOW, config.smallest_side)
    if min(height, width) < smallest:
        raise ImageError(
            f"expected at least {smallest} x {smallest} pixels for {config.levels} levels and a kernel of "
            f"{config.kernel_size}, got {width} x {height}; use fewer levels or a larger image"
        )


def _luma(image: Tensor) -> Tensor:
    """Luma (1, 1, H, W) of a mono or colour image."""
    if image.shape[1] == 1:
        return image
    return (image * image.new_tensor(_LUMA)[:, None, None]).sum(dim=1, keepdim=True)


def _offset(kernel: Tensor) -> tuple[int, int]:
    """How far a kernel's centroid lies from its centre pixel, in whole pixels (down, right)."""
    values = kernel[0, 0].double().cpu()
    position = torch.arange(len(values), dtype=torch.float64) - len(values) // 2
    row, column = (values.sum(dim=1) @ position).item(), (values.sum(dim=0) @ position).item()
    return round(row), round(column)
