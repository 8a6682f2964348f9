"""The images that a net is adapted to: what is refused, what is left out, and what is held out."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from pinsharp.adapt.images import hashes, held_out_of, look_at
from pinsharp.errors import ImageError


@pytest.fixture
def folder(tmp_path):
    """Make a folder of images: `folder(24, shape=(40, 50))`."""

    def make(count, shape=(40, 50), dtype=np.uint8):
        for number in range(count):
            pixels = np.full(shape, 30 + number, dtype)
            Image.fromarray(pixels).save(tmp_path / f"part{number:03}.png")
        return tmp_path

    return make


def looked_at(folder, widths=None, verdict="restorable"):
    def measure(path):
        return SimpleNamespace(sigma=(widths or {}).get(path.name, 0.4), verdict=verdict)

    return look_at(folder, least_side=32, measure=measure, progress=lambda: None)


@pytest.mark.parametrize("shape, is_mono", [((40, 50), True), ((40, 50, 3), True)])
def test_three_channels_that_are_alike_are_mono(folder, shape, is_mono):
    assert looked_at(folder(20, shape)).is_mono is is_mono


def test_colour_is_colour(folder):
    images = folder(20, (40, 50, 3))
    for path in images.iterdir():
        Image.fromarray(np.full((40, 50, 3), (10, 20, 30), np.uint8)).save(path)

    assert not looked_at(images).is_mono


@pytest.mark.parametrize("count, held_out", [(20, 4), (39, 4), (40, 4), (57, 5), (300, 30)])
def test_one_in_ten_is_held_out_but_at_least_four(count, held_out):
    names = [f"{number:03}" for number in range(count)]

    chosen = held_out_of(names)

    assert len(set(chosen)) == held_out
    gaps = np.diff([names.index(name) for name in chosen])
    assert gaps.max() - gaps.min() <= 1


def test_blurred_images_are_named_and_left_out(folder):
    widths = {"part003.png": 2.0, "part007.png": 1.5}

    images = looked_at(folder(24), widths)

    assert images.blurred == widths
    assert len(images.names) == 22
    assert not set(images.held_out) & set(widths)


@pytest.mark.parametrize("verdict", ["no-texture", "periodic", "contradictory"])
def test_a_width_that_is_not_to_be_trusted_leaves_nothing_out(folder, verdict):
    widths = {f"part{number:03}.png": 3.0 for number in range(20)}

    assert not looked_at(folder(20), widths, verdict).blurred


def test_mostly_blurred_images_are_refused_and_named(folder):
    widths = {f"part{number:03}.png": 1.0 + 0.1 * number for number in range(1, 26)}

    with pytest.raises(ImageError, match=r"got 45, of which 25 are blurred: part025.png \(sigma 3.5 px\), .* 20 more"):
        looked_at(folder(45), widths)


def test_too_few_that_are_sharp_are_refused(folder):
    with pytest.raises(ImageError, match=r"at least 20 sharp images .* part000.png \(sigma 2.0 px\); take those away"):
        looked_at(folder(20), {"part000.png": 2.0})


def test_too_few_are_refused(folder):
    with pytest.raises(ImageError, match="expected at least 20 sharp images of different places, got 19"):
        looked_at(folder(19))


def test_too_small_ones_are_refused(folder):
    with pytest.raises(ImageError, match=r"part000.png: expected sides of at least 32 pixels, got 50 x 31"):
        looked_at(folder(20, (31, 50)))


def test_mono_beside_colour_is_refused(folder):
    images = folder(20)
    Image.fromarray(np.full((40, 50, 3), (10, 20, 30), np.uint8)).save(images / "part009.png")

    with pytest.raises(ImageError, match=r"all mono or all in colour, got part000.png in mono and part009.png in col"):
        looked_at(images)


def test_twelve_bits_low_in_sixteen_are_refused(folder):
    with pytest.raises(ImageError, match=r"16-bit values up to 65535, got none above 30; scale the images"):
        looked_at(folder(20, dtype=np.uint16))


@pytest.mark.parametrize("name, kind", [("none", "none"), ("file", "a file")])
def test_what_is_no_folder_is_refused(tmp_path, name, kind):
    (tmp_path / "file").touch()

    with pytest.raises(ImageError, match=f"expected a folder of sharp images, got {kind}"):
        hashes(tmp_path / name)


def test_hashes_tell_contents_apart(folder):
    images = folder(20)
    before = hashes(images)

    Image.fromarray(np.zeros((40, 50), np.uint8)).save(images / "part004.png")

    after = hashes(images)
    assert {name for name in before if before[name] != after[name]} == {"part004.png"}
