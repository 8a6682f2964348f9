"""Files of every format, small and made by other libraries or by hand, for the tables of docs/formats.md."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from pinsharp.images.codec import AS_IT_SAYS, Reading

GREY = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
DEEP = GREY.astype(np.uint16) * 17
GREYS = np.tile(np.arange(256, dtype=np.uint16) * 257, (3, 1))
RGB = np.stack([GREY, GREY[::-1], GREY // 2], axis=2)


def by_pillow(pixels: Any, name: str, **options: Any) -> bytes:
    """A file written by Pillow."""
    buffer, image = io.BytesIO(), Image.fromarray(pixels)
    (image.quantize() if options.pop("quantize", False) else image).save(buffer, name, **options)
    return buffer.getvalue()


def by_tifffile(pixels: Any, **options: Any) -> bytes:
    """A TIFF written by tifffile."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def by_numpy(array: Any) -> bytes:
    """An array as NumPy saves it."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def netpbm(magic: str, maxval: int, pixels: Any) -> bytes:
    """A PGM or PPM."""
    head = f"{magic}\n{pixels.shape[1]} {pixels.shape[0]}\n{maxval}\n"
    return head.encode() + pixels.astype("u1" if maxval < 256 else ">u2").tobytes()


def pam(depth: int, kind: str, maxval: int, pixels: Any) -> bytes:
    """A PAM."""
    size = f"WIDTH {pixels.shape[1]}\nHEIGHT {pixels.shape[0]}\nDEPTH {depth}\n"
    return f"P7\n{size}MAXVAL {maxval}\nTUPLTYPE {kind}\nENDHDR\n".encode() + pixels.astype(">u2").tobytes()


# A JPEG-LS of `DEEP` with 12 bits, which imagecodecs does not write; by pillow-jpls.
TWELVE = (
    "ffd8fff7000b0c0004000601011100ffda0008010100000000814c14c14cd153c000000078054349505381500000000785314a5214634"
    "9fd944509404f9500ffd9"
)


def by_h5py(pixels: Any, **options: Any) -> bytes:
    """An HDF5 file with a dataset at /a/b."""
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_dataset("a/b", data=pixels, **options)
    return buffer.getvalue()


def by_zarr(pixels: Any, version: str, said: Any = None, inside: str = "") -> Callable[[Path], None]:
    """What writes an OME-Zarr of two levels; or one in it, where its root says something else."""

    def write(path: Path) -> None:
        import zarr

        group = root = zarr.open_group(str(path), mode="w", zarr_format=2 if version == "0.4" else 3)
        if inside:
            group = root.require_group(inside)
        for number in range(2):
            level = pixels[..., :: 2**number, :: 2**number]
            group.create_array(f"s{number}", shape=level.shape, dtype=level.dtype, chunks=level.shape)[:] = level
        axes = [{"name": name} for name in "tczyx"[-pixels.ndim :]]
        scale = {"version": version, "axes": axes, "datasets": [{"path": "s0"}, {"path": "s1"}]}
        for place, attributes in ((group, {"version": version, "multiscales": [scale]}), (root, said)):
            if attributes:
                place.attrs.put(attributes if version == "0.4" else {"ome": attributes})

    return write


@dataclass(frozen=True)
class Sample:
    """A file, or a folder that is one image.

    Attributes:
        suffix: Of its name.
        data: What is in it, or what writes it.
        reading: What has to be said of it.
        inside: The path of an array in it.
    """

    suffix: str
    data: bytes | Callable[[Path], None]
    reading: Reading = AS_IT_SAYS
    inside: str = ""

    def write(self, folder: Path, stem: str) -> Path:
        """Write it, and return how a user names it."""
        path = folder / f"{stem}{self.suffix}"
        if isinstance(self.data, bytes):
            path.write_bytes(self.data)
        else:
            self.data(path)
        return Path(f"{path}::{self.inside}") if self.inside else path


SAMPLES: dict[str, Sample] = {
    "PNG, 8 bits, RGB": Sample(".png", by_pillow(RGB, "PNG")),
    "PNG, 16 bits, mono": Sample(".png", by_pillow(DEEP, "PNG")),
    "TIFF, 8 bits, RGB": Sample(".tif", by_tifffile(RGB, photometric="rgb", metadata=None)),
    "TIFF, 16 bits, big-endian": Sample(".tif", by_tifffile(DEEP, byteorder=">", metadata=None)),
    "TIFF, float32 in [0, 1]": Sample(".tif", by_tifffile((GREY / np.float32(255)), metadata=None)),
    "TIFF, 12 bits packed": Sample(".tif", by_tifffile(DEEP, bitspersample=12, metadata=None)),
    "TIFF, 10 bits packed, RGB": Sample(
        ".tif", by_tifffile(RGB.astype("u2"), bitspersample=10, photometric="rgb", metadata=None)
    ),
    "raw frame, `--raw 6x4:Mono12p`": Sample(
        ".raw", imagecodecs.packints_encode(DEEP.ravel(), 12, bitorder="<"), Reading(raw="6x4:Mono12p")
    ),
    "raw frame, `--raw 6x4:Mono10Packed`": Sample(
        ".raw", imagecodecs.packints_encode(DEEP.ravel() // 4, 10, bitorder=">"), Reading(raw="6x4:Mono10Packed")
    ),
    "raw frame, `--raw 6x4:BayerRG12p`": Sample(
        ".raw", imagecodecs.packints_encode(DEEP.ravel(), 12, bitorder="<"), Reading(raw="6x4:BayerRG12p")
    ),
    "raw frame, Bayer, `--demosaic planes`": Sample(
        ".raw",
        imagecodecs.packints_encode(DEEP.ravel(), 12, bitorder="<"),
        Reading(raw="6x4:BayerRG12p", demosaic="planes"),
    ),
    "TIFF, Bayer mosaic, `--demosaic planes`": Sample(
        ".tif",
        by_tifffile(
            DEEP,
            photometric="cfa",
            extratags=[(33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes([0, 1, 1, 2]), True)],
            metadata=None,
        ),
        Reading(demosaic="planes"),
    ),
    "TIFF, float16 in [0, 1]": Sample(".tif", by_tifffile((GREY / 255).astype("f2"), metadata=None)),
    "TIFF, float64 up to 4095, `--white-level 4095`": Sample(
        ".tif", by_tifffile(DEEP.astype("f8"), metadata=None), Reading(white_level=4095)
    ),
    "TIFF, uint32 up to 65535": Sample(".tif", by_tifffile(DEEP.astype("u4"), metadata=None)),
    "TIFF, uint32 beyond, `--white-level 16777215`": Sample(
        ".tif", by_tifffile(DEEP.astype("u4") * 4096, metadata=None), Reading(white_level=2**24 - 1)
    ),
    "TIFF, int16 without negatives": Sample(".tif", by_tifffile(DEEP.astype("i2"), metadata=None)),
    "TIFF, MinIsWhite": Sample(".tif", by_tifffile(GREY, photometric="miniswhite", metadata=None)),
    "TIFF, grey palette": Sample(".tif", by_tifffile(GREY, photometric="palette", colormap=GREYS, metadata=None)),
    "TIFF, planes apart": Sample(
        ".tif", by_tifffile(RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate", metadata=None)
    ),
    "TIFF, tiles": Sample(".tif", by_tifffile(DEEP, tile=(16, 16), metadata=None)),
    "JPEG 2000 (.jp2, .j2k), 12 bits": Sample(
        ".jp2", imagecodecs.jpeg2k_encode(DEEP, level=0, codecformat="jp2", bitspersample=12)
    ),
    "JPEG 2000, 8 bits, RGB": Sample(".jp2", imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="jp2")),
    "JPEG XL, 12 bits": Sample(".jxl", imagecodecs.jpegxl_encode(DEEP, lossless=True, bitspersample=12)),
    "JPEG XL, 16 bits, RGB": Sample(".jxl", imagecodecs.jpegxl_encode(RGB.astype("u2") * 257, lossless=True)),
    "JPEG-LS, 16 bits": Sample(".jls", imagecodecs.jpegls_encode(DEEP)),
    "JPEG-LS, 12 bits": Sample(".jls", bytes.fromhex(TWELVE)),
    "AVIF, 10 bits": Sample(".avif", imagecodecs.avif_encode(np.tile(DEEP // 4, (4, 4)), level=100, bitspersample=10)),
    "NumPy (.npy), uint16": Sample(".npy", by_numpy(DEEP)),
    "NumPy, float64 in [0, 1], columns first": Sample(".npy", by_numpy(np.asfortranarray(GREY / 255))),
    "NumPy, int64, big-endian": Sample(".npy", by_numpy(DEEP.astype(">i8"))),
    "HDF5, `FILE.h5::/a/b`, 16 bits, big-endian, gzip": Sample(
        ".h5", by_h5py(DEEP.astype(">u2"), chunks=(2, 6), compression="gzip"), inside="/a/b"
    ),
    "HDF5, channels last": Sample(".h5", by_h5py(RGB), inside="/a/b"),
    "HDF5, float64 up to 4095, `--white-level 4095`": Sample(
        ".h5", by_h5py(DEEP.astype("f8")), Reading(white_level=4095), inside="/a/b"
    ),
    "OME-Zarr 0.4 (a folder .zarr), uint16": Sample(".zarr", by_zarr(DEEP, "0.4")),
    "OME-Zarr 0.5, float32 in [0, 1], t, c, z of one": Sample(
        ".zarr", by_zarr((GREY / np.float32(255))[None, None, None], "0.5")
    ),
    "JPEG, mono": Sample(".jpg", by_pillow(np.full((8, 8), 90, np.uint8), "JPEG", quality=95)),
    "BMP": Sample(".bmp", by_pillow(RGB, "BMP")),
    "WebP, lossless": Sample(".webp", by_pillow(RGB, "WEBP", lossless=True)),
    "PGM (P5), 8 bits": Sample(".pgm", netpbm("P5", 255, GREY)),
    "PGM, maxval 1000": Sample(".pgm", netpbm("P5", 1000, GREY)),
    "PPM (P6), 16 bits": Sample(".ppm", netpbm("P6", 65535, RGB)),
    "PGM in plain text (P2)": Sample(".pgm", b"P2\n3 1\n4095\n0 7 4095\n"),
    "PAM (P7), RGB_ALPHA, maxval 4095": Sample(".pam", pam(4, "RGB_ALPHA", 4095, np.dstack([RGB, GREY]))),
    "PFM, low byte first": Sample(".pfm", b"Pf\n6 4\n-1.0\n" + (GREY[::-1] / 255).astype("<f4").tobytes()),
    "PFM, high byte first": Sample(".pfm", b"Pf\n6 4\n1.0\n" + (GREY[::-1] / 255).astype(">f4").tobytes()),
}
"""Files that are read, by their names in the table."""

REFUSED: dict[str, Sample] = {
    "a palette of colours": Sample(".png", by_pillow(RGB, "PNG", quantize=True)),
    "a .raw file without --raw": Sample(".raw", bytes(36)),
    "TIFF, float32 beyond 1": Sample(".tif", by_tifffile(DEEP.astype("f4"), metadata=None)),
    "TIFF, uint32 beyond 65535": Sample(".tif", by_tifffile(DEEP.astype("u4") * 4096, metadata=None)),
    "TIFF, int16 with negatives": Sample(".tif", by_tifffile(DEEP.astype("i2") - 5, metadata=None)),
    "TIFF of several pages, without `--planes`": Sample(".tif", by_tifffile(np.stack([GREY, GREY]), metadata=None)),
    "NumPy, several planes": Sample(".npy", by_numpy(np.zeros((7, 5, 6)))),
    "HDF5 without a dataset": Sample(".h5", by_h5py(np.zeros((16, 16), "u2"))),
    "HDF5, several planes, without `--planes`": Sample(".h5", by_h5py(np.zeros((7, 5, 6), "u2")), inside="/a/b"),
    "OME-Zarr, several planes, without `--planes`": Sample(".zarr", by_zarr(np.stack([DEEP, DEEP]), "0.4")),
    "OME-Zarr, labels": Sample(".zarr", by_zarr(DEEP, "0.4", {"image-label": {}})),
    "OME-Zarr, a plate": Sample(".zarr", by_zarr(DEEP, "0.5", {"version": "0.5", "plate": {}}, inside="A/1/0")),
    "Zarr without metadata of OME": Sample(".zarr", by_zarr(DEEP, "0.4", {"author": "none"})),
    "PBM (P1, P4), one bit": Sample(".pnm", b"P4\n8 1\n\xaa"),
}
"""Files that are refused, by their names in the table."""
