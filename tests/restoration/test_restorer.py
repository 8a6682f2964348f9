"""Restoring arrays: what comes back is of the kind that went in, with what was found out about the blur."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import pinsharp
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernel_names import save_kernel
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.errors import ConfigError, ImageError, KernelError, WeightsError
from pinsharp.images.arrays import to_array, to_tensor
from pinsharp.images.files import write_image
from pinsharp.methods.method import Deblurred, MethodTraits, WindowedMethod
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import save_weights
from pinsharp.restoration import calls
from pinsharp.restoration import restorer as restorer_module
from pinsharp.restoration.calls import restore
from pinsharp.restoration.restorer import Restorer
from strategies import random_image
from tiny_models import save_tiny_swift, tiny_peer

DTYPES = ["uint8", "uint16", "float32"]
SHAPES = [(40, 33), (33, 40, 1), (40, 40, 2), (35, 41, 3), (36, 34, 4)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(scope="module")
def restorer(model):
    return Restorer(model, device="cpu")


class Scripted:
    """A method whose estimates are read from a list, and whose restoration adds a tenth."""

    name, kind, kernel_from, traits = "scripted", "network", "itself", MethodTraits(halo=0)

    def __init__(self, *sigmas):
        self.sigmas = list(sigmas)

    def estimate(self, image, kernel=None, hidden=None):
        return BlurField(gaussian_kernel(self.sigmas.pop(0)))

    def deconvolve(self, image, estimate):
        return Deblurred(image + 0.1, estimate.kernel, estimate)

    layers, finished = WindowedMethod.layers, WindowedMethod.finished

    def window_restorer(self, read, shape, estimate, *, largest, levels=None):
        return lambda rows, columns: self.deconvolve(read(rows, columns), estimate).image

    def __call__(self, image, kernel=None):
        return self.deconvolve(image, self.estimate(image))


class ScriptedFit:
    """A method that finds image and kernel in one."""

    name, kind, kernel_from, traits = "fit", "network", "itself", MethodTraits(measures_first=False)

    def __init__(self, *sigmas):
        self.sigmas = list(sigmas)

    def __call__(self, image, kernel=None):
        return Deblurred(image + 0.1, gaussian_kernel(self.sigmas.pop(0)))


def scripted(*sigmas, kind=Scripted):
    return Restorer(kind(*sigmas))


@pytest.fixture(scope="module")
def end_to_end(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "nafnet.safetensors"
    save_weights(path, tiny_peer("nafnet"), {})
    return Restorer(path, device="cpu")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_result_is_of_the_kind_that_went_in(restorer, shape, dtype):
    image = random_image(shape, dtype, seed=1)

    result = restorer(image)

    assert result.image.shape == image.shape
    assert result.image.dtype == image.dtype
    assert not np.array_equal(result.image, image)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_masked_pixels_have_no_say_and_come_back_under_their_mask(restorer, shape, dtype):
    pixels, mask = random_image(shape, dtype, 0), np.zeros(shape, bool)
    mask[5:12, 8:20] = True
    rubbish = pixels.copy()
    rubbish[mask] = np.nan if dtype == "float32" else 0

    one, other = restorer(np.ma.MaskedArray(pixels, mask)).image, restorer(np.ma.MaskedArray(rubbish, mask)).image

    assert isinstance(other, np.ma.MaskedArray)
    np.testing.assert_array_equal(np.ma.getmaskarray(other), mask)
    np.testing.assert_array_equal(other.data[mask], rubbish[mask])
    np.testing.assert_array_equal(other.data[~mask], one.data[~mask])


def test_a_matrix_is_restored_as_the_array_that_it_is(restorer):
    pixels = random_image((40, 33), "uint8", 0)

    result = restorer(pixels.view(np.matrix)).image

    assert type(result) is np.ndarray
    np.testing.assert_array_equal(result, restorer(pixels).image)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_comes_back_untouched(restorer, channels, dtype):
    image = random_image((40, 36, channels), dtype, seed=2)

    restored = restorer(image).image

    assert np.array_equal(restored[..., -1], image[..., -1])


def test_alpha_has_no_say_in_the_colours(restorer):
    image = random_image((40, 36, 4), "uint8", seed=3)
    image[..., 3] |= 1  # what is wholly transparent is hidden

    with_alpha = restorer(image).image[..., :3]

    assert np.array_equal(with_alpha, restorer(image[..., :3]).image)


def test_sixteen_bits_stay_sixteen_bits(restorer):
    ramp = np.tile(np.arange(64, dtype=np.uint16) * 40 + 30_000, (64, 1))

    restored = restorer(ramp).image

    assert len(np.unique(restored % 257)) > 40  # levels that 8 bits do not have


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_image_that_goes_in_is_not_changed(restorer, dtype):
    image = random_image((40, 36, 3), dtype, seed=4)
    before = image.copy()

    restorer(image, iterations=2)

    assert np.array_equal(image, before)


def test_views_and_foreign_byte_order_are_images_too(restorer):
    image = random_image((40, 72, 3), "uint16", seed=5)

    expected = restorer(np.ascontiguousarray(image[:, ::2])).image

    assert np.array_equal(restorer(image[:, ::2]).image, expected)
    assert np.array_equal(restorer(image[:, ::2].astype(">u2")).image, expected)


@pytest.mark.parametrize("share, family", [(0.1, "gaussian"), (0.5, "mixture"), (0.9, "disk")])
def test_the_blur_is_told_in_the_users_terms(tmp_path, share, family):
    path = save_tiny_swift(tmp_path / "a.safetensors", sigma=1.6, relative_std=0.04, disk_share=share, noise=1 / 255)
    image = random_image((40, 40), "uint8", seed=6)

    result = Restorer(path)(image)

    assert result.sigma == pytest.approx(1.6, rel=1e-3)
    assert result.sigma_relative_std == pytest.approx(0.04, rel=1e-3)
    assert result.family == family
    assert result.defocus.noise_level == pytest.approx(1 / 255, rel=1e-3)
    assert result.defocus.disk_radius == pytest.approx(3.2, rel=1e-3)
    assert (result.iterations, result.sigmas) == (1, (result.sigma,))
    assert result.kernel.shape == (41, 41)
    assert result.kernel.dtype == np.float32
    assert result.kernel.sum() == pytest.approx(1, abs=1e-5)
    assert result.seconds > 0


def test_measuring_says_what_restoring_says(restorer):
    image = random_image((50, 40, 3), "uint8", seed=7)

    measured, restored = restorer.measure(image), restorer(image)

    assert measured.sigma == restored.sigma
    assert np.array_equal(measured.kernel_array, restored.kernel)


def test_one_kernel_in_every_notation_gives_one_result(restorer, tmp_path):
    image = random_image((40, 40, 3), "uint16", seed=8)
    kernel = gaussian_kernel(1.5)
    save_kernel(tmp_path / "kernel.npy", kernel)
    notations = ["gaussian:1.5", tmp_path / "kernel.npy", str(tmp_path / "kernel.npy"), 7 * kernel[0, 0].numpy()]

    results = [restorer(image, kernel=notation) for notation in notations]

    for result in results:
        np.testing.assert_allclose(result.image.astype(int), results[0].image.astype(int), atol=2)
        assert result.sigma == pytest.approx(1.5, rel=1e-3)
        assert (result.family, result.sigma_relative_std) == ("given", None)


def test_a_given_kernel_takes_images_of_any_size(restorer):
    for shape in [(1, 1), (5, 5), (1, 40, 3)]:
        image = random_image(shape, "uint8", seed=9)

        assert restorer(image, kernel="disk:2").image.shape == shape


def test_too_few_pixels_for_measuring_say_what_helps(restorer):
    for shape in [(1, 1), (5, 5), (5, 400, 3)]:
        with pytest.raises(ImageError, match=r"at least 32 x 32 pixels to measure a blur by, .*give the kernel"):
            restorer(random_image(shape, "uint8", seed=9))


def test_wiener_with_the_true_kernel_brings_detail_back():
    """The only claim about quality that needs no training."""
    checkers = (np.indices((96, 96)) // 6).sum(axis=0) % 2
    sharp = (200 * checkers + 20).astype(np.uint8)
    blurred = to_array(Blur(disk_kernel(2.0))(to_tensor(sharp)), sharp)

    restored = Restorer("wiener")(blurred, kernel="disk:2").image

    inside = (slice(8, -8), slice(8, -8))
    error = [np.mean((image[inside].astype(float) - sharp[inside]) ** 2) for image in (blurred, restored)]
    assert error[1] < error[0] / 4


def test_wiener_reports_the_kernel_that_it_was_given():
    result = Restorer("wiener")(random_image((20, 20), "uint8", seed=1), kernel="disk:3")

    assert result.sigma == pytest.approx(1.5, rel=0.05)
    assert (result.family, result.defocus.noise_level, result.iterations) == ("given", None, 1)


def test_iterations_go_on_from_the_last_result(model):
    """In float32 from end to end: rounding to 8 bits between them would be a third of the noise."""
    restorer = Restorer(model, precision="float32")
    image = random_image((40, 40), "float32", seed=10)

    twice = restorer(image, iterations=2)

    step_by_step = restorer(restorer(image).image)
    np.testing.assert_allclose(twice.image, step_by_step.image, atol=1e-6)
    assert twice.iterations == len(twice.sigmas) == 2


@pytest.mark.parametrize("kind", [Scripted, ScriptedFit])
def test_iterations_stop_when_nothing_is_left(kind):
    image = np.full((40, 40), 0.2, np.float32)

    result = scripted(2.0, 0.8, 0.4, 1.0, kind=kind)(image, iterations=4)

    np.testing.assert_allclose(result.image, 0.4, atol=1e-6)  # restored twice
    assert result.iterations == 2
    assert result.sigmas == pytest.approx((2.0, 0.8), rel=1e-3)
    assert result.sigma == result.sigmas[0]


def test_a_sharp_image_is_restored_once():
    result = scripted(0.3, 0.3)(np.full((40, 40), 0.2, np.float32), iterations=3)

    assert result.iterations == 1
    np.testing.assert_allclose(result.image, 0.3, atol=1e-6)


def test_iterations_with_a_given_kernel_are_refused(restorer):
    with pytest.raises(ConfigError, match="need --kernel auto, got 3 and a given kernel; leave one of them out"):
        restorer(random_image((40, 40), "uint8", seed=1), kernel="gaussian:2", iterations=3)


@pytest.mark.parametrize("iterations", [0, -1])
def test_no_iteration_at_all_is_refused(restorer, iterations):
    with pytest.raises(ConfigError, match=f"iterations must be at least 1, got {iterations}"):
        restorer(random_image((40, 40), "uint8", seed=1), iterations=iterations)


def test_a_model_that_measures_nothing_restores_with_what_swift_measures():
    image = random_image((40, 40), "uint8", seed=1)
    restorer, swift = Restorer("wiener"), Restorer("swift")

    result, measured = restorer(image), swift.measure(image)

    assert (result.sigma, result.sigma_relative_std) == (measured.sigma, measured.sigma_relative_std)
    assert np.array_equal(result.kernel, measured.kernel_array)
    assert restorer.measure(image).sigma == measured.sigma


def test_what_restores_end_to_end_tells_the_width_that_swift_measures(end_to_end):
    image = random_image((40, 40, 3), "uint8", seed=1)

    result = end_to_end(image)

    assert result.sigma == Restorer("swift").measure(image).sigma
    assert result.family != "given"


def test_a_kernel_is_not_given_to_a_model_without_use_for_it(end_to_end):
    image = random_image((40, 40), "uint8", seed=1)

    for call in (lambda: end_to_end(image, kernel="gaussian:2"), lambda: Restorer(end_to_end.method, kernel="disk:2")):
        with pytest.raises(KernelError, match="nafnet restores end to end and has no use for a given kernel; leave"):
            call()


def test_what_finds_the_blur_by_restoring_cannot_only_measure():
    restorer = scripted(2.0, kind=ScriptedFit)

    for call in (restorer.check_measurable, lambda: restorer.measure(np.zeros((40, 40), np.uint8))):
        with pytest.raises(ConfigError, match="fit finds the blur only while it restores; measure with swift"):
            call()
    with pytest.raises(KernelError, match="fit fits a kernel of its own"):
        restorer(np.zeros((40, 40), np.uint8), kernel="gaussian:2")
    assert restorer(np.full((40, 40), 0.2, np.float32)).sigma == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize(
    "kernel, reason",
    [
        ("gauss:2", "neither gaussian:SIGMA nor disk:RADIUS nor a file"),
        ("gaussian:-1", "positive number of pixels"),
        ("nowhere.npy", "kernel file not found"),
        (np.ones((4, 4)), "use 3 or 5"),
        (np.full((3, 3), np.nan), "NaN"),
    ],
)
def test_what_is_no_kernel_is_refused(restorer, kernel, reason):
    with pytest.raises(KernelError, match=reason):
        restorer(random_image((40, 40), "uint8", seed=1), kernel=kernel)


@pytest.mark.parametrize(
    "image, reason",
    [
        (np.full((40, 40), np.nan, np.float32), "NaN"),
        (np.full((40, 40), np.inf, np.float32), "infinite"),
        (np.full((40, 40), 7, np.float32), r"in \[0, 1\]"),
        (np.zeros((40, 40)), "got float64"),
        (np.zeros((2, 40, 40, 3), np.uint8), "one image at a time"),
        (np.zeros((0, 40), np.uint8), "at least one pixel"),
        ([[1, 2], [3, 4]], "expected a numpy array"),
    ],
)
def test_what_is_no_image_is_refused(restorer, image, reason):
    for call in (restorer, restorer.measure):
        with pytest.raises(ImageError, match=reason):
            call(image)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_an_image_too_large_for_the_memory_is_one_sentence(restorer, monkeypatch, error):
    def fail(image):
        raise error

    monkeypatch.setattr(restorer.method.net, "estimate", fail)

    with pytest.raises(
        ImageError, match="can be restored in memory, got 2 megapixels; ask for a smaller window, such as 512, or"
    ):
        restorer(np.zeros((1000, 2000), np.uint8))


def test_a_mistake_of_ours_is_not_dressed_up(restorer, monkeypatch):
    def fail(image):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(restorer.method.net, "estimate", fail)

    with pytest.raises(RuntimeError, match="shapes do not match"):
        restorer(np.zeros((40, 40), np.uint8))


@pytest.mark.parametrize("kernel, iterations", [("auto", 1), ("auto", 3), ("disk:2", 1)])
@pytest.mark.parametrize("shape", [(97, 131), (131, 70, 3)])
def test_windows_change_nothing_for_swift(model, shape, kernel, iterations):
    """One estimate for all of them, at each iteration anew."""
    image = random_image(shape, "float32", seed=12)
    whole, parts = (Restorer(model, precision="float32", window=window) for window in (0, 40))

    expected, result = (restorer(image, kernel=kernel, iterations=iterations) for restorer in (whole, parts))

    np.testing.assert_allclose(result.image, expected.image, atol=1e-4)
    assert (result.window, expected.window) == (40, 0)
    assert result.sigmas == pytest.approx(expected.sigmas, rel=1e-3)
    assert result.seam is None


def test_the_blur_is_measured_once_for_all_windows():
    restorer = Restorer(Scripted(2.0), window=32)

    result = restorer(np.full((90, 70), 0.2, np.float32))

    assert restorer.method.sigmas == []
    np.testing.assert_allclose(result.image, 0.3, atol=1e-6)


def test_blended_windows_tell_their_seam():
    image = random_image((300, 40), "uint8", seed=13)

    result = Restorer("wiener", window=64)(image, kernel="gaussian:1.5")

    assert 0 < result.seam.rms < result.seam.maximum < 0.1
    assert Restorer("wiener")(image, kernel="gaussian:1.5").seam is None


def test_an_image_that_fits_into_the_window_is_restored_whole(restorer, model):
    image = random_image((40, 36), "uint8", seed=14)

    result = Restorer(model, window=40)(image)

    assert (result.window, result.seam) == (0, None)
    assert np.array_equal(result.image, restorer(image).image)


@pytest.mark.parametrize("window", [-1, 1, 31])
def test_windows_that_are_all_halo_are_refused(model, window):
    with pytest.raises(ConfigError, match=f"0 for the whole image, or at least 32 pixels, got {window}; try 1024"):
        Restorer(model, window=window)


def test_what_fits_the_image_as_a_whole_takes_no_window():
    with pytest.raises(ConfigError, match="the model fit fits each image as a whole, got --window 64; leave it out"):
        Restorer(ScriptedFit(2.0), window=64)
    assert Restorer(ScriptedFit(2.0))(np.full((2500, 2500), 0.2, np.float32)).window == 0


def test_the_convenient_call_is_the_restorer_and_loads_a_model_once(model, monkeypatch):
    image = random_image((40, 40, 3), "uint8", seed=11)
    expected = Restorer(model)(image)
    loads = []
    load = load_method
    monkeypatch.setattr(calls, "load_method", lambda *a, **k: loads.append(a) or load(*a, **k))
    calls._kept.cache_clear()

    results = [restore(image, model=model), pinsharp.restore(image, model=model)]

    assert len(loads) == 1
    for result in results:
        assert np.array_equal(result.image, expected.image)
        assert isinstance(result, pinsharp.Restored)


def test_wrong_models_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'wiener'"):
        Restorer("weiner")
    with pytest.raises(WeightsError, match="not found"):
        Restorer(tmp_path / "nowhere.safetensors")


def test_results_and_restorers_are_one_short_line(model):
    restorer = Restorer(model, window=64, light="srgb")

    result = restorer(random_image((40, 36, 3), "uint8", seed=1))

    assert repr(restorer) == "Restorer('tiny', window=64, light='srgb')"
    assert repr(result) == "Restored(36 x 40 uint8, sigma 2.00 px ± 2 %, gaussian)"


def test_what_a_call_asks_for_is_for_this_call(model):
    restorer, image = Restorer(model, kernel="gaussian:1.5"), random_image((40, 36), "uint8", seed=1)

    measured = restorer(image, kernel="auto", iterations=2)

    assert (measured.family, measured.iterations) == ("gaussian", 2)
    assert restorer(image).family == "given"


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_restorer_keeps_freed_memory_unless_it_is_told_not_to(model, monkeypatch, is_asked):
    asked = []
    monkeypatch.setattr(restorer_module, "keep_freed_memory", lambda: asked.append(True))

    Restorer(model, keep_memory=is_asked)
    restore(random_image((40, 36), "uint8", seed=1), model=model, keep_memory=is_asked)

    assert bool(asked) is is_asked


def test_the_convenient_calls_measure_and_write_files(model, tmp_path):
    pixels = random_image((40, 36), "uint8", seed=1)
    write_image(tmp_path / "a.png", pixels)

    found = pinsharp.restore_file(tmp_path / "a.png", tmp_path / "new" / "b.png", model=model)

    assert np.array_equal(pinsharp.read_image(tmp_path / "new" / "b.png").pixels, found.image)
    assert pinsharp.measure(tmp_path / "a.png", model=model).sigma == found.sigma
    assert np.array_equal(pinsharp.restore(tmp_path / "a.png", model=model).image, found.image)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_of_a_process_that_has_restored_says_use_spawn(model):
    """Rather than wait for ever for threads that are not there."""
    code = f"""
import sys
sys.path[:] = {sys.path!r}
import multiprocessing
import numpy as np
import pinsharp
restorer, image = pinsharp.Restorer({str(model)!r}, device="cpu"), np.zeros((64, 64), np.uint8)
restorer(image)

def work(call):
    try:
        call()
    except pinsharp.ConfigError as error:
        print(error, flush=True)

for call in (lambda: restorer(image), lambda: restorer.measure(image), lambda: pinsharp.Restorer("wiener")):
    process = multiprocessing.get_context("fork").Process(target=work, args=(call,))
    process.start()
    process.join(60)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)

    assert done.stdout.count("use spawn: multiprocessing.get_context('spawn')") == 3, done.stderr


def test_another_light_is_another_restorer_with_the_same_model(restorer):
    image = random_image((40, 33), "uint8", seed=1)

    other = restorer.in_light("srgb")

    assert other.method is restorer.method
    assert str(other(image).light) == "srgb (asked for)"
    assert restorer(image).light.words == "linear"
    with pytest.raises(ConfigError, match="light must be auto, linear, srgb"):
        restorer.in_light("sRGB")


def test_twelve_bits_in_sixteen_stay_twelve_and_alpha_stays_itself():
    """What overshoots goes no further than the camera's white."""
    pixels = np.random.default_rng(0).integers(0, 4096, (40, 50, 4), dtype=np.uint16)
    pixels[..., 3] = 65535

    found = Restorer(Scripted(2.0), faults="off")(pixels).image  # adds a tenth of full scale

    assert (found[..., :3] == 4095).all()
    assert (found[..., 3] == 65535).all()


@pytest.mark.parametrize("given", ["gaussian:0.1", np.ones((1, 1), np.float32), np.pad(np.ones((1, 1)), 3)])
def test_a_kernel_that_is_a_point_leaves_the_image_as_it_is_and_says_so(model, given):
    image = random_image((40, 36), "uint8", seed=2)

    result = Restorer(model)(image, kernel=given)

    assert np.array_equal(result.image, image)
    assert result.reason == "the given kernel is a point, which blurs nothing"
    assert Restorer(model, force=True)(image, kernel=given).reason == ""
