"""The stack at half resolution is what plain operations make, whatever the size, layout, precision and order."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from pinsharp.nets.swift.half_resolution import HalfResolutionStack, fill, move_up

EVEN = st.integers(1, 6).map(lambda half: 2 * half)


def random_planes(count, height, width):
    return torch.rand(count, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("count, height, width", [(4, 8, 12), (16, 6, 2), (1, 2, 4)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_unshuffling_whatever_the_parts_that_it_is_written_in(count, height, width, dtype):
    planes = random_planes(count, height, width)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        stack = HalfResolutionStack(count, (height, width), planes)

    for left in range(0, width, 2):
        stack.write(planes[..., left : left + 2].to(dtype).contiguous(), 0, left)

    found = stack.read(slice(0, height), slice(0, width))
    assert found.dtype == dtype
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(found, functional.pixel_unshuffle(planes[None], 2).to(dtype))


@given(EVEN, EVEN, *[st.integers(0, 5)] * 2)
def test_any_part_can_be_read(height, width, top, left):
    planes = random_planes(3, height + 12, width + 12)
    stack = HalfResolutionStack(3, (height + 12, width + 12), planes)
    stack.write(planes, 0, 0)
    rows, columns = slice(2 * top, 2 * top + height), slice(2 * left, 2 * left + width)

    part = stack.read(rows, columns)

    assert torch.equal(part, functional.pixel_unshuffle(planes[None, :, rows, columns], 2))
    assert part.is_contiguous(memory_format=torch.channels_last)


@given(st.integers(0, 9), st.integers(0, 9))
def test_rows_move_up_though_they_overlap(by, count):
    memory = torch.arange(20)[:, None].repeat(1, 2)

    move_up(memory, by, count)

    assert torch.equal(memory[:count, 0], torch.arange(by, by + count))


def test_rows_of_a_stack_move_up():
    planes = random_planes(3, 12, 6)
    stack = HalfResolutionStack(3, (12, 6), planes)
    stack.write(planes, 0, 0)

    stack.move_up(4, 8)

    assert torch.equal(stack.read(slice(0, 8), slice(0, 6)), functional.pixel_unshuffle(planes[None, :, 4:], 2))


@given(*[st.integers(1, 5)] * 2, *[st.integers(0, 4)] * 4)
def test_filling_is_padding_by_edge_values(height, width, top, bottom, left, right):
    image = random_planes(2, height, width)
    target = torch.full((2, top + height + bottom, left + width + right), float("nan"))

    fill(target, image, top, left)

    assert torch.equal(target, functional.pad(image, (left, right, top, bottom), mode="replicate"))
