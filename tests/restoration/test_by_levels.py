"""Restoring by a field: right in each place, without seams, the same by windows and on disk, and one kernel if even."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import tifffile
import torch

import pinsharp.restoration.sources as sources
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.levels import Levels, pixel_centres
from pinsharp.blur.operators import Blur
from pinsharp.blur.votes import Votes
from pinsharp.classical.wiener import wiener
from pinsharp.errors import ConfigError, KernelError
from pinsharp.methods.borrowing import NonBlindNetMethod
from pinsharp.methods.classical import SolverMethod
from pinsharp.methods.ensemble import Ensemble
from pinsharp.methods.network import NetMethod
from pinsharp.nets.swift.swift import Swift, SwiftConfig
from pinsharp.nets.weights import LoadedNet, load_weights, save_weights
from pinsharp.restoration import by_levels, measure
from pinsharp.restoration.restorer import Restorer
from scenes import photograph, psnr
from tiffs import write_tiff
from tiny_models import save_tiny_swift, tiny_swift

SHAPE = (110, 200)
TILT = np.linspace(0.8, 3.0, SHAPE[1], dtype=np.float32)[None]
"""Widths in pixels, a column each."""


@pytest.fixture(scope="module")
def swift(tmp_path_factory):
    path = save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors", noise=0.5 / 255)
    return NetMethod(load_weights(path), name="tiny", precision="float32")


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """The same without the random corrections, which make patterns of even images too."""
    net = tiny_swift(noise=0.5 / 255)
    with torch.no_grad():
        for parameter in net.restorer.leave.parameters():
            parameter.zero_()
    path = tmp_path_factory.mktemp("models") / "bank.safetensors"
    save_weights(path, net, {"licence": "CC0-1.0"})
    return NetMethod(load_weights(path), name="bank", precision="float32")


@pytest.fixture(autouse=True)
def _small_sections(monkeypatch):
    monkeypatch.setattr(by_levels, "SECTION", 96)


def restorer(method, **options):
    return Restorer(method, light="linear", faults="off", **options)


def seen_through(sharp, widths=TILT, noise=0.0):
    """A mono image (1, 1, H, W) blurred column by column, as an array in [0, 1]."""
    columns = [Blur(gaussian_kernel(float(width)), "reflect")(sharp)[..., n] for n, width in enumerate(widths[0])]
    blurred = torch.stack(columns, dim=-1)
    blurred = blurred + noise * torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0))
    return blurred.clamp(0, 1)[0, 0].numpy()


def scene():
    return photograph(SHAPE[0], SHAPE[1]).mean(dim=1, keepdim=True)


@pytest.mark.parametrize("name, gain", [("solver", 1.0), ("bank", 0.3)])
def test_the_true_field_beats_every_single_kernel(bank, name, gain):
    """By less with filters that are cut as short as here."""
    sharp = scene()
    blurred = seen_through(sharp, noise=0.5 / 255)
    restore = restorer(methods(bank)[name])

    def quality(**how):
        return psnr(torch.from_numpy(restore(blurred, **how).image)[None, None], sharp)

    single = [quality(kernel=f"gaussian:{sigma}") for sigma in (0.8, 1.0, 1.25, 1.5, 2.0, 3.0)]
    assert quality(field=TILT) > max(single) + gain


def test_one_value_gives_the_very_bits_of_one_kernel(swift):
    blurred = seen_through(scene())

    found = restorer(swift)(blurred, field=np.full((3, 5), 1.7))
    expected = restorer(swift)(blurred, kernel=found.kernel)

    assert found.field is None
    np.testing.assert_array_equal(found.image, expected.image)


@pytest.mark.parametrize("window", [0, 64, 100])
@pytest.mark.parametrize("channels", [1, 3])
def test_windows_make_no_difference(swift, window, channels):
    blurred = (seen_through(scene())[..., None] * np.float32([1.0, 0.8, 0.9])[:channels]).squeeze()

    found = restorer(swift, window=window)(blurred, field=TILT)

    np.testing.assert_array_equal(found.image, restorer(swift)(blurred, field=TILT).image)
    assert found.seam is None


def test_sections_make_no_difference_but_their_borders(swift, monkeypatch):
    """Past what it is shown, a filter knows nothing."""
    method, blurred = methods(swift)["solver"], seen_through(scene())
    small = restorer(method)(blurred, field=TILT)

    monkeypatch.setattr(by_levels, "SECTION", 4096)

    np.testing.assert_allclose(small.image, restorer(method)(blurred, field=TILT).image, atol=2 / 255)
    assert small.seam.maximum < 2 / 255


def test_on_disk_as_in_memory(swift, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    pixels = np.rint(65535 * seen_through(scene())[..., None] * [1.0, 0.8, 0.9]).astype(np.uint16)
    write_tiff(tmp_path / "in.tif", pixels, rowsperstrip=7)

    found = restorer(swift, window=64).restore_file(tmp_path / "in.tif", tmp_path / "out.tif", field=TILT)

    whole = restorer(swift)(pixels, field=TILT)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), whole.image)
    assert found.field == whole.field


solver = partial(wiener, noise_to_signal=1e-3, prior="laplacian")


class Colour(torch.nn.Module):
    """A network that knows three channels alone."""

    def deconvolve(self, image, estimate):
        return solver(image, estimate.kernel)


def methods(swift):
    net = LoadedNet(Colour(), swift.info)
    return {
        "solver": SolverMethod("solver", solver, measurer=swift),
        "colour": NonBlindNetMethod(net, name="colour", measurer=swift, precision="float32"),
        "ensemble": Ensemble(swift),
        "swift": swift,
        "bank": swift,
    }


@pytest.mark.parametrize("name", ["solver", "colour", "swift"])
@pytest.mark.parametrize("field", [TILT, [[0.2, 9.0]]])
def test_even_images_stay_even_whatever_the_method(bank, name, field):
    flat = np.full((100, 150), 0.4, np.float32)

    found = restorer(methods(bank)[name])(flat, field=field).image

    np.testing.assert_allclose(found, flat, atol=1e-5)


@pytest.mark.parametrize("name", ["solver", "swift"])
def test_no_seam_shows_on_a_ramp(bank, name):
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, SHAPE[0], dtype=np.float32)[:, None], SHAPE).copy()

    found = restorer(methods(bank)[name])(ramp, field=TILT).image

    inside = found[40:-40]
    assert np.abs(np.diff(inside, axis=1)).max() < 0.5 / 255


def test_every_method_that_takes_a_kernel_restores_a_field(swift):
    blurred = seen_through(scene())
    for name, method in methods(swift).items():
        found = restorer(method)(blurred, field=TILT)
        assert found.field is not None, name
        assert not np.array_equal(found.image, blurred), name


def test_where_it_is_sharp_the_image_stays_as_it_is(swift):
    blurred = seen_through(scene())

    found = restorer(swift)(blurred, field=np.where(np.arange(SHAPE[1]) < 100, 0.3, 2.0)[None])

    np.testing.assert_allclose(found.image[:, :99], blurred[:, :99], atol=1e-6)
    assert np.abs(found.image[:, 105:] - blurred[:, 105:]).max() > 0.02


def test_the_result_says_how_it_was_restored(swift):
    found = restorer(swift)(seen_through(scene()), field=TILT)

    assert (found.field.least, found.field.most) == pytest.approx((0.8, 3.0), abs=0.01)
    assert found.field.levels[0] <= 0.8
    assert found.field.levels[-1] >= 3.0
    assert "(0.80 to 3.00)" in repr(found)


def test_blurred_again_each_place_by_its_own_kernel_it_is_the_image(swift):
    """A kernel for all leaves several times as much."""
    sharp = scene()
    blurred = seen_through(sharp, noise=0.5 / 255)

    restore = restorer(methods(swift)["solver"])
    by_field, by_one = restore(blurred, field=TILT), restore(blurred, kernel="gaussian:2.5")

    assert by_field.residual < 0.5 * by_one.residual


class Tilted:
    """Lets windows vote for a tilt, whatever the image; restores as another method does."""

    def __init__(self, method):
        self._method = method

    def __getattr__(self, name):
        return getattr(self._method, name)

    def estimate(self, image, kernel=None, hidden=None):
        found = self._method.estimate(image, kernel, hidden)
        if kernel is not None:
            return found
        corners = [(row, column) for row in range(0, 79, 26) for column in range(0, 169, 21)]
        places = torch.tensor([[row, column, 32, 32] for row, column in corners])
        said = torch.from_numpy(np.interp(places[:, 1] + 16, np.arange(SHAPE[1]) + 0.5, TILT[0])).log().float()
        same = torch.ones(len(said))
        votes = Votes(places, said, 0.05 * same, 0 * same, 0 * same, same, same / len(said))
        return replace(found, votes=(votes,))


def test_a_blur_that_varies_is_restored_by_its_field_unless_asked_otherwise(swift):
    blurred = seen_through(scene())
    restore = restorer(Tilted(swift))

    found, off = restore(blurred), restore(blurred, field="off")

    assert found.defocus.verdict == "varying"
    assert (found.field.least, found.field.most) == pytest.approx((0.8, 3.0), abs=0.1)
    assert off.field is None
    np.testing.assert_array_equal(off.image, restorer(swift)(blurred, field="off").image)
    assert not np.array_equal(found.image, off.image)
    assert restore(blurred, kernel="gaussian:2").field is None


def test_the_widths_of_a_field_can_be_given_to_another_image(swift):
    blurred = seen_through(scene())
    measured = restorer(Tilted(swift)).measure(blurred)

    widths = measured.widths(SHAPE)

    np.testing.assert_allclose(widths, np.broadcast_to(TILT, SHAPE), atol=0.06)
    assert BlurField(gaussian_kernel(2.0)).widths((2, 3)) == pytest.approx(np.full((2, 3), 2.0), rel=1e-3)


def test_windows_of_a_sample_are_placed_where_they_lie_in_the_image():
    votes = Votes(torch.tensor([[0, 5, 8, 8], [259, 7, 8, 8], [3 * 256 + 1, 0, 8, 8]]), *[torch.zeros(3)] * 6)
    blocks = measure.places((5000, 5000))

    found = measure._placed(BlurField(gaussian_kernel(1.0), votes=(votes,)), (1, 5000, 5000)).votes[0].places

    for number, (row, column), place in zip((0, 1, 3), ((0, 5), (3, 7), (1, 0)), found.tolist(), strict=True):
        rows, columns = blocks[number]
        assert place == [rows.start + row, columns.start + column, 8, 8]


@pytest.mark.parametrize(
    "options, error, reason",
    [
        ({"field": "no.npy"}, KernelError, "auto, off, or a .npy file of widths, got 'no.npy'"),
        ({"field": [[1.0, -1.0]]}, KernelError, "positive widths in pixels"),
        ({"field": [[1.0, 2.0]], "kernel": "gaussian:2"}, ConfigError, "one for the whole image, got a given field"),
        ({"field": [[1.0, 2.0]], "iterations": 2}, ConfigError, "need --field auto"),
    ],
)
def test_what_cannot_be_meant_is_refused(swift, options, error, reason):
    with pytest.raises(error, match=reason):
        restorer(swift, **options)


def test_the_guard_is_told_the_blur_of_each_cell():
    torch.manual_seed(0)
    sizes = {"width": 4, "deep_width": 4, "condition": 4, "filter_radius": 16, "filter_grid": 64}
    net = Swift(SwiftConfig(**sizes, noise_rings=16, kernel_votes=True, guard=True)).eval()
    whole = BlurField(gaussian_kernel(1.5), torch.full((1, 16), 0.02))
    levels = Levels(whole, lambda places: 1 + places[..., 1] / 64, (128, 256))
    told = net.guarded_rows((1, 128, 256), whole, levels)._known()

    centres = pixel_centres(slice(0, 1), slice(0, 256))[0, 31::64] + 0.5
    expected = levels.mixed(centres, net.known)
    torch.testing.assert_close(told[0, 0], expected)
    assert not torch.allclose(told[0, 0, 0], told[0, 0, 3], atol=1e-3)
