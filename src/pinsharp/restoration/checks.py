"""What options of restoring may be, and which go together; checked when a `Recipe` is made."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from pinsharp.restoration.recipe import Recipe

Channels = Literal["joint", "luma", "each"]
Demosaic = Literal["malvar", "bilinear", "planes"]
Planes = Literal["one", "each", "channel"]
Faults = Literal["auto", "off"]

WORDS = ("auto", "off")
"""What `field` may be but widths."""

MIN_WINDOW = 32
"""Smallest side of a window in pixels; with the halo around it, smaller ones would be nearly all halo."""


def check(recipe: "Recipe") -> None:
    """Refuse options that are impossible, or that contradict each other.

    Raises:
        ConfigError: If an option is impossible, or contradicts another.
        KernelError: If a kernel, or widths, are not valid.
    """
    if recipe.force and recipe.strict:
        raise ConfigError("--force restores what --strict refuses; leave one of them out")
    _check_blur(recipe)
    _check_numbers(recipe)
    _check_words(recipe)
    _check_mask(recipe)
    _check_camera(recipe)


def _check_blur(recipe: "Recipe") -> None:
    """Refuse what is no kernel or no widths, and both at once."""
    if recipe.field not in WORDS:
        recipe.given_widths()
        if recipe.kernel != "auto":
            raise ConfigError("a given kernel is one for the whole image, got a given field too; leave one of them out")
        _check_iterations(recipe, "field")
    if recipe.kernel != "auto":
        recipe.given_kernel()
        _check_iterations(recipe, "kernel")


def _check_iterations(recipe: "Recipe", given: str) -> None:
    if recipe.iterations > 1:
        raise ConfigError(
            f"--iterations above 1 measure the blur that is left and need --{given} auto, got {recipe.iterations} and "
            f"a given {given}; leave one of them out"
        )


def _check_numbers(recipe: "Recipe") -> None:
    if recipe.iterations < 1:
        raise ConfigError(f"--iterations must be at least 1, got {recipe.iterations}")
    if recipe.window and recipe.window < MIN_WINDOW:
        raise ConfigError(
            f"--window must be 0 for the whole image, or at least {MIN_WINDOW} pixels, got {recipe.window}; try 1024"
        )
    if recipe.white_level is not None:
        from pinsharp.images.arrays import check_white_level

        check_white_level(recipe.white_level)


def _check_words(recipe: "Recipe") -> None:
    for name, known in (
        ("channels", Channels),
        ("planes", Planes),
        ("demosaic", Demosaic),
        ("faults", Faults),
    ):
        value, words = getattr(recipe, name), get_args(known)
        if value is not None and value not in words:
            raise ConfigError(f"--{name} must be one of {', '.join(words)}, got {value!r}")
    if recipe.precision != "auto":
        from pinsharp.methods.devices import check_precision

        check_precision(recipe.precision)
    if recipe.runtime != "torch":
        from pinsharp.methods.devices import check_runtime

        check_runtime(recipe.runtime)
    if recipe.raw is not None:
        from pinsharp.images.raw import layout_of

        layout_of(recipe.raw)


def _check_mask(recipe: "Recipe") -> None:
    if recipe.mask is not None and not Path(recipe.mask).is_file():
        raise ConfigError(f"{recipe.mask}: expected an image that is a mask, got no such file; check its name")


def _check_camera(recipe: "Recipe") -> None:
    if recipe.beyond_camera and recipe.reference is None and recipe.profile is None:
        raise ConfigError("--beyond-camera needs --reference or --profile of the camera, got none; leave it out")
    if recipe.reference is not None:
        if not Path(recipe.reference).is_file():
            raise ConfigError(f"{recipe.reference}: expected a sharp image, got no such file; check its name")
        if not recipe.measures:
            raise ConfigError(
                "--reference helps to measure the blur, got a given kernel or field too; leave one of them out"
            )
    if recipe.profile is not None:
        from pinsharp.blur.profile_json import read_profile

        read_profile(recipe.profile)
