"""Masked arrays: what is under the mask has no say, the filling has no edges, and both come back."""

import numpy as np
import pytest

from pinsharp.errors import ImageError
from pinsharp.images.arrays import check_image
from pinsharp.images.files import write_image
from pinsharp.images.masks import fill, hide, masked_like, read_mask, write_mask
from strategies import random_image


def filled(image):
    return hide(image, given=None, find=False).pixels


def scene(shape):
    """A smooth slope in [0, 1] and a mask with a hole, a frame on one side and a single pixel."""
    rows, columns = np.indices(shape[:2])
    mask = np.zeros(shape[:2], bool)
    mask[20:45, 30:70], mask[:, :9], mask[60, 80] = True, True, True
    return (0.2 + 0.5 * columns / shape[1] + 0.2 * rows / shape[0]).astype(np.float32), mask


@pytest.mark.parametrize("shape", [(64, 96), (65, 97), (71, 90)])
@pytest.mark.parametrize("rubbish", [0, 1, np.nan])
def test_the_filling_goes_on_smoothly_whatever_is_under_the_mask(shape, rubbish):
    slope, mask = scene(shape)

    whole = filled(np.ma.MaskedArray(np.where(mask, np.float32(rubbish), slope), mask))

    np.testing.assert_array_equal(whole[~mask], slope[~mask])
    for axis in (0, 1):
        assert np.abs(np.diff(whole, axis=axis)).max() < 4 * np.abs(np.diff(slope, axis=axis)).max()
    assert np.abs(whole - slope)[:, 12:].max() < 0.02  # a slope solves Laplace's equation


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(33, 40), (33, 40, 1), (33, 40, 3), (33, 40, 4)])
def test_what_is_not_masked_stays_and_the_rest_comes_back_under_its_mask(dtype, shape):
    pixels = random_image(shape, dtype, 0)
    masked = np.ma.MaskedArray(pixels, np.random.default_rng(1).random(shape) < 0.3, fill_value=pixels.dtype.type(1))
    restored = random_image(shape, dtype, 2)

    whole, back = filled(masked), masked_like(restored, masked)

    assert (type(whole), whole.dtype, whole.shape) == (np.ndarray, pixels.dtype, pixels.shape)
    np.testing.assert_array_equal(whole[~masked.mask], pixels[~masked.mask])
    np.testing.assert_array_equal(np.ma.getmaskarray(back), masked.mask)
    np.testing.assert_array_equal(back.data, np.where(masked.mask, pixels, restored))
    assert back.fill_value == masked.fill_value


def test_a_mask_without_a_masked_pixel_changes_nothing():
    pixels = random_image((9, 8), "uint8", 0)

    np.testing.assert_array_equal(filled(np.ma.MaskedArray(pixels)), pixels)


def test_a_wholly_masked_image_is_refused():
    with pytest.raises(ImageError, match="expected pixels that are not masked, got none"):
        filled(np.ma.MaskedArray(np.zeros((8, 8), np.uint8), mask=True))


def test_nan_beside_the_mask_is_refused():
    pixels, mask = scene((64, 96))
    pixels[3, 20] = np.nan

    with pytest.raises(ImageError, match=r"got 1 NaN or infinite, the first at \(row, column\) \(3, 20\)"):
        filled(np.ma.MaskedArray(pixels, mask))


@pytest.mark.parametrize(
    "image, sentence",
    [
        (np.ma.MaskedArray(np.zeros((4, 4), np.uint8), np.eye(4, dtype=bool)), "got a masked one with 4 masked values"),
        (np.zeros((4, 4), np.uint8).view(np.matrix), r"got a matrix; convert it with numpy.asarray\(image\)"),
    ],
)
def test_where_no_mask_can_be_kept_it_is_not_lost_silently(image, sentence):
    with pytest.raises(ImageError, match=sentence):
        check_image(image)


@pytest.mark.parametrize("wide", [1, 2, 3])
def test_a_thin_fault_in_a_smooth_image_is_filled_nearly_as_it_was(wide):
    rows, columns = np.indices((60, 80), dtype=np.float32)
    smooth = 0.5 + 0.2 * np.sin(columns / 4) * np.cos(rows / 5)
    mask = np.zeros(smooth.shape, bool)
    mask[:, 40 : 40 + wide] = True

    whole = fill(np.where(mask, np.float32(0), smooth), mask)

    assert np.abs(whole - smooth)[2:-2].max() < 0.004 * wide  # a straight line through is off by 0.006 to 0.02


def test_a_mask_file_hides_what_is_white_and_comes_back(tmp_path):
    mask = np.random.default_rng(0).random((17, 23)) < 0.3

    write_mask(tmp_path / "mask.png", mask)
    write_image(tmp_path / "colour.png", np.dstack([mask, mask, np.zeros_like(mask)]).astype(np.uint8))

    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), mask)
    np.testing.assert_array_equal(read_mask(tmp_path / "colour.png"), mask)


def test_a_mask_of_another_size_is_refused_in_one_line():
    with pytest.raises(ImageError, match=r"expected a mask as large as the image, 8 x 9, got 9 x 8; give the mask"):
        hide(np.zeros((9, 8), np.uint8), given=np.zeros((8, 9), bool), find=False)
