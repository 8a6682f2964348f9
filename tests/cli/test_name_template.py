"""Results are named by a template: other names, other formats, and no two of one name."""

from pathlib import Path

import pytest

from pinsharp.cli.outputs import templated
from pinsharp.errors import ConfigError


@pytest.mark.parametrize(
    "template, name",
    [
        (None, "a.b.png"),
        ("{stem}-sharp{suffix}", "a.b-sharp.png"),
        ("{stem}.tif", "a.b.tif"),
        ("{folder}-{stem}{suffix}", "in-a.b.png"),
        ("x.PNG", "x.PNG"),
    ],
)
def test_a_template_makes_a_name(template, name):
    assert templated(template, Path("in/a.b.png")) == name


@pytest.mark.parametrize(
    "template",
    ["{name}", "{stem", "{0}", "{stem.real}{x}", "{stem}", "{stem}.xyz", "../{stem}{suffix}", "a/{stem}.png", ""],
)
def test_what_makes_none_is_refused(template):
    with pytest.raises(ConfigError, match="--name-template must"):
        templated(template, Path("in/a.png"))


def test_results_take_these_names_and_formats(cli, model, photo, tmp_path):
    photo("in/a.png")
    photo("in/b.webp")
    options = ("--model", model, "--name-template", "{stem}-sharp.tif")

    shown = cli("restore", tmp_path / "in", "-o", tmp_path / "out", *options)

    assert shown.code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["a-sharp.tif", "b-sharp.tif"]


@pytest.mark.parametrize(
    "out, template, reason",
    [("out", "one.tif", "one result of this name, got two"), ("out/x.tif", "{stem}.tif", "needs a folder")],
)
def test_two_results_of_one_name_and_a_named_file_are_refused(cli, model, photo, tmp_path, out, template, reason):
    inputs = [photo("in/a.png"), photo("in/b.png")][: 1 if out.endswith(".tif") else 2]

    shown = cli("restore", *inputs, "-o", tmp_path / out, "--model", model, "--name-template", template)

    assert shown.code == 2
    assert reason in shown.err
