"""Layers as planes: whatever axes they have, each plane is what `pinsharp.restore` makes of it."""

import numpy as np
import pytest

from fake_viewer import Image
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.blur.profile import Box
from pinsharp.errors import ImageError, KernelError
from pinsharp.images.arrays import to_array, to_tensor
from pinsharp.napari_plugin.layers import Planes, Settings, box_around, measuring, profile_of, restoring, words
from pinsharp.restoration.restorer import Restorer
from slanted_edges import edge, gaussian
from strategies import random_image

WIENER = Settings(model="wiener", kernel="gaussian:1.4")


def outcome(steps):
    """How often it yielded, and what it returned."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return count, done.value
        count += 1


def blurred(shape, sigma, seed=0):
    """Coarse noise, 16 bits, out of focus."""
    coarse = random_image((shape[0] // 4, shape[1] // 4), "uint16", seed).repeat(4, axis=0).repeat(4, axis=1)
    return to_array(Blur(gaussian_kernel(sigma))(to_tensor(coarse)), coarse)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    "shape, rgb, count",
    [((20, 30), False, 1), ((3, 20, 30), False, 3), ((2, 2, 20, 30), False, 4), ((2, 20, 30, 3), True, 2)],
)
def test_each_plane_is_restored_as_an_image_of_its_own(dtype, shape, rgb, count):
    image = random_image(shape, dtype, 0)
    planes = Planes(Image(image, rgb=rgb))

    yields, (pixels, found) = outcome(restoring(planes, WIENER))

    restorer = Restorer("wiener", kernel="gaussian:1.4")
    one = image.reshape(-1, *image.shape[-3 if rgb else -2 :])
    assert (yields, len(found), pixels.dtype) == (count, count, image.dtype)
    np.testing.assert_array_equal(pixels.reshape(one.shape), np.stack([restorer(each).image for each in one]))


def test_lazy_planes_are_read_one_at_a_time():
    """As dask's, of which a stack may be larger than memory."""

    class Lazy:
        shape, dtype, read = (4, 40, 40), np.dtype(np.uint8), []

        def __getitem__(self, place):
            self.read.append(place)
            return np.full((40, 40), 10, np.uint8)

    steps = measuring(Planes(Image(Lazy())), Settings())

    next(steps)

    assert Lazy.read == [(0,)]


def test_the_largest_level_of_a_pyramid_counts():
    image = random_image((16, 20), "uint8", 0)

    assert Planes(Image([image, image[::2, ::2]], multiscale=True)).shape == (16, 20)


@pytest.mark.parametrize("step, number", [((1, 2, 0, 0), 5), ((9, 1, 2, 0, 0), 5), ((0, 0, 7, 7), 0)])
def test_the_plane_at_the_sliders_is_found(step, number):
    """A viewer may have more axes than a layer, which come before its own."""
    assert Planes(Image(np.zeros((2, 3, 8, 8), np.uint8))).number_at(step) == number


def test_one_blur_for_all_is_what_their_windows_say_together():
    stack = np.stack([blurred((128, 128), 2.0, seed) for seed in range(2)])

    _, (pixels, found) = outcome(restoring(Planes(Image(stack)), Settings(planes="one")))

    together = Restorer().measure(list(stack))
    assert {each["sigma"] for each in found} == {together.sigma}
    np.testing.assert_array_equal(pixels[1], Restorer()(stack[1], kernel=together.kernel_array).image)


def test_what_cannot_be_restored_together_stays_and_says_why():
    _, (pixels, found) = outcome(restoring(Planes(Image(np.full((2, 64, 64), 9, np.uint8))), Settings(planes="one")))

    assert (pixels == 9).all()
    assert "no-texture" in words(found[0])
    assert words(found[0]).endswith("left as it is")


def test_errors_name_layer_and_plane():
    stack = np.full((2, 16, 16), 0.5, np.float32)
    stack[1, 3, 4] = 7

    with pytest.raises(ImageError, match=r"^a stack: plane 2: expected .* \[0, 1\]"):
        outcome(restoring(Planes(Image(stack, name="a stack")), WIENER))
    with pytest.raises(KernelError):
        outcome(measuring(Planes(Image(stack)), Settings(kernel="disk:-3")))
    with pytest.raises(ImageError, match="expected rows and columns"):
        Planes(Image(np.zeros(5, np.uint8)))


@pytest.mark.parametrize(
    "corners, box",
    [
        ([(2, 3), (2, 7), (5, 7), (5, 3)], Box(2, 3, 4, 5)),
        ([(0, 2.4, 3.4), (0, 5.4, 7.4)], Box(2, 3, 4, 5)),
        ([(-9, -9), (99, 99)], Box(0, 0, 20, 30)),
    ],
)
def test_a_shape_covers_whole_pixels_of_the_image(corners, box):
    assert box_around(corners, (20, 30)) == box


def test_a_box_beside_the_image_is_refused():
    with pytest.raises(ImageError, match="draw it around a slanted edge"):
        box_around([(-9, 2), (-4, 8)], (20, 30))


def test_a_profile_is_measured_in_the_box_alone():
    """An edge of width 1.5 in the box, and one of width 3 beside it."""
    image = np.full((140, 240), 0.2)
    image[10:120, 10:90] = edge(gaussian, 1.5, 6)
    image[10:120, 130:210] = edge(gaussian, 3.0, 6)

    profile = profile_of(
        np.rint(image * 65535).astype(np.uint16), Box(15, 15, 100, 70), "a/b", Settings(light="linear")
    )

    assert profile.own_softness.sigma == pytest.approx(1.5, rel=0.06)
    assert profile.made_of[0].file == "a_b.tif"
