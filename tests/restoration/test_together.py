"""Several images measured together, and channels by themselves: what goes together, and what does not."""

import numpy as np
import pytest
from PIL import Image

import pinsharp
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import write_image
from pinsharp.restoration.restorer import Restorer


@pytest.fixture(scope="module")
def swift():
    return Restorer("swift", device="cpu", precision="float32")


def pixels(seed, shape=(64, 72)):
    """Smooth noise, uint8."""
    rng = np.random.default_rng(seed)
    return (255 * rng.random(shape).cumsum(axis=0) / shape[0]).astype(np.uint8)


@pytest.mark.parametrize("several", [list, tuple])
def test_arrays_files_and_pictures_of_pillow_are_measured_together(swift, tmp_path, several):
    arrays = [pixels(seed) for seed in range(3)]
    write_image(tmp_path / "a.png", arrays[0])

    found = swift.measure(several([tmp_path / "a.png", Image.fromarray(arrays[1]), arrays[2]]))

    assert found.sigma == swift.measure(arrays).sigma != swift.measure(arrays[0]).sigma
    assert len(found.votes[0]) == sum(len(swift.measure(one).votes[0]) for one in arrays)


def test_a_list_of_one_is_that_image(swift):
    one, alone = swift.measure([pixels(0)]), swift.measure(pixels(0))

    assert (one.sigma, one.interval) == (alone.sigma, alone.interval)


def test_the_order_does_not_matter(swift):
    first, second = pixels(0), pixels(1)

    assert swift.measure([first, second]).sigma == pytest.approx(swift.measure([second, first]).sigma, rel=1e-5)


def test_the_same_image_twice_is_no_surer(swift):
    twice, once = swift.measure([pixels(0)] * 2), swift.measure([pixels(0)])

    assert twice.sigma_relative_std > 0.95 * once.sigma_relative_std


@pytest.mark.parametrize(
    "others, reason",
    [
        ([pixels(1, (64, 64))], "image 2 of 2: expected 72 x 64 pixels as of the first image, got 64 x 64"),
        ([pixels(1), pixels(1, (64, 72, 3))], "image 3 of 3: expected a mono one as the first image, got a colour"),
        ([pixels(1).astype(np.float64)], "image 2 of 2: expected uint8, uint16 or float32 pixels"),
        (["nowhere.png"], "nowhere.png: expected an image file, got no such file"),
    ],
)
def test_what_does_not_go_together_is_refused(swift, others, reason):
    with pytest.raises(ImageError, match=reason):
        swift.measure([pixels(0), *others])


def test_no_image_is_refused(swift):
    with pytest.raises(ImageError, match="expected at least one image to measure, got an empty list"):
        swift.measure([])


def test_images_of_different_light_are_refused(swift, tmp_path):
    Image.fromarray(pixels(0)).save(tmp_path / "a.jpg")  # which are sRGB

    with pytest.raises(ImageError, match=r"expected the light linear of the first image, got srgb \(JPEG\)"):
        swift.measure([pixels(0), tmp_path / "a.jpg"])
    assert swift.in_light("srgb").measure([pixels(0), tmp_path / "a.jpg"]).sigma > 0


def test_a_nested_list_of_numbers_is_no_list_of_images(swift):
    with pytest.raises(ImageError, match="expected a numpy array, got list"):
        swift.measure(pixels(0).tolist())


def test_models_whose_windows_do_not_vote_measure_one_by_one(tmp_path):
    from tiny_models import save_tiny_swift

    tiny = Restorer(save_tiny_swift(tmp_path / "tiny.safetensors"), device="cpu")

    with pytest.raises(ConfigError, match="tiny measures images one by one; measure several together with swift"):
        tiny.measure([pixels(0), pixels(1)])
    assert Restorer("wiener", device="cpu").method.traits.measures_together  # with the shipped swift


def test_each_channel_is_measured_as_a_mono_image_of_it(swift):
    image = np.stack([pixels(seed) for seed in range(3)], axis=-1)

    channels = swift.measure_channels(image)

    assert [each.sigma for each in channels] == [swift.measure(image[..., number]).sigma for number in range(3)]
    assert pinsharp.measure_channels(image, device="cpu", precision="float32")[0].sigma == channels[0].sigma


def test_channels_of_several_images_are_measured_together(swift):
    several = [np.stack([pixels(3 * shot + seed) for seed in range(3)], axis=-1) for shot in range(2)]

    assert swift.measure_channels(several)[2].sigma == swift.measure([shot[..., 2] for shot in several]).sigma


@pytest.mark.parametrize("image", [pixels(0), np.stack([pixels(0)] * 3, axis=-1), [pixels(0), pixels(1)]])
def test_channels_of_mono_are_refused(swift, image):
    with pytest.raises(ImageError, match="in colour to measure each channel of, got a mono one"):
        swift.measure_channels(image)
