"""The script that simulates runs of a monitor."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import monitor_runs


@pytest.fixture(scope="module")
def several():
    return monitor_runs.lines(monitor_runs.TABLE)


def test_the_table_has_cameras_of_every_class(several):
    scatters = [line.scatter for line in several]

    for low, high in monitor_runs.CLASSES:
        assert sum(low <= one < high for one in scatters) >= 5


@pytest.mark.parametrize("likeness", [0.0, 0.6])
def test_widths_scatter_as_in_the_table_and_neighbours_are_alike(several, likeness):
    line = several[0]
    images = monitor_runs.series(line, 1500, likeness, np.random.default_rng(0))
    widths = np.log([image.width for image in images if image.is_good])

    assert np.median(widths) == pytest.approx(np.log(line.width), abs=line.scatter)
    assert widths.std() == pytest.approx(line.scatter, rel=0.35)
    assert np.corrcoef(widths[:-1], widths[1:])[0, 1] == pytest.approx(0.8 * likeness, abs=0.15)


def test_a_large_step_is_found_soon_and_no_change_is_not(several):
    rng = np.random.default_rng(0)

    assert monitor_runs.delay_of(several[0], monitor_runs.step(0.5), rng) < 10
    assert monitor_runs.false_alarms(several[:1], 0.0, 300, seed=0).total() == 0
