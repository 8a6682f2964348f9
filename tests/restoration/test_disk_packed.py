"""Packed TIFFs and frames that stay on disk are restored as in memory, to the bit, and packed as they were."""

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from pinsharp.errors import ImageError
from pinsharp.images import raw
from pinsharp.restoration import sources
from pinsharp.restoration.restorer import Restorer
from strategies import random_image
from tiny_models import save_tiny_swift

SHAPE = (211, 150)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(params=["12 bits.tif", "10 bits.tif", "Mono12p", "Mono12Packed", "Mono10p", "Mono12", "Mono8"])
def strip(request, tmp_path):
    """A strip, and what has to be said of it."""
    bits = int("".join(each for each in request.param if each.isdigit()))
    blurred = gaussian_filter(random_image(SHAPE, "float32", 0).astype(float), 1.5)
    counts = np.rint((blurred - blurred.min()) / np.ptp(blurred) * (2**bits - 1)).astype("u1" if bits == 8 else "u2")
    if request.param.endswith("tif"):
        tifffile.imwrite(tmp_path / "a.tif", counts, bitspersample=bits, rowsperstrip=16, metadata=None)
        return tmp_path / "a.tif", {}
    words = f"{SHAPE[1]}x{SHAPE[0]}:{request.param}"
    (tmp_path / "a.raw").write_bytes(raw.encode(counts, raw.tags_of(raw.layout_of(words))))
    return tmp_path / "a.raw", {"raw": words}


@pytest.mark.parametrize("options", [{"kernel": "gaussian:1.4"}, {"force": True, "iterations": 2}])
def test_it_is_restored_as_in_memory(strip, tmp_path, model, options, monkeypatch):
    path, said = strip
    small, large = (tmp_path / f"{name}{path.suffix}" for name in ("small", "large"))
    in_memory = Restorer(model, window=64, **said, **options).restore_file(path, small)

    monkeypatch.setattr(sources, "LARGE_VALUES", 0)
    on_disk = Restorer(model, window=64, **said, **options).restore_file(path, large)

    assert large.read_bytes() == small.read_bytes()
    assert large.stat().st_size < 1.1 * path.stat().st_size
    np.testing.assert_array_equal(on_disk.image, in_memory.image)
    assert on_disk.sigma == in_memory.sigma
    assert on_disk.residual == pytest.approx(in_memory.residual, nan_ok=True)
    np.testing.assert_array_equal(on_disk.view().pixels, in_memory.image)


def test_white_beyond_the_bits_is_refused(tmp_path, model, monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 0)
    tifffile.imwrite(tmp_path / "a.tif", random_image(SHAPE, "uint16", 0) >> 4, bitspersample=12, metadata=None)

    with pytest.raises(ImageError, match="white level of at most 4095, which its bits hold, got 65535; leave it out"):
        Restorer(model, white_level=65535).restore_file(tmp_path / "a.tif", tmp_path / "b.tif")
