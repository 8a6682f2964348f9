"""Loading a model in an actor, and checking that it restores there as on the machine that began the run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pinsharp.batch.job import Work
from pinsharp.batch.work import load_work
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe


def load_checked(recipe: Recipe, settings: dict[str, object]) -> Work:
    """Load the model once, as `load_work`; files of weights, kernels and masks have to be the same everywhere.

    Raises:
        ConfigError: If the settings that decide the pixels are others here.
        PinsharpError: If no image could be restored with this recipe.
    """
    from pinsharp.restoration.restorer import Restorer

    restorer = Restorer(recipe=recipe)
    here = restorer.settings()
    others = [name for name in sorted({*here, *settings}) if here.get(name) != settings.get(name)]
    if others:
        name = others[0]
        raise ConfigError(
            f"expected {name} {settings.get(name)} on every node, got {here.get(name)}; put the same files there"
        )
    return load_work(recipe, restorer=restorer)


def everywhere(recipe: Recipe) -> Recipe:
    """The same recipe with absolute names of files, for processes in other folders."""
    names = ("model", "kernel", "field", "mask", "reference", "profile")
    given = {name: getattr(recipe, name) for name in names}
    files = {name: one for name, one in given.items() if isinstance(one, str | Path) and Path(one).is_file()}
    made: dict[str, Any] = {name: type(one)(Path(one).absolute()) for name, one in files.items()}
    return replace(recipe, **made) if made else recipe
