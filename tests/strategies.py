"""Hypothesis strategies that the property tests of all rooms share."""

import numpy as np
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)


def random_image(shape, dtype, seed):
    """Noise over the whole range of the dtype; float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.random(shape, dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@st.composite
def images(draw, dtypes=("uint8", "uint16", "float32"), channels=(None, 1, 2, 3, 4), max_side=40):
    """Images of every kind that pinsharp accepts: odd, even and one-pixel sides; channels None means (H, W)."""
    height, width = draw(st.tuples(st.integers(1, max_side), st.integers(1, max_side)))
    samples = draw(st.sampled_from(channels))
    shape = (height, width) if samples is None else (height, width, samples)
    return random_image(shape, draw(st.sampled_from(dtypes)), draw(SEEDS))
