"""`pinsharp detect`: verdicts in words and in JSON, tables that can be read again, and failures that stop nobody."""

import json

import numpy as np
import pytest

from pinsharp.detect.tables import read_particles, read_pins
from pinsharp.images.files import read_image, write_image
from tiny_panels import levels, pin_middle, tiny_panel

ON_FIRST = [(pin_middle(0), 15.0 + 20 * number) for number in range(5)]
CENTRES = [*ON_FIRST, (pin_middle(1), 60.0)]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def panel(place):
    """Write a panel of two pins, five particles on the first and one on the second."""

    def write(name="a.png", dtype="uint8"):
        (place / name).parent.mkdir(exist_ok=True)
        write_image(place / name, levels(tiny_panel(*CENTRES, pins=2), dtype))

    return write


def test_people_get_the_verdict(cli, panel):
    panel()

    shown = cli("detect", "a.png")

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == "a.png: 6 particles on 2 pins; 1 fails, with fewer than 5: 2 (1)\n"


def test_without_a_folder_nothing_is_written(cli, panel, place, contents):
    panel()
    before = contents(place)

    cli("detect", "a.png")

    assert contents(place) == before


@pytest.mark.parametrize("dtype, name", [("uint8", "a.png"), ("uint16", "a.png"), ("float32", "a.tif")])
def test_tables_document_and_picture_agree(cli, panel, place, dtype, name):
    panel(name, dtype)

    assert cli("detect", name, "-o", "out").code == 0

    said = json.loads((place / "out/a.found.json").read_text())
    particles, pins = read_particles("out/a.found.csv"), read_pins("out/a.found-pins.csv")
    assert sorted(path.name for path in (place / "out").iterdir()) == [
        "a.found-pins.csv",
        "a.found.csv",
        "a.found.json",
        "a.found.png",
    ]
    assert [(each["row"], each["column"], each["pin"]) for each in said["particles"]] == [
        (particle.row, particle.column, particle.pin) for particle in particles
    ]
    assert [(pin["number"], pin["top"], pin["count"], pin["passed"]) for pin in said["pins"]] == [
        (pins[0].number, pins[0].top, 5, True),
        (pins[1].number, pins[1].top, 1, False),
    ]
    assert (said["failed_pins"], said["settings"]["minimum_per_pin"]) == ([2], 5)
    assert read_image("out/a.found.png").pixels.shape[2:] == (3,)


def test_json_is_one_object_a_line(cli, panel):
    panel("in/a.png")
    panel("in/b.png")

    shown = cli("detect", "in", "-o", "out", "--json")

    first, second = (json.loads(line) for line in shown.out.splitlines())
    assert (first["input"], second["input"]) == ("in/a.png", "in/b.png")
    assert (first["output"], first["particles"], first["failed_pins"]) == ("out/a.found.json", 6, [2])
    assert [pin["count"] for pin in second["pins"]] == [5, 1]


def test_the_pins_that_were_found_can_be_given_again(cli, panel, place):
    panel()
    cli("detect", "a.png", "-o", "out")

    cli("detect", "a.png", "-o", "again", "--pins", "out/a.found-pins.csv")

    assert (place / "again/a.found.csv").read_text() == (place / "out/a.found.csv").read_text()


def test_settings_decide(cli, panel, place):
    panel()
    (place / "s.toml").write_text("minimum_per_pin = 1\n")

    assert cli("detect", "a.png", "--settings", "s.toml").out.endswith("on 2 pins; all pass\n")


def test_an_image_without_pins_is_said_to_have_none(cli, place):
    write_image(place / "a.png", np.full((40, 60), 90, np.uint8))

    shown = cli("detect", "a.png", "-o", "out")

    assert (shown.code, shown.out) == (0, "a.png: 0 particles; no pins in the image, nothing to judge\n")
    assert read_pins("out/a.found-pins.csv") == ()


@pytest.mark.parametrize("words", [["detect", "a.png", "--json"], ["detect", "--json", "a.png"]])
def test_the_command_for_images_need_not_be_named(cli, panel, words):
    panel()

    assert cli(*words).out == cli("detect", "images", "a.png", "--json").out


def test_the_group_names_its_commands(cli):
    shown = cli("detect", "--help")

    assert shown.code == 0
    assert all(f" {name} " in shown.out for name in ("images", "report", "simulate"))
    assert "--pins" in cli("detect", "images", "--help").out


def test_older_results_need_overwrite(cli, panel, place, contents):
    panel()
    cli("detect", "a.png", "-o", "out")
    before = contents(place)

    refused = cli("detect", "a.png", "-o", "out")

    assert refused.code == 2
    assert "out/a.found.csv (and 3 more): expected a new name, got an existing file" in refused.err
    assert contents(place) == before
    assert cli("detect", "a.png", "-o", "out", "--overwrite").code == 0


def test_an_input_is_never_replaced(cli, panel, place, contents):
    panel("a.png")
    panel("a.found.png")
    before = contents(place)

    shown = cli("detect", "a.png", "a.found.png", "-o", ".", "--overwrite")

    assert shown.code == 2
    assert "got the input itself" in shown.err
    assert contents(place) == before


def test_two_images_of_one_name_are_refused(cli, panel, place):
    panel("a.png")
    panel("a.tif")

    shown = cli("detect", "a.png", "a.tif", "-o", "out")

    assert shown.code == 2
    assert "out/a.found.json: expected one result of this name, got two, from a.png and a.tif" in shown.err
    assert not (place / "out").exists()


def test_one_bad_image_among_several_stops_nobody(cli, panel, place):
    panel("a.png")
    (place / "b.png").write_text("no image")
    write_image(place / "c.png", np.full((3, 2), 90, np.uint8))

    shown = cli("detect", "a.png", "b.png", "c.png", "-o", "out")

    assert shown.code == 1
    assert "b.png: expected a PNG" in shown.err
    assert "1 of 3 images failed" in shown.err
    assert (place / "out/c.found.png").exists()
    assert not (place / "out/b.found.csv").exists()


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["nowhere.png"], "nowhere.png: expected an image file, a folder or a pattern"),
        (["bad.png"], "bad.png: expected a PNG"),
        (["nan.tif"], "nan.tif: expected finite values"),
        (["a.png", "--settings", "s.toml"], "s.toml: unknown setting treshold"),
        (["a.png", "--settings", "none.toml"], "none.toml: expected a settings file"),
        (["a.png", "--pins", "s.toml"], "s.toml, line 1: expected the header number,top,left,bottom,right"),
        (["a.png", "--pins", "far.csv"], "a.png: expected pins inside the image of 46 rows"),
        (["a.png", "-o", "s.toml"], "s.toml: expected a folder for the results, got a file"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(cli, panel, place, contents, arguments, reason):
    import tifffile

    panel()
    (place / "bad.png").write_text("no image")
    tifffile.imwrite(place / "nan.tif", np.full((40, 40), np.nan, np.float32))
    (place / "s.toml").write_text("treshold = 3\n")
    (place / "far.csv").write_text("number,top,left,bottom,right\n1,500,0,510,20\n")
    before = contents(place)

    shown = cli("detect", *arguments, *([] if "-o" in arguments else ["-o", "out"]))

    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("pinsharp: error: ")
    assert reason in shown.err
    assert len(shown.err.splitlines()) == 1
    assert contents(place) == before
