"""From a folder of images to a model: whole, stopped and gone on with, refused, and what stays behind."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from pinsharp.adapt import adapt as steps
from pinsharp.adapt import gains as judging
from pinsharp.adapt import plan as planning
from pinsharp.adapt.adapt import Plan, Stopped, adapt, blended, check_out, judge, prepare
from pinsharp.adapt.gains import Gain, Gains
from pinsharp.errors import ConfigError, OutputError
from pinsharp.nets.weights import load_weights, read_info
from pinsharp.train import loop
from pinsharp.train.loop import WEIGHTS
from tiny_models import save_tiny_swift


def never():
    return False


def nothing(*_, **__):
    return None


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Small crops, few steps, one blur, no pictures, and images that are all sharp."""
    monkeypatch.setattr(planning, "CROP", 32)
    brief = {"crop": 32, "batch": 2, "warmup": 1, "steps": 2}
    monkeypatch.setattr(planning, "_RESTORER", replace(planning._RESTORER, **brief))
    monkeypatch.setattr(steps, "seconds_a_step", lambda *_: (1.0,))
    monkeypatch.setattr(steps, "counts_for", lambda *_: (4,))
    monkeypatch.setattr(planning, "_ESTIMATOR", replace(planning._ESTIMATOR, crop=32))
    monkeypatch.setattr(judging, "KERNELS", "gaussian:1.5")
    monkeypatch.setattr(judging, "SIDE", 80)
    monkeypatch.setattr(judging, "MOST_IMAGES", 1)
    monkeypatch.setattr(loop, "save_pictures", nothing)
    measured = SimpleNamespace(measure=lambda _: SimpleNamespace(sigma=0.4, verdict="sharp"))
    monkeypatch.setattr(steps, "_measuring", lambda _: measured)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def plan(tmp_path):
    folder = tmp_path / "sharp"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(20):
        Image.fromarray(rng.integers(0, 256, (20, 20), np.uint8)).resize((80, 80)).save(folder / f"part{number:02}.png")
    return Plan(folder, tmp_path / "mine.safetensors", 1.0, str(save_tiny_swift(tmp_path / "start.safetensors")))


def trained(plan, stop=never):
    config = prepare(plan, say=nothing, stop=never, advance=nothing)
    adapt(plan, config, stop=stop, quiet=True)
    return config


def always_worth_it(monkeypatch, mean=0.5):
    cell = Gain("own", "gaussian:1.5", "clean", 20, 25, 25 + mean)
    monkeypatch.setattr(steps, "compare", lambda *_: Gains((cell,)))


def weights(path):
    return load_weights(path).net.state_dict()


def same(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_model_knows_where_it_comes_from(plan, monkeypatch):
    always_worth_it(monkeypatch)
    config = trained(plan)

    outcome = judge(plan, config, stop=never, advance=nothing)

    info = read_info(plan.out)
    assert outcome.written == info
    assert info.card["start"]["sha256"] == read_info(plan.start).sha256
    assert len(info.card["adapted"]["images"]) == 20
    assert info.card["adapted"]["held_out"] == list(config.held_out)
    assert info.card["adapted"]["mean_gain_db"] == 0.5
    assert not same(weights(plan.out), weights(plan.start))


def test_stopped_and_gone_on_with_it_ends_where_it_would_have(plan, tmp_path):
    other = replace(plan, out=tmp_path / "other.safetensors")
    trained(plan)
    asked = iter((False, False, True))

    with pytest.raises(Stopped):
        trained(other, stop=lambda: next(asked))
    trained(other)

    assert same(weights(plan.run_folder / WEIGHTS), weights(other.run_folder / WEIGHTS))


def test_what_is_trained_already_is_not_trained_again(plan, monkeypatch):
    trained(plan)
    monkeypatch.setattr(loop, "_step", lambda *_: pytest.fail("trained again"))
    monkeypatch.setattr(steps, "look_at", lambda *_, **__: pytest.fail("looked at again"))

    trained(plan)


def test_nothing_is_written_that_is_not_worth_it(plan, monkeypatch):
    always_worth_it(monkeypatch, mean=-0.1)
    config = trained(plan)

    outcome = judge(plan, config, stop=never, advance=nothing)

    assert outcome.written is None
    assert len(outcome.gains) == len(steps.SHARES)
    assert not plan.out.exists()


def test_less_of_the_way_is_tried_where_all_of_it_loses(plan, monkeypatch):
    cells = [Gain("own", "gaussian:1.5", "clean", 20, 25, psnr) for psnr in (24.0, 25.2)]
    monkeypatch.setattr(steps, "compare", lambda *_: Gains((cells.pop(0),)))
    config = trained(plan)

    outcome = judge(plan, config, stop=never, advance=nothing)

    assert outcome.shares == steps.SHARES[:2]
    assert read_info(plan.out).card["adapted"]["share"] == steps.SHARES[1]


def test_stopping_while_it_is_judged_writes_nothing(plan):
    config = trained(plan)

    with pytest.raises(Stopped):
        judge(plan, config, stop=lambda: True, advance=nothing)

    assert not plan.out.exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_net_on_the_way_lies_between(plan, share):
    trained(plan)
    start, end = load_weights(plan.start), load_weights(plan.run_folder / WEIGHTS)
    before = {name: value.clone() for name, value in start.net.state_dict().items()}

    between = blended(start, end, share).net.state_dict()

    for name, value in end.net.state_dict().items():
        torch.testing.assert_close(between[name], before[name].lerp(value, share))
    assert same(before, start.net.state_dict())


@pytest.mark.parametrize("change", ["images", "minutes", "start"])
def test_another_request_is_not_gone_on_with(plan, tmp_path, change):
    trained(plan)
    if change == "images":
        Image.fromarray(np.zeros((80, 80), np.uint8)).save(plan.folder / "part05.png")
    elif change == "minutes":
        plan = replace(plan, minutes=2.0)
    else:
        plan = replace(plan, start=str(save_tiny_swift(tmp_path / "else.safetensors", sigma=1.0)))

    with pytest.raises(ConfigError, match=f"mine.run was begun with other {change}; give the same"):
        trained(plan)


def test_a_request_that_cannot_be_read_is_one_sentence(plan):
    trained(plan)
    (plan.run_folder / "request.json").write_text("{")

    with pytest.raises(ConfigError, match=r"cannot read .*request.json: .*; remove .*mine.run"):
        trained(plan)


def test_wrong_images_leave_nothing_behind(plan):
    (plan.folder / "part00.png").unlink()

    with pytest.raises(Exception, match="at least 20 sharp images"):
        trained(plan)

    assert {path.name for path in plan.out.parent.iterdir()} == {"sharp", "start.safetensors"}


@pytest.mark.parametrize(
    "name, there, sentence",
    [
        ("mine.pt", None, "ends in .safetensors"),
        ("mine.safetensors", "mine.safetensors", "got an existing file; choose another, or remove it"),
        ("mine.safetensors", "mine.toml", "mine.toml: expected none yet, got one of another origin"),
        ("no/mine.safetensors", None, "expected the folder .* to exist, got none; create it first"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_work(plan, tmp_path, name, there, sentence):
    if there:
        (tmp_path / there).touch()

    with pytest.raises(OutputError, match=sentence):
        check_out(replace(plan, out=tmp_path / name))


def test_minutes_are_positive(plan):
    with pytest.raises(ConfigError, match="expected minutes above 0, got 0"):
        replace(plan, minutes=0)


def test_the_training_file_is_written_beside_the_model(plan):
    config = trained(plan)

    assert steps.load_config(plan.config_file) == config
    assert json.loads((plan.run_folder / "request.json").read_text())["minutes"] == 1.0
