"""The study of a loaded service sees what it is there to see."""

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import service_load


def seen(**changes):
    """What clients saw of a service in which all is well, but for some changes."""
    well = service_load.Seen(
        answers=Counter({("restore", 200): 200, ("restore", 503): 3, ("cut off", 0): 2, ("oversize", 413): 1}),
        seconds=[1.0 + number / 100 for number in range(200)],
        memory=[(30, 9), (61, 100), (90, 104)],
    )
    for name, value in changes.items():
        setattr(well, name, value)
    return well


def test_nothing_is_found_where_all_is_well():
    assert service_load.judge(seen(), Counter(done=3)) == []


@pytest.mark.parametrize(
    "changes, states, fault",
    [
        ({"answers": Counter({("restore", 500): 1})}, {}, "restore: status 500 1 times"),
        ({"answers": Counter({("slow", 0): 2})}, {}, "slow: status 0 2 times"),
        ({"answers": Counter({("nonsense", 200): 1})}, {}, "nonsense: status 200 1 times"),
        ({"seconds": [1.0] * 95 + [3.5] * 5}, {}, "the slowest hundredth takes 3.50 times the median"),
        ({"memory": [(61, 100), (99, 106)]}, {}, "memory grew to 1.060 of that after a minute"),
        ({}, {"failed": 1}, "jobs ended otherwise: {'failed': 1}"),
    ],
)
def test_what_does_not_hold_is_said(changes, states, fault):
    assert service_load.judge(seen(**changes), Counter(states)) == [fault]
