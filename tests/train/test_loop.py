"""The loop: what a run leaves, what it learns from, and that no way of interrupting it changes where it ends."""

import json
import math
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import pinsharp
from pinsharp.cli import main
from pinsharp.data.corpus import is_held_out, load_corpus
from pinsharp.errors import ConfigError, OutputError, PinsharpError
from pinsharp.nets.registry import build_net
from pinsharp.nets.weights import load_weights, save_weights
from pinsharp.train import loop
from pinsharp.train import run as running
from pinsharp.train.config import StageConfig
from pinsharp.train.decisive import fingerprint
from pinsharp.train.loop import WEIGHTS, train
from pinsharp.train.pairs import make_pairs
from pinsharp.train.state import CHECKPOINT, LOG, read_log

SOURCE = Path(pinsharp.__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
PATIENCE_S = 300


def weights_of(config):
    return load_file(config.folder / WEIGHTS)


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def figures_of(config):
    """The log without its times."""
    return [{key: value for key, value in line.items() if key != "seconds"} for line in read_log(config.folder)]


def in_folder(config, folder):
    return replace(config, run=replace(config.run, folder=str(folder)))


@pytest.fixture
def no_pictures(monkeypatch):
    """Drawing takes most of the time of a tiny run."""
    monkeypatch.setattr(loop, "save_pictures", lambda *_, **__: None)


# The average


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9])
def test_what_is_saved_is_the_moving_average(tiny_run, with_run, monkeypatch, no_pictures, decay):
    """Rolled by hand: the first weights as they are, then a share of the new ones that is larger in the beginning."""
    seen = []

    def watched(run, *arguments):
        losses = step(run, *arguments)
        seen.append({name: value.clone() for name, value in run.net.state_dict().items()})
        return losses

    step = loop._step
    monkeypatch.setattr(loop, "_step", watched)
    config = with_run(tiny_run, ema=decay)

    train(config, quiet=True)

    average = seen[0]
    for count, weights in enumerate(seen[1:], start=1):
        keep = min(decay, (1 + count) / (10 + count))
        average = {name: keep * average[name] + (1 - keep) * weights[name] for name in weights}
    assert len(seen) == 6
    for name, value in weights_of(config).items():
        torch.testing.assert_close(value, average[name])


def test_only_matrices_are_decayed(tiny_run, stages):
    net = build_net("swift", tiny_run.config)

    decayed, plain = loop._optimiser(net, stages("joint", weight_decay=0.1)).param_groups

    assert decayed["weight_decay"] == 0.1
    assert plain["weight_decay"] == 0.0
    assert all(parameter.ndim > 1 for parameter in decayed["params"])
    assert all(parameter.ndim <= 1 for parameter in plain["params"])
    assert len(decayed["params"]) + len(plain["params"]) == len(list(net.parameters()))


# What a run leaves


def test_a_run_leaves_weights_log_pictures_and_checkpoint(tiny_run):
    train(tiny_run, quiet=True)

    assert {path.name for path in tiny_run.folder.iterdir()} == {WEIGHTS, LOG, CHECKPOINT, "curves.png", "crops.png"}
    log = read_log(tiny_run.folder)
    assert [(line["kind"], line["step"], line["crops"]) for line in log] == [
        ("kernel", 1, 2),
        ("kernel", 2, 4),
        ("deconv", 1, 6),
        ("deconv", 2, 8),
        ("joint", 1, 10),
        ("joint", 2, 12),
    ]
    assert all(math.isfinite(line["loss"]) for line in log)
    assert all("psnr" in line for line in log if line["step"] == 2)  # at the end of every stage
    assert {"kernel_loss", "image_loss"} <= log[-1].keys()


def test_the_weights_say_what_they_were_trained_on(tiny_run, no_pictures):
    run = train(replace(tiny_run, licence="CC0-1.0"), quiet=True)

    card = load_weights(tiny_run.folder / WEIGHTS).card
    assert (card["name"], card["licence"]) == ("tiny", "CC0-1.0")
    assert card["data"]["images"] == len(run.training.images)
    assert card["data"]["sha256"] == run.training.fingerprint()
    assert card["budget"]["crops"] == 12
    assert [stage["kind"] for stage in card["stages"]] == ["kernel", "deconv", "joint"]
    assert card["synthesis"]["max_sigma"] == 1.0
    last = read_log(tiny_run.folder)[-1]
    assert card["validation"] == {key: last[key] for key in ("psnr", "blind_psnr", "width_error")}


def test_validation_restores_with_the_average_told_and_blind(tiny_run, no_pictures):
    run = train(tiny_run, quiet=True)

    net, pairs = load_weights(tiny_run.folder / WEIGHTS).net, run.validation
    with torch.no_grad():
        blind = net(pairs.blurred)[0].clamp(0, 1)
    expected = -10 * (blind - pairs.sharp).square().mean(dim=(1, 2, 3)).log10()
    last = read_log(tiny_run.folder)[-1]
    assert last["blind_psnr"] == pytest.approx(float(expected.mean()), abs=1e-3)
    blurred = -10 * (pairs.blurred - pairs.sharp).square().mean(dim=(1, 2, 3)).log10()
    assert last["blurred_psnr"] == pytest.approx(float(blurred.clamp(max=60).mean()), abs=1e-3)


def test_validation_changes_nothing(tiny_run, with_run, tmp_path, no_pictures):
    """A run that looks often ends where one ends that hardly looks."""
    often = in_folder(with_run(tiny_run, validate_every=1, save_every=1), tmp_path / "often")

    train(tiny_run, quiet=True)
    train(often, quiet=True)

    assert same(weights_of(tiny_run), weights_of(often))


def test_training_sees_no_held_out_image_and_validation_no_other(tiny_run, monkeypatch, no_pictures):
    corpora = []

    def watched(corpus, *arguments, **settings):
        corpora.append((settings["seed"] == running.VALIDATION_SEED, corpus.names))
        return make_pairs(corpus, *arguments, **settings)

    for module in (running, loop):
        monkeypatch.setattr(module, "make_pairs", watched)

    train(tiny_run, quiet=True)

    assert [validates for validates, _ in corpora] == [True] + 7 * [False]  # validation; then calibration and six steps
    for validates, names in corpora:
        assert names
        assert all(is_held_out(name) == validates for name in names)


def test_a_longer_run_learns(tiny_run, stages, no_pictures):
    config = replace(tiny_run, stage=(stages("deconv", steps=60, batch=8, loss="psnr", lr=5e-3),))
    config = replace(config, data=replace(config.data, sharp=0.0, mono=0.0))

    train(config, quiet=True)

    losses = [line["loss"] for line in read_log(config.folder)]
    assert sum(losses[-10:]) / 10 < sum(losses[:10]) / 10 - 0.1  # a decibel


def test_the_seed_decides_the_weights(tiny_run, with_run, tmp_path, no_pictures):
    again = in_folder(tiny_run, tmp_path / "again")
    other = in_folder(with_run(tiny_run, seed=1), tmp_path / "other")

    for config in (tiny_run, again, other):
        train(config, quiet=True)

    assert same(weights_of(tiny_run), weights_of(again))
    assert not same(weights_of(tiny_run), weights_of(other))


def test_runs_of_different_precision_follow_one_another(tiny_run, with_run, tmp_path, no_pictures):
    """The settings of accelerate live as long as the process, and it refused the second run."""
    half = in_folder(with_run(tiny_run, precision="bf16"), tmp_path / "half")

    train(tiny_run, quiet=True)
    train(half, quiet=True)

    full, rounded = weights_of(tiny_run), weights_of(half)
    assert not same(full, rounded)
    assert all(value.dtype == torch.float32 for value in rounded.values())


def test_two_processes_train_on_what_one_would_train_on(tiny_run, with_run, stages, tmp_path, monkeypatch, no_pictures):
    config = replace(
        with_run(tiny_run, seed=1), stage=(stages("deconv", steps=6, batch=4),), data=replace(tiny_run.data, mono=0.5)
    )

    def seen(folder, processes, index):
        """The sharp crops of all steps, as one of several processes makes them."""
        made = []

        def make(*arguments, **options):
            made.append(make_pairs(*arguments, **options))
            return made[-1]

        shared = type("Shared", (running.Accelerator,), {"num_processes": processes, "process_index": index})
        with monkeypatch.context() as patch:
            patch.setattr(running, "Accelerator", shared)
            patch.setattr(loop, "make_pairs", make)
            train(in_folder(config, tmp_path / folder), quiet=True)
        return [batch.sharp for batch in made]

    alone, *halves = seen("alone", 1, 0), seen("first", 2, 0), seen("second", 2, 1)

    assert {step.shape[1] for step in alone} == {1, 3}
    for step, *shares in zip(alone, *halves, strict=True):
        assert torch.equal(torch.cat(shares), step)


@pytest.mark.parametrize("quiet", [True, False])
def test_without_a_terminal_each_validation_is_a_line(tiny_run, capsys, no_pictures, quiet):
    train(tiny_run, quiet=quiet)

    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if line]
    steps = [f"stage {stage}, step {step} of 2" for stage in ("1 kernel", "2 deconv", "3 joint") for step in (1, 2)]
    assert [line.split(":")[0] for line in lines] == ([] if quiet else steps)
    assert all(("PSNR" in line) == ("step 2" in line) for line in lines)  # at the end of every stage


# Where a run starts


def test_a_whole_net_may_start_from_another(tiny_run, tmp_path, stages, no_pictures):
    """What the stage does not train stays to the last bit what it was."""
    donor = build_net("swift", tiny_run.config)
    save_weights(tmp_path / "donor.safetensors", donor, {})
    config = replace(tiny_run, start={"net": str(tmp_path / "donor.safetensors")}, stage=(stages("deconv"),))

    train(config, quiet=True)

    kept = {name: value for name, value in weights_of(config).items() if name.startswith("kernel_net")}
    assert kept
    assert same(kept, {name: value for name, value in donor.state_dict().items() if name in kept})


def test_a_whole_net_of_other_settings_is_refused(tiny_run, tmp_path):
    save_weights(tmp_path / "donor.safetensors", build_net("swift", {**tiny_run.config, "width": 8}), {})

    with pytest.raises(ConfigError, match=r"start.net: the net in .* has other settings"):
        train(replace(tiny_run, start={"net": str(tmp_path / "donor.safetensors")}), quiet=True)


def test_a_clean_stage_trains_the_restorer_of_clean_images_alone(tiny_run, stages, no_pictures):
    """On pairs of colour by formula, whatever the camera of the run is."""
    config = replace(
        tiny_run,
        config={**tiny_run.config, "clean": True},
        data=replace(tiny_run.data, camera="mono", mono=1.0),
        stage=(stages("clean"),),
    )
    torch.manual_seed(config.run.seed)
    before = build_net("swift", config.config).state_dict()

    train(config, quiet=True)

    moved = {name.split(".")[0] for name, value in weights_of(config).items() if not torch.equal(value, before[name])}
    assert moved == {"clean"}


def test_a_clean_stage_needs_such_a_restorer(tiny_run, stages):
    with pytest.raises(ConfigError, match="a clean stage cannot train this net: it has no restorer of its own"):
        train(replace(tiny_run, stage=(stages("clean"),)), quiet=True)


def test_general_images_are_trained_on_beside_those_of_the_folder(tiny_run, photographs, tmp_path):
    config = replace(tiny_run, held_out=("photo03.png",), general=str(photographs), general_share=0.5)

    run = running.set_up(config)

    assert run.training.names.count("photo03.png") == 1
    assert run.training.names.count("photo04.png") == 2


def test_a_part_may_start_from_trained_weights(tiny_run, tmp_path, stages, no_pictures):
    torch.manual_seed(5)
    donor = build_net("swift", tiny_run.config)
    save_weights(tmp_path / "donor.safetensors", donor, {})
    config = replace(tiny_run, start={"restorer": str(tmp_path / "donor.safetensors")}, stage=(stages("kernel"),))

    trained = train(config, quiet=True).net

    assert same(trained.restorer.state_dict(), donor.restorer.state_dict())
    assert not same(trained.kernel_net.state_dict(), donor.kernel_net.state_dict())


@pytest.mark.parametrize("part, settings", [("decoder", {}), ("restorer", {"width": 6})])
def test_a_part_that_does_not_fit_is_refused(tiny_run, tmp_path, part, settings):
    save_weights(tmp_path / "donor.safetensors", build_net("swift", {**tiny_run.config, **settings}), {})

    with pytest.raises(ConfigError, match=rf"start.{part}: the net in .* has no such part, or one of other settings"):
        train(replace(tiny_run, start={part: str(tmp_path / "donor.safetensors")}), quiet=True)


def test_a_folder_that_holds_a_run_is_not_overwritten(tiny_run, no_pictures):
    train(tiny_run, quiet=True)
    before = (tiny_run.folder / WEIGHTS).read_bytes()

    with pytest.raises(ConfigError, match="already holds a run; go on with --resume, or choose another"):
        train(tiny_run, quiet=True)

    assert (tiny_run.folder / WEIGHTS).read_bytes() == before


def test_nothing_to_resume_is_told(tiny_run):
    with pytest.raises(ConfigError, match=r"nothing to resume in .*; leave --resume out to start"):
        train(tiny_run, resume=True, quiet=True)


@pytest.mark.parametrize(
    "change, differs",
    [
        (lambda c, stages: replace(c, run=replace(c.run, seed=1)), "run.seed is 0 there, 1 was asked for"),
        (lambda c, stages: replace(c, run=replace(c.run, ema=0.7)), "run.ema is 0.5 there, 0.7 was asked for"),
        (lambda c, stages: replace(c, data=replace(c.data, mono=0.3)), "data.mono is 0.2 there, 0.3 was asked for"),
        (
            lambda c, stages: replace(c, stage=(*c.stage[:2], stages("joint", lr=1e-5))),
            "stage.2.lr is 0.01 there, 1e-05 was asked for",
        ),
        (lambda c, stages: replace(c, config={**c.config, "width": 6}), "config.width is 4 there, 6 was asked for"),
        (lambda c, stages: replace(c, stage=c.stage[:2]), 'stage.2.kind is "joint" there, nothing was asked for, and'),
        (
            lambda c, stages: replace(c, held_out=("photo01.png",)),
            'root is "images .{16}" there, "images',
        ),
    ],
)
def test_a_run_is_only_resumed_with_its_own_settings(tiny_run, stages, no_pictures, change, differs):
    train(tiny_run, quiet=True)

    with pytest.raises(ConfigError, match=f"belongs to a run with other settings: {differs}"):
        train(change(tiny_run, stages), resume=True, quiet=True)


def test_a_finished_run_that_is_resumed_stays_as_it_is(tiny_run, no_pictures):
    train(tiny_run, quiet=True)
    before = {path.name: path.read_bytes() for path in tiny_run.folder.iterdir()}

    train(tiny_run, resume=True, quiet=True)

    assert {path.name: path.read_bytes() for path in tiny_run.folder.iterdir()} == before


# What is refused


@pytest.mark.parametrize("kind", ["kernel", "joint", "direct"])
def test_a_stage_that_does_not_suit_the_net_is_refused_before_any_training(tiny_peer, stages, kind):
    config = tiny_peer("dwdn")

    with pytest.raises(ConfigError, match=f"a {kind} stage cannot train this net: Dwdn"):
        train(replace(config, stage=(*config.stage, stages(kind))), quiet=True)

    assert not config.folder.exists()


def test_mono_batches_for_a_net_of_colour_images_are_refused(tiny_peer):
    config = tiny_peer("srn")

    with pytest.raises(ConfigError, match=r"Srn restores colour images only, but data.mono is 0.2; set it to 0.0"):
        train(replace(config, data=replace(config.data, mono=0.2)), quiet=True)


def test_a_loss_that_is_no_number_is_one_sentence(tiny_run, stages, no_pictures):
    config = replace(tiny_run, stage=(stages("deconv", steps=20, lr=1e30, clip=1e30),))

    with pytest.raises(PinsharpError, match=r"the loss became (nan|inf) at step \d+ of a deconv stage; .*lower lr"):
        train(config, quiet=True)


def test_a_batch_that_cannot_be_shared_is_refused(tiny_run, monkeypatch):
    three = type("Accelerator", (), {"num_processes": 3})()
    monkeypatch.setattr(running, "_accelerator", lambda _: three)

    with pytest.raises(ConfigError, match="a batch of 2 crops cannot be shared by 3 processes; use a multiple"):
        train(tiny_run, quiet=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused(tiny_run, with_run):
    with pytest.raises(ConfigError, match=r"run\.device is cuda, but this machine or this PyTorch has no CUDA"):
        train(with_run(tiny_run, device="cuda"), quiet=True)


def test_a_folder_that_cannot_be_made_is_told(tiny_run, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OutputError, match=r"file/run: expected a folder that can be made"):
        train(in_folder(tiny_run, tmp_path / "file" / "run"), quiet=True)


def test_images_have_to_be_named(tiny_run):
    with pytest.raises(ConfigError, match="name one with --set root=FOLDER"):
        train(replace(tiny_run, root=""), quiet=True)


# Clipping


@pytest.mark.parametrize(
    "settings, values, norm",
    [
        ({"clip": 0.0}, None, None),
        ({"clip": 1e-3}, None, 1e-3),
        ({"clip": 0.0, "clip_value": 1e-4}, 1e-4, None),
        ({"clip": 1e-4, "clip_value": 1e-4}, 1e-4, 1e-4),
    ],
)
def test_gradients_are_clipped_as_asked(tiny_peer, monkeypatch, no_pictures, settings, values, norm):
    """By size, by norm, by both in this order, or not at all."""
    seen = []

    def watched(run, model, *arguments):
        losses = step(run, model, *arguments)
        gradients = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
        seen.append((float(gradients.abs().max()), float(gradients.norm())))
        return losses

    step = loop._step
    monkeypatch.setattr(loop, "_step", watched)

    train(tiny_peer("deepdeblur", steps=1, warmup=0, **settings), quiet=True)

    largest, length = seen[0]
    assert length <= norm * 1.001 if norm else length > 2e-3
    if values is None or norm:
        assert largest <= (norm or math.inf)
    else:
        assert largest == pytest.approx(values)


# Interruptions


@pytest.fixture(scope="module")
def whole_folder(tmp_path_factory):
    """Where the run that nobody interrupts is, once it was made."""
    return tmp_path_factory.mktemp("whole") / "run"


@pytest.fixture
def reference(tiny_run, stages, whole_folder, no_pictures):
    """An uninterrupted run, and the same run in another folder that is yet to begin.

    The clip is so small that it always acts: it looks at all gradients that are there.
    """
    kinds = ("kernel", "deconv", "joint")
    config = replace(tiny_run, stage=tuple(stages(kind, steps=20, clip=0.01) for kind in kinds))
    whole = in_folder(config, whole_folder)
    if not whole_folder.exists():
        train(whole, quiet=True)
    return whole, config


def at_step(goal, action, monkeypatch):
    """Do something in the midst of a step, counted over all stages and sessions."""

    def watched(*arguments):
        losses = step(*arguments)
        steps.append(losses)
        if len(steps) == goal:
            action()
        return losses

    steps, step = [], loop._step
    monkeypatch.setattr(loop, "_step", watched)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("steps", [1, 19, 20, 33, 60])
def test_a_run_that_is_asked_to_stop_saves_and_says_how_to_go_on(
    reference, with_run, as_toml, monkeypatch, capsys, number, steps
):
    """Ctrl-C and `kill`, in any step: the first and the last of a stage, and the very last one, among them."""
    whole, config = reference
    file = str(as_toml(with_run(config, save_every=1_000, save_minutes=0.0)))
    monkeypatch.setattr(sys, "argv", ["pinsharp", "train", file])
    with monkeypatch.context() as patch:
        at_step(steps, lambda: os.kill(os.getpid(), number), patch)
        with pytest.raises(SystemExit) as stopped:
            main.run()
    shown = capsys.readouterr()

    assert (stopped.value.code, shown.out) == (130, "")
    assert len(read_log(config.folder)) == steps
    last = shown.err.splitlines()[-1]
    assert last.startswith("pinsharp: stopped; to go on: ")
    assert shlex.split(last)[-4:] == ["pinsharp", "train", file, "--resume"]
    monkeypatch.setattr(sys, "argv", shlex.split(last)[-4:])
    done = 60 - steps
    at_step(done + 1, pytest.fail, monkeypatch)  # no step is done again
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert not ended.value.code
    assert capsys.readouterr().out == f"done: {config.folder / WEIGHTS}\n"
    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


def test_a_second_request_stops_at_once_and_goes_on_from_the_checkpoint_before(reference, as_toml, monkeypatch, capsys):
    whole, config = reference
    monkeypatch.setattr(sys, "argv", ["pinsharp", "train", str(as_toml(config))])
    with monkeypatch.context() as patch:
        at_step(7, lambda: [os.kill(os.getpid(), signal.SIGINT) for _ in range(2)], patch)
        with pytest.raises(SystemExit) as stopped:
            main.run()

    assert stopped.value.code == 130
    assert capsys.readouterr().err.splitlines()[-1].endswith("--resume")
    train(config, resume=True, quiet=True)
    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


def test_a_request_while_the_images_are_read_stops_before_the_first_step(tiny_run, no_pictures):
    run = train(tiny_run, quiet=True, stop=lambda: True)

    assert run.is_stopped
    assert read_log(tiny_run.folder) == []
    assert not train(tiny_run, resume=True, quiet=True).is_stopped
    assert len(read_log(tiny_run.folder)) == 6


@pytest.mark.parametrize("minutes, saved", [(0.0, []), (1.0, [2, 4]), (1.5, [3])])
def test_there_is_a_checkpoint_after_some_minutes_whatever_the_steps_take(
    tiny_run, stages, with_run, monkeypatch, no_pictures, minutes, saved
):
    """Here a step takes half a minute; the end of a stage saves in any case."""
    config = with_run(replace(tiny_run, stage=(stages("deconv", steps=6),)), save_every=1_000, save_minutes=minutes)
    taken, seen = [], []
    step, save = loop._step, loop._save
    monkeypatch.setattr(time, "monotonic", lambda: 30.0 * len(taken))
    monkeypatch.setattr(loop, "_step", lambda *arguments: taken.append(step(*arguments)) or taken[-1])
    monkeypatch.setattr(loop, "_save", lambda *arguments: seen.append(arguments[2]) or save(*arguments))

    train(config, quiet=True)

    assert seen == [*saved, 6]


class Interrupted(Exception):
    pass


def interrupt_after(steps, monkeypatch):
    def watched(*arguments):
        nonlocal steps
        if steps == 0:
            raise Interrupted
        steps -= 1
        return step(*arguments)

    step = loop._step
    monkeypatch.setattr(loop, "_step", watched)


SCHEDULED = {"schedule": "steps", "milestones": (0.3, 0.6), "gamma": 0.1, "clip": 0.0, "clip_value": 1e-3}


@pytest.mark.parametrize("name, settings", [("nafnet", {}), ("srn", {"loss": "mse"}), ("dwdn", SCHEDULED)])
def test_an_interrupted_run_of_a_peer_ends_where_the_whole_one_ends(
    tiny_peer, tmp_path, monkeypatch, no_pictures, name, settings
):
    config = tiny_peer(name, steps=10, **settings)
    whole = in_folder(config, tmp_path / "whole")
    train(whole, quiet=True)
    with monkeypatch.context() as patch:
        interrupt_after(7, patch)
        with pytest.raises(Interrupted):
            train(config, quiet=True)

    train(config, resume=True, quiet=True)

    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


def test_an_interrupted_run_over_a_pool_of_pairs_ends_where_the_whole_one_ends(
    tiny_run, stages, tmp_path, monkeypatch, no_pictures
):
    """In the third round: what was kept in memory is made again."""
    config = replace(tiny_run, stage=(stages("kernel", steps=10, pairs=6),))
    whole = in_folder(config, tmp_path / "whole")
    train(whole, quiet=True)
    with monkeypatch.context() as patch:
        interrupt_after(7, patch)
        with pytest.raises(Interrupted):
            train(config, quiet=True)

    train(config, resume=True, quiet=True)

    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


def test_an_interrupted_run_over_a_stream_ends_where_the_whole_one_ends(
    tiny_run, stages, tmp_path, monkeypatch, no_pictures
):
    """In the midst of a photograph's turn, and by processes that make pairs ahead in the end."""
    config = replace(tiny_run, stream=3, stage=(stages("deconv", steps=20),))
    whole = in_folder(config, tmp_path / "whole")
    train(whole, quiet=True)
    with monkeypatch.context() as patch:
        interrupt_after(7, patch)
        with pytest.raises(Interrupted):
            train(config, quiet=True)

    train(replace(config, run=replace(config.run, workers=1)), resume=True, quiet=True)

    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


def test_a_pool_of_pairs_needs_an_estimator_of_spectra(tiny_run, stages):
    config = replace(tiny_run, net="udbd", config={}, stage=(stages("kernel", pairs=6),))

    with pytest.raises(ConfigError, match=r"stage.pairs needs an estimator that reads spectra, which Udbd has not"):
        train(config, quiet=True)


def test_a_setting_that_is_added_leaves_older_checkpoints_resumable(tiny_run, stages, photographs):
    """Written in any place among the others; where it is used, the run is another one."""

    @dataclass(frozen=True, kw_only=True)
    class Later(StageConfig):
        afterglow: float = 0.0

    corpus = load_corpus(photographs, held_out=False)
    before = replace(tiny_run, stage=(stages("deconv"),))
    after, used = (
        replace(tiny_run, stage=(Later(**asdict(before.stage[0]), **later),)) for later in ({}, {"afterglow": 0.1})
    )

    assert fingerprint(after, corpus) == fingerprint(before, corpus)
    assert fingerprint(used, corpus) != fingerprint(before, corpus)


def test_what_does_not_change_the_weights_may_change_before_going_on(tiny_run, with_run, photographs):
    corpus = load_corpus(photographs, held_out=False)
    others = {"folder": "there", "log_every": 7, "validate_every": 9, "save_every": 3, "save_minutes": 0.5}

    assert fingerprint(with_run(tiny_run, **others), corpus) == fingerprint(tiny_run, corpus)


def test_settings_that_came_later_leave_older_runs_resumable(tiny_run, stages, photographs):
    """Only where one is used does it make another run."""
    corpus = load_corpus(photographs, held_out=False)
    polynomial = stages("deconv", schedule="polynomial", final_lr=0.0)
    defaults = replace(tiny_run, stage=(stages("deconv", schedule="cosine", milestones=(), gamma=0.5, power=1.0),))
    prints = {
        fingerprint(replace(tiny_run, stage=(stage,)), corpus)
        for stage in (stages("deconv"), polynomial, replace(polynomial, power=0.3), stages("deconv", clip_value=0.5))
    }

    assert len(prints) == 4
    assert fingerprint(defaults, corpus) in prints


@pytest.mark.parametrize("steps", [0, 1, 19, 20, 21, 47])
def test_an_interrupted_run_ends_where_the_whole_one_ends(reference, monkeypatch, steps):
    """In the first step, after a checkpoint, between two, and around the change of a stage."""
    whole, config = reference
    with monkeypatch.context() as patch:
        interrupt_after(steps, patch)
        with pytest.raises(Interrupted):
            train(config, quiet=True)

    train(config, resume=True, quiet=True)

    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


KILL_AND_RESUME = """
import os, random, signal, sys, time

import torch

from pinsharp.train import loop
from pinsharp.train.config import load_config
from pinsharp.train.state import CHECKPOINT, read_log

torch.set_num_threads(1)
loop.save_pictures = lambda *_, **__: None
config = load_config(sys.argv[1])
dice = random.Random(0)


def position():
    log = read_log(config.folder)
    return 20 * log[-1]["stage"] + log[-1]["step"] if log else 0


def begin():
    child = os.fork()
    if child:
        return child
    try:
        loop.train(config, resume=(config.folder / CHECKPOINT).exists(), quiet=True)
    except BaseException as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def kill(child):
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


kills = 0
for _ in range(3):  # while the corpus is read or the first checkpoint written
    child = begin()
    time.sleep(dice.uniform(0.0, 0.3))
    kills += kill(child)
for _ in range(6):
    goal = position() + dice.randint(1, 7)
    child = begin()
    while position() < goal and os.waitpid(child, os.WNOHANG)[0] == 0:
        time.sleep(0.001)
    time.sleep(dice.uniform(0.0, 0.03))  # in the middle of a step, of a line, of a checkpoint
    kills += kill(child)
print(kills, os.waitstatus_to_exitcode(os.waitpid(begin(), 0)[1]))
"""


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_where_the_whole_one_ends(reference, as_toml):
    """SIGKILL, which nothing can catch, at random moments."""
    whole, config = reference

    done = subprocess.run(
        [sys.executable, "-c", KILL_AND_RESUME, str(as_toml(config))],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert done.stdout.split() == ["9", "0"], done.stderr
    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


@pytest.mark.slow
def test_the_command_resumes_a_killed_run(reference, as_toml):
    whole, config = reference
    command = [sys.executable, "-m", "pinsharp", "train", str(as_toml(config))]

    with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
        goal = random.Random(0).randint(5, 50)
        while len(read_log(config.folder)) < goal and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    done = subprocess.run(
        [*command, "--resume"], env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )

    assert process.returncode == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"done: {config.folder / WEIGHTS}\n"
    assert same(weights_of(config), weights_of(whole))
    assert figures_of(config) == figures_of(whole)


# Several processes


def torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_come_to_nearly_the_weights_of_one(tiny_run, stages, as_toml, tmp_path, no_pictures):
    """The same pairs and the same jitter, shared: only the order of sums differs."""
    settings = {"steps": 4, "batch": 4, "lr": 1e-3}
    jitter = {"deconv": {"width_jitter": 0.02, "noise_jitter": 0.1}}
    config = replace(tiny_run, data=replace(tiny_run.data, mono=0.0))
    kinds = ("kernel", "deconv", "joint")
    config = replace(config, stage=tuple(stages(kind, **settings, **jitter.get(kind, {})) for kind in kinds))
    alone = in_folder(config, tmp_path / "alone")
    train(alone, quiet=True)
    start = build_start(alone)

    said = torchrun("-m", "pinsharp", "train", str(as_toml(config)))

    assert said == f"done: {config.folder / WEIGHTS}\n"  # once, not by every process
    assert [(line["stage"], line["step"]) for line in read_log(config.folder)] == [
        (stage, step) for stage in range(3) for step in range(1, 5)
    ]
    shared, single = weights_of(config), weights_of(alone)
    moved = max(float((single[name] - start[name]).abs().max()) for name in single)
    for name, value in shared.items():
        torch.testing.assert_close(value, single[name], atol=0.01 * moved, rtol=0)


def build_start(config):
    torch.manual_seed(config.run.seed)
    return build_net(config.net, config.config).state_dict()


AGREE = """
import os, sys

import torch

from pinsharp.train.config import load_config
from pinsharp.train.loop import train

run = train(load_config(sys.argv[1]), quiet=True)
state = {"net": run.net.state_dict(), "average": run.average.state_dict()}
torch.save(state, f"{sys.argv[2]}/process{os.environ['RANK']}.pt")
"""


@pytest.mark.slow
def test_processes_agree_on_the_weights(tiny_run, stages, as_toml, tmp_path):
    """Steps of mono images and steps of colour images, parts frozen and trained in turn."""
    config = replace(tiny_run, data=replace(tiny_run.data, mono=0.5))
    kinds = ("kernel", "deconv", "deconv", "joint")
    config = replace(config, stage=tuple(stages(kind, steps=3, batch=4) for kind in kinds))
    (tmp_path / "agree.py").write_text(AGREE)

    torchrun(str(tmp_path / "agree.py"), str(as_toml(config)), str(tmp_path))

    first, second = (torch.load(tmp_path / f"process{rank}.pt", weights_only=True) for rank in (0, 1))
    assert same(first["net"], second["net"])
    assert same(first["average"], second["average"])
    kept = weights_of(config)
    assert all(torch.equal(first["average"][f"module.{name}"], value) for name, value in kept.items())
    assert json.loads((config.folder / LOG).read_text().splitlines()[-1])["kind"] == "joint"
