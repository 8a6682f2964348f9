"""What a camera's profile says of its images: their light, white level, faulty pixels, shape of blur and distance."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.field import BlurField
from pinsharp.blur.profile import Profile
from pinsharp.blur.profile_json import read_profile
from pinsharp.errors import ImageError
from pinsharp.restoration.recipe import Recipe

_SHOWS_SHAPE = 1.0  # pixels of width from which on a focus stack tells the shape


def profile_of(recipe: Recipe) -> Profile | None:
    """The profile that a recipe names; None if it names none.

    Raises:
        ConfigError: If its file is gone, or is no longer a profile.
    """
    return None if recipe.profile is None else _kept(Path(recipe.profile), Path(recipe.profile).stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _kept(path: Path, changed: int) -> Profile:
    return read_profile(path)


def in_profile(recipe: Recipe, dtype: np.dtype[Any], shape: tuple[int, ...], stated_white: int | None = None) -> Recipe:
    """A recipe for images of a type and shape (H, W, ...), with light and white level of its profile unless overruled.

    Args:
        recipe: As the user gave it.
        dtype: Of the values.
        shape: Of the image.
        stated_white: The value that stands for white, where the file says it.

    Raises:
        ImageError: If the camera cannot have taken such an image.
    """
    profile = profile_of(recipe)
    if profile is None:
        return recipe
    is_eight_bit = profile.bits <= 8
    is_of_floats = profile.bits > 16
    if dtype in (np.uint8, np.uint16) and (is_of_floats or is_eight_bit != (dtype == np.uint8)):
        raise ImageError(
            f"{recipe.profile}: expected images of {profile.bits} bits, white at {profile.white_level:g}, as this "
            f"profile says, got {dtype} values; give the profile of this camera"
        )
    if recipe.white_level is None and stated_white is not None and stated_white != profile.white_level:
        raise ImageError(
            f"{recipe.profile}: expected images of {profile.bits} bits, white at {profile.white_level:g}, as this "
            f"profile says, got white at {stated_white}; give the profile of this camera, or --white-level"
        )
    _check_shape(recipe, profile, shape)
    white = recipe.white_level
    if white is None and dtype == np.uint16 and profile.white_level != 65535:
        white = round(profile.white_level)
    return replace(recipe, white_level=white, light=profile.light if recipe.light == "auto" else recipe.light)


def faulty_pixels(recipe: Recipe) -> NDArray[np.bool_] | None:
    """Where (H, W) the camera's pixels are faulty; None where no profile says so."""
    profile = profile_of(recipe)
    return profile.faulty_mask if profile is not None and profile.faulty_pixels else None


def defocus_share(profile: Profile) -> float | None:
    """Share of the squared width of defocus that a disc explains, by the camera's focus stack; None if unknown."""
    if profile.focus is None:
        return None
    blurs = [step.blur for step in profile.focus.steps]
    shares = [blur.disk_share for blur in blurs if blur.disk_share is not None and blur.sigma >= _SHOWS_SHAPE]
    return median(shares) if shares else None


def distance_figures(found: BlurField, recipe: Recipe) -> dict[str, Any] | None:
    """How far out of focus an image is: `distance`, `low` and `high` in a `unit`; the side is unknown.

    None without a profile that has a scale, and if the width has no uncertainty.
    """
    profile = profile_of(recipe)
    if profile is None or profile.distance_scale is None or found.own is None or found.interval is None:
        return None
    scale = profile.distance_scale
    low, high = scale.interval(*found.interval)
    return {"distance": scale.distance(found.sigma), "low": low, "high": high, "unit": scale.unit}


def _check_shape(recipe: Recipe, profile: Profile, shape: tuple[int, ...]) -> None:
    """Refuse images that are larger than the camera's, or not of its size where pixels of it are faulty."""
    known, got = (profile.height, profile.width), shape[:2]
    if got != known and (profile.faulty_pixels or got[0] > known[0] or got[1] > known[1]):
        raise ImageError(
            f"{recipe.profile}: expected images of {known[1]} x {known[0]} pixels as this profile says, got "
            f"{got[1]} x {got[0]}; give the profile of this camera"
        )
