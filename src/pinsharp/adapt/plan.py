"""The training that adapts a net, as a config that `pinsharp train` can repeat."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pinsharp.adapt.images import SharpImages
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError
from pinsharp.nets.weights import read_info, weights_path
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig
from pinsharp.train.loop import train

CROP = 128
"""Side of the crops that restorers train on, in pixels: small ones, of which there are the more."""

GENERAL_SHARE = 0.2
"""Share of the pairs that are made of the package's photographs, so that the net does not forget them."""

TRAINING_SHARE = 0.8
"""Share of the time that is for training; the rest is for looking at the images and for proving the gain."""

LEAST_STEPS = 25
"""Steps of a stage below which there is nothing to expect."""

_TIMED_STEPS = 4
_LEAST_VALIDATION = 4
_BRIEF = 21  # steps of a stage whose number is not decided yet

_ESTIMATOR = StageConfig(
    kind="kernel",
    steps=_BRIEF,
    batch=32,
    crop=256,
    pairs=32,
    lr=3e-4,
    warmup=20,
    small=0.1,
    mixed=0.15,
)
_RESTORER = StageConfig(
    kind="deconv",
    steps=_BRIEF,
    batch=8,
    crop=CROP,
    lr=5e-4,
    warmup=20,
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
    steps=_BRIEF,
    batch=8,
    crop=CROP,
    lr=2e-4,
    warmup=20,
    loss="psnr",
    width_jitter=0.01,
    noise_jitter=0.1,
    frozen=("clean.bank",),
)
_GUARD = StageConfig(
    kind="guard",
    steps=_BRIEF,
    batch=8,
    crop=192,
    lr=2e-3,
    warmup=5,
    known=0.2,
    width_jitter=0.05,
    doubt=0.16,
    share_jitter=0.08,
    share_doubt=0.4,
    noise_jitter=0.3,
)

_ROUNDS = 8
"""How often the estimator comes back to a pair: after the first time that costs next to nothing."""


@dataclass(frozen=True)
class Part:
    """A stage of the training, and what share of the time it gets beside the others."""

    stage: StageConfig
    share: float

    def lasting(self, count: int) -> StageConfig:
        """The stage of so many steps; of an estimator, of so many batches of different pairs."""
        if self.stage.pairs:
            return replace(self.stage, pairs=count * self.stage.batch, steps=count * _ROUNDS)
        return replace(self.stage, steps=count)


def parts_of(config: Mapping[str, Any], *, is_mono: bool) -> tuple[Part, ...]:
    """What is trained of a net of some settings: the estimator first, whom the guard listens to last."""
    has_clean = bool(config.get("clean")) and not is_mono
    parts = [Part(_ESTIMATOR, 0.15)] if config.get("kernel_votes") else []
    parts += [Part(_RESTORER, 0.4), Part(_CLEAN, 0.35)] if has_clean else [Part(_RESTORER, 0.75)]
    return (*parts, Part(_GUARD, 0.1)) if config.get("guard") else tuple(parts)


def least_side() -> int:
    """Pixels that each side of an image needs."""
    return max(CROP, _ESTIMATOR.crop) + _data(is_mono=True).kernel_size


def make_config(images: SharpImages, start: str, *, folder: Path, counts: tuple[int, ...] | None = None) -> TrainConfig:
    """Make the config of a training that adapts a net.

    Args:
        images: What it is adapted to.
        start: Name of a shipped net or its weights file.
        folder: Where the run goes.
        counts: How long each part lasts, as `Part.lasting` takes it; by default they are as brief as can be.

    Raises:
        ConfigError: If nets of this kind cannot be adapted.
        WeightsError: If the weights are missing or damaged.
    """
    info = read_info(weights_path(start))
    if info.net != "swift":
        raise ConfigError(f"expected a net of the kind swift to adapt, got {info.net} in {start}; use --model swift")
    parts = parts_of(info.config, is_mono=images.is_mono)
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
            validate_every=1000,
            validation_crops=max(_LEAST_VALIDATION, min(16, 2 * len(images.held_out))),
            validation_size=CROP,
            save_minutes=1.0,
        ),
        stage=tuple(part.lasting(count) for part, count in zip(parts, counts, strict=True))
        if counts
        else tuple(part.stage for part in parts),
    )


def seconds_a_step(config: TrainConfig, stop: Callable[[], bool]) -> tuple[float, ...]:
    """Measure how long a step of each stage takes on this machine, by training a few and forgetting them.

    Of an estimator, with pairs that it was not trained on. Fewer figures than stages if `stop` said so.
    """
    seconds = []
    with TemporaryDirectory() as folder:
        for number, stage in enumerate(config.stage):
            pairs = _TIMED_STEPS * stage.batch if stage.pairs else 0
            brief = replace(stage, steps=_TIMED_STEPS, pairs=pairs, warmup=1)
            run = replace(config.run, folder=str(Path(folder, str(number))), validation_crops=1)
            done = train(replace(config, stage=(brief,), run=run), quiet=True, stop=stop)
            if done.is_stopped:
                break
            seconds.append(done.seconds / _TIMED_STEPS)
    return tuple(seconds)


def counts_for(minutes: float, seconds: tuple[float, ...], shares: tuple[float, ...]) -> tuple[int, ...]:
    """How long each part of a training may last.

    Args:
        minutes: Time for everything.
        seconds: What a step of each part takes.
        shares: What share of the training each may take.

    Raises:
        ConfigError: If there is too little time to train anything.
    """
    whole = 60 * minutes * TRAINING_SHARE / sum(shares)
    counts = tuple(int(whole * share / one) for one, share in zip(seconds, shares, strict=True))
    if min(counts) < LEAST_STEPS:
        least = max(LEAST_STEPS * one / share for one, share in zip(seconds, shares, strict=True))
        needed = math.ceil(least * sum(shares) / TRAINING_SHARE / 60)
        raise ConfigError(
            f"expected time for at least {LEAST_STEPS} steps of each stage, got {minutes:g} minutes for steps of up to "
            f"{max(seconds):.1f} s; give --minutes {needed} or more"
        )
    return counts


def _data(*, is_mono: bool) -> SynthesisConfig:
    camera = "mono-parts" if is_mono else "colour-parts"
    return SynthesisConfig(camera=camera, max_sigma=5.0, max_radius=11.0, mono=float(is_mono))
