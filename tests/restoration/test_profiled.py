"""What a profile says of its camera's images, where the user does not overrule it, and what it cannot be said of."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.measured import Blur, DistanceScale, Focus, FocusStep
from pinsharp.blur.profile import Box, Profile
from pinsharp.blur.profile_json import write_profile
from pinsharp.blur.softness import beyond_softness, softness_of
from pinsharp.blur.votes import Votes
from pinsharp.errors import ImageError
from pinsharp.images.files import write_image
from pinsharp.restoration.profiled import defocus_share, distance_figures, in_profile
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.sources import ArraySource, open_source

TWELVE = Profile(48, 40, bits=12, white_level=4095.0, light="srgb")
EIGHT = Profile(48, 40, own_softness=Blur(0.6, 0.55, 0.65), distance_scale=DistanceScale(6.0, 5.0, 7.0, "um"))


@pytest.fixture
def known(tmp_path):
    """A recipe with a profile."""

    def make(profile, **options):
        path = tmp_path / "camera.json"
        write_profile(path, profile)
        return Recipe(profile=str(path), **options)

    return make


def opened(recipe, pixels):
    with open_source(pixels, recipe) as source:
        return source


def pixels(dtype="uint8", shape=(48, 40)):
    rng = np.random.default_rng(0)
    return (200 * rng.random(shape)).astype(dtype)


def test_light_and_white_level_are_those_of_the_profile(known):
    source = opened(known(TWELVE), pixels("uint16"))

    assert (source.recipe.white_level, source.light.words) == (4095, "srgb")


def test_the_user_overrules_the_profile(known):
    source = opened(known(TWELVE, white_level=1023, light="linear"), pixels("uint16"))

    assert (source.recipe.white_level, source.light.words) == (1023, "linear")


def test_faulty_pixels_are_masked_and_come_back(known):
    recipe = known(replace(EIGHT, faulty_pixels=(Box(4, 7), Box(0, 20, 48, 1))), faults="off")
    image = pixels()

    source = opened(recipe, image)

    assert isinstance(source, ArraySource)
    assert source.mask[4, 7]
    assert source.mask[:, 20].all()
    assert source.mask.sum() == 49


@pytest.mark.parametrize(
    "profile, image, reason",
    [
        (TWELVE, pixels("uint8"), "expected images of 12 bits, white at 4095, .* got uint8"),
        (EIGHT, pixels("uint16"), "expected images of 8 bits, white at 255, .* got uint16"),
        (EIGHT, pixels(shape=(64, 40)), "expected images of 40 x 48 pixels as this profile says, got 40 x 64"),
        (replace(EIGHT, faulty_pixels=(Box(0, 0),)), pixels(shape=(40, 40)), "40 x 48 pixels .* got 40 x 40"),
    ],
)
def test_an_image_that_the_camera_cannot_have_taken_is_refused(known, profile, image, reason):
    with pytest.raises(ImageError, match=reason):
        opened(known(profile), image)


def test_a_mask_of_another_size_is_refused_beside_the_faulty_pixels(known, tmp_path):
    write_image(tmp_path / "mask.png", np.zeros((20, 20), np.uint8))
    recipe = known(replace(EIGHT, faulty_pixels=(Box(4, 7),)), mask=tmp_path / "mask.png")

    with pytest.raises(ImageError, match="mask"):
        opened(recipe, pixels()).parts  # noqa: B018


def test_an_image_brighter_than_white_is_refused(known):
    with pytest.raises(ImageError, match="white level"):
        opened(known(TWELVE), pixels("uint16") + np.uint16(4000))


def test_without_a_profile_a_recipe_stays_what_it_is():
    recipe = Recipe()

    assert in_profile(recipe, np.dtype("uint8"), (8, 8)) is recipe


def test_the_shape_of_defocus_is_that_of_wide_steps_of_the_stack():
    steps = tuple(FocusStep(z, Blur(s, s, s, share)) for z, s, share in ((-1, 2, 0.9), (0, 0.5, 0.0), (1, 2.1, 0.8)))

    assert defocus_share(replace(EIGHT, focus=Focus("um", steps, 0, 0, 0, 2.0))) == pytest.approx(0.85)
    assert defocus_share(EIGHT) is None


def test_widths_become_distances_with_both_doubts(known):
    even = torch.full((9,), 1 / 9)
    places = torch.tensor([[0, 0, 32, 32]] * 9)
    votes = Votes(places, torch.zeros(9) + 0.7, even, 0 * even, 0 * even, 1 + 0 * even, even)
    said = {"log_width": torch.tensor([0.7]), "log_width_std": torch.tensor([0.03]), "votes": (votes,)}
    found = beyond_softness(BlurField(gaussian_kernel(2.0), **said), softness_of(EIGHT.own_softness))

    far = distance_figures(found, known(EIGHT))

    assert far["distance"] == pytest.approx(6 * found.sigma)
    assert (far["low"], far["high"]) == pytest.approx((5 * found.interval[0], 7 * found.interval[1]))
    assert far["unit"] == "um"
    assert distance_figures(found, Recipe()) is None


def test_a_profile_without_softness_changes_no_pixel(known):
    image = pixels(shape=(64, 64))
    swift = Restorer("swift", device="cpu", precision="float32", faults="off", light="linear", force=True)

    with_it = Restorer(swift.method, recipe=known(Profile(64, 64), faults="off", light="linear", force=True))

    assert np.array_equal(with_it(image).image, swift(image).image)
