"""The light of a focus series: the one that all its files state, or that was asked for; older records have one too."""

import numpy as np
import pytest
from PIL import Image

from pinsharp.bench.real.plots import draw_curves
from pinsharp.bench.real.records import SeriesRecords, light_of
from pinsharp.bench.real.series import find_series, series_light
from pinsharp.bench.real.tables import real_table
from pinsharp.errors import ConfigError

PIXELS = np.full((40, 40), 99, np.uint8)


@pytest.fixture
def series(tmp_path):
    def write(*names):
        for name in names:
            Image.fromarray(PIXELS).save(tmp_path / name)
        return find_series(tmp_path)

    return write


@pytest.mark.parametrize("names, light", [(("0.png", "1.png"), "linear"), (("0.jpg", "1.jpg"), "srgb")])
def test_auto_is_what_the_files_state(series, names, light):
    levels = series(*names)

    assert series_light(levels, "auto") == light
    assert series_light(levels, "1.8") == "1.8"


def test_levels_of_two_lights_are_refused_unless_one_is_asked_for(series):
    levels = series("0.jpg", "1.png")

    with pytest.raises(ConfigError, match=r"got srgb of 0\.jpg, linear of 1\.png; say --light linear"):
        series_light(levels, "auto")
    assert series_light(levels, "linear") == "linear"


def test_a_level_that_cannot_be_read_has_no_say(series, tmp_path):
    levels = series("0.jpg", "1.png")
    (tmp_path / "1.png").write_bytes(b"")

    assert series_light(levels, "auto") == "srgb"


@pytest.mark.parametrize(
    "said, light",
    [({}, "linear"), ({"gamma": True}, "srgb"), ({"light": "2.2"}, "2.2"), ({"light": "linear"}, "linear")],
)
def test_tables_and_pictures_tell_the_light_of_old_and_new_records(said, light):
    about = {"set": "made", "run": "one", "reference": "0", "detail": [0, 0, 8, 8], **said}
    records = SeriesRecords(about, {}, [])

    table, title = real_table(records), draw_curves(records).get_suptitle()

    assert light_of(about) == light
    assert any(note.startswith(f"Light: {light},") for note in table.notes)
    assert title == ("made" if light == "linear" else f"made, light {light}")
