"""The parts of a running training, and how they are set up: accelerator, net, corpus and validation pairs."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from pinsharp.data.corpus import GENERAL, Corpus, load_corpus, mixed, read_corpus
from pinsharp.data.sharp_files import find_sharp_images
from pinsharp.data.stream import Stream, open_stream
from pinsharp.data.synthesis import Batch
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import build_net, net_kind, traits_of
from pinsharp.nets.swift.brightness import start_from_colour
from pinsharp.nets.weights import load_weights, weights_path
from pinsharp.train.config import TrainConfig
from pinsharp.train.decisive import decisive, fingerprint
from pinsharp.train.pairs import make_pairs
from pinsharp.train.stages import check_stage

VALIDATION_SEED = 4_242
_CALIBRATION_CROPS = 96

_PARTS = {"spectra": ("kernel_net.spectra", "kernel_net"), "clean": ("clean", "restorer")}
"""Parts that are filled from others of the net in the file: where to, and from where."""


@dataclass
class Run:
    """All that a run holds while it goes on."""

    config: TrainConfig
    accelerator: Accelerator
    net: nn.Module
    average: AveragedModel
    training: Corpus | Stream
    validation: Batch
    fingerprint: str
    settings: dict[str, Any]  # those behind the fingerprint, by name
    seconds: float = 0.0  # how long the steps have taken so far, over all sessions
    crops: int = 0  # how many crops were trained on
    saved_s: float = 0.0  # when the last checkpoint was written, on the monotonic clock
    is_stopped: bool = False  # whether the run was asked to stop, and has saved what it needs to go on


def set_up(config: TrainConfig) -> Run:
    """Build the net, read the corpus and make the validation pairs of a run.

    Raises:
        ConfigError: If settings contradict one another, or a stage trains what the net does not have.
        ImageError: If the corpus is missing or too small.
    """
    accelerator = _accelerator(config)
    processes = accelerator.num_processes
    for stage in config.stage:
        if stage.batch % processes:
            raise ConfigError(
                f"a batch of {stage.batch} crops cannot be shared by {processes} processes; use a multiple"
            )
    torch.manual_seed(config.run.seed)
    net = _starting_net(config)
    _check_net(net, config)
    net = net.to(accelerator.device)
    if config.run.channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(net, multi_avg_fn=_averaging(config.run.ema))
    # Simulated cameras compute on the CPU, and so do processes that make pairs ahead.
    place = torch.device("cpu") if config.data.camera or config.run.workers else accelerator.device
    training, held_out = (corpus.to(place) for corpus in _corpora(config))
    validation = make_pairs(
        held_out.reader(1, VALIDATION_SEED),
        replace(config.data, mono=float(config.data.mono == 1)),  # mono only where nothing else is trained
        size=config.run.validation_size,
        indices=range(config.run.validation_crops),
        seed=VALIDATION_SEED,
    ).to(accelerator.device)
    decided = (fingerprint(config, training), decisive(config, training))
    return Run(config, accelerator, net, average, training, validation, *decided)


def _corpora(config: TrainConfig) -> tuple[Corpus, Corpus] | tuple[Stream, Stream]:
    """The images to train on, general ones among them, and the held-out ones: read, or listed to be read in turn."""
    margin = config.data.kernel_size
    smallest = max(stage.crop for stage in config.stage) + margin
    shares: dict[str, Any] = {"chosen": config.held_out, "left_out": config.left_out}
    if config.stream:
        listed = partial(open_stream, config.images, **shares)
        return (
            listed(held_out=False, smallest=smallest, reuse=config.stream),
            listed(held_out=True, smallest=config.run.validation_size + margin, reuse=1),
        )
    load = partial(load_corpus, config.images, **shares)
    training = load(held_out=False, smallest=smallest)
    held_out = load(held_out=True, smallest=config.run.validation_size + margin)
    if config.general:
        folder = GENERAL if config.general == "package" else config.general
        training = mixed(training, read_corpus(find_sharp_images(folder)), config.general_share)
    return training, held_out


def _check_net(net: nn.Module, config: TrainConfig) -> None:
    """Refuse at the start, not hours later, what the net cannot do."""
    traits = net_kind(config.net).traits
    for stage in config.stage:
        check_stage(net, stage.kind)
    if any(stage.pairs for stage in config.stage) and not traits.observes:
        raise ConfigError(f"stage.pairs needs an estimator that reads spectra, which {type(net).__name__} has not")
    if config.data.mono and 1 not in traits.channels:
        raise ConfigError(
            f"{type(net).__name__} restores colour images only, but data.mono is {config.data.mono}; set it to 0.0"
        )


def compile_trunks(net: nn.Module) -> None:
    """Compile the trunks of the restorer: that of mono images too, where it has one of its own."""
    parts = dict(net.named_modules())
    for name in traits_of(net).trunks:
        if name in parts:
            parts[name].compile()


def calibrate(run: Run) -> None:
    """Let an estimator that trains from scratch and scales its input see some of what it will get."""
    stage = next((stage for stage in run.config.stage if stage.kind in ("kernel", "joint")), None)
    if stage is None or "kernel_net" in run.config.start or not traits_of(run.net).observes:
        return
    estimator: Any = run.net.get_submodule("kernel_net")
    indices = range(_CALIBRATION_CROPS)
    corpus = run.training.reader(stage.batch, run.config.run.seed)
    batch = make_pairs(corpus, run.config.data, size=stage.crop, indices=indices, seed=run.config.run.seed)
    estimator.calibrate(batch.blurred.to(run.accelerator.device))
    run.average.module.load_state_dict(run.net.state_dict())


def _starting_net(config: TrainConfig) -> nn.Module:
    """Build the net and fill the parts that `start` names from weights files."""
    net = build_net(config.net, config.config)
    for part, path in config.start.items():
        trained = load_weights(weights_path(path)).net
        if part == "net":
            _fill_whole(net, trained, path)
            continue
        if part == "brightness":
            start_from_colour(net.get_submodule("restorer"), trained.get_submodule("restorer"))  # type: ignore[arg-type]
            continue
        target, source = _PARTS.get(part, (part, part))
        try:
            filled, state = net.get_submodule(target), trained.get_submodule(source).state_dict()
            wanted = filled.state_dict() if part in _PARTS else state  # a smaller part of the same
            filled.load_state_dict({name: state[name] for name in wanted})
        except (AttributeError, KeyError, RuntimeError):
            raise ConfigError(f"start.{part}: the net in {path} has no such part, or one of other settings") from None
    return net


def _fill_whole(net: nn.Module, trained: nn.Module, path: str) -> None:
    """Fill all of a net from another of the same settings."""
    try:
        net.load_state_dict(trained.state_dict())
    except RuntimeError:
        raise ConfigError(f"start.net: the net in {path} has other settings; give [config] the same") from None


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average whose first steps forget faster, so that it never drags the random start along."""

    def update(averages: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
        keep = min(decay, (1 + float(count)) / (10 + float(count)))
        torch._foreach_lerp_(averages, weights, 1 - keep)

    return update


def _accelerator(config: TrainConfig) -> Accelerator:
    device = config.run.device
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("run.device is cuda, but this machine or this PyTorch has no CUDA; use cpu or auto")
    on_cpu = device == "cpu" or not torch.cuda.is_available()
    os.environ["ACCELERATE_USE_CPU"] = str(on_cpu).lower()
    # accelerate remembers the settings of an earlier run in this process and refuses others.
    AcceleratorState._reset_state(reset_partial_state=True)
    # A mono batch leaves the colour layers without gradient, and the other way round.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    precision = "bf16" if config.run.precision == "bf16" else "no"
    return Accelerator(mixed_precision=precision, cpu=on_cpu, kwargs_handlers=[unused])


def channels_last(batch: Batch, wanted: bool) -> Batch:
    """Keep the images of a batch channel by channel per pixel."""
    if not wanted:
        return batch
    layout = torch.channels_last
    sharp, blurred = batch.sharp.contiguous(memory_format=layout), batch.blurred.contiguous(memory_format=layout)
    return replace(batch, sharp=sharp, blurred=blurred)
