"""Training pairs that an estimator comes back to: made once, and kept as what it reads of them.

Making a pair, blur and spectra, costs fifty times what a step of the estimator's small layers does. With a pool of
pairs the first round through it costs that, and every later one almost nothing.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pinsharp.blur.camera import generator
from pinsharp.blur.family import exact_kernels
from pinsharp.blur.kernels import elongation
from pinsharp.data.crops import Photographs
from pinsharp.data.synthesis import Batch, SynthesisConfig
from pinsharp.nets.swift.spectrum_net import SpectrumNet
from pinsharp.nets.swift.window_net import WindowNet
from pinsharp.train.ahead import ahead
from pinsharp.train.observed import Observed
from pinsharp.train.pairs import make_pairs

_LEAST_SIDE = 32  # of images that are cut smaller

_ORDER, _WINDOWS, _CUT = (
    600_000_000,
    700_000_000,
    800_000_000,
)  # set these random numbers apart from those that make the pairs


class Pool:
    """A number of training pairs, a multiple of `block`, which are made together when the first of them is asked for.

    Sample `index` of a run is always the same pair with the same windows: in the first round they come in their own
    order, in each later one in another. Each pair takes some 40 KiB. The corpus is on the device where they are made.
    """

    def __init__(
        self,
        estimator: SpectrumNet | WindowNet,
        corpus: Photographs,
        config: SynthesisConfig,
        *,
        size: int,
        pairs: int,
        block: int,
        seed: int,
        small: float = 0.0,
    ) -> None:
        self._estimator, self._corpus, self._config = estimator, corpus, config
        self._size, self._pairs, self._block, self._seed, self._small = size, pairs, block, seed, small
        # Features (block, N, F), float16, and the truth of each (block, 3 + rings).
        self._blocks: dict[int, tuple[Tensor, Tensor]] = {}
        self._made: Iterator[tuple[int, Batch]] = iter(())  # blocks that are made ahead, in the order of need
        self._round, self._order = 0, torch.arange(pairs)

    def batches(self, steps: Sequence[range], workers: int = 0) -> Iterator[Observed]:
        """Give the samples of some steps, each step's or a process's share of it, in turn.

        `workers` is how many processes make pairs ahead; with 0 this one makes each block when it is needed.
        """
        needed = self._needed(steps) if workers else []
        made = ahead(self._pairs_of, [self._indices(block) for block in needed], workers)
        self._made = zip(needed, made, strict=True)
        for indices in steps:
            yield self.batch(indices, indices.start // self._block * self._block)

    def batch(self, indices: range, first: int | None = None) -> Observed:
        """Give the samples of some indices.

        `first` is the number of the step's first sample, which decides how many windows of each are read; the first of
        `indices` unless several processes share the step.
        """
        found = [self._pair(self._place(index)) for index in indices]
        features = torch.stack([feature for feature, _ in found])
        count = features.shape[1]
        draw = generator(self._seed + _WINDOWS, indices.start if first is None else first)
        kept = int(torch.randint(min(self._estimator.LEAST_WINDOWS, count), count + 1, (), generator=draw))
        sigma, radius, longer, *rings = torch.stack([truth for _, truth in found]).unbind(dim=-1)
        noise = torch.stack(rings, dim=1) if len(rings) > 1 else rings[0]
        kernel = exact_kernels(sigma, radius, self._config.kernel_size)
        # The most textured windows come first.
        return Observed(features[:, :kept].float(), kernel, noise, sigma, radius, longer)

    def _place(self, index: int) -> int:
        """The pair that a sample is."""
        turn, position = divmod(index, self._pairs)
        if turn != self._round:
            order = torch.randperm(self._pairs, generator=generator(self._seed + _ORDER, turn))
            self._round, self._order = turn, order if turn else torch.arange(self._pairs)
        return int(self._order[position])

    def _needed(self, steps: Sequence[range]) -> list[int]:
        """The blocks that some steps need, each once, in the order in which they do."""
        needed: dict[int, None] = {}
        for indices in steps:
            needed |= dict.fromkeys(self._place(index) // self._block for index in indices)
            if len(needed) * self._block == self._pairs:
                break
        return list(needed)

    def _indices(self, block: int) -> range:
        return range(block * self._block, (block + 1) * self._block)

    def _pair(self, place: int) -> tuple[Tensor, Tensor]:
        block, position = divmod(place, self._block)
        if block not in self._blocks:
            indices = self._indices(block)
            expected, batch = next(self._made, (block, None))
            assert expected == block
            self._blocks[block] = self._read(self._pairs_of(indices) if batch is None else batch, indices)
        features, truth = self._blocks[block]
        return features[position], truth[position]

    def _pairs_of(self, indices: range) -> Batch:
        return make_pairs(self._corpus, self._config, size=self._size, indices=indices, seed=self._seed)

    @torch.no_grad()
    def _read(self, batch: Batch, indices: range) -> tuple[Tensor, Tensor]:
        """What the estimator reads of pairs, on its own device, and the truth."""
        batch = batch.to(next(self._estimator.parameters()).device)
        with torch.autocast(batch.blurred.device.type, enabled=False):
            features = self._observed(batch.blurred, indices).half()
        truth = torch.stack([batch.sigma, batch.radius, elongation(batch.kernel)], dim=1)
        return features, torch.cat([truth, batch.noise.reshape(len(batch.noise), -1)], dim=1)

    def _observed(self, blurred: Tensor, indices: range) -> Tensor:
        """What is read of images (B, C, H, W); of those that are cut smaller, the same windows several times."""
        features = self._estimator.observe(blurred)
        for place, index in enumerate(indices):
            draw = generator(self._seed + _CUT, index)
            if float(torch.rand((), generator=draw)) < self._small:
                seen = self._estimator.observe(_cut(blurred[place : place + 1], draw))[0]
                features[place] = seen[torch.arange(features.shape[1]) % len(seen)]
        return features


def _cut(image: Tensor, draw: torch.Generator) -> Tensor:
    """Cut a strip or a small image out of one (1, C, H, W)."""
    height, width = (
        max(_LEAST_SIDE, int(length * 2 ** (-3 * min(1.0, 1.5 * float(torch.rand((), generator=draw))))))
        for length in image.shape[-2:]
    )
    return image[..., :height, :width]
