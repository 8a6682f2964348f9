"""Training settings: a TOML file into frozen dataclasses, contradictions refused in the user's words."""

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError

StageKind = Literal["kernel", "deconv", "joint"]
ImageLoss = Literal["l1", "psnr"]


@dataclass(frozen=True)
class StageConfig:
    """One stage of training.

    Args:
        kind: `kernel` trains the kernel net alone (eq. 4), `deconv` the restorer with true kernels (eq. 5), `joint`
            both, the estimated kernel feeding the restorer (eq. 6).
        steps: Optimiser steps.
        batch: Crops a step, over all processes.
        crop: Side of the crops in pixels.
        lr: Peak learning rate of AdamW.
        final_lr: Learning rate at the end of the cosine, as a share of `lr`.
        warmup: Steps over which the rate rises linearly from 0.
        weight_decay: Decoupled weight decay.
        betas: Decay rates of AdamW's moments.
        clip: Largest gradient norm.
        loss: `l1` is the paper's. `psnr` is the mean of 10 log10(MSE), what the benchmark averages: every image counts
            alike, where L1 looks at the most blurred ones.
        kernel_weight: Weight of the kernel's loss in a joint stage. The kernel's L1 is summed over its pixels, the
            image's averaged, so that both are of one order.
        detach: `joint`: stop the image loss from reaching the kernel net, as DCLS does; the paper does not.
        width_jitter: `deconv`: relative error, one standard deviation, put on the true width, so that the restorer
            learns to live with an estimate.
        noise_jitter: `deconv`: the same for the noise.
        frozen: Parts of the net that this stage leaves as they are, such as `restorer.bank`.
    """

    kind: StageKind
    steps: int
    batch: int
    crop: int
    lr: float
    final_lr: float = 1e-3
    warmup: int = 100
    weight_decay: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    loss: ImageLoss = "l1"
    kernel_weight: float = 1.0
    detach: bool = False
    width_jitter: float = 0.0
    noise_jitter: float = 0.0
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "crop"):
            if getattr(self, name) < 1:
                raise ConfigError(f"stage.{name} must be at least 1, got {getattr(self, name)}")
        if not (self.lr > 0 and self.clip > 0):
            raise ConfigError(f"stage.lr and stage.clip must be positive, got {self.lr} and {self.clip}")
        for name in ("warmup", "final_lr", "weight_decay", "kernel_weight", "width_jitter", "noise_jitter"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"stage.{name} must not be negative, got {getattr(self, name)}")
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ConfigError(f"stage.betas must be from 0 to below 1, got {list(self.betas)}")
        if self.warmup >= self.steps:
            raise ConfigError(f"stage.warmup ({self.warmup}) must be shorter than the stage ({self.steps} steps)")


@dataclass(frozen=True)
class RunConfig:
    """How a run is carried out; none of it changes what is learned, but `seed`, `precision` and `ema`.

    Args:
        folder: Where checkpoints, log, pictures and weights go. Default: runs/NAME.
        seed: Decides weights, crops, blurs and noises.
        device: `auto`, `cpu` or `cuda`.
        precision: `bf16` autocast or `fp32`.
        channels_last: Keep images channel by channel per pixel, which convolutions like.
        compile: Compile the restorer with TorchInductor: slow to start, then faster where launching is what costs.
        ema: Decay of the averaged weights, which are those that are saved; 0 turns averaging off.
        log_every: Steps between lines of the log.
        validate_every: Steps between validations.
        validation_crops: Crops of the held-out images, always the same ones.
        validation_size: Their side in pixels.
        save_every: Steps between checkpoints.
    """

    folder: str = ""
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["bf16", "fp32"] = "bf16"
    channels_last: bool = True
    compile: bool = False
    ema: float = 0.999
    log_every: int = 20
    validate_every: int = 250
    validation_crops: int = 24
    validation_size: int = 256
    save_every: int = 250

    def __post_init__(self) -> None:
        for name in ("log_every", "validate_every", "validation_crops", "validation_size", "save_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"run.{name} must be at least 1, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise ConfigError(f"run.ema must be from 0 to below 1, got {self.ema}")


@dataclass(frozen=True)
class TrainConfig:
    """A whole training run.

    Args:
        name: Name of the model.
        net: Net from the table in `pinsharp.nets.weights`.
        root: Folder of sharp images.
        config: The net's own settings.
        data: Blurs and noises of the pairs.
        run: How the run is carried out.
        stage: The stages, in order.
        licence: Licence of the weights, for the model card.
        start: Weights files that parts of the net start from, by part: `kernel_net`, `restorer`.
    """

    name: str
    net: str
    stage: tuple[StageConfig, ...]
    root: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    data: SynthesisConfig = field(default_factory=SynthesisConfig)
    run: RunConfig = field(default_factory=RunConfig)
    licence: str = "MIT"
    start: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stage:
            raise ConfigError("a training needs at least one [[stage]]")
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
            ConfigError: If none was named.
        """
        if not self.root:
            raise ConfigError("no folder of sharp images to train on; name one with --set root=FOLDER")
        return Path(self.root)


def load_config(path: str | Path, overrides: list[str] | None = None) -> TrainConfig:
    """Read a training file.

    Args:
        path: The TOML file.
        overrides: Settings such as `run.seed=3`, `stage.0.steps=100` or `root=photos`, applied in order. Values are
            TOML; what is no TOML is taken as text.

    Raises:
        ConfigError: If the file is missing or no TOML, or a setting is unknown, of the wrong type or out of range.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"training file not found: {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    for override in overrides or []:
        _override(values, override)
    values.setdefault("name", Path(path).stem)
    return typing.cast(TrainConfig, _build(TrainConfig, values, ""))


def _override(values: dict[str, Any], text: str) -> None:
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(f"--set takes KEY=VALUE, for example run.seed=3; got {text!r}")
    *parents, last = key.strip().split(".")
    target: Any = values
    try:
        for parent in parents:
            target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
        if isinstance(target, list):
            target[int(last)] = _toml_value(value)
        else:
            target[last] = _toml_value(value)
    except (ValueError, IndexError, TypeError, AttributeError):
        raise ConfigError(f"--set {text}: there is no setting {key!r} in the training file") from None


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _build(cls: type[Any], values: Any, where: str) -> Any:
    """Build a dataclass from a table, every key and type checked."""
    if not isinstance(values, dict):
        raise ConfigError(f"[{where.rstrip('.')}] must be a table of settings, got {values!r}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(f"unknown setting {where}{unknown[0]}; known ones: {', '.join(hints)}")
    required = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING]
    missing = [name for name in required if name not in values]
    if missing:
        raise ConfigError(f"setting {where}{missing[0]} is missing from the training file")
    return cls(**{key: _convert(value, hints[key], f"{where}{key}") for key, value in values.items()})


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Check one value against the type of its field."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, f"{where}.")
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where} must be one of {', '.join(map(str, arguments))}, got {value!r}")
        return value
    if origin is tuple and isinstance(value, list):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise ConfigError(f"{where} must hold {len(kinds)} values, got {len(value)}")
        return tuple(
            _convert(item, kind, f"{where}.{i}") for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
        )
    expected = origin or hint
    if expected is float and type(value) is int:
        return float(value)
    if isinstance(expected, types.UnionType) or type(value) is not expected:
        raise ConfigError(f"{where} must be of type {getattr(expected, '__name__', expected)}, got {value!r}")
    return value
