"""What is said of widths over the levels of focus series: the interval is the one that `pinsharp kernel` prints."""

import math
from dataclasses import replace

import pytest

from pinsharp.bench.engine.methods import BLURRED
from pinsharp.bench.real.records import LevelFigures, SeriesRecords
from pinsharp.bench.real.summary import summary_table, width_table

RELATIVE_STD = 0.1


@pytest.mark.parametrize("deviations, share", [(-1.8, 0.0), (-1.6, 1.0), (0.0, 1.0), (1.6, 1.0), (1.8, 0.0)])
def test_a_width_is_covered_by_the_interval_of_ninety_per_cent(deviations, share):
    found = 2 * math.exp(deviations * RELATIVE_STD)
    taken = LevelFigures(
        *(BLURRED, 0, 1.0, "1.png", "sha"),
        mse=1e-3,
        psnr=30.0,
        fitted_sigma=2.0,
        sigma=found,
        sigma_relative_std=RELATIVE_STD,
    )
    restored = replace(taken, row="net", passes=1, used_sigma=found, used_relative_std=RELATIVE_STD)
    records = SeriesRecords({"set": "made", "run": "one", "reference": "0"}, {}, [taken, restored])

    for table in (summary_table(records), width_table(records)):
        assert table.groups[0].rows[0]["share_covered"] == share
