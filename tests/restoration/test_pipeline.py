"""A TIFF restored from disk: all that the image in memory gets, whatever its layout, and memory that does not grow."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch
from PIL import ImageCms

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.errors import ConfigError, ImageError, KernelError, OutputError
from pinsharp.images.arrays import to_array
from pinsharp.images.files import read_image
from pinsharp.methods.network import NetMethod
from pinsharp.nets.swift import bank_blocks
from pinsharp.nets.weights import load_weights, save_weights
from pinsharp.restoration import measure, sources
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.result import Restored
from scenes import photograph, smooth_image
from strategies import random_image
from tiffs import write_tiff
from tiny_models import save_tiny_swift, tiny_peer

KINDS = [
    ("uint8", (), {"compression": "zlib", "predictor": True, "rowsperstrip": 7}),
    ("uint16", (), {"compression": "lzw", "tile": (32, 48), "bigtiff": True}),
    ("uint16", (3,), {"compression": "zstd", "predictor": True, "tile": (16, 16), "byteorder": ">"}),
    ("uint16", (4,), {}),
    ("uint8", (2,), {"tile": (64, 64)}),
    ("float32", (), {"rowsperstrip": 1}),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)


def restore_file(source, target, restorer, **more):
    return restorer.restore_file(source, target, **more)


def restorer(model, window=64, *, precision="float32", **options):
    return Restorer(model, device="cpu", precision=precision, window=window, **options)


@pytest.fixture
def strip(tmp_path):
    """Write a blurred scene as a TIFF and return its path."""

    def write(dtype="uint16", channels=(), shape=(210, 143), **options):
        count = channels[0] if channels else 1
        kernel = gaussian_kernel(1.5)
        scene = smooth_image([side + kernel.shape[-1] - 1 for side in shape], channels=3 if count > 2 else 1)
        blurred = Blur(kernel, "valid")(scene.float())  # mirrored, it would be restored past its border in memory
        pixels = to_array(blurred, np.empty((0, 0, *((3,) if count > 2 else ())), dtype))
        if count in (2, 4):
            pixels = np.dstack([pixels, np.maximum(random_image(shape, dtype, 0), pixels.dtype.type(1))])
        write_tiff(tmp_path / "in.tif", pixels, **options)
        return tmp_path / "in.tif"

    return write


@pytest.mark.parametrize("dtype, channels, layout", KINDS)
@pytest.mark.parametrize("kernel, precision, window", [("auto", "bfloat16", 64), ("gaussian:1.5", "float32", 36)])
def test_a_file_becomes_what_its_image_becomes_in_memory(
    strip, tmp_path, model, monkeypatch, dtype, channels, layout, kernel, precision, window
):
    """To the last bit, restored by bands or as a whole, though blocks of the bank end somewhere within the windows."""
    monkeypatch.setattr(bank_blocks, "BLOCK", 80)
    source = strip(dtype, channels, **layout)

    by_bands = restorer(model, window, precision=precision)
    found = restore_file(source, tmp_path / "out.tif", by_bands, kernel=kernel)

    whole = restorer(model, 0, precision=precision)(read_image(source).pixels, kernel=kernel)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif").reshape(whole.image.shape), whole.image)
    assert (found.defocus.sigma, found.defocus.family) == (whole.sigma, whole.family)
    assert (found.seam, found.window, found.channels) == (None, window, ())


@pytest.mark.parametrize("dtype, channels, layout", KINDS)
def test_layout_and_tags_are_kept(strip, tmp_path, model, dtype, channels, layout):
    source = strip(dtype, channels, **layout, description="Line 4", resolution=(300, 300))

    restore_file(source, tmp_path / "out.tif", restorer(model), kernel="gaussian:1.5")

    assert read_image(tmp_path / "out.tif").tags == read_image(source).tags


def test_alpha_is_not_touched(strip, tmp_path, model):
    source = strip("uint16", (4,), rowsperstrip=10)

    restore_file(source, tmp_path / "out.tif", restorer(model))

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif")[..., 3], tifffile.imread(source)[..., 3])


@pytest.mark.parametrize(
    "options", [{"channels": "each"}, {"channels": "luma"}, {"light": "srgb"}, {"white_level": 65000}]
)
def test_colour_options_are_those_of_the_image_in_memory(strip, tmp_path, model, options):
    source = strip("uint16", (3,))
    pixels = np.minimum(tifffile.imread(source), 65000)
    write_tiff(source, pixels)

    found = restore_file(source, tmp_path / "out.tif", restorer(model, **options))

    whole = restorer(model, window=0, **options)(pixels)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), whole.image)
    assert len(found.channels) == len(whole.channels)


@pytest.mark.parametrize("iterations", [1, 2])
def test_the_tags_of_a_large_file_say_its_light_as_those_of_a_small_one(strip, tmp_path, model, iterations):
    """It is decoded once, however many passes are made."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source, method = strip("uint16", (3,), iccprofile=profile), restorer(model)

    found = method.restore_file(source, tmp_path / "out.tif", iterations=iterations)

    whole = restorer(model, window=0)(source, iterations=iterations)
    asked = restorer(model, window=0, light="srgb")(read_image(source).pixels, iterations=iterations)
    assert [str(each.light) for each in (found, whole, asked)] == ["srgb (ICC profile)"] * 2 + ["srgb (asked for)"]
    np.testing.assert_array_equal(found.image, whole.image)
    np.testing.assert_array_equal(whole.image, asked.image)
    assert isinstance(found.held, OnDisk)
    assert method.measure(source).sigma == found.sigma


@pytest.mark.parametrize("dtype, channels, layout", KINDS[1:4])
@pytest.mark.parametrize("options", [{}, {"channels": "each"}, {"channels": "luma"}])
def test_iterations_on_disk_are_those_in_memory(strip, tmp_path, model, dtype, channels, layout, options):
    """To the last bit, through files between the passes, of which nothing is left."""
    source = strip(dtype, channels, **layout)
    pixels = read_image(source).pixels

    found = restorer(model, **options).restore_file(source, tmp_path / "out.tif", iterations=3)

    whole = restorer(model, window=0, **options)(pixels, iterations=3)
    np.testing.assert_array_equal(read_image(tmp_path / "out.tif").pixels, whole.image)
    assert (found.iterations, found.sigmas, found.residual) == (3, whole.sigmas, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", "out.tif"]


def test_iterations_on_disk_stop_where_one_channel_is_sharp(strip, tmp_path):
    """The other channels go on by themselves."""

    class Fading(NetMethod):
        """Says what is left by the brightness: nothing of a dark channel."""

        def estimate_parts(self, parts, kernel=None):
            found = super().estimate_parts(parts, kernel)
            return replace(found, log_width=torch.log(torch.tensor([3 * float(parts.mean())])))

        def estimate(self, image, kernel=None, hidden=None):
            return replace(self.estimate_parts(image), continuations=(None,))

    save_tiny_swift(tmp_path / "tiny.safetensors")
    method = Fading(load_weights(tmp_path / "tiny.safetensors"), name="fading", precision="float32")
    source = strip("uint16", (3,))
    pixels = tifffile.imread(source)
    pixels[..., 0] //= 8
    write_tiff(source, pixels)

    found = Restorer(method, window=64, channels="each").restore_file(source, tmp_path / "out.tif", iterations=2)

    expected = Restorer(method, window=0, channels="each")(pixels, iterations=2)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), expected.image)
    mono = Restorer(method, window=0)(np.ascontiguousarray(pixels[..., 0]), iterations=2)
    assert (mono.iterations, found.iterations) == (1, 2)


@pytest.mark.parametrize("rule", ["reflect", "circular"])
@pytest.mark.parametrize("shape", [(210, 143), (143, 210)])
def test_a_border_that_a_computer_made_is_recognised_on_disk_too(tmp_path, model, rule, shape):
    """And restored as in memory: at the top it takes rows from the bottom, if the image is periodic."""
    scene = torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(0))
    write_tiff(tmp_path / "in.tif", to_array(Blur(gaussian_kernel(2.0), rule)(scene), np.empty((0, 0), np.float32)))
    tiny = restorer(model)

    found = tiny.restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    whole = restorer(model, window=0)(tifffile.imread(tmp_path / "in.tif"))
    assert found.defocus.continuation == whole.defocus.continuation == rule
    assert tiny.measure(tmp_path / "in.tif").continuation == rule
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), whole.image)


@pytest.mark.parametrize("kernel, doubt", [("gaussian:1.6", False), ("gaussian:2.6", True)])
def test_what_a_result_on_disk_leaves_unexplained_is_told(tmp_path, monkeypatch, kernel, doubt):
    monkeypatch.setattr("pinsharp.restoration.residual.SIDE", 60)
    blurred = Blur(gaussian_kernel(1.6), "reflect")(photograph(256, 256))
    write_tiff(tmp_path / "in.tif", to_array(blurred, np.empty((0, 0, 3), np.uint8)))
    swift = restorer("swift")

    found = swift.restore_file(tmp_path / "in.tif", tmp_path / "out.tif", kernel=kernel)

    whole = restorer("swift", 0)(tifffile.imread(tmp_path / "in.tif"), kernel=kernel)
    assert found.residual == whole.residual
    assert found.is_doubtful is doubt


def test_a_result_on_disk_is_the_result_of_an_array(strip, tmp_path, model):
    source = strip("uint16", (3,))

    found = restorer(model).restore_file(source, tmp_path / "out.tif")

    assert isinstance(found, Restored)
    assert repr(found) == repr(restorer(model)(tifffile.imread(source)))
    np.testing.assert_array_equal(found.image, tifffile.imread(tmp_path / "out.tif"))
    assert found.megapixels == 0.03003
    in_memory = restorer(model)(source)  # read by rows, and put together
    np.testing.assert_array_equal(in_memory.image, found.image)


def test_methods_that_pool_are_blended_and_tell_their_seam(strip, tmp_path):
    save_weights(tmp_path / "nafnet.safetensors", tiny_peer("nafnet"), {})
    source = strip()
    pooling = restorer(tmp_path / "nafnet.safetensors", window=96)

    found = restore_file(source, tmp_path / "out.tif", pooling)

    whole = pooling(tifffile.imread(source))
    np.testing.assert_allclose(tifffile.imread(tmp_path / "out.tif"), whole.image, atol=1)
    assert found.seam is not None
    assert whole.seam is not None
    assert found.seam.maximum == pytest.approx(whole.seam.maximum, rel=1e-3)


def test_a_large_image_is_measured_on_its_sample(strip, tmp_path, model, monkeypatch):
    monkeypatch.setattr(measure, "SAMPLE_PIXELS", 4000)
    monkeypatch.setattr(measure, "BLOCK", 40)
    tiny = restorer(model)
    seen = []
    estimate_parts = tiny.method.estimate_parts
    monkeypatch.setattr(tiny.method, "estimate_parts", lambda *parts: (seen.append(parts), estimate_parts(*parts))[1])

    found = restore_file(strip(), tmp_path / "out.tif", tiny)

    ((parts, kernel),) = seen
    assert (tuple(parts.shape), kernel) == ((2, 1, 40, 40), None)
    assert found.defocus.sigma == pytest.approx(2.0, abs=0.01)


def test_progress_counts_all_pixels_once(strip, tmp_path, model):
    told = []

    restore_file(strip(), tmp_path / "out.tif", restorer(model), progress=lambda *counts: told.append(counts))

    assert told == sorted(told)
    assert len(told) == 4 * 3
    assert told[-1] == (210 * 143, 210 * 143)


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_a_damaged_strip_names_file_and_rows_and_leaves_nothing(strip, tmp_path, model, compression):
    source = strip(rowsperstrip=30, compression=compression)
    with tifffile.TiffFile(source) as tiff:
        start = tiff.pages[0].dataoffsets[5]
    with source.open("r+b") as file:
        file.seek(start)
        file.write(bytes(100))

    with pytest.raises(ImageError, match=r"in\.tif: expected a whole TIFF file, .*rows 150 to 180"):
        restore_file(source, tmp_path / "out.tif", restorer(model), kernel="gaussian:1.5")

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_pixels_that_cannot_be_restored_name_file_and_rows(strip, tmp_path, model, monkeypatch):
    monkeypatch.setattr(measure, "SAMPLE_PIXELS", 4000)
    monkeypatch.setattr(measure, "BLOCK", 40)
    source = strip("float32")
    pixels = tifffile.imread(source)
    pixels[205, 3] = np.nan
    write_tiff(source, pixels)

    pattern = r"in\.tif: in rows (\d+) to (\d+), columns (\d+) to (\d+): expected finite values"
    with pytest.raises(ImageError, match=pattern) as caught:
        restore_file(source, tmp_path / "out.tif", restorer(model, faults="off"))

    found = re.search(pattern, str(caught.value))
    assert found
    top, bottom, left, right = map(int, found.groups())
    assert top <= 205 < bottom <= 210
    assert left <= 3 < right <= 143
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_an_interruption_passes_and_leaves_nothing(strip, tmp_path, model):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_file(strip(), tmp_path / "out.tif", restorer(model), progress=stop)

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_what_cannot_be_done_is_refused_before_any_work(strip, tmp_path, model):
    source, tiny = strip(), restorer(model)

    with pytest.raises(OutputError, match="got the input itself"):
        restore_file(source, source, tiny, overwrite=True)
    with pytest.raises(OutputError, match=r"ends in \.tif"):
        restore_file(source, tmp_path / "out.png", tiny)
    with pytest.raises(KernelError, match="got -1"):
        restore_file(source, tmp_path / "out.tif", tiny, kernel="gaussian:-1")
    with pytest.raises(ConfigError, match="got selfdeblur, which sees the whole image; choose another"):
        restore_file(source, tmp_path / "out.tif", Restorer("selfdeblur"))


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_length(tmp_path, model):
    """From 2 to 9 megapixels: held in memory, pixels and tensors would take 70 MiB more, their results as much."""
    peaks = []
    for height in (2048, 9216):
        path = tmp_path / "strip.tif"
        tifffile.imwrite(path, shape=(height, 1024), dtype="uint16", tile=(256, 256), metadata=None)
        peaks.append(peak_mib(model, path, tmp_path / "out.tif"))

    assert peaks[1] - peaks[0] < 50


def peak_mib(model, source, target):
    """Largest resident memory of a process that restores a file by bands, its blur measured on half a megapixel."""
    code = f"""
import json, sys
sys.path[:] = {sys.path!r}
from pathlib import Path
import torch
torch.set_num_threads(1)
from pinsharp.restoration import measure, sources
from pinsharp.restoration.restorer import Restorer
measure.SAMPLE_PIXELS, sources.LARGE_VALUES = 2**19, 2**20
restorer = Restorer({str(model)!r}, device="cpu", window=256)
restorer.restore_file({str(source)!r}, {str(target)!r}, overwrite=True)
status = Path("/proc/self/status").read_text()
print(json.dumps(int(status.split("VmHWM:")[1].split()[0]) / 1024))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
