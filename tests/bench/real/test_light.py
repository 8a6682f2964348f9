"""The light of focus series: what all files of each state, or what was asked for; older records have one too."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pinsharp.bench.engine.methods import BLURRED
from pinsharp.bench.real.plots import draw_gains
from pinsharp.bench.real.records import LevelFigures, SeriesRecords, light_of
from pinsharp.bench.real.series import find_all_series, find_series, series_light
from pinsharp.bench.real.sheet import draw_worst
from pinsharp.bench.real.summary import summary_table, width_table
from pinsharp.bench.real.tables import real_table
from pinsharp.errors import ConfigError

PIXELS = np.full((40, 40), 99, np.uint8)


@pytest.fixture
def series(tmp_path):
    def write(*names, folder="one"):
        (tmp_path / folder).mkdir()
        for name in names:
            Image.fromarray(PIXELS).save(tmp_path / folder / name)
        return find_series(tmp_path / folder)

    return write


@pytest.mark.parametrize("names, light", [(("0.png", "1.png"), "linear"), (("0.jpg", "1.jpg"), "srgb")])
def test_auto_is_what_the_files_state(series, names, light):
    levels = series(*names)

    assert series_light(levels, "auto") == light
    assert series_light(levels, "1.8") == "1.8"


def test_levels_of_two_lights_are_refused_unless_one_is_asked_for(series, tmp_path):
    levels = series("0.jpg", "1.png")

    for parent in (tmp_path, tmp_path / "one"):  # never left out in silence
        with pytest.raises(ConfigError, match=r"one: .*got srgb of 0\.jpg, linear of 1\.png; say --light linear"):
            find_all_series([parent])
    assert series_light(levels, "linear") == "linear"


def test_a_level_that_cannot_be_read_has_no_say(series, tmp_path):
    levels = series("0.jpg", "1.png")
    (tmp_path / "one" / "1.png").write_bytes(b"")

    assert series_light(levels, "auto") == "srgb"


@pytest.mark.parametrize("asked, lights", [("auto", ["linear", "srgb"]), ("2.2", ["2.2", "2.2"])])
def test_each_series_has_a_light_of_its_own(series, tmp_path, asked, lights):
    series("0.png", "1.png", folder="camera")
    series("0.jpg", "1.jpg", folder="photos")

    assert [each.light for each in find_all_series([tmp_path], light=asked)[0]] == lights


def figures(series, **options):
    taken = LevelFigures(BLURRED, 0, 1.0, "1.png", "sha", mse=1e-3, psnr=30.0, series=series, **options)
    return [taken, replace(taken, row="net", passes=1, psnr=31.0)]


@pytest.mark.parametrize(
    "said, light",
    [({}, "linear"), ({"gamma": True}, "srgb"), ({"light": "2.2"}, "2.2"), ({"light": "linear"}, "linear")],
)
def test_records_of_one_series_say_their_light_in_tables_and_pictures(said, light, tmp_path):
    about = {"set": "made", "run": "one", "reference": "0", "detail": [0, 0, 8, 8], **said}
    records = SeriesRecords(about, {}, figures(""))

    assert light_of(records, "") == light
    for table in (real_table(records), summary_table(records)):
        assert any(note.startswith(f"Light: {light},") for note in table.notes)
    name = "made" if light == "linear" else f"made, light {light}"
    assert draw_gains(records).axes[0].get_title(loc="left").startswith(f"{name} (")
    label = draw_worst(records, tmp_path).axes[0].get_ylabel()
    assert label == ("made 1" if light == "linear" else f"made 1\nlight {light}")


def test_several_series_are_told_with_a_light_each():
    said = {"reference": "0", "detail": {"top": 0, "left": 0, "height": 8, "width": 8}}
    series = {"a": {**said, "light": "linear"}, "b": {**said, "light": "srgb"}, "c": {**said, "light": "linear"}}
    about = {"set": "a, b, c", "run": "one", "light": "auto", "series": series}
    records = SeriesRecords(about, {}, [each for name in series for each in figures(name)])

    words = "Light: linear, values as they are (a, c); srgb, decoded and encoded again (b)."
    assert words in real_table(records).notes
    assert words in summary_table(records).notes
    assert [row["light"] for row in width_table(records).groups[0].rows] == ["linear", "srgb", "linear"]
    assert {row["series"]: row["light"] for row in real_table(records).groups[0].rows}["b"] == "srgb"
