"""Maps in colours: how little the data say of each place, and how wide the blur is over an image."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pinsharp.atomic import check_free, whole_or_nothing
from pinsharp.errors import OutputError
from pinsharp.images.display import Picture
from pinsharp.images.files import read_image, write_image

if TYPE_CHECKING:
    from pinsharp.restoration.result import Restored

EVIDENCE_SUFFIXES = (".png", ".tif", ".tiff")
LEGEND_HEIGHT, LEGEND_WIDTH = 56, 420

_BAR, _FONT, _INK = 18, 18, (20, 20, 20)
_PALE = 0.55  # share of white in the field below the windows
_LEAST_SPAN = 1.25  # largest width over the smallest that colours tell apart


def check_evidence_name(path: Path) -> None:
    """Refuse a name that no evidence map can have.

    Raises:
        OutputError: If `path` does not end in .png, .tif or .tiff.
    """
    if path.suffix.lower() not in EVIDENCE_SUFFIXES:
        raise OutputError(
            f"{path}: expected a name that ends in .png (a picture) or .tif (16-bit grey) for an evidence map, got "
            f"'{path.suffix}'; rename it"
        )


def write_evidence(path: Path, result: "Restored", *, overwrite: bool = False) -> None:
    """Write the evidence map of a restored image, completely or not at all.

    A .png is a picture in colours with a scale below; a .tif is grey of 16 bits, as large as the image, 65535 where
    nothing is supported by data.

    Raises:
        OutputError: If `path` cannot be written.
    """
    check_evidence_name(path)
    if path.suffix.lower() == ".png":
        assert result.unsupported is not None
        write_image(path, evidence_picture(result.unsupported), overwrite=overwrite)
        return
    check_free(path, overwrite=overwrite)
    height, width = result.held.shape[:2]
    size = 2 * height * width
    with whole_or_nothing(path, size) as file, tifffile.TiffWriter(file, bigtiff=size > 2**32 - 2**25) as writer:
        rows = (line for band in result.unsupported_rows() for line in np.rint(band * 65535).astype(np.uint16))
        writer.write(rows, shape=(height, width), dtype=np.uint16, rowsperstrip=1, photometric="minisblack")


def read_evidence(path: Path) -> Picture:
    """An evidence map that was written, as a picture without its scale.

    Raises:
        ImageError: If the file cannot be read.
    """
    pixels = read_image(path).pixels
    if pixels.dtype == np.uint16:
        return evidence_colours((pixels / np.float32(65535)).astype(np.float32))
    return np.asarray(pixels[: max(1, len(pixels) - LEGEND_HEIGHT)], np.uint8)


def evidence_picture(unsupported: NDArray[np.float32], scale: float = 1.0) -> Picture:
    """Draw an evidence map (H, W), reduced or enlarged by a factor, with its scale below: (H', W', 3)."""
    colours = evidence_colours(unsupported)
    if scale != 1:
        height, width = (max(1, round(scale * side)) for side in unsupported.shape)
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
        colours = np.asarray(cv2.resize(colours, (width, height), interpolation=way), np.uint8)
    return _above(colours, legend("0: recovered", "found likely: 1", cv2.COLORMAP_INFERNO))


def evidence_colours(unsupported: NDArray[np.float32]) -> Picture:
    """The colours of an evidence map (H, W), (H, W, 3): dark where it is recovered, bright where not."""
    return _coloured(np.rint(255 * unsupported.clip(0, 1)), cv2.COLORMAP_INFERNO)


def widths_picture(field: Mapping[str, Any], size: tuple[int, int]) -> Picture:
    """Draw how wide the blur is over an image, and over it what each window said, the larger the more it counts.

    Args:
        field: As `pinsharp.restoration.widths.field_figures` gives it.
        size: Height and width of the picture without its scale.
    """
    windows = np.array(field["windows"], np.float64).reshape(-1, 4)
    grid = np.array(field["widths"], np.float64)
    seen = np.concatenate([np.quantile(windows[:, 2], (0.05, 0.95)), grid.ravel()])
    low, high = seen.min(), max(seen.max(), seen.min() * _LEAST_SPAN)
    steps = [np.rint(255 * ((each - low) / (high - low)).clip(0, 1)) for each in (grid, windows[:, 2])]
    ground = cv2.resize(steps[0].astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    pale = (1 - _PALE) * _coloured(ground, cv2.COLORMAP_VIRIDIS) + 255 * _PALE
    picture = np.ascontiguousarray(np.rint(pale).astype(np.uint8))
    colours = _coloured(steps[1][None], cv2.COLORMAP_VIRIDIS)[0]
    most = max(4.0, 0.045 * min(size))
    for (row, column, _, weight), colour in zip(windows, colours, strict=True):
        place = round(column / field["image"][1] * size[1]), round(row / field["image"][0] * size[0])
        radius = round(most * (0.35 + 0.65 * (weight / windows[:, 3].max()) ** 0.5))
        cv2.circle(picture, place, radius, colour.tolist(), -1, cv2.LINE_AA)
        cv2.circle(picture, place, radius, _INK, 1, cv2.LINE_AA)
    return _above(picture, legend(f"sigma {low:.2f} px", f"{high:.2f} px", cv2.COLORMAP_VIRIDIS))


def legend(low: str, high: str, table: int) -> Picture:
    """A scale: its colours from left to right, and what its ends mean."""
    canvas = Image.new("RGB", (LEGEND_WIDTH, LEGEND_HEIGHT), "white")
    steps = np.broadcast_to(np.linspace(0, 255, LEGEND_WIDTH), (_BAR, LEGEND_WIDTH))
    canvas.paste(Image.fromarray(_coloured(np.rint(steps), table)), (0, 8))
    font, draw = ImageFont.load_default(_FONT), ImageDraw.Draw(canvas)
    draw.text((2, 10 + _BAR), low, fill=_INK, font=font)
    draw.text((LEGEND_WIDTH - 2, 10 + _BAR), high, fill=_INK, font=font, anchor="ra")
    return np.asarray(canvas)


def _above(picture: Picture, scale: Picture) -> Picture:
    """A picture above its scale, on white."""
    width = max(picture.shape[1], scale.shape[1])
    parts = (np.pad(one, ((0, 0), (0, width - one.shape[1]), (0, 0)), constant_values=255) for one in (picture, scale))
    return np.concatenate(list(parts))


def _coloured(steps: NDArray[Any], table: int) -> Picture:
    """RGB of steps from 0 to 255, (H, W)."""
    return np.ascontiguousarray(cv2.applyColorMap(steps.astype(np.uint8), table)[..., ::-1])
