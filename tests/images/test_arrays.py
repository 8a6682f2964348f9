"""The exchange office is exact both ways, never touches alpha, and refuses what is no image in one sentence."""

import numpy as np
import pytest
import torch
from hypothesis import given

from pinsharp.errors import ImageError
from pinsharp.images.arrays import (
    BT601,
    BT709,
    brightness,
    check_image,
    depth_ceiling,
    join_alpha,
    luma,
    split_alpha,
    to_array,
    to_tensor,
)
from strategies import images

DTYPES = ["uint8", "uint16", "float32"]


@given(images())
def test_every_image_survives_the_round_trip_exactly(image):
    restored = to_array(to_tensor(image), image)

    assert restored.dtype == image.dtype
    np.testing.assert_array_equal(restored, image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_every_level_survives_the_round_trip(dtype):
    side = 16 if dtype == "uint8" else 256
    ramp = np.arange(side * side).astype(dtype).reshape(side, side)

    np.testing.assert_array_equal(to_array(to_tensor(ramp), ramp), ramp)


@given(images())
def test_a_tensor_has_the_colours_in_order_and_no_alpha(image):
    tensor = to_tensor(image)

    full_scale = 1 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    assert tensor.dtype == torch.float32
    assert tensor.shape == (1, 3 if image.shape[2:] in ((3,), (4,)) else 1, *image.shape[:2])
    assert 0 <= tensor.min() <= tensor.max() <= 1
    for channel, plane in enumerate(tensor[0].numpy()):
        source = image if image.ndim == 2 else image[..., channel]
        np.testing.assert_allclose(plane, source.astype(np.float64) / full_scale, atol=1e-7)


@given(images(channels=(2, 4)))
def test_alpha_comes_back_untouched_whatever_happens_to_the_colour(image):
    restored = to_array(1 - to_tensor(image), image)

    np.testing.assert_array_equal(restored[..., -1], image[..., -1])
    assert restored.shape == image.shape


@given(images())
def test_join_undoes_split(image):
    np.testing.assert_array_equal(join_alpha(*split_alpha(image)), image)


def test_the_input_is_neither_changed_nor_shared():
    image = np.full((3, 4), 0.5, np.float32)
    image.setflags(write=False)

    tensor = to_tensor(image)
    tensor.zero_()
    to_array(tensor, image)[...] = 1

    assert (image == 0.5).all()


@pytest.mark.parametrize("dtype, expected", [("uint8", [0, 128, 255]), ("uint16", [0, 32768, 65535])])
def test_values_are_rounded_and_clipped(dtype, expected):
    tensor = torch.tensor([-0.5, 0.50001, 1.5]).reshape(1, 1, 1, 3)

    assert to_array(tensor, np.zeros((1, 3), dtype)).tolist() == [expected]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_tensors_of_other_precision_and_with_gradients_come_back(dtype):
    tensor = torch.ones(1, 3, 2, 2, dtype=dtype, requires_grad=True)

    assert (to_array(tensor, np.zeros((2, 2, 3), np.uint8)) == 255).all()


def test_the_size_is_the_tensors_where_there_is_no_alpha():
    assert to_array(torch.zeros(1, 1, 5, 7), np.zeros((9, 9, 1), np.uint16)).shape == (5, 7, 1)


def test_big_endian_images_are_images():
    image = np.arange(6, dtype=">u2").reshape(2, 3)

    restored = to_array(to_tensor(image), image)

    assert restored.dtype == image.dtype
    np.testing.assert_array_equal(restored, image)


@pytest.mark.parametrize(
    "tensor, like, sentence",
    [
        (torch.zeros(1, 1, 2, 2), np.zeros((2, 2, 3), np.uint8), r"expected a tensor \(1, 3, H, W\)"),
        (torch.zeros(2, 1, 2, 2), np.zeros((2, 2), np.uint8), r"expected a tensor \(1, 1, H, W\)"),
        (torch.zeros(1, 3, 2, 3), np.zeros((2, 2, 4), np.uint8), "as large as its alpha"),
        (torch.full((1, 1, 2, 2), torch.nan), np.zeros((2, 2), np.uint8), "a method went wrong"),
    ],
)
def test_a_tensor_that_does_not_belong_to_the_image_is_a_slip(tensor, like, sentence):
    with pytest.raises(ValueError, match=sentence):
        to_array(tensor, like)


def test_alpha_of_another_size_is_a_slip():
    with pytest.raises(ValueError, match="expected alpha like the colour"):
        join_alpha(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))


@pytest.mark.parametrize(
    "image, sentence",
    [
        ([[1, 2]], r"got list; convert it with numpy\.asarray"),
        (np.zeros((2, 2), bool), "got bool; a mask has no blur"),
        (np.zeros((2, 2), np.int32), r"got int32; convert it with image\.astype\(numpy\.uint16\)"),
        (np.zeros((2, 2), np.float64), r"got float64; convert it with image\.astype\(numpy\.float32\)"),
        (np.zeros((2, 2), np.float16), r"got float16; convert it with image\.astype\(numpy\.float32\)"),
        (np.zeros((0, 5), np.uint8), r"got an empty array of shape \(0, 5\)"),
        (np.zeros(5, np.uint8), r"expected an image of shape .*, got \(5,\)"),
        (np.zeros((3, 8, 9), np.uint8), "channels last"),
        (np.zeros((1, 2, 2, 3), np.uint8), "one image at a time"),
        (np.full((2, 2), 1.01, np.float32), r"got 1\.01 to 1\.01; divide by the full scale"),
        (np.full((2, 2), -0.5, np.float32), r"float values in \[0, 1\], got -0\.5"),
    ],
)
def test_what_is_no_image_is_refused_in_one_sentence(image, sentence):
    with pytest.raises(ImageError, match=sentence) as caught:
        check_image(image)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_the_first_is_placed(value):
    image = np.zeros((4, 5, 3), np.float32)
    image[2, 3, 1] = image[3, 0, 0] = value

    with pytest.raises(ImageError, match=r"got 2 NaN or infinite, the first at \(row, column\) \(2, 3\)"):
        to_tensor(image)


def test_a_little_rounding_outside_the_range_is_clipped():
    image = np.array([[-1e-4, 1 + 1e-4]], np.float32)

    assert to_tensor(image).flatten().tolist() == [0, 1]


def test_importing_the_office_does_not_import_torch(run_python):
    run_python("import sys, pinsharp.images.arrays, pinsharp.images.files; assert 'torch' not in sys.modules")


@pytest.mark.parametrize("white", [1023, 4095, 65535])
def test_every_level_up_to_the_white_level_comes_back(white):
    levels = np.arange(white + 1, dtype=np.uint16)[None]

    tensor = to_tensor(levels, white_level=white)

    assert (float(tensor.min()), float(tensor.max())) == (0, 1)
    assert np.array_equal(to_array(tensor, levels, white_level=white), levels)


def test_a_white_level_clips_what_was_restored():
    levels = np.zeros((1, 3), np.uint16)

    assert to_array(torch.tensor([[[[-1.0, 0.5, 2.0]]]]), levels, white_level=1023).tolist() == [[0, 512, 1023]]


def test_a_white_level_that_the_pixels_cannot_hold_is_refused():
    with pytest.raises(ImageError, match="can hold the white level 4095, got uint8, whose white is 255; leave it out"):
        to_tensor(np.zeros((4, 4), np.uint8), white_level=4095)


def test_values_above_the_white_level_are_counted_in_pixels():
    image = np.full((5, 6, 3), 1023, np.uint16)
    image[2, 3] = (1024, 2000, 7)

    with pytest.raises(
        ImageError, match="up to the white level 1023, got 1 brighter pixels, the largest value 2000; give"
    ):
        to_tensor(image, white_level=1023)


@pytest.mark.parametrize(
    "weights, shares", [(BT601, (0.299, 0.587, 0.114)), (BT709, (0.2126, 0.7152, 0.0722))], ids=["BT601", "BT709"]
)
def test_luma_is_the_brightness_that_eyes_see(weights, shares):
    crops = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))

    mono = luma(crops, weights)

    assert mono.shape == (2, 1, 4, 5)
    torch.testing.assert_close(mono[:, 0], sum(share * crops[:, c] for c, share in enumerate(shares)))
    torch.testing.assert_close(luma(torch.ones(1, 3, 2, 2), weights), torch.ones(1, 1, 2, 2))
    assert torch.equal(luma(mono, weights), mono)


@given(images())
def test_the_brightness_of_an_array_is_the_luma_of_its_tensor(image):
    tensor = to_tensor(image)

    np.testing.assert_allclose(brightness(image), luma(tensor)[0, 0].numpy(), atol=1e-3)  # a float may leave [0, 1]
    assert brightness(image).dtype == np.float32


@pytest.mark.parametrize(
    "highest, ceiling",
    [
        (4095, 4095),
        (1024, 4095),
        (900, 4095),
        (1023, 1023),
        (4096, 16383),
        (16383, 16383),
        (16384, None),
        (65535, None),
    ],
)
def test_the_depth_that_an_image_shows_is_told_by_its_largest_value(highest, ceiling):
    assert depth_ceiling(np.array([[0, highest]], np.uint16)) == ceiling


def test_other_types_have_no_hidden_depth():
    assert depth_ceiling(np.array([[0, 7]], np.uint8)) is None
    assert depth_ceiling(np.array([[0, 0.5]], np.float32)) is None
