"""What a wrong width costs: every width on every image, averaged as it says, and drawn where the numbers are."""

import math
from functools import partial
from statistics import mean

import numpy as np
import pytest

from fake_detection import Same
from fake_methods import Brighter
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.study import as_records, plan_of
from pinsharp.bench.sensitivity.setting import ESTIMATED, Setting, parts
from pinsharp.bench.sensitivity.study import Sensitivity, assuming
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.errors import ConfigError, KernelError
from pinsharp.methods.table import load_method

SETTING = Setting(true=1.5, wrong=1.9, assumed=(1.2, 1.5), size=11)


class Estimator(Same):
    """Finds a Gaussian of sigma 1.55 in every image."""

    def estimate(self, image, kernel=None):
        return BlurField(gaussian_kernel(1.55))


def study_of(photos, setting=SETTING, method="wiener:0.0001"):
    methods = {"brighter": Brighter, "swift": Estimator}

    def load(name):
        return methods[name]() if name in methods else load_method(name)

    lineup = partial(assuming, {method.partition(":")[0]: method}, "swift", setting, load=load)
    return Sensitivity(photos[0].parent, photos, setting.protocol, lineup, setting, "swift")


@pytest.fixture
def study(photos):
    return study_of(photos)


@pytest.fixture
def done(study):
    return list(measure(plan_of(study)))


def assumed_in(each):
    return parts(each.row)[1]


def psnrs(done, assumed):
    return [each.psnr for each in done if assumed_in(each) == assumed]


def shown(study, done):
    """The tables, and the axes of the pictures."""
    records = as_records(plan_of(study), done)
    tables = study.tables(records)
    return *tables, study.pictures(records, tables)


def test_every_image_is_restored_with_every_width_and_the_estimate(done):
    of_one_image = [None, 1.2, 1.5, 1.9, ESTIMATED]

    assert [assumed_in(each) for each in done] == of_one_image * 2
    assert [each.image for each in done] == ["0.png"] * 5 + ["1.png"] * 5


def test_the_true_width_is_best_and_a_small_error_costs_less(done):
    true, near, wrong = (mean(psnrs(done, assumed)) for assumed in (1.5, ESTIMATED, 1.9))

    assert true > near > wrong


def test_the_error_of_the_given_width_is_measured(done):
    true = float(kernel_sigma(gaussian_kernel(1.5, 11)))

    for each in done:
        if assumed_in(each) == ESTIMATED:
            assert each.estimated_sigma == pytest.approx(1.55, rel=1e-2)
            assert each.relative_sigma_error == pytest.approx(abs(each.estimated_sigma - true) / true)
        if assumed_in(each) == 1.5:
            assert each.relative_sigma_error == pytest.approx(0, abs=1e-6)


def test_the_table_averages_over_the_images_by_both_definitions(study, done):
    table, *_ = shown(study, done)

    rows = {row["kernel"]: row for row in table.groups[0].rows}
    assert list(rows) == ["none", "true, sigma 1.5", "sigma 1.9", "estimated by swift"]
    wrong, true = psnrs(done, 1.9), psnrs(done, 1.5)
    errors = [each.mse for each in done if assumed_in(each) == 1.9]
    assert rows["sigma 1.9"]["mean_psnr"] == pytest.approx(mean(wrong))
    assert rows["sigma 1.9"]["aggregate_psnr"] == pytest.approx(-10 * math.log10(mean(errors)))
    assert rows["sigma 1.9"]["mean_change"] == pytest.approx(mean(wrong) - mean(true))
    assert rows["sigma 1.9"]["images"] == 2
    assert "mean_change" not in rows["true, sigma 1.5"]
    assert table.groups[0].title == "2 images, gaussian:1.5:11, reflect, 8 bits"


def test_the_curve_has_a_point_a_width_and_a_level_for_the_estimate(study, done):
    (axes,) = shown(study, done)[-1]["fig4-curve"].axes

    lines = {line.get_label(): line for line in axes.get_lines()}
    np.testing.assert_allclose(lines["wiener"].get_xdata(), [1.2, 1.5, 1.9])
    np.testing.assert_allclose(lines["wiener"].get_ydata(), [mean(psnrs(done, width)) for width in (1.2, 1.5, 1.9)])
    np.testing.assert_allclose(lines["wiener, kernel of swift"].get_ydata(), mean(psnrs(done, ESTIMATED)))
    np.testing.assert_allclose(lines["blurred"].get_ydata(), mean(psnrs(done, None)))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("assumed sigma, pixels", "mean PSNR, dB")


def test_the_picture_shows_the_three_kernels_between_blurred_and_sharp(study, done):
    figure = shown(study, done)[-1]["fig4"]

    titles = [" ".join(axes.get_title(loc="left").split()) for axes in figure.axes[1:]]
    starts = ["blurred", "wiener, true sigma 1.5", "wiener, sigma 1.9 (wrong)", "wiener, kernel of swift", "original"]
    assert [title.startswith(start) for title, start in zip(titles, starts, strict=True)] == [True] * 5


def test_a_method_without_use_for_a_kernel_is_refused_before_anything_is_blurred(photos):
    with pytest.raises(ConfigError, match="expected methods that take a kernel, got brighter, which does not"):
        plan_of(study_of(photos, method="brighter"))


@pytest.mark.parametrize("setting", [Setting(true=0.0), Setting(size=20)])
def test_a_width_that_is_none_is_refused(photos, setting):
    with pytest.raises(KernelError):
        plan_of(study_of(photos, setting))
