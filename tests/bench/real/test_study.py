"""Focus series: levels found, judged fairly before and after, resumed without measuring twice, and told as they are."""

import math
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, map_coordinates

from pinsharp.bench.engine import methods
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.methods import BLURRED, Attempt, describe
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.records import load_run
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.real.lineup import lineup
from pinsharp.bench.real.plots import draw_gains, draw_widths
from pinsharp.bench.real.records import KIND, RICHARDSON_LUCY, LevelFigures, SeriesRecords, by_level
from pinsharp.bench.real.series import Series, brightness, choose_reference, find_series, read_middle
from pinsharp.bench.real.sheet import draw_worst, worst_levels
from pinsharp.bench.real.study import Real
from pinsharp.bench.real.tables import HURT, real_table
from pinsharp.bench.show.figures import save
from pinsharp.bench.show.sheet import Box
from pinsharp.bench.show.typeset import comma_separated, latex, markdown
from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import read_image, write_image
from pinsharp.images.registration import Registration
from pinsharp.restoration import sources
from pinsharp.restoration.result import Restored

SHAPE = (150, 164)
MOVES = {0: (1.0, 0.0, 0.0), 1: (1.004, 0.4, -0.3), 2: (1.008, -1.2, 0.7), -1: (0.996, 0.2, 0.9)}
"""Magnification and shift of each level; its number is the width of its blur in pixels."""


def scene(level, *, is_blurred=True):
    """A level of a texture, 8 bits: moved, magnified, a little darker, blurred."""
    magnification, down, right = MOVES[level]
    rng = np.random.default_rng(0)
    large = gaussian_filter(rng.random((190, 204)), 1.2)
    large = np.clip((large - large.mean()) * 3 + 0.5, 0, 1)
    row, column = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(float)
    at = [
        20 + (SHAPE[axis] - 1) / 2 + (place - (SHAPE[axis] - 1) / 2 - shift) / magnification
        for axis, (place, shift) in enumerate([(row, down), (column, right)])
    ]
    seen = map_coordinates(large, at, order=5) * (1 - 0.02 * abs(level))
    seen = gaussian_filter(seen, abs(level)) if is_blurred and level else seen
    return np.rint(np.clip(seen, 0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A series that no test changes."""
    folder = tmp_path_factory.mktemp("made") / "series"
    folder.mkdir()
    for level in MOVES:
        write_image(folder / f"{level}.png", scene(level))
    return folder


@pytest.fixture
def data(made, tmp_path):
    """The same series, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "series"))


class Fake:
    """Restores by a function of an image and the number of passes; measures its width by the gradient."""

    def __init__(self, name, restore=None):
        said = dict.fromkeys(("info", "dtype", "measurer")) | {"device": "cpu"}
        self.method = SimpleNamespace(name=name, kind="classical", kernel_from="nobody", **said)
        self.restore, self.calls, self.lights = restore, 0, []

    def __call__(self, image, *, iterations=1, kernel=None):
        self.calls += 1
        found = self.measure(image) if kernel is None else BlurField(torch.from_numpy(kernel)[None, None])
        return Restored(self.restore(image, iterations), found, (found.sigma,) * iterations, 0.1)

    def measure(self, image):
        gradient = np.abs(np.diff(brightness(image), axis=1)).mean()
        log_width = torch.tensor(0.05 / gradient).log().reshape(1)
        return BlurField(torch.ones(1, 1, 1, 1), log_width=log_width, log_width_std=torch.tensor([0.1]))

    def in_light(self, light):
        self.lights.append(light)
        return self

    def check_measurable(self):
        pass


def perfect(image, iterations):
    """What the level would have been in focus: known, because the series was made."""
    level = next(level for level in MOVES if np.array_equal(scene(level), image))
    return scene(level, is_blurred=False)


def spoiled(image, iterations):
    noise = np.random.default_rng(0).normal(0, 8 * iterations, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


FAKES = {"perfect": perfect, "spoiled": spoiled}


def rows_of(names=("perfect", "spoiled"), passes=(1, 3)):
    return methods.attempts(names, passes, lambda name: Fake(name, FAKES[name]), always=BLURRED)


def series_of(folder, reference=None):
    levels = tuple(find_series(folder))
    return Series(folder.name, folder, levels, choose_reference(list(levels), reference))


def planned(data, out, rows, *, reference=None, detail=None, **options):
    folders = data if isinstance(data, list) else [data]
    series = [series_of(folder, reference) for folder in folders]
    return plan_of(Real(series, out, lambda: rows, lambda: Fake("ruler"), box=detail, **options), out)


def carry_out(data, out, rows, *, stop_after=None, **options):
    """Measure, as far as so many figures; what the folder holds then."""
    with RecordFile(out, KIND.file) as file:
        plan = planned(data, out, rows, **options)
        stream = measure(plan, file)
        list(islice(stream, stop_after))
        stream.close()
    return load_run(out, KIND, plan.id)


@pytest.fixture(scope="module")
def measured_out(made, tmp_path_factory):
    """A folder in which all of the series was measured."""
    out = tmp_path_factory.mktemp("measured")
    carry_out(made, out, rows_of())
    return out


@pytest.fixture(scope="module")
def measured(made, measured_out):
    """What was measured there."""
    return carry_out(made, measured_out, rows_of())


def test_levels_come_from_the_sharpest_outwards_whatever_their_files_are_called(tmp_path):
    for name in ("-1.png", "10.png", "2.5.png", "+1.png", "0.png", "-10.tif"):
        write_image(tmp_path / name, np.zeros((4, 4), np.uint8))
    (tmp_path / "notes.txt").write_text("no image")

    levels = find_series(tmp_path)

    assert [level.number for level in levels] == [0, 1, -1, 2.5, 10, -10]
    assert [level.name for level in levels] == ["0", "1", "-1", "2.5", "10", "-10"]
    assert choose_reference(levels, None).number == 0
    assert choose_reference(levels, 2.5).number == 2.5


@pytest.mark.parametrize(
    "names, sentence",
    [
        (["0.png", "blurred.png"], "named by their focus level, such as 0.png .* got blurred.png; rename it"),
        (["0.png", "nan.png"], "got nan.png"),
        (["1.png", "1.0.png"], "one image of each level, got 1.0.png and 1.png"),
        (["0.png"], "at least 2 focus levels, got 1"),
    ],
)
def test_folders_that_are_no_series_are_explained(tmp_path, names, sentence):
    for name in names:
        write_image(tmp_path / name, np.zeros((4, 4), np.uint8))

    with pytest.raises(ConfigError, match=sentence):
        find_series(tmp_path)


def test_every_level_is_registered_with_the_sharp_one_and_all_rows_share_that(measured):
    for level, (magnification, down, right) in MOVES.items():
        found = {str(each.registration) for each in measured.figures if each.level == level}
        assert len(found) == 1
        one = by_level(measured, BLURRED, 0)[level].registration
        assert one.magnification == pytest.approx(magnification, abs=1e-4)
        assert (one.row_shift, one.column_shift) == pytest.approx((down, right), abs=0.05)
        assert one.gain == pytest.approx(1 - 0.02 * abs(level), abs=0.01)
        assert one.sigma == pytest.approx(abs(level), abs=0.1)


def test_a_perfect_restoration_gains_and_a_spoiled_one_loses_at_every_level(measured):
    before, good, bad = (by_level(measured, *row) for row in ((BLURRED, 0), ("perfect", 1), ("spoiled", 1)))

    assert before[0].psnr > before[1].psnr > before[2].psnr
    for level in (1, 2, -1):
        assert good[level].psnr > max(40, before[level].psnr + 5)
        assert bad[level].psnr < before[level].psnr
        assert good[level].sharpness == pytest.approx(good[level].reference_sharpness, rel=0.05)
        assert before[level].sharpness < 0.8 * before[level].reference_sharpness


def test_the_sharp_level_is_its_own_reference_and_left_as_it_is(measured):
    own, left = by_level(measured, BLURRED, 0)[0], by_level(measured, "perfect", 1)[0]

    assert own.registration == Registration()
    assert (own.mse, own.psnr) == (0, math.inf)
    assert left.psnr == math.inf


def test_more_passes_are_a_row_of_their_own(measured):
    once, thrice = by_level(measured, "spoiled", 1)[1], by_level(measured, "spoiled", 3)[1]

    assert (once.passes_made, thrice.passes_made) == (1, 3)
    assert once.psnr - thrice.psnr > 1


def test_another_reference_and_a_crop_can_be_asked_for(data, tmp_path):
    other = carry_out(data, tmp_path / "out", rows_of(["spoiled"], [1]), reference=1, crop=130)

    assert other.about["series"]["series"]["reference"] == "1"
    assert by_level(other, BLURRED, 0)[1].psnr == math.inf
    assert by_level(other, BLURRED, 0)[2].megapixels == pytest.approx(130 * 130 / 1e6)


@pytest.mark.parametrize("stop_after", [1, 7, 19])
def test_a_run_that_goes_on_measures_what_is_missing_and_ends_the_same(data, tmp_path, measured, stop_after):
    carry_out(data, tmp_path / "parts", rows_of(), stop_after=stop_after)
    rows = rows_of()

    resumed = carry_out(data, tmp_path / "parts", rows)

    calls = sum(restorer.calls for restorer in {row.restorer for row in rows if row.restorer})
    assert calls == len(MOVES) * 4 - restored_among(measured, stop_after)
    assert sorted(resumed.figures, key=str) == sorted(measured.figures, key=str)


def restored_among(records, count):
    """How many of the first figures are of restored images."""
    return sum(each.row != BLURRED for each in records.figures[:count])


def test_what_is_complete_is_not_measured_again_unless_an_image_has_changed(data, measured_out):
    assert planned(data, measured_out, rows_of()).to_do == 0
    assert planned(data, measured_out, rows_of(["perfect"], [2])).to_do == len(MOVES)

    write_image(data / "2.png", scene(1), overwrite=True)
    assert planned(data, measured_out, rows_of()).to_do == 5
    write_image(data / "0.png", scene(1), overwrite=True)
    assert planned(data, measured_out, rows_of()).to_do == len(MOVES) * 5  # the sharp level judges all


def test_what_fails_is_recorded_with_its_reason_and_tried_again(data, tmp_path):
    def stumbling(image, iterations):
        raise RuntimeError("no\nmemory")

    row = Attempt("net", 1, Fake("net", stumbling), describe("net"))
    failed = carry_out(data, tmp_path / "out", [*rows_of([], [1]), row])

    assert {each.reason for each in by_level(failed, "net", 1).values()} == {"RuntimeError: no memory"}
    assert "net, once: series/2.png failed: RuntimeError: no memory." in real_table(failed).notes
    healed = Attempt("net", 1, Fake("net", perfect), describe("net"))
    assert planned(data, tmp_path / "out", [*rows_of([], [1]), healed]).to_do == len(MOVES)
    assert all(each.is_done for each in carry_out(data, tmp_path / "out", [*rows_of([], [1]), healed]).figures)


def test_a_level_that_cannot_be_registered_costs_no_other(data, tmp_path):
    write_image(data / "3.png", np.full(SHAPE, 90, np.uint8))

    records = carry_out(data, tmp_path / "out", rows_of(["perfect"], [1]))

    assert [each.level for each in records.figures if not each.is_done] == [3, 3]
    assert "with structure in them" in by_level(records, "perfect", 1)[3].reason


def test_a_series_is_restored_and_measured_in_its_light_and_anew_in_another(data, tmp_path):
    lights = {}
    for light in ("srgb", "linear"):
        rows, ruler = rows_of(["perfect"], [1]), Fake("ruler")
        series = [replace(series_of(data), light=light)]
        study = Real(series, tmp_path, lambda rows=rows: rows, lambda ruler=ruler: ruler)
        with RecordFile(tmp_path, KIND.file) as file:
            plan = plan_of(study, tmp_path)
            list(measure(plan, file))
        lights[light] = {*rows[-1].restorer.lights}, {*ruler.lights}, plan.to_do

    assert lights == {light: ({light}, {light}, 2 * len(MOVES)) for light in ("srgb", "linear")}


def test_two_rows_of_one_name_and_passes_below_one_are_refused():
    with pytest.raises(ConfigError, match="one method for the row 'a'"):
        rows_of(["a=perfect", "a=spoiled"], [1])
    with pytest.raises(ConfigError, match="passes of at least 1, got 0"):
        rows_of(["perfect"], [0])


def test_a_detail_outside_the_sharp_level_is_refused(data, tmp_path):
    with pytest.raises(ConfigError, match="inside the sharp level of 150 x 164 pixels"):
        planned(data, tmp_path, rows_of(), detail=Box(100, 100, 60, 60))


def figures(level, sigma, *, row=BLURRED, passes=0, psnr=30.0, correlation=1.0):
    return LevelFigures(
        row,
        passes,
        level,
        f"{level}.png",
        f"sha {level}",
        sigma,
        0.1,
        10 ** (-psnr / 10),
        psnr,
        0.1,
        0.2,
        Registration(correlation=correlation),
        passes_made=passes,
    )


def records(*every):
    about = {"set": "made", "run": "one", "reference": "0", "detail": [0, 0, 8, 8]}
    return SeriesRecords(about, {}, list(every))


def test_the_table_says_where_the_width_does_not_rise_and_where_restoring_hurts():
    before = [figures(0, 1.0, psnr=math.inf), figures(1, 2.0), figures(2, 1.5, correlation=0.9), figures(-1, 1.2)]
    after = [
        figures(level, 0.5, row="net", passes=1, psnr=psnr) for level, psnr in ((0, 40), (1, 32), (2, 29), (-1, 30))
    ]

    table = real_table(records(*before, *after))

    rows = {row["level"]: row for row in table.groups[0].rows}
    assert [rows[level]["rises"] for level in ("0", "1", "2", "-1")] == [None, "yes", "no", "yes"]
    assert [rows[level]["verdict"] for level in ("0", "1", "2", "-1")] == [None, "better", HURT, "same"]
    assert rows["1"]["gain"] == pytest.approx(2)
    assert rows["2"]["sigma_std"] == pytest.approx(0.15)
    assert rows["1"]["sharpness"] == pytest.approx(0.5)
    notes = " ".join(table.notes)
    assert "Restoring hurts: net, once at 2 (levels)." in notes
    assert "Not the sharp level with one blur, by the correlation with it when it is made to match: 2 (0.900)." in notes
    assert [row["level"] for row in table.groups[0].rows] == ["2", "-1", "1", "0"]  # the worst first
    assert "| made | 2 | - | - | - | - | 1.50 | 0.15 | no |" in markdown(table)
    assert "made,one,net,1,made,linear,2,2.png" in comma_separated(table)
    assert "$\\pm$" in latex(table)


def test_a_series_that_gains_everywhere_says_so():
    before = [figures(0, 1.0, psnr=math.inf), figures(1, 2.0)]

    notes = real_table(records(*before, figures(1, 0.5, row="net", passes=3, psnr=33))).notes

    assert "Restoring hurts at no level." in notes


def test_gains_go_through_the_numbers_from_left_to_right():
    before = [figures(0, 1.0, psnr=math.inf), figures(1, 2.0), figures(-1, 1.5)]
    after = [figures(level, 0.5, row="net", passes=1, psnr=31 + level) for level in (0, 1, -1)]

    (gains,) = draw_gains(records(*before, *after)).axes

    np.testing.assert_allclose(gains.get_lines()[0].get_xydata()[[0, 2]], [[-1, 0], [1, 2]])
    assert gains.get_ylim()[0] < 0


def test_widths_are_drawn_over_the_fitted_ones():
    before = [replace(figures(level, width), fitted_sigma=level) for level, width in ((1, 1.5), (2, 2.5))]

    (widths,) = draw_widths(records(*before)).axes

    np.testing.assert_allclose(widths.get_lines()[0].get_xydata(), [[1, 1.5], [2, 2.5]])


def test_the_sheet_shows_the_same_place_of_the_worst_levels_first(measured, measured_out, tmp_path):
    figure = draw_worst(measured, measured_out)

    order = [each.level for each in worst_levels(measured)]
    gains = [
        by_level(measured, "perfect", 1)[level].psnr - by_level(measured, BLURRED, 0)[level].psnr for level in order
    ]
    assert sorted(order) == [-1, 1, 2]
    assert gains == sorted(gains)
    shown = [axes for axes in figure.axes if axes.get_images()]
    assert len(shown) == 3 * (1 + 4 + 1)
    top, left, height, width = measured.about["series"]["series"]["detail"].values()
    centre = Registration(1.008, -1.2, 0.7).position_in_image(
        (top + (height - 1) / 2, left + (width - 1) / 2), SHAPE, SHAPE
    )
    begin = [round(at - (length - 1) / 2) for at, length in zip(centre, (height, width), strict=True)]
    begin = [min(max(at, 0), size - length) for at, size, length in zip(begin, SHAPE, (height, width), strict=True)]
    expected = scene(2)[begin[0] : begin[0] + height, begin[1] : begin[1] + width]
    taken = np.asarray(shown[6 * order.index(2)].get_images()[0].get_array())
    np.testing.assert_array_equal(taken, expected)
    assert {path.suffix for path in save(figure, tmp_path, "real-sheet")} == {".png", ".pdf"}


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("is_large", [False, True])
def test_the_middle_of_a_large_image_is_read(tmp_path, monkeypatch, name, is_large):
    pixels = np.random.default_rng(0).integers(0, 65535, (61, 90), np.uint16)
    write_image(tmp_path / name, pixels)
    monkeypatch.setattr(sources, "LARGE_VALUES", 100 if is_large else 10**9)

    np.testing.assert_array_equal(read_middle(tmp_path / name, 40), pixels[10:50, 25:65])
    np.testing.assert_array_equal(read_middle(tmp_path / name, 70), pixels[:, 10:80])
    np.testing.assert_array_equal(read_middle(tmp_path / name), read_image(tmp_path / name).pixels)


def test_colour_is_judged_by_its_luma_and_alpha_left_out():
    colour = np.zeros((3, 3, 4), np.uint8)
    colour[..., 1] = 255

    np.testing.assert_allclose(brightness(colour), np.full((3, 3), 0.7152), atol=1e-6)
    np.testing.assert_allclose(brightness(np.full((2, 2), 65535, np.uint16)), 1)


def test_a_line_that_is_no_record_is_named(tmp_path):
    (tmp_path / KIND.file).write_text('{"record": "series", "run": "one"}\n{"record": "other", "run": "one"}\n')

    with pytest.raises(ConfigError, match="in line 1"):
        load_run(tmp_path, KIND, "one")


def test_folders_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="folder with the images of a focus series"):
        find_series(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="folder with images"):
        find_series(tmp_path / "empty")


def test_the_fitted_width_is_the_one_that_made_the_level(measured):
    before = by_level(measured, BLURRED, 0)

    assert before[0].fitted_sigma is None
    for level in (1, 2, -1):
        assert before[level].fitted_gaussian == pytest.approx(abs(level), rel=0.05)
        assert 0.8 < before[level].fitted_sigma / abs(level) < 0.95  # of the disc that is most like that Gaussian
        assert (before[level].fitted_shape, before[level].is_registered) == ("gaussian", True)
        assert before[level].fitted_residual < 0.01


def test_detail_comes_back_with_a_perfect_restoration(measured):
    before, good = by_level(measured, BLURRED, 0)[2], by_level(measured, "perfect", 1)[2]

    assert [band.correlation for band in good.octaves] == pytest.approx([1] * 4, abs=0.02)
    assert [band.contrast for band in good.octaves] == pytest.approx([1] * 4, abs=0.05)
    contrasts = [band.contrast for band in before.octaves]
    assert contrasts == sorted(contrasts)  # a blur takes the finest most
    assert contrasts[0] < 0.1


def told(image, iterations):
    return image


def test_richardson_lucy_is_always_there_and_measures_others_by_their_own_kernel(data, tmp_path):
    rows = lineup(["a", "b"], [1, 2], lambda name: Fake(name, told), fitted=True)
    for each in rows:
        if each.restorer:
            each.restorer.method.kernel_from = "swift"

    names = [
        (each.row, each.passes) for each in lineup(["a", "b"], [1, 2], lambda name: rows_by(rows)[name], fitted=True)
    ]

    given = ", fitted kernel"
    asked = [("blurred", 0), ("a", 1), ("a", 2), ("b", 1), ("b", 2), (RICHARDSON_LUCY, 1)]
    assert names == [*asked, *((row + given, 1) for row in ("a", "b", RICHARDSON_LUCY))]


def rows_by(rows):
    return {each.row: each.restorer for each in rows}


def test_a_row_is_given_the_fitted_kernel_but_for_the_sharp_level(data, tmp_path):
    def restorer(name):
        made = Fake(name, told)
        made.method.kernel_from = "swift"
        return made

    records = carry_out(data, tmp_path / "out", lineup(["net"], [1], restorer, fitted=True))

    informed = by_level(records, "net, fitted kernel", 1)
    assert set(informed) == {1, 2, -1}
    for level, each in informed.items():
        assert each.used_sigma == each.fitted_sigma == pytest.approx(0.9 * abs(level), rel=0.1)
        assert each.richardson_lucy_psnr == pytest.approx(each.psnr)  # both give the image back


def test_a_level_of_another_scene_is_said_and_left_out_of_what_needs_the_sharp_one(data, tmp_path):
    other = gaussian_filter(np.random.default_rng(9).random(SHAPE), 2)
    write_image(data / "3.png", np.rint(np.clip((other - 0.5) * 4 + 0.5, 0, 1) * 255).astype(np.uint8))

    records = carry_out(data, tmp_path / "out", rows_of(["spoiled"], [1]))

    taken = by_level(records, BLURRED, 0)[3]
    assert (taken.is_done, taken.is_registered, taken.fitted_sigma) == (True, False, None)
    assert math.isnan(taken.psnr)
    assert taken.sigma > 0
    assert (
        "Not registered, and left out of all that compares with the sharp level: 3 (levels)."
        in real_table(records).notes
    )
    assert planned(data, tmp_path / "out", rows_of(["spoiled"], [1])).to_do == 0


def test_a_further_series_costs_itself_alone(data, tmp_path):
    carry_out(data, tmp_path / "out", rows_of(["spoiled"], [1]))
    second = Path(shutil.copytree(data, tmp_path / "second"))

    plan = planned([data, second], tmp_path / "out", rows_of(["spoiled"], [1]))
    both = carry_out([data, second], tmp_path / "out", rows_of(["spoiled"], [1]))

    assert {task.series for task in plan.tasks} == {"second"}
    assert len(both.figures) == 2 * 2 * len(MOVES)
    one, two = (by_level(both, "spoiled", 1, name) for name in ("series", "second"))
    assert [one[level].psnr for level in MOVES] == [two[level].psnr for level in MOVES]


def test_a_region_is_judged_by_itself_where_an_image_shows_it(data, tmp_path):
    inside, rim = Box(60, 60, 40, 40), Box(0, 0, 40, 40)

    region = carry_out(data, tmp_path / "one", rows_of(["perfect"], [1]), regions={"series": inside})
    corner = carry_out(data, tmp_path / "two", rows_of(["perfect"], [1]), regions={"series": rim})

    before, good = by_level(region, BLURRED, 0)[2].region, by_level(region, "perfect", 1)[2].region
    assert good.correlation > 0.99
    assert before.contrast < 0.6 < 0.95 < good.contrast
    assert by_level(corner, BLURRED, 0)[2].region is None  # it moved out of the picture
    with pytest.raises(ConfigError, match="a region inside the sharp level"):
        planned(data, tmp_path / "three", rows_of(), regions={"series": Box(140, 0, 40, 40)})
