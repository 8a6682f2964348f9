"""`pinsharp bench edges`: edges measured and told; what is wrong is one line."""

import json

import numpy as np
import pytest
from scipy.special import ndtr

from pinsharp.images.files import write_image


@pytest.fixture
def slanted(tmp_path):
    row, column = np.mgrid[0:80, 0:90] - 40.0
    values = 0.2 + 0.5 * ndtr((column - 0.1 * row) / 1.2)
    return write_image(tmp_path / "edge.png", np.rint(255 * values).astype(np.uint8)) or tmp_path / "edge.png"


def test_an_edge_is_told_in_files_and_words(cli, slanted, tmp_path):
    options = ["--methods", "richardson-lucy:30", "--device", "cpu", "--known", "edge=0.15", "--json"]

    result = cli("bench", "edges", slanted, "-o", tmp_path / "out", *options)

    rows = {row["row"]: row for row in json.loads(result.out)["groups"][0]["rows"]}
    assert result.code == 0
    assert rows["blurred"]["mtf50"] == pytest.approx(0.1874 / 1.2, rel=0.03)
    assert rows["blurred"]["known_mtf50"] == 0.15
    assert rows["richardson-lucy:30"]["mtf50"] > rows["blurred"]["mtf50"]
    names = {"edges.jsonl", "edges.md", "edges.csv", "edges.tex", "edges-mtf.png", "edges-mtf.pdf"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--known", "edge"], "--known: expected NAME=FREQUENCY such as edge=0.25, got 'edge'"),
        (["--known", "edge=3"], "a frequency of 0 to 1 cycles a pixel"),
        (["--methods", "magic"], "'magic'"),
        (["--light", "sRGB"], "light must be auto, linear, srgb, bt709 or the exponent"),
    ],
)
def test_wrong_options_are_one_error(cli, slanted, tmp_path, options, sentence):
    result = cli("bench", "edges", slanted, "-o", tmp_path / "out", "--device", "cpu", *options)

    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err
    assert not (tmp_path / "out").exists()
