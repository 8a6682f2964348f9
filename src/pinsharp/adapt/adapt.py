"""Adapting a net from a folder of sharp images to a weights file; a stopped run continues where it was."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from pinsharp.adapt.gains import Gains, HeldOut, Restore, compare, restored_psnr
from pinsharp.adapt.images import SharpImages, hashes, look_at, told_blurred
from pinsharp.adapt.plan import counts_for, least_side, make_config, parts_of, seconds_a_step
from pinsharp.atomic import check_folder, check_free, make_folder, write_json
from pinsharp.data.corpus import GENERAL_HELD_OUT
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.discover import images_in
from pinsharp.methods.files import net_method
from pinsharp.methods.method import Method
from pinsharp.methods.shipped import ShippedSwift
from pinsharp.nets.weights import LoadedNet, WeightsInfo, load_weights, read_info, save_weights, weights_path
from pinsharp.restoration.restorer import Restorer
from pinsharp.train.config import TrainConfig, load_config
from pinsharp.train.config_file import save_config
from pinsharp.train.loop import WEIGHTS, train
from pinsharp.train.state import CHECKPOINT
from pinsharp.words import said_by

SHARES = (1.0, 0.6, 0.3)
"""How much of the way from the start to the trained net is tried, in this order, until it is worth it."""

_REQUEST = "request.json"


class Stopped(Exception):
    """Somebody has asked to stop; the same call goes on."""


@dataclass(frozen=True)
class Plan:
    """What an adaptation is asked for, and where everything goes."""

    folder: Path  # of the sharp images
    out: Path  # the weights file
    minutes: float = 20.0  # time for all of it on this machine
    start: str = "swift"  # shipped net, or weights file of its kind

    def __post_init__(self) -> None:
        if not self.minutes > 0:
            raise ConfigError(f"expected minutes above 0, got {self.minutes:g}")

    @property
    def run_folder(self) -> Path:
        """Folder of the run: checkpoint, log and pictures."""
        return self.out.with_suffix(".run")

    @property
    def config_file(self) -> Path:
        """The training file, with which `pinsharp train` repeats the training."""
        return self.out.with_suffix(".toml")


@dataclass(frozen=True)
class Outcome:
    """What an adaptation came to."""

    gains: tuple[Gains, ...]  # of each share that was tried
    shares: tuple[float, ...]  # these shares; the last is the one that is written
    written: WeightsInfo | None  # None if no share was worth it


Advance = Callable[..., object]
"""Called after each image and restoration; `what=` says what is done next."""


def check_out(plan: Plan) -> None:
    """Refuse, before any work, an output that could not be written.

    Raises:
        OutputError: If `out` exists, has another suffix, its folder is missing, or its training file exists.
    """
    if plan.out.suffix != ".safetensors":
        raise OutputError(f"{plan.out}: expected a name that ends in .safetensors for the model; rename it")
    check_free(plan.out, overwrite=False, advice="choose another, or remove it")
    check_folder(plan.out)
    if not (plan.run_folder / _REQUEST).exists():
        for path in (plan.config_file, plan.run_folder):
            if path.exists():
                raise OutputError(f"{path}: expected none yet, got one of another origin; choose another name for -o")


def images_to_look_at(plan: Plan) -> int:
    """How many images `prepare` will look at; 0 where it has done so."""
    return 0 if (plan.run_folder / _REQUEST).exists() or not plan.folder.is_dir() else len(images_in(plan.folder))


def prepare(plan: Plan, *, say: Callable[[str], object], stop: Callable[[], bool], advance: Advance) -> TrainConfig:
    """Check the images, measure this machine's speed and write the training file; or read it, if all is there.

    Raises:
        ImageError: If `plan.images` is no folder of enough sharp images.
        ConfigError: If the time is too short, or what is there was begun with other images, minutes or start.
        OutputError: If nothing can be written beside the model.
        Stopped: If `stop` said so.
    """
    asked = _request(plan)
    if (plan.run_folder / _REQUEST).exists():
        _check_same(plan, asked)
        return load_config(plan.config_file)
    images = _looked_at(plan, stop, advance)
    if images.blurred:
        say(f"left out as blurred: {told_blurred(images.blurred)}")
    config = make_config(images, plan.start, folder=plan.run_folder)
    seconds = seconds_a_step(config, stop)
    _go_on(stop)
    parts = parts_of(config.config, is_mono=images.is_mono)
    counts = counts_for(plan.minutes, seconds, tuple(part.share for part in parts))
    config = make_config(images, plan.start, folder=plan.run_folder, counts=counts)
    make_folder(plan.run_folder)
    again = f"pinsharp train {plan.config_file.name} --set run.folder=FOLDER"
    save_config(config, plan.config_file, remark=f"Made by pinsharp adapt. To repeat the training:\n  {again}")
    write_json(plan.run_folder / _REQUEST, asked)  # from here on the run can be gone on with
    return config


def adapt(plan: Plan, config: TrainConfig, *, stop: Callable[[], bool], quiet: bool = False) -> None:
    """Train, or go on training, as `prepare` has planned it.

    Raises:
        PinsharpError: As `pinsharp.train.loop.train`.
        Stopped: If `stop` said so; there is a checkpoint.
    """
    run = train(config, resume=(plan.run_folder / CHECKPOINT).exists(), stop=stop, quiet=quiet)
    if run.is_stopped:
        raise Stopped


def judge(plan: Plan, config: TrainConfig, *, stop: Callable[[], bool], advance: Advance) -> Outcome:
    """Compare what was trained with its start on held-out images, and write the model if it is worth it.

    Raises:
        OutputError: If the model cannot be written.
        Stopped: If `stop` said so; nothing was written.
    """
    held_out = held_out_images(plan, config)
    start, trained = load_weights(weights_path(plan.start)), load_weights(plan.run_folder / WEIGHTS)

    def watched() -> None:
        advance()
        _go_on(stop)

    blurred = restored_psnr(held_out, None)
    before = restored_psnr(held_out, _restoring(start), watched)
    tried: list[Gains] = []
    for number, share in enumerate(SHARES, start=1):
        net = blended(start, trained, share)
        tried.append(compare(blurred, before, restored_psnr(held_out, _restoring(net), watched)))
        if tried[-1].is_worth_it:
            card = _card(plan, config, trained.card, tried[-1], share)
            written = save_weights(plan.out, net.net, card, half=True)
            return Outcome(tuple(tried), SHARES[:number], written)
    return Outcome(tuple(tried), SHARES, None)


def held_out_images(plan: Plan, config: TrainConfig) -> HeldOut:
    """What a net is judged by: the held-out images of the folder, and photographs that nothing was trained on."""
    own = [plan.folder / name for name in config.held_out]
    groups = {"own": own, "general": images_in(GENERAL_HELD_OUT)}
    return HeldOut(groups, is_mono=config.data.mono == 1)


def blended(start: LoadedNet, trained: LoadedNet, share: float) -> LoadedNet:
    """A net on the way from its start, 0, to what was trained, 1."""
    net, weights = deepcopy(start.net), trained.net.state_dict()
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.lerp_(weights[name], share)
    return LoadedNet(net, start.info)


def _looked_at(plan: Plan, stop: Callable[[], bool], advance: Advance) -> SharpImages:
    def watched() -> None:
        advance()
        _go_on(stop)

    measure = _measuring(plan.start).measure
    return look_at(plan.folder, least_side=least_side(), measure=measure, progress=watched)


def _measuring(start: str) -> Restorer:
    return Restorer(_method(load_weights(weights_path(start))))


def _method(net: LoadedNet) -> Method:
    measurer = ShippedSwift(torch.device("cpu"), "auto")
    return net_method(net, name="adapted", measurer=measurer)


def _restoring(net: LoadedNet) -> Restore:
    """What restores 8-bit images blindly by a net, as `pinsharp restore` does."""
    restorer = Restorer(_method(net))
    return lambda image: restorer(image).image


def _request(plan: Plan) -> dict[str, Any]:
    """What decides an adaptation."""
    start = read_info(weights_path(plan.start)).sha256
    return {"start": start, "minutes": plan.minutes, "images": hashes(plan.folder)}


def _check_same(plan: Plan, asked: dict[str, Any]) -> None:
    """Refuse to go on with a run that was begun for something else.

    Raises:
        ConfigError: If the run was begun for something else.
    """
    try:
        begun = json.loads((plan.run_folder / _REQUEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read {plan.run_folder / _REQUEST}: {said_by(error)}; remove {plan.run_folder}"
        ) from None
    for name, value in asked.items():
        if begun.get(name) != value:
            raise ConfigError(
                f"{plan.run_folder} was begun with other {name}; give the same ones, or another name for -o"
            )


def _card(plan: Plan, config: TrainConfig, trained: dict[str, Any], gains: Gains, share: float) -> dict[str, Any]:
    """Provenance of an adapted net: its start, its images by their hashes, and what it gained."""
    asked = _request(plan)
    used = {name: digest for name, digest in asked["images"].items() if name not in config.left_out}
    return {
        **trained,
        "name": plan.out.stem,
        "start": {"model": plan.start, "sha256": asked["start"]},
        "adapted": {
            "images": used,
            "held_out": list(config.held_out),
            "share": share,
            "mean_gain_db": round(gains.mean, 3),
            "gains": [asdict(cell) for cell in gains.cells],
        },
    }


def _go_on(stop: Callable[[], bool]) -> None:
    """Raises Stopped if somebody has asked to stop."""
    if stop():
        raise Stopped
