"""TIFFs written by tifffile: of every layout that is read by windows, and in memory."""

import io

import tifffile

from pinsharp.images import tiff

_CODECS = [
    {"compression": None},
    *({"compression": name, "predictor": on} for name in ("zlib", "lzw", "zstd") for on in (False, True)),
]
_SEGMENTS = [{}, {"rowsperstrip": 1}, {"rowsperstrip": 7}, {"rowsperstrip": 64}, {"tile": (16, 16)}, {"tile": (32, 48)}]
LAYOUTS = [
    codec | segments | {"bigtiff": is_big} for codec in _CODECS for segments in _SEGMENTS for is_big in (False, True)
]


def write_tiff(path, pixels, **options):
    """Write pixels (H, W) or (H, W, S) channels together, unless told otherwise."""
    if pixels.ndim == 3 and "photometric" not in options:
        samples = pixels.shape[2]
        options |= {"photometric": "rgb" if samples >= 3 else "minisblack", "planarconfig": "contig"}
        options |= {"extrasamples": ["unassalpha"]} if samples in (2, 4) else {}
    tifffile.imwrite(path, pixels, metadata=None, **options)


def written(pixels, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def recoded(data):
    pixels, tags = tiff.decode(io.BytesIO(data))
    return tiff.encode(pixels, tags)


def first_page(data):
    return tifffile.TiffFile(io.BytesIO(data)).pages[0]
