"""What is known of the camera of an image, for measuring its defocus alone: a profile, a sharp reference, or both.

Where both are given, the reference tells the softness and the profile all else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from pinsharp.blur.profile import Profile
from pinsharp.blur.softness import softness_of
from pinsharp.errors import ImageError, PinsharpError
from pinsharp.methods.method import BlindMethod, Method, Sight, measures_first
from pinsharp.restoration.colour import decode, encode
from pinsharp.restoration.profiled import defocus_share, profile_of
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.reference import Own, Reference, reference_of
from pinsharp.restoration.sources import ArraySource, Source, SourcePlanes, TensorPlanes, open_source

MOST_SIDE = 2048
"""Side in pixels of the middle of a larger reference that is looked at."""

MOST_RATIO = 2.0
"""How many times as long the sides of an image may be as those of a reference, or the other way round."""


def own_softness(source: Source, method: Method, recipe: Recipe) -> tuple[Own | None, ...]:
    """What is known of the camera for each part of a source; None where nothing is, or all blur is to be taken out.

    Raises:
        ConfigError: If the method does not say how sure its widths are.
        ImageError: If the reference cannot be used, or it or the profile is not of the same kind as the image.
    """
    profile = profile_of(recipe)
    if profile:
        _check_colours(profile, source, recipe)
    share = defocus_share(profile) if profile else None
    if recipe.beyond_camera or not recipe.measures or not measures_first(method) or method.kernel_from == "nobody":
        return (None,) * len(source.parts)
    if recipe.reference is not None:
        references = _references(recipe, source, method)
        return tuple(Own(each, share) for each in references)
    if profile is None or profile.own_softness is None:
        return (None,) * len(source.parts)
    return (Own(softness_of(profile.own_softness), share),) * len(source.parts)


def is_colour(source: Source) -> bool:
    """Whether an image has colours; three equal channels are mono, where the image is in memory."""
    if source.shape[2:] not in ((3,), (4,)):
        return False
    if not isinstance(source, ArraySource):
        return True
    colours = source.pixels[..., :3]
    return not bool((colours[..., :1] == colours[..., 1:]).all())


def _check_colours(profile: Profile, source: Source, recipe: Recipe) -> None:
    """Refuse a colour image of a mono camera, or the other way round, where the profile says which it is."""
    found = "colour" if is_colour(source) else "mono"
    if profile.colours and profile.colours != found:
        raise ImageError(
            f"{recipe.profile}: expected {profile.colours} images, as this profile was made of, got a {found} one; "
            "give the profile of this camera, or leave --profile out"
        )


def _references(recipe: Recipe, source: Source, method: BlindMethod) -> tuple[Reference, ...]:
    path = Path(str(recipe.reference))
    kind, references = _read(recipe, method, path.stat().st_mtime_ns)
    kind.check(_Kind.of(source), str(path))
    return references


@lru_cache(maxsize=2)
def _read(recipe: Recipe, method: BlindMethod, changed: int) -> "tuple[_Kind, tuple[Reference, ...]]":
    """A reference, read once for all images; `changed` is when its file was."""
    path = Path(str(recipe.reference))
    with _named(path), open_source(path, replace(recipe, mask=None, reference=None)) as source:
        parts: tuple[SourcePlanes, ...] = source.parts
        return _Kind.of(source), tuple(
            reference_of(str(path), _middle(part), method, _rounding(source)) for part in parts
        )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which file an error is."""
    try:
        yield
    except PinsharpError as error:
        raise type(error)(str(error) if str(path) in str(error) else f"{path}: {error}") from error


def _rounding(source: Source) -> Callable[[Tensor], Tensor]:
    """What rounds light (N, C, h, w) as the values of a source are rounded."""
    kind, light = _values(source), source.light
    if not kind.startswith("uint"):
        return lambda seen: seen
    levels = source.recipe.white_level or (255 if kind == "uint8" else 65535)
    return lambda seen: decode((encode(seen.clamp(0, 1), light) * levels).round() / levels, light)


def _middle(planes: SourcePlanes) -> Sight:
    """What is looked at of a reference."""
    rows, columns = (
        slice(max(0, length - MOST_SIDE) // 2, max(0, length - MOST_SIDE) // 2 + min(length, MOST_SIDE))
        for length in planes.shape[1:]
    )
    if isinstance(planes, TensorPlanes):
        return planes.image[..., rows, columns], None if planes.hidden is None else planes.hidden[..., rows, columns]
    return planes.look(rows, columns), None if planes.silent is None else planes.silent(rows, columns)


@dataclass(frozen=True)
class _Kind:
    """What two images of one camera have in common."""

    size: tuple[int, int]  # height and width
    colours: str
    values: str
    light: str

    @classmethod
    def of(cls, source: Source) -> "_Kind":
        planes = source.parts[0].shape
        is_colour = len(source.parts) > 1 or planes[0] > 1
        height, width = source.shape[:2]
        return cls((height, width), "colour" if is_colour else "mono", _values(source), source.light.words)

    def check(self, image: "_Kind", name: str) -> None:
        """Refuse an image that is of another kind than this reference.

        Raises:
            ImageError: With the first difference.
        """
        longest, other = max(self.size), max(image.size)
        if not 1 / MOST_RATIO <= longest / other <= MOST_RATIO:
            (height, width), (tall, wide) = image.size, self.size
            raise ImageError(
                f"{name}: expected a reference about as large as the image, {width} x {height}, got {wide} x {tall}; "
                "give one of the same camera"
            )
        for what, own, wanted in (
            ("colours", self.colours, image.colours),
            ("values", self.values, image.values),
            ("light", self.light, image.light),
        ):
            if own != wanted:
                raise ImageError(
                    f"{name}: expected a reference of the same {what} as the image, {wanted}, got {own}; give one of "
                    "the same camera"
                )


def _values(source: Source) -> str:
    """Type of the values of a source."""
    return str(source.pixels.dtype if isinstance(source, ArraySource) else source.image.dtype)
