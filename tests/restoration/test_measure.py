"""Measuring a strip: on a sample of bounded size, spread over all of it; what restoring finds, without the strip."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tifffile
import torch

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import to_array
from pinsharp.images.bigtiff import open_large
from pinsharp.images.light import SAYS_NOTHING
from pinsharp.restoration import measure as room
from pinsharp.restoration import sources
from pinsharp.restoration.colour import enter
from pinsharp.restoration.measure import SAMPLE_PIXELS, frame, places, sample
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from scenes import smooth_image
from strategies import random_image
from tiffs import write_tiff

SHAPES = [(250_000, 8192), (12_207, 8192), (4_100, 4_100), (3_000, 700_000), (2_000_000, 40), (5, 10_000_000)]


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_are_of_one_size_bounded_and_inside(shape):
    blocks = places(shape)

    sizes = {(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in blocks}
    ((height, width),) = sizes
    assert len(blocks) * height * width <= SAMPLE_PIXELS
    assert len(blocks) * height * width > 0.5 * SAMPLE_PIXELS
    for rows, columns in blocks:
        assert 0 <= rows.start < rows.stop <= shape[0]
        assert 0 <= columns.start < columns.stop <= shape[1]


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_every_eighth_of_an_image_has_its_share_of_blocks(shape):
    blocks = places(shape)

    for axis in (0, 1):
        middles = [(place[axis].start + place[axis].stop) / 2 for place in blocks]
        counts = np.histogram(middles, bins=8, range=(0, shape[axis]))[0]
        assert counts.min() > 0.5 * len(blocks) / 8


def test_blocks_are_the_same_every_time_and_not_at_equal_distances():
    first, second = places((250_000, 8192)), places((250_000, 8192))

    assert first == second
    assert len({rows.start % 100 for rows, _ in first}) > 50


def test_a_small_image_is_its_own_sample():
    assert places((4096, 4096)) == [(slice(0, 4096), slice(0, 4096))]


@pytest.mark.parametrize("channels", [(), (2,), (3,), (4,)])
def test_blocks_hold_the_pixels_of_their_places_without_alpha(tmp_path, monkeypatch, channels):
    monkeypatch.setattr(room, "SAMPLE_PIXELS", 1000)
    monkeypatch.setattr(room, "BLOCK", 16)
    pixels = random_image((90, 70, *channels), "uint16", 0)
    write_tiff(tmp_path / "a.tif", pixels, tile=(32, 32))

    colours = 3 if channels and channels[0] > 2 else 1
    with open_large(tmp_path / "a.tif") as image:
        blocks = sample(lambda *place: enter(image.read(*place), Recipe(), SAYS_NOTHING), (colours, 90, 70))

    pixels = pixels.reshape(90, 70, -1)[..., :colours]
    expected = [np.moveaxis(pixels[place], -1, 0) / np.float32(65535) for place in places((90, 70))]
    assert len(blocks) > 1
    np.testing.assert_array_equal(blocks.numpy(), expected)


@pytest.fixture
def strip(tmp_path, monkeypatch):
    """A blurred scene of colour, 210 x 143, as a TIFF of tiles."""
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    blurred = Blur(gaussian_kernel(1.5), "reflect")(smooth_image((210, 143), channels=3).float())
    write_tiff(tmp_path / "in.tif", to_array(blurred, np.empty((0, 0, 3), np.uint16)), tile=(32, 48))
    return tmp_path / "in.tif"


@pytest.mark.parametrize("options", [{}, {"light": "srgb"}, {"channels": "each"}])
def test_it_is_what_restoring_finds(strip, tmp_path, monkeypatch, options):
    monkeypatch.setattr(room, "SAMPLE_PIXELS", 20_000)
    monkeypatch.setattr(room, "BLOCK", 64)
    # Forced, since what an image refutes is tried again with another kernel.
    restorer = Restorer("swift", device="cpu", precision="float32", window=64, force=True, **options)

    found = restorer.measure(strip)

    expected = restorer.restore_file(strip, tmp_path / "out.tif").defocus
    np.testing.assert_array_equal(found.kernel, expected.kernel)
    np.testing.assert_array_equal(found.noise, expected.noise)
    assert (found.sigma, found.family) == (expected.sigma, expected.family)


def test_a_strip_that_fits_is_measured_as_a_whole(strip):
    restorer = Restorer("swift", device="cpu", precision="float32")

    assert restorer.measure(strip).sigma == pytest.approx(restorer.measure(tifffile.imread(strip)).sigma)


def test_what_cannot_be_measured_is_one_sentence(strip, tmp_path):
    with pytest.raises(ConfigError, match="got selfdeblur, which sees the whole image; choose another"):
        Restorer("selfdeblur").restore_file(strip, tmp_path / "out.tif")
    pixels = np.full((40, 40), np.nan, np.float32)
    write_tiff(tmp_path / "nan.tif", pixels)
    with pytest.raises(ImageError, match=r"nan\.tif: expected finite values"):
        Restorer("swift", device="cpu").measure(tmp_path / "nan.tif")


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_length(tmp_path):
    """From 4 to 36 megapixels: held in memory, the pixels alone would take 64 MiB more, and their tensor 128."""
    peaks = []
    for height in (4096, 36864):
        path = tmp_path / "strip.tif"
        tifffile.imwrite(path, shape=(height, 1024), dtype="uint16", tile=(256, 256), metadata=None)
        peaks.append(peak_mib(path))

    assert peaks[1] - peaks[0] < 40


def peak_mib(path):
    """Largest resident memory of a process that measures a file as `pinsharp kernel` does, on half a megapixel."""
    code = f"""
import sys
sys.path[:] = {sys.path!r}
from pathlib import Path
import torch
torch.set_num_threads(1)
from pinsharp.restoration import measure, sources
from pinsharp.cli.main import run
measure.SAMPLE_PIXELS, sources.LARGE_VALUES = 2**19, 2**20
sys.argv = ["pinsharp", "kernel", {str(path)!r}, "--device", "cpu", "--json"]
try:
    run()
finally:
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured, peak = done.stdout.splitlines()
    assert "sigma" in json.loads(measured)
    return float(peak)


@pytest.mark.parametrize("shape", [(1, 50, 300), (3, 300, 50), (1, 300, 310), (1, 5, 300)])
def test_a_frame_holds_the_border_of_an_image_and_nothing_else_is_read(monkeypatch, shape):
    """Of long sides the ends and the middle, in their order."""
    monkeypatch.setattr(room, "FRAME_SIDE", 64)
    image, asked = torch.rand(1, *shape, generator=torch.Generator().manual_seed(0)), []

    def look(rows, columns):
        asked.append(min(rows.stop - rows.start, columns.stop - columns.start))
        return image[..., rows, columns]

    found = frame(look, shape, 7)

    rows, columns = (
        torch.tensor([*range(7), *range(length // 2 - 32, length // 2 + 32), *range(length - 7, length)])
        if length > 78
        else torch.arange(length)
        for length in shape[1:]
    )
    expected = image.index_select(-2, rows).index_select(-1, columns)
    inside = torch.zeros_like(expected, dtype=torch.bool)
    inside[..., 7:-7, 7:-7] = True
    torch.testing.assert_close(found, expected.masked_fill(inside, 0), rtol=0, atol=0)
    assert max(asked) <= 7
