"""Sharp images to measure methods on."""

import numpy as np
import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.images.files import write_image


@pytest.fixture
def photos(tmp_path):
    """Two smooth images of different sizes, colour and mono."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, shape in enumerate([(3, 48, 53), (1, 40, 44)]):
        noise = torch.rand(1, *shape, generator=generator(0, number))
        soft = Blur(gaussian_kernel(1.5), "reflect")(noise)
        pixels = ((soft - soft.mean()) * 4 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
        write_image(folder / f"{number}.png", np.rint(pixels * 255).astype(np.uint8))
    return sorted(folder.glob("*.png"))
