"""Training files: each one that comes with pinsharp loads, each slip is one sentence in the user's words."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pinsharp.blur.profile import Blur, Noise, Profile
from pinsharp.blur.profile_json import write_profile
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import build_net, make_config, net_classes
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig, load_config
from pinsharp.train.config_file import save_config
from pinsharp.train.stages import check_stage

CONFIGS = [  # SelfDeblur is fitted to each image, not trained
    path for path in sorted((Path(__file__).parents[2] / "configs").rglob("*.toml")) if "selfdeblur" not in path.stem
]
BUDGETS = [path for path in CONFIGS if path.stem.endswith("-budget")]
SMALL = """
net = "swift"

[[stage]]
kind = "kernel"
steps = 10
batch = 4
crop = 32
lr = 1e-3
warmup = 2
"""


@pytest.fixture
def file(tmp_path):
    """Write a training file."""

    def write(text=SMALL, name="mine.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_training_file_loads_and_builds_its_net(path):
    config = load_config(path)

    assert config.name == path.stem
    assert config.folder == Path("runs") / path.stem
    net = build_net(config.net, config.config)
    assert hasattr(net, "estimate") or config.data.mono == 0  # the peers restore colour images only
    for stage in config.stage:
        check_stage(net, stage.kind)
        for name in stage.frozen:
            net.get_submodule(name)


@pytest.mark.parametrize("name", ["udbd", "udbd-fwd", "udbd-flat"])
def test_the_papers_net_is_trained_as_the_paper_says(name):
    """Crops of 256, 21 x 21 Gaussians, L1, kernel and deconvolution net apart and then jointly; the ablations alike."""
    config = config_of(name)

    assert [stage.kind for stage in config.stage] == ["kernel", "deconv", "joint"]
    assert {stage.crop for stage in config.stage} == {256}
    assert {stage.loss for stage in config.stage} == {"l1"}
    assert not any(stage.detach for stage in config.stage)
    assert config.data.distribution == "paper"
    assert replace(config, name="", config={}) == replace(config_of("udbd"), name="", config={})


def config_of(name):
    return load_config(next(path for path in CONFIGS if path.stem == name and path.parent.name != "shipped"))


ADAM = {"weight_decay": 0.0, "betas": (0.9, 0.999), "warmup": 0, "crop": 256, "clip": 0.0, "lr": 1e-4}
HALVED = {"schedule": "steps", "gamma": 0.5, "loss": "l1"}
AUTHORS = {
    "deepdeblur": {**ADAM, **HALVED, "kind": "direct", "batch": 16, "milestones": (0.5, 0.75, 0.9)},
    "srn": {
        **ADAM,
        "kind": "direct",
        "batch": 16,
        "schedule": "polynomial",
        "power": 0.3,
        "final_lr": 0,
        "loss": "mse",
    },
    "dwdn": {**ADAM, **HALVED, "kind": "deconv", "batch": 8, "milestones": (0.5,), "clip_value": 0.5},
    "nafnet": {
        "kind": "direct",
        "steps": 200_000,
        "batch": 32,
        "crop": 256,
        "lr": 1e-3,
        "schedule": "cosine",
        "final_lr": 1e-4,
        "weight_decay": 1e-3,
        "betas": (0.9, 0.9),
        "loss": "psnr",
    },
}
"""What the authors' programs say."""


@pytest.mark.parametrize("name", AUTHORS)
def test_a_peer_is_trained_as_its_authors_say(name):
    """On the paper's blurs, at full width, without mixed precision or averaging."""
    config = config_of(name)

    (stage,) = config.stage
    assert {key: getattr(stage, key) for key in AUTHORS[name]} == AUTHORS[name]
    assert config.data == SynthesisConfig(distribution="paper", mono=0.0)
    assert (config.run.precision, config.run.ema) == ("fp32", 0.0)
    defaults = net_classes(name)[1]()
    settings = {**config.config, "pooling_window": 0} if name == "nafnet" else config.config
    assert make_config(name, settings) == defaults


@pytest.mark.parametrize("path", BUDGETS, ids=lambda path: path.stem)
def test_every_net_has_the_same_small_budget(path):
    """Blurs, crops, batches, precision, average, schedule and steps."""
    config, reference = load_config(path), config_of("nafnet-budget")

    assert (config.data, config.run) == (reference.data, reference.run)
    assert config.run.precision == "bf16"
    assert {(stage.crop, stage.batch, stage.schedule) for stage in config.stage} == {(128, 8, "cosine")}
    assert config.stage[0].steps == reference.stage[0].steps


@pytest.mark.parametrize("path", [path for path in BUDGETS if path.stem != "swift-budget"], ids=lambda path: path.stem)
def test_all_else_of_a_small_budget_is_that_of_the_full_training(path):
    """But for the rate of three: theirs is meant for a hundred times the steps."""
    config, full = load_config(path), config_of(path.stem.removesuffix("-budget"))

    for stage, whole in zip(config.stage, full.stage, strict=True):
        kept = ("kind", "loss", "weight_decay", "betas", "clip", "clip_value")
        assert [getattr(stage, key) for key in kept] == [getattr(whole, key) for key in kept]
        assert stage.lr == max(whole.lr, 1e-3 if stage.kind == "direct" or path.stem == "dwdn-budget" else 0)


def test_the_small_budget_of_swift_trains_its_parts_as_the_full_one():
    estimator, restorer = config_of("swift-budget").stage
    whole = (config_of("swift-kernel").stage[0], config_of("swift-restorer").stage[0])

    assert [(stage.kind, stage.loss, stage.lr) for stage in (estimator, restorer)] == [
        (stage.kind, stage.loss, stage.lr) for stage in whole
    ]


def test_the_ablations_have_the_budget_of_the_whole_net():
    whole, fwd, flat = (config_of(f"{name}-budget") for name in ("udbd", "udbd-fwd", "udbd-flat"))

    assert fwd.stage == flat.stage == whole.stage
    assert fwd.config == {**whole.config, "wiener": "fwd"}
    assert flat.config == {**whole.config, "resample": False, "width": flat.config["width"]}


def test_what_is_left_out_keeps_its_default(file):
    config = load_config(file())

    assert config.run == RunConfig()
    assert config.stage == (StageConfig(kind="kernel", steps=10, batch=4, crop=32, lr=1e-3, warmup=2),)
    assert (config.name, config.root, config.config, config.start) == ("mine", "", {}, {})


@pytest.mark.parametrize(
    "override, get, value",
    [
        ("run.seed=3", lambda c: c.run.seed, 3),
        ("run.ema=0", lambda c: c.run.ema, 0.0),
        ("run.channels_last=false", lambda c: c.run.channels_last, False),
        ("run.precision=fp32", lambda c: c.run.precision, "fp32"),
        ("run.folder=/tmp/a b", lambda c: c.run.folder, "/tmp/a b"),
        ("root=photos", lambda c: c.root, "photos"),
        ('root="2024"', lambda c: c.root, "2024"),
        ("stage.0.steps=100", lambda c: c.stage[0].steps, 100),
        ("stage.0.lr=1e-4", lambda c: c.stage[0].lr, 1e-4),
        ("stage.0.betas=[0.8, 0.95]", lambda c: c.stage[0].betas, (0.8, 0.95)),
        ('stage.0.frozen=["restorer.bank"]', lambda c: c.stage[0].frozen, ("restorer.bank",)),
        ("stage.-1.kind=joint", lambda c: c.stage[0].kind, "joint"),
        ("data.mono=0.5", lambda c: c.data.mono, 0.5),
        ("data.distribution=paper", lambda c: c.data.kernel_size, 21),
        ("config.width=8", lambda c: c.config, {"width": 8}),
        ("start.restorer=a.safetensors", lambda c: c.start, {"restorer": "a.safetensors"}),
        ("name = other", lambda c: c.folder, Path("runs/other")),
    ],
)
def test_a_setting_given_by_hand_wins(file, override, get, value):
    config = load_config(file(), [override])

    assert get(config) == value
    assert type(get(config)) is type(value)


def test_settings_are_applied_in_order(file):
    assert load_config(file(), ["run.seed=1", "run.seed=2"]).run.seed == 2


@pytest.mark.parametrize(
    "override, sentence",
    [
        ("run.seed", "--set takes KEY=VALUE, for example run.seed=3; got 'run.seed'"),
        ("run.sed=3", "unknown setting run.sed; known ones: folder, seed,"),
        ("speed=3", "unknown setting speed; known ones: name, net, stage"),
        ("stage.0.step=3", "unknown setting stage.0.step; known ones: kind, steps"),
        ("stage.1.steps=3", "there is no setting 'stage.1.steps' in the training file"),
        ("stage.first.steps=3", "there is no setting 'stage.first.steps'"),
        ("net.width=3", "there is no setting 'net.width'"),
        ("run.seed=three", "run.seed must be of type int, got 'three'"),
        ("run.seed=1.5", "run.seed must be of type int, got 1.5"),
        ("run.seed=true", "run.seed must be of type int, got True"),
        ("run.compile=1", "run.compile must be of type bool, got 1"),
        ("run.precision=fp16", "run.precision must be one of bf16, fp32, got 'fp16'"),
        ("run.device=tpu", "run.device must be one of auto, cpu, cuda, got 'tpu'"),
        ("stage.0.kind=both", "stage.0.kind must be one of kernel, deconv, joint, direct, guard, clean, got 'both'"),
        ("stage.0.betas=[0.9]", "stage.0.betas must hold 2 values, got 1"),
        ("stage.0.betas=[0.9, 'a']", "stage.0.betas.1 must be of type float, got 'a'"),
        ("stage.0.frozen=restorer", "stage.0.frozen must be a list, got 'restorer'"),
        ("run=3", r"\[run\] must be a table of settings, got 3"),
        ("stage=[]", r"at least one \[\[stage\]\]"),
        ("stage.0.steps=0", "stage.steps must be at least 1, got 0"),
        ("stage.0.lr=0", "stage.lr must be positive, got 0.0"),
        ("stage.0.lr=nan", "must be positive, got nan"),
        ("stage.0.clip=-1", "stage.clip must not be negative, got -1.0"),
        ("stage.0.clip_value=-1", "stage.clip_value must not be negative, got -1.0"),
        ("stage.0.loss=l2", "stage.0.loss must be one of l1, psnr, mse, got 'l2'"),
        ("stage.0.schedule=linear", "stage.0.schedule must be one of cosine, steps, polynomial, got 'linear'"),
        ("stage.0.warmup=10", r"stage.warmup \(10\) must be shorter than the stage \(10 steps\)"),
        ("stage.0.warmup=-1", "stage.warmup must not be negative, got -1"),
        ("stage.0.width_jitter=-0.1", "stage.width_jitter must not be negative, got -0.1"),
        ("stage.0.doubt=-0.1", "stage.doubt must not be negative, got -0.1"),
        ("stage.0.betas=[0.9, 1.0]", r"stage.betas must be from 0 to below 1, got \[0.9, 1.0\]"),
        ("run.ema=1.0", "run.ema must be from 0 to below 1, got 1.0"),
        ("run.save_every=0", "run.save_every must be at least 1, got 0"),
        ("data.mono=2.0", "data.mono is a share and must be from 0 to 1, got 2.0"),
        ("general=package", "general and general_share go together, .* got 'package' and 0.0"),
        ("general_share=0.2", "general and general_share go together, .* got '' and 0.2"),
        ("start.restorer=3", "start.restorer must name a weights file, got 3"),
    ],
)
def test_a_slip_is_told_in_one_sentence(file, override, sentence):
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_config(file(), [override])

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        (["schedule=steps"], r'schedule = "steps" needs stage.milestones, shares of the stage such as \[0.5, 0.75\]'),
        (["milestones=[0.5]"], 'milestones has no effect with schedule = "cosine"; .* set schedule = "steps"'),
        (["gamma=0.1"], 'stage.gamma has no effect with schedule = "cosine"; remove it, or set schedule = "steps"'),
        (["power=2"], 'has no effect with schedule = "cosine"; remove it, or set schedule = "polynomial"'),
        (["schedule=steps", "milestones=[0.5]", "power=2"], 'stage.power has no effect with schedule = "steps"'),
        (["schedule=polynomial", "gamma=0.1"], 'stage.gamma has no effect with schedule = "polynomial"'),
        (["schedule=steps", "milestones=[0.5]", "final_lr=0.1"], 'final_lr has no effect with schedule = "steps"'),
        (["schedule=steps", "milestones=[0.5, 0.5]"], r"in rising order, such as .*, got \[0.5, 0.5\]"),
        (["schedule=steps", "milestones=[0.0]"], r"shares of the stage between 0 and 1 .*, got \[0.0\]"),
        (["schedule=steps", "milestones=[500, 750]"], r"between 0 and 1 in rising order, .*, got \[500.0, 750.0\]"),
        (["schedule=steps", "milestones=[0.5]", "gamma=2"], "stage.gamma must be above 0 and at most 1, got 2.0"),
        (["schedule=polynomial", "power=0"], "stage.power must be positive, got 0.0"),
        (["kind=direct", "doubt=0.01"], "doubt has no effect in a direct stage; remove it: it counts in stages of"),
        (["kind=direct", "width_jitter=0.01"], "width_jitter has no effect in a direct stage; remove it: it counts in"),
        (["kind=direct", "detach=true"], "stage.detach has no effect in a direct stage"),
        (["kind=deconv", "pairs=8"], "stage.pairs has no effect in a deconv stage; remove it"),
        (["kernel_weight=2"], "stage.kernel_weight .* in a kernel stage; remove it: it counts in stages of kind joint"),
        (["loss=mse"], "stage.loss has no effect in a kernel stage; .* of kind deconv or joint or direct or clean"),
        (["kind=guard", "loss=mse"], "stage.loss has no effect in a guard stage"),
        (["kind=deconv", "misled=0.1"], "stage.misled has no effect in a deconv stage; .* of kind guard"),
        (["small=0.1"], "stage.small has no effect without stage.pairs; set one"),
        (["kind=deconv", "share_jitter=0.1"], "no effect without stage.width_jitter or stage.doubt; set one"),
        (["kind=kernel", "batch=4", "pairs=6"], "stage.pairs must be a multiple of the batch of 4, got 6"),
    ],
)
def test_settings_that_contradict_one_another_are_told(file, settings, sentence):
    """One that silently did nothing would be believed to have been tried."""
    with pytest.raises(ConfigError, match=sentence) as caught:
        load_config(file(), [f"stage.0.{setting}" for setting in settings])

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("net = ", "cannot read .*mine.toml"),
        ("\x00", "cannot read .*mine.toml"),
        ("[[stage]]\nkind = 'kernel'", "setting net is missing from the file"),
        (SMALL.replace("lr = 1e-3", ""), "setting stage.0.lr is missing from the file"),
        ('net = "swift"', "setting stage is missing from the file"),
        ("stage = 3\nnet = 'swift'", "stage must be a list, got 3"),
    ],
)
def test_a_file_that_is_no_training_file_is_refused(file, text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_config(file(text))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"training file not found: .*none\.toml"):
        load_config(tmp_path / "none.toml")


def test_a_folder_is_no_training_file(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path)


def test_without_images_a_run_says_how_to_name_them(file):
    """An empty name would have been the current folder."""
    config = load_config(file())

    with pytest.raises(ConfigError, match="name one with --set root=FOLDER"):
        _ = config.images


def test_a_config_can_be_made_in_python_as_well():
    stage = StageConfig(kind="deconv", steps=10, batch=1, crop=8, lr=1e-3, warmup=0)

    assert TrainConfig(name="mine", net="swift", stage=(stage,), run=RunConfig(folder="there")).folder == Path("there")


@pytest.fixture
def profile(tmp_path):
    """The profile of a camera, as TOML names it."""
    path = tmp_path / "camera.json"
    write_profile(path, Profile(64, 48, bits=12, own_softness=Blur(0.5, 0.4, 0.6), noise=Noise(0.01, gain=1e-4)))
    return f"profile={json.dumps(str(path))}"


def test_a_profile_becomes_settings_of_the_pairs_which_a_saved_config_keeps(file, profile, tmp_path):
    config = load_config(file(), [profile])

    assert (config.data.softness, config.data.bits) == (0.5, 12)
    assert config.data.read_noise == pytest.approx(0.01, rel=1e-3)
    assert config.data.full_well == pytest.approx(10_000)
    save_config(config, tmp_path / "saved.toml")
    assert load_config(tmp_path / "saved.toml") == replace(config, name="mine")


@pytest.mark.parametrize(
    "settings, sentence",
    [
        (["data.bits=8"], "data.bits is what the profile .* says; leave one of them out"),
        (['data.camera="lab"'], "draws softness and noise of its own; leave the profile out"),
    ],
)
def test_what_the_profile_says_is_not_said_again(file, profile, settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_config(file(), [profile, *settings])


@pytest.mark.parametrize(
    "setting, sentence",
    [
        ("stream=-1", "stream must be 0 or a number of crops, got -1"),
        ("run.workers=-1", "run.workers must not be negative, got -1"),
    ],
)
def test_numbers_below_zero_are_refused(file, setting, sentence):
    with pytest.raises(ConfigError, match=sentence):
        load_config(file(), [setting])


def test_general_photographs_do_not_go_with_a_stream(file):
    with pytest.raises(ConfigError, match="general has no effect with stream"):
        load_config(file(), ["stream=8", "general=package", "general_share=0.2"])
