"""Registration: a series made by known shift, magnification, brightness and blur gives these back."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from pinsharp.errors import ImageError
from pinsharp.images.registration import BORDER, Registration, local_sigmas, overlap, register, registered


def scene(row, column):
    """Grey levels at any position, in pixels: smooth blobs, known everywhere, so that nothing is interpolated."""
    rng = np.random.default_rng(0)
    value = np.full(np.broadcast(row, column).shape, 0.4)
    for top, left, width, height in zip(
        *rng.uniform(-120, 120, (2, 150)), rng.uniform(2, 8, 150), rng.uniform(-0.25, 0.25, 150), strict=True
    ):
        value += height * np.exp(-((row - top) ** 2 + (column - left) ** 2) / (2 * width**2))
    return np.clip(value, 0.02, 0.98)


def seen(shape, found=None):
    """The scene on a grid of pixels, as an image of a registration shows it, about the centre of both."""
    found = found or Registration()
    row, column = ((np.arange(size) - (size - 1) / 2) for size in shape)
    row = (row - found.row_shift)[:, None] / found.magnification
    column = (column - found.column_shift)[None, :] / found.magnification
    return found.gain * gaussian_filter(scene(row, column), found.sigma) + found.offset


@pytest.mark.parametrize(
    "truth",
    [
        Registration(1.0, 0.3, -0.7, 1.0, 0.0, 0.0),
        Registration(1.012, 2.25, -3.5, 0.9, 0.05, 1.5),
        Registration(0.955, -4.6, 1.2, 1.05, -0.01, 3.0),
        Registration(1.1, 0.0, 0.0, 0.97, 0.02, 5.0),
    ],
)
@pytest.mark.parametrize("shape", [(200, 231), (212, 200)])
def test_a_known_transform_comes_back(truth, shape):
    reference = seen((204, 222))
    image = seen(shape, truth)

    found = register(image, reference)

    assert found.row_shift == pytest.approx(truth.row_shift, abs=0.05)
    assert found.column_shift == pytest.approx(truth.column_shift, abs=0.05)
    assert found.magnification == pytest.approx(truth.magnification, abs=1e-4)
    assert found.gain == pytest.approx(truth.gain, abs=0.01)
    assert found.offset == pytest.approx(truth.offset, abs=0.005)
    assert found.sigma == pytest.approx(truth.sigma, abs=0.1)
    assert found.correlation > 0.999


def test_noise_of_both_images_moves_it_little():
    rng = np.random.default_rng(1)
    truth = Registration(1.004, -1.3, 0.4, 0.95, 0.01, 2.0)
    reference, image = (
        plane + rng.normal(0, 2 / 255, plane.shape) for plane in (seen((200, 210)), seen((200, 210), truth))
    )

    found = register(image, reference)

    for corner in [(0, 0), (0, 209), (199, 209)]:
        expected = truth.position_in_image(corner, image.shape, reference.shape)
        assert found.position_in_image(corner, image.shape, reference.shape) == pytest.approx(expected, abs=0.1)
    assert found.gain == pytest.approx(truth.gain, abs=0.01)


def test_contrast_that_blur_took_is_not_taken_for_gain():
    image = gaussian_filter(seen((180, 180)), 6)

    found = register(image, seen((180, 180)))

    assert (found.gain, found.offset) == (pytest.approx(1, abs=0.01), pytest.approx(0, abs=0.005))


def test_the_registered_reference_is_the_image_in_focus():
    truth = Registration(1.02, 1.75, -2.5, 0.9, 0.04, 0.0)
    reference = seen((190, 200))
    blurred = seen((190, 200), Registration(1.02, 1.75, -2.5, 0.9, 0.04, 3.0))

    found = register(blurred, reference)
    brought = registered(reference, found, blurred.shape)

    part = overlap(found, blurred.shape, reference.shape)
    error = np.abs(brought - seen((190, 200), truth))[part]
    assert error.max() < 0.02
    assert np.sqrt(np.mean(error**2)) < 0.003


def test_an_image_registered_with_itself_is_left_as_it_is():
    image = seen((150, 160))

    found = register(image, image)

    np.testing.assert_allclose(registered(image, found, image.shape), image, atol=1e-4)
    assert found.sigma == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("size, parts", [(390, 9), (260, 4), (200, 0)])
def test_a_blur_that_differs_across_the_image_is_seen_in_its_parts(size, parts):
    texture = gaussian_filter(np.random.default_rng(0).random((size, size)), 1)
    image = gaussian_filter(texture, 3.0)
    image[:, : size // 3 - 20] = gaussian_filter(texture, 1.0)[:, : size // 3 - 20]

    widths = local_sigmas(image, texture)

    assert len(widths) == parts
    if parts == 9:
        assert widths[0::3] == pytest.approx([1.0] * 3, abs=0.6)
        assert widths[2::3] == pytest.approx([3.0] * 3, abs=0.1)


def test_parts_without_structure_have_no_width():
    texture = gaussian_filter(np.random.default_rng(0).random((260, 260)), 1)
    texture[:135, :135] = 0.5

    widths = local_sigmas(gaussian_filter(texture, 2.0), texture)

    assert len(widths) in (3, 4)
    assert all(width == pytest.approx(2.0, abs=0.2) for width in widths)


@pytest.mark.parametrize("factor, shift", [(1.0, 0.0), (1.05, 3.4), (0.93, -7.2)])
def test_what_is_judged_lies_inside_both_images(factor, shift):
    shape, reference = (160, 200), (150, 210)
    found = Registration(factor, shift, -shift)

    rows, columns = overlap(found, shape, reference)

    for corner in [(rows.start, columns.start), (rows.stop - 1, columns.stop - 1)]:
        for position, size in [(corner, shape), (inverse(found, corner, shape, reference), reference)]:
            assert all(
                BORDER - 1e-6 <= at <= length - 1 - BORDER + 1e-6 for at, length in zip(position, size, strict=True)
            )


def inverse(found, position, shape, reference):
    """Where a position of the image lies in the reference: the sentence of the docstring, the other way round."""
    shifts = (found.row_shift, found.column_shift)
    return [
        (other - 1) / 2 + (at - (size - 1) / 2 - shift) / found.magnification
        for at, size, other, shift in zip(position, shape, reference, shifts, strict=True)
    ]


def test_a_position_goes_where_the_pixel_goes():
    found = Registration(1.03, 4.0, -2.0)
    reference = np.zeros((120, 140))
    reference[50:53, 80:83] = 1

    image = registered(reference, found, (130, 150))

    row, column = np.unravel_index(int(gaussian_filter(image, 1).argmax()), image.shape)
    assert found.position_in_image((51, 81), (130, 150), (120, 140)) == pytest.approx((row, column), abs=0.6)


def test_interpolation_is_that_of_an_independent_sampler():
    found = Registration(1.01, 0.4, -0.3)
    reference = seen((120, 130))
    rows, columns = np.mgrid[0:120, 0:130].astype(float)
    at = inverse(found, (rows, columns), (120, 130), (120, 130))

    brought = registered(reference, found, (120, 130))

    oracle = map_coordinates(reference, at, order=5, mode="mirror")
    np.testing.assert_allclose(brought[5:-5, 5:-5], oracle[5:-5, 5:-5], atol=2e-4)


@pytest.mark.parametrize("shape, value", [((70, 200), None), ((120, 120), 0.5)])
def test_what_cannot_be_registered_is_refused(shape, value):
    image = seen(shape) if value is None else np.full(shape, value)

    with pytest.raises(ImageError, match="at least 80 pixels a side, with structure"):
        register(image, seen((120, 120)))


def test_scenes_without_overlap_are_refused():
    with pytest.raises(ImageError, match="overlaps it by less than 32 pixels"):
        overlap(Registration(1.0, -100.0, 0.0), (140, 140), (140, 140))
