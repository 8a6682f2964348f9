"""A monitor in a file: it comes back as it was, and nothing else is taken for one."""

import json

import pytest

from pinsharp.blur.measured import DistanceScale
from pinsharp.errors import ConfigError
from pinsharp.monitor.monitor import start, take_all
from pinsharp.monitor.optics import Optics
from pinsharp.monitor.rules import Rules
from pinsharp.monitor.state import read_state, write_state
from watched import refused, widths


@pytest.fixture
def file(tmp_path):
    monitor = start(Rules(limit=1.8))
    take_all(monitor, [*widths(80, factor=lambda index: 1.0 + 0.5 * (index > 60)), refused(80)])
    path = tmp_path / "line1.state"
    write_state(path, monitor, "defaults", 7)
    return path, monitor


def test_it_comes_back_as_it_was(file):
    path, monitor = file

    assert read_state(path, start(Rules(limit=1.8)), "defaults") == (monitor, 7)
    assert monitor.alarms


def test_the_scale_of_a_profile_comes_back_with_its_growth(tmp_path):
    rules = Rules(optics=Optics(DistanceScale(3.0, 2.0, 4.0, "um", growth=0.01), down=0.2))
    monitor = start(rules)
    write_state(tmp_path / "line1.state", monitor, "defaults", 7)

    assert read_state(tmp_path / "line1.state", start(rules), "defaults") == (monitor, 7)


def test_limit_and_horizon_may_be_others(file):
    path, _ = file

    found, _ = read_state(path, start(Rules(limit=3.0, horizon=9)), "defaults")

    assert found.rules == Rules(limit=3.0, horizon=9)


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda data: data[: len(data) // 2], "got another or a damaged file; take it away"),
        (lambda data: b"", "got another or a damaged file"),
        (lambda data: b"\xff\xfe", "got another or a damaged file"),
        (lambda data: b"[" * 100_000, "got another or a damaged file"),
        (lambda data: data.replace(b'"good": 80', b'"good": 81'), "got a damaged one; take it away"),
        (lambda data: data.replace(b'"version": 1', b'"version": 2'), "of version 1, got 2"),
        (lambda data: b"{}", "expected a state of pinsharp monitor"),
    ],
)
def test_a_damaged_state_is_refused_with_what_to_do(file, spoil, message):
    path, _ = file
    data = spoil(path.read_bytes())
    assert data != path.read_bytes()
    path.write_bytes(data)

    with pytest.raises(ConfigError, match=message):
        read_state(path, start(Rules()), "defaults")


def test_a_state_of_other_rules_or_another_way_to_measure_is_refused(file):
    path, _ = file

    with pytest.raises(ConfigError, match="a state with --baseline 30, got one with --baseline 50; give the same"):
        read_state(path, start(Rules(learns=30)), "defaults")
    with pytest.raises(ConfigError, match=r"a state with --target 1\.5px, got one with no --target; give the same"):
        read_state(path, start(Rules(target=1.5)), "defaults")
    with pytest.raises(ConfigError, match="expected a state with the same --profile, got one with another"):
        read_state(path, start(Rules(optics=Optics(DistanceScale(3.0, 2.0, 4.0, "um")))), "defaults")
    with pytest.raises(ConfigError, match=r"measured as now \(light='srgb'\), got defaults"):
        read_state(path, start(Rules()), "light='srgb'")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="got Is a directory"):
        read_state(tmp_path, start(Rules()), "defaults")


def test_it_is_plain_json(file):
    assert json.loads(file[0].read_text())["monitor"]["counts"]["refused"] == {"no-texture": 1}
