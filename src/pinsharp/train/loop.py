"""The training loop, top to bottom: set up, go through the stages, validate, save.

Nothing random is carried from step to step: batch `n` is decided by (seed, stage, n), the learning rate by the step. So
a checkpoint is weights, averaged weights, optimiser and a step number, and a run that was stopped or killed and resumed
ends, on a CPU, with the very weights of one that was not.
"""

import contextlib
import math
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pinsharp.atomic import make_folder
from pinsharp.data.crops import Photographs
from pinsharp.data.synthesis import Batch, SynthesisConfig
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.nets.registry import traits_of
from pinsharp.nets.weights import save_weights
from pinsharp.train.ahead import ahead
from pinsharp.train.config import StageConfig, TrainConfig
from pinsharp.train.elastic import is_restarted, job_name
from pinsharp.train.observed import Observed
from pinsharp.train.pairs import make_pairs
from pinsharp.train.pictures import save_pictures
from pinsharp.train.pool import Pool
from pinsharp.train.progress import Progress
from pinsharp.train.run import Run, calibrate, channels_last, compile_trunks, set_up
from pinsharp.train.schedule import learning_rate
from pinsharp.train.stages import Stage
from pinsharp.train.state import CHECKPOINT, append_log, load_checkpoint, read_log, rewind_log, save_checkpoint
from pinsharp.train.validation import card, validate

WEIGHTS = "model.safetensors"


def train(
    config: TrainConfig, *, resume: bool = False, quiet: bool = False, stop: Callable[[], bool] = lambda: False
) -> Run:
    """Train a net through all stages of a config and leave weights, log, pictures and checkpoint in its folder.

    With `resume` it goes on from the folder's checkpoint; so it does without, if torchrun has started the processes
    again. `stop` is asked after every step; of several processes, one that says yes stops them all.

    Returns:
        The run. If it was stopped (`is_stopped`), its checkpoint is that of the last step.

    Raises:
        ConfigError: If settings contradict one another, the folder holds another run, or there is nothing to resume.
        ImageError: If the corpus is missing or too small.
        OutputError: If the folder cannot be written.
        PinsharpError: If the loss stops being a number.
    """
    run = set_up(config)
    goes_on = resume or is_restarted(run.config.folder, run.accelerator)
    first_stage, first_step, optimiser_state = _resume(run) if goes_on else _start(run)
    run.saved_s = time.monotonic()
    run.is_stopped = _is_asked_to_stop(run, stop)  # while the corpus was read
    for number in range(first_stage, len(config.stage)):
        if run.is_stopped:
            break
        _fit(run, number, first_step if number == first_stage else 0, optimiser_state, quiet, stop)
        optimiser_state = None
    run.accelerator.end_training()
    return run


def _start(run: Run) -> tuple[int, int, dict[str, Any] | None]:
    folder = run.config.folder
    calibrate(run)
    if run.accelerator.is_main_process:
        if read_log(folder) or (folder / CHECKPOINT).exists():
            raise ConfigError(
                f"{folder} already holds a run; go on with --resume, or choose another with --set run.folder=DIR"
            )
        make_folder(folder)
        save_checkpoint(folder, _state(run, 0, 0, None))  # from here on a killed run can be resumed
    return 0, 0, None


def _resume(run: Run) -> tuple[int, int, dict[str, Any] | None]:
    state = load_checkpoint(run.config.folder, run.fingerprint, run.settings)
    run.net.load_state_dict(state["net"])
    run.average.load_state_dict(state["average"])
    run.seconds, run.crops = state["seconds"], state["crops"]
    if run.accelerator.is_main_process:
        rewind_log(run.config.folder, state["stage"], state["step"])
    return state["stage"], state["step"], state["optimiser"]


def _fit(
    run: Run, number: int, start: int, optimiser_state: dict[str, Any] | None, quiet: bool, stop: Callable[[], bool]
) -> None:
    """Train one stage from step `start` to its end, or until `stop` says so."""
    config, stage = run.config.run, run.config.stage[number]
    seed = config.seed * 1_000 + number
    # The gradients of parts that only the last stage trained would count when the norm is clipped.
    run.net.zero_grad(set_to_none=True)
    objective = Stage(run.net, stage, seed)
    if config.compile:
        compile_trunks(run.net)
    optimiser = _optimiser(run.net, stage)
    if optimiser_state:
        optimiser.load_state_dict(optimiser_state)
    model, optimiser = run.accelerator.prepare(objective, optimiser)
    shares = _shares(run, stage, start)
    batches = _batches(run, stage, seed, shares)
    shown = Progress(number, stage, quiet=quiet or not run.accelerator.is_main_process)
    with shown, contextlib.closing(batches):
        for step, indices in enumerate(shares, start):
            begun = time.monotonic()
            losses = _step(run, model, optimiser, stage, next(batches), indices.start, step)
            run.seconds += time.monotonic() - begun
            run.crops += stage.batch
            shown.advance(step + 1, losses["loss"], stage.batch / (time.monotonic() - begun))
            run.is_stopped = _is_asked_to_stop(run, stop)
            _report(run, number, step + 1, losses, optimiser, shown)
            if run.is_stopped:
                break


def _is_asked_to_stop(run: Run, stop: Callable[[], bool]) -> bool:
    """Whether any of the processes was asked: a signal may reach them in different steps."""
    if stop():
        run.accelerator.set_trigger()
    return bool(run.accelerator.check_trigger())


def _shares(run: Run, stage: StageConfig, start: int) -> list[range]:
    """Which samples of each step from `start` on are this process's."""
    share = stage.batch // run.accelerator.num_processes
    offset = run.accelerator.process_index * share
    return [
        range(first, first + share)
        for first in range(start * stage.batch + offset, stage.steps * stage.batch, stage.batch)
    ]


def _batches(run: Run, stage: StageConfig, seed: int, shares: list[range]) -> Generator[Batch | Observed, None, None]:
    """Make the training pairs of each step, ahead of it if there are workers."""
    workers, device = run.config.run.workers, run.accelerator.device
    data = replace(run.config.data, camera="", mono=0.0) if stage.kind == "clean" else run.config.data
    corpus = run.training.reader(stage.batch, seed)
    if stage.pairs:
        estimator: Any = run.net.get_submodule("kernel_net")
        sizes = {"size": stage.crop, "pairs": stage.pairs, "block": stage.batch}
        yield from Pool(estimator, corpus, data, **sizes, seed=seed, small=stage.small).batches(shares, workers)
        return
    make = partial(_made, corpus, data, stage, seed)
    for batch in ahead(make, shares, workers):
        yield channels_last(batch.to(device), run.config.run.channels_last)


def _made(corpus: Photographs, data: SynthesisConfig, stage: StageConfig, seed: int, indices: range) -> Batch:
    """The pairs of some samples of one step."""
    first = indices.start // stage.batch * stage.batch
    return make_pairs(corpus, data, size=stage.crop, indices=indices, seed=seed, first=first)


def _step(
    run: Run, model: nn.Module, optimiser: Any, stage: StageConfig, batch: Batch | Observed, first: int, step: int
) -> dict[str, float]:
    """Take one optimiser step and return the losses."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(stage, step)
    losses: dict[str, Tensor] = model(batch, first)
    value = float(losses["loss"].detach())
    if not math.isfinite(value):
        restart = ", from the last weights if they are good: --set start.restorer=FILE"
        raise PinsharpError(
            f"the loss became {value} at step {step + 1} of a {stage.kind} stage; train again with a lower lr or clip"
            + (restart if traits_of(run.net).takes_kernel else "")
        )
    optimiser.zero_grad(set_to_none=True)
    run.accelerator.backward(losses["loss"])
    if stage.clip_value:
        run.accelerator.clip_grad_value_(model.parameters(), stage.clip_value)
    if stage.clip:
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
    """Log, validate and save when their turn has come; always at the end of a stage. Before a stop, save."""
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
        if last or run.is_stopped or step % config.save_every == 0 or _is_long_ago(run):
            _save(run, number, step, optimiser)
    run.accelerator.wait_for_everyone()


def _is_long_ago(run: Run) -> bool:
    """Whether the last checkpoint is older than it may be."""
    minutes = run.config.run.save_minutes
    return minutes > 0 and time.monotonic() - run.saved_s >= 60 * minutes


def _save(run: Run, number: int, step: int, optimiser: Any) -> None:
    """Write the averaged weights as a model, then the checkpoint."""
    done = step == run.config.stage[number].steps
    state = _state(run, number + 1, 0, None) if done else _state(run, number, step, optimiser.state_dict())
    save_weights(run.config.folder / WEIGHTS, run.average.module, card(run))
    save_checkpoint(run.config.folder, state)
    run.saved_s = time.monotonic()


def _state(run: Run, stage: int, step: int, optimiser: dict[str, Any] | None) -> dict[str, Any]:
    """What a checkpoint holds: all that the steps from `step` of `stage` on depend on."""
    return {
        "fingerprint": run.fingerprint,
        "settings": run.settings,
        "job": job_name(),
        "stage": stage,
        "step": step,
        "net": run.net.state_dict(),
        "average": run.average.state_dict(),
        "optimiser": optimiser,
        "seconds": run.seconds,
        "crops": run.crops,
    }
