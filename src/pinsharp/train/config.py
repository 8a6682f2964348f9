"""Training settings: from a TOML file to frozen dataclasses; contradictions are refused."""

import tomllib
import typing
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pinsharp.blur.profile_json import read_profile
from pinsharp.data.profiled import ProfiledCamera
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError
from pinsharp.settings import build
from pinsharp.train.effects import check_effects
from pinsharp.train.settings import override
from pinsharp.words import said_by

StageKind = Literal["kernel", "deconv", "joint", "direct", "guard", "clean"]
ImageLoss = Literal["l1", "psnr", "mse"]
Schedule = Literal["cosine", "steps", "polynomial"]


@dataclass(frozen=True)
class StageConfig:
    """One stage of training."""

    # `kernel` trains the kernel net alone (eq. 4), `deconv` the restorer with true kernels (eq. 5), `joint` both, the
    # estimated kernel feeding the restorer (eq. 6). `direct` trains a net that restores end to end and never hears of
    # the kernel. `guard` trains what weighs restorations against what is safer, mostly with estimated kernels. `clean`
    # trains the restorer of clean images of colour, with true kernels, on pairs by formula whatever `data.camera` is.
    kind: StageKind
    steps: int  # optimiser steps
    batch: int  # crops a step, over all processes
    crop: int  # side of the crops in pixels
    lr: float  # peak learning rate of AdamW
    # `kernel`: how many different pairs there are; what the estimator reads of each is kept in memory, some 40 KiB, and
    # further steps come back to it, which costs next to nothing. 0: every pair is a new one.
    pairs: int = 0
    small: float = 0.0  # `kernel` with `pairs`: share of images that are cut to strips and small squares
    # `kernel` of an estimator whose windows vote: share of pairs some of whose windows are those of another pair.
    mixed: float = 0.0
    schedule: Schedule = "cosine"  # how the rate falls: by a `cosine`, in `steps`, or as a `polynomial`
    final_lr: float = 1e-3  # learning rate at the end of the cosine or the polynomial, as a share of `lr`
    # `steps`: where the rate falls, as shares of the stage between 0 and 1, such as [0.5, 0.75].
    milestones: tuple[float, ...] = ()
    gamma: float = 0.5  # `steps`: what the rate is multiplied by at each milestone
    power: float = 1.0  # `polynomial`: the rate falls as what is left of the stage to this power; 1 is a straight line
    warmup: int = 100  # steps over which the rate rises linearly from 0
    weight_decay: float = 1e-4  # decoupled weight decay. Without it AdamW is Adam.
    betas: tuple[float, float] = (0.9, 0.99)  # decay rates of AdamW's moments
    clip: float = 1.0  # largest gradient norm; 0 for any
    clip_value: float = 0.0  # largest size of each single gradient, before the norm is clipped; 0 for any
    # Of the images. `l1` is the paper's, `mse` the mean squared error. `psnr` is the mean of log10(MSE), what the
    # benchmark averages: every image counts alike, where L1 looks at the most blurred ones. Nets that restore at
    # several scales have the sum over the scales, each against the sharp image of that size.
    loss: ImageLoss = "l1"
    # Weight of the kernel's loss in a joint stage. The kernel's L1 is summed over its pixels, the image's averaged, so
    # that both are of one order.
    kernel_weight: float = 1.0
    detach: bool = False  # `joint`: stop the image loss from reaching the kernel net, as DCLS does; the paper does not
    # `deconv`: relative error, one standard deviation, put on the true width, so that the restorer learns to live with
    # an estimate.
    width_jitter: float = 0.0
    noise_jitter: float = 0.0  # `deconv`: the same for the noise
    # `deconv`: largest relative standard deviation of a further error of the width. Every pair has one of its own,
    # uniform from 0, and a net that listens (`condition_doubt`) gets to know how large both are together.
    doubt: float = 0.0
    share_jitter: float = 0.0  # `deconv`: error, one standard deviation, of the disc's share of the squared width
    # `deconv`: how much larger that error is where `doubt` is largest; between, it grows with it.
    share_doubt: float = 0.0
    known: float = 0.0  # `deconv`: share of pairs whose kernel has no such errors, as where it was measured
    # `guard`: share of the other pairs whose kernel is further off than is said, as a camera may be that no simulation
    # shows.
    misled: float = 0.0
    frozen: tuple[str, ...] = ()  # parts of the net that this stage leaves as they are, such as `restorer.bank`

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "crop"):
            if getattr(self, name) < 1:
                raise ConfigError(f"stage.{name} must be at least 1, got {getattr(self, name)}")
        for name in ("lr", "power"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"stage.{name} must be positive, got {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                raise ConfigError(f"stage.{name} must not be negative, got {getattr(self, name)}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"stage.betas must be from 0 to below 1, got {list(self.betas)}")
        check_effects(self)
        if self.pairs % self.batch:
            raise ConfigError(f"stage.pairs must be a multiple of the batch of {self.batch}, got {self.pairs}")
        if self.warmup >= self.steps:
            raise ConfigError(f"stage.warmup ({self.warmup}) must be shorter than the stage ({self.steps} steps)")
        self._check_schedule()

    def _check_schedule(self) -> None:
        """Refuse milestones and factors that do not make a schedule."""
        if self.schedule == "steps" and not self.milestones:
            raise ConfigError('schedule = "steps" needs stage.milestones, shares of the stage such as [0.5, 0.75]')
        ends = (0.0, *self.milestones, 1.0)
        if not all(earlier < later for earlier, later in pairwise(ends)):
            raise ConfigError(
                "stage.milestones must be shares of the stage between 0 and 1 in rising order, such as [0.5, 0.75], "
                f"got {list(self.milestones)}"
            )
        if not 0 < self.gamma <= 1:
            raise ConfigError(f"stage.gamma must be above 0 and at most 1, got {self.gamma}")


_NOT_NEGATIVE = (
    "pairs",
    "warmup",
    "final_lr",
    "weight_decay",
    "clip",
    "clip_value",
    "kernel_weight",
    "width_jitter",
    "noise_jitter",
    "doubt",
    "share_jitter",
    "share_doubt",
    "known",
    "misled",
    "small",
    "mixed",
)


@dataclass(frozen=True)
class RunConfig:
    """How a run is carried out; none of it changes what is learned, but `seed`, `precision` and `ema`."""

    folder: str = ""  # where checkpoints, log, pictures and weights go. Default: runs/NAME.
    seed: int = 0  # decides weights, crops, blurs and noises
    device: Literal["auto", "cpu", "cuda"] = "auto"  # `auto`, `cpu` or `cuda`
    precision: Literal["bf16", "fp32"] = "bf16"  # `bf16` autocast or `fp32`
    channels_last: bool = True  # keep images channel by channel per pixel, which convolutions like
    # Processes that make pairs ahead, while the net is trained: 1 uses a second core, a GPU wants several. 0 makes them
    # in between. On Linux they share the images in memory.
    workers: int = 0
    # Compile the restorer's trunks, where it has any, with TorchInductor: slow to start, then faster where launching is
    # what costs.
    compile: bool = False
    ema: float = 0.999  # decay of the averaged weights, which are those that are saved; 0 turns averaging off
    log_every: int = 20  # steps between lines of the log
    validate_every: int = 250  # steps between validations
    validation_crops: int = 24  # crops of the held-out images, always the same ones
    validation_size: int = 256  # their side in pixels
    save_every: int = 250  # steps between checkpoints
    # Minutes after which there is a checkpoint in any case, for steps that take seconds each; 0 for none by time.
    save_minutes: float = 5.0

    def __post_init__(self) -> None:
        for name in ("log_every", "validate_every", "validation_crops", "validation_size", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"run.{name} must be at least 1, got {getattr(self, name)}")
        if self.workers < 0:
            raise ConfigError(f"run.workers must not be negative, got {self.workers}")
        if not self.save_minutes >= 0:
            raise ConfigError(f"run.save_minutes must not be negative, got {self.save_minutes}")
        if not 0 <= self.ema < 1:
            raise ConfigError(f"run.ema must be from 0 to below 1, got {self.ema}")


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run."""

    name: str  # name of the model
    net: str  # net from the table in `pinsharp.nets.registry`
    stage: tuple[StageConfig, ...]  # the stages, in order
    # Folder of sharp images, or of tar archives of them, or one archive (*.tar), or a list of files (*.txt, a path a
    # line, relative to the list).
    root: str = ""
    # 0 reads all images into memory at the start. From 1 on each is read in its turn and this many crops in a row are
    # cut from it, for corpora larger than memory: fewer show more different images, more are read faster.
    stream: int = 0
    held_out: tuple[str, ...] = ()  # files of `root` that are held out; by default one photograph in ten
    left_out: tuple[str, ...] = ()  # files of `root` that are not used at all
    general: str = ""  # folder of further sharp images, none of which is held out; "package" for those of pinsharp
    general_share: float = 0.0  # share of the pairs that are made of these
    # Profile of a camera (`pinsharp profile create`), of linear light, which takes the pairs: it sets `data.softness`,
    # `data.bits`, `data.read_noise` and `data.full_well`.
    profile: str = ""
    config: dict[str, Any] = field(default_factory=dict)  # the net's own settings
    data: SynthesisConfig = field(default_factory=SynthesisConfig)  # blurs and noises of the pairs
    run: RunConfig = field(default_factory=RunConfig)  # how the run is carried out
    licence: str = "MIT"  # licence of the weights, for the model card
    # Weights files, or names of shipped models, that parts of the net start from, by part: `kernel_net`, `restorer`;
    # `spectra`, the estimator of clean images inside one whose windows vote; `brightness`, a restorer of colour for one
    # of mono and colour; `clean`, a restorer for clean images of colour; `net`, all of a net of the same settings.
    start: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stage:
            raise ConfigError("a training needs at least one [[stage]]")
        if bool(self.general) != (0 < self.general_share < 1):
            raise ConfigError(
                f"general and general_share go together, a folder and a share between 0 and 1, got {self.general!r} "
                f"and {self.general_share}"
            )
        if self.stream < 0:
            raise ConfigError(f"stream must be 0 or a number of crops, got {self.stream}")
        if self.stream and self.general:
            raise ConfigError("general has no effect with stream, which reads one corpus in turn; remove one of them")
        for part, file in self.start.items():
            if not isinstance(file, str):
                raise ConfigError(f"start.{part} must name a weights file, got {file!r}")

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.run.folder or Path("runs") / self.name)

    @property
    def images(self) -> Path:
        """Folder of the sharp images.

        Raises:
            ConfigError: If the config names no folder.
        """
        if not self.root:
            raise ConfigError("no folder of sharp images to train on; name one with --set root=FOLDER")
        return Path(self.root)


def load_config(path: str | Path, overrides: list[str] | None = None) -> TrainConfig:
    """Read a training file; overrides such as `run.seed=3`, `stage.0.steps=100` or `root=photos` are applied in order.

    Their values are TOML; what is no TOML is taken as text.

    Raises:
        ConfigError: If the file is missing or no TOML, or a setting is unknown, of the wrong type or out of range.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"training file not found: {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {said_by(error)}") from None
    for text in overrides or []:
        override(values, text)
    values.setdefault("name", Path(path).stem)
    config = typing.cast(TrainConfig, build(TrainConfig, values, ""))
    return replace(config, data=_taken(config)) if config.profile else config


def _taken(config: TrainConfig) -> SynthesisConfig:
    """Settings of the pairs as the camera of the profile takes them.

    Raises:
        ConfigError: If the profile cannot be read, is not of linear light, or settings say something else.
    """
    said = [name for name in ("softness", "bits", "read_noise", "full_well") if getattr(config.data, name)]
    taken = ProfiledCamera(read_profile(Path(config.profile))).taking(config.data)
    if said and taken != config.data:
        raise ConfigError(f"data.{said[0]} is what the profile {config.profile} says; leave one of them out")
    return taken
