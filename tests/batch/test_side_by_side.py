"""The picture of before and after: both images whole, the same detail of both, and any kind of image shown."""

import numpy as np
import pytest

from pinsharp.batch.side_by_side import Found, _font, _lines, _textured_box, draw
from pinsharp.restoration.maps import evidence_colours
from strategies import random_image

LABELS = ("before", "after")


def holds(picture, part):
    """Whether `part` stands somewhere in `picture`, pixel for pixel."""
    views = np.lib.stride_tricks.sliding_window_view(picture[..., 0], part.shape)
    starts = np.argwhere(views[..., 0, 0] == part[0, 0])
    return any(np.array_equal(views[row, column], part) for row, column in starts)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (5, 5, 3), (40, 300), (300, 40, 4), (700, 30), (8, 900, 1), (1000, 1200, 3)])
def test_any_image_makes_a_picture_that_a_screen_holds(shape, dtype):
    image = random_image(shape, dtype, seed=0)

    picture = draw(image, image, labels=LABELS)

    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    assert picture.shape[0] < 2400
    assert picture.shape[1] < 2000


def test_the_detail_is_shown_of_both_pixel_by_pixel():
    blurred = np.full((400, 400), 90, np.uint8)
    blurred[210:230, 100:120] = random_image((20, 20), "uint8", seed=1)
    restored = 255 - blurred

    picture = draw(blurred, restored, labels=LABELS)

    for image in (blurred, restored):
        assert holds(picture, image[210:216, 100:106].repeat(4, axis=0).repeat(4, axis=1))


@pytest.mark.parametrize("top, left", [(0, 0), (300, 350), (123, 45), (0, 350)])
def test_the_detail_is_where_the_texture_is(top, left):
    image = np.full((400, 400, 3), 90, np.uint8)
    image[top : top + 40, left : left + 40] = random_image((40, 40, 3), "uint8", seed=2)

    box_top, box_left, height, width = _textured_box(image, 100)

    assert box_top <= top
    assert top + 40 <= box_top + height
    assert box_left <= left
    assert left + 40 <= box_left + width


def test_a_dark_image_is_shown_brighter():
    """12 bits in 16: at full scale nothing of it would be seen."""
    image = random_image((64, 64), "uint16", seed=3) >> 4

    picture = draw(image, image, labels=LABELS)

    assert (picture[40:] == 255).any()
    assert np.median(picture[60:400, 60:400]) > 60


def test_a_black_image_stays_black():
    image = np.zeros((64, 64), np.uint8)

    assert not draw(image, image, labels=LABELS)[60:300, 60:300].any()


def test_neither_image_is_changed():
    images = [random_image((50, 60, 3), "uint8", seed=seed) for seed in (4, 5)]
    before = [image.copy() for image in images]

    draw(*images, labels=("long " * 100, "after"))

    assert all(np.array_equal(image, copy) for image, copy in zip(images, before, strict=True))


@pytest.mark.parametrize(
    "label",
    [
        "",
        "after",
        "board-in-focus.png: sigma 0.25 px (below 0.5), gaussian, the middle 2048 x 2048 pixels of 9000 x 9000",
        "lot-7/" + "a-file-without-blanks-" * 9 + ".png: sigma 2.31 px ± 12 %, uncertain, mixture",
        "word " * 40,
    ],
)
def test_a_label_is_never_cut_off(label):
    lines = _lines(label, 420)

    assert "".join(lines).replace(" ", "") == label.replace(" ", "")
    assert all(_font().getlength(line) <= 420 for line in lines)
    assert set(label.split()) <= set(" ".join(lines).split()) or max(map(len, label.split())) > 40


def test_images_of_a_row_stay_level_below_labels_of_any_length():
    image = np.full((50, 50), 40, np.uint8)
    image[-1] = 255

    picture = draw(image, image, labels=("some words " * 20, "after"))
    halves = np.split(picture[:, : picture.shape[1] // 2 * 2], 2, axis=1)
    first, second = (int(np.argmax((half[..., 0] == 40).mean(axis=1) > 0.5)) for half in halves)

    assert first == second > 100


FIELD = {"shape": "constant", "image": [40, 300], "windows": [[20.0, 90.0, 2.0, 1.0]], "widths": [[2.0]]}


@pytest.mark.parametrize("shape", [(1, 1), (40, 300), (300, 40, 4), (1000, 1200, 3)])
def test_what_was_found_comes_below(shape):
    image = random_image(shape, "uint8", seed=6)
    found = Found(
        {"verdict": "varying", "verdict_reason": "it does", "width_map": FIELD}, np.zeros(shape[:2], np.float32)
    )

    alone, with_it = draw(image, image, labels=LABELS), draw(image, image, labels=LABELS, found=found)

    assert np.array_equal(with_it[: len(alone), : alone.shape[1]], alone)
    assert len(with_it) > len(alone) + 100


def test_the_detail_of_the_evidence_is_the_detail_of_the_images():
    image = np.full((400, 400), 90, np.uint8)
    image[210:230, 100:120] = random_image((20, 20), "uint8", seed=1)
    unsupported = np.random.default_rng(7).random((400, 400)).astype(np.float32)

    picture = draw(image, image, labels=LABELS, found=Found({}, unsupported))

    cut = evidence_colours(unsupported[210:216, 100:106])[..., 0]
    assert holds(picture, cut.repeat(4, axis=0).repeat(4, axis=1))
