"""What is found: faults in blurred scenes, at their place; nothing in scenes that a lens made."""

import cv2
import numpy as np
import pytest

from pinsharp.images.faults import find_faults


def photograph(side=256, sigma=2.0, noise=0.5, seed=0):
    """A scene of rectangles and texture, blurred and noisy, in grey levels, float."""
    rng = np.random.default_rng(seed)
    scene = 90 + 40 * rng.standard_normal((side, side)).astype(np.float32)
    for _ in range(60):
        top, left = rng.integers(0, side, 2)
        scene[top : top + rng.integers(4, 60), left : left + rng.integers(4, 60)] = rng.uniform(30, 220)
    return cv2.GaussianBlur(scene, (0, 0), sigma) + rng.normal(0, noise, scene.shape).astype(np.float32)


def as_type(levels, dtype):
    levels = np.clip(levels, 0, 255)
    if dtype == "float32":
        return (levels / 255).astype(np.float32)
    return np.rint(levels * (257 if dtype == "uint16" else 1)).astype(dtype)


def dead_column(image, mask):
    mask[:, 101] = True
    image[mask] = 0


def stuck_row(image, mask):
    mask[77] = True
    image[mask] = 200


def partial_column(image, mask):
    mask[:128, 60] = True
    image[mask] = 0


def weak_columns(image, mask):
    mask[:, 150:152] = True
    image[mask] *= 0.6


def hot_pixels(image, mask):
    rng = np.random.default_rng(3)
    mask[rng.integers(8, 248, 12), rng.integers(8, 248, 12)] = True
    image[mask] = 255


def black_letterbox(image, mask):
    mask[:40] = mask[-30:] = True
    image[mask] = 0


def grey_frame(image, mask):
    mask[:5] = mask[-5:] = True
    mask[:, :5] = mask[:, -5:] = True
    image[mask] = 117


def round_field(image, mask):
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    light = np.clip((120 - np.hypot(y - 128, x - 128)) / 3, 0, 1)
    mask |= light < 1
    image *= light


def corner_cut_out(image, mask):
    mask |= np.add.outer(np.arange(256), np.arange(256)) < 120
    image[mask] = 0


SPOILERS = [
    dead_column, stuck_row, partial_column, weak_columns, hot_pixels, black_letterbox, grey_frame, round_field,
    corner_cut_out,
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda one: one.__name__)
def test_a_fault_is_found_at_its_place_whatever_the_type(spoil, dtype):
    image, truth = photograph(), np.zeros((256, 256), bool)
    spoil(image, truth)

    found = find_faults(as_type(image, dtype))

    near = cv2.dilate(truth.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert found.mask[truth].mean() > 0.97
    assert not found.mask[~near].any()
    assert found.words


def test_a_fault_of_one_channel_counts_for_the_pixel():
    image = np.dstack([photograph(seed=0)] * 3) * np.float32([1, 0.9, 0.8])
    image[:, 101, 2] = 0

    assert find_faults(as_type(image, "uint8")).mask[:, 101].all()


@pytest.mark.parametrize("sigma", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 0.5, 4.0])
def test_nothing_is_found_in_what_a_lens_made(sigma, noise):
    y, x = np.mgrid[:256, :256]
    stars = np.zeros((256, 256))
    stars[tuple(np.random.default_rng(0).integers(0, 256, (2, 80)))] = np.linspace(300, 3000, 80)
    line = np.full((256, 256), 90.0)
    line[:, 128] = 240
    scenes = {
        "photograph": photograph(sigma=0.4, noise=0),
        "flat": np.full((256, 256), 100.0),
        "slope": x * 0.9 + 10,
        "grating": (x // 10 % 2) * 180.0 + 30,
        "checker": (x // 16 + y // 16) % 2 * 180.0 + 30,
        "stars": stars,
        "line": line,
    }
    rng = np.random.default_rng(1)

    found = {
        name: find_faults(as_type(cv2.GaussianBlur(scene, (0, 0), sigma) + rng.normal(0, noise, scene.shape), "uint8"))
        for name, scene in scenes.items()
    }

    assert {name: one.words for name, one in found.items() if one.mask.any()} == {}


def test_few_values_that_are_no_numbers_are_hidden():
    image = as_type(photograph(), "float32")
    image[30:50, 40:60], image[200, 9] = np.nan, np.inf

    found = find_faults(image)

    np.testing.assert_array_equal(found.mask, ~np.isfinite(image))
    assert found.words == "401 pixels without a value"


def test_transparent_pixels_are_hidden_unless_all_are():
    image = np.dstack([as_type(photograph(), "uint8")] * 3 + [np.full((256, 256), 255, np.uint8)])
    image[:80, :60, 3] = 0

    assert find_faults(image).mask[:80, :60].all()
    assert not find_faults(image * np.uint8([1, 1, 1, 0])).mask.any()


def test_the_layout_in_memory_does_not_matter():
    """As of what torch or an image reader hands over with its channels first."""
    image, truth = photograph(), np.zeros((256, 256), bool)
    dead_column(image, truth)
    colour = as_type(np.stack([image, 0.8 * image, 0.5 * image]), "uint8")  # channels first

    found, expected = find_faults(np.moveaxis(colour, 0, -1)), find_faults(np.moveaxis(colour, 0, -1).copy())

    assert expected.mask is not None
    np.testing.assert_array_equal(found.mask, expected.mask)
