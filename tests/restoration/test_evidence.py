"""The evidence map: what the data carry is dark, what they cannot is bright, however the image is cut or stored."""

import numpy as np
import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.levels import Levels
from pinsharp.images.files import read_image
from pinsharp.restoration import evidence, sources
from pinsharp.restoration.restorer import Restorer
from tiffs import write_tiff
from tiny_models import save_tiny_swift

NOISE, CONTRAST = 0.005, 0.2
NO_BLUR = torch.ones(1, 1, 1, 1)


def judged(image, *, kernel=None, noise=NOISE, contrast=CONTRAST, levels=None):
    kernel = gaussian_kernel(2.0) if kernel is None else kernel
    plane, known = image.astype(np.float32), {"noise": noise, "contrast": contrast, "levels": levels}
    rows = evidence.unsupported_rows(lambda *place: plane[place], plane.shape, kernel, **known)
    return np.concatenate(list(rows))


def spot(sigma, shape=(96, 80), height=0.3):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    distance = (rows - shape[0] // 2) ** 2 + (columns - shape[1] // 2) ** 2
    return 0.4 + height * np.exp(-distance / 2 / sigma**2)


def at_centre(image):
    return float(image[image.shape[0] // 2, image.shape[1] // 2])


def texture(shape=(150, 210), seed=0):
    return np.random.default_rng(seed).random(shape)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (61, 40)])
def test_it_is_as_large_as_the_image_and_a_share(shape):
    found = judged(texture(shape))

    assert (found.shape, found.dtype) == (shape, np.float32)
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_no_blur_has_touched_is_recovered():
    fine = spot(1.0)

    assert judged(fine, kernel=NO_BLUR, noise=1e-3).max() < 0.05 < 0.5 < at_centre(judged(fine))


def test_a_fine_spot_is_less_supported_than_a_coarse_one():
    found = [at_centre(judged(spot(sigma))) for sigma in (0.8, 1.5, 3.0, 6.0)]

    assert found == sorted(found, reverse=True)
    assert found[0] > 2 * found[-1]


def test_a_straight_edge_is_better_supported_than_a_spot_of_its_height():
    edge = np.where(np.arange(80) < 40, 0.4, 0.7) * np.ones((96, 1))

    assert judged(edge)[20:-20].max() < 0.1 * at_centre(judged(spot(1.0)))


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.5])
def test_a_wider_blur_supports_less(sigma):
    narrow, wide = (at_centre(judged(spot(1.5), kernel=gaussian_kernel(each))) for each in (sigma, sigma + 0.5))

    assert narrow < wide


def test_flat_places_have_nothing_to_support():
    assert judged(np.full((50, 60), 0.3)).max() < 1e-6


def test_neither_brightness_nor_contrast_matters():
    image = spot(1.2)

    dim = judged(0.1 + image / 4, noise=NOISE / 4, contrast=CONTRAST / 4)

    np.testing.assert_allclose(dim, judged(image), atol=2e-3)


def test_windows_join_to_the_map_of_the_whole(monkeypatch):
    image = texture((220, 310))
    whole = judged(image)

    monkeypatch.setattr(evidence, "WINDOW", 64)

    np.testing.assert_allclose(judged(image), whole, atol=0.02)


def test_two_iterations_are_judged_by_the_blur_of_both():
    """Gaussians of 1.2 and 1.6 one after the other are one of 2."""
    image = spot(1.5)
    both = next(
        evidence.unsupported_rows(
            lambda *place: image[place],
            image.shape,
            gaussian_kernel(1.2),
            noise=NOISE,
            contrast=CONTRAST,
            further=[gaussian_kernel(1.6)],
        )
    )

    np.testing.assert_allclose(both, judged(image, kernel=gaussian_kernel(2.0)), atol=5e-3)
    assert at_centre(both) > at_centre(judged(image, kernel=gaussian_kernel(1.6))) + 0.02


@pytest.fixture(scope="module")
def restorer(tmp_path_factory):
    return Restorer(save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors"), window=64)


@pytest.fixture
def pixels():
    return (255 * spot(3.0, (130, 110)) + 9 * texture((130, 110))).clip(0, 255).astype(np.uint8)


def test_bit_depth_and_colour_do_not_matter(restorer, pixels):
    mono = restorer(pixels)
    deep = restorer(pixels.astype(np.uint16) * 257)
    colour = restorer(np.dstack([pixels] * 3))

    assert mono.unsupported.shape == pixels.shape
    np.testing.assert_allclose(deep.unsupported, mono.unsupported, atol=0.1)
    np.testing.assert_allclose(colour.unsupported, mono.unsupported, atol=1e-3)


def test_the_map_of_several_iterations_knows_their_kernels(restorer, pixels):
    once, twice = restorer(pixels), restorer(pixels, iterations=2)

    assert len(once.further) == 0
    assert len(twice.further) == len(twice.sigmas) - 1 == 1
    assert twice.unsupported.shape == pixels.shape


def test_pixels_that_are_not_light_need_no_support(restorer, pixels):
    cover = np.zeros(pixels.shape, bool)
    cover[40:60, 30:50] = True

    found = restorer(np.ma.array(pixels, mask=cover)).unsupported

    assert not found[cover].any()
    assert found[~cover].any()


def test_a_white_level_is_white(restorer, pixels):
    ten_bits = pixels.astype(np.uint16) * 4
    in_ten = Restorer(restorer.method, window=64, white_level=1020)(ten_bits).unsupported

    np.testing.assert_allclose(in_ten, restorer(pixels).unsupported, atol=0.1)


def test_a_file_larger_than_memory_is_judged_by_windows(restorer, pixels, tmp_path, monkeypatch):
    write_tiff(tmp_path / "in.tif", pixels, rowsperstrip=7)
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(evidence, "WINDOW", 48)

    on_disk = restorer.restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    assert isinstance(on_disk.held, sources.OnDisk)
    monkeypatch.setattr(sources, "LARGE_VALUES", 10**9)
    in_memory = restorer(tmp_path / "in.tif")
    assert np.array_equal(read_image(tmp_path / "out.tif").pixels, in_memory.image)
    np.testing.assert_allclose(on_disk.unsupported, in_memory.unsupported, atol=0.02)


def test_a_blur_that_varies_supports_more_where_it_is_narrow():
    image, whole = texture((96, 192)), BlurField(gaussian_kernel(2.0))
    tilt = Levels(whole, lambda places: 1.2 + places[..., 1] / 192 * 1.8, image.shape)

    even = Levels(whole, lambda places: torch.full(places.shape[:-1], 2.0), image.shape)

    local, same = (judged(image, levels=each) for each in (tilt, even))

    left, right = (slice(0, 60), slice(132, 192))
    assert local[:, left].mean() < same[:, left].mean()
    assert local[:, right].mean() > same[:, right].mean()
    whole_kernel = judged(image, kernel=gaussian_kernel(2.0))
    assert np.allclose(same, whole_kernel, atol=0.05)


def test_a_part_of_a_field_is_the_field_there():
    field = Levels(BlurField(gaussian_kernel(2.0)), lambda places: 1 + places[..., 1] / 100, (64, 200))

    part = field.cut(10, 100, (32, 50))

    assert torch.equal(part.numbers(torch.tensor([[3.0, 7.0]])), field.numbers(torch.tensor([[13.0, 107.0]])))
