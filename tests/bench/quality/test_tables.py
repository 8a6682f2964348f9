"""Tables: every figure as computed by hand, both definitions of PSNR, and a mark wherever something is missing."""

import csv
import io
import math
from types import SimpleNamespace

import pytest

from fake_methods import Brighter
from pinsharp.bench.engine.methods import describe
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.quality.tables import budget_in_words, oracle, table1, table2
from pinsharp.bench.show.typeset import Column, Group, Table, comma_separated, document, latex, markdown
from pinsharp.errors import ConfigError
from tiny_records import failed, measured, write_records

KERNELS = ("gaussian:2:9", "gaussian:3:9")


def runs(tmp_path, measurements, **options):
    return load_records(write_records(tmp_path, measurements, **options))


def whole(row, errors, **figures):
    """A row of two images and two kernels."""
    pairs = [(image, kernel) for image in ("a.png", "b.png") for kernel in KERNELS]
    return [measured(row, *pair, mse, **figures) for pair, mse in zip(pairs, errors, strict=True)]


def rows(table):
    """All rows of a table as it writes them to CSV."""
    return list(csv.DictReader(io.StringIO(comma_separated(table))))


def row_of(table, method):
    (row,) = (row for row in rows(table) if row["method"] == method)
    return row


def test_both_definitions_of_psnr_stand_in_table1(tmp_path):
    """Errors of 1e-2 and 1e-4 alike: the mean of 20 and 40 dB is 30, the mean error of 5.05e-3 is 22.97 dB."""
    table = table1(runs(tmp_path, whole("net", [1e-2, 1e-4, 1e-2, 1e-4])))

    row = row_of(table, "net")
    assert float(row["mse"]) == pytest.approx(5.05e-3)
    assert float(row["mean_psnr"]) == pytest.approx(30)
    assert float(row["aggregate_psnr"]) == pytest.approx(22.967, abs=1e-3)
    assert float(row["ssim"]) == pytest.approx(1 - 5.05e-2)
    assert "| net | 5.050 | 22.97 | 30.00 | 0.9495 | 0.500 | 1.50 | 4,000 crops, 0.25 h (CPU, 1 threads) |" in markdown(
        table
    )
    assert "Aggregate PSNR is 10 log10(1 / mean MSE), the paper's definition; mean PSNR is" in markdown(table)


def test_rows_of_other_images_stand_below_a_heading_of_their_own(tmp_path):
    write_records(tmp_path, whole("net", [1e-2] * 4))
    table = table1(runs(tmp_path, whole("net", [1e-3] * 4), run="two", name="others"))

    assert [(row["set"], row["run"], float(row["mean_psnr"])) for row in rows(table)] == [
        ("photos", "one", pytest.approx(20)),
        ("others", "two", pytest.approx(30)),
    ]
    assert markdown(table).index("**photos: 2 images") < markdown(table).index("**others: 2 images")


def test_a_row_with_failures_is_marked_counted_and_explained(tmp_path):
    done = [measured("net", image, KERNELS[0], 1e-2) for image in ("a.png", "b.png")]
    broken = [failed("net", "a.png", KERNELS[1], "44_columns & more"), measured("net", "b.png", KERNELS[1], 1e-2)]
    table = table1(runs(tmp_path, [*done, *broken, *whole("blurred", [1e-1] * 4)]))

    row = row_of(table, "net")
    assert (row["restorations"], row["failed"], row["expected"]) == ("3", "1", "4")
    assert "| net † |" in markdown(table)
    assert "| blurred |" in markdown(table)
    assert "† net: 1 of 4 restorations failed (44_columns & more); its figures are over the 3" in markdown(table)
    assert r"net \textdagger{} &" in latex(table)
    assert r"44\_columns \& more" in latex(table)


def test_a_row_that_never_came_to_an_end_is_marked(tmp_path):
    table = table1(runs(tmp_path, [*whole("blurred", [1e-1] * 4), measured("net", "a.png", KERNELS[0], 1e-2)]))

    assert "| net † |" in markdown(table)
    assert "Not all done yet, and not comparable with whole rows: net 1 of 4 restorations." in markdown(table)


def test_images_that_no_row_has_seen_yet_are_missed_too(tmp_path):
    """A run that was stopped: all its rows have the same images, and none has all of them."""
    table = table1(runs(tmp_path, whole("net", [1e-1] * 4), images=3))

    assert row_of(table, "net")["expected"] == "6"
    assert "| net † |" in markdown(table)


def test_a_row_of_nothing_but_failures_has_no_figures(tmp_path):
    broken = [failed("net", image, kernel) for image in ("a.png", "b.png") for kernel in KERNELS]
    table = table1(runs(tmp_path, broken))

    assert row_of(table, "net")["mean_psnr"] == ""
    assert "| net † | - | - | - | - |" in markdown(table)


def test_a_perfect_row_has_an_infinite_psnr_which_json_leaves_out(tmp_path):
    table = table1(runs(tmp_path, whole("net", [0.0] * 4)))

    assert "| net | 0.000 | ∞ | ∞ |" in markdown(table)
    assert document(table)["groups"][0]["rows"][0]["mean_psnr"] is None
    assert row_of(table, "net")["mean_psnr"] == ""


def test_table2_shows_what_each_part_brings(tmp_path):
    measurements = [*whole("udbd", [1e-3] * 4), *whole("udbd-fwd", [1e-2] * 4), *whole("udbd-flat", [1e-1] * 4)]
    table = table2(runs(tmp_path, [*measurements, *whole("blurred", [1e-1] * 4)]))

    assert [row["method"] for row in rows(table)] == ["udbd", "udbd-flat", "udbd-fwd"]
    assert rows(table)[0]["mean_change"] == ""
    assert [float(row["mean_change"]) for row in rows(table)[1:]] == [pytest.approx(-20), pytest.approx(-10)]
    assert "-20.00" in markdown(table)


def test_a_change_is_over_the_restorations_that_both_have(tmp_path):
    """The ablation has lost the hardest image; compared with all of the whole network it would look better than it."""
    ablated = [*whole("udbd-fwd", [1e-2] * 4)[:3], failed("udbd-fwd", "b.png", KERNELS[1])]
    table = table2(runs(tmp_path, [*whole("udbd", [1e-3, 1e-3, 1e-3, 1.0]), *ablated]))

    assert float(row_of(table, "udbd-fwd")["mean_change"]) == pytest.approx(-10)
    assert "| udbd-fwd † |" in markdown(table)


def test_table2_without_two_of_its_rows_is_refused(tmp_path):
    found = runs(tmp_path, [*whole("udbd", [1e-3] * 4), *whole("net", [1e-3] * 4)])

    with pytest.raises(
        ConfigError, match="at least two of udbd, udbd-flat, udbd-fwd, got net, udbd; measure them with"
    ):
        table2(found)


def test_other_networks_may_be_compared_by_table2(tmp_path):
    found = runs(tmp_path, [*whole("mine", [1e-3] * 4), *whole("mine-small", [1e-2] * 4)])

    table = table2(found, ["mine", "mine-small"])

    assert float(row_of(table, "mine-small")["aggregate_change"]) == pytest.approx(-10)
    assert "against mine." in markdown(table)


def test_the_oracle_shows_gap_and_what_is_left(tmp_path):
    blind = whole("net", [1e-2] * 4, relative_sigma_error=0.04, kernel_l1=0.2)
    informed, limit = whole("net, true kernel", [1e-3] * 4), whole("linear-limit", [10**-2.5] * 4)
    table = oracle(runs(tmp_path, [*whole("blurred", [1e-1] * 4), *limit, *blind, *informed]))

    row = row_of(table, "net")
    for key in ("mean", "aggregate"):
        assert float(row[f"blind_{key}_psnr"]) == pytest.approx(20)
        assert float(row[f"informed_{key}_psnr"]) == pytest.approx(30)
        assert float(row[f"{key}_gap"]) == pytest.approx(10)
        assert float(row[f"{key}_left"]) == pytest.approx(5)
    assert float(row["relative_sigma_error"]) == pytest.approx(0.04)
    assert float(row["kernel_l1"]) == pytest.approx(0.2)
    assert [row["method"] for row in rows(table)] == ["blurred", "linear-limit", "net"]
    assert row_of(table, "linear-limit")["mean_left"] == ""
    assert "| net | 20.00 | 30.00 | +10.00 | +5.00 |" in markdown(table)


def test_the_oracle_shows_what_there_is_without_true_kernel_and_limit(tmp_path):
    row = row_of(oracle(runs(tmp_path, whole("net", [1e-2] * 4))), "net")

    assert (row["mean_gap"], row["mean_left"], row["informed_mean_psnr"]) == ("", "", "")


def tricky_table():
    columns = (Column("method", "a_b & c"), Column("value", "50 %", 1, factor=100), Column("hidden"))
    group = Group(
        "of #1, {all}", [{"method": "x|y_z\\", "value": 0.125}, {"method": "-"}], {"hidden": 'say "so", 2'}, {}
    )
    return Table("tricky", columns, (group,), ("5 < 6 ~ $7^8",))


def test_latex_has_balanced_columns_and_no_naked_sign():
    text = latex(tricky_table())

    lines = text.splitlines()
    body = [line for line in lines if line.endswith(r"\\") and "multicolumn" not in line]
    assert r"\begin{tabular}{lr}" in text
    assert [line.replace(r"\&", "").count("&") for line in body] == [1, 1, 1]
    assert r"\multicolumn{2}{l}{\emph{of \#1, \{all\}}}" in text
    assert r"x|y\_z\textbackslash{} & 12.5 \\" in lines
    assert r"5 \textless{} 6 \textasciitilde{} \$7\textasciicircum{}8" in text
    for word in (r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}", "booktabs"):
        assert text.count(word) == 1


def test_csv_and_json_keep_every_digit_and_the_hidden_columns():
    table = tricky_table()

    first, second = rows(table)
    assert first == {"method": "x|y_z\\", "value": "0.125", "hidden": 'say "so", 2'}
    assert second == {"method": "-", "value": "", "hidden": 'say "so", 2'}
    assert document(table)["groups"] == [
        {
            "title": "of #1, {all}",
            "hidden": 'say "so", 2',
            "rows": [{"method": "x|y_z\\", "value": 0.125}, {"method": "-", "value": None}],
        }
    ]


def test_markdown_rows_have_as_many_cells_as_the_head():
    lines = [line.replace("\\|", "") for line in markdown(tricky_table()).splitlines() if line.startswith("|")]

    assert [line.count("|") for line in lines] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    "value, shown", [(-0.00001, "+0.00"), (1.005, "+1.00"), (-2.0, "-2.00"), (math.inf, "∞"), (-math.inf, "-∞")]
)
def test_signed_figures_say_their_sign_and_zero_has_no_minus(value, shown):
    column = Column("gap", "gap", 2, signed=True)
    table = Table("t", (column,), (Group("", [{"gap": value}], {}, {}),))

    assert table.printed_rows(table.groups[0]) == [[shown]]


def test_a_budget_includes_what_the_weights_were_started_from():
    """Shipped weights are often the last of several trainings; the last alone would flatter them."""
    kernel = {"budget": {"crops": 80_000, "hours": 1.25}}
    parts = {"budget": {"crops": 4_000, "hours": 0.24}, "start": {"kernel_net": kernel}}
    card = {"budget": {"crops": 1_000, "hours": 0.1, "device": "GPU"}, "start": {"one": parts, "two": parts}}

    class Started(Brighter):
        info = SimpleNamespace(card=card, sha256="aa", parameters=1)

    assert describe("started", Started())["budget"] == {"crops": 85_000, "hours": 1.59, "device": "GPU"}
    assert budget_in_words({"crops": 85_000, "hours": 1.59, "device": "GPU"}) == "85,000 crops, 1.59 h (GPU)"
    assert describe("untrained", Brighter())["budget"] is None
