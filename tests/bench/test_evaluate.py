"""The benchmark's bookkeeping: what is compared with what, how it is averaged, and that its rows are what they say."""

import json
import math
from statistics import mean, median

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pinsharp.bench.evaluate import Measurement, contenders, header, measure, record, summarise
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.noise import generator, quantise
from pinsharp.blur.operators import Blur
from pinsharp.data.testset import Degradation, blurred_pairs
from pinsharp.errors import ConfigError
from pinsharp.images.files import write_image
from pinsharp.methods import Deblurred


class FakeBlind:
    """Returns its input a little brighter, and a Gaussian of sigma 2 as the kernel that it measured."""

    name, kind, needs_kernel = "fake", "network", False

    def __call__(self, image, kernel=None):
        if kernel is not None:
            return Deblurred(image, kernel)
        return Deblurred(image + 0.02, gaussian_kernel(2.0))


class FakeInformed:
    name, kind, needs_kernel = "informed", "classical", True

    def __call__(self, image, kernel=None):
        assert kernel is not None
        return Deblurred(image + 0.4999 / 255, kernel)


def load_fake(name):
    return {"fake": FakeBlind, "informed": FakeInformed}[name]()


@pytest.fixture
def photos(tmp_path):
    """Two smooth images of different sizes, colour and mono."""
    for number, shape in enumerate([(3, 48, 53), (1, 40, 44)]):
        noise = torch.rand(1, *shape, generator=generator(0, number))
        soft = Blur(gaussian_kernel(1.5), "reflect")(noise)
        pixels = ((soft - soft.mean()) * 4 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
        write_image(tmp_path / f"{number}.png", np.rint(pixels * 255).astype(np.uint8))
    return sorted(tmp_path.glob("*.png"))


def evaluate(photos, names, protocol, **options):
    return list(measure(photos, protocol, contenders(names, protocol, load=load_fake, **options)))


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

    blurred, informed = summarise(evaluate(photos, ["blurred", "informed"], protocol))

    assert informed.mean_psnr == blurred.mean_psnr


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


def test_a_method_that_needs_the_kernel_always_has_it(photos):
    rows = summarise(evaluate(photos, ["informed"], Degradation("gaussian:2"), true_kernel=True))

    assert [row.name for row in rows] == ["informed"]


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


def test_a_perfect_image_is_null_in_json(tmp_path):
    write_image(tmp_path / "flat.png", np.full((20, 20), 255, np.uint8))

    measurements = evaluate([tmp_path / "flat.png"], ["blurred"], Degradation("gaussian:1"))

    assert measurements[0].psnr == math.inf
    for figures in (*measurements, *summarise(measurements)):
        text = json.dumps(record(figures), allow_nan=False)
        assert json.loads(text)["mean_psnr" if "mean_psnr" in text else "psnr"] is None


def test_the_header_says_what_was_measured_where(photos):
    about = header(photos, Degradation("gaussian8", noise=2 / 255))

    assert json.loads(json.dumps(about, allow_nan=False)) == about
    assert about["protocol"]["kernels"] == "gaussian8"
    assert about["protocol"]["noise_of_255"] == 2
    assert about["images"] == 2
    assert len(about["test_set_sha256"]) == 64
    assert about.keys() >= {"pinsharp", "commit", "command", "machine", "threads", "torch"}


def test_an_unknown_method_is_refused_before_anything_is_blurred():
    with pytest.raises(ConfigError, match="unsharp"):
        contenders(["unsharp"], Degradation())
