"""Restoring by windows: the same as the whole where the method looks only so far, a measured seam where it does not."""

from dataclasses import replace

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinsharp.blur.camera import generator
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.classical.wiener import wiener
from pinsharp.images.windows import windows
from pinsharp.methods.borrowing import EndToEndMethod
from pinsharp.methods.classical import SolverMethod
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.method import Deblurred, MethodTraits
from pinsharp.methods.network import NetMethod
from pinsharp.methods.table import load_method
from pinsharp.nets.swift import bank_blocks
from pinsharp.nets.swift.restorer import SwiftRestorer
from pinsharp.nets.weights import load_weights, save_weights
from pinsharp.restoration import windows as room
from pinsharp.restoration.sources import TensorPlanes
from pinsharp.restoration.windows import (
    Seam,
    SeamMeter,
    choose_disk_window,
    choose_window,
    restored_bands,
    restored_rows,
    worst,
)
from scenes import photograph, psnr, smooth_image
from tiny_models import save_tiny_swift, tiny_peer, tiny_udbd

KNOWN = BlurField(gaussian_kernel(1.5), noise=torch.tensor([1 / 255]))


@pytest.fixture(scope="module")
def swift(tmp_path_factory):
    """A swift with random corrections that matter, in either precision."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny_swift(folder / "tiny.safetensors")

    def load(precision):
        loaded = load_weights(folder / "tiny.safetensors")
        with torch.no_grad():
            for layer in loaded.net.restorer.leave.values():
                layer.weight.mul_(100)
        return NetMethod(loaded, name="tiny", precision=precision)

    return {precision: load(precision) for precision in ("float32", "bfloat16")}


@pytest.fixture(scope="module")
def pooling(tmp_path_factory):
    """A net that pools over its whole input."""
    path = tmp_path_factory.mktemp("models") / "udbd.safetensors"
    save_weights(path, tiny_udbd(), {})
    return NetMethod(load_weights(path), name="udbd", precision="float32")


def deconvolve(method, image, estimate, window=0):
    """The whole of an image restored by windows, and their seam."""
    meters, planes = [], TensorPlanes(image)
    restored = planes.stored(restored_bands(planes, method, estimate, window, meters=meters), None)
    return restored.image, worst(meter.seam for meter in meters)


class Shifting:
    """A local method whose result tells where it was asked: it adds a number that grows with every call."""

    name, kind, kernel_from, traits = "shifting", "classical", "swift", MethodTraits()

    def __init__(self, step):
        self.step, self.calls = step, 0

    def estimate(self, image, kernel=None, hidden=None):
        return KNOWN

    def deconvolve(self, image, estimate):
        self.calls += 1
        return Deblurred(image + self.step * (self.calls - 1), estimate.kernel, estimate)

    def __call__(self, image, kernel=None):
        return self.deconvolve(image, KNOWN)


@settings(max_examples=12, deadline=None)
@given(
    st.tuples(st.integers(33, 150), st.integers(33, 150)),
    st.integers(32, 140),
    st.sampled_from([1, 3]),
    st.sampled_from(["float32", "bfloat16"]),
)
@example((137, 131), 128, 3, "bfloat16")
@example((131, 97), 33, 1, "float32")
def test_swift_restores_windows_as_the_whole(swift, shape, window, channels, precision):
    """To the last bit, for odd sizes too."""
    method, image = swift[precision], smooth_image(shape, channels).float()

    whole, _ = deconvolve(method, image, KNOWN)
    parts, seam = deconvolve(method, image, KNOWN, window=window)

    assert seam is None
    assert torch.equal(parts, whole)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("channels, window", [(3, 96), (1, 96), (3, 144)])
def test_the_shipped_swift_restores_windows_as_the_whole(monkeypatch, channels, window, precision):
    """Better than 1e-3 at every pixel and 65 dB, the aim: to the last bit, with blocks that end within windows."""
    monkeypatch.setattr(bank_blocks, "BLOCK", 100)
    method = load_method("swift", precision=precision)
    image = Blur(KNOWN.kernel, "reflect")(photograph(215, 203)[:, :channels])

    whole, _ = deconvolve(method, image, KNOWN)
    parts, _ = deconvolve(method, image, KNOWN, window=window)

    assert float((parts - whole).abs().max()) < 1e-6


def test_windows_of_swift_begin_where_its_pixels_do():
    assert room.EXACT_STRIDE % SwiftRestorer.STRIDE == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_what_pools_is_blended_and_says_by_how_much_windows_disagree(pooling, channels):
    image = smooth_image((150, 131), channels).float()

    whole, nothing = deconvolve(pooling, image, KNOWN)
    parts, seam = deconvolve(pooling, image, KNOWN, window=64)

    assert nothing is None
    assert 0 < seam.rms <= seam.maximum < 1
    assert parts.shape == whole.shape
    assert psnr(parts, whole) > 20


def test_a_window_that_is_blended_does_not_go_on_as_the_image_does(swift):
    """Turned windows are blended; inside the image none of them is mirrored at its own border."""
    image = Blur(gaussian_kernel(2.0), "reflect")(photograph(160, 160))
    method = Ensemble(swift["float32"])
    known = method.estimate(image)
    assert known.continuations == ("reflect",)

    restored, _ = deconvolve(method, image, known, window=64)

    expected, _ = deconvolve(method, image, replace(known, continuations=None), window=64)
    torch.testing.assert_close(restored, expected, rtol=0, atol=0)


def test_classical_methods_hardly_disagree_and_come_close_to_the_whole():
    """Their filters reach across the whole image but fade: what is dropped of the halo hides the windows' borders."""
    method = SolverMethod("wiener", lambda image, kernel: wiener(image, kernel, noise_to_signal=1e-2), measurer=None)
    image = photograph(300, 320)

    whole, _ = deconvolve(method, image, KNOWN)
    parts, seam = deconvolve(method, image, KNOWN, window=160)

    assert seam.rms < 1e-3
    assert psnr(parts, whole) > 60


def test_end_to_end_nets_go_by_windows_too(tmp_path):
    save_weights(tmp_path / "nafnet.safetensors", tiny_peer("nafnet"), {})
    loaded = load_weights(tmp_path / "nafnet.safetensors")
    with torch.no_grad():
        for name, parameter in loaded.net.named_parameters():
            if name.endswith(("beta", "gamma")):
                parameter.fill_(0.3)  # untrained blocks pass on what they get
    method = EndToEndMethod(loaded, name="nafnet", measurer=None, precision="float32")
    image = photograph(260, 100)

    parts, seam = deconvolve(method, image, KNOWN, window=64)

    assert parts.shape == image.shape
    assert 0 < seam.rms < 0.1
    assert not torch.equal(parts, image)


@pytest.mark.parametrize("shape, window", [((90, 70), 40), ((70, 200), 32), ((97, 33), 33), ((40, 40), 64)])
def test_windows_that_agree_are_blended_without_a_trace(shape, window):
    image = smooth_image(shape, 3).float()

    parts, seam = deconvolve(Shifting(0.0), image, KNOWN, window=window)

    torch.testing.assert_close(parts, image, atol=1e-6, rtol=1e-6)
    assert seam == Seam(0.0, 0.0)


def test_the_seam_is_how_much_neighbours_differ_where_they_are_blended():
    """Two windows side by side, the second brighter by 0.25."""
    image = torch.full((1, 1, 128, 256), 0.5)

    parts, seam = deconvolve(Shifting(0.25), image, KNOWN, window=128)

    assert (seam.rms, seam.maximum) == pytest.approx((0.25, 0.25))
    row = parts[0, 0, 64]
    ramp = room.BLEND_RAMP
    assert row[: 128 - ramp].eq(0.5).all()
    assert row[128 + ramp :].eq(0.75).all()
    assert (row[128 - ramp : 128 + ramp].diff() > 0).all()
    assert float(row[128]) == pytest.approx(0.625, abs=0.01)


def test_rows_come_as_soon_as_they_are_finished():
    """What a file that is larger than memory is written from: no band waits for the one after the next."""
    image, asked = smooth_image((200, 90), 1).float(), []

    def restore(window):
        asked.append(window.vertical.start)
        return image[..., window.outer_rows, window.outer_columns]

    plan = windows((200, 90), 64, 16, 4)
    rows = restored_rows(plan, restore, ramp=8)

    first = next(rows)
    assert len(set(asked)) == 2
    assert first.shape[-2] == plan[2].vertical.start - 8
    torch.testing.assert_close(torch.cat([first, *rows], dim=-2), image, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    "shape, window, chosen",
    [
        ((1000, 1000), None, 0),
        ((2000, 3000), None, 0),
        ((2000, 3001), None, room.DEFAULT_WINDOW),
        ((8000, 8000), 0, 0),
        ((300, 200), 256, 256),
        ((300, 200), 300, 0),
    ],
)
def test_the_window_goes_by_the_size_unless_it_is_asked_for(shape, window, chosen):
    assert choose_window(shape, window) == chosen


@pytest.mark.parametrize(
    "width, colours, window", [(8192, 1, 1024), (8192, 3, 813), (40_000, 1, 500), (200_000, 3, 256)]
)
def test_windows_are_smaller_where_bands_on_disk_are_wide(width, colours, window):
    assert choose_disk_window((colours, 9, width), None) == window
    assert choose_disk_window((colours, 9, width), 512) == 512


def test_a_window_sees_no_more_than_the_largest_whole_image():
    reach = 56  # of the shipped swift's trunk

    assert (room.DEFAULT_WINDOW + 2 * reach) ** 2 <= room.WHOLE_PIXELS


def test_seams_are_summed_and_compared():
    meter = SeamMeter()
    for difference in (torch.tensor([0.3, -0.4]), torch.zeros(2), torch.zeros(0)):
        meter.add(difference)

    assert (meter.seam.rms, meter.seam.maximum) == pytest.approx((0.25, 0.4))
    assert worst([None, Seam(0.1, 0.5), Seam(0.2, 0.3)]) == Seam(0.2, 0.5)
    assert worst([None]) is None


def test_the_image_is_not_changed(swift):
    image = torch.rand(1, 3, 70, 65, generator=generator(3, 0))
    before = image.clone()

    deconvolve(swift["float32"], image, KNOWN, window=32)

    assert torch.equal(image, before)
