"""What lines are judged by is computed as fast as can be: numpy's plain functions are the reference."""

import numpy as np
import pytest

from pinsharp.images.fault_lines import _counts, _medians, _sharpest
from pinsharp.images.fault_survey import InMemory, Overview, Scene


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (94, 57)])
def test_counts_and_medians_are_those_of_numpy(shape):
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)

    assert np.array_equal(_counts(values > 0.5), np.count_nonzero(values > 0.5, axis=0))
    assert np.array_equal(_medians(values), np.median(values, axis=1, keepdims=True))


@pytest.mark.parametrize("shape", [(5, 40), (300, 1001)])
def test_the_sharpest_pixels_are_looked_for_where_a_quantile_of_all_would(shape):
    rows = np.random.default_rng(1).integers(0, 65536, shape).astype(np.uint16)
    some = rows[:: -(-len(rows) // 128)].astype(np.float32)
    apart = np.abs(some[:, 1:-1] - (some[:, :-2] + some[:, 2:]) / 2)

    expected = np.quantile(apart[:, :: -(-apart.size // 2**15)], 0.99)

    assert _sharpest(rows) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_an_overview_holds_the_pixels_of_the_image(channels, kind):
    image = np.random.default_rng(2).integers(0, 3, (40, 2100, *channels)).astype(kind)
    scene = Scene(InMemory(image))
    seen = Overview(scene)

    for rows, shown in scene.bands():
        seen.add(scene.read(shown, slice(0, scene.width)), rows, shown)

    colour = image[..., :3] if channels else image
    step = seen.step
    assert step > 1
    assert np.array_equal(seen.thin, colour[::step, ::step])
    assert np.array_equal(seen.across, colour[seen.rows])
    assert np.array_equal(seen.down, colour[:, seen.columns])
    beside, below = colour[::step, 1::step], colour[1::step, ::step]
    same = (seen.thin[: len(below), : beside.shape[1]] == below[:, : beside.shape[1]]) & (
        seen.thin[: len(below), : beside.shape[1]] == beside[: len(below)]
    )
    assert np.array_equal(seen.flat[: len(below), : beside.shape[1]], same.all(axis=-1) if channels else same)
