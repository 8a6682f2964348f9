"""An image that a profile or an option does not fit is refused, or named in a sentence; silence where it fits."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage import color, data

from pinsharp.blur.measured import Blur
from pinsharp.blur.profile import Box, Profile
from pinsharp.blur.profile_json import write_profile
from pinsharp.errors import ImageError
from pinsharp.images.files import write_image
from pinsharp.profiling.photo import read_photo
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.remarks import of_blur
from pinsharp.restoration.restorer import Restorer
from strategies import random_image

CAMERA = Profile(48, 40, own_softness=Blur(0.6, 0.55, 0.65), colours="mono")


@pytest.fixture
def restored(tmp_path):
    """Restore pixels, or a file, with a profile or other options; the result."""

    def call(image, profile=None, **options):
        if profile is not None:
            write_profile(tmp_path / "camera.json", profile)
            options["profile"] = str(tmp_path / "camera.json")
        restorer = Restorer("wiener", kernel="gaussian:1.2", **options)
        if isinstance(image, np.ndarray):
            return restorer(image)
        return restorer.restore_file(image, tmp_path / "out" / image.name)

    return call


@pytest.fixture
def file(tmp_path):
    """Write an image file and return its path."""

    def write(name, shape=(48, 40), dtype="uint8"):
        write_image(tmp_path / name, random_image(shape, dtype, 0))
        return tmp_path / name

    return write


def random_bytes(shape=(48, 40)):
    return random_image(shape, "uint8", 0)


@pytest.mark.parametrize("channels, colours", [((), "mono"), ((3,), "colour"), ((4,), "colour"), ((2,), "mono")])
def test_an_image_that_fits_is_not_spoken_of(restored, file, channels, colours):
    camera = replace(CAMERA, colours=colours)

    assert restored(random_bytes((48, 40, *channels)), camera).remarks == ()
    assert restored(file("a.png", (48, 40, *channels)), camera).remarks == ()


@pytest.mark.parametrize("shape, colours", [((48, 40, 3), "mono"), ((48, 40), "colour")])
def test_a_mono_cameras_profile_is_not_for_colour_nor_the_other_way_round(restored, shape, colours):
    with pytest.raises(ImageError, match=rf"camera\.json: expected {colours} images, as this profile was made of, got"):
        restored(random_bytes(shape), replace(CAMERA, colours=colours))
    assert restored(random_bytes(shape), replace(CAMERA, colours="")).remarks == ()


def test_three_equal_channels_are_those_of_a_mono_camera(restored):
    mono = random_bytes()
    restored(np.dstack([mono] * 3), CAMERA)
    with pytest.raises(ImageError, match="got a mono one"):
        restored(np.dstack([mono] * 3), replace(CAMERA, colours="colour"))


def test_a_profile_learns_the_colours_of_its_photographs(tmp_path):
    for name, shape, colours in (("m.png", (48, 40), "mono"), ("c.png", (48, 40, 3), "colour")):
        write_image(tmp_path / name, random_bytes(shape))

        assert read_photo(tmp_path / name).colours == colours


@pytest.mark.parametrize(
    "pixels, words",
    [
        (random_bytes((30, 40)), "40 x 30 pixels, where the camera of --profile has 40 x 48: taken for a part"),
        (random_image((48, 40), "float32", 0), "float32 values, where --profile was made of 8 bits"),
    ],
)
def test_what_may_not_fit_is_one_sentence(restored, pixels, words):
    (sentence,) = restored(pixels, CAMERA).remarks

    assert sentence.startswith(words)


def test_another_white_level_that_the_file_states_is_refused_unless_overruled(restored, tmp_path):
    pixels = random_image((48, 40), "uint16", 0) % 1024
    path = tmp_path / "ten.pgm"
    path.write_bytes(b"P5\n40 48\n1023\n" + pixels.astype(">u2").tobytes())
    twelve, ten = (replace(CAMERA, bits=bits, white_level=2.0**bits - 1) for bits in (12, 10))

    with pytest.raises(ImageError, match="of 12 bits, white at 4095, as this profile says, got white at 1023"):
        restored(path, twelve)
    with pytest.raises(ImageError, match=r"expected images of 32 bits, white at 1, .* got uint16"):
        restored(path, replace(CAMERA, bits=32, white_level=1.0))
    assert restored(path, ten).white_level == 1023
    (tmp_path / "out/ten.pgm").unlink()
    assert restored(path, twelve, white_level=1023).white_level == 1023


def test_a_files_light_gives_way_to_the_profiles_and_that_is_said(restored, file):
    found = restored(file("a.jpg"), CAMERA)

    assert found.light.words == "linear"
    assert found.remarks == ("the file says light srgb, --profile linear: that of --profile holds, or --light",)


def test_a_profile_without_softness_says_so_where_the_blur_is_measured(tmp_path):
    write_profile(tmp_path / "camera.json", replace(CAMERA, own_softness=None))
    restorer = Restorer("swift", device="cpu", precision="float32", profile=str(tmp_path / "camera.json"))

    assert restorer.remarks(random_bytes()) == (
        "--profile says nothing of the camera's own softness: all blur counts as defocus",
    )


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize(
    "options, words",
    [
        ({"planes": "each"}, "a file of one plane, on which --planes each has no effect"),
        ({"raw": "40x48:Mono8"}, "a file with a header, on which --raw has no effect"),
        ({"channels": "each"}, "a mono image, on which --channels each has no effect"),
        ({"channels": "luma"}, "a mono image, on which --channels luma has no effect"),
    ],
)
def test_an_option_that_has_no_say_is_named(restored, file, name, options, words):
    assert restored(file(name), **options).remarks == (words,)


def test_faulty_pixels_bind_a_profile_to_its_size(restored):
    with pytest.raises(ImageError, match="expected images of 40 x 48 pixels"):
        restored(random_bytes((30, 40)), replace(CAMERA, faulty_pixels=(Box(0, 0),)))


def two_halves(near=1.0, far=3.0):
    """A photograph, (512, 512), whose right half is further out of focus."""
    sharp = color.rgb2gray(data.astronaut())
    halves = [gaussian_filter(sharp, sigma)[:, part] for sigma, part in ((near, slice(256)), (far, slice(256, None)))]
    noise = np.random.default_rng(0).normal(0, 0.7 / 255, sharp.shape)
    return np.rint(np.clip(np.concatenate(halves, axis=1) + noise, 0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def measured():
    """What is measured of an image of two halves, and of one that is as blurred all over."""
    restorer = Restorer("swift")
    return [restorer.measure(two_halves(*widths)) for widths in ((1.0, 3.0), (2.0, 2.0))]


def test_parts_at_two_depths_are_named_with_their_widths(measured):
    (said,) = of_blur(measured[0], Recipe())

    near, far = (float(number) for number in re.findall(r"([\d.]+) px", said))
    assert near == pytest.approx(1, rel=0.15)
    assert far == pytest.approx(3, rel=0.15)
    assert "(--field FILE)" in said


def test_nothing_is_said_of_an_even_blur_or_where_the_user_knows_it(measured):
    assert of_blur(measured[1], Recipe()) == ()
    assert of_blur(measured[0], Recipe(field="off")) == ()
    assert of_blur(measured[0], Recipe(kernel="gaussian:2")) == ()
    assert of_blur(replace(measured[0], votes=None), Recipe()) == ()


def test_restoring_parts_at_two_depths_says_so():
    assert any("two depths" in said for said in Restorer("swift")(two_halves()).remarks)
