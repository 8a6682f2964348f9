"""`swift`, our CPU-first net: spectral kernel estimate, local Wiener bank, half-resolution trunk, no global pooling.

Everything after the estimate is local: a window with `Swift.halo` more pixels on each side is restored as it would be
inside the image, and `Swift.windows` restores windows that are what the whole image is there, to the last bit. Only the
estimate looks at the whole image, and it is made once.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from pinsharp.blur.continuation import ContinuedImage, Read
from pinsharp.blur.field import BlurField, noise_level
from pinsharp.blur.levels import Levels
from pinsharp.blur.normalise import BT601
from pinsharp.errors import ConfigError
from pinsharp.nets.swift.config import SwiftConfig
from pinsharp.nets.swift.guard import Guard, GuardedRows
from pinsharp.nets.swift.level import Level, without_level
from pinsharp.nets.swift.restorer import SwiftRestorer
from pinsharp.nets.swift.spectrum_net import SpectrumConfig, SpectrumNet
from pinsharp.nets.swift.window_net import WindowConfig, WindowNet

MARGIN = 32
"""Pixels that are added on each side of an image of which it is known how it goes on, whole strides of the trunk."""

COLOURS = 3

CHANNEL_NOISE = 1 / math.sqrt(sum(weight**2 for weight in BT601))
"""White noise of a channel, in that of brightness, where channels do not depend on each other."""

_Condition = tuple[Tensor, Tensor, Tensor | None]


class Swift(nn.Module):
    """Blind deblurring in three steps: estimate kernel and noise, deconvolve by a bank, refine by a small U-shaped net.

    Mono and colour images share all weights but the first and the last layer, unless mono has a trunk of its own.
    """

    def __init__(self, config: SwiftConfig | None = None) -> None:
        super().__init__()
        self.config = config or SwiftConfig()
        settings = self.config
        self.kernel_net = _estimator(settings)
        self.restorer = SwiftRestorer(settings)
        self.clean: SwiftRestorer | None = None
        if settings.clean:
            plain = replace(
                settings, condition_doubt=False, noise_rings=0, mono_blocks=0, mono_deep_blocks=0, guard=False
            )
            self.clean = SwiftRestorer(plain)
        self.guard: Guard | None = None
        if settings.guard:
            if self.restorer.condition is None:
                raise ConfigError("guard needs a condition, got condition = 0; leave one of them out")
            self.guard = Guard(self.restorer.condition.told_length)

    @property
    def halo(self) -> int:
        """Pixels around a window that its restoration depends on."""
        return self.restorer.halo

    def estimate(self, blurred: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Estimate kernel, width with its uncertainty, and noise of images (B, C, H, W).

        Pixels that are `hidden`, (B, 1, H, W), are ignored where windows vote.
        """
        estimate: BlurField = self.kernel_net(blurred, hidden) if self.kernel_net.VOTES else self.kernel_net(blurred)
        return estimate

    def estimate_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        """Estimate the one blur of several parts (N, C, H, W) of one image; as `estimate` otherwise."""
        return self.kernel_net.estimate_parts(parts, *([hidden] if self.kernel_net.VOTES else []))

    @property
    def votes(self) -> bool:
        """Whether the windows of an image vote, so that those of several can."""
        return bool(self.kernel_net.VOTES)

    def estimate_together(self, images: Iterable[tuple[Tensor, Tensor | None]]) -> BlurField:
        """Estimate the one blur of several images, each as parts of it and its hidden pixels; only where it votes."""
        assert isinstance(self.kernel_net, WindowNet)  # whose windows vote
        return self.kernel_net.estimate_together(images)

    def deconvolve(self, blurred: Tensor, estimate: BlurField) -> Tensor:
        """Restore images (B, C, H, W), C 1 or 3, given their kernels and noise; not clamped to [0, 1].

        Where an image goes on past its border by a known rule, it is restored with a margin that follows the rule.
        Where its brightness and contrast are known, the restorer sees it without them. A guard has its say.
        """
        if len(blurred) > 1 and any(self._is_clean(blurred.shape[1], estimate.of(n)) for n in range(len(blurred))):
            # Each by the restorer that fits it.
            return torch.cat([self.deconvolve(image[None], estimate.of(n)) for n, image in enumerate(blurred)])
        whole = (slice(0, blurred.shape[-2]), slice(0, blurred.shape[-1]))
        level, known = Level.of(estimate, (blurred.shape[-2], blurred.shape[-1])), without_level(estimate)
        seen = level.enter(blurred, *whole)
        if any(known.continuations or ()):
            images = [self._continued(image[None], known.of(number)) for number, image in enumerate(seen)]
            restored, steady = (torch.cat(parts) for parts in zip(*images, strict=True))
        else:
            restorer, condition = self._fitting(seen.shape[1], known)
            restored, steady = restorer.layers(seen, *condition)
        if self.guard is not None and not self._is_clean(seen.shape[1], known):
            restored = self.guard(restored, steady, seen, self.known(known))
        return level.leave(restored, *whole)

    def _is_clean(self, channels: int, known: BlurField) -> bool:
        """Whether one image is restored by the restorer for clean images of colour."""
        return self.clean is not None and channels == COLOURS and known.is_clean == (True,)

    def _fitting(self, channels: int, known: BlurField) -> tuple["SwiftRestorer", _Condition]:
        """The restorer for images of some channels with such a blur, and what describes the blur to it."""
        kernel, noise, width_std = _condition(known)
        if self.clean is None or not self._is_clean(channels, known):
            return self.restorer, (kernel, noise, width_std)
        level = noise if noise.ndim == 1 else noise_level(noise)
        return self.clean, (kernel, CHANNEL_NOISE * level, None)

    def known(self, estimate: BlurField) -> Tensor:
        """The condition that describes a blur, (B, values), in normalised images, as the guard takes it."""
        assert self.restorer.condition is not None
        kernel, noise, width_std = _condition(without_level(estimate))
        return self.restorer.condition.describe(kernel, self.restorer.by_ring(noise), width_std)

    def _continued(self, blurred: Tensor, estimate: BlurField) -> tuple[Tensor, Tensor]:
        """Restore one image (1, C, H, W) with a margin, if it has a rule for it; with the steady copy."""
        channels, height, width = blurred.shape[1:]
        image = _with_margin(lambda *place: blurred[..., *place], (channels, height, width), estimate)
        whole = image(*(slice(0, length) for length in image.shape[1:]))
        inside = (..., image.inside(slice(0, height)), image.inside(slice(0, width)))
        restorer, condition = self._fitting(channels, estimate)
        restored, steady = restorer.layers(whole, *condition)
        return restored[inside], steady[inside]

    def windows(
        self,
        read: Read,
        shape: tuple[int, int, int],
        estimate: BlurField,
        *,
        largest: tuple[int, int],
        levels: Levels | None = None,
    ) -> Callable[[slice, slice], Tensor]:
        """Prepare to restore one image (C, H, W) window by window; the rest is as for `SwiftRestorer.windows`.

        With a guard the windows hold what it weighs, (1, 3 C, h, w): restored, steady and blurred image. Where the
        blur varies, by `levels`, each pixel is deconvolved by its own; the trunk gets the one in the middle.
        """
        blur = levels.middle if levels else estimate
        level, known = Level.of(blur, shape[1:]), without_level(blur)

        def seen(rows: slice, columns: slice) -> Tensor:
            return level.enter(read(rows, columns), rows, columns)

        image = _with_margin(seen, shape, known)
        restorer, condition = self._fitting(shape[0], known)
        local = levels.moved(image.inside(slice(0, 0)).start) if levels else None
        restore = restorer.windows(image, image.shape, *condition, largest=largest, levels=local)

        def restored(rows: slice, columns: slice) -> Tensor:
            layers = restore(image.inside(rows), image.inside(columns))
            if levels:
                share = levels.restored_share(rows, columns).to(layers[0])
                layers = (torch.lerp(layers[1], layers[0], share), layers[1])
            found = torch.cat([*layers, seen(rows, columns)], dim=1) if self.guard is not None else layers[0]
            return level.leave(found, rows, columns)

        return restored

    def guarded_rows(
        self, shape: tuple[int, int, int], estimate: BlurField, levels: Levels | None = None
    ) -> GuardedRows:
        """What blends the rows of one image (C, H, W) that `windows` restores with a guard; clean ones are trusted.

        Where the blur varies, the guard gets the one of each cell.
        """
        assert self.guard is not None
        guard = None if self._is_clean(shape[0], estimate) else self.guard
        known = self.known(estimate) if levels is None else partial(levels.mixed, tell=self.known)
        return GuardedRows(guard, known, shape[1:], Level.of(estimate, shape[1:]))

    def forward(self, blurred: Tensor, estimate: BlurField | None = None) -> tuple[Tensor, BlurField]:
        """Estimate the blur unless it is given, then restore."""
        estimate = estimate or self.estimate(blurred)
        return self.deconvolve(blurred, estimate), estimate


def _estimator(config: SwiftConfig) -> SpectrumNet | WindowNet:
    """What measures the blur."""
    window, size, hidden = config.kernel_window, config.kernel_size, config.kernel_hidden
    if config.kernel_votes:
        return WindowNet(
            WindowConfig(window, config.kernel_windows, hidden, kernel_size=size, widen=config.kernel_widen)
        )
    return SpectrumNet(
        SpectrumConfig(
            window=window,
            max_windows=config.kernel_windows,
            directions=config.kernel_directions,
            noise_apart=config.kernel_noise_apart,
            hidden=hidden,
            kernel_size=size,
        )
    )


def _condition(estimate: BlurField) -> _Condition:
    """What the restorer gets to know of a blur."""
    if estimate.noise is None:
        raise ValueError("swift needs the noise of the image beside its kernel; take it from estimate()")
    return estimate.kernel, estimate.noise, estimate.log_width_std


def _with_margin(read: Read, shape: tuple[int, int, int], estimate: BlurField) -> ContinuedImage:
    """An image of a shape (C, H, W), with a margin where its estimate says by which rule it goes on."""
    (rule,) = estimate.continuations or (None,)
    return ContinuedImage(read, shape, rule, MARGIN)
