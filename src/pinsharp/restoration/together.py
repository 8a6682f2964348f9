"""Measuring the one blur of several images that one camera took at one focus: the windows of all of them vote together.

Each image is brought to one brightness and contrast by itself, so exposures may differ. Windows of all images lie at
the same places of the sensor, so all images have to be of one size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError, ImageError, PinsharpError
from pinsharp.images.light import Light
from pinsharp.methods.method import BlindMethod, Sight
from pinsharp.restoration.measure import estimate, sight
from pinsharp.restoration.own import own_softness
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.reference import Own
from pinsharp.restoration.sources import PixelsOf, Source, SourcePlanes, memory_errors, open_source

Found = tuple[BlurField, Light]
"""A blur, and the light that it was measured in."""


def are_several(image: object) -> bool:
    """Whether what a user gave is several images: a list or tuple, but for nested ones of numbers."""
    return isinstance(image, list | tuple) and not (image and isinstance(image[0], int | float | list))


def measure_one(image: PixelsOf, method: BlindMethod, recipe: Recipe, part: int | None = None) -> Found:
    """Measure the blur of one image, or of one of its channels, and say in which light.

    Raises:
        ImageError: If the image cannot be used, or has no such channel.
    """
    with open_source(image, recipe) as source, memory_errors(source.shape):
        owns = own_softness(source, method, recipe)
        number = len(owns) // 2 if part is None else part
        return estimate(_part(source, part), method, own=owns[number]), source.light


def measure_together(images: Sequence[PixelsOf], method: BlindMethod, recipe: Recipe, part: int | None = None) -> Found:
    """Measure the one blur of several images, or of one of their channels, and say in which light.

    Args:
        images: Arrays, images of Pillow or files, of one size, all mono or all in colour, in one light.
        method: What measures.
        recipe: Which pixels count, and in which light.
        part: Number of the channel; None for what speaks for an image.

    Raises:
        ConfigError: If the method measures images one by one.
        ImageError: If the list is empty, an image cannot be used, or the images do not go together.
    """
    if not images:
        raise ImageError("expected at least one image to measure, got an empty list; name one")
    if not method.traits.measures_together:
        raise ConfigError(f"the model {method.name} measures images one by one; measure several together with swift")
    row = _Row(images, method, recipe, part)
    found = method.estimate_together(row.sights())
    return row.own.taken_off(found, row.first, method) if row.own else found, row.light


@dataclass
class _Row:
    """Several images, opened one after the other; each has to go with the first."""

    images: Sequence[PixelsOf]
    method: BlindMethod
    recipe: Recipe
    part: int | None
    own: Own | None = None
    first: Sight = field(init=False)  # what was seen of the first image
    kinds: list[tuple[tuple[int, ...], str, Light]] = field(default_factory=list)

    @property
    def light(self) -> Light:
        """The light of all of them, once one is open."""
        return self.kinds[0][2]

    def sights(self) -> Iterator[Sight]:
        """What is measured of each image."""
        for number, image in enumerate(self.images):
            name = str(image) if isinstance(image, str | Path) else f"image {number + 1} of {len(self.images)}"
            try:
                with open_source(image, self.recipe) as source, memory_errors(source.shape):
                    self._check(source)
                    seen = sight(_part(source, self.part))
                    if len(self.kinds) == 1:
                        owns = own_softness(source, self.method, self.recipe)
                        self.own, self.first = owns[len(owns) // 2 if self.part is None else self.part], seen
            except PinsharpError as error:
                raise type(error)(str(error) if name in str(error) else f"{name}: {error}") from error
            yield seen

    def _check(self, source: Source) -> None:
        """Refuse an image that does not go with the first."""
        planes = source.parts[0].shape
        is_colour = len(source.parts) > 1 or planes[0] > 1
        self.kinds.append((planes[1:], "a colour image" if is_colour else "a mono one", source.light))
        (size, colours, light), (other_size, other_colours, other_light) = self.kinds[0], self.kinds[-1]
        if size != other_size:
            wanted, got = (f"{width} x {height}" for height, width in (size, other_size))
            raise ImageError(f"expected {wanted} pixels as of the first image, got {got}; measure it by itself")
        if colours != other_colours:
            raise ImageError(f"expected {colours} as the first image, got {other_colours}; measure it by itself")
        if light.words != other_light.words:
            raise ImageError(
                f"expected the light {light.words} of the first image, got {other_light}; say what it is, such as "
                f"--light {light.words}"
            )


def _part(source: Source, number: int | None) -> SourcePlanes:
    """One channel of a source, or the part that speaks for it: the only one, or green."""
    parts: tuple[SourcePlanes, ...] = source.parts
    if number is not None and len(parts) == 1:
        raise ImageError(
            "expected an image in colour to measure each channel of, got a mono one; measure it as a whole"
        )
    return parts[len(parts) // 2 if number is None else number]
