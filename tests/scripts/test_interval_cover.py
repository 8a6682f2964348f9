"""The script that counts how often intervals hold the width."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import interval_cover


class Knowing:
    """Says the same width, with the same doubt, of every image."""

    def __init__(self, sigma, std):
        self.blur = SimpleNamespace(sigma=sigma, sigma_relative_std=std, verdict="restorable")

    def measure(self, image):
        return self.blur


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    return interval_cover.load_corpus(tmp_path, held_out=True)


def test_errors_are_logarithms_of_the_width_of_light(corpus):
    one, scaled, left = interval_cover.errors(Knowing(2.0, 0.1), corpus, "mono", 4)
    other, _, _ = interval_cover.errors(Knowing(4.0, 0.1), corpus, "mono", 4)

    assert len(one) > 0
    assert left == 0
    np.testing.assert_allclose(scaled, np.array(one) / 0.1)
    assert all(
        abs(abs(a - b) - np.log(2)) < 1e-9 or abs(a + b - np.log(2)) < 1e-9 for a, b in zip(one, other, strict=True)
    )


def test_together_there_is_one_error_of_several_photographs_and_apart_one_of_each(corpus):
    class Counting(Knowing):
        def __init__(self, *said):
            super().__init__(*said)
            self.seen = []

        def measure(self, image):
            self.seen.append(len(image) if isinstance(image, list) else 1)
            return self.blur

    together, apart = Counting(2.0, 0.1), Counting(2.0, 0.1)

    one, _, _ = interval_cover.errors(together, corpus, "mono", 2, 3)
    each, _, _ = interval_cover.errors(apart, corpus, "mono", 2, 3, apart=True)

    assert set(together.seen[: len(one)]) == {3}
    assert len(each) == 3 * len(one) > 0
    np.testing.assert_allclose(each[::3], one)  # of one width


def test_photographs_of_one_camera_differ_in_scene_and_noise_alone(corpus):
    first, second = (interval_cover.taken(corpus, "mono", 0, number) for number in range(2))

    assert first.sigma == second.sigma
    assert (first.draw.processing, first.draw.exposure) == (second.draw.processing, second.draw.exposure)
    assert not np.array_equal(first.image, second.image)
