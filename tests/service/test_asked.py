"""Options of clients: every key is checked, and none ever names a file of the server's."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import OPTIONS, Recipe
from pinsharp.service.accept import preferred, wanted
from pinsharp.service.asked import FILES, KINDS, ask, known_options, profile_names
from pinsharp.service.problems import Refused

PATHS = [
    "/etc/passwd",
    "../secret.npy",
    "kernel.npy",
    "C:\\x.npy",
    "~/.ssh/id",
    "file:///x",
    "a\0b",
    "selfdeblur:x.toml",
]
JSON = st.one_of(
    st.sampled_from([None, True, False, [], {}, [1], {"a": 1}, "auto", "off", "joint", 1, 2.0]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", [*FILES, "model"])
def test_no_option_names_a_file(name, path):
    with pytest.raises(ConfigError):
        ask("restore", json.dumps({name: path}), {}, None)


def test_every_option_of_a_recipe_is_taken_or_refused_with_its_reason():
    refused = {name: refusal("restore", {name: getattr(Recipe, name)}) for name in OPTIONS}

    assert {name for name, words in refused.items() if words.endswith("leave it out")} == {
        "device",
        "precision",
        "runtime",
    }
    assert {name for name, words in refused.items() if "send it as the part" in words} == {"mask", "reference"}
    assert sum(not words for words in refused.values()) == len(OPTIONS) - 5


@given(kind=st.sampled_from(KINDS), values=st.dictionaries(st.sampled_from([*OPTIONS, "steps", "settings"]), JSON))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whatever_is_asked_is_understood_or_refused_in_a_sentence(kind, values):
    words = refusal(kind, values)

    assert len(words) < 1000
    if not words:
        asked = ask(kind, json.dumps(values), {}, None)
        assert {**asked.options, **asked.further} == {name: v for name, v in values.items() if name != "profile"}
        assert all(type(value) in known_options(kind)[name] for name, value in values.items())


def refusal(kind, values):
    """What is said of options; empty if they are understood."""
    try:
        ask(kind, json.dumps(values), {}, None)
    except ConfigError as error:
        return str(error)
    return ""


@given(st.text())
def test_options_are_a_json_object(text):
    try:
        is_object = isinstance(json.loads(text), dict)
    except ValueError:
        is_object = not text.strip()
    if not is_object:
        with pytest.raises(ConfigError, match="expected"):
            ask("restore", text, {}, None)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('{"iterations": 1, "iterations": 2}', "every option once"),
        ('{"iterations": true}', "iterations must be a whole number, got True"),
        ('{"iterations": 1e2}', "iterations must be a whole number, got 100.0"),
        ('{"iterations": 21}', "at most 20"),
        ('{"light": NaN}', "finite numbers, got NaN"),
        ('{"window": 99999999999}', "at most 2,147,483,647"),
        ("[" * 100_000, "too deep a nesting"),
        ('{"kernl": 1}', "unknown option 'kernl'; did you mean 'kernel'"),
        ('{"runtime": "onnx"}', "decided where the service is started"),
        ('{"model": "ensemble:ensemble:swift"}', "/v1/models lists"),
        ('{"model": "selfdeblur-small:5"}', "too slow for a service"),
        ('{"profile": "left"}', "this service has none"),
        ('{"window": ' + "9" * 5000 + "}", "expected"),
    ],
)
def test_a_slip_is_told_in_a_sentence(text, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        ask("restore", text, {}, None)


def test_an_option_comes_once_as_a_word_or_as_a_part():
    with pytest.raises(ConfigError, match="kernel once"):
        ask("restore", '{"kernel": "disk:2"}', {"kernel": []}, None)


def test_profiles_are_called_by_name_and_never_by_path(tmp_path):
    folder = tmp_path / "cameras"
    folder.mkdir()
    (folder / "left.json").write_text("{}")
    (tmp_path / "secret.json").write_text("{}")

    asked = ask("measure", '{"profile": "left"}', {}, folder)

    assert asked.profile == folder / "left.json"
    assert ask("measure", '{"profile": "left.json"}', {}, folder).profile == folder / "left.json"
    assert profile_names(folder) == ["left"]
    for name in ("../secret", str(tmp_path / "secret"), "", ".", "left/../left"):
        with pytest.raises(ConfigError, match="known ones: left"):
            ask("measure", json.dumps({"profile": name}), {}, folder)


@pytest.mark.parametrize(
    "accept, form, suffix",
    [
        (None, "image", ".pgm"),
        ("", "image", ".pgm"),
        ("*/*", "image", ".pgm"),
        ("image/*;q=0.5, application/json", "json", ".pgm"),
        ("image/png", "image", ".png"),
        ("IMAGE/TIFF", "image", ".tif"),
        ("image/x-portable-anymap", "image", ".pgm"),
        ("image/png;q=0, application/json;q=0.1", "json", ".pgm"),
        ("multipart/mixed", "both", ".pgm"),
    ],
)
def test_accept_decides(accept, form, suffix):
    found = wanted(accept, ".pgm")

    assert (found.form, found.suffix) == (form, suffix)


@pytest.mark.parametrize("accept", ["text/html", "image/gif", ";;q=,", "image/png;q=x", "image/png;q=0"])
def test_what_is_not_made_is_refused(accept):
    with pytest.raises(Refused, match="expected an Accept of"):
        wanted(accept, ".png")


@given(st.text())
def test_any_accept_is_read(text):
    assert all(isinstance(media, str) for media in preferred(text))


def test_the_state_folder_is_never_needed_to_ask():
    assert ask("restore", "", {}, Path("/nowhere")).options == {}
