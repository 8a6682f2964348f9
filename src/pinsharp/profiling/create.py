"""Making the profile of a camera out of whatever was photographed with it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pinsharp.blur.colours import of_edges
from pinsharp.blur.measured import Blur, LocalKernel, Source
from pinsharp.blur.profile import Box, Photograph, Profile, boxes_of
from pinsharp.errors import ConfigError, ImageError
from pinsharp.profiling.directions import Seen, astigmatism
from pinsharp.profiling.edge import EdgeFound
from pinsharp.profiling.edge_search import Line, find_edges, remeasured
from pinsharp.profiling.noise import measure_noise
from pinsharp.profiling.pairs import measure_pair
from pinsharp.profiling.photo import Photo, check_same_size, read_photo
from pinsharp.profiling.points import find_points
from pinsharp.profiling.stack import LEAST_STEPS, Stack, measure_stack, sharpest
from pinsharp.profiling.target import measure_target
from pinsharp.restoration.restorer import Restorer
from pinsharp.version import __version__

MOST_FAULTY = 0.01
"""Share of the pixels above which what was found is no fault of a sensor."""


@dataclass(frozen=True)
class Material:
    """What was photographed, by what it shows.

    Attributes:
        edges: Slanted edges.
        points: Pinholes, light-emitting diodes or stars.
        in_focus: Scenes in best focus.
        stack: A focus stack.
        positions: Of the focus, one for each image of the stack.
        unit: Of positions.
        target: A photograph of a print.
        printed: That print, as a file.
        blurred: A photograph out of focus.
        sharp: The same scene in focus.
        flat: Photographs of one scene with plain places, for noise.
        light: Tone curve of all of them: `auto`, `linear`, `srgb` or an exponent.
        white_level: The value that stands for white; None for the largest.
        box: Where edges are looked for; None for everywhere.
    """

    edges: Sequence[Path] = ()
    points: Sequence[Path] = ()
    in_focus: Sequence[Path] = ()
    stack: Sequence[Path] = ()
    positions: Sequence[float] = ()
    unit: str = "steps"
    target: Path | None = None
    printed: Path | None = None
    blurred: Path | None = None
    sharp: Path | None = None
    flat: Sequence[Path] = ()
    light: str = "auto"
    white_level: int | None = None
    box: Box | None = None

    def check(self) -> None:
        """Refuse too little, and halves of pairs.

        Raises:
            ConfigError: If nothing is given, or only one half of a pair.
        """
        for one, two, names in (
            (self.target, self.printed, ("--target", "--print")),
            (self.blurred, self.sharp, ("--blurred", "--sharp")),
        ):
            if (one is None) != (two is None):
                given, wanted = names if two is None else names[::-1]
                raise ConfigError(f"{given} goes with {wanted}, got one without the other; give both")
        if not any((self.edges, self.points, self.in_focus, self.stack, self.target, self.blurred, self.flat)):
            raise ConfigError(
                "expected something that the camera has seen, got nothing; give --edge, --points, --target, --blurred, "
                "--in-focus, --stack or --flat"
            )
        if self.stack and len(self.stack) < LEAST_STEPS:
            raise ConfigError(f"--stack must hold at least {LEAST_STEPS} images, got {len(self.stack)}; add some")


@dataclass(eq=False)
class _Making:
    """A profile as it grows."""

    material: Material
    photos: dict[Path, Photo] = field(default_factory=dict)
    made_of: list[Photograph] = field(default_factory=list)
    kernels: list[LocalKernel] = field(default_factory=list)
    directed: list[Seen] = field(default_factory=list)  # widths in directions
    in_colours: list[tuple[Blur, Blur, Blur]] = field(default_factory=list)  # of edges: in red, green and blue

    def read(self, path: Path, source: Source) -> Photo:
        """A photograph, once."""
        if path not in self.photos:
            self.photos[path] = read_photo(path, light=self.material.light, white_level=self.material.white_level)
        photo = self.photos[path]
        if not any(each.sha256 == photo.sha256 and each.source == source for each in self.made_of):
            self.made_of.append(Photograph(source, path.name, photo.sha256))
        return photo

    def add_edges(self) -> None:
        """The kernels of slanted edges."""
        for path in self.material.edges:
            photo = self.read(path, "edge")
            edges = find_edges(photo, self.material.box)
            self.directed += [Seen(line.row, line.column, line.angle, edge.blur) for line, edge in edges]
            self.in_colours += self._in_colours(photo, edges)
            self.kernels += [
                LocalKernel(
                    "edge",
                    path.name,
                    line.row,
                    line.column,
                    edge.blur,
                    angle=line.tilt,
                    mtf=edge.mtf,
                    edge_spread=edge.spread,
                )
                for line, edge in edges
            ]

    def _in_colours(self, photo: Photo, edges: list[tuple[Line, EdgeFound]]) -> list[tuple[Blur, Blur, Blur]]:
        """Widths of the edges of a photograph in red, green and blue, where each colour shows them; empty if mono."""
        if photo.colours != "colour":
            return []
        light, white = self.material.light, self.material.white_level
        others = [
            replace(
                read_photo(photo.path, light=light, white_level=white, faults=False, channel=part), faulty=photo.faulty
            )
            for part in (0, 2)
        ]
        found = []
        for line, edge in edges:
            with suppress(ImageError):
                red, blue = (remeasured(other, line).blur for other in others)
                found.append((red, edge.blur, blue))
        return found

    def add_points(self) -> None:
        """The kernels of points."""
        for path in self.material.points:
            points = find_points(self.read(path, "points"))
            self.directed += [each for point in points for each in point.directed]
            self.kernels += [LocalKernel("points", path.name, each.row, each.column, each.blur) for each in points]

    def add_target(self) -> None:
        """The kernels of a print."""
        if self.material.target and self.material.printed:
            photo = self.read(self.material.target, "target")
            printed = read_photo(self.material.printed, light="linear", faults=False)
            self.kernels += [
                LocalKernel("target", photo.path.name, each.row, each.column, each.blur)
                for each in measure_target(photo, printed)
            ]

    def add_pair(self) -> None:
        """The kernels between a blurred photograph and a sharp one."""
        if self.material.blurred and self.material.sharp:
            blurred, sharp = self.read(self.material.blurred, "sharp"), self.read(self.material.sharp, "sharp")
            self.kernels += [
                LocalKernel("sharp", blurred.path.name, each.row, each.column, each.blur)
                for each in measure_pair(blurred.plane, sharp.plane, str(blurred.path))
            ]


def create(material: Material, load_restorer: Callable[[], Restorer]) -> Profile:
    """Make a profile.

    Args:
        material: What was photographed.
        load_restorer: Makes what measures scenes of which nothing is known; called if there are some.

    Raises:
        ConfigError: If too little is given, or what does not go together.
        ImageError: If a photograph cannot be used.
    """
    material.check()
    making = _Making(material)
    making.add_edges()
    making.add_points()
    making.add_target()
    making.add_pair()
    own = _in_focus(making, load_restorer) if material.in_focus else _sharp_place(making.kernels)
    stack = _stack(making, own, load_restorer) if material.stack else None
    flat = [making.read(path, "in-focus") for path in material.flat]
    if flat:
        check_same_size(flat)
    photos = list(making.photos.values())
    first = photos[0]
    _check_one_camera(photos)
    largest = max((photo.shape for photo in photos), key=lambda shape: shape[0] * shape[1])
    return Profile(
        *largest,
        light=first.light.words,
        light_from=first.light.why,
        bits=max(photo.bits for photo in photos),
        white_level=max(photo.white_level for photo in photos),
        colours=first.colours,
        own_softness=own or (stack.own if stack else None),
        kernels=(*making.kernels, *(stack.kernels if stack else ())),
        astigmatism=astigmatism(making.directed, largest),
        colour_widths=of_edges(making.in_colours),
        focus=stack.focus if stack else None,
        distance_scale=stack.scale if stack else None,
        noise=measure_noise(flat or photos[:1]),
        # The place of a faulty pixel means the same in frames of one size alone, not in parts of them.
        faulty_pixels=shared_faults([photo for photo in photos if photo.shape == largest]),
        made_of=tuple(making.made_of),
        made_by=f"pinsharp {__version__}",
    )


def _check_one_camera(photos: Sequence[Photo]) -> None:
    """Refuse photographs that differ in light or colours from the first one.

    Raises:
        ImageError: If a photograph does.
    """
    first = photos[0]
    for photo in photos:
        if photo.light.words != first.light.words:
            raise ImageError(
                f"{photo.path}: expected the light {first.light.words} of {first.path}, got {photo.light}; say what it "
                "is, such as --light linear"
            )
        if photo.colours != first.colours:
            raise ImageError(
                f"{photo.path}: expected a {first.colours} image as {first.path}, got a {photo.colours} one; make a "
                "profile of each camera"
            )


def shared_faults(photos: Sequence[Photo]) -> tuple[Box, ...]:
    """Pixels that are faulty in at least half of the photographs of one size, and in two if there are two."""
    count = np.sum([photo.faulty for photo in photos], axis=0)
    mask = count >= max(min(2, len(photos)), len(photos) / 2)
    return boxes_of(mask) if mask.mean() <= MOST_FAULTY else ()


def _sharp_place(kernels: Sequence[LocalKernel]) -> Blur | None:
    """The middle one of the widths of edges, points and prints, whose photographs are in focus; None without any."""
    told = [each.blur for each in kernels if each.source in ("edge", "points", "target")]
    return sorted(told, key=lambda blur: blur.sigma)[len(told) // 2] if told else None


def _in_focus(making: _Making, load_restorer: Callable[[], Restorer]) -> Blur:
    """The camera's own softness, for which the windows of scenes in focus vote."""
    for path in making.material.in_focus:
        making.read(path, "in-focus")
    return _measured(making.material.in_focus, making.material, load_restorer)


def _measured(paths: Sequence[Path], material: Material, load_restorer: Callable[[], Restorer]) -> Blur:
    restorer = load_restorer()
    field_ = restorer.measure(list(paths) if len(paths) > 1 else paths[0])
    sigma = field_.sigma
    low, high = field_.interval or (sigma, sigma)
    return Blur(sigma, min(low, sigma), max(high, sigma), field_.disk_fraction)


def _stack(making: _Making, own: Blur | None, load_restorer: Callable[[], Restorer]) -> Stack:
    """What the stack says; if nothing else gave the softness in focus, its sharpest image does."""
    material = making.material
    photos = [making.read(path, "stack") for path in material.stack]
    check_same_size(photos)
    known = own or _measured([photos[sharpest(photos)].path], material, load_restorer)
    return measure_stack(photos, material.positions, material.unit, known)
