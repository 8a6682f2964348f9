"""The blur of a strip: what restoring finds, without the strip in memory."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import to_array
from pinsharp.restoration import sample
from pinsharp.restoration.colour import ColourOptions
from pinsharp.restoration.large_blur import measure_file
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.streaming import restore_file
from scenes import smooth_image
from tiffs import write_tiff


@pytest.fixture
def strip(tmp_path):
    """A blurred scene of colour, 210 x 143, as a TIFF of tiles."""
    blurred = Blur(gaussian_kernel(1.5), "reflect")(smooth_image((210, 143), channels=3).float())
    write_tiff(tmp_path / "in.tif", to_array(blurred, np.empty((0, 0, 3), np.uint16)), tile=(32, 48))
    return tmp_path / "in.tif"


@pytest.mark.parametrize("colour", [ColourOptions(), ColourOptions(gamma=True), ColourOptions(channels="each")])
def test_it_is_what_restoring_finds(strip, tmp_path, monkeypatch, colour):
    monkeypatch.setattr(sample, "SAMPLE_PIXELS", 20_000)
    monkeypatch.setattr(sample, "BLOCK", 64)
    restorer = Restorer("swift", device="cpu", precision="float32", window=64, colour=colour)

    found = measure_file(strip, restorer)

    expected = restore_file(strip, tmp_path / "out.tif", restorer).defocus
    np.testing.assert_array_equal(found.kernel, expected.kernel)
    assert (found.sigma, found.noise_level, found.family) == (expected.sigma, expected.noise_level, expected.family)


def test_a_strip_that_fits_is_measured_as_a_whole(strip):
    restorer = Restorer("swift", device="cpu", precision="float32")

    assert measure_file(strip, restorer).sigma == pytest.approx(restorer.measure(tifffile.imread(strip)).sigma)


def test_what_cannot_be_measured_is_one_sentence(strip, tmp_path):
    with pytest.raises(ConfigError, match="got selfdeblur, which sees the whole image; choose another"):
        measure_file(strip, Restorer("selfdeblur"))
    pixels = np.full((40, 40), np.nan, np.float32)
    write_tiff(tmp_path / "nan.tif", pixels)
    with pytest.raises(ImageError, match=r"nan\.tif: expected finite values"):
        measure_file(tmp_path / "nan.tif", Restorer("swift", device="cpu"))


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
from pinsharp.restoration import sample, streaming
from pinsharp.cli.main import run
sample.SAMPLE_PIXELS, streaming.LARGE_VALUES = 2**19, 2**20
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
