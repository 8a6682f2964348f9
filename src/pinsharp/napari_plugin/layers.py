"""Image layers as planes: measured and restored one by one, and what is kept of them. Needs no napari."""

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError, PinsharpError

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField
    from pinsharp.blur.profile import Box, Profile
    from pinsharp.restoration.restorer import Restorer
    from pinsharp.restoration.result import Restored

KEY = "pinsharp"
"""Where the metadata of a layer hold what was found."""

SAMPLE = 8
"""Planes, evenly through a stack, whose windows vote for the blur that all share."""


@dataclass(frozen=True)
class Settings:
    """What a user chooses.

    Attributes:
        model: Name of a model, or a file.
        kernel: `auto`, `gaussian:2`, `disk:3`, or a file.
        light: `auto`, `linear`, `srgb`, or an exponent.
        white_level: Value that stands for white; None for the largest of the type.
        profile: Profile of the camera, a file; empty for none.
        planes: Whether each plane of a stack has a blur of its own, or all have one.
    """

    model: str = "swift"
    kernel: str = "auto"
    light: str = "auto"
    white_level: int | None = None
    profile: str = ""
    planes: Literal["each", "one"] = "each"

    def restorer(self) -> "Restorer":
        """What does the work.

        Raises:
            PinsharpError: If an option is impossible, or the model cannot be loaded.
        """
        from pinsharp.restoration.restorer import Restorer

        return Restorer(
            self.model,
            keep_memory=False,  # the process is napari's
            kernel=self.kernel,
            light=self.light,
            white_level=self.white_level,
            profile=self.profile or None,
        )


class Planes:
    """The planes of an image layer, along all axes but the last two (and colours); read one by one, lazy ones too.

    Args:
        layer: Has `data`, `rgb`, `multiscale` and `name`, as napari's image layers do.
    """

    def __init__(self, layer: Any) -> None:
        self.name = str(layer.name)
        self._data = layer.data[0] if layer.multiscale else layer.data
        inner = 3 if layer.rgb else 2
        self.shape, self.dtype = tuple(self._data.shape), np.dtype(self._data.dtype)
        if len(self.shape) < inner:
            raise ImageError(
                f"{self.name}: expected rows and columns, got {len(self.shape)} axis; choose another layer"
            )
        self.places = list(np.ndindex(self.shape[:-inner]))  # one, (), of a single image

    def __len__(self) -> int:
        return len(self.places)

    def read(self, number: int) -> NDArray[Any]:
        """One plane (H, W) or (H, W, C)."""
        return np.ascontiguousarray(self._data[self.places[number]])

    def number_at(self, step: Sequence[int]) -> int:
        """Which plane lies at a position of a viewer's sliders; one that has more axes has them before the layer's."""
        outer = len(self.places[0])
        place = tuple(step)[len(step) - outer - 2 : len(step) - 2]
        return self.places.index(place) if place in self.places else 0


def measuring(planes: Planes, settings: Settings) -> Generator[None, None, list[dict[str, Any]]]:
    """Measure plane by plane; yields after each, returns what was found, as `pinsharp kernel --json` has it.

    Raises:
        PinsharpError: If a plane cannot be measured.
    """
    from pinsharp.restoration.figures import measured_figures

    restorer, found = settings.restorer(), []
    for number in range(len(planes)):
        with _named(planes, number):
            found.append(measured_figures(restorer.measure(planes.read(number))))
        yield
    return found


def restoring(planes: Planes, settings: Settings) -> Generator[None, None, tuple[NDArray[Any], list[dict[str, Any]]]]:
    """Restore plane by plane; yields after each, returns all of them in the shape and type that they had.

    Raises:
        PinsharpError: If a plane cannot be restored.
    """
    restorer = settings.restorer()
    shared = _shared(planes, restorer) if settings.planes == "one" and len(planes) > 1 else None
    pixels, found = np.empty(planes.shape, planes.dtype), []
    for number, place in enumerate(planes.places):
        with _named(planes, number):
            pixels[place], figures = _restored(planes.read(number), restorer, shared)
        found.append(figures)
        yield
    return pixels, found


def _shared(planes: Planes, restorer: "Restorer") -> "BlurField | None":
    """The blur of all planes, of a sample; None if the user gave it."""
    if not restorer.recipe.measures:
        return None
    picked = np.unique(np.linspace(0, len(planes) - 1, min(len(planes), SAMPLE)).round().astype(int))
    return restorer.measure([planes.read(int(number)) for number in picked])


def _restored(
    image: NDArray[Any], restorer: "Restorer", shared: "BlurField | None"
) -> tuple[NDArray[Any], dict[str, Any]]:
    from pinsharp.blur.verdict import LEFT_ALONE
    from pinsharp.restoration.figures import measured_figures

    if shared is not None and shared.verdict in LEFT_ALONE and shared.finding is not None:
        return image, measured_figures(shared) | {"restored": False, "reason": shared.finding.reason}
    result: Restored = restorer(image, kernel=None if shared is None else shared.kernel_array)
    figures = measured_figures(shared or result.defocus)
    reason = result.reason or figures["reason"]
    return result.image, figures | {"restored": result.is_restored, "reason": reason, "doubtful": result.is_doubtful}


def profile_of(image: NDArray[Any], box: "Box", name: str, settings: Settings) -> "Profile":
    """Measure a camera by the slanted edges in a part of an image.

    Raises:
        PinsharpError: If there is none, or it cannot be measured.
    """
    from pinsharp.images.files import write_image
    from pinsharp.profiling.create import Material, create

    with tempfile.TemporaryDirectory(prefix="pinsharp") as folder:
        path = Path(folder) / f"{_plain(name)}.tif"
        write_image(path, image)
        material = Material(edges=[path], light=settings.light, white_level=settings.white_level, box=box)
        return create(material, settings.restorer)


def box_around(corners: Iterable[Sequence[float]], shape: Sequence[int]) -> "Box":
    """The part of an image (H, W) that a drawn shape covers; corners end with row and column, in its pixels.

    Raises:
        ImageError: If it lies beside the image.
    """
    from pinsharp.blur.profile import Box

    ends = np.array([list(corner)[-2:] for corner in corners], float)
    low = np.clip(np.floor(ends.min(axis=0) + 0.5), 0, shape[:2]).astype(int)  # centres of pixels are whole numbers
    high = np.clip(np.floor(ends.max(axis=0) + 0.5) + 1, 0, shape[:2]).astype(int)
    if (high - low).min() < 1:
        raise ImageError("expected a box on the image, got one beside it; draw it around a slanted edge")
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def words(figures: dict[str, Any]) -> str:
    """What was found of a plane, in two lines."""
    from pinsharp.words import width_in_words

    width = width_in_words(
        figures["sigma"], figures["sigma_relative_std"], figures["family"], is_uncertain=figures["uncertain"]
    )
    if figures["interval"] is not None:
        width += " (90 % interval {:.2f} to {:.2f} px)".format(*figures["interval"])
    verdict = f"{figures['verdict']}: {figures['reason']}" if figures["verdict"] else figures["reason"]
    left = "" if figures.get("restored", True) else "\nleft as it is"
    doubt = "\ndoubtful: look at it before you use it" if figures.get("doubtful") else ""
    return f"{width}\n{verdict}{left}{doubt}".rstrip()


def _plain(name: str) -> str:
    """A layer's name as that of a file."""
    return "".join(letter if letter.isalnum() or letter in "-_ ." else "_" for letter in name)[:80] or "layer"


@contextmanager
def _named(planes: Planes, number: int) -> Iterator[None]:
    """Errors say which plane of which layer."""
    try:
        yield
    except PinsharpError as error:
        plane = f": plane {number + 1}" if len(planes) > 1 else ""
        raise type(error)(f"{planes.name}{plane}: {error}") from error
