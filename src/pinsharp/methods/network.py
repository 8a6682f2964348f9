"""Networks that measure the blur themselves, as methods."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from pinsharp.blur.continuation import Read, find_continuation
from pinsharp.blur.field import BlurField, stacked
from pinsharp.blur.kernels import flatness, kernel_sigma
from pinsharp.blur.levels import Levels
from pinsharp.blur.slopes import find_slopes, with_slopes
from pinsharp.methods.devices import Precision, choose_dtype, find_device
from pinsharp.methods.execution import autocast, enter, given_kernel, leave, place
from pinsharp.methods.method import (
    Deblurred,
    KernelFrom,
    Kind,
    MethodTraits,
    RestoreWindow,
    Sight,
    WindowedMethod,
    check_image,
    check_measurable,
)
from pinsharp.nets.registry import net_kind
from pinsharp.nets.weights import LoadedNet, WeightsInfo


class NetMethod(WindowedMethod):
    """A network that measures the blur itself: blind, or with a kernel that is given; arguments as for `net_method`.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """

    kind: Kind = "network"
    kernel_from: KernelFrom = "itself"
    info: WeightsInfo
    runtime = "torch"  # what computes the convolutions; see `pinsharp.methods.files`

    def __init__(
        self, loaded: LoadedNet, *, name: str, device: str | torch.device = "cpu", precision: Precision = "auto"
    ) -> None:
        self.name = name
        self.info = loaded.info
        self.device = find_device(device)
        self.dtype = choose_dtype(precision, self.device)
        self.net = place(loaded.net, self.device)
        self._can = net_kind(self.info.net).traits
        self.traits = MethodTraits(
            halo=self.net.halo if self._can.exact_windows else None,
            measures_together=self._can.estimates_together and self.net.votes,
        )
        self.layers = 3 if self._can.has_guard and self.net.guard is not None else 1

    @torch.inference_mode()
    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with the blur that `estimate` found."""
        blurred = enter(check_image(image), self.device)
        if self.layers > 1:
            parts = [self._by_rows(blurred[n : n + 1], estimate.of(n)) for n in range(len(image))]
            return Deblurred(leave(torch.cat(parts), image), estimate.kernel.to(image.device), estimate)
        with autocast(self.device, self.dtype):
            restored: Tensor = self.net.deconvolve(blurred, estimate)
        return Deblurred(leave(restored, image), estimate.kernel.to(image.device), estimate)

    @torch.inference_mode()
    def window_restorer(
        self,
        read: Read,
        shape: tuple[int, int, int],
        estimate: BlurField,
        *,
        largest: tuple[int, int],
        levels: Levels | None = None,
    ) -> RestoreWindow:
        """Prepare to restore an image window by window, each exactly as inside the whole image (`WindowedMethod`)."""
        with autocast(self.device, self.dtype):
            restore = self.net.windows(
                lambda *place: read(*place).to(self.device), shape, estimate, largest=largest, levels=levels
            )

        @torch.inference_mode()
        def restore_window(rows: slice, columns: slice) -> Tensor:
            with autocast(self.device, self.dtype):
                restored: Tensor = restore(rows, columns)
            return (restored if self.layers > 1 else restored.clamp_(0, 1)).cpu()

        return restore_window

    @torch.inference_mode()
    def finished(
        self,
        bands: Iterable[Tensor],
        shape: tuple[int, int, int],
        estimate: BlurField,
        guards: list[Tensor],
        levels: Levels | None = None,
    ) -> Iterator[Tensor]:
        """Let the guard of a network have its say (`WindowedMethod`)."""
        if self.layers == 1:
            yield from bands
            return
        rows = self.net.guarded_rows(shape, estimate, levels)
        guards.append(torch.empty(0))
        for band in rows.blend(band.to(self.device) for band in bands):
            guards[-1] = rows.weights.cpu()  # only the last rows are needed
            yield band.clamp_(0, 1).cpu()

    @torch.inference_mode()
    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images (`BlindMethod`)."""
        with autocast(self.device, self.dtype):
            estimate: BlurField = self.net.estimate_together(self._seen(*image) for image in images)
        return estimate

    def _seen(self, image: Tensor, hidden: Tensor | None) -> Sight:
        check_measurable(check_image(image))
        return enter(image, self.device), None if hidden is None else hidden.to(self.device)

    def _by_rows(self, blurred: Tensor, estimate: BlurField) -> Tensor:
        """Restore one image (1, C, H, W) as by windows."""
        _, channels, height, width = blurred.shape
        shape = (channels, height, width)
        restore = self.window_restorer(lambda *place: blurred[..., *place], shape, estimate, largest=(height, width))
        whole = restore(slice(0, height), slice(0, width))
        return torch.cat(list(self.finished([whole], shape, estimate, [])), dim=-2)

    def _measured(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        check_measurable(check_image(image))
        return _look_past_border(image, self._estimate(image, hidden), hidden)

    def _measured_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        check_measurable(check_image(parts))
        return self._estimate_parts(parts, hidden)

    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        given = given_kernel(image, kernel, self.device)
        found = _put(given, self._estimate(image, hidden)) if self._can.measures_noise else given
        return _look_past_border(image, found, hidden)

    def _given_parts(self, parts: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        given = given_kernel(parts[:1], kernel, self.device)
        return _put(given, self._estimate_parts(parts, hidden)) if self._can.measures_noise else given

    @torch.inference_mode()
    def _estimate(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        seen = enter(check_image(image), self.device)
        with autocast(self.device, self.dtype):
            if hidden is None or not self._can.reads_masks:
                estimate: BlurField = self.net.estimate(seen)
            else:
                estimate = self.net.estimate(seen, hidden.to(self.device))
        return estimate

    @torch.inference_mode()
    def _estimate_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        if not self._can.estimates_parts:
            return _average([self._estimate(part[None]) for part in parts])  # one by one: it may read whole images
        seen = enter(check_image(parts), self.device)
        with autocast(self.device, self.dtype):
            if hidden is None or not self._can.reads_masks:
                estimate: BlurField = self.net.estimate_parts(seen)
            else:
                estimate = self.net.estimate_parts(seen, hidden.to(self.device))
        return estimate


GIVEN_DOUBT, UNLIKE_DOUBT, APART_DOUBT, MOST_DOUBT = 0.07, 0.15, 0.15, 0.25
"""Relative standard deviation of the width of a given kernel where the image is not clean, as behind a camera's
processing no kernel is quite right; what is added for another family and another logarithm of the width than were
measured; what it is at most. On simulated cameras discs that were given for Gaussians gained 1.7 dB so, with 0.1 alone
1.1; true kernels lost 0.05 of 3.4 dB."""

SAME_WIDTH = 0.15
"""Difference of the logarithms of two widths up to which they count as the same."""


def _put(given: BlurField, found: BlurField) -> BlurField:
    """A given kernel beside the measured noise; what else was measured belongs to another kernel, and is kept apart.

    It is trusted where the image is clean and its measured width is the same.
    """
    own = tuple(found.of(number) for number in range(len(found.kernel)))
    put = replace(given, noise=found.noise, normalisation=found.normalisation, measured=own)
    if found.is_clean is None or found.log_width is None:
        return put
    apart = (kernel_sigma(given.kernel).clamp(min=1e-3).log() - found.log_width).abs()
    unlike = 0 if found.disk_share is None else (flatness(given.kernel) - found.disk_share).abs()
    doubt = (GIVEN_DOUBT + UNLIKE_DOUBT * unlike + APART_DOUBT * apart).clamp(max=MOST_DOUBT)
    trusted = tuple(clean and bool(far < SAME_WIDTH) for clean, far in zip(found.is_clean, apart, strict=True))
    return replace(put, is_clean=trusted, log_width_std=doubt * apart.new_tensor([not one for one in trusted]))


def _look_past_border(images: Tensor, found: BlurField, hidden: Tensor | None = None) -> BlurField:
    """Tell of images (B, C, H, W) how they go on past their border."""
    shape = (images.shape[-2], images.shape[-1])
    told = []
    for number, image in enumerate(torch.split(images, 1)):
        known = found.of(number)
        silent = None if hidden is None else hidden[number : number + 1]
        rule = find_continuation(image, float(kernel_sigma(known.kernel)[0]))
        # What goes on by a rule does not go straight on.
        slopes = find_slopes(image, known.kernel.to(image)) * (rule is None)
        known = with_slopes(known, slopes, image, [(slice(0, shape[0]), slice(0, shape[1]))], shape, silent)
        told.append(replace(known, continuations=(rule,)))
    return stacked(told)


def _average(estimates: list[BlurField]) -> BlurField:
    """The mean kernel and noise of several estimates of one image."""
    noise = [found.noise for found in estimates if found.noise is not None]
    kernel = torch.cat([found.kernel for found in estimates]).mean(dim=0, keepdim=True)
    return BlurField(kernel, torch.cat(noise).mean(dim=0, keepdim=True) if noise else None)
