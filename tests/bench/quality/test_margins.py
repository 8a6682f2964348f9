"""Margins: who is ahead of whom by how much, over the same restorations, as computed from the figures themselves."""

import csv
import io
import math
import random

import numpy as np
import pytest

from pinsharp.bench.quality.margins import margins
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.show.typeset import comma_separated, document, latex, markdown
from pinsharp.errors import ConfigError
from tiny_records import PROTOCOL, failed, measured, write_records

KERNELS = ("gaussian:2:9", "gaussian:3:9")
PAIRS = [(image, kernel) for kernel in KERNELS for image in ("a.png", "b.png")]


def runs(tmp_path, measurements, **options):
    return load_records(write_records(tmp_path, measurements, **options))


def whole(row, *errors):
    """A row of two images: one error for everything, one for each kernel, or one for each restoration."""
    spread = [error for error in errors for _ in range(4 // len(errors))]
    return [measured(row, *pair, mse) for pair, mse in zip(PAIRS, spread, strict=True)]


def lines(table):
    """All lines of a table as it writes them to CSV."""
    return list(csv.DictReader(io.StringIO(comma_separated(table))))


def column(table, key):
    return [line[key] and pytest.approx(float(line[key]), abs=1e-9) for line in lines(table)]


def test_every_kernel_is_compared_with_the_best_other_of_that_kernel(tmp_path):
    """20 and 20 dB against 15 and 10 of one row, and 10 and 17 of another; over all, the second is better."""
    others = [*whole("wiener", 10**-1.5, 1e-1), *whole("ftvd", 1e-1, 10**-1.7)]
    references = [*whole("blurred", 1.0), *whole("linear-limit", 1e-3)]
    table = margins(runs(tmp_path, [*references, *whole("net", 1e-2), *others]), ["net"])

    assert [line["kernel"] for line in lines(table)] == [*KERNELS, "all"]
    assert [line["best_other"] for line in lines(table)] == ["wiener", "ftvd", "ftvd"]
    assert column(table, "best_other_psnr") == [15, 17, 13.5]
    assert column(table, "ahead_net") == [5, 3, 6.5]
    assert column(table, "blurred_psnr") == [0, 0, 0]
    assert column(table, "linear_limit_psnr") == [30, 30, 30]
    assert "| kernel | blurred | linear limit | net | best other | its PSNR | net ahead |" in markdown(table)
    assert "| gaussian:2:9 | 0.00 | 30.00 | 20.00 | wiener | 15.00 | +5.00 |" in markdown(table)


@pytest.mark.parametrize("aggregate", [False, True], ids=["mean", "aggregate"])
def test_margins_are_those_of_the_figures_themselves(tmp_path, aggregate):
    """Random errors, averaged by numpy; both definitions, several methods, several others."""
    source = random.Random(3)
    errors = {row: [10 ** source.uniform(-4, -1) for _ in PAIRS] for row in ("one", "two", "x", "y", "z, true kernel")}
    table = margins(
        runs(tmp_path, [each for row, four in errors.items() for each in whole(row, *four)]),
        ["two", "one"],
        aggregate=aggregate,
    )

    for line, chosen in zip(lines(table), (slice(0, 2), slice(2, 4), slice(0, 4)), strict=True):
        psnr = {
            row: -10 * np.log10(np.mean(four[chosen])) if aggregate else np.mean(-10 * np.log10(four[chosen]))
            for row, four in errors.items()
        }
        best = max(("x", "y", "z, true kernel"), key=psnr.get)
        assert line["best_other"] == best
        assert float(line["best_other_psnr"]) == pytest.approx(psnr[best])
        for name in ("one", "two"):
            assert float(line[f"psnr_{name}"]) == pytest.approx(psnr[name])
            assert float(line[f"ahead_{name}"]) == pytest.approx(psnr[name] - psnr[best])
    assert ("PSNR is 10 log10(1 / mean MSE), the paper's definition" in markdown(table)) == aggregate
    assert ("PSNR is the mean of the images' PSNR" in markdown(table)) != aggregate
    assert {line["psnr"] for line in lines(table)} == {"aggregate" if aggregate else "mean"}


def test_kernels_stand_in_the_order_of_their_set_not_of_the_measuring(tmp_path):
    done = [*whole("net", 1e-3), *whole("wiener", 1e-2)]
    table = margins(runs(tmp_path, done[::-1]), ["net"])

    assert [line["kernel"] for line in lines(table)] == [*KERNELS, "all"]


def test_kernels_whose_file_is_gone_stand_in_the_order_of_the_measuring(tmp_path):
    protocol = PROTOCOL | {"kernels": f"gaussian:3:9,{tmp_path}/gone.npy"}
    done = [*whole("net", 1e-3), *whole("wiener", 1e-2)]
    table = margins(runs(tmp_path, done, protocol=protocol), ["net"])

    assert [line["kernel"] for line in lines(table)] == [*KERNELS, "all"]


def test_the_true_kernel_makes_others_of_others_but_not_of_the_methods(tmp_path):
    told = [*whole("net, true kernel", 1e-5), *whole("wiener, true kernel", 1e-2)]
    found = runs(tmp_path, [*whole("net", 1e-3), *whole("wiener", 1e-1), *told])

    assert {line["best_other"] for line in lines(margins(found, ["net"]))} == {"wiener, true kernel"}
    assert column(margins(found, ["net, true kernel"]), "ahead_net, true kernel") == [30, 30, 30]


def test_only_named_rows_count_as_others_even_references(tmp_path):
    others = [*whole("wiener", 1e-1), *whole("ftvd", 1e-2), *whole("linear-limit", 10**-2.5)]
    found = runs(tmp_path, [*whole("net", 1e-3), *others, *whole("net, true kernel", 1e-4)])

    assert column(margins(found, ["net"], ["wiener"]), "ahead_net") == [20, 20, 20]
    assert column(margins(found, ["net"], ["wiener", "linear-limit"]), "ahead_net") == [5, 5, 5]
    assert column(margins(found, ["net"], ["net, true kernel"]), "ahead_net") == [-10, -10, -10]
    assert "Others: wiener; linear-limit." in markdown(margins(found, ["net"], ["wiener", "linear-limit"]))


def test_all_figures_of_a_line_are_over_what_every_compared_row_has(tmp_path):
    """The other has lost the hardest image, at which the method is bad; over all of its own it would look worse."""
    lame = [*whole("wiener", 1e-2)[:3], failed("wiener", *PAIRS[3], "44 columns")]
    done = [*whole("net", 1e-3, 1e-3, 1e-3, 1.0), *lame, *whole("blurred", 1e-1, 1e-1, 1e-1, 1.0)]
    table = margins(runs(tmp_path, done), ["net"])

    assert column(table, "psnr_net") == [30, 30, 30]
    assert column(table, "ahead_net") == [10, 10, 10]
    assert column(table, "blurred_psnr") == [10, 10, 10]
    assert [(line["restorations"], line["expected"]) for line in lines(table)] == [("2", "2"), ("1", "2"), ("3", "4")]
    assert [line.split(" |")[0] for line in markdown(table).splitlines() if line.startswith("| gau")] == [
        "| gaussian:2:9",
        "| gaussian:3:9 †",
    ]
    assert "| all † |" in markdown(table)
    assert (
        "† Only over the 3 of 4 restorations that all compared rows have: wiener has 3 (1 failed: 44 columns). [photos]"
    ) in markdown(table)


def test_a_reference_that_lacks_an_image_shows_nothing_rather_than_an_easier_mean(tmp_path):
    done = [*whole("net", 1e-3), *whole("wiener", 1e-2), *whole("linear-limit", 1e-2)[:3]]
    table = margins(runs(tmp_path, done), ["net"])

    assert column(table, "linear_limit_psnr") == [20, "", ""]
    assert column(table, "ahead_net") == [10, 10, 10]
    assert "†" not in markdown(table)


def test_a_run_that_was_stopped_shows_what_is_there(tmp_path):
    done = [*whole("net", 1e-3)[:1], *whole("wiener", 1e-2)[:1]]
    table = margins(runs(tmp_path, done, images=3), ["net"])

    assert column(table, "ahead_net") == [10, "", 10]
    assert [line["expected"] for line in lines(table)] == ["3", "3", "6"]
    assert "| gaussian:3:9 † | - | - | - | - | - | - |" in markdown(table)


def test_a_row_of_nothing_but_failures_is_compared_with_none_and_named(tmp_path):
    broken = [failed("ftvd", *pair) for pair in PAIRS]
    table = margins(runs(tmp_path, [*whole("net", 1e-3), *whole("wiener", 1e-2), *broken]), ["net"])

    assert column(table, "ahead_net") == [10, 10, 10]
    assert "Not compared: ftvd has none (4 failed: no memory). [photos]" in markdown(table)


def test_runs_without_both_sides_are_left_out_by_name(tmp_path):
    """The second run lacks the method, the third the others."""
    write_records(tmp_path, [*whole("net", 1e-3), *whole("wiener", 1e-2)])
    write_records(tmp_path, whole("wiener", 1e-2), run="two", name="faces")
    table = margins(runs(tmp_path, whole("net", 1e-3), run="three", name="boards"), ["net"])

    assert [group.shared["run"] for group in table.groups] == ["one"]
    for name in ("faces (run two)", "boards (run three)"):
        assert f"Left out, as nothing is there to compare: {name}." in table.notes


def test_a_method_that_a_run_lacks_is_absent_there(tmp_path):
    write_records(tmp_path, [*whole("net", 1e-3), *whole("small", 1e-2), *whole("wiener", 1e-1)])
    found = runs(tmp_path, [*whole("net", 1e-3), *whole("wiener", 1e-1)], run="two", name="faces")
    table = margins(found, ["net", "small"])

    assert column(table, "ahead_small") == [10, 10, 10, "", "", ""]
    assert column(table, "ahead_net") == [20] * 6


@pytest.mark.parametrize(
    "ours, other, shown",
    [
        (0.0, 1e-2, "| ∞ | wiener | 20.00 | ∞ |"),
        (1e-2, 0.0, "| 20.00 | wiener | ∞ | -∞ |"),
        (0.0, 0.0, "| ∞ | wiener | ∞ | - |"),
    ],
    ids=["ours", "theirs", "both"],
)
def test_perfect_restorations_are_infinitely_ahead(tmp_path, ours, other, shown):
    table = margins(runs(tmp_path, [*whole("net", ours), *whole("wiener", other)]), ["net"])

    assert shown in markdown(table)
    assert r"$\infty$" in latex(table)
    assert column(table, "ahead_net") == ["", "", ""]  # CSV and JSON know no infinity
    assert document(table)["groups"][0]["rows"][0]["ahead_net"] is None


def test_one_perfect_image_makes_the_mean_infinite_but_not_the_aggregate(tmp_path):
    found = runs(tmp_path, [*whole("net", 0.0, 1e-2, 0.0, 1e-2), *whole("wiener", 1e-2)])

    assert "| ∞ | wiener |" in markdown(margins(found, ["net"]))
    assert column(margins(found, ["net"], aggregate=True), "ahead_net")[0] == 10 * math.log10(2)


def test_csv_columns_depend_on_the_methods_alone(tmp_path):
    full = [*whole("blurred", 1e-1), *whole("linear-limit", 1e-2), *whole("net", 1e-3), *whole("wiener", 1e-2)]
    bare = [*whole("net", 1e-3), *whole("ftvd", 1e-2)[:1]]
    heads = [
        comma_separated(margins(runs(tmp_path / name, done), ["net"])).splitlines()[0]
        for name, done in (("full", full), ("bare", bare))
    ]

    assert heads[0] == heads[1]
    assert heads[0] == (
        "set,run,protocol,psnr,kernel,blurred_psnr,linear_limit_psnr,psnr_net,best_other,best_other_psnr,ahead_net,"
        "restorations,expected"
    )


def test_a_bar_in_a_name_breaks_no_line(tmp_path):
    table = margins(runs(tmp_path, [*whole("a|b", 1e-3), *whole("x", 1e-2)]), ["a|b"])

    assert r"| a\|b | best other | its PSNR | a\|b ahead |" in markdown(table)


def test_columns_of_a_method_never_hide_those_of_a_reference(tmp_path):
    found = runs(tmp_path, [*whole("linear-limit", 1e-3), *whole("blurred", 1e-1), *whole("x", 1e-2)])
    table = margins(found, ["blurred", "linear-limit"])

    keys = [column.key for column in table.columns]
    assert len(set(keys)) == len(keys)
    assert column(table, "ahead_linear-limit") == [10, 10, 10]


@pytest.mark.parametrize(
    "methods, over, sentence",
    [
        (["net", "net"], [], "every row once, in --methods or in --over, got 'net' 2 times; drop one"),
        (["net"], ["wiener", "wiener"], "got 'wiener' 2 times"),
        (["net"], ["wiener", "net"], "got 'net' 2 times"),
        ([], [], "at least one method whose lead to show, got none"),
        (["mine"], [], "no run has a row 'mine'; there are net, wiener; measure it with .* --methods mine$"),
        (["net"], ["x, true kernel"], "no run has a row 'x, true kernel'; .* --methods x --true-kernel$"),
        (
            ["net", "wiener"],
            [],
            "one of net, wiener and other rows to compare with, got photos with net, wiener; "
            "measure both on the same images with pinsharp bench run --methods net,wiener,OTHERS$",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(tmp_path, methods, over, sentence):
    found = runs(tmp_path, [*whole("net", 1e-3), *whole("wiener", 1e-2)])

    with pytest.raises(ConfigError, match=sentence):
        margins(found, methods, over)


def test_two_sides_in_different_runs_are_not_compared(tmp_path):
    write_records(tmp_path, whole("net", 1e-3))
    found = runs(tmp_path, whole("wiener", 1e-2), run="two", name="faces")

    with pytest.raises(ConfigError, match="one of net and one of wiener to compare with, got photos with net; faces"):
        margins(found, ["net"], ["wiener"])


def test_records_without_any_run_are_refused():
    with pytest.raises(ConfigError, match="no run has a row 'net'; there are none"):
        margins([], ["net"])
