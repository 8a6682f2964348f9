"""Methods: one call for all of them, who measures the blur for whom, and every wrong name in one sentence."""

from dataclasses import replace

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.classical.wiener import wiener
from pinsharp.cli import options
from pinsharp.errors import ConfigError, ImageError, KernelError, WeightsError
from pinsharp.methods import devices, shipped
from pinsharp.methods.borrowing import EndToEndMethod
from pinsharp.methods.classical import SolverMethod, solver
from pinsharp.methods.devices import choose_dtype, find_device
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.entry import Option
from pinsharp.methods.method import measures_first, takes_kernel
from pinsharp.methods.network import NetMethod
from pinsharp.methods.selfdeblur import SelfDeblurMethod
from pinsharp.methods.table import DEFAULT_METHOD, METHODS, load_method, method_table
from pinsharp.nets import weights
from pinsharp.nets.peers.selfdeblur import SMALL, SelfDeblurConfig
from pinsharp.nets.weights import load_weights, save_weights
from tiny_models import save_tiny_swift, save_tiny_zoo, tiny_peer, tiny_swift, tiny_udbd

NETS = {"swift": tiny_swift, "udbd": tiny_udbd}
CLASSICAL = [name for name, entry in METHODS.items() if entry.kind == "classical"]
TWO_STEPS = [name for name in METHODS if not name.startswith("selfdeblur")]
"""All methods whose measuring and restoring can be taken one by one."""


@pytest.fixture(scope="module")
def tiny_zoo(tmp_path_factory):
    return save_tiny_zoo(tmp_path_factory.mktemp("zoo"))


@pytest.fixture
def zoo(tiny_zoo, monkeypatch):
    """Tiny weights for every network that has a name, in the place of the shipped ones."""
    monkeypatch.setattr(weights, "ZOO", tiny_zoo)
    return tiny_zoo


@pytest.fixture(params=TWO_STEPS)
def method(request, zoo):
    return load_method(request.param, precision="float32")


@pytest.fixture
def swift(zoo):
    return load_method("swift", precision="float32")


@pytest.fixture(params=sorted(NETS))
def net_file(request, tmp_path):
    path = tmp_path / f"tiny-{request.param}.safetensors"
    save_weights(path, NETS[request.param](), {})
    return path


@pytest.fixture
def swift_file(tmp_path):
    return save_tiny_swift(tmp_path / "tiny.safetensors")


@pytest.fixture
def selfdeblur():
    """SelfDeblur with small generators, which it fits in two steps."""
    small = {"kernel_size": 5, "levels": 2, "channels": 4, "skip_channels": 2, "noise_channels": 2, "kernel_hidden": 8}
    return SelfDeblurMethod("selfdeblur", SelfDeblurConfig(steps=2, **small))


def image(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def ways(method):
    """The ways to call a method: blind, and with a kernel if it takes one."""
    return [None, gaussian_kernel(1.5)] if takes_kernel(method) else [None]


@pytest.mark.parametrize("shape", [(1, 1, 40, 33), (2, 3, 37, 48)])
def test_every_method_keeps_shape_and_range_and_returns_its_kernel(method, shape):
    for kernel in ways(method):
        result = method(image(*shape), kernel)

        assert result.image.shape == shape
        assert result.image.dtype == torch.float32
        assert 0 <= result.image.min() <= result.image.max() <= 1
        assert (result.kernel is None) == (method.kernel_from == "nobody")
        if result.kernel is not None:
            torch.testing.assert_close(result.kernel.sum(dim=(1, 2, 3)), torch.ones(len(result.kernel)))


def test_every_method_leaves_its_arguments_alone(method):
    for kernel in ways(method):
        blurred = image(1, 3, 40, 40)
        before = blurred.clone(), None if kernel is None else kernel.clone()

        method(blurred, kernel)

        assert torch.equal(blurred, before[0])
        assert kernel is None or torch.equal(kernel, before[1])


def test_no_method_divides_by_the_missing_contrast_of_a_flat_image(method):
    for kernel in ways(method):
        for level in (0.0, 0.5, 1.0):
            restored = method(torch.full((1, 1, 48, 48), level), kernel).image

            assert torch.isfinite(restored).all()


def test_one_call_is_measuring_and_restoring(method):
    assert measures_first(method)
    blurred = image(1, 3, 40, 40)

    in_two_steps = method.deconvolve(blurred, method.estimate(blurred))

    assert torch.equal(in_two_steps.image, method(blurred).image)


@pytest.mark.parametrize("name", [name for name, entry in METHODS.items() if entry.kernel_from != "itself"])
def test_what_measures_nothing_borrows_the_measurement_of_swift(swift, name):
    method, blurred = load_method(name, precision="float32"), image(2, 3, 40, 40)

    torch.testing.assert_close(method.estimate(blurred).kernel, swift.estimate(blurred).kernel)
    if method.kernel_from == "swift":
        blind = method(blurred)
        torch.testing.assert_close(blind.kernel, swift.estimate(blurred).kernel)
        torch.testing.assert_close(blind.image, method(blurred, blind.kernel).image)


def test_the_table_says_of_each_method_what_the_method_says(zoo):
    for name, entry in METHODS.items():
        method = load_method(name)

        assert (method.name, method.kind, method.kernel_from) == (name, entry.kind, entry.kernel_from)
        has_weights = getattr(method, "info", None) is not None and not isinstance(method, Ensemble)  # it borrows them
        assert has_weights == entry.has_weights
        assert entry.summary
        assert "\n" not in entry.summary


def test_a_new_method_is_one_file_and_one_line_of_the_table(zoo, tmp_path, monkeypatch):
    (tmp_path / "toy_darken.py").write_text("def darken(image, kernel, *, share=0.5):\n    return share * image\n")
    monkeypatch.syspath_prepend(tmp_path)
    line = solver("takes light away; darken:SHARE sets how much", "toy_darken:darken", Option("share", "share", "0.3"))
    monkeypatch.setitem(METHODS, "darken", line)
    blurred = image(1, 3, 40, 40)

    told, blind = load_method("darken:0.25")(blurred, gaussian_kernel(2.0)), load_method("darken")(blurred)

    torch.testing.assert_close(told.image, 0.25 * blurred)
    torch.testing.assert_close(blind.image, 0.5 * blurred)
    torch.testing.assert_close(blind.kernel, load_method("swift").estimate(blurred).kernel)
    assert method_table()["darken"].kernel_from == "swift"
    with pytest.raises(ConfigError, match=r"darken takes its share, a positive number, .* got 'half'; try darken:0.3"):
        load_method("darken:half")


def test_all_but_two_kinds_take_a_kernel(zoo):
    """An end-to-end network has no use for one, and SelfDeblur fits its own."""
    without = [name for name in METHODS if not takes_kernel(load_method(name))]

    assert without == ["deepdeblur", "srn", "nafnet", "selfdeblur", "selfdeblur-small"]
    for name in without:
        with pytest.raises(
            KernelError, match=rf"{name} .* has no use for a given kernel; leave the kernel out, or cho"
        ):
            load_method(name)(image(1, 3, 40, 40), gaussian_kernel(2.0))


def test_the_command_line_names_the_same_default():
    assert options.DEFAULT_MODEL == DEFAULT_METHOD
    assert DEFAULT_METHOD in METHODS


def test_wiener_is_the_filter_within_the_range_of_an_image():
    blurred, kernel = image(1, 3, 32, 40), gaussian_kernel(2.0)

    for name, prior in (("wiener", "laplacian"), ("wiener-constant", "constant")):
        result = load_method(f"{name}:0.05")(blurred, kernel)

        expected = wiener(blurred, kernel, noise_to_signal=0.05, prior=prior).clamp(0, 1)
        torch.testing.assert_close(result.image, expected)


@pytest.mark.parametrize("name, other", [("richardson-lucy", "3"), ("ftvd", "50"), ("wiener", "0.3")])
def test_the_number_after_the_colon_matters(name, other):
    blurred, kernel = image(1, 1, 40, 40), gaussian_kernel(1.5)

    default, changed = (load_method(which)(blurred, kernel).image for which in (name, f"{name}:{other}"))

    assert not torch.allclose(default, changed, atol=1e-3)


@pytest.mark.parametrize(
    "name, reason",
    [
        ("wiener:much", "wiener takes its noise-to-signal ratio, a positive number, .* got 'much'; try wiener:0.01"),
        ("wiener:-1", "a positive number, after the colon, got '-1'"),
        ("wiener-constant:nan", "a positive number, after the colon, got 'nan'"),
        ("ftvd:0", "ftvd takes its weight of the data, a positive number, .* got '0'; try ftvd:"),
        ("richardson-lucy:0", "richardson-lucy takes its number of iterations after the colon, got '0'"),
        ("richardson-lucy:2.5", "got '2.5'; try richardson-lucy:"),
        ("selfdeblur:²", "selfdeblur takes its number of steps after the colon, got '²'"),
        ("unsupervised-wiener:1", "unsupervised-wiener takes no option after its name, got '1'; leave it out"),
    ],
)
def test_a_wrong_number_is_refused(name, reason):
    with pytest.raises(ConfigError, match=reason):
        load_method(name)


@pytest.mark.parametrize("name", CLASSICAL)
def test_of_a_given_kernel_nothing_else_is_known(name):
    kernel = gaussian_kernel(2.0)

    result = load_method(name)(image(2, 1, 40, 40), kernel)

    assert torch.equal(result.kernel, kernel)
    assert result.estimate.noise is result.estimate.log_width is None


def test_the_borrowed_swift_is_loaded_once_and_not_before_it_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)
    save_tiny_swift(tmp_path / "swift.safetensors")
    loads, load = [], shipped.load_weights
    monkeypatch.setattr(shipped, "load_weights", lambda path: loads.append(path) or load(path))
    blurred = image(1, 1, 40, 40)

    borrowers = [load_method("wiener"), load_method("ftvd"), load_method("wiener-constant:0.1")]
    borrowers[0](blurred, gaussian_kernel(1.0))
    before = len(loads)
    for borrower in borrowers:
        borrower(blurred)
        borrower(blurred)

    assert (before, len(loads)) == (0, 1)
    load_method("wiener", precision="bfloat16")(blurred)
    assert len(loads) == 2


def test_who_borrows_can_say_from_what_weights(zoo):
    for name in ("wiener", "nafnet", "dwdn"):
        assert load_method(name).measurer.info.sha256 == load_method("swift").info.sha256


def test_without_the_weights_of_swift_a_given_kernel_still_works(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)
    blurred = image(1, 1, 40, 40)

    assert load_method("wiener")(blurred, gaussian_kernel(1.0)).image.shape == blurred.shape
    with pytest.raises(WeightsError, match="no weights named 'swift' come with pinsharp"):
        load_method("wiener")(blurred)


@pytest.mark.parametrize("name", ["deepdeblur", "srn", "nafnet", "dwdn"])
def test_a_network_for_colour_restores_mono_as_grey(zoo, name):
    method, mono = load_method(name, precision="float32"), image(2, 1, 37, 40)

    restored = method(mono).image

    in_colour = (
        method.net.restore if method.kernel_from == "nobody" else lambda grey: method.net.deconvolve(grey, known)
    )
    known = method.estimate(mono)
    with torch.inference_mode():
        expected = in_colour(mono.expand(-1, 3, -1, -1)).mean(dim=1, keepdim=True).clamp(0, 1)
    torch.testing.assert_close(restored, expected)


def test_what_restores_end_to_end_ignores_the_estimate(zoo):
    method, blurred = load_method("nafnet", precision="float32"), image(1, 3, 40, 40)

    results = [method.deconvolve(blurred, BlurField(gaussian_kernel(sigma))) for sigma in (1.0, 3.0)]

    assert isinstance(method, EndToEndMethod)
    for result in results:
        assert torch.equal(result.image, method(blurred).image)
        assert result.kernel is result.estimate is None


@pytest.mark.parametrize("shape", [(1, 1, 33, 40), (2, 3, 40, 33)])
def test_selfdeblur_finds_image_and_kernel_of_each_image(selfdeblur, shape):
    blurred = image(*shape)

    result = selfdeblur(blurred)

    assert not measures_first(selfdeblur)
    assert result.image.shape == shape
    assert result.kernel.shape == (len(blurred), 1, 5, 5)
    assert result.estimate is None
    assert 0 <= result.image.min() <= result.image.max() <= 1
    assert torch.equal(result.image[:1], selfdeblur(blurred[:1]).image)


def test_selfdeblur_fits_whatever_surrounds_it(selfdeblur):
    blurred = image(1, 1, 33, 40)

    with torch.inference_mode():
        inside = selfdeblur(blurred)

    assert torch.equal(inside.image, selfdeblur(blurred).image)


def test_selfdeblur_makes_as_many_steps_as_it_is_told():
    assert load_method("selfdeblur:7").config.steps == 7
    assert load_method("selfdeblur-small:9").config == replace(SMALL, steps=9)
    assert load_method("selfdeblur").config.steps == type(load_method("selfdeblur").config)().steps


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
def test_a_blur_is_not_measured_in_too_few_pixels(method, shape):
    with pytest.raises(ImageError, match=f"at least 32 x 32 pixels to measure a blur by, got {shape[1]} x {shape[0]}"):
        method.estimate(image(1, 1, *shape))


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 50), (31, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_is_restored_where_no_blur_is_measured(method, shape, channels):
    restored = method(image(1, channels, *shape), disk_kernel(2.5) if takes_kernel(method) else None).image

    assert restored.shape == (1, channels, *shape)
    assert torch.isfinite(restored).all()


def test_bfloat16_costs_less_than_two_levels_of_eight_bits(swift_file):
    blurred = image(1, 3, 48, 48)

    exact, fast = (load_method(swift_file, precision=p)(blurred).image for p in ("float32", "bfloat16"))

    assert (exact - fast).abs().max() < 2 / 255
    assert not torch.equal(exact, fast)


@pytest.mark.parametrize("is_native, dtype", [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_bfloat16_only_where_it_is_native(monkeypatch, is_native, dtype):
    monkeypatch.setattr(devices, "has_native_bfloat16", lambda device: is_native)

    assert choose_dtype("auto", torch.device("cpu")) is dtype


def test_an_unknown_precision_is_refused(swift_file):
    for name in ("wiener", "selfdeblur", swift_file):
        with pytest.raises(ConfigError, match="precision must be one of auto, float32, bfloat16, got 'fp8'"):
            load_method(name, precision="fp8")


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ConfigError, match=r"expected (--device auto, cpu or cuda|a GPU)"):
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
    save_weights(tmp_path / "nafnet-wide.safetensors", tiny_peer("nafnet"), {})
    (tmp_path / "damaged.safetensors").write_bytes(b"damaged")

    table = method_table()

    assert list(table) == [*METHODS, "damaged", "nafnet-wide", "swift-paper"]
    assert [table[name].kernel_from for name in ("nafnet-wide", "swift-paper")] == ["nobody", "itself"]
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


@pytest.mark.parametrize("name", ["swift", "udbd", "dwdn", "nafnet", "wiener"])
def test_an_image_that_is_a_single_part_is_measured_as_an_image(zoo, name):
    method, image = load_method(name), torch.rand(1, 3, 40, 48, generator=torch.Generator().manual_seed(0))

    found, parts = method.estimate(image), method.estimate_parts(image)

    assert measures_first(method)
    assert parts.kernel.shape == found.kernel.shape
    torch.testing.assert_close(parts.kernel, found.kernel)
    torch.testing.assert_close(parts.noise, found.noise)


@pytest.mark.parametrize("name", ["swift", "udbd", "dwdn", "wiener"])
def test_a_given_kernel_takes_the_place_of_the_one_that_parts_would_say(zoo, name):
    method, parts = load_method(name), torch.rand(3, 1, 40, 48, generator=torch.Generator().manual_seed(0))

    known = method.estimate_parts(parts, gaussian_kernel(1.3))

    torch.testing.assert_close(known.kernel, gaussian_kernel(1.3))
    assert known.log_width is None
    assert known.is_given
    assert not method.estimate_parts(parts).is_given


def test_end_to_end_networks_refuse_a_kernel_beside_parts(zoo):
    with pytest.raises(KernelError, match="restores end to end"):
        load_method("nafnet").estimate_parts(torch.zeros(2, 1, 40, 40), gaussian_kernel(1.3))


def test_parts_of_one_image_share_one_estimate(zoo):
    parts = torch.rand(3, 1, 40, 48, generator=torch.Generator().manual_seed(0))

    kernels = [load_method("udbd").estimate(part[None]).kernel for part in parts]

    assert load_method("swift").estimate_parts(parts).kernel.shape[0] == 1
    torch.testing.assert_close(load_method("udbd").estimate_parts(parts).kernel, torch.stack(kernels).mean(dim=0))


def test_what_is_no_image_tensor_is_a_slip_of_the_programmer(swift_file):
    net = NetMethod(load_weights(swift_file), name="tiny")
    for method in (SolverMethod("as it is", lambda y, k: y, measurer=net), net):
        for wrong in (torch.zeros(40, 40), torch.zeros(1, 2, 40, 40), torch.zeros(1, 1, 40, 40, dtype=torch.uint8)):
            with pytest.raises(ValueError, match="expected a float tensor"):
                method(wrong, gaussian_kernel(2.0))
