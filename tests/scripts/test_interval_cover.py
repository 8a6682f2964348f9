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
