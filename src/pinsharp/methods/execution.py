"""How networks are run: where, in which precision, and what goes in and comes out."""

from typing import Any

import torch
from torch import Tensor, nn

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import check_kernel


def place(net: nn.Module, device: torch.device) -> Any:
    """Put a network where it computes, ready to be used, in the layout that its convolutions are fastest in."""
    return net.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def enter(image: Tensor, device: torch.device) -> Tensor:
    """Images (B, C, H, W) in [0, 1] as a network takes them."""
    return image.to(device, torch.float32).contiguous()


def leave(restored: Tensor, image: Tensor) -> Tensor:
    """The restored image as `Deblurred` has it, back where the input came from."""
    return restored.float().clamp(0, 1).contiguous().to(image.device)


def given_kernel(image: Tensor, kernel: Tensor, device: torch.device) -> BlurField:
    """A given kernel as a blur: one for each image, and nothing else known."""
    given = check_kernel(kernel).to(device, torch.float32)
    return BlurField(given.expand(len(image), -1, -1, -1), is_given=True)


def autocast(device: torch.device, dtype: torch.dtype | None) -> torch.autocast:
    """Let what is computed inside be in a precision, bfloat16 or float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)
