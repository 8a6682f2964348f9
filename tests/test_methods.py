"""Methods: one call for all of them, what a given kernel replaces, and every wrong name in one sentence."""

import pytest
import torch

from pinsharp import methods
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.classical.wiener import wiener
from pinsharp.cli import options
from pinsharp.errors import ConfigError, ImageError, KernelError, WeightsError
from pinsharp.methods import (
    METHODS,
    BlindMethod,
    NetMethod,
    WienerMethod,
    choose_dtype,
    find_device,
    load_method,
    method_table,
)
from pinsharp.nets import weights
from pinsharp.nets.weights import load_weights, save_weights
from tiny_models import save_tiny_swift, tiny_swift, tiny_udbd

NETS = {"swift": tiny_swift, "udbd": tiny_udbd}


@pytest.fixture(params=sorted(NETS))
def net_file(request, tmp_path):
    path = tmp_path / f"tiny-{request.param}.safetensors"
    save_weights(path, NETS[request.param](), {})
    return path


@pytest.fixture
def swift_file(tmp_path):
    return save_tiny_swift(tmp_path / "tiny.safetensors")


def image(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def all_methods(net_file):
    """Every kind of method, with the kernel that it needs."""
    return [(load_method("wiener"), gaussian_kernel(1.5)), (load_method(net_file), None)]


@pytest.mark.parametrize("shape", [(1, 1, 40, 33), (2, 3, 37, 48)])
def test_every_method_keeps_shape_and_range_and_returns_its_kernel(net_file, shape):
    for method, kernel in all_methods(net_file):
        result = method(image(*shape), kernel)

        assert result.image.shape == shape
        assert result.image.dtype == torch.float32
        assert 0 <= result.image.min() <= result.image.max() <= 1
        torch.testing.assert_close(result.kernel.sum(dim=(1, 2, 3)), torch.ones(len(result.kernel)))


def test_every_method_leaves_its_arguments_alone(net_file):
    for method, _ in all_methods(net_file):
        blurred, kernel = image(1, 3, 40, 40), gaussian_kernel(1.5)
        before = blurred.clone(), kernel.clone()

        method(blurred, kernel)

        assert torch.equal(blurred, before[0])
        assert torch.equal(kernel, before[1])


def test_no_method_divides_by_the_missing_contrast_of_a_flat_image(net_file):
    for method, kernel in all_methods(net_file):
        for level in (0.0, 0.5, 1.0):
            restored = method(torch.full((1, 1, 48, 48), level), kernel).image

            assert torch.isfinite(restored).all()


def test_the_table_says_of_each_method_what_the_method_says():
    method = METHODS["wiener"].make("", torch.device("cpu"), "auto")

    assert (method.kind, method.needs_kernel) == (METHODS["wiener"].kind, METHODS["wiener"].needs_kernel)
    assert {entry.kind for entry in METHODS.values()} == {"classical", "network"}
    assert all(entry.summary and "\n" not in entry.summary for entry in METHODS.values())


def test_the_command_line_names_the_same_default():
    assert options.DEFAULT_MODEL == methods.DEFAULT_METHOD
    assert methods.DEFAULT_METHOD in METHODS


def test_wiener_is_the_filter_within_the_range_of_an_image():
    blurred, kernel = image(1, 3, 32, 40), gaussian_kernel(2.0)

    result = load_method("wiener:0.05")(blurred, kernel)

    expected = wiener(blurred, kernel, noise_to_signal=0.05, prior="laplacian").clamp(0, 1)
    torch.testing.assert_close(result.image, expected)
    assert result.estimate is None


def test_wiener_without_a_kernel_asks_for_one():
    with pytest.raises(KernelError, match="wiener cannot measure the blur and needs its kernel; give one"):
        load_method("wiener")(image(1, 1, 32, 32))


@pytest.mark.parametrize(
    "name, reason",
    [("wiener:much", "noise-to-signal ratio after the colon, got 'much'"), ("wiener:-1", "must be a positive number")],
)
def test_a_wrong_ratio_is_refused(name, reason):
    with pytest.raises(ConfigError, match=reason):
        load_method(name)


def test_only_networks_measure_the_blur(swift_file):
    assert isinstance(load_method(swift_file), BlindMethod)
    assert not isinstance(load_method("wiener"), BlindMethod)


def test_a_network_reports_what_it_estimated(tmp_path):
    path = save_tiny_swift(tmp_path / "a.safetensors", sigma=1.7, relative_std=0.03, disk_share=0.6, noise=2 / 255)

    result = load_method(path)(image(1, 3, 40, 40))

    assert result.estimate.log_width.exp().item() == pytest.approx(1.7, rel=1e-3)
    assert result.estimate.log_width_std.item() == pytest.approx(0.03, rel=1e-3)
    assert result.estimate.disk_share.item() == pytest.approx(0.6, rel=1e-3)
    assert result.estimate.noise.item() == pytest.approx(2 / 255, rel=1e-3)


def test_a_given_kernel_replaces_only_the_kernel(swift_file):
    """The noise of the image is still the estimated one; a width that belongs to no used kernel is not reported."""
    blurred, kernel = image(2, 3, 40, 40), disk_kernel(3.0)
    method = load_method(swift_file, precision="float32")

    result = method(blurred, kernel)

    estimated = method.estimate(blurred)
    torch.testing.assert_close(result.estimate.noise, estimated.noise)
    torch.testing.assert_close(result.kernel, kernel.expand(2, -1, -1, -1))
    assert result.estimate.log_width is result.estimate.disk_share is None
    assert not torch.allclose(result.image, method(blurred).image)


def test_one_kernel_for_a_batch_restores_each_image_as_alone(net_file):
    method, kernel = load_method(net_file, precision="float32"), gaussian_kernel(1.5)
    blurred = image(2, 3, 36, 36)

    together = method(blurred, kernel).image

    alone = torch.cat([method(one[None], kernel).image for one in blurred])
    torch.testing.assert_close(together, alone)


def test_a_net_without_use_for_the_noise_is_spared_the_estimate(tmp_path, monkeypatch):
    save_weights(tmp_path / "udbd.safetensors", tiny_udbd(), {})
    method = load_method(tmp_path / "udbd.safetensors")
    monkeypatch.setattr(method.net, "estimate", None)

    assert method(image(1, 3, 40, 40), gaussian_kernel(2.0)).estimate.noise is None


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (31, 64), (64, 31)])
def test_a_blur_is_not_measured_in_too_few_pixels(net_file, shape):
    with pytest.raises(ImageError, match=f"at least 32 x 32 pixels to measure a blur by, got {shape[1]} x {shape[0]}"):
        load_method(net_file)(image(1, 1, *shape))


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 50), (31, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_with_a_given_kernel_any_size_is_restored(net_file, shape, channels):
    for method, _ in all_methods(net_file):
        restored = method(image(1, channels, *shape), disk_kernel(2.5)).image

        assert restored.shape == (1, channels, *shape)
        assert torch.isfinite(restored).all()


def test_bfloat16_costs_less_than_two_levels_of_eight_bits(swift_file):
    blurred = image(1, 3, 48, 48)

    exact, fast = (load_method(swift_file, precision=p)(blurred).image for p in ("float32", "bfloat16"))

    assert (exact - fast).abs().max() < 2 / 255
    assert not torch.equal(exact, fast)


@pytest.mark.parametrize("is_native, dtype", [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_bfloat16_only_where_it_is_native(monkeypatch, is_native, dtype):
    monkeypatch.setattr(methods, "has_native_bfloat16", lambda device: is_native)

    assert choose_dtype("auto", torch.device("cpu")) is dtype


def test_an_unknown_precision_is_refused(swift_file):
    for name in ("wiener", swift_file):
        with pytest.raises(ConfigError, match="precision must be one of auto, float32, bfloat16, got 'fp8'"):
            load_method(name, precision="fp8")


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ConfigError, match=r"expected (the device auto, cpu or cuda|a GPU)"):
        find_device(device)


def test_auto_takes_the_gpu_if_there_is_one():
    assert find_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize(
    "name, advice",
    [("swfit", "did you mean 'swift'"), ("Wiener", "did you mean 'wiener'"), ("zzz", "pinsharp info lists them")],
)
def test_an_unknown_name_gets_the_known_ones(name, advice):
    with pytest.raises(ConfigError, match=rf"expected a model \(.*wiener.*\) or a .safetensors file, .*{advice}"):
        load_method(name)


def test_a_network_whose_weights_do_not_come_along_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)

    with pytest.raises(WeightsError, match="no weights named 'udbd' come with pinsharp"):
        load_method("udbd")


def test_weights_in_the_zoo_are_methods_by_their_name(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)
    save_tiny_swift(tmp_path / "swift.safetensors")
    save_tiny_swift(tmp_path / "swift-paper.safetensors")

    assert list(method_table()) == [*METHODS, "swift-paper"]
    assert load_method("swift").name == "swift"
    assert load_method("swift-paper").name == "swift-paper"
    with pytest.raises(ConfigError, match="swift takes no option"):
        load_method("swift:0.1")


def test_a_missing_or_damaged_weights_file_is_one_sentence(swift_file):
    with pytest.raises(WeightsError, match="weights file not found"):
        load_method("nowhere.safetensors")
    swift_file.write_bytes(swift_file.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="truncated"):
        load_method(str(swift_file))


def test_a_model_is_named_by_its_card_and_otherwise_by_its_file(tmp_path):
    save_weights(tmp_path / "plain.safetensors", tiny_swift(), {})
    save_weights(tmp_path / "carded.safetensors", tiny_swift(), {"name": "night shift"})

    assert load_method(tmp_path / "plain.safetensors").name == "plain"
    assert load_method(tmp_path / "carded.safetensors").name == "night shift"


def test_what_is_no_image_tensor_is_a_slip_of_the_programmer(swift_file):
    for method in (WienerMethod(), NetMethod(load_weights(swift_file), name="tiny")):
        for wrong in (torch.zeros(40, 40), torch.zeros(1, 2, 40, 40), torch.zeros(1, 1, 40, 40, dtype=torch.uint8)):
            with pytest.raises(ValueError, match="expected a float tensor"):
                method(wrong, gaussian_kernel(2.0))
