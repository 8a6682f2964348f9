"""Crops: the same restorations as in the records, the detail that the blur has hurt, and nothing that has changed."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from fake_methods import Stumbling, fake_rows, load_fake
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.record_file import RECORDS, RecordFile
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.quality.crops import crops_table, draw_crops, file_stem, restore_again
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.quality.study import Quality
from pinsharp.bench.show.sheet import Box, most_damaged
from pinsharp.data.testset import Degradation
from pinsharp.errors import ConfigError
from pinsharp.images.files import write_image
from pinsharp.methods.table import load_method

PROTOCOL = Degradation("gaussian:2:9,gaussian:3:9", noise=2 / 255, seed=5)


def kept(out, photos, protocol, rows):
    """Measure rows into a folder."""
    with RecordFile(out) as file:
        return list(measure(plan_of(Quality(photos[0].parent, photos, protocol, lambda _: rows), out), file))


@pytest.fixture
def measured(photos, tmp_path):
    """A run of two images and two kernels, with noise."""
    rows = fake_rows(["blurred", "linear-limit", "brighter"], PROTOCOL)
    assert len(kept(tmp_path / "out", photos, PROTOCOL, rows)) == 12
    return load_records(tmp_path / "out")[0]


@pytest.mark.parametrize("image", ["0.png", "1"])
@pytest.mark.parametrize("kernel", ["gaussian:2:9", "3"])
def test_what_was_measured_comes_out_again(measured, image, kernel):
    """With its noise, which the place of an image in the list decides."""
    scene = restore_again(measured, image=image, kernel=kernel, rows=list(measured.methods), load=load_fake)

    for each in scene.restorations:
        assert each.recorded.key == each.figures.key
        assert each.figures.psnr == each.recorded.psnr
    assert [each.figures.row for each in scene.restorations] == ["blurred", "linear-limit", "brighter"]


def test_by_default_it_is_the_first_image_the_middle_kernel_and_every_method(measured):
    scene = restore_again(measured, load=load_fake)

    assert (scene.pair.path.name, scene.pair.kernel_name) == ("0.png", "gaussian:3:9")
    assert [each.figures.row for each in scene.restorations] == ["brighter"]
    assert file_stem(scene) == "crops-0-gaussian-3-9"


def test_the_table_sets_the_new_figures_beside_the_recorded_ones(measured):
    table = crops_table(restore_again(measured, load=load_fake))

    (row,) = table.groups[0].rows
    assert row["psnr"] == row["recorded_psnr"]
    assert "effective sigma 2." in table.groups[0].title


@pytest.mark.parametrize(
    "wanted, sentence",
    [
        ({"image": "9.png"}, "has no image '9.png'; it has 0.png, 1.png"),
        ({"kernel": "4"}, "expected one of the run's kernels, gaussian:2:9, gaussian:3:9, got '4'"),
        ({"rows": ["swift"]}, "has no row 'swift'; it has blurred, linear-limit, brighter"),
    ],
)
def test_what_the_run_has_not_is_refused(measured, wanted, sentence):
    with pytest.raises(ConfigError, match=sentence):
        restore_again(measured, **wanted, load=load_fake)


def test_a_changed_image_is_refused(measured, photos):
    write_image(photos[0], np.zeros((48, 53, 3), np.uint8), overwrite=True)

    with pytest.raises(
        ConfigError, match=r"expected 0.png as it was measured, got none of that content; give .* --data"
    ):
        restore_again(measured, load=load_fake)


def test_images_that_were_moved_are_found_where_the_user_says(measured, photos, tmp_path):
    photos[0].parent.rename(tmp_path / "elsewhere")

    with pytest.raises(ConfigError, match="--data says where the images"):
        restore_again(measured, load=load_fake)
    scene = restore_again(measured, data=tmp_path / "elsewhere", load=load_fake)
    assert scene.restorations[0].figures.psnr == scene.restorations[0].recorded.psnr


def test_other_weights_of_the_same_name_are_refused(measured):
    measured.methods["brighter"]["weights_sha256"] = "0123456789abcdef"

    with pytest.raises(ConfigError, match=r"brighter: expected the weights that were measured \(0123456789ab\)"):
        restore_again(measured, load=load_fake)


def test_other_kernels_of_the_same_name_are_refused(measured):
    measured.about["protocol"]["kernels_sha256"] = "00"

    with pytest.raises(ConfigError, match="expected the kernels that were measured, got others of the name"):
        restore_again(measured, load=load_fake)


def test_the_border_is_not_shown_for_its_own_sake():
    """Scans have a frame, and there the rule by which an image continues past its border shows."""
    sharp, blurred = torch.zeros(1, 1, 100, 200), torch.zeros(1, 1, 100, 200)
    blurred[..., :2] = 1
    blurred[..., 60:64, 150:154] = 0.5

    box = most_damaged(sharp, blurred, width=40)

    assert box.left <= 150 < 154 <= box.left + box.width


def test_the_detail_is_where_the_blur_has_hurt_most():
    sharp = torch.zeros(1, 1, 60, 200)
    blurred = sharp.clone()
    blurred[..., 40:50, 150:160] = 1

    box = most_damaged(sharp, blurred, width=40)

    assert (box.height, box.width) == (30, 40)
    assert box.top <= 40 <= 50 <= box.top + 30
    assert box.left <= 150 <= 160 <= box.left + 40


@pytest.mark.parametrize("shape", [(1, 1), (20, 300), (300, 20)])
def test_the_detail_of_a_small_image_fits_into_it(shape):
    box = most_damaged(torch.zeros(1, 3, *shape), torch.rand(1, 3, *shape))

    assert box.top + box.height <= shape[0]
    assert box.left + box.width <= shape[1]


def test_every_version_is_shown_with_its_figures_and_the_same_detail(measured):
    scene = restore_again(measured, rows=["linear-limit", "brighter"], load=load_fake)
    asked = restore_again(measured, rows=["blurred", "linear-limit", "brighter"], load=load_fake)

    figure = draw_crops(scene, Box(5, 7, 12, 16))

    assert len(draw_crops(asked, Box(5, 7, 12, 16)).axes) == len(figure.axes)  # blurred is shown once, asked for or not

    titles = [axes.get_title(loc="left") for axes in figure.axes]
    shown = [title.splitlines()[0].strip() for title in titles[1:]]
    assert shown == ["blurred", "linear-limit", "brighter", "original"]
    assert f"{scene.restorations[1].figures.psnr:.2f} dB, SSIM" in titles[3]
    assert "effective sigma 2." in titles[0]
    for axes, image in zip(figure.axes[1:], [scene.pair.blurred, None, None, scene.pair.sharp], strict=True):
        shown = np.asarray(axes.get_images()[0].get_array())
        assert shown.shape == (12, 16, 3)
        if image is not None:
            np.testing.assert_array_equal(shown, image[0, :, 5:17, 7:23].permute(1, 2, 0))


@pytest.mark.parametrize("box", [(40, 0, 20, 10), (0, 50, 5, 10), (-1, 0, 5, 5), (0, 0, 0, 5)])
def test_a_detail_outside_the_image_is_refused(measured, box):
    scene = restore_again(measured, load=load_fake)

    with pytest.raises(ConfigError, match="expected a detail"):
        draw_crops(scene, Box(*box))


def test_the_linear_limit_of_a_cut_image_shows_the_same_detail(photos, tmp_path):
    """It restores the image before its border was cut off by the blur."""
    protocol = Degradation("gaussian:2:9", "valid")
    rows = fake_rows(["linear-limit"], protocol)
    kept(tmp_path, photos, protocol, rows)
    (records,) = load_records(tmp_path)
    scene = restore_again(records, rows=["linear-limit"])

    figure = draw_crops(scene, Box(0, 0, 12, 16))

    shown = np.asarray(figure.axes[2].get_images()[0].get_array())
    whole = scene.restorations[0].version.image.clamp(0, 1)
    np.testing.assert_array_equal(shown, whole[0, :, 4:16, 4:20].permute(1, 2, 0))


def test_a_restoration_that_failed_in_the_run_may_succeed_now(photos, tmp_path, monkeypatch):
    rows = fake_rows(["stumbling"], PROTOCOL)
    kept(tmp_path, photos, PROTOCOL, rows)
    monkeypatch.setattr(Stumbling, "is_healed", True)
    (records,) = load_records(tmp_path)

    table = crops_table(restore_again(records, image="1.png", load=load_fake))

    assert table.groups[0].rows[0]["recorded_psnr"] is None
    assert table.groups[0].rows[0]["psnr"] > 0


def test_a_row_with_a_label_and_a_true_kernel_is_made_again(photos, tmp_path):
    """The records know it by its label, the method by its own name."""
    rows = [row for row in _wiener_rows() if row.row == "mine, true kernel"]
    kept(tmp_path, photos, PROTOCOL, rows)
    (records,) = load_records(tmp_path)

    (again,) = restore_again(records, rows=["mine, true kernel"], load=load_method).restorations

    assert again.figures.psnr == again.recorded.psnr
    assert json.loads((tmp_path / RECORDS).read_text().splitlines()[0])["methods"]["mine, true kernel"]["informed"]


def _wiener_rows():
    from pinsharp.bench.quality.contenders import contenders

    return [replace(row) for row in contenders(["mine=wiener:0.01"], PROTOCOL, true_kernel=True)]
