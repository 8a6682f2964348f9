"""Table and pictures of the detection benchmark: computed by hand for a few figures, and drawn from the table alone."""

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest

from fake_detection import SETUP, fake_lineup
from pinsharp.bench.detection.pictures import crowded, draw_cuts
from pinsharp.bench.detection.plots import draw_curves, row_styles
from pinsharp.bench.detection.records import KIND, SHARP, InspectionFigures, StudyRecords
from pinsharp.bench.detection.scene import Shot
from pinsharp.bench.detection.study import Detection
from pinsharp.bench.detection.tables import detection_table
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.methods import BLURRED, title
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.study import asked_records, plan_of
from pinsharp.bench.show.figures import save
from pinsharp.bench.show.sheet import Box
from pinsharp.bench.show.typeset import Column, Group, Table, comma_separated, latex, markdown
from pinsharp.blur.kernels import disk_kernel
from pinsharp.detect.tables import Particle
from pinsharp.errors import ConfigError


def figures(row, seed, kernel="gaussian:2", *, passes=0, f1=0.5, false_alarms=0, **others):
    """Ten particles, of which half were found, in a tenth of a megapixel with four pins."""
    known = {
        "sigma": float(kernel.partition(":")[2] or 0),
        "precision": 0.5,
        "recall": 0.5,
        "average_precision": 0.4,
        "localisation_rms": 1.0,
        "pairs": 5,
        "missed": 5,
        "wrong_pins": 1,
        "pins": 4,
        "pins_found": 4,
        "megapixels": 0.1,
    }
    given = known | {"f1": f1, "false_alarms": false_alarms} | others
    return InspectionFigures(row, passes, seed, kernel, "sha", **given)


def sharp(seed, f1=1.0, false_alarms=1):
    return figures(SHARP, seed, "", f1=f1, false_alarms=false_alarms)


def records(*every, seeds=(0, 1), kernels=("gaussian:2",), **about):
    settings = {
        "run": "one",
        "seeds": list(seeds),
        "kernels": list(kernels),
        "camera": {"bits": 8, "full_well": 15000.0, "read_noise": 20.0},
        "tolerance": 3.0,
        "true_pins": False,
    }
    return StudyRecords(settings | about, {}, list(every))


def rows_of(table, group=0):
    return {row["row"]: row for row in table.groups[group].rows}


def test_every_figure_is_what_it_says():
    table = detection_table(
        records(
            *(sharp(0, 0.9, 2), sharp(1, 0.7, 2)),
            figures("net", 0, passes=1, f1=0.6, false_alarms=4, estimated_sigma=1.8, localisation_rms=1.0, pairs=1),
            figures("net", 1, passes=1, f1=0.2, false_alarms=2, estimated_sigma=2.2, localisation_rms=2.0, pairs=3),
        )
    )

    net = rows_of(table)["net, once"]
    assert net["f1"] == pytest.approx(0.4)
    assert net["f1_ratio"] == pytest.approx(0.5)
    assert (net["f1_low"], net["f1_high"]) == pytest.approx((0.2, 0.6))
    assert (net["f1_ratio_low"], net["f1_ratio_high"]) == pytest.approx((0.2 / 0.7, 0.6 / 0.9))
    assert net["average_precision"] == pytest.approx(0.4)
    assert net["false_alarms"] == pytest.approx(30)
    assert net["false_alarms_ratio"] == pytest.approx(1.5)
    assert net["missed"] == pytest.approx(10 / 14)
    assert net["wrong_pins"] == pytest.approx(1 / 4)
    assert net["localisation"] == pytest.approx(math.sqrt((1 + 3 * 4) / 4))
    assert net["estimated_sigma"] == pytest.approx(2.0)
    assert (net["panels"], net["expected"], net["particles"]) == (2, 2, 14)


def test_the_sharp_row_is_its_own_measure_at_every_blur():
    kernels = ("gaussian:2", "disk:3")
    every = [figures(BLURRED, seed, kernel) for kernel in kernels for seed in (0, 1)]

    table = detection_table(records(sharp(0, 0.9), sharp(1, 0.8), *every, kernels=kernels))

    assert [group.title for group in table.groups] == [
        "gaussian:2 (sigma 2.00 px), 2 panels",
        "disk:3 (sigma 3.00 px), 2 panels",
    ]
    for group in range(2):
        row = rows_of(table, group)[SHARP]
        for key in ("f1_ratio", "false_alarms_ratio"):
            assert [row[key], row[f"{key}_low"], row[f"{key}_high"]] == [1, 1, 1]


def test_the_table_is_written_with_its_intervals():
    table = detection_table(records(sharp(0, 0.9), sharp(1, 0.7), figures(BLURRED, 0, f1=0.2), figures(BLURRED, 1)))

    text = markdown(table)
    assert "| sharp | 0.800 (0.700 to 0.900) | 100.0 (100.0 to 100.0) |" in text
    assert "| blurred | 0.350 (0.200 to 0.500) |" in text
    assert "Seeds 0 to 1; 8 bits" in text
    values = next(csv.DictReader(io.StringIO(comma_separated(table))))
    assert float(values["f1_low"]) == pytest.approx(0.7)
    assert (values["kernel"], values["axis"], values["width"]) == ("gaussian:2", "Gaussian sigma, pixels", "2.0")
    assert "0.800 (0.700 to 0.900)" in latex(table)


def test_rows_that_lack_panels_are_marked_and_compared_over_those_that_both_have():
    failed = InspectionFigures("net", 1, 1, "gaussian:2", "sha", 2.0, status="failed", reason="no memory")

    table = detection_table(records(sharp(0, 0.8), sharp(1, 0.2), figures("net", 0, passes=1, f1=0.4), failed))

    assert rows_of(table)["net, once"]["f1_ratio"] == pytest.approx(0.5)
    assert "| net, once † | 0.400 | 50.0 |" in markdown(table)
    assert "† net, once at gaussian:2: 1 failed, first seed 1 (no memory)" in table.notes[-1]


def test_without_false_alarms_in_the_sharp_images_there_is_no_multiple_of_them():
    table = detection_table(
        records(*(sharp(seed, 0.8, 0) for seed in (0, 1)), *(figures(BLURRED, seed, false_alarms=3) for seed in (0, 1)))
    )

    assert "false_alarms_ratio" not in rows_of(table)[BLURRED]
    assert rows_of(table)[BLURRED]["false_alarms"] == pytest.approx(30)


def test_panels_that_the_detector_was_chosen_on_are_named():
    notes = detection_table(records(sharp(1000), figures(BLURRED, 1000), seeds=[1000], true_pins=True)).notes

    assert "chosen on panels from seed 1000 on" in notes[-1]
    assert "pins given to the detector" in notes[-2]


def test_rows_are_called_by_their_passes():
    assert [title("net", 1), title("net", 3), title("net, true kernel", 1), title(BLURRED, 0)] == [
        "net, once",
        "net, 3 passes",
        "net, true kernel",
        "blurred",
    ]


def test_a_column_without_an_interval_in_the_row_shows_the_figure_alone():
    column = Column("x", "x", 1, has_interval=True)
    rows = [{"x": 1.0, "x_low": 0.5, "x_high": math.inf}, {"x": 1.0, "x_low": None, "x_high": None}, {}]

    assert Table("t", (column,), (Group("g", rows, {}, {}),)).printed_rows(Group("g", rows, {}, {})) == [
        ["1.0 (0.5 to ∞)"],
        ["1.0"],
        ["-"],
    ]


@pytest.fixture
def curves_table():
    kernels = ("gaussian:3", "gaussian:1.5", "disk:3")
    every = [
        figures(row, seed, kernel, passes=passes, f1=f1 + 0.1 * seed, false_alarms=count)
        for kernel, f1, count in zip(kernels, (0.2, 0.6, 0.4), (1, 2, 900), strict=True)
        for row, passes in ((BLURRED, 0), ("net", 1), ("net", 3), ("net, true kernel", 1))
        for seed in (0, 1)
    ]
    return detection_table(records(sharp(0, 0.9), sharp(1, 0.7), *every, kernels=kernels))


def test_curves_go_through_the_figures_with_their_intervals(curves_table, tmp_path):
    figure = draw_curves(curves_table)

    above, _, below, _ = figure.axes
    lines = {str(line.get_label()): line for line in above.get_lines()}
    np.testing.assert_allclose(lines["net, once"].get_ydata(), [0.65, 0.25])
    np.testing.assert_allclose(lines["net, once"].get_xdata(), [1.5, 3], atol=0.1)
    np.testing.assert_allclose(lines[SHARP].get_ydata(), 0.8)
    bars = [segment for bar in above.collections for segment in bar.get_segments()]
    assert any(np.allclose(sorted(bar[:, 1]), [0.6, 0.7]) for bar in bars)
    assert below.get_yscale() == "symlog"
    assert {path.suffix for path in save(figure, tmp_path, "curves")} == {".png", ".pdf"}


def test_one_colour_a_method_one_line_for_its_passes_and_hollow_with_the_true_kernel(curves_table):
    rows = [row for group in curves_table.groups for row in group.rows]

    once, thrice, told = (row_styles(rows)[name] for name in ("net, once", "net, 3 passes", "net, true kernel"))

    assert once["color"] == thrice["color"] == told["color"]
    assert len({each["linestyle"] for each in (once, thrice, told)}) == 3
    assert told["markerfacecolor"] == "white"


@pytest.mark.parametrize("size", [(7, 9), (20, 40), (64, 80)])
def test_the_cut_holds_as_many_particles_as_any(size):
    rng = np.random.default_rng(0)
    particles = [Particle(*place, 6, 0.2, None) for place in rng.uniform((0, 0), (29, 39), (25, 2))]

    box = crowded(particles, (30, 40), size)

    def count(top, left):
        return sum(
            top <= round(each.row) < top + box.height and left <= round(each.column) < left + box.width
            for each in particles
        )

    assert (box.height, box.width) == (min(size[0], 30), min(size[1], 40))
    assert count(box.top, box.left) == max(
        count(top, left) for top in range(31 - box.height) for left in range(41 - box.width)
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """One panel at one blur, measured."""
    out = tmp_path_factory.mktemp("cuts")
    study = Detection(out, SETUP, [0], "disk:3", fake_lineup([BLURRED, "same"]))
    with RecordFile(out, KIND.file) as file:
        list(measure(plan_of(study, out), file))
    return study


def known(study):
    return asked_records(plan_of(study, study.folder), study.folder)


def cuts(study, records, box=None):
    return draw_cuts(Shot(SETUP, 0), study.kept, records, "disk:3", box)


def test_cuts_show_every_row_and_below_it_what_was_found(study, tmp_path):
    figure = cuts(study, known(study), Box(5, 30, 30, 60))

    shown = [axes for axes in figure.axes if axes.get_images()]
    plain, marked = shown[:3] + shown[6:7], shown[3:6] + shown[7:]
    assert [axes.get_title(loc="left").split("\n")[0] for axes in plain] == [
        *(SHARP, BLURRED, "same, once"),
        "same, 3 passes",
    ]
    expected = Shot(SETUP, 0, disk_kernel(3)).image[5:35, 30:90]
    for pair in (plain, marked):
        np.testing.assert_array_equal(pair[1].get_images()[0].get_array(), expected)
    marks = [sum(len(line.get_xdata()) for line in axes.get_lines()) for axes in marked]
    inside = sum(4.5 <= p.row < 34.5 and 29.5 <= p.column < 89.5 for p in Shot(SETUP, 0).panel.particles)
    assert marks[1] >= inside  # each is found or missed
    assert not any(axes.get_lines() for axes in plain)
    assert {path.suffix for path in save(figure, tmp_path, "cuts")} == {".png", ".pdf"}


def test_cuts_leave_out_what_has_failed_and_refuse_what_lies_outside(study):
    records = known(study)
    fewer = [replace(each, status="failed") if each.row == "same" else each for each in records.figures]

    figure = cuts(study, StudyRecords(records.about, records.methods, fewer))

    assert len([axes for axes in figure.axes if axes.get_images()]) == 4
    with pytest.raises(ConfigError, match="inside the panel of 71 x 160 pixels"):
        cuts(study, records, Box(0, 100, 50, 70))
