"""Training pairs of a run: by a simulated camera where the settings name one, by formula otherwise."""

from pinsharp.data.crops import Photographs
from pinsharp.data.synthesis import Batch, SynthesisConfig, is_mono, make_batch
from pinsharp.train.camera_pairs import camera_batch


def make_pairs(
    corpus: Photographs, config: SynthesisConfig, *, size: int, indices: range, seed: int, first: int | None = None
) -> Batch:
    """Make the training pairs of some indices; arguments are those of `pinsharp.data.synthesis.make_batch`."""
    if not config.camera:
        return make_batch(corpus, config, size=size, indices=indices, seed=seed, first=first)
    channels = 1 if is_mono(config, seed, indices.start if first is None else first) else 3
    settings = {"size": size, "kernel_size": config.kernel_size, "channels": channels}
    return camera_batch(corpus, config.camera, indices=indices, seed=seed, **settings)
