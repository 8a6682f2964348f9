"""`swift`, our CPU-first net: spectral kernel estimate, local Wiener bank, half-resolution trunk, no global pooling.

Everything after the estimate is local: a window with `Swift.halo` more pixels on each side is restored as it would be
inside the image, and `Swift.windows` restores windows that are what the whole image is there, to the last bit. Only the
estimate looks at the whole image, and it is made once.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from pinsharp.blur.continuation import ContinuedImage, Read
from pinsharp.blur.field import BlurField, noise_level
from pinsharp.blur.levels import Levels
from pinsharp.blur.normalise import BT601
from pinsharp.errors import ConfigError
from pinsharp.nets.blocks import CHANNELS
from pinsharp.nets.checks import check_at_least
from pinsharp.nets.swift.bank_blocks import BankBlocks
from pinsharp.nets.swift.blur_condition import BlurCondition
from pinsharp.nets.swift.guard import Guard, GuardedRows
from pinsharp.nets.swift.level import Level, without_level
from pinsharp.nets.swift.refiner import Refiner, Trunk
from pinsharp.nets.swift.spectrum_net import SpectrumConfig, SpectrumNet
from pinsharp.nets.swift.wiener_bank import WienerBank
from pinsharp.nets.swift.window_net import WindowConfig, WindowNet
from pinsharp.nets.swift.windows import SwiftWindows

MARGIN = 32
"""Pixels that are added on each side of an image of which it is known how it goes on, whole strides of the trunk."""

COLOURS = 3

CHANNEL_NOISE = 1 / math.sqrt(sum(weight**2 for weight in BT601))
"""White noise of a channel, in that of brightness, where channels do not depend on each other."""

_Told = tuple[Tensor, Tensor, Tensor | None]

Refine = Callable[[Tensor, Tensor | None], Tensor]
"""Makes the correction out of stack and modulation, as `Refiner` does."""


@dataclass(frozen=True)
class SwiftConfig:
    """Settings of `swift`."""

    width: int = 64  # channels at half resolution
    deep_width: int = 96  # channels at quarter resolution
    blocks: int = 2  # residual blocks before, and again after, the quarter-resolution part
    deep_blocks: int = 4  # residual blocks at quarter resolution
    # Residual blocks of mono images' own, smaller trunk, after its quarter-resolution part; it has none before. With 0
    # here and in the next, mono images share the trunk of colour images.
    mono_blocks: int = 0
    mono_deep_blocks: int = 0  # its residual blocks at quarter resolution
    # Hidden width of the small net that tells every residual block which blur and noise to undo; 0 leaves it out.
    condition: int = 64
    condition_doubt: bool = False  # tell it too how uncertain the width of a measured kernel is
    most_doubt: float = 0.06  # largest relative standard deviation of the width that it is told
    # Rings of frequency, from 0 to half a cycle a pixel, by which it and the bank tell noise apart; 0 for white noise
    # of one level.
    noise_rings: int = 0
    # Restore clean images of colour by a restorer of their own, which was trained on such images alone.
    clean: bool = False
    guard: bool = False  # weigh every result against what is safer (`guard`)
    filters: int = 3  # filters in the Wiener bank
    # Radius of these filters in pixels. The inverse of a disc rings far: cut to 40 pixels it lost 2 dB at radius 4
    # against the uncut filter, cut to 96 it loses 0.1 dB there and 0.8 dB at radius 8.
    filter_radius: int = 96
    filter_grid: int = 256  # side of the frequency grid on which they are designed
    kernel_window: int = 128  # side of the windows that the estimator reads, in pixels
    kernel_windows: int = 32  # most windows that it reads of one image
    kernel_directions: int = 0  # directions, an even number, by which it tells spectra apart; 0 for none
    kernel_noise_apart: bool = False  # let a net of its own, which tells no directions apart, measure the noise
    kernel_hidden: int = 192  # width of its hidden layers
    # Let every window vote (`window_net`), instead of reading all of them together (`spectrum_net`).
    kernel_votes: bool = False
    # What the standard deviation of joined votes is multiplied by: set so that intervals cover as much as they say on
    # held-out pairs.
    kernel_widen: float = 1.0
    kernel_size: int = 41  # side of the estimated kernels in pixels, odd

    def __post_init__(self) -> None:
        check_at_least(self, width=1, deep_width=1, filters=1, filter_radius=1, kernel_hidden=1, kernel_window=4)
        check_at_least(self, blocks=0, deep_blocks=0, mono_blocks=0, mono_deep_blocks=0, condition=0, kernel_windows=0)
        check_at_least(self, noise_rings=0)
        least = 2 * self.filter_radius + 1
        if self.filter_grid < least:
            raise ConfigError(f"filter_grid must be at least 2 * filter_radius + 1 = {least}, got {self.filter_grid}")
        if self.kernel_directions < 0 or self.kernel_directions % 2:
            raise ConfigError(f"kernel_directions must be 0 or an even number, got {self.kernel_directions}")
        if self.kernel_size < 1 or self.kernel_size % 2 == 0:
            raise ConfigError(f"kernel_size must be odd so that kernels have a centre, got {self.kernel_size}")


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

        Pixels that are `hidden`, (B, 1, H, W), have no say where windows vote.
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
            restorer, told = self._fitting(seen.shape[1], known)
            restored, steady = restorer.layers(seen, *told)
        if self.guard is not None and not self._is_clean(seen.shape[1], known):
            restored = self.guard(restored, steady, seen, self.known(known))
        return level.leave(restored, *whole)

    def _is_clean(self, channels: int, known: BlurField) -> bool:
        """Whether one image is restored by the restorer for clean images of colour."""
        return self.clean is not None and channels == COLOURS and known.is_clean == (True,)

    def _fitting(self, channels: int, known: BlurField) -> tuple["SwiftRestorer", _Told]:
        """The restorer for images of some channels with such a blur, and what it is told of the blur."""
        kernel, noise, width_std = _told(known)
        if self.clean is None or not self._is_clean(channels, known):
            return self.restorer, (kernel, noise, width_std)
        level = noise if noise.ndim == 1 else noise_level(noise)
        return self.clean, (kernel, CHANNEL_NOISE * level, None)

    def known(self, estimate: BlurField) -> Tensor:
        """What is known of a blur, (B, told), in normalised images, as the guard takes it."""
        assert self.restorer.condition is not None
        kernel, noise, width_std = _told(without_level(estimate))
        return self.restorer.condition.told(kernel, self.restorer.by_ring(noise), width_std)

    def _continued(self, blurred: Tensor, estimate: BlurField) -> tuple[Tensor, Tensor]:
        """Restore one image (1, C, H, W) with a margin, if it has a rule for it; with the steady copy."""
        channels, height, width = blurred.shape[1:]
        image = _with_margin(lambda *place: blurred[..., *place], (channels, height, width), estimate)
        whole = image(*(slice(0, length) for length in image.shape[1:]))
        inside = (..., image.inside(slice(0, height)), image.inside(slice(0, width)))
        restorer, told = self._fitting(channels, estimate)
        restored, steady = restorer.layers(whole, *told)
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
        blur varies, by `levels`, each pixel is deconvolved by its own; the trunk is told the one in the middle.
        """
        blur = levels.middle if levels else estimate
        level, known = Level.of(blur, shape[1:]), without_level(blur)

        def seen(rows: slice, columns: slice) -> Tensor:
            return level.enter(read(rows, columns), rows, columns)

        image = _with_margin(seen, shape, known)
        restorer, told = self._fitting(shape[0], known)
        local = levels.moved(image.inside(slice(0, 0)).start) if levels else None
        restore = restorer.windows(image, image.shape, *told, largest=largest, levels=local)

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
        """What blends the rows of one image (C, H, W) that `windows` restores with a guard; clean ones are believed.

        Where the blur varies, the guard is told the one of each cell.
        """
        assert self.guard is not None
        guard = None if self._is_clean(shape[0], estimate) else self.guard
        told = self.known(estimate) if levels is None else partial(levels.mixed, tell=self.known)
        return GuardedRows(guard, told, shape[1:], Level.of(estimate, shape[1:]))

    def forward(self, blurred: Tensor, estimate: BlurField | None = None) -> tuple[Tensor, BlurField]:
        """Estimate the blur unless it is given, then restore."""
        estimate = estimate or self.estimate(blurred)
        return self.deconvolve(blurred, estimate), estimate


class SwiftRestorer(nn.Module):
    """The part of `swift` that takes the kernel: Wiener bank, then a trunk at half and quarter resolution."""

    STRIDE = 4

    def __init__(self, config: SwiftConfig) -> None:
        super().__init__()
        self.noise_rings = config.noise_rings
        self.bank = WienerBank(config.filters, config.filter_radius, config.filter_grid, steady=config.guard)
        copies = 4 * (config.filters + 1)  # the image itself beside the bank, four pixels to a half-resolution one
        self.enter = nn.ModuleDict(
            {name: nn.Conv2d(n * copies, config.width, 3, padding=1) for name, n in CHANNELS.items()}
        )
        self.leave = nn.ModuleDict({name: nn.Conv2d(config.width, 4 * n, 3, padding=1) for name, n in CHANNELS.items()})
        with torch.no_grad():
            for weight in self.leave.parameters():
                weight.mul_(0.1)  # start near the most careful copy
        self.trunk = Trunk(config.width, config.deep_width, config.blocks, config.deep_blocks, config.blocks)
        self.condition = _condition(config, self.trunk)
        self.mono_trunk: Trunk | None = None
        self.mono_condition: BlurCondition | None = None
        if config.mono_blocks or config.mono_deep_blocks:
            self.mono_trunk = Trunk(config.width, config.deep_width, 0, config.mono_deep_blocks, config.mono_blocks)
            self.mono_condition = _condition(config, self.mono_trunk)
        reach = max(trunk.reach for trunk in (self.trunk, self.mono_trunk) if trunk is not None)
        self.halo = _whole_strides(config.filter_radius + reach)
        self.refine: Refine | None = None  # set, it takes the place of `refiner`: the same net in another runtime

    def forward(self, blurred: Tensor, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None) -> Tensor:
        """Restore images (B, C, H, W) with kernels (B, 1, K, K) and noise (B,) in units of full scale.

        `width_std` is the relative standard deviation of the kernels' widths, (B,); None where they are true.
        """
        return self.layers(blurred, kernel, noise, width_std)[0]

    def layers(
        self, blurred: Tensor, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Give restored images and their steady copies of the bank; arguments as for `forward`."""
        height, width = blurred.shape[-2:]
        noise = self.by_ring(noise)
        if torch.is_inference_mode_enabled() and len(blurred) == 1:
            shape = (blurred.shape[1], height, width)
            told = (kernel, noise, width_std)
            windows = self.windows(lambda *place: blurred[..., *place], shape, *told, largest=(height, width))
            return windows(slice(0, height), slice(0, width))
        copies = self.bank(blurred, kernel, noise)  # (B, copies, C, H, W)
        stack = torch.cat([blurred[:, None].to(copies.dtype), copies[:, : self.bank.count]], dim=1).flatten(1, 2)
        stack = nn.functional.pad(stack, (0, -width % self.STRIDE, 0, -height % self.STRIDE), mode="replicate")
        refine = self._refine_with(blurred.shape[1], kernel, noise, width_std)
        correction = nn.functional.pixel_shuffle(refine(nn.functional.pixel_unshuffle(stack, 2)), 2)
        # The most careful copy is the start; the trunk only has to say what is still wrong with it.
        return copies[:, 0] + correction[..., :height, :width].to(copies.dtype), copies[:, -1]

    def windows(
        self,
        read: Read,
        shape: tuple[int, int, int],
        kernel: Tensor,
        noise: Tensor,
        width_std: Tensor | None = None,
        *,
        largest: tuple[int, int],
        levels: Levels | None = None,
    ) -> SwiftWindows:
        """Prepare to restore one image window by window; the whole image is one window too.

        The shape is channels (1 or 3), height and width of the image, `largest` height and width of the largest window;
        kernel, noise and `width_std` are as for `forward`, of one image. With `levels` the bank has a kernel for each
        place, and the trunk is told `kernel`: on photographs with sigma 1 to 3 px that lost 0.03 dB on average against
        a trunk for each level, which takes three times as long.
        """
        noise = self.by_ring(noise)
        reach = _whole_strides(self._trunk(_mode(shape[0])).reach)
        at_once = _whole_strides(largest[0]) + 2 * reach
        blocks = BankBlocks(
            self.bank, read, shape, kernel, noise, stride=self.STRIDE, rows_at_once=at_once, levels=levels
        )
        return SwiftWindows(blocks, self._refine_with(shape[0], kernel, noise, width_std), largest, reach)

    def by_ring(self, noise: Tensor) -> Tensor:
        """Noise (B,) or (B, R) as this net takes it: by ring, or its level over all frequencies."""
        if self.noise_rings and noise.ndim == 1:
            return noise[:, None].expand(-1, self.noise_rings)
        return noise if self.noise_rings or noise.ndim == 1 else noise_level(noise)

    def refiner(self, mode: str) -> Refiner:
        """Everything that is convolution, for `mono` or `colour`, as a net that shares its weights with this one."""
        return Refiner(self.enter[mode], self._trunk(mode), self.leave[mode])

    def _trunk(self, mode: str) -> Trunk:
        return self.mono_trunk if mode == "mono" and self.mono_trunk is not None else self.trunk

    def _refine_with(
        self, channels: int, kernel: Tensor, noise: Tensor, width_std: Tensor | None
    ) -> Callable[[Tensor], Tensor]:
        """What makes the correction out of the stack of images of some channels, once it is told what to undo."""
        mode = _mode(channels)
        is_apart = self._trunk(mode) is self.mono_trunk
        condition = self.mono_condition if is_apart else self.condition
        modulation = condition.vector(kernel, noise, width_std) if condition else None
        refine = self.refine or self.refiner(mode)
        return lambda stack: refine(stack, modulation)


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


def _told(estimate: BlurField) -> _Told:
    """What the restorer is told of a blur."""
    if estimate.noise is None:
        raise ValueError("swift needs the noise of the image beside its kernel; take it from estimate()")
    return estimate.kernel, estimate.noise, estimate.log_width_std


def _with_margin(read: Read, shape: tuple[int, int, int], estimate: BlurField) -> ContinuedImage:
    """An image of a shape (C, H, W), with a margin where its estimate says by which rule it goes on."""
    (rule,) = estimate.continuations or (None,)
    return ContinuedImage(read, shape, rule, MARGIN)


def _mode(channels: int) -> str:
    return "mono" if channels == 1 else "colour"


def _condition(config: SwiftConfig, trunk: Trunk) -> BlurCondition | None:
    if not config.condition:
        return None
    doubts, most, rings = config.condition_doubt, config.most_doubt, config.noise_rings
    return BlurCondition(config.condition, trunk.block_widths, doubts=doubts, most_doubt=most, noise_rings=rings)


def _whole_strides(length: int) -> int:
    """Round up to whole strides, so that a window and its halo begin where the trunk's pixels do."""
    return length + -length % SwiftRestorer.STRIDE
