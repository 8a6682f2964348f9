"""The training loop, top to bottom: set up, go through the stages, validate, save.

Nothing random is carried from step to step: batch `n` is decided by (seed, stage, n), the learning rate by the step. So
a checkpoint is weights, averaged weights, optimiser and a step number, and a run that was killed and resumed ends, on a
CPU, with the very weights of one that was not.
"""

import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from pinsharp.data.corpus import Corpus, load_corpus
from pinsharp.data.synthesis import Batch, make_batch
from pinsharp.errors import ConfigError, OutputError, PinsharpError
from pinsharp.metrics import psnr
from pinsharp.nets.estimate import KernelEstimate
from pinsharp.nets.weights import build_net, load_weights, read_card, save_weights
from pinsharp.train.config import StageConfig, TrainConfig
from pinsharp.train.pictures import save_pictures
from pinsharp.train.progress import Progress
from pinsharp.train.stages import Stage, width_errors
from pinsharp.train.state import CHECKPOINT, append_log, load_checkpoint, read_log, rewind_log, save_checkpoint

WEIGHTS = "model.safetensors"
_VALIDATION_SEED = 4_242
_CALIBRATION_CROPS = 96


@dataclass
class Run:
    """All that a run holds while it goes on."""

    config: TrainConfig
    accelerator: Accelerator
    net: nn.Module
    average: AveragedModel
    training: Corpus
    validation: Batch
    fingerprint: str
    seconds: float = 0.0
    crops: int = 0


def train(config: TrainConfig, *, resume: bool = False, quiet: bool = False) -> Run:
    """Train a net through all stages of a config and leave weights, log, pictures and checkpoint in its folder.

    Args:
        config: The run.
        resume: Go on from the folder's checkpoint.
        quiet: Show no progress.

    Raises:
        ConfigError: If settings contradict one another, the folder holds another run, or there is nothing to resume.
        ImageError: If the corpus is missing or too small.
        OutputError: If the folder cannot be written.
        PinsharpError: If the loss stops being a number.
    """
    run = _set_up(config)
    first_stage, first_step, optimiser_state = _resume(run) if resume else _start(run)
    for number in range(first_stage, len(config.stage)):
        _fit(run, number, first_step if number == first_stage else 0, optimiser_state, quiet)
        optimiser_state = None
    run.accelerator.end_training()
    return run


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average whose first steps forget faster, so that it never drags the random start along."""

    def update(averages: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
        keep = min(decay, (1 + float(count)) / (10 + float(count)))
        torch._foreach_lerp_(averages, weights, 1 - keep)

    return update


def learning_rate(stage: StageConfig, step: int) -> float:
    """Linear warm-up, then a cosine from `lr` down to `final_lr` times it."""
    if step < stage.warmup:
        return stage.lr * (step + 1) / stage.warmup
    share = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.lr * (stage.final_lr + (1 - stage.final_lr) * 0.5 * (1 + math.cos(math.pi * share)))


def _set_up(config: TrainConfig) -> Run:
    accelerator = _accelerator(config)
    processes = accelerator.num_processes
    for stage in config.stage:
        if stage.batch % processes:
            raise ConfigError(
                f"a batch of {stage.batch} crops cannot be shared by {processes} processes; use a multiple"
            )
    torch.manual_seed(config.run.seed)
    net = _starting_net(config).to(accelerator.device)
    if config.run.channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(net, multi_avg_fn=_averaging(config.run.ema))
    margin = config.data.kernel_size
    training = load_corpus(config.images, held_out=False, smallest=max(s.crop for s in config.stage) + margin)
    held_out = load_corpus(config.images, held_out=True, smallest=config.run.validation_size + margin)
    validation = make_batch(
        held_out.to(accelerator.device),
        replace(config.data, mono=0.0),
        size=config.run.validation_size,
        indices=range(config.run.validation_crops),
        seed=_VALIDATION_SEED,
    )
    fingerprint = _fingerprint(config, training)
    return Run(config, accelerator, net, average, training.to(accelerator.device), validation, fingerprint)


def _calibrate(run: Run) -> None:
    """Let an estimator that trains from scratch and scales its input see some of what it will get."""
    estimator: Any = run.net.kernel_net
    stage = next((stage for stage in run.config.stage if stage.kind != "deconv"), None)
    if stage is None or "kernel_net" in run.config.start or not hasattr(estimator, "calibrate"):
        return
    indices = range(_CALIBRATION_CROPS)
    batch = make_batch(run.training, run.config.data, size=stage.crop, indices=indices, seed=run.config.run.seed)
    estimator.calibrate(batch.blurred)
    run.average.module.load_state_dict(run.net.state_dict())


def _starting_net(config: TrainConfig) -> nn.Module:
    """Build the net and fill the parts that `start` names from weights files."""
    net = build_net(config.net, config.config)
    for part, path in config.start.items():
        trained = load_weights(path).net
        try:
            net.get_submodule(part).load_state_dict(trained.get_submodule(part).state_dict())
        except (AttributeError, RuntimeError):
            raise ConfigError(f"start.{part}: the net in {path} has no such part, or one of other settings") from None
    return net


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


def _fingerprint(config: TrainConfig, corpus: Corpus) -> str:
    """Hash of all that decides the weights."""
    settings = asdict(config)
    kept = {key: settings["run"][key] for key in ("seed", "precision", "ema", "channels_last", "compile")}
    text = repr([settings["net"], settings["config"], settings["data"], settings["stage"], kept, corpus.fingerprint()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _start(run: Run) -> tuple[int, int, dict[str, Any] | None]:
    folder = run.config.folder
    _calibrate(run)
    if run.accelerator.is_main_process:
        if read_log(folder) or (folder / CHECKPOINT).exists():
            raise ConfigError(
                f"{folder} already holds a run; go on with --resume, or choose another with --set run.folder=DIR"
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from None
        save_checkpoint(folder, _state(run, 0, 0, None))  # from here on a killed run can be resumed
    return 0, 0, None


def _resume(run: Run) -> tuple[int, int, dict[str, Any] | None]:
    state = load_checkpoint(run.config.folder, run.fingerprint)
    run.net.load_state_dict(state["net"])
    run.average.load_state_dict(state["average"])
    run.seconds, run.crops = state["seconds"], state["crops"]
    if run.accelerator.is_main_process:
        rewind_log(run.config.folder, state["stage"], state["step"])
    return state["stage"], state["step"], state["optimiser"]


def _fit(run: Run, number: int, start: int, optimiser_state: dict[str, Any] | None, quiet: bool) -> None:
    """Train one stage from step `start` to its end."""
    config, stage = run.config.run, run.config.stage[number]
    seed = config.seed * 1_000 + number
    # The gradients of parts that only the last stage trained would count when the norm is clipped.
    run.net.zero_grad(set_to_none=True)
    objective = Stage(run.net, stage, seed)
    if config.compile and hasattr(run.net.restorer, "trunk"):
        run.net.restorer.trunk.compile()  # type: ignore[union-attr]
    optimiser = _optimiser(run.net, stage)
    if optimiser_state:
        optimiser.load_state_dict(optimiser_state)
    model, optimiser = run.accelerator.prepare(objective, optimiser)
    share = stage.batch // run.accelerator.num_processes
    offset = run.accelerator.process_index * share
    shown = Progress(number, stage, quiet=quiet or not run.accelerator.is_main_process)
    with shown:
        for step in range(start, stage.steps):
            begun = time.monotonic()
            first = step * stage.batch + offset
            batch = make_batch(
                run.training, run.config.data, size=stage.crop, indices=range(first, first + share), seed=seed
            )
            losses = _step(run, model, optimiser, stage, _channels_last(batch, config.channels_last), first, step)
            run.seconds += time.monotonic() - begun
            run.crops += stage.batch
            shown.advance(step + 1, losses["loss"], stage.batch / (time.monotonic() - begun))
            _report(run, number, step + 1, losses, optimiser, shown)


def _step(
    run: Run, model: nn.Module, optimiser: Any, stage: StageConfig, batch: Batch, first: int, step: int
) -> dict[str, float]:
    """Take one optimiser step and return the losses."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(stage, step)
    losses: dict[str, Tensor] = model(batch, first)
    value = float(losses["loss"].detach())
    if not math.isfinite(value):
        raise PinsharpError(
            f"the loss became {value} at step {step + 1} of a {stage.kind} stage; train again with a lower lr or clip, "
            "from the last weights if they are good: --set start.restorer=FILE"
        )
    optimiser.zero_grad(set_to_none=True)
    run.accelerator.backward(losses["loss"])
    run.accelerator.clip_grad_norm_(model.parameters(), stage.clip)
    optimiser.step()
    run.average.update_parameters(run.net)
    return {name: float(loss.detach()) for name, loss in losses.items()}


def _optimiser(net: nn.Module, stage: StageConfig) -> torch.optim.Optimizer:
    """AdamW over what the stage trains; biases and single numbers are not decayed."""
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    decayed = [parameter for parameter in trained if parameter.ndim > 1]
    plain = [parameter for parameter in trained if parameter.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": stage.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=stage.lr, betas=stage.betas)


def _report(run: Run, number: int, step: int, losses: dict[str, float], optimiser: Any, shown: Progress) -> None:
    """Log, validate and save when their turn has come; always at the end of a stage."""
    config, stage = run.config.run, run.config.stage[number]
    last = step == stage.steps
    record: dict[str, Any] = {"stage": number, "kind": stage.kind, "step": step, **losses}
    record |= {"lr": learning_rate(stage, step - 1), "crops": run.crops, "seconds": round(run.seconds, 2)}
    validates = last or step % config.validate_every == 0
    if run.accelerator.is_main_process:
        if validates:
            is_blind = stage.kind != "deconv"
            figures, restored = validate(run, is_blind=is_blind)
            record |= figures
            shown.validated(step, figures)
        if validates or step % config.log_every == 0:
            append_log(run.config.folder, record)
        if validates:
            save_pictures(run.config.folder, read_log(run.config.folder), run.validation, restored, is_blind=is_blind)
        if last or step % config.save_every == 0:
            _save(run, number, step, optimiser)
    run.accelerator.wait_for_everyone()


def _save(run: Run, number: int, step: int, optimiser: Any) -> None:
    """Write the averaged weights as a model, then the checkpoint."""
    done = step == run.config.stage[number].steps
    state = _state(run, number + 1, 0, None) if done else _state(run, number, step, optimiser.state_dict())
    save_weights(run.config.folder / WEIGHTS, run.average.module, card(run))
    save_checkpoint(run.config.folder, state)


def _state(run: Run, stage: int, step: int, optimiser: dict[str, Any] | None) -> dict[str, Any]:
    """What a checkpoint holds: all that the steps from `step` of `stage` on depend on."""
    return {
        "fingerprint": run.fingerprint,
        "stage": stage,
        "step": step,
        "net": run.net.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": optimiser,
        "seconds": run.seconds,
        "crops": run.crops,
    }


def card(run: Run) -> dict[str, Any]:
    """Provenance of the weights: what they were trained on, with which settings and how much of it."""
    last: dict[str, Any] = next((record for record in reversed(read_log(run.config.folder)) if "psnr" in record), {})
    return {
        "name": run.config.name,
        "licence": run.config.licence,
        "data": {
            "images": len(run.training.images),
            "sha256": run.training.fingerprint(),
            "fingerprint": run.fingerprint,
        },
        "start": {part: read_card(path) for part, path in run.config.start.items()},
        "synthesis": asdict(run.config.data),
        "stages": [asdict(stage) for stage in run.config.stage],
        "budget": {"crops": run.crops, "hours": round(run.seconds / 3600, 2), "device": _device_name(run)},
        "validation": {key: last[key] for key in ("psnr", "blind_psnr", "width_error") if key in last},
    }


def _device_name(run: Run) -> str:
    if run.accelerator.device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads"


@torch.no_grad()
def validate(run: Run, *, is_blind: bool = True) -> tuple[dict[str, float], Tensor]:
    """Restore the held-out crops with the averaged weights.

    Args:
        run: The run.
        is_blind: Which restorations to return: blind, or with the true kernels.

    Returns:
        PSNR with the true kernel and blind, and the median width error; and the restored crops.
    """
    net: Any = run.average.module
    batch = _channels_last(run.validation, run.config.run.channels_last)
    was_training = net.training
    net.eval()
    with run.accelerator.autocast():
        estimate = net.estimate(batch.blurred)
        told = net.deconvolve(batch.blurred, KernelEstimate(batch.kernel, batch.noise)).float().clamp(0, 1)
        blind = net.deconvolve(batch.blurred, estimate).float().clamp(0, 1)
    net.train(was_training)
    figures = {
        "blurred_psnr": _mean_psnr(batch.blurred, batch),
        "psnr": _mean_psnr(told, batch),
        "blind_psnr": _mean_psnr(blind, batch),
        "width_error": float(width_errors(estimate, batch).median()),
    }
    return figures, blind if is_blind else told


def _mean_psnr(images: Tensor, batch: Batch) -> float:
    """Mean PSNR, each at most 60 dB: a crop that was never blurred would make it infinite."""
    return float(psnr(images, batch.sharp).clamp(max=60).mean())


def _channels_last(batch: Batch, wanted: bool) -> Batch:
    """Keep the images of a batch channel by channel per pixel."""
    if not wanted:
        return batch
    layout = torch.channels_last
    sharp, blurred = batch.sharp.contiguous(memory_format=layout), batch.blurred.contiguous(memory_format=layout)
    return Batch(sharp, blurred, batch.kernel, batch.noise, batch.sigma, batch.radius)
