"""Windows: each pixel has one owner, every halo is whole, weights sum to one."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinsharp.images.windows import Span, Window, bands, windows

SIDES = st.integers(1, 150)
SIZES = st.integers(12, 150)
HALOS = st.integers(0, 60)
STRIDES = st.sampled_from([1, 4, 16])


@given(st.tuples(SIDES, SIDES), SIZES, HALOS, STRIDES)
@example((1, 1), 1, 0, 1)
@example((257, 129), 128, 152, 4)
def test_every_pixel_is_owned_once(shape, size, halo, stride):
    painted = np.zeros(shape, int)

    for window in windows(shape, size, halo, stride):
        painted[window.rows, window.columns] += 1

    assert (painted == 1).all()


@given(st.tuples(SIDES, SIDES), SIZES, HALOS, STRIDES)
def test_what_is_read_is_owned_and_its_halo_as_far_as_the_image_goes(shape, size, halo, stride):
    for window in windows(shape, size, halo, stride):
        for span, length in zip((window.vertical, window.horizontal), shape, strict=True):
            assert span.outer_start == 0 or span.start - span.outer_start >= halo
            assert span.outer_stop == length or span.outer_stop - span.stop >= halo
            assert 0 <= span.outer_start <= span.start < span.stop <= span.outer_stop <= length


@given(st.tuples(SIDES, SIDES), SIZES, HALOS, STRIDES)
def test_windows_begin_on_strides_and_end_there_or_with_the_image(shape, size, halo, stride):
    for window in windows(shape, size, halo, stride):
        for span, length in zip((window.vertical, window.horizontal), shape, strict=True):
            assert span.start % stride == span.outer_start % stride == 0
            assert all(stop % stride == 0 or stop == length for stop in (span.stop, span.outer_stop))


@given(SIDES, SIZES, STRIDES)
def test_windows_are_as_equal_as_strides_allow_and_none_is_larger_than_asked(length, size, stride):
    owned = [window.vertical.length for window in windows((length, 1), size, 0, stride)]

    assert max(owned) <= max(size, stride)
    assert len(owned) <= -(-length // max(size // stride * stride, stride))
    assert all(rows == owned[0] for rows in owned[:-1])


@given(st.tuples(SIDES, SIDES), SIZES, HALOS, STRIDES)
def test_the_inner_part_of_what_is_read_is_what_is_owned(shape, size, halo, stride):
    places = np.arange(shape[0] * shape[1]).reshape(shape)

    for window in windows(shape, size, halo, stride):
        read = places[window.outer_rows, window.outer_columns]
        assert np.array_equal(read[window.vertical.inner, window.horizontal.inner], places[window.rows, window.columns])


def test_windows_come_band_by_band_from_left_to_right():
    grid = windows((100, 90), 40, 8, 4)

    grouped = bands(grid)

    assert [len(band) for band in grouped] == [3, 3, 3]
    assert [window for band in grouped for window in band] == grid
    for band in grouped:
        assert len({window.vertical for window in band}) == 1
        assert [window.horizontal.start for window in band] == sorted({window.horizontal.start for window in band})
    assert [(band[0].vertical.start, band[0].vertical.stop) for band in grouped] == [(0, 36), (36, 72), (72, 100)]


def test_an_image_that_fits_is_one_window_without_a_halo():
    assert windows((64, 51), 64, 20, 4) == [Window(Span(0, 64, 0, 64), Span(0, 51, 0, 51))]


@given(st.tuples(SIDES, SIDES), SIZES, HALOS, STRIDES, st.floats(0, 1))
@example((200, 37), 8, 40, 4, 1.0)
def test_weights_sum_to_one_at_every_pixel(shape, size, halo, stride, share):
    """Even where windows are so narrow that three and more of them overlap."""
    ramp = round(share * halo)
    total = np.zeros(shape)

    for window in windows(shape, size, halo, stride):
        spans = window.vertical, window.horizontal
        rows, columns = (span.blended(ramp) for span in spans)
        vertical, horizontal = (span.weights(ramp) for span in spans)
        assert min(vertical.min(), horizontal.min()) >= 0
        total[rows, columns] += vertical[:, None] * horizontal

    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_weights_fall_from_one_to_zero_across_a_border_and_not_at_that_of_the_image():
    first, second, _ = (window.vertical for window in windows((300, 1), 100, 32))

    ramp = first.weights(16)[-32:]

    assert first.blended(16) == slice(0, 116)
    assert (first.weights(16)[:-32] == 1).all()
    assert (np.diff(ramp) < 0).all()
    assert ramp[0] > 0.99
    assert ramp[-1] < 0.01
    np.testing.assert_allclose(second.weights(16)[:32], 1 - ramp, atol=1e-6)


@pytest.mark.parametrize("arguments", [((0, 5), 4, 0), ((5, 5), 0, 0), ((5, 5), 4, -1), ((5, 5), 4, 0, 0)])
def test_what_cannot_be_cut_is_refused(arguments):
    with pytest.raises(ValueError, match="expected an image, a size and a stride of at least 1 and a halo of at least"):
        windows(*arguments)
