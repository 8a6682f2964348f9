"""The benchmark's bookkeeping: what is compared with what, how it is averaged, and that its rows are what they say."""

import hashlib
import json
import math
from functools import partial
from statistics import mean, median

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from fake_methods import fake_rows
from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.records import plain
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.quality.contenders import contenders
from pinsharp.bench.quality.judge import judge, summarise
from pinsharp.bench.quality.records import Measurement
from pinsharp.bench.quality.study import Quality
from pinsharp.blur.camera import quantise
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.data.testset import Degradation, blurred_pairs
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import write_image
from pinsharp.methods.method import Deblurred


class FakeBlind:
    """Returns its input a little brighter, and a Gaussian of sigma 2 as the kernel that it measured."""

    name, kind, kernel_from = "fake", "classical", "swift"
    info = dtype = measurer = None
    device = torch.device("cpu")

    def __call__(self, image, kernel=None):
        if kernel is not None:
            return Deblurred(image, kernel)
        return Deblurred(image + 0.02, gaussian_kernel(2.0))


class FakeEndToEnd:
    name, kind, kernel_from = "end to end", "network", "nobody"
    info = dtype = measurer = None
    device = torch.device("cpu")

    def __call__(self, image, kernel=None):
        assert kernel is None
        return Deblurred(image + 0.4999 / 255)


def load_fake(name):
    return {"fake": FakeBlind, "end to end": FakeEndToEnd}[name]()


def evaluate(photos, names, protocol, **options):
    return judged(photos, protocol, contenders(names, protocol, load=load_fake, **options))


def judged(photos, protocol, rows):
    hashes = dict(zip(photos, image_hashes(photos), strict=True))
    return [judge(row, pair, hashes[pair.path])[0] for pair in blurred_pairs(photos, protocol) for row in rows]


@pytest.mark.parametrize("boundary", ["reflect", "valid"])
def test_the_blurred_row_is_the_input_judged_by_scikit_image(photos, boundary):
    protocol = Degradation("gaussian:2:9", boundary)

    measurements = evaluate(photos, ["blurred"], protocol)

    for pair, figures in zip(blurred_pairs(photos, protocol), measurements, strict=True):
        sharp, blurred = (image[0].double().numpy() for image in (pair.sharp, pair.blurred))
        similarity = structural_similarity(
            sharp, blurred, channel_axis=0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1
        )
        assert figures.image == pair.path.name
        assert figures.psnr == pytest.approx(peak_signal_noise_ratio(sharp, blurred, data_range=1), abs=1e-4)
        assert figures.ssim == pytest.approx(similarity, abs=1e-5)
        assert figures.relative_sigma_error is None


def test_restored_images_are_judged_rounded_to_eight_bits(photos):
    """Less than half a level too bright is gone after rounding."""
    protocol = Degradation("gaussian:2")

    blurred, brighter = summarise(evaluate(photos, ["blurred", "end to end"], protocol))

    assert brighter.mean_psnr == blurred.mean_psnr


def test_sixteen_bit_inputs_are_judged_in_eight_bits_too(photos):
    protocol = Degradation("gaussian:2", bits=16)

    figures = evaluate(photos[:1], ["blurred"], protocol)[0]

    pair = next(blurred_pairs(photos[:1], protocol))
    assert figures.mse == pytest.approx(float((quantise(pair.blurred, 8) - pair.sharp).square().mean()), rel=1e-5)


def test_a_blind_method_is_judged_by_the_width_that_it_measures(photos):
    protocol = Degradation("gaussian:1.6,gaussian:2.5")

    narrow, wide = evaluate(photos[:1], ["fake"], protocol)

    assert narrow.estimated_sigma == pytest.approx(2.0, rel=1e-3)
    assert narrow.relative_sigma_error == pytest.approx(0.4 / 1.6, rel=1e-2)
    assert wide.relative_sigma_error == pytest.approx(0.5 / 2.5, rel=1e-2)


def test_the_distance_of_kernels_does_not_depend_on_their_sizes(photos):
    exact, padded = (
        evaluate(photos[:1], ["fake"], Degradation(f"gaussian:2:{size}"))[0].kernel_l1 for size in (17, 31)
    )

    assert exact == pytest.approx(0, abs=1e-6)
    assert padded == pytest.approx(0, abs=2e-3)
    assert evaluate(photos[:1], ["fake"], Degradation("gaussian:0.01:1"))[0].kernel_l1 == pytest.approx(1.92, abs=0.02)


def test_the_gap_is_what_the_true_kernel_adds(photos):
    rows = summarise(evaluate(photos, ["blurred", "fake"], Degradation("gaussian:2"), true_kernel=True))

    blurred, blind, informed = rows
    assert [row.name for row in rows] == ["blurred", "fake", "fake, true kernel"]
    assert informed.mean_psnr == blurred.mean_psnr
    assert blind.blind_gap == pytest.approx(informed.mean_psnr - blind.mean_psnr)
    assert blind.blind_gap > 0
    assert (blurred.blind_gap, informed.blind_gap) == (None, None)
    assert informed.relative_sigma_error is None


def test_a_method_without_use_for_a_kernel_is_given_none(photos):
    rows = summarise(evaluate(photos, ["end to end"], Degradation("gaussian:2"), true_kernel=True))

    assert [row.name for row in rows] == ["end to end"]
    assert (rows[0].relative_sigma_error, rows[0].blind_gap) == (None, None)


def test_a_row_asked_for_twice_is_measured_once(photos):
    assert len(evaluate(photos, ["blurred", "blurred"], Degradation("gaussian:2"))) == 2


@pytest.mark.parametrize("boundary", ["reflect", "valid", "zero"])
def test_the_linear_limit_is_circular_whatever_the_boundary(photos, boundary):
    limits = [
        evaluate(photos, ["linear-limit"], Degradation("gaussian:2:9", chosen, noise=1 / 255))
        for chosen in (boundary, "circular")
    ]

    assert [figures.psnr for figures in limits[0]] == [figures.psnr for figures in limits[1]]


def test_the_linear_limit_stands_above_the_blurred_input(photos):
    blurred, limit = summarise(evaluate(photos, ["blurred", "linear-limit"], Degradation("gaussian:1.8:21,disk:3")))

    assert all(limit.psnr[kernel] > blurred.psnr[kernel] + 1 for kernel in blurred.psnr)


def test_rows_average_as_they_say():
    figures = [
        Measurement("m", image, kernel, 2.0, mse, -10 * math.log10(mse), ssim, 2.1, error, 0.1, 0.0)
        for image, kernel, mse, ssim, error in [
            ("a", "one", 1e-2, 0.5, 0.01),
            ("a", "two", 1e-3, 0.6, 0.02),
            ("b", "one", 1e-4, 0.7, 0.30),
        ]
    ]

    (row,) = summarise(figures)

    assert row.images == 3
    assert row.psnr == {"one": pytest.approx(30), "two": pytest.approx(30)}
    assert row.mean_psnr == pytest.approx(30)
    assert row.aggregate_psnr == pytest.approx(-10 * math.log10(mean([1e-2, 1e-3, 1e-4])))
    assert row.ssim == pytest.approx(0.6)
    assert row.relative_sigma_error == median([0.01, 0.02, 0.30])


def test_what_failed_is_counted_and_in_no_figure():
    done, failed = (
        Measurement("m", "a", "one", 2.0, 1e-2, 20.0, 0.5),
        Measurement("m", "b", "two", 2.0, status="failed", reason="no memory"),
    )

    (row,) = summarise([done, failed])

    assert (row.images, row.failed, row.mean_psnr, row.ssim) == (1, 1, 20.0, 0.5)
    assert row.psnr == {"one": 20.0, "two": pytest.approx(math.nan, nan_ok=True)}


def test_a_row_in_which_all_failed_has_no_figures():
    (row,) = summarise([Measurement("m", "a", "one", 2.0, status="failed", reason="no memory")])

    assert (row.images, row.failed) == (0, 1)
    assert all(math.isnan(figure) for figure in (row.mean_psnr, row.aggregate_psnr, row.ssim, row.psnr["one"]))
    assert plain(row)["mean_psnr"] is None


def test_the_gap_is_over_what_was_restored_both_ways():
    psnr = {("m", "a"): 20.0, ("m", "b"): 30.0, ("m, true kernel", "a"): 21.0, ("m, true kernel", "c"): 50.0}
    figures = [Measurement(row, image, "one", 2.0, 1e-2, value, 0.5) for (row, image), value in psnr.items()]

    assert summarise(figures)[0].blind_gap == 1.0
    assert summarise(figures[1:])[0].blind_gap is None


def test_an_image_without_numbers_is_refused(photos):
    with pytest.raises(ImageError, match=r"0\.png: expected numbers in the image that nothing restored, got NaN"):
        judged(photos, Degradation("gaussian:2"), fake_rows(["nothing"], Degradation("gaussian:2")))


def test_measurements_say_how_large_the_image_was_and_which(photos):
    figures = evaluate(photos, ["blurred"], Degradation("gaussian:2:9", "valid"))

    assert [each.megapixels for each in figures] == [40 * 45 / 1e6, 32 * 36 / 1e6]
    assert [each.image_sha256 for each in figures] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in photos]


def test_a_perfect_image_is_null_in_json(tmp_path):
    write_image(tmp_path / "flat.png", np.full((20, 20), 255, np.uint8))

    measurements = evaluate([tmp_path / "flat.png"], ["blurred"], Degradation("gaussian:1"))

    assert measurements[0].psnr == math.inf
    for figures in (*measurements, *summarise(measurements)):
        text = json.dumps(plain(figures), allow_nan=False)
        assert json.loads(text)["mean_psnr" if "mean_psnr" in text else "psnr"] is None


def test_the_header_says_what_was_measured_where(photos):
    protocol = Degradation("gaussian8", noise=2 / 255)
    about = plan_of(Quality(photos[0].parent, photos, protocol, partial(fake_rows, ["blurred"]))).header

    assert json.loads(json.dumps(about, allow_nan=False)) == about
    assert about["protocol"]["kernels"] == "gaussian8"
    assert about["protocol"]["noise_of_255"] == 2
    assert about["images"] == 2
    assert len(about["test_set_sha256"]) == 64
    assert about.keys() >= {"pinsharp", "commit", "command", "machine", "threads", "torch"}


def test_an_unknown_method_is_refused_before_anything_is_blurred():
    with pytest.raises(ConfigError, match="unsharp"):
        contenders(["unsharp"], Degradation())
