"""`pinsharp detect report`: one page and the same figures as JSON; whatever does not belong together is one line."""

import json

import numpy as np
import pytest

from pages import Page
from pinsharp.detect.matching import TOLERANCE
from pinsharp.detect.panel import PanelSettings
from pinsharp.detect.simulate import CameraSettings, expose, simulate_panel
from pinsharp.detect.tables import Particle, Pin, write_particles, write_pins
from pinsharp.images.files import write_image

SMALL = PanelSettings(pins=4, pin_length_um=140, lead_um=20, trace_um=20)


@pytest.fixture
def panels(tmp_path):
    """Two panels in focus and out of it, with their tables."""
    from pinsharp.blur.kernel_names import parse_kernel

    for seed in (1, 2):
        panel = simulate_panel(SMALL, seed)
        for folder, kernel in (("before", parse_kernel("gaussian:2")), ("after", None)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_image(tmp_path / folder / f"p{seed}.png", expose(panel, CameraSettings(), seed, kernel))
        (tmp_path / "tables").mkdir(exist_ok=True)
        write_particles(tmp_path / "tables" / f"p{seed}.particles.csv", panel.particles)
        write_pins(tmp_path / "tables" / f"p{seed}.pins.csv", panel.pins)
    return tmp_path


def one(panels):
    """Arguments for the first panel alone."""
    tables = panels / "tables"
    options = ["--truth", tables / "p1.particles.csv", "--pins", tables / "p1.pins.csv", "-o", panels / "out.html"]
    return ["detect", "report", panels / "before" / "p1.png", panels / "after" / "p1.png", *options]


def test_a_page_is_written_and_the_figures_said(cli, panels, contents):
    inputs = {name: digest for name, digest in contents(panels).items() if not name.endswith("html")}

    result = cli(*one(panels))

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("detections ")
    assert "pins that change their verdict" in result.out
    assert f"wrote {panels / 'out.html'}" in result.out
    assert "Against the truth" in Page((panels / "out.html").read_text(encoding="utf-8")).text
    assert {name: digest for name, digest in contents(panels).items() if not name.endswith("html")} == inputs


def test_focus_finds_particles_again(cli, panels):
    document = json.loads(cli(*one(panels), "--json").out)

    scores = document["scores"]
    assert scores["after"]["f1"] > 0.6
    assert scores["after"]["f1"] > scores["before"]["f1"] + 0.2
    assert document["pins_judged_wrongly"]["after"] <= document["pins_judged_wrongly"]["before"]


def test_json_holds_the_figures_of_the_page(cli, panels):
    document = json.loads(cli(*one(panels), "--json").out)

    words = Page((panels / "out.html").read_text(encoding="utf-8")).text
    [image] = document["images"]
    before, after = (document["scores"][side]["f1"] for side in ("before", "after"))
    assert f"{image['before']} → {image['after']} detections" in words
    assert f"{document['in_both']} in both {document['new']} new" in words
    assert f"{before:.3f} → {after:.3f} F1" in words
    assert len(image["new"]) == document["new"]
    assert len(image["pins"]) == 4
    assert document["report"] == str(panels / "out.html")


def test_folders_are_compared_name_by_name(cli, panels):
    tables = panels / "tables"
    out = panels / "new" / "out.html"

    result = cli(
        *("detect", "report", panels / "before", panels / "after", "--truth", tables, "--pins", tables),
        *("-o", out, "--json"),
    )

    document = json.loads(result.out)
    assert [image["image"] for image in document["images"]] == ["p1.png", "p2.png"]
    assert sum(image["after"] for image in document["images"]) == document["in_both"] + document["new"]
    assert "p2.png" in Page(out.read_text(encoding="utf-8")).text


def test_settings_and_tolerance_hold_for_both_sides(cli, panels):
    (panels / "deaf.toml").write_text("threshold = 900.0\n")

    document = json.loads(cli(*one(panels), "--settings", panels / "deaf.toml", "--tolerance", "1.5", "--json").out)

    assert (document["images"][0]["before"], document["images"][0]["after"]) == (0, 0)
    assert document["tolerance_px"] == 1.5
    assert "threshold 900" in Page((panels / "out.html").read_text(encoding="utf-8")).text


def test_the_tolerance_of_the_help_is_that_of_the_matching(cli, panels):
    assert json.loads(cli(*one(panels), "--json").out)["tolerance_px"] == TOLERANCE


def refused(cli, contents, panels, *arguments):
    """Call it, and say in which one line it was refused, if nothing was written."""
    before = contents(panels)
    result = cli("detect", "report", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert contents(panels) == before
    return result.err


@pytest.mark.parametrize(
    "before, after, options, sentence",
    [
        ("before/p1.png", "none.png", [], "none.png: expected an image file or a folder, got no such file"),
        ("before/p1.png", "tables/p1.pins.csv", [], "expected a name that ends in .png"),
        ("before/p1.png", "small.png", [], "small.png: expected two images of one shape, got 90 x 180"),
        ("before/p1.png", "broken.png", [], "broken.png: expected"),
        ("before", "after/p1.png", [], "p1.png: expected a folder as"),
        ("before", "fewer", [], "p2.png: expected an image of this name in"),
        ("empty", "empty", [], "expected a folder with images"),
        ("before/p1.png", "after/p1.png", ["--truth", "none.csv"], "none.csv: expected a table that can be read"),
        ("before/p1.png", "after/p1.png", ["--truth", "tables"], "expected a table for one image, got a folder"),
        ("before/p1.png", "after/p1.png", ["--truth", "tables/p1.pins.csv"], "expected the header row,column"),
        ("before/p1.png", "after/p1.png", ["--truth", "far.csv"], "is it the table of another image?"),
        ("before/p1.png", "after/p1.png", ["--pins", "far_pins.csv"], "are these another image's pins?"),
        ("before", "after", ["--truth", "fewer"], "p1.particles.csv: expected the table of p1.png, got no such file"),
        ("before", "after", ["--pins", "far.csv"], "far.csv: expected a folder of tables"),
        ("before/p1.png", "after/p1.png", ["--settings", "none.toml"], "none.toml: expected a settings file"),
        ("before/p1.png", "after/p1.png", ["--tolerance", "-1"], "a distance in pixels, 0 or more, got -1"),
        ("before/p1.png", "after/p1.png", ["--tolerance", "nan"], "a distance in pixels, 0 or more, got nan"),
    ],
)
def test_what_does_not_belong_together_is_one_line(
    cli, panels, contents, monkeypatch, before, after, options, sentence
):
    monkeypatch.chdir(panels)
    write_image("small.png", np.zeros((20, 30), np.uint8))
    (panels / "broken.png").write_bytes(b"no image")
    (panels / "fewer").mkdir()
    (panels / "fewer" / "p1.png").write_bytes((panels / "after" / "p1.png").read_bytes())
    (panels / "empty").mkdir()
    write_pins("far_pins.csv", [Pin(1, 5000, 0, 5010, 50)])
    write_particles("far.csv", [Particle(5000.0, 5.0, 6.0, 0.2, None)])

    assert sentence in refused(cli, contents, panels, before, after, "-o", "out.html", *options)


@pytest.mark.parametrize(
    "out, sentence",
    [
        ("out.png", "expected a name that ends in .html, got '.png'"),
        ("old.html", "expected a new name, got an existing file; --overwrite replaces it"),
        ("folder.html", "expected a file to write, got a folder"),
    ],
)
def test_a_page_that_may_not_be_written_is_refused_before_the_work(cli, panels, contents, monkeypatch, out, sentence):
    monkeypatch.chdir(panels)
    (panels / "old.html").write_text("precious")
    (panels / "folder.html").mkdir()

    assert sentence in refused(cli, contents, panels, "before/p1.png", "after/p1.png", "-o", out)


def test_an_older_page_is_replaced_when_it_may_be(cli, panels):
    (panels / "out.html").write_text("old")

    assert cli(*one(panels), "--overwrite").code == 0
    assert (panels / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
