"""Settings of a training stage that would do nothing: refused, for what was set is believed to have been tried."""

from dataclasses import fields
from typing import Any

from pinsharp.errors import ConfigError

_GIVEN_KERNELS = ("deconv", "guard", "clean")

COUNTS_IN: dict[str, tuple[str, ...]] = {
    "pairs": ("kernel",),
    "small": ("kernel",),
    "mixed": ("kernel",),
    "loss": ("deconv", "joint", "direct", "clean"),
    "kernel_weight": ("joint",),
    "detach": ("joint",),
    "width_jitter": _GIVEN_KERNELS,
    "noise_jitter": _GIVEN_KERNELS,
    "doubt": _GIVEN_KERNELS,
    "share_jitter": _GIVEN_KERNELS,
    "share_doubt": _GIVEN_KERNELS,
    "known": _GIVEN_KERNELS,
    "misled": ("guard",),
}
"""The kinds of stages in which a setting counts; one that is not here counts in all."""

NEEDS: dict[str, tuple[str, ...]] = {
    "small": ("pairs",),
    "mixed": ("pairs",),
    "share_jitter": ("width_jitter", "doubt"),
    "share_doubt": ("doubt",),
}
"""Settings without one of which another does nothing."""

SCHEDULES: dict[str, tuple[str, ...]] = {
    "milestones": ("steps",),
    "gamma": ("steps",),
    "power": ("polynomial",),
    "final_lr": ("cosine", "polynomial"),
}
"""The schedules in which a setting counts."""


def check_effects(stage: Any) -> None:
    """Refuse settings of a stage (`StageConfig`) that are not at their default and would have no effect.

    Raises:
        ConfigError: If there are any; with the first one, and where it counts.
    """
    changed = [one.name for one in fields(stage) if getattr(stage, one.name) != one.default]
    for name in changed:
        kinds, schedules = COUNTS_IN.get(name), SCHEDULES.get(name)
        if kinds and stage.kind not in kinds:
            count = f"it counts in stages of kind {' or '.join(kinds)}"
            raise ConfigError(f"stage.{name} has no effect in a {stage.kind} stage; remove it: {count}")
        if name in NEEDS and not any(getattr(stage, needed) for needed in NEEDS[name]):
            raise ConfigError(f"stage.{name} has no effect without stage.{' or stage.'.join(NEEDS[name])}; set one")
        if schedules and stage.schedule not in schedules:
            owners = " or ".join(f'schedule = "{one}"' for one in schedules)
            raise ConfigError(
                f'stage.{name} has no effect with schedule = "{stage.schedule}"; remove it, or set {owners}'
            )
