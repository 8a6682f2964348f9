"""Eight restorations of one image, turned and mirrored, averaged: random errors of a network cancel out."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError
from pinsharp.methods.method import BlindMethod, Deblurred, Method, MethodTraits, Sight, measures_first

_TURNS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


class Ensemble(BlindMethod):
    """A method that restores every image in eight positions and gives the mean (self-ensembling, Lim et al., 2017).

    The blur is measured once. It takes eight times as long as the method by itself. Its windows are blended: turned,
    they no longer lie on the grid of the network's lowest resolution.

    Raises:
        ConfigError: If the method finds the blur only while it restores.
    """

    def __init__(self, method: Method, name: str = "ensemble") -> None:
        if not measures_first(method):
            raise ConfigError(
                f"an ensemble shares one blur between its restorations, but {method.name} finds it only while it "
                "restores; take a model that measures it first, such as swift"
            )
        self.method = method
        self.name = name
        self.traits = MethodTraits(measures_together=method.traits.measures_together)
        self.kind, self.kernel_from = method.kind, method.kernel_from
        self.info, self.device, self.dtype, self.measurer = method.info, method.device, method.dtype, method.measurer

    def deconvolve(self, image: Tensor, estimate: BlurField) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1] eight times with what `estimate` has found, and take the mean."""
        parts = [self._restored(image, estimate, turn) for turn in _TURNS]
        mean = torch.stack([part.image for part in parts]).mean(dim=0)
        return replace(parts[0], image=mean)  # the first is the image as it lies

    def estimate_together(self, images: Iterable[Sight]) -> BlurField:
        """Measure the one blur of several images (`BlindMethod`)."""
        return self.method.estimate_together(images)

    def _measured(self, image: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.method.estimate(image, hidden=hidden)

    def _measured_parts(self, parts: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.method.estimate_parts(parts, hidden=hidden)

    def _given(self, image: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.method.estimate(image, kernel, hidden)

    def _given_parts(self, parts: Tensor, kernel: Tensor, hidden: Tensor | None = None) -> BlurField:
        return self.method.estimate_parts(parts, kernel, hidden)

    def _restored(self, image: Tensor, estimate: BlurField, turn: tuple[int, bool]) -> Deblurred:
        """Restore the image in one position, and turn the result back."""
        found = self.method.deconvolve(_turn(image, turn), replace(estimate, kernel=_turn(estimate.kernel, turn)))
        return replace(found, image=_turn_back(found.image, turn))


def _turn(image: Tensor, turn: tuple[int, bool]) -> Tensor:
    quarters, is_mirrored = turn
    return (image.flip(-1) if is_mirrored else image).rot90(quarters, (-2, -1)).contiguous()


def _turn_back(image: Tensor, turn: tuple[int, bool]) -> Tensor:
    quarters, is_mirrored = turn
    back = image.rot90(-quarters, (-2, -1))
    return back.flip(-1) if is_mirrored else back
