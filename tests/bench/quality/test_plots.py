"""Figures: as many lines as rows, drawn where the numbers are, told apart without colour, and marked where needed."""

import itertools

import numpy as np
import pytest
from PIL import Image

from pinsharp.bench.engine.methods import TRUE_KERNEL
from pinsharp.bench.quality.plots import draw_fig5, fig5
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.show.figures import method_styles, new_figure, save
from pinsharp.bench.speed.plots import draw_quality, draw_speed
from pinsharp.bench.speed.study import Timing, quality_table, speed_table
from pinsharp.errors import ConfigError, OutputError
from tiny_records import PROTOCOL, failed, measured, write_records

WIDE, NARROW, DISK = "gaussian:3:9", "gaussian:2:9", "disk:4"


def some_rows(*names, kernels=(WIDE, NARROW)):
    """Rows of one image each, 10 dB at the wider kernel and 20 dB at the other, a little more from row to row."""
    return [
        measured(name, "a.png", kernel, 10 ** -(1 + place + number / 100))
        for number, name in enumerate(names)
        for place, kernel in enumerate(kernels)
    ]


def runs(tmp_path, measurements, **options):
    return load_records(write_records(tmp_path, measurements, **({"images": 1} | options)))


def lines_of(axes):
    return {str(line.get_label()): line for line in axes.get_lines()}


def texts_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_line_a_row_through_its_numbers_from_narrow_to_wide(tmp_path):
    table = fig5(runs(tmp_path, some_rows("blurred", "linear-limit", "net")))

    figure = draw_fig5(table)

    (axes,) = figure.axes
    assert set(lines_of(axes)) == {"blurred", "linear-limit", "net"}
    np.testing.assert_allclose(lines_of(axes)["net"].get_xydata(), [[2, 20.2], [3, 10.2]])
    assert axes.get_xlabel() == "Gaussian sigma, pixels"
    assert axes.get_ylabel() == "mean PSNR, dB"
    assert sorted(texts_of(figure)) == ["blurred", "linear-limit", "net"]


def test_either_psnr_can_be_drawn_and_the_axis_says_which(tmp_path):
    measurements = [
        measured("net", image, kernel, mse) for image, mse in (("a", 1e-2), ("b", 1e-4)) for kernel in (NARROW, WIDE)
    ]
    table = fig5(runs(tmp_path, measurements, images=2))

    mean, aggregate = (draw_fig5(table, psnr=psnr).axes[0] for psnr in ("mean", "aggregate"))

    assert lines_of(mean)["net"].get_ydata()[0] == pytest.approx(30)
    assert lines_of(aggregate)["net"].get_ydata()[0] == pytest.approx(22.967, abs=1e-3)
    assert aggregate.get_ylabel() == "aggregate PSNR, dB"


def test_every_set_and_every_family_of_kernels_has_a_panel(tmp_path):
    write_records(tmp_path, some_rows("net"), images=1)
    protocol = PROTOCOL | {"kernels": "gaussian:2:9,disk:4"}
    table = fig5(runs(tmp_path, some_rows("net", kernels=(NARROW, DISK)), run="two", name="b", protocol=protocol))

    axes = draw_fig5(table).axes

    assert [each.get_xlabel() for each in axes] == [
        "Gaussian sigma, pixels",
        "Gaussian sigma, pixels",
        "disc radius, pixels",
    ]
    assert [each.get_title(loc="left").split("\n")[0] for each in axes] == ["photos", "b", "b"]


def test_a_row_with_failures_is_marked_in_the_legend_and_explained_below(tmp_path):
    table = fig5(runs(tmp_path, [*some_rows("blurred", "net"), failed("net", "b.png", WIDE)], images=2))

    figure = draw_fig5(table)

    assert "net †" in texts_of(figure)
    assert "1 of 4 restorations failed (no memory)" in figure.get_supxlabel().replace("\n", " ")


def test_a_row_that_lacks_a_whole_kernel_is_marked_too(tmp_path):
    table = fig5(runs(tmp_path, [*some_rows("blurred"), measured("net", "a.png", WIDE, 1e-2)]))

    assert "net †" in texts_of(draw_fig5(table))


def test_only_the_rows_asked_for_are_drawn_beside_the_references(tmp_path):
    table = fig5(runs(tmp_path, some_rows("blurred", "net", "other")), ["net"])

    assert set(lines_of(draw_fig5(table).axes[0])) == {"blurred", "net"}


def test_rows_that_nobody_measured_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run has a row 'mine'; there are blurred, net"):
        fig5(runs(tmp_path, some_rows("blurred", "net")), ["mine"])


def test_a_single_kernel_makes_no_curve(tmp_path):
    single = runs(tmp_path, some_rows("net", kernels=(WIDE,)))

    with pytest.raises(ConfigError, match=r"at least 2 kernels .*, got one in photos \(run one\); measure with"):
        fig5(single)

    two = runs(tmp_path, some_rows("net"), run="two", name="others")
    assert "Left out, as there is one kernel only: photos (run one)." in fig5(two).notes


def test_a_perfect_restoration_leaves_a_gap_in_the_line(tmp_path):
    table = fig5(runs(tmp_path, [measured("net", "a", WIDE, 0.0), measured("net", "a", NARROW, 1e-2)]))

    drawn = lines_of(draw_fig5(table).axes[0])["net"].get_ydata()

    np.testing.assert_array_equal(np.isnan(drawn), [False, True])


def test_thirty_methods_are_told_apart_without_colour():
    names = [f"method{number}" for number in range(33)]

    styles = method_styles(names, true_kernel=TRUE_KERNEL)

    looks = {(style["marker"], style["linestyle"]) for style in styles.values()}
    assert len(looks) == len(names)


def test_the_true_kernel_has_its_methods_colour_and_marker_but_is_hollow_and_dotted():
    names = ["net", "other", "net, true kernel"]

    styles = method_styles(names, true_kernel=TRUE_KERNEL)

    assert all(styles["net"][key] == styles["net, true kernel"][key] for key in ("color", "marker"))
    assert styles["net, true kernel"]["markerfacecolor"] == "white"
    assert styles["net, true kernel"]["linestyle"] == ":"
    for one, two in itertools.combinations(styles.values(), 2):
        assert (one["marker"], one["linestyle"]) != (two["marker"], two["linestyle"])


def timing(method, speed, **options):
    figures = {"threads": 1, "device": "cpu", "height": 480, "width": 640, "megapixels": 0.3072, "repeats": 3}
    return Timing(method, **(figures | options), seconds=0.3072 / speed, megapixels_per_second=speed)


def test_speed_is_drawn_fastest_on_top_with_a_marker_a_setting():
    table = speed_table([timing("slow", 0.1), timing("fast", 9), timing("slow", 0.15, threads=2)])

    figure = draw_speed(table)

    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["slow", "fast"]
    assert axes.get_xscale() == "log"
    assert texts_of(figure) == ["0.31 MP, 1 thread", "0.31 MP, 2 threads"]
    assert axes.get_xlabel() == "megapixels a second, CPU"


def test_quality_is_drawn_against_speed_for_methods_of_the_records(tmp_path):
    found = runs(tmp_path, some_rows("blurred", "net", "other"))
    table = quality_table([timing("net", 4), timing("unmeasured", 2)], found)

    (axes,) = draw_quality(table).axes

    assert [(name, *line.get_xydata()[0]) for name, line in lines_of(axes).items()] == [("net", 4, pytest.approx(15.1))]


def test_figures_are_written_for_screen_and_paper_and_are_the_same_twice(tmp_path):
    table = fig5(runs(tmp_path, some_rows("blurred", "net")))

    paths = [save(draw_fig5(table), tmp_path, name) for name in ("one", "two")]

    assert [path.name for path in paths[0]] == ["one.png", "one.pdf"]
    assert np.asarray(Image.open(paths[0][0]).convert("L")).std() > 5
    assert paths[0][1].read_bytes().startswith(b"%PDF")
    for one, two in zip(*paths, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_a_folder_that_is_not_there_is_one_error(tmp_path):
    with pytest.raises(OutputError, match="expected the folder"):
        save(new_figure(1, 1), tmp_path / "none", "figure")
