"""How large a network is, and how much arithmetic an image costs it: numbers of its layout, not of a machine."""

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from pinsharp.nets.registry import traits_of

Shape = tuple[int, int, int, int]

_KERNEL_SIDE = 21


def parameters(net: nn.Module) -> int:
    """Count the trainable values of a network."""
    return sum(parameter.numel() for parameter in net.parameters())


def multiply_adds(net: nn.Module, shape: Shape = (1, 3, 256, 256)) -> int:
    """Count the multiplications, each with an addition, of the convolutions and matrix products of one restoration.

    Fourier transforms, normalisation, activations and everything else done pixel by pixel are not counted, as is usual
    in this field. Only shapes pass through the network, which may be on any device, the meta device too; a network
    that looks at values on its way, such as swift, restores one grey image for it where its weights are.

    Args:
        net: A network of a kind in `pinsharp.nets.registry.NETS`. One that estimates its kernel is counted with the
            estimate; one that needs a kernel gets one of 21 x 21.
        shape: Shape of the images (B, C, H, W).
    """
    tensors = dict([*net.named_parameters(), *net.named_buffers()])
    try:
        # Fake tensors say that they are on a CPU, which autocast knows; the meta device it does not.
        with FakeTensorMode():
            return _counted(net, {name: _like(value) for name, value in tensors.items()}, shape)
    except DataDependentOutputException:
        return _counted(net, tensors, shape)


def _counted(net: nn.Module, tensors: dict[str, Tensor], shape: Shape) -> int:
    some = next(iter(tensors.values()))
    given = [torch.full(shape, 0.5, device=some.device)]
    traits = traits_of(net)
    if traits.takes_kernel and not traits.estimates:
        given.append(torch.full((1, 1, _KERNEL_SIDE, _KERNEL_SIDE), 1 / _KERNEL_SIDE**2, device=some.device))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        torch.func.functional_call(net, tensors, tuple(given))
    operations: int = counter.get_total_flops()
    return operations // 2


def _like(value: Tensor) -> Tensor:
    return torch.empty(value.shape, dtype=value.dtype, device="cpu")
