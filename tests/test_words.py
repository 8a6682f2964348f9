"""Figures in words."""

import pytest

from pinsharp.words import width_in_words


@pytest.mark.parametrize(
    "std, is_uncertain, words",
    [
        (None, False, "sigma 0.98 px, gaussian"),
        (0.02, False, "sigma 0.98 px ± 2 %, gaussian"),
        (0.31, True, "sigma 0.98 px ± 31 %, uncertain, gaussian"),
    ],
)
def test_a_width_comes_with_its_doubt(std, is_uncertain, words):
    assert width_in_words(0.98, std, "gaussian", is_uncertain=is_uncertain) == words
