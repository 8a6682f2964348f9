"""The recipe: checked when it is made, the same in every process, and telling what decides the pixels of a result."""

import inspect
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy as np
import pytest

import pinsharp
from pinsharp.blur.kernel_names import save_kernel
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError, KernelError
from pinsharp.nets.weights import save_weights
from pinsharp.restoration.recipe import MEASURING, OPTIONS, Recipe
from pinsharp.restoration.restorer import Restorer
from tiny_models import save_tiny_swift, tiny_peer


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors"))


@pytest.mark.parametrize(
    "options, error, reason",
    [
        ({"iterations": 0}, ConfigError, "iterations must be at least 1, got 0"),
        ({"window": 31}, ConfigError, "0 for the whole image, or at least 32 pixels, got 31; try 1024"),
        ({"white_level": 2**32}, ConfigError, "--white-level must be in 1 to 4294967295, got 4294967296"),
        ({"channels": "lab"}, ConfigError, "channels must be one of joint, luma, each, got 'lab'"),
        ({"precision": "float16"}, ConfigError, "precision must be one of auto, float32, bfloat16, got 'float16'"),
        ({"runtime": "cpp"}, ConfigError, "runtime must be one of torch, .*, got 'cpp'"),
        ({"kernel": "gauss:2"}, KernelError, "neither gaussian:SIGMA nor disk:RADIUS nor a file"),
        ({"kernel": "disk:2", "iterations": 3}, ConfigError, "got 3 and a given kernel; leave one of them out"),
        ({"light": "log"}, ConfigError, "--light must be auto, linear, srgb, bt709 or .* from 1 to 4, got 'log'"),
        ({"light": 5}, ConfigError, "got 5; try srgb for photographs"),
        ({"iteratons": 2}, TypeError, "iteratons"),
    ],
)
def test_what_no_image_could_be_restored_with_is_refused_when_it_is_made(options, error, reason):
    with pytest.raises(error, match=reason):
        Recipe(**options)


def test_a_recipe_goes_to_other_processes_and_comes_out_as_it_was(model):
    recipe = Recipe(model=model, kernel="disk:2", white_level=4095, light="srgb")

    assert pickle.loads(pickle.dumps(recipe)) == recipe


def test_a_recipe_does_not_change_with_the_array_that_it_was_made_with():
    kernel = gaussian_kernel(1.5)[0, 0].numpy().copy()
    recipe, same = Recipe(kernel=kernel), Recipe(kernel=kernel.copy())
    kernel[:] = 0

    assert recipe == same
    np.testing.assert_allclose(recipe.given_kernel(), gaussian_kernel(1.5), atol=1e-7)
    with pytest.raises(FrozenInstanceError):
        recipe.iterations = 2


def test_a_recipe_shows_in_one_line_what_is_not_as_usual():
    assert repr(Recipe()) == "Recipe()"
    assert repr(Recipe(model="sharp", light=2.2)) == "Recipe(model='sharp', light='2.2')"
    assert repr(Recipe(kernel=gaussian_kernel(1.5)[0, 0].numpy())) == "Recipe(kernel='13 x 13 pixels')"


def test_numbers_and_words_ask_for_the_same_light():
    assert Recipe(light=2.2) == Recipe(light="2.2") == Recipe(light=np.float64(2.2))
    assert Recipe(light=1) == Recipe(light="linear") != Recipe()


@pytest.mark.parametrize("gamma, light", [(True, "srgb"), (False, "linear")])
def test_gamma_still_means_what_it_meant_and_warns_whoever_calls(gamma, light):
    image = np.full((40, 40), 128, np.uint8)
    doors = (
        lambda **old: Recipe(**old),
        lambda **old: replace(Recipe(), **old),
        lambda **old: Restorer("wiener", **old).recipe,
        lambda **old: pinsharp.restore(image, model="wiener", kernel="disk:2", **old).light.words,
        lambda **old: pinsharp.measure(image, model="wiener", **old) and light,
    )

    for door in doors:
        with pytest.warns(FutureWarning, match=f"gamma is an old name; say light='{light}'") as told:
            found = door(gamma=gamma)

        assert getattr(found, "light", found) == light
        assert [warning.filename for warning in told] == [__file__]


def test_gamma_and_another_light_contradict_each_other():
    with pytest.raises(
        ConfigError, match="--gamma is an old name for --light, and means srgb here, got --light linear too"
    ):
        Recipe(gamma=True, light="linear")
    with pytest.raises(ConfigError, match="means linear here, got --light srgb too; leave it out"):
        Restorer("wiener", gamma=False, light="srgb")


def test_a_recipe_made_with_gamma_does_not_warn_again(recwarn):
    with pytest.warns(FutureWarning):
        recipe = Recipe(gamma=True)

    assert replace(recipe, iterations=2).light == "srgb"
    assert pickle.loads(pickle.dumps(recipe)) == recipe == Recipe(light="srgb")


@pytest.mark.parametrize("door", [pinsharp.restore, pinsharp.restore_file, pinsharp.Restorer])
def test_the_signature_and_the_help_of_every_door_teach_all_options(door):
    parameters = inspect.signature(door).parameters

    for one in fields(Recipe):
        assert one.name in parameters
        assert parameters[one.name].default in (one.default, None)
        assert f"{one.name}: {OPTIONS[one.name].help[:40]}" in door.__doc__
    assert all(one.kind is not one.VAR_KEYWORD for one in parameters.values())


def test_what_measures_takes_what_decides_a_measurement():
    assert [name for name in inspect.signature(pinsharp.measure).parameters if name in OPTIONS] == list(MEASURING)


@pytest.mark.parametrize("door", [pinsharp.restore, pinsharp.measure, pinsharp.Restorer])
def test_a_misspelt_option_is_refused_with_what_was_meant(door):
    with pytest.raises(TypeError, match="unexpected option 'white_lvel'; did you mean 'white_level'"):
        door(np.zeros((40, 40), np.uint8), white_lvel=4095)


def test_what_only_restores_is_no_option_of_measuring():
    with pytest.raises(TypeError, match="unexpected option 'iterations'"):
        pinsharp.measure(np.zeros((40, 40), np.uint8), iterations=2)


def test_settings_tell_what_decides_the_pixels_and_nothing_else(model):
    settings = Restorer(model).settings()

    for name, other in (("device", "cpu"), ("precision", "float32"), ("runtime", "auto")):
        assert replace(Recipe(model=model), **{name: other}).settings(window_matters=False) == settings
    for change in (
        {"kernel": "disk:2"},
        {"iterations": 2},
        {"white_level": 4095},
        {"channels": "luma"},
        {"light": "srgb"},
        {"light": 2.2},
    ):
        assert Restorer(model, **change).settings() != settings


def test_settings_have_the_names_that_manifests_know(model):
    names = ["model", "kernel", "iterations", "window", "white_level", "channels", "light", "mask", "faults"]

    assert list(Recipe().settings(window_matters=True)) == names


def test_a_given_field_counts_by_its_widths(place):
    np.save("f.npy", [[1.0, 2.0]])
    first, second = (Recipe(field=field).settings(window_matters=True)["field"] for field in ([[1, 2]], [[1, 3]]))
    saved = Recipe(field="f.npy").settings(window_matters=True)["field"]

    np.save("f.npy", [[1.0, 3.0]])

    assert first == Recipe(field=np.array([[1.0, 2.0]])).settings(window_matters=True)["field"] != second
    assert saved != Recipe(field="f.npy").settings(window_matters=True)["field"]
    assert pickle.loads(pickle.dumps(Recipe(field=[[1, 2]]))) == Recipe(field=[[1, 2]])


@pytest.mark.parametrize("name, matters", [("swift", False), ("nafnet", True), ("wiener", True), ("selfdeblur", False)])
def test_the_window_counts_where_results_depend_on_it(place, model, name, matters):
    """It does where windows are blended; not where they are the whole image, or the whole image is the window."""
    if name == "nafnet":
        save_weights("nafnet.safetensors", tiny_peer("nafnet"), {})
    chosen = {"swift": model, "nafnet": "nafnet.safetensors"}.get(name, name)

    windows = (None, 0) if name == "selfdeblur" else (None, 0, 64, 96)
    settings = [Restorer(chosen, window=window).settings() for window in windows]

    assert len({str(words) for words in settings}) == (4 if matters else 1)


@pytest.mark.parametrize("before", ["ensemble:", "selfdeblur:", "selfdeblur-small:"])
def test_a_file_behind_the_name_of_a_model_counts_by_its_content_too(place, before):
    Path("a.toml").write_text("steps = 5")
    first = Recipe(model=f"{before}a.toml").settings(window_matters=False)
    Path("a.toml").write_text("steps = 6")

    assert Recipe(model=f"{before}a.toml").settings(window_matters=False) != first


def test_a_file_counts_by_its_content(place):
    def settings(path):
        return Recipe(kernel=path).settings(window_matters=False)

    save_kernel("k.json", gaussian_kernel(1.0))
    first = settings("k.json")
    Path("elsewhere").mkdir()
    save_kernel("elsewhere/k.json", gaussian_kernel(1.0))
    save_kernel("k.json", gaussian_kernel(2.0))

    assert settings("elsewhere/k.json") == settings(Path("elsewhere/k.json")) == first
    assert settings("k.json") != first
