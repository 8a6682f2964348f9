"""What a process of the service does: one request after another, with the models that it has loaded."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinsharp.batch.job import Job, named
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.restoration.recipe import Recipe
from pinsharp.service.asked import FILES, Asked
from pinsharp.service.problems import BUG, kind_of

if TYPE_CHECKING:
    from pinsharp.blur.profile import Box
    from pinsharp.methods.method import Method
    from pinsharp.restoration.restorer import Restorer

PROGRESS = "progress"
"""File in the folder of a task that says how many of how many pixels are done."""

_TOLD_S = 0.25


@dataclass(frozen=True)
class Setup:
    """What a process works with.

    Attributes:
        recipe: What holds unless a request says otherwise.
        share: How many processes share the processor's cores.
        pixels: Most pixels of an image.
    """

    recipe: Recipe
    share: int
    pixels: int


@dataclass(frozen=True)
class Task:
    """What one request wants done.

    Attributes:
        asked: What; None loads the model, and no more.
        folder: Where the files of the request are, and where the result goes.
        files: Their names, by part.
        result: Name of the result; empty if only figures are wanted.
        tells: Whether progress is written down.
        sees: Whether what a page shows of a result is made too.
    """

    asked: Asked | None
    folder: str = ""
    files: dict[str, list[str]] = field(default_factory=dict)
    result: str = ""
    tells: bool = False
    sees: bool = False


@dataclass(frozen=True)
class Made:
    """What came of it.

    Attributes:
        figures: As `--json` of the command line has them.
        error: Kind of the error; empty if there was none.
        sentence: What it says.
    """

    figures: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    sentence: str = ""


def load(setup: Setup) -> Callable[[Task], Iterator[Made]]:
    """Make what carries out tasks in this process."""
    from pinsharp.images.refusals import limit_pixels

    limit_pixels(setup.pixels)
    if setup.share > 1:
        import torch

        from pinsharp.workers import threads_for

        torch.set_num_threads(threads_for(setup.share))
    return partial(_carry_out, setup)


def _carry_out(setup: Setup, task: Task) -> Iterator[Made]:
    """Carry a task out; whatever goes wrong with it becomes an answer."""
    try:
        yield Made(_do(setup, task, task.asked) if task.asked else _warm(setup))
    except PinsharpError as error:
        yield Made({}, kind_of(error), without_paths(str(error), task, setup))
    except RecursionError:
        yield Made({}, "ImageError", "expected an image or table of ordinary depth, got one too deeply nested")
    except Exception:  # one bad request must not end the process
        logging.getLogger("pinsharp.service").exception("an error of pinsharp at %s", task.folder)
        yield Made({}, "bug", BUG)


def _do(setup: Setup, task: Task, asked: Asked) -> dict[str, Any]:
    """Do what was asked; an error names the image, as on the command line."""
    if asked.kind == "profile":
        return _profile(setup, task, asked)
    recipe = _recipe(setup, task, asked)
    try:
        return _DO[asked.kind](recipe, task, asked)
    except PinsharpError as error:
        raise named(error, task.files["image"][0]) from error


def without_paths(sentence: str, task: Task, setup: Setup) -> str:
    """A sentence in which files have the names of their parts, and no folder of the server."""
    folders = [task.folder]
    profiles = [setup.recipe.profile, task.asked.profile if task.asked else None]
    folders += [str(Path(path).parent) for path in profiles if path]
    for folder in filter(None, folders):
        sentence = sentence.replace(f"{folder}/", "").replace(f"{folder}\\", "").replace(folder, "the service")
    return " ".join(sentence.split())


def _warm(setup: Setup) -> dict[str, Any]:
    _restorer(setup.recipe)
    return {"models": _models(setup.recipe)}


def _models(recipe: Recipe) -> list[dict[str, Any]]:
    """The models that a client may name, and what their weights say of themselves."""
    from pinsharp.methods.table import method_table
    from pinsharp.nets.weights import read_info, shipped_names, zoo_path

    models: list[dict[str, Any]] = []
    for name, entry in method_table().items():
        if (entry.has_weights and name not in shipped_names()) or name.startswith("selfdeblur"):
            continue
        said = read_info(zoo_path(name)) if entry.has_weights else None
        models.append(
            {
                "name": name,
                "is_default": name == str(recipe.model),
                "kind": entry.kind,
                "kernel_from": entry.kernel_from,
                "summary": entry.summary,
                "parameters": said.parameters if said else None,
                "licence": said.card.get("licence") if said else None,
            }
        )
    if not any(model["is_default"] for model in models):
        words = "what this service was started with"
        models.insert(0, dict.fromkeys(models[0]) | {"name": model_name(recipe), "is_default": True, "summary": words})
    return models


def _restore(recipe: Recipe, task: Task, asked: Asked) -> dict[str, Any]:
    from pinsharp.batch.work import restore_job
    from pinsharp.service.seen import restore_to_see

    folder = Path(task.folder)
    image = folder / task.files["image"][0]
    progress = _Telling(folder / PROGRESS) if task.tells else None
    if task.sees:
        return {"model": model_name(recipe)} | restore_to_see(image, folder / task.result, _restorer(recipe), progress)
    figures = restore_job(
        Job(image, folder / (task.result or f"result{image.suffix}")),
        restorer=_restorer(recipe),
        overwrite=True,  # what a run before this one has left
        progress=progress,
    )
    return {"model": model_name(recipe)} | {name: value for name, value in figures.items() if name != "width_map"}


def _measure(recipe: Recipe, task: Task, asked: Asked) -> dict[str, Any]:
    from pinsharp.restoration.figures import channel_figures, measured_figures
    from pinsharp.restoration.profiled import distance_figures

    restorer, image = _restorer(recipe), Path(task.folder) / task.files["image"][0]
    found, light = restorer.measure_with_light(image)
    figures = {"model": model_name(recipe)} | measured_figures(found) | light.figures()
    if asked.further.get("per_channel"):
        figures["channels"] = channel_figures(restorer.measure_channels(image))
    own = None if found.own is None else found.own.sigma
    return figures | {"own_softness": own, "distance": distance_figures(found, recipe)}


def _detect(recipe: Recipe, task: Task, asked: Asked) -> dict[str, Any]:
    from pinsharp.detect.overlay import draw
    from pinsharp.detect.particles import DetectorSettings, inspect
    from pinsharp.detect.tables import read_pins
    from pinsharp.images.files import read_image, write_image
    from pinsharp.settings import PLAIN_WORDS, build

    folder = Path(task.folder)
    settings = build(DetectorSettings, asked.further.get("settings", {}), "", PLAIN_WORDS)
    pins = read_pins(folder / task.files["pins"][0]) if "pins" in task.files else None
    pixels = read_image(folder / task.files["image"][0]).pixels
    found = inspect(pixels, settings, pins=pins)
    if task.result:
        write_image(folder / task.result, draw(pixels, found), overwrite=True)
    particles = [asdict(particle) for particle in found.particles]
    return found.figures() | {"particles": particles, "settings": asdict(settings)}


def _profile(setup: Setup, task: Task, asked: Asked) -> dict[str, Any]:
    from pinsharp.blur.profile_json import to_json
    from pinsharp.profiling.create import Material, create
    from pinsharp.profiling.steps import parse_steps

    files = {part: [Path(task.folder) / name for name in names] for part, names in task.files.items()}
    stack, steps = files.get("stack", []), asked.further.get("steps")
    if bool(stack) != (steps is not None):
        raise ConfigError("stack goes with steps, got one without the other; give both")
    positions, unit = parse_steps(steps, len(stack)) if steps is not None else ((), "steps")
    light, white_level = asked.options.get("light", "auto"), asked.options.get("white_level")
    single: dict[str, Any] = {name: files[part][0] for name, part in _SINGLE.items() if part in files}
    several: dict[str, Any] = {name: files[part] for name, part in _SEVERAL.items() if part in files}
    box = _box(asked.further["box"]) if "box" in asked.further else None
    material = Material(
        positions=positions, unit=unit, light=str(light), white_level=white_level, box=box, **single, **several
    )
    base = replace(setup.recipe, light=light, white_level=white_level, profile=None)
    found: dict[str, Any] = json.loads(to_json(create(material, lambda: _restorer(base))))
    return found


def _box(edges: list[Any]) -> "Box":
    """A part of an image, of its left, top, right and bottom."""
    from pinsharp.blur.profile import Box

    if len(edges) != 4 or not all(type(edge) is int for edge in edges):
        raise ConfigError(f"box must be left, top, right and bottom in whole pixels, got {str(edges)[:60]}")
    left, top, right, bottom = edges
    if not (0 <= left < right and 0 <= top < bottom):
        raise ConfigError(f"box must hold pixels from left to right and top to bottom, got {edges}")
    return Box(top, left, bottom - top, right - left)


def _view(recipe: Recipe, task: Task, asked: Asked) -> dict[str, Any]:
    from pinsharp.service.seen import write_view

    folder = Path(task.folder)
    write_view(folder / task.result, folder / task.files["image"][0], recipe)
    return {}


_SINGLE = {"target": "target", "printed": "print", "blurred": "blurred", "sharp": "sharp"}
_SEVERAL = {"edges": "edge", "points": "points", "in_focus": "in_focus", "stack": "stack", "flat": "flat"}
_DO = {"restore": _restore, "measure": _measure, "detect": _detect, "view": _view}


def _recipe(setup: Setup, task: Task, asked: Asked) -> Recipe:
    """The recipe of a request.

    Raises:
        PinsharpError: If an option is impossible, or two contradict each other.
    """
    files = {name: str(Path(task.folder) / task.files[name][0]) for name in FILES if name in task.files}
    changes = asked.options | files
    if asked.profile is not None:
        changes["profile"] = str(asked.profile)
    if "light" in changes:
        changes["light"] = str(changes["light"])
    return replace(setup.recipe, **changes)


def _restorer(recipe: Recipe) -> "Restorer":
    from pinsharp.restoration.restorer import Restorer

    method = _method(str(recipe.model), recipe.device, recipe.precision, recipe.runtime)
    return Restorer(method, recipe=recipe, keep_memory=False)


@lru_cache(maxsize=2)
def _method(model: str, device: str, precision: Any, runtime: Any) -> "Method":
    from pinsharp.methods.table import load_method

    return load_method(model, device=device, precision=precision, runtime=runtime)


def model_name(recipe: Recipe) -> str:
    """The name of the model; of a file without its folder."""
    return Path(recipe.model).name if Path(recipe.model).is_file() else str(recipe.model)


class _Telling:
    """Writes down how far the work is, now and then."""

    def __init__(self, path: Path) -> None:
        self._path, self._told = path, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._told >= _TOLD_S or done >= total:
            self._told = time.monotonic()
            self._path.write_text(f"{done} {total}")
