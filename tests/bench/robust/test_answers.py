"""What counts as right, and how the table counts it, by answers written by hand."""

from dataclasses import replace

import numpy as np
import pytest

from pinsharp.bench.engine.records import Records, from_plain, plain
from pinsharp.bench.robust.case import Case, Truth
from pinsharp.bench.robust.judge import MOST_CHANGE, change
from pinsharp.bench.robust.plots import draw_answers
from pinsharp.bench.robust.records import Answer
from pinsharp.bench.robust.tables import robust_table
from pinsharp.bench.show.typeset import markdown

GOOD = Answer(
    *("swift", "plain", "mono", "a.png", "00", "disk:3"),
    accepted=("restorable",),
    least=1.5,
    most=1.5,
    sigma=1.6,
    low=1.4,
    high=1.8,
    verdict="restorable",
    is_restored=True,
    change=2.0,
)
NOTHING = replace(
    GOOD, situation="flat", accepted=("no-texture",), least=None, most=None, is_restored=False, change=None
)
RANGE = replace(GOOD, situation="tilt", accepted=("varying",), least=1.0, most=3.0, verdict="varying")


@pytest.mark.parametrize(
    "answer, standing",
    [
        (GOOD, "right"),
        (replace(GOOD, sigma=1.72, low=None, high=None), "right"),
        (replace(GOOD, sigma=1.28, low=None, high=None), "right"),
        (replace(GOOD, sigma=1.27, low=None, high=None), "silent"),
        (replace(GOOD, sigma=1.73, low=None, high=None), "silent"),
        (replace(GOOD, sigma=2.0, low=1.45, high=2.8), "right"),  # covered
        (replace(GOOD, sigma=2.0, low=1.35, high=2.8), "wrong"),  # covered, but called uncertain
        (replace(GOOD, sigma=2.0, low=1.6, high=3.3), "wrong"),
        (replace(GOOD, sigma=2.0, low=1.6, high=3.1), "silent"),
        (replace(GOOD, sigma=2.0, low=1.6, high=2.6), "silent"),
        (replace(GOOD, sigma=2.0, low=1.6, high=2.6, is_doubtful=True), "wrong"),
        (replace(GOOD, verdict="no-texture", is_restored=False, change=None), "wrong"),
        (replace(GOOD, verdict=None), "right"),
        (replace(GOOD, verdict=None, sigma=3.0, low=2.5, high=3.5), "silent"),
        (replace(GOOD, change=-0.3), "right"),
        (replace(GOOD, change=-0.31), "silent"),
        (replace(GOOD, change=-0.31, is_doubtful=True), "wrong"),
        (replace(GOOD, change=None), "right"),
        (replace(GOOD, sigma=0.3, verdict="periodic", accepted=("restorable", "periodic"), change=None), "right"),
        (replace(NOTHING, verdict="no-texture"), "right"),
        (NOTHING, "silent"),  # a width where there is none
        (replace(NOTHING, verdict="periodic"), "wrong"),
        (replace(NOTHING, verdict="refused", sigma=None, accepted=("restorable", "refused")), "right"),
        (RANGE, "right"),
        (replace(RANGE, sigma=3.4), "right"),
        (replace(RANGE, sigma=4.0), "wrong"),
        (replace(RANGE, verdict="restorable"), "wrong"),  # another verdict, and yet no wrong width
        (replace(RANGE, sigma=0.5, verdict="restorable"), "silent"),
        (replace(GOOD, status="failed", reason="no memory", sigma=None, verdict=None), "wrong"),
    ],
)
def test_an_answer_is_right_wrong_or_silently_wrong(answer, standing):
    assert answer.standing == standing


def test_the_table_counts_by_situation_and_over_all():
    answers = [
        GOOD,
        replace(GOOD, image_sha256="01", sigma=3.0, low=2.9, high=3.1, change=-2.0),
        replace(GOOD, image_sha256="02", status="failed", sigma=None, low=None, high=None, verdict=None, change=None),
        replace(NOTHING, verdict="no-texture"),
        NOTHING,
    ]

    table = robust_table(Records({}, {}, answers))
    (group,) = table.groups

    rows = {row["situation"]: row for row in group.rows}
    assert list(rows) == ["plain", "flat", "all"]
    plain_row, flat, every = rows.values()
    assert (plain_row["images"], plain_row["failed"]) == (3, 1)
    assert plain_row["right"] == plain_row["silent"] == pytest.approx(1 / 3)
    assert plain_row["width_error"] == pytest.approx((1.6 / 1.5 - 1 + 1) / 2)
    assert plain_row["coverage"] == 0.5
    assert (plain_row["worst_change"], plain_row["verdicts"]) == (-2.0, "restorable 2")
    assert plain_row["worst"] == "plain (mono) of a.png, disk:3"
    assert (flat["right"], flat["silent"], flat["width_error"], flat["coverage"]) == (0.5, 0.5, None, None)
    assert (every["images"], every["right"], every["silent"]) == (5, pytest.approx(0.4), pytest.approx(0.4))
    assert table.notes[-1] == "swift is silently wrong most often in: flat (mono) 1 of 2, plain (mono) 1 of 3."


def test_models_have_groups_of_their_own_and_nothing_has_none():
    both = robust_table(Records({}, {}, [GOOD, replace(GOOD, row="sharp")]))

    assert [group.title for group in both.groups] == [
        "swift: 1 images of 1 photograph",
        "sharp: 1 images of 1 photograph",
    ]
    assert "| all | 1 | 100 | 0 |" in markdown(both)
    assert robust_table(Records({}, {}, [])).groups == ()


def test_an_answer_survives_its_file():
    kept = Answer(**from_plain(Answer, plain(GOOD)))

    assert (kept.key, kept.error, kept.standing) == (GOOD.key, GOOD.error, "right")


@pytest.mark.parametrize("answers", [[], [GOOD, NOTHING, RANGE, replace(GOOD, row="sharp", sigma=30.0, change=-40.0)]])
def test_any_answers_can_be_drawn(answers):
    figure = draw_answers(Records({}, {}, answers))

    assert len(figure.axes) == (4 if answers else 0)


def test_right_and_wrong_answers_are_told_apart_without_colour():
    wrong, silent = replace(GOOD, change=-0.31, is_doubtful=True), replace(GOOD, change=-0.31)
    figure = draw_answers(Records({}, {}, [GOOD, wrong, silent]))
    drawn = [{line.get_marker() for line in axes.lines if len(line.get_xdata()) == 1} for axes in figure.axes]

    assert [len(markers) for markers in drawn] == [3, 3]
    assert {handle.get_marker() for handle in figure.legends[0].legend_handles} == drawn[0] == drawn[1]


def test_a_change_is_that_of_psnr_over_what_is_seen():
    sharp = np.zeros((4, 4, 1), np.float32)
    image, result = np.full((4, 4), 100, np.uint8), np.full((4, 4), 10, np.uint8)
    seen = np.ones((4, 4), bool)
    seen[0] = False
    result[0] = 255
    case = Case(image, sharp, Truth(("restorable",)), seen)

    assert change(case, result) == pytest.approx(20)
    assert change(case, image) == 0
    assert change(case, np.zeros_like(image)) == MOST_CHANGE
    assert change(replace(case, seen=None), result) < 0


def test_errors_that_nobody_sees_change_nothing():
    """A ramp in 16 bits is met to 1 of 65535; to 1 of 2000 is as good."""
    sharp = np.linspace(0.1, 0.9, 64, dtype=np.float32)[None, :, None]
    image = np.rint(65535 * sharp[..., 0]).astype(np.uint16)
    case = Case(image, sharp, Truth(("no-texture",)))

    assert -1.2 < change(case, image + np.uint16(32)) < 0
    assert change(case, image + np.uint16(655)) < -15


def test_alpha_and_masks_have_no_part_in_a_change():
    sharp = np.zeros((4, 4, 3), np.float32)
    image = np.full((4, 4, 4), 100, np.uint8)
    result = np.dstack([np.full((4, 4, 3), 10, np.uint8), image[..., 3]])
    case = Case(image, sharp, Truth(("restorable",)))
    mask = np.zeros(image.shape, bool)
    mask[0] = True

    assert change(case, result) == pytest.approx(20)
    assert change(replace(case, image=np.ma.MaskedArray(image, mask)), result) == pytest.approx(20)
