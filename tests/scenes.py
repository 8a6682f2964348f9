"""Images and kernels that the tests of deblurring methods share."""

import skimage.data
import torch

from pinsharp.blur.camera import generator
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.images.arrays import to_tensor


def smooth_image(shape, channels=1, batch=1, seed=0):
    """Blobs and edges: noise blurred and contrast-stretched."""
    noise = torch.rand(batch, channels, *shape, generator=generator(seed, 0), dtype=torch.float64)
    soft = Blur(gaussian_kernel(1.5).double(), "reflect")(noise)
    return ((soft - soft.mean()) * 6 + 0.5).clamp(0, 1)


def asymmetric_kernel():
    kernel = torch.rand(1, 1, 5, 5, generator=generator(1, 0), dtype=torch.float64) ** 4
    return kernel / kernel.sum()


def psnr(image, reference):
    return float(-10 * torch.log10((image - reference).square().mean()))


def photograph(height, width):
    """Part of a real photograph in colour, with a face, hair and edges: (1, 3, height, width), float32."""
    return to_tensor(skimage.data.astronaut()[:height, 160 : 160 + width].copy())
