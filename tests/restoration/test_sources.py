"""Where pixels come from: arrays, files of any size and images of Pillow, each restored as what it holds."""

import tifffile

from pinsharp.restoration import sources
from strategies import random_image
from tiffs import write_tiff


def test_only_a_tiff_of_many_values_that_can_be_read_by_bands_is_large(tmp_path, monkeypatch):
    source = tmp_path / "in.tif"
    write_tiff(source, random_image((210, 143, 3), "uint8", 0))
    monkeypatch.setattr(sources, "LARGE_VALUES", 210 * 143 * 3)

    assert not sources._is_large(source)
    monkeypatch.setattr(sources, "LARGE_VALUES", 210 * 143 * 3 - 1)
    assert sources._is_large(source)
    write_tiff(
        tmp_path / "planes.tif",
        tifffile.imread(source).transpose(2, 0, 1).copy(),
        planarconfig="separate",
        photometric="rgb",
    )
    assert not sources._is_large(tmp_path / "planes.tif")
    assert not sources._is_large(tmp_path / "absent.tif")
