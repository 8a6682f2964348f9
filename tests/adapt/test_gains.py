"""What is compared before a model is written: the same images under the same blurs, and when it is worth it."""

import numpy as np
import pytest
from PIL import Image

from pinsharp.adapt import gains as judging
from pinsharp.adapt.gains import Gain, Gains, HeldOut, compare, restored_psnr, table


@pytest.fixture
def held_out(tmp_path, monkeypatch):
    """Two groups of one image each under two blurs, in mono or colour: `held_out(is_mono=True)`."""
    monkeypatch.setattr(judging, "KERNELS", "gaussian:0.8,disk:3")
    rng = np.random.default_rng(0)
    paths = [tmp_path / "own.png", tmp_path / "general.png"]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (60, 70, 3), np.uint8)).save(path)
    return lambda is_mono: HeldOut({"own": paths[:1], "general": paths[1:]}, is_mono=is_mono)


def cells(*gained):
    places = zip(("own", "own", "general"), gained, strict=True)
    return Gains(tuple(Gain(group, "disk:3", "clean", 20, 25, 25 + gain) for group, gain in places))


@pytest.mark.parametrize("is_mono", [True, False])
def test_what_restores_nothing_is_as_good_as_the_blurred_image(held_out, is_mono):
    images = held_out(is_mono)
    shapes = []

    def same(image):
        shapes.append(image.shape)
        return image

    blurred, left = restored_psnr(images, None), restored_psnr(images, same)

    assert left == blurred
    assert len(blurred) == 2 * 2 * 2
    assert len(shapes) == images.count == 8
    assert {len(shape) for shape in shapes} == {2 if is_mono else 3}


def test_noise_and_wider_blurs_cost(held_out):
    blurred = restored_psnr(held_out(True), None)

    assert blurred["own", "gaussian:0.8", "clean"] > blurred["own", "gaussian:0.8", "noisy"]
    assert blurred["own", "gaussian:0.8", "clean"] > blurred["own", "disk:3", "clean"]


def test_the_same_net_gains_nothing_and_is_not_worth_it(held_out):
    figures = restored_psnr(held_out(True), None)

    found = compare(figures, figures, figures)

    assert found.mean == 0
    assert not found.is_worth_it


@pytest.mark.parametrize(
    "gained, worth",
    [
        ((0.4, 0.2, 0.0), True),
        ((0.4, 0.2, -0.29), True),
        ((0.4, 0.2, -0.31), False),
        ((1.0, -0.2, 0.1), True),
        ((1.0, -0.6, 0.1), False),
        ((-0.1, -0.1, 2.0), False),
        ((np.nan, 0.4, 0.1), False),
    ],
)
def test_nowhere_may_it_lose_more_than_it_gains_on_its_own_images(gained, worth):
    assert cells(*gained).is_worth_it is worth


def test_the_table_shows_every_cell():
    told = table(cells(0.41, 0.2, -0.29))

    assert "own, clean" in told
    assert "general, clean" in told
    assert "-0.29" in told


def test_the_cut_is_where_there_is_contrast(tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "SIDE", 64)
    pixels = np.full((200, 200), 128, np.uint8)
    pixels[130:190, 130:190] = np.random.default_rng(0).integers(0, 256, (60, 60))
    Image.fromarray(pixels).save(tmp_path / "part.png")

    cut = judging._most_contrast(judging._read(tmp_path / "part.png", is_mono=True))

    assert cut.shape == (1, 1, 64, 64)
    assert float(cut.std()) > 0.2
