"""What the menus of napari call: the work in a thread, its result as a layer, in metadata and in words."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinsharp.errors import ImageError, PinsharpError
from pinsharp.napari_plugin.layers import KEY, Planes, Settings, box_around, measuring, profile_of, restoring, words

if TYPE_CHECKING:
    import napari

    from pinsharp.blur.profile import Profile

Tell = Callable[[str], object]
"""Shows words."""


@dataclass(frozen=True)
class _Refused:
    """Why nothing was made."""

    sentence: str


def current_image(viewer: Any) -> Any:
    """The image layer that is chosen; if it is no image, the uppermost one that is shown.

    Raises:
        ImageError: If there is none.
    """
    return _current(viewer, "rgb", "an image layer", "open an image")


def current_shapes(viewer: Any) -> Any:
    """The layer of shapes that is chosen; if it is another, the uppermost one that is shown.

    Raises:
        ImageError: If there is none.
    """
    return _current(viewer, "shape_type", "a box", "add a shapes layer and draw one around a slanted edge")


def _current(viewer: Any, mark: str, wanted: str, advice: str) -> Any:
    active = viewer.layers.selection.active
    if active is not None and hasattr(active, mark):
        return active
    found = [layer for layer in viewer.layers if hasattr(layer, mark) and layer.visible]
    if not found:
        raise ImageError(f"expected {wanted}, got none; {advice}")
    return found[-1]


def restore_layer(viewer: "napari.Viewer") -> None:
    """Restore the current image layer into a new one."""
    _started(to_restore(viewer, Settings(), _show))


def measure_layer(viewer: "napari.Viewer") -> None:
    """Measure the current image layer."""
    _started(to_measure(viewer, Settings(), _show))


def to_restore(viewer: Any, settings: Settings, say: Tell) -> Any:
    """What restores the current image layer into a new one, a stack plane by plane: a worker, or None if it cannot."""

    def start() -> Any:
        layer = current_image(viewer)
        planes = Planes(layer)
        shown = planes.number_at(viewer.dims.current_step)

        def take(made: Any) -> None:
            pixels, found = made
            add_restored(viewer, layer, pixels, found)
            say(_told(found, shown))

        return _begin(lambda: restoring(planes, settings), len(planes), f"restore {planes.name}", take, say)

    return _or_say(start, say)


def to_measure(viewer: Any, settings: Settings, say: Tell) -> Any:
    """What measures the current image layer, every plane of a stack, into its metadata: a worker, or None."""

    def start() -> Any:
        layer = current_image(viewer)
        planes = Planes(layer)
        shown = planes.number_at(viewer.dims.current_step)

        def take(found: Any) -> None:
            layer.metadata = layer.metadata | {KEY: found}
            say(_told(found, shown))

        return _begin(lambda: measuring(planes, settings), len(planes), f"measure {planes.name}", take, say)

    return _or_say(start, say)


def to_profile(viewer: Any, target: Path, settings: Settings, say: Tell) -> Any:
    """What measures the camera by the edges in the drawn box and writes its profile: a worker, or None.

    A profile that is there already is replaced.
    """

    def start() -> Any:
        layer = current_image(viewer)
        planes = Planes(layer)
        image = planes.read(planes.number_at(viewer.dims.current_step))
        box = box_around(_corners(current_shapes(viewer), layer), image.shape)

        def work() -> "Generator[None, None, Profile]":
            yield
            return profile_of(image, box, planes.name, settings)

        def take(found: Any) -> None:
            from pinsharp.blur.profile_json import write_profile

            write_profile(target, found)
            soft = "" if found.own_softness is None else f", own softness {found.own_softness.sigma:.2f} px"
            say(f"wrote {target}: {len(found.kernels)} kernels of slanted edges{soft}")

        return _begin(work, 1, f"profile of {planes.name}", take, say)

    return _or_say(start, say)


def add_restored(viewer: Any, layer: Any, pixels: Any, found: list[dict[str, Any]]) -> None:
    """Add the result above everything, shown and placed as the layer that it was made of."""
    _, kept, _ = layer.as_layer_data_tuple()
    kept = dict(kept) | {"name": f"{layer.name} restored", "metadata": {**layer.metadata, KEY: found}}
    kept["multiscale"] = False
    viewer.add_image(pixels, **kept)


def _corners(shapes: Any, image: Any) -> Any:
    """The chosen shape, or the last one, in pixels of an image layer."""
    if not len(shapes.data):
        raise ImageError("expected a box, got a layer without shapes; draw one around a slanted edge")
    number = max(shapes.selected_data, default=len(shapes.data) - 1)
    return [image.world_to_data(shapes.data_to_world(corner)) for corner in shapes.data[number]]


def _told(found: list[dict[str, Any]], shown: int) -> str:
    """What was found of the plane that is shown, and over all planes."""
    if len(found) == 1:
        return words(found[0])
    widths = sorted(each["sigma"] for each in found)
    return f"plane {shown + 1} of {len(found)}: {words(found[shown])}\nall: {widths[0]:.2f} to {widths[-1]:.2f} px"


def _started(worker: Any) -> None:
    if worker is not None:
        worker.start()


def _or_say(start: Callable[[], Any], say: Tell) -> Any:
    """Start the work, or say why not."""
    try:
        return start()
    except PinsharpError as error:
        say(str(error))
        return None


def _begin(work: Callable[[], Any], total: int, name: str, take: Callable[[Any], None], say: Tell) -> Any:
    """What does the work in a thread, with progress in the viewer; its `quit` cancels it between two planes."""
    from napari.qt.threading import create_worker

    def guarded() -> Generator[None, None, Any]:
        try:
            return (yield from work())
        except PinsharpError as error:
            return _Refused(str(error))  # napari shows tracebacks of errors

    def returned(made: Any) -> None:
        if isinstance(made, _Refused):
            say(made.sentence)
            return
        try:
            take(made)
        except PinsharpError as error:
            say(str(error))

    worker = create_worker(guarded, _progress={"total": total, "desc": name})
    worker.returned.connect(returned)
    worker.aborted.connect(lambda: say(f"{name}: cancelled, nothing was changed"))
    return worker


def _show(sentence: str) -> None:
    from napari.utils.notifications import show_info

    show_info(sentence)
