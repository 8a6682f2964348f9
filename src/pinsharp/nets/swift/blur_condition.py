"""The blur as a condition of a network: kernel and noise of an image as scales and shifts of its channels.

Feature-wise linear modulation (Perez et al., 2018). Without it a network has to guess from the pixels whether a soft
edge was soft or was blurred. A network that also knows how far the kernel's width may be off can take a measured one
with care and a true one at its word.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pinsharp.blur.fourier import radial_frequency, transfer_function
from pinsharp.nets.swift.wiener_bank import LEAST_NOISE, REFERENCE_NOISE, fit_kernel


class BlurCondition(nn.Module):
    """Tell a stack of residual blocks what is to be undone: kernel and noise to scales and shifts of their channels.

    The kernel comes in as its modulation transfer, averaged over rings of frequency. Both are the same for a whole
    image, so windows of it still agree. With `doubts` the uncertainty of the kernel's width is a part too, at most
    `most_doubt`: of sharp images it may be a third, which no training shows. With `noise_rings` the noise is given by
    ring of frequency.
    """

    RINGS = 16
    GRID = 64
    USUAL_DOUBT = 0.03
    """Relative standard deviation of a width that was measured, to bring the input near 1."""

    def __init__(
        self, hidden: int, channels: list[int], *, doubts: bool = False, most_doubt: float = 0.06, noise_rings: int = 0
    ) -> None:
        super().__init__()
        self.channels = channels
        self.doubts = doubts
        self.most_doubt = most_doubt
        self.noise_rings = noise_rings
        self.told_length = 2 * self.RINGS + (noise_rings or 1) + doubts
        first = nn.Linear(self.told_length, hidden)
        self.layers = nn.Sequential(first, nn.ReLU(), nn.Linear(hidden, 2 * sum(channels)))
        with torch.no_grad():
            for parameter in self.layers[-1].parameters():
                parameter.zero_()  # start without any modulation
        rings = (radial_frequency((self.GRID, self.GRID)) * 2 * self.RINGS).long()  # half a cycle is the last one's end
        averages = nn.functional.one_hot(rings.clamp(max=self.RINGS).flatten(), self.RINGS + 1)[:, :-1].float()
        self.register_buffer("averages", averages / averages.sum(dim=0), persistent=False)
        self.averages: Tensor

    def forward(self, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None) -> list[Tensor]:
        """Give one modulation (B, 2 C, 1, 1) a block; the arguments are those of `vector`."""
        return split_modulation(self.vector(kernel, noise, width_std), self.channels)

    def vector(self, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None) -> Tensor:
        """Give the modulations of all blocks in a row, (B, the sum of 2 C).

        Kernels are (B, 1, K, K), their noise in units of full scale, (B,) or by ring (B, R), and the relative standard
        deviation of their widths (B,), None where they are true; only a condition that doubts listens to it.
        """
        with torch.autocast(device_type=kernel.device.type, enabled=False):
            modulation: Tensor = self.layers(self.describe(kernel, noise, width_std))
        return modulation

    def describe(self, kernel: Tensor, noise: Tensor, width_std: Tensor | None = None) -> Tensor:
        """What is known of a blur in a row, (B, `told_length`); the arguments are those of `vector`."""
        with torch.autocast(device_type=kernel.device.type, enabled=False):
            level = (noise.float().clamp(min=LEAST_NOISE) / REFERENCE_NOISE).log().reshape(len(noise), -1) / 4
            transfer = transfer_function(fit_kernel(kernel.float(), self.GRID - 1), (self.GRID, self.GRID)).abs()
            profile = transfer.flatten(1) @ self.averages  # (B, RINGS)
            values = [profile, (profile + 1e-3).log() / 4, level]
            if self.doubts:
                doubt = torch.zeros_like(level[:, :1]) if width_std is None else width_std.float()[:, None]
                values.append(doubt.clamp(max=self.most_doubt) / self.USUAL_DOUBT)
            return torch.cat(values, dim=1)


def split_modulation(vector: Tensor, channels: Sequence[int]) -> list[Tensor]:
    """Split modulations in a row (B, the sum of 2 C) into one (B, 2 C, 1, 1) a block."""
    return [part[..., None, None] for part in torch.split(vector, [2 * count for count in channels], dim=1)]
