"""The blur operator: one list of boundaries, and each inherits every property and its independent reference."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.signal import convolve2d

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import BOUNDARIES, Blur
from pinsharp.errors import ConfigError, ImageError, KernelError

SHAPES = [(32, 32), (33, 40), (21, 57), (9, 7), (8, 30)]
SMALLER_THAN_THE_KERNEL = [(1, 1), (2, 5), (3, 4), (6, 20), (1, 9)]
NUMPY_PADDING = {"reflect": "reflect", "replicate": "edge", "zero": "constant", "circular": "wrap"}


def asymmetric_kernel(side=7, batch=1, dtype=torch.float64):
    """A symmetric kernel would hide a flip and a shift."""
    gen = torch.Generator().manual_seed(1)
    kernel = torch.rand(batch, 1, side, side, generator=gen, dtype=torch.float64)
    return (kernel / kernel.sum(dim=(-2, -1), keepdim=True)).to(dtype)


def random_images(shape, channels=1, seed=0):
    gen = torch.Generator().manual_seed(seed)
    return torch.rand(2, channels, *shape, generator=gen, dtype=torch.float64)


def cases():
    """Every boundary with every shape that it takes."""
    for boundary in BOUNDARIES:
        small = [] if boundary == "valid" else SMALLER_THAN_THE_KERNEL
        for shape in SHAPES + small:
            yield pytest.param(boundary, shape, id=f"{boundary}-{shape[0]}x{shape[1]}")


@pytest.mark.parametrize("boundary, shape", [*cases()])
def test_blur_and_adjoint_agree(boundary, shape):
    """<A x, y> = <x, A' y>."""
    blur = Blur(asymmetric_kernel(), boundary)
    x = random_images(shape)
    y = random_images(blur(x).shape[-2:], seed=2)

    torch.testing.assert_close((blur(x) * y).sum(), (x * blur.adjoint(y)).sum())


@pytest.mark.parametrize("boundary, shape", [*cases()])
def test_blur_equals_padding_by_numpy_and_convolution_by_scipy(boundary, shape):
    kernel, image = asymmetric_kernel(), random_images(shape)[0, 0].numpy()
    mode = NUMPY_PADDING.get(boundary)
    padded = np.pad(image, 3, mode=mode) if mode else image

    result = Blur(kernel, boundary)(torch.from_numpy(image)[None, None])[0, 0]

    np.testing.assert_allclose(result.numpy(), convolve2d(padded, kernel[0, 0].numpy(), mode="valid"), atol=1e-12)


@pytest.mark.parametrize(
    "boundary, mode", [("reflect", "mirror"), ("replicate", "nearest"), ("zero", "constant"), ("circular", "wrap")]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_blur_equals_scipy_ndimage(boundary, mode, shape):
    """Reflection does not repeat the edge pixel, which scipy calls mirror."""
    kernel, image = asymmetric_kernel(), random_images(shape)[:1, :1]

    result = Blur(kernel, boundary)(image)

    np.testing.assert_allclose(result[0, 0].numpy(), convolve(image[0, 0].numpy(), kernel[0, 0].numpy(), mode=mode))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_result_keeps_its_shape_or_loses_the_border_when_valid(boundary):
    image = random_images((20, 31), channels=3)

    result = Blur(asymmetric_kernel(7), boundary)(image)

    assert result.shape == ((2, 3, 14, 25) if boundary == "valid" else image.shape)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_away_from_the_border_all_boundaries_agree(boundary):
    kernel, image = asymmetric_kernel(), random_images((20, 21))

    result = Blur(kernel, boundary)(image)

    inner = result if boundary == "valid" else result[..., 3:-3, 3:-3]
    torch.testing.assert_close(inner, Blur(kernel, "valid")(image))


@pytest.mark.parametrize("boundary", sorted(set(BOUNDARIES) - {"zero"}))
def test_a_flat_image_stays_flat(boundary):
    image = torch.full((1, 3, 12, 13), 0.37, dtype=torch.float64)

    result = Blur(asymmetric_kernel(), boundary)(image)

    torch.testing.assert_close(result, torch.full_like(result, 0.37))


@pytest.mark.parametrize("boundary", sorted(set(BOUNDARIES) - {"valid"}))
def test_a_centred_delta_leaves_the_image_alone(boundary):
    delta = torch.zeros(1, 1, 5, 5, dtype=torch.float64)
    delta[..., 2, 2] = 1
    image = random_images((9, 10), channels=3)

    torch.testing.assert_close(Blur(delta, boundary)(image), image)


def test_a_point_becomes_the_kernel_itself():
    """Convolution, not correlation: the kernel appears as it is, not turned by 180 degrees."""
    kernel, point = asymmetric_kernel(5), torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    point[..., 4, 4] = 1

    result = Blur(kernel, "zero")(point)

    torch.testing.assert_close(result[..., 2:7, 2:7], kernel)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_each_image_of_a_batch_has_its_own_kernel(boundary):
    kernels, images = asymmetric_kernel(batch=2), random_images((15, 16), channels=3)

    result = Blur(kernels, boundary)(images)

    for index in (0, 1):
        alone = Blur(kernels[index : index + 1], boundary)(images[index : index + 1])
        torch.testing.assert_close(result[index : index + 1], alone)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_arguments_are_not_changed(boundary):
    kernel, image = asymmetric_kernel(), random_images((15, 16))
    before = kernel.clone(), image.clone()

    blur = Blur(kernel, boundary)
    blur.adjoint(blur(image))

    assert torch.equal(kernel, before[0])
    assert torch.equal(image, before[1])


def test_float32_stays_float32():
    image = random_images((15, 16)).float()

    assert Blur(gaussian_kernel(1.0), "reflect")(image).dtype == torch.float32


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_gradients_reach_the_image(boundary):
    image = random_images((8, 9))[:1].requires_grad_()

    assert torch.autograd.gradcheck(Blur(asymmetric_kernel(3), boundary), (image,))


def test_a_small_image_has_no_valid_part():
    with pytest.raises(ImageError, match="'valid' needs an image of at least 7 x 7 pixels, got 30 x 6"):
        Blur(asymmetric_kernel(7), "valid")(random_images((6, 30)))


def test_an_unknown_boundary_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="must be one of reflect, replicate, zero, circular, valid, got 'mirror'"):
        Blur(asymmetric_kernel(), "mirror")


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KernelError, match="must sum to 1"):
        Blur(torch.ones(1, 1, 3, 3))
