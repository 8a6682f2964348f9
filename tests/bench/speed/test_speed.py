"""Speed: every setting is timed, its figures belong together, what fails says why, and nothing is left changed."""

import time
from statistics import median

import pytest
import torch

from fake_methods import CALLS, Brighter, load_fake
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.show.typeset import markdown
from pinsharp.bench.speed.records import Timing
from pinsharp.bench.speed.rows import plain_rows
from pinsharp.bench.speed.study import Speed, timed_pair
from pinsharp.bench.speed.tables import quality_table, speed_table
from pinsharp.errors import ConfigError
from tiny_records import failed, measured, write_records


class Sleeping(Brighter):
    """Takes at least 20 ms; the first call takes longer."""

    calls = 0

    def __call__(self, image, kernel=None):
        type(self).calls += 1
        time.sleep(0.2 if self.calls == 1 else 0.02)
        return super().__call__(image)


def timings(names, *, fakes=(), **options):
    """Time methods, some of which are fakes of these names."""

    def load(name, **settings):
        return dict(fakes)[name]() if name in dict(fakes) else load_fake(name)

    return measure(plan_of(Speed(plain_rows(names, precision="auto", device="cpu"), load=load, **options)))


def test_every_method_is_timed_at_every_size_and_number_of_threads():
    done = list(timings(["blurred", "brighter"], megapixels=(0.01, 0.03), threads=(1, 2), repeats=2))

    assert [(each.row, each.threads) for each in done] == [
        (name, threads) for _ in range(2) for threads in (1, 2) for name in ("blurred", "brighter")
    ]
    for each, size in zip(done, [0.01] * 4 + [0.03] * 4, strict=True):
        assert each.megapixels == each.height * each.width / 1e6 == pytest.approx(size, rel=0.25)
        assert each.megapixels_per_second == pytest.approx(each.megapixels / each.seconds)
        assert each.reason is None


def test_the_warm_up_does_not_count():
    (timing,) = timings(["sleeping"], fakes={"sleeping": Sleeping}, megapixels=[0.01], repeats=3)

    assert 0.02 <= timing.seconds < 0.15
    assert Sleeping.calls == 2 + 3


def test_a_method_is_timed_with_its_number_of_threads_which_is_put_back():
    before, seen = torch.get_num_threads(), set()

    class Counting(Brighter):
        def __call__(self, image, kernel=None):
            seen.add(torch.get_num_threads())
            return super().__call__(image)

    timed = timings(["counting"], fakes={"counting": Counting}, megapixels=[0.01], threads=[before + 1], repeats=1)
    next(timed)

    assert seen == {before + 1}
    assert torch.get_num_threads() == before


def test_a_method_that_fails_says_why_and_stops_nobody_else():
    class Broken(Brighter):
        def __call__(self, image, kernel=None):
            raise RuntimeError("not enough\nmemory")

    broken, fine = timings(["broken", "brighter"], fakes={"broken": Broken}, megapixels=[0.01], repeats=1)

    assert (broken.seconds, broken.megapixels_per_second) == (None, None)
    assert broken.reason == "RuntimeError: not enough memory"
    assert fine.seconds > 0
    assert "broken at 0.01 MP failed: RuntimeError: not enough memory" in markdown(speed_table([broken, fine]))


def test_the_timed_image_is_the_same_each_time_four_to_three_and_textured():
    one, two = (timed_pair(0.05) for _ in range(2))

    assert torch.equal(one.blurred, two.blurred)
    height, width = one.sharp.shape[-2:]
    assert (height % 16, width % 16) == (0, 0)
    assert width / height == pytest.approx(4 / 3, rel=0.1)
    assert 0 <= one.sharp.min() < one.sharp.max() <= 1
    assert (one.sharp - one.blurred).std() > 0.01


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"megapixels": [0.0]}, "above 0 and up to 1000 megapixels, got 0"),
        ({"megapixels": [float("nan")]}, "got nan"),
        ({"threads": [0]}, "at least 1 thread, got 0"),
        ({"repeats": 0}, "at least 1 repeat to take the median of, got 0"),
    ],
)
def test_a_setting_out_of_range_is_refused_before_anything_is_timed(options, sentence):
    CALLS.clear()

    with pytest.raises(ConfigError, match=sentence):
        timings(["brighter"], **options)

    assert CALLS == []


def timing(method, megapixels=1.0, threads=1, seconds=0.5):
    speed = megapixels / seconds
    return Timing(method, threads, "cpu", 866, 1155, megapixels, 5, seconds, speed, 120.0, 1_500_000)


def test_the_table_has_the_fastest_first():
    table = speed_table([timing("slow", seconds=2.0), timing("fast"), timing("slow", megapixels=0.25)])

    assert [(row["megapixels"], row["method"]) for row in table.groups[0].rows] == [
        (0.25, "slow"),
        (1.0, "fast"),
        (1.0, "slow"),
    ]
    assert "| fast | cpu | 1 | 1.00 | 2.000 | 0.500 | 120 | 1.50 |" in markdown(table)
    assert median([5]) == table.groups[0].rows[0]["repeats"]


def test_quality_comes_from_the_records_and_speed_from_the_largest_image(tmp_path):
    kernels = ("gaussian:2:9", "gaussian:3:9")
    done = [measured("net", "a", kernel, mse) for kernel, mse in zip(kernels, (1e-2, 1e-4), strict=True)]
    lost = [measured("other", "a", kernels[0], 1e-2), failed("other", "a", kernels[1])]
    runs = load_records(write_records(tmp_path, done + lost, images=1))

    timed = [timing("net", megapixels=0.25), timing("net"), timing("other"), timing("unmeasured")]
    table = quality_table(timed, runs)

    (group,) = table.groups
    assert [row["method"] for row in group.rows] == ["net", "other"]
    assert (group.rows[0]["mean_psnr"], group.rows[0]["megapixels"]) == (pytest.approx(30), 1.0)
    assert group.rows[0]["aggregate_psnr"] == pytest.approx(22.967, abs=1e-3)
    assert "| other † |" in markdown(table)


def test_without_records_there_is_no_quality(tmp_path):
    assert quality_table([timing("net")], []).groups == ()
