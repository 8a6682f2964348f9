"""Settings of the detector: read from TOML, refused in one sentence."""

import pytest

from pinsharp.detect.settings import DetectorSettings, load_settings
from pinsharp.errors import ConfigError


def test_an_empty_file_means_the_defaults(tmp_path):
    (tmp_path / "s.toml").write_text("")

    assert load_settings(tmp_path / "s.toml") == load_settings(None) == DetectorSettings()


def test_what_a_file_says_replaces_defaults(tmp_path):
    (tmp_path / "s.toml").write_text("threshold = 6  # a whole number is a number\nminimum_per_pin = 8\n")

    assert load_settings(tmp_path / "s.toml") == DetectorSettings(threshold=6.0, minimum_per_pin=8)


@pytest.mark.parametrize(
    "text, reason",
    [
        ("treshold = 6", r"s\.toml: unknown setting treshold; known ones: diameter, direction_deg, threshold"),
        ("minimum_per_pin = 5.5", r"s\.toml: minimum_per_pin must be a whole number, got 5\.5"),
        ("minimum_per_pin = true", r"must be a whole number, got True"),
        ("threshold = '6'", r"threshold must be a number, got '6'"),
        ("threshold = -1", r"s\.toml: threshold must be from 0 to 1000, got -1"),
        ("diameter = 0", r"diameter must be from 1 to 200, got 0"),
        ("threshold = nan", r"threshold must be from 0 to 1000, got nan"),
        ("direction_deg = inf", r"direction_deg must be an angle in degrees, got inf"),
        ("threshold 6", r"expected TOML, got .*; write lines such as threshold = 6\.0"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, text, reason):
    (tmp_path / "s.toml").write_text(text)

    with pytest.raises(ConfigError, match=reason):
        load_settings(tmp_path / "s.toml")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="expected a settings file, got No such file"):
        load_settings(tmp_path / "s.toml")
