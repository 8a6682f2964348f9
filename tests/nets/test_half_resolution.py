"""The stack at half resolution is what plain operations make, whatever the size, layout and precision."""

import pytest
import torch
from torch.nn import functional

from pinsharp.nets.half_resolution import half_resolution_stack


@pytest.mark.parametrize("shape", [(1, 1, 8, 12), (2, 3, 7, 9), (1, 3, 1, 1), (1, 1, 6, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_padding_and_unshuffling(shape, dtype):
    source = torch.Generator().manual_seed(0)
    image, *copies = (torch.rand(shape, generator=source) for _ in range(4))

    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        stack, first = half_resolution_stack(image, iter(copies), len(copies), 4)

    plain = torch.stack([image, *copies], dim=1).flatten(1, 2)
    plain = functional.pad(plain, (0, -shape[3] % 4, 0, -shape[2] % 4), mode="replicate")
    assert stack.dtype == dtype
    assert torch.equal(stack, functional.pixel_unshuffle(plain, 2).to(dtype))
    assert first is copies[0]
    assert stack.is_contiguous(memory_format=torch.channels_last)


def test_an_image_that_is_a_view_is_read_as_it_is_seen():
    whole = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    part = whole[..., 3:12, 2:9]

    stack, _ = half_resolution_stack(part, [part, part], 2, 4)

    assert torch.equal(stack, half_resolution_stack(part.contiguous(), [part.contiguous()] * 2, 2, 4)[0])
