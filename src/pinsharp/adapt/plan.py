"""The training that adapts a net, as a config that `pinsharp train` can repeat."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pinsharp.adapt.images import SharpImages
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError
from pinsharp.nets.weights import read_info, weights_path
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig
from pinsharp.train.loop import train

CROP = 192
"""Side of the training crops in pixels."""

GENERAL_SHARE = 0.2
"""Share of the pairs that are made of the package's photographs, so that the net does not forget them."""

TRAINING_SHARE = 0.8
"""Share of the time that is for training; the rest is for looking at the images and for proving the gain."""

LEAST_STEPS = 50
"""Steps below which there is nothing to expect."""

_TIMED_STEPS = 4
_WARMUP = 20
_LEAST_VALIDATION = 4

_RESTORER = StageConfig(
    kind="deconv",
    steps=_WARMUP + 1,
    batch=8,
    crop=CROP,
    lr=3e-4,
    warmup=_WARMUP,
    loss="psnr",
    width_jitter=0.01,
    doubt=0.16,
    share_jitter=0.08,
    share_doubt=0.4,
    noise_jitter=0.3,
    known=0.3,
    frozen=("restorer.bank",),
)
_CLEAN = StageConfig(
    kind="clean",
    steps=_WARMUP + 1,
    batch=8,
    crop=CROP,
    lr=2e-4,
    warmup=_WARMUP,
    loss="psnr",
    width_jitter=0.01,
    noise_jitter=0.1,
    frozen=("clean.bank",),
)


def least_side() -> int:
    """Pixels that each side of an image needs."""
    return CROP + _data(is_mono=True).kernel_size


def make_config(images: SharpImages, start: str, *, folder: Path, steps: tuple[int, ...] | None = None) -> TrainConfig:
    """Make the config of a training that adapts a net.

    Args:
        images: What it is adapted to.
        start: Name of a shipped net or its weights file.
        folder: Where the run goes.
        steps: Of each stage; as few as can be by default.

    Raises:
        ConfigError: If such a net cannot be adapted.
        WeightsError: If the weights are missing or damaged.
    """
    info = read_info(weights_path(start))
    if info.net != "swift":
        raise ConfigError(f"expected a net of the kind swift to adapt, got {info.net} in {start}; use --model swift")
    has_clean = bool(info.config.get("clean")) and not images.is_mono
    stages = (_RESTORER, _CLEAN) if has_clean else (_RESTORER,)
    counts = steps or tuple(stage.steps for stage in stages)
    return TrainConfig(
        name=folder.stem,
        net=info.net,
        config=info.config,
        root=str(images.folder),
        held_out=images.held_out,
        left_out=tuple(images.blurred),
        general="package",
        general_share=GENERAL_SHARE,
        licence=str(info.card.get("licence", "MIT")),
        start={"net": start},
        data=_data(is_mono=images.is_mono),
        run=RunConfig(
            folder=str(folder),
            seed=1,
            ema=0.98,
            validate_every=250,
            validation_crops=max(_LEAST_VALIDATION, min(16, 2 * len(images.held_out))),
            validation_size=CROP,
            save_minutes=1.0,
        ),
        stage=tuple(replace(stage, steps=count) for stage, count in zip(stages, counts, strict=True)),
    )


def seconds_a_step(config: TrainConfig, stop: Callable[[], bool]) -> tuple[float, ...]:
    """Measure how long a step of each stage takes on this machine, by training a few and forgetting them."""
    seconds = []
    with TemporaryDirectory() as folder:
        for number, stage in enumerate(config.stage):
            brief = replace(stage, steps=_TIMED_STEPS, warmup=1)
            run = replace(config.run, folder=str(Path(folder, str(number))), validation_crops=1)
            done = train(replace(config, stage=(brief,), run=run), quiet=True, stop=stop)
            if done.is_stopped:
                break
            seconds.append(done.seconds / _TIMED_STEPS)
    return tuple(seconds)


def steps_for(minutes: float, seconds: tuple[float, ...]) -> tuple[int, ...]:
    """Share minutes among stages whose steps take so many seconds.

    Raises:
        ConfigError: If they are too few to train anything.
    """
    each = 60 * minutes * TRAINING_SHARE / len(seconds)
    steps = tuple(int(each / one) for one in seconds)
    if min(steps) < LEAST_STEPS:
        needed = math.ceil(LEAST_STEPS * max(seconds) * len(seconds) / TRAINING_SHARE / 60)
        raise ConfigError(
            f"expected time for at least {LEAST_STEPS} steps of each stage, got {minutes:g} minutes for steps of "
            f"{max(seconds):.1f} s; give --minutes {needed} or more"
        )
    return steps


def _data(*, is_mono: bool) -> SynthesisConfig:
    camera = "mono-parts" if is_mono else "colour-parts"
    return SynthesisConfig(camera=camera, max_sigma=5.0, max_radius=11.0, mono=float(is_mono))
