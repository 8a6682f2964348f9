"""Training pairs of a run: by a simulated camera where the settings name one, by formula otherwise."""

from pinsharp.data.corpus import Corpus
from pinsharp.data.synthesis import Batch, SynthesisConfig, make_batch
from pinsharp.train.camera_pairs import camera_batch


def make_pairs(
    corpus: Corpus, config: SynthesisConfig, *, size: int, indices: range, seed: int, first: int | None = None
) -> Batch:
    """Make the training pairs of some indices; arguments are those of `pinsharp.data.synthesis.make_batch`."""
    if not config.camera:
        return make_batch(corpus, config, size=size, indices=indices, seed=seed, first=first)
    kernel_size = config.kernel_size
    return camera_batch(corpus, config.camera, size=size, indices=indices, seed=seed, kernel_size=kernel_size)
