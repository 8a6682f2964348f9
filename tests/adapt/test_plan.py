"""The training that is planned: for mono and colour, within the time, and repeatable from its file."""

import pytest

from pinsharp.adapt.images import SharpImages
from pinsharp.adapt.plan import TRAINING_SHARE, counts_for, least_side, make_config, parts_of
from pinsharp.errors import ConfigError, WeightsError
from pinsharp.nets.weights import save_weights
from pinsharp.train.config import load_config
from pinsharp.train.config_file import save_config
from tiny_models import tiny_udbd


def images_in(folder, *, is_mono):
    names = tuple(f"{number}.png" for number in range(24))
    return SharpImages(folder, names, names[:4], {"bad.png": 2.0}, is_mono)


@pytest.mark.parametrize(
    "is_mono, kinds", [(True, ["kernel", "deconv", "guard"]), (False, ["kernel", "deconv", "clean", "guard"])]
)
def test_colour_trains_the_restorer_of_clean_images_too(tmp_path, is_mono, kinds):
    config = make_config(images_in(tmp_path, is_mono=is_mono), "swift", folder=tmp_path / "run")

    assert [stage.kind for stage in config.stage] == kinds
    assert config.data.mono == is_mono
    assert config.left_out == ("bad.png",)


@pytest.mark.parametrize("is_mono", [True, False])
def test_the_plan_survives_its_file(tmp_path, is_mono):
    config = make_config(images_in(tmp_path, is_mono=is_mono), "swift", folder=tmp_path / "run")

    save_config(config, tmp_path / "plan.toml")

    assert load_config(tmp_path / "plan.toml") == config


def test_what_is_no_swift_cannot_be_adapted(tmp_path):
    save_weights(tmp_path / "udbd.safetensors", tiny_udbd(), {})

    with pytest.raises(ConfigError, match="expected a net of the kind swift to adapt, got udbd"):
        make_config(images_in(tmp_path, is_mono=True), str(tmp_path / "udbd.safetensors"), folder=tmp_path)


def test_a_start_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="not found"):
        make_config(images_in(tmp_path, is_mono=True), "none.safetensors", folder=tmp_path)


@pytest.mark.parametrize("seconds, shares", [((2.0,), (1.0,)), ((1.0, 3.0), (0.2, 0.8))])
def test_the_parts_fill_the_time_by_their_shares(seconds, shares):
    counts = counts_for(20, seconds, shares)

    for count, each, share in zip(counts, seconds, shares, strict=True):
        assert TRAINING_SHARE * 20 * 60 * share - each < count * each <= TRAINING_SHARE * 20 * 60 * share


def test_too_little_time_says_how_much_it_takes():
    with pytest.raises(ConfigError, match=r"at least 25 steps .* steps of up to 5.0 s; give --minutes 6 or more"):
        counts_for(3, (4.0, 5.0), (0.5, 0.5))

    counts_for(6, (4.0, 5.0), (0.5, 0.5))


def test_an_estimator_lasts_as_long_as_its_pairs(tmp_path):
    """Further rounds through them cost next to nothing."""
    config = make_config(images_in(tmp_path, is_mono=True), "swift", folder=tmp_path, counts=(30, 40, 50))

    estimator, restorer, guard = config.stage
    assert estimator.pairs == 30 * estimator.batch
    assert estimator.steps % 30 == 0
    assert (restorer.steps, guard.steps) == (40, 50)


def test_a_net_without_guard_and_votes_trains_its_restorer_alone():
    assert [part.stage.kind for part in parts_of({}, is_mono=False)] == ["deconv"]


def test_images_may_be_as_small_as_the_largest_crop_with_its_kernel():
    assert least_side() == 256 + 41
