"""A study of slanted edges: figures before and after, kept, resumed and told."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.special import ndtr

from pinsharp.bench.edges.records import KIND
from pinsharp.bench.edges.slanted import read_edge
from pinsharp.bench.edges.study import Edges
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.methods import BLURRED, attempts
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.records import load_run
from pinsharp.bench.engine.study import plan_of
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.images.files import write_image


def edge(sigma, overshoot=0.0):
    row, column = np.mgrid[0:80, 0:90] - 40.0
    distance = column - 0.1 * row
    step = ndtr(distance / sigma) + overshoot * np.exp(-(((distance - 3) / 1.5) ** 2))
    return np.rint(255 * np.clip(0.2 + 0.5 * step, 0, 1)).astype(np.uint8)


@dataclass
class Fake:
    """Makes a known edge of whatever it gets, and measures a width of 1.5 in all images."""

    name: str
    made: list = field(default_factory=list)
    lights: list = field(default_factory=list)

    @property
    def method(self):
        said = dict.fromkeys(("info", "dtype", "measurer")) | {"device": "cpu", "kernel_from": "nobody"}
        return SimpleNamespace(name=self.name, kind="classical", **said)

    def in_light(self, light):
        self.lights.append(light)
        return self

    def __call__(self, image):
        self.made.append(image)
        return SimpleNamespace(image=edge(0.8, overshoot=0.1))

    def measure(self, image):
        std = torch.tensor([0.1])
        return BlurField(gaussian_kernel(1.5), log_width=torch.tensor([1.5]).log(), log_width_std=std)

    def check_measurable(self):
        pass


@pytest.fixture
def study(tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    write_image(paths[0], edge(1.5))
    write_image(paths[1], np.full((60, 60), 90, np.uint8))
    lineup = attempts(["net"], [1], Fake, always=BLURRED)
    return Edges(paths, lambda: lineup, lambda: Fake("ruler"), {"a": 0.12})


def carry_out(study, out):
    with RecordFile(out, KIND.file) as file:
        plan = plan_of(study, out)
        list(measure(plan, file))
    return load_run(out, KIND, plan.id)


def test_an_edge_is_read_before_and_after_beside_the_measured_width(study, tmp_path):
    records = carry_out(study, tmp_path / "out")

    before, after = (next(each for each in records.done if each.row == row) for row in (BLURRED, "net"))
    assert before.mtf50 == pytest.approx(0.125, rel=0.02)  # sqrt(ln 2 / 2) / (pi 1.5)
    assert before.sigma_mtf50 == pytest.approx(0.125, rel=0.02)
    assert (before.known_mtf50, after.known_mtf50) == (0.12, None)
    assert after.mtf50 == pytest.approx(read_edge(edge(0.8, 0.1) / 255).mtf50)
    assert after.overshoot == pytest.approx(0.1, abs=0.02)
    (table,) = study.tables(records)
    assert [row["row"] for row in table.groups[0].rows] == [BLURRED, "net"]
    (curves, *_) = study.pictures(records, [table])["edges-mtf"].axes
    np.testing.assert_allclose(curves.get_lines()[0].get_ydata(), before.mtf)


def test_what_shows_no_edge_fails_with_its_reason_and_costs_no_other(study, tmp_path):
    records = carry_out(study, tmp_path / "out")

    failed = [each for each in records.figures if not each.is_done]
    assert {each.image for each in failed} == {"b.png"}
    assert "one straight edge" in failed[0].reason


@pytest.mark.parametrize("asked, lights", [("auto", ["linear", "srgb"]), ("1.8", ["1.8", "1.8"])])
def test_each_edge_is_restored_and_measured_in_its_light(tmp_path, asked, lights):
    paths = [tmp_path / "a.png", tmp_path / "b.jpg"]
    for path in paths:
        write_image(path, edge(1.5))
    rows, ruler = attempts(["net"], [1], Fake, always=BLURRED), Fake("ruler")
    study = Edges(paths, lambda: rows, lambda: ruler, light=asked)

    records = carry_out(study, tmp_path / "out")

    assert [next(each.light for each in records.done if each.image == path.name) for path in paths] == lights
    assert set(rows[1].restorer.lights) == set(ruler.lights) == set(lights)
    (table,) = study.tables(records)
    assert [group.rows[0]["light"] for group in table.groups] == lights
    assert study.about["run"] != Edges(paths, lambda: rows, lambda: ruler, light="linear").about["run"]


def test_what_is_there_is_not_measured_again(study, tmp_path):
    carry_out(study, tmp_path / "out")

    assert {task.path.name for task in plan_of(study, tmp_path / "out").tasks} == {
        "b.png"
    }  # what failed is tried again
