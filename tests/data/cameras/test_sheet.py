"""Sheets show each step of each pair, and say in words what was chosen."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from pinsharp.data.cameras.cameras import CAMERAS
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.faults import Faults
from pinsharp.data.cameras.lens import Lens
from pinsharp.data.cameras.light import Tone
from pinsharp.data.cameras.processing import Processing
from pinsharp.data.cameras.sensor import Sensor
from pinsharp.data.cameras.sheet import described, sheet_page, sheet_png, take_rows
from pinsharp.data.corpus import Corpus

CORPUS = Corpus((torch.from_numpy(skimage.data.astronaut().copy()).permute(2, 0, 1),), ("astronaut",))


def rows(camera="any", count=2):
    return take_rows(CORPUS, camera, size=64, seed=2, indices=range(count))


@pytest.mark.slow
@pytest.mark.parametrize("camera", ["photo", "sem"])
def test_a_sheet_is_a_picture_with_a_row_for_each_pair(camera):
    one, two = (cv2.imdecode(np.frombuffer(sheet_png(rows(camera, count)), np.uint8), -1) for count in (1, 2))

    assert one.shape[1] == two.shape[1] > 1000
    assert two.shape[0] > 1.8 * one.shape[0]
    assert two.std() > 20


@pytest.mark.slow
def test_a_page_says_the_camera_and_every_choice():
    taken = rows("phone")

    page = sheet_page("phone", taken)

    assert page.startswith("<!doctype html>")
    assert "Camera phone" in page
    assert "data:image/png;base64," in page
    for row in taken:
        assert f"Pair {row.index}" in page
        for phrase in described(row.shot.draw):
            assert phrase in page


def test_what_was_chosen_is_said():
    draw = replace(
        draw_pair("photo", 0, 0),
        lens=Lens(radius=3.0, sigma=0.5, rim=0.4),
        sensor=Sensor("bayer", bits=12, full_well=5000.0, read_noise=3.0, demosaicing="vng"),
        processing=Processing(tone=Tone("gamma", 2.0, 1.3), amount=0.8, reach=1.1, resize=0.7, jpeg=80),
        faults=Faults(sensor=("dead-line",), page=("label",), glints=3),
    )

    words = "; ".join(described(draw))

    phrases = ["disc 3.00 Gaussian 0.50 px", "rim 0.4", "5000 electrons, read noise 3.0", "vng demosaicing"]
    phrases += ["gamma 2.00, S-curve 1.30", "sharpened 0.8 x at 1.1 px", "resized by 0.70", "JPEG 80, 420"]
    for phrase in [*phrases, "dead-line", "label", "3 glints"]:
        assert phrase in words


def test_what_was_not_chosen_is_not_said():
    draw = replace(
        draw_pair("lab", 0, 0), lens=Lens(), sensor=Sensor(full_well=math.inf), processing=Processing(), faults=Faults()
    )

    assert described(draw)[1] == "in focus"
    assert "no noise" in "; ".join(described(draw))
    assert not {"JPEG", "sharpened", "denoising", "resized"} & set("; ".join(described(draw)).split())


@pytest.mark.parametrize("camera", CAMERAS)
def test_rows_are_the_pairs_that_training_gets(camera):
    from pinsharp.data.cameras.pair import make_pair

    row = take_rows(CORPUS, camera, size=64, seed=2, indices=range(5, 6))[0]

    np.testing.assert_array_equal(row.pair.image, make_pair(CORPUS, camera, size=64, seed=2, index=5).image)
