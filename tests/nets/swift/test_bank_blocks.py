"""Blocks of the Wiener bank: they cover the image, and give everybody what the bank gives, the same to the last bit."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from closeness import assert_close_to_largest
from pinsharp.nets.swift import bank_blocks
from pinsharp.nets.swift.bank_blocks import BankBlocks, block_grid
from pinsharp.nets.swift.wiener_bank import WienerBank

STRIDE, RADIUS = 4, 6
NOISE = torch.tensor([1 / 255])
BANK = WienerBank(count=2, radius=RADIUS, grid=16, steady=True)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Of at most 16 x 20 pixels, so that small images have many."""
    monkeypatch.setattr(bank_blocks, "BLOCK", 20)
    monkeypatch.setattr(bank_blocks, "LEAST_BLOCK", 16)
    monkeypatch.setattr(bank_blocks, "BLOCK_ROW_VALUES", 16 * 30)


def asymmetric_kernel() -> Tensor:
    """A symmetric kernel would hide a flip."""
    kernel = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(3))
    return kernel / kernel.sum()


def random_image(channels: int, height: int, width: int) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(0))


def blocks_of(image: Tensor, rows_at_once: int, reads: list[tuple[slice, slice]] | None = None) -> BankBlocks:
    """Blocks of an image, and a list of all that they read."""

    def read(rows: slice, columns: slice) -> Tensor:
        if reads is not None:
            reads.append((rows, columns))
        return image[..., rows, columns]

    shape = (image.shape[1], image.shape[2], image.shape[3])
    return BankBlocks(BANK, read, shape, asymmetric_kernel(), NOISE, stride=STRIDE, rows_at_once=rows_at_once)


@torch.inference_mode()
def everything(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Stack, careful and steady copy of a whole image, all rows of blocks at once."""
    blocks, (height, width) = blocks_of(image, image.shape[-2]), image.shape[-2:]
    whole = slice(0, height), slice(0, width)
    return blocks.stack(*whole), blocks.careful(*whole), blocks.steady(*whole)


@given(st.integers(1, 3), st.integers(1, 200), st.integers(1, 200))
def test_blocks_cover_an_image_once_from_whole_strides_on(channels, height, width):
    painted = np.zeros((height, width), int)

    vertical, horizontal = block_grid((channels, height, width), STRIDE)

    for rows in vertical:
        for columns in horizontal:
            painted[rows, columns] += 1
    assert (painted == 1).all()
    for spans, most in ((vertical, 20), (horizontal, 20)):
        assert all(span.start % STRIDE == 0 for span in spans)
        assert all(span.stop - span.start <= spans[0].stop <= most for span in spans)


def test_a_megapixel_is_one_block_and_wide_images_have_lower_ones(monkeypatch):
    monkeypatch.undo()

    assert block_grid((3, 1000, 1000), STRIDE) == ([slice(0, 1000)], [slice(0, 1000)])
    assert block_grid((1, 5000, 8192), STRIDE)[0][0] == slice(0, 1252)
    assert block_grid((3, 5000, 8192), STRIDE)[0][0] == slice(0, 628)
    assert block_grid((3, 5000, 200_000), STRIDE)[0][0] == slice(0, 252)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height, width", [(64, 60), (41, 67), (7, 90), (90, 1), (1, 1)])
def test_they_give_image_and_bank_padded_by_edge_values_at_half_resolution(channels, height, width):
    image = random_image(channels, height, width)

    stack, careful, steady = everything(image)

    copies = BANK(image, asymmetric_kernel(), NOISE).detach()  # (1, count + 1, C, H, W)
    planes = torch.cat([image[:, None], copies[:, :-1]], dim=1).flatten(1, 2)
    planes = functional.pad(planes, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
    assert_close_to_largest(stack, functional.pixel_unshuffle(planes, 2), 2e-6)
    assert_close_to_largest(careful, copies[:, 0], 2e-6)
    assert_close_to_largest(steady, copies[:, -1], 2e-6)
    assert torch.equal(stack[:, : 4 * channels], functional.pixel_unshuffle(planes[:, :channels], 2))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3).filter(lambda channels: channels != 2),
    st.tuples(st.integers(1, 80), st.integers(1, 60)),
    st.integers(1, 12).map(lambda strides: STRIDE * strides),
    st.lists(st.integers(0, 19), min_size=1, max_size=8),
)
@example(1, (77, 30), 8, [0, 2, 4, 6, 8, 10, 12, 14])
@example(3, (80, 60), 48, [8, 0, 5, 19])
def test_whoever_asks_in_whatever_order_gets_the_same_to_the_last_bit(channels, shape, rows_at_once, starts):
    image = random_image(channels, *shape)
    stack, careful, steady = everything(image)

    with torch.inference_mode():
        blocks = blocks_of(image, rows_at_once)
        for start in (STRIDE * number for number in starts if STRIDE * number < shape[0]):
            rows = slice(start, min(start + rows_at_once, shape[0]))
            columns = slice(min(start, shape[1] - 1) // STRIDE * STRIDE, shape[1])

            found = blocks.stack(rows, columns), blocks.careful(rows, columns), blocks.steady(rows, columns)

            expected = stack[..., rows.start // 2 : -(-rows.stop // STRIDE) * STRIDE // 2, columns.start // 2 :]
            assert torch.equal(found[0], expected)
            assert torch.equal(found[1], careful[..., rows, columns])
            assert torch.equal(found[2], steady[..., rows, columns])


@pytest.mark.parametrize("rows_at_once", [4, 12, 40, 100])
def test_going_down_every_block_is_made_once_with_its_neighbours(rows_at_once):
    image, reads = random_image(1, 83, 50), []
    blocks = blocks_of(image, rows_at_once, reads)

    with torch.inference_mode():
        for start in range(0, 83, 4):
            blocks.stack(slice(start, min(start + rows_at_once, 83)), slice(0, 50))

    vertical, horizontal = block_grid((1, 83, 50), STRIDE)
    assert len(reads) == len(vertical) * len(horizontal) > 12
    assert reads[0] == (slice(0, vertical[0].stop + RADIUS), slice(0, horizontal[0].stop + RADIUS))
    assert reads[-1] == (slice(vertical[-1].start - RADIUS, 83), slice(horizontal[-1].start - RADIUS, 50))


def test_memory_holds_what_is_asked_for_at_once_and_one_row_of_blocks():
    blocks = blocks_of(random_image(1, 1000, 8), rows_at_once=12)

    assert blocks._kept.shape == (2, 1, 12 + block_grid((1, 1000, 8), STRIDE)[0][0].stop, 8)


def test_more_rows_than_were_told_are_a_programmers_slip():
    with torch.inference_mode(), pytest.raises(ValueError, match="at most 12 rows at once, got 16"):
        blocks_of(random_image(1, 60, 30), 12).stack(slice(4, 20), slice(0, 30))


def test_half_precision_is_filtered_in_float32_and_stacked_in_bfloat16():
    image = random_image(3, 41, 37)
    stack, *copies = everything(image)

    with torch.autocast("cpu", torch.bfloat16):
        half, *same = everything(image)

    assert torch.equal(half, stack.bfloat16())
    assert all(torch.equal(one, other) for one, other in zip(same, copies, strict=True))
