"""What of a recipe may not fit an image, has no effect on it, or leaves it blurred: each in a sentence; none refused.

What cannot be, such as a colour image of a mono camera, is refused where it is met.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pinsharp.blur.field import BlurField
from pinsharp.blur.profile import Profile
from pinsharp.blur.trend import two_planes
from pinsharp.images.light import SAYS_NOTHING, Light
from pinsharp.images.stack import is_stack
from pinsharp.restoration.disk import StoredImage
from pinsharp.restoration.own import is_colour
from pinsharp.restoration.profiled import profile_of
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.sources import ArraySource, Source


def remarks(source: Source, recipe: Recipe, image: object) -> tuple[str, ...]:
    """What may not fit.

    Args:
        source: The image, open.
        recipe: As the user gave it, before a profile or a file filled it in.
        image: What the user gave: a path, or pixels.
    """
    profile = profile_of(recipe)
    found = [*_without_effect(source, recipe, image)]
    return (*found, *_of_profile(source, recipe, profile)) if profile else tuple(found)


def of_blur(found: BlurField, recipe: Recipe) -> tuple[str, ...]:
    """What a measured blur has that is not undone: parts at two depths, each of which would need its own width."""
    if found.votes is None or found.finding is None or not recipe.measures or recipe.field != "auto":
        return ()
    planes = two_planes(found.votes[0])
    if not planes:
        return ()
    near, far = planes
    return (
        f"parts at two depths, {near:.1f} px and {far:.1f} px out of focus, which are not restored each with its own "
        "width; give the widths of all places (--field FILE)",
    )


def _without_effect(source: Source, recipe: Recipe, image: object) -> Iterator[str]:
    """Options that change nothing of this image."""
    if recipe.channels != "joint" and not is_colour(source):
        yield f"a mono image, on which --channels {recipe.channels} has no effect"
    path = image if isinstance(image, str | Path) else None
    if recipe.planes and path is not None and not is_stack(path):
        yield f"a file of one plane, on which --planes {recipe.planes} has no effect"
    if recipe.raw and path is not None and Path(path).suffix.lower() != ".raw":
        yield "a file with a header, on which --raw has no effect"


def _of_profile(source: Source, recipe: Recipe, profile: Profile) -> Iterator[str]:
    """Where an image differs from those of a profile's camera, and what holds then."""
    (height, width), kind = source.shape[:2], _values(source)
    if (height, width) != (profile.height, profile.width):
        yield (
            f"{width} x {height} pixels, where the camera of --profile has {profile.width} x {profile.height}: taken "
            "for a part of its image; one that was reduced needs a profile made of reduced images"
        )
    if kind.kind == "f" and profile.bits <= 16:
        made_of = f"{profile.bits} bits"
        yield f"{kind} values, where --profile was made of {made_of}: its softness and faulty pixels hold all the same"
    stated = _stated_light(source)
    if recipe.light == "auto" and stated.why != SAYS_NOTHING.why and stated.words != profile.light:
        yield f"the file says light {stated.words}, --profile {profile.light}: that of --profile holds, or --light"
    if profile.own_softness is None and recipe.measures and recipe.reference is None:
        yield "--profile says nothing of the camera's own softness: all blur counts as defocus"


def _values(source: Source) -> np.dtype[Any]:
    return source.pixels.dtype if isinstance(source, ArraySource) else source.image.dtype


def _stated_light(source: Source) -> Light:
    """The light that a file states itself."""
    if isinstance(source, ArraySource):
        return source.file.tags.light if source.file else SAYS_NOTHING
    return SAYS_NOTHING if isinstance(source.image, StoredImage) else source.image.tags.light
