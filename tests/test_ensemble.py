"""Ensembles: the mean over eight positions, the kernel turned along, and what cannot be one."""

import pytest
import torch

from pinsharp.bench.engine.methods import describe
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError, KernelError, WeightsError
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.method import has_exact_windows, measures_first
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import save_weights
from pinsharp.restoration.restorer import Restorer
from strategies import random_image
from tiny_models import save_tiny_swift, tiny_peer

IMAGE = torch.rand(1, 3, 44, 52, generator=torch.Generator().manual_seed(0))
POSITIONS = [(quarters, mirrored) for quarters in range(4) for mirrored in (False, True)]


def streak():
    """A kernel that looks different in every position."""
    kernel = torch.zeros(1, 1, 5, 5)
    kernel[0, 0, 2, 2:] = torch.tensor([0.5, 0.2, 0.1])
    kernel[0, 0, 1, 3] = 0.2
    return kernel


def turned(image, quarters, mirrored):
    return (image.flip(-1) if mirrored else image).rot90(quarters, (-2, -1)).contiguous()


def turned_back(image, quarters, mirrored):
    back = image.rot90(-quarters, (-2, -1))
    return back.flip(-1) if mirrored else back


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(scope="module")
def single(path):
    return load_method(path, precision="float32")


@pytest.fixture(scope="module")
def ensemble(path):
    return load_method(f"ensemble:{path}", precision="float32")


def test_it_is_the_mean_of_eight_restorations_with_the_kernel_turned_along(single, ensemble):
    kernel = streak()
    parts = [
        turned_back(single(turned(IMAGE, *position), turned(kernel, *position)).image, *position)
        for position in POSITIONS
    ]

    result = ensemble(IMAGE, kernel)

    assert float((parts[0] - parts[1]).abs().max()) > 1e-4  # or there would be nothing to average
    torch.testing.assert_close(result.image, torch.stack(parts).mean(dim=0), atol=1e-5, rtol=0)
    assert torch.equal(result.kernel, kernel)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_turned_image_gives_the_turned_result(ensemble, position):
    estimate = ensemble.estimate(IMAGE)
    expected = turned(ensemble.deconvolve(IMAGE, estimate).image, *position)

    result = ensemble.deconvolve(turned(IMAGE, *position), estimate).image

    torch.testing.assert_close(result, expected, atol=1e-5, rtol=0)


def test_the_blur_is_measured_once_on_the_image_as_it_lies(single, ensemble):
    assert torch.equal(ensemble(IMAGE).kernel, single.estimate(IMAGE).kernel)
    assert torch.equal(ensemble.estimate_parts(IMAGE).kernel, single.estimate_parts(IMAGE).kernel)


def test_it_is_restored_window_by_window_with_a_seam(ensemble):
    assert measures_first(ensemble)
    assert not has_exact_windows(ensemble)

    image = random_image((150, 170), "uint8", seed=1)
    result = Restorer(ensemble, window=64)(image, kernel=gaussian_kernel(1.0)[0, 0].numpy())

    assert result.image.shape == image.shape
    assert result.seam is not None


def test_records_tell_its_weights(single, ensemble):
    assert describe("e", ensemble) == describe("e", single)


def test_classical_methods_can_be_averaged_too():
    wiener = load_method("wiener", precision="float32")
    kernel = gaussian_kernel(1.5)

    result = load_method("ensemble:wiener", precision="float32")(IMAGE, kernel)

    torch.testing.assert_close(result.image, wiener(IMAGE, kernel).image, atol=1e-4, rtol=0)  # a filter knows no turns


@pytest.mark.parametrize("name", ["selfdeblur", "ensemble:selfdeblur-small:3"])
def test_what_fits_image_and_kernel_together_has_no_ensemble(name):
    with pytest.raises(ConfigError, match="finds it only while it restores; take a model that measures it first"):
        load_method(f"ensemble:{name}")


def test_wrong_names_are_refused_as_they_are_without_it(tmp_path):
    with pytest.raises(ConfigError, match="got 'swiff'; did you mean 'swift'"):
        load_method("ensemble:swiff")
    with pytest.raises(WeightsError, match="weights file not found"):
        load_method(f"ensemble:{tmp_path / 'missing.safetensors'}")


def test_by_itself_it_is_one_of_swift():
    assert load_method("ensemble").name == "ensemble"
    assert describe("e", load_method("ensemble")) == describe("e", load_method("swift"))


def test_nets_without_a_kernel_refuse_one(path):
    save_weights(path.with_name("net.safetensors"), tiny_peer("nafnet"), {})
    ensemble = load_method(f"ensemble:{path.with_name('net.safetensors')}", precision="float32")

    assert ensemble(IMAGE).kernel is None
    with pytest.raises(KernelError):
        ensemble(IMAGE, gaussian_kernel(1.0))


def test_ensembles_of_ensembles_are_ensembles(ensemble):
    once, twice = ensemble(IMAGE, streak()).image, Ensemble(ensemble)(IMAGE, streak()).image

    torch.testing.assert_close(twice, once, atol=1e-5, rtol=0)
