"""Put what is read, written and refused into docs/formats.md, as it is: python scripts/formats_page.py.

Every file of the tables is made here, read, written back and read again; a test compares the page with that.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from formats_samples import REFUSED, SAMPLES
from pinsharp.errors import PinsharpError
from pinsharp.images.codec import SUFFIXES, Reading, Tags
from pinsharp.images.files import ImageFile, read_image, write_image
from pinsharp.images.places import is_container, result_path

PAGE = Path(__file__).parent.parent / "docs" / "formats.md"
BLOCK = re.compile(r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"| {' | '.join(self.cells)} |"


def formats(folder: Path) -> list[Line]:
    """What comes back of each file that is read."""
    lines = [Line(("file", "restored as", "white", "written back as")), Line(("---",) * 4)]
    for label, sample in SAMPLES.items():
        source, target = sample.write(folder, "in"), folder / f"out{sample.suffix}"
        read = read_image(source, sample.reading)
        white = read.tags.white_level or {"f": 1}.get(read.pixels.dtype.kind) or np.iinfo(read.pixels.dtype).max
        lines.append(
            Line((label, f"{read.pixels.dtype}{_channels(read)}", str(white), _back(read, target, sample.reading)))
        )
    return lines


def kept(folder: Path) -> list[Line]:
    """Which tags of other formats each format takes."""
    lines = [Line(("written as", "depths", "alpha", "tags that it takes from other formats")), Line(("---",) * 4)]
    for kind in dict.fromkeys(SUFFIXES.values()):
        suffixes = [suffix for suffix, name in SUFFIXES.items() if name == kind]
        depths = [dtype for dtype in ("uint8", "uint16", "float32") if _takes(folder, suffixes[0], dtype, 3)]
        if not depths:
            continue
        has_alpha = _takes(folder, suffixes[0], depths[0], 4)
        tags = _tags(folder / f"tags{suffixes[0]}", depths[0])
        lines.append(Line((", ".join(suffixes), ", ".join(depths), "yes" if has_alpha else "no", tags)))
    return lines


def refused(folder: Path) -> list[Line]:
    """What is refused, and the advice that is given."""
    lines = [Line(("file", "what to do")), Line(("---",) * 2)]
    for label, sample in REFUSED.items():
        try:
            read_image(sample.write(folder, "bad"), sample.reading)
        except PinsharpError as error:
            lines.append(Line((label, str(error).partition("; ")[2].replace(f"{folder}/bad", "FILE"))))
        else:
            raise SystemExit(f"expected a refusal of {label}, got pixels")
    return lines


TABLES: dict[str, Callable[[Path], list[Line]]] = {"formats": formats, "kept": kept, "refused": refused}


def joined(lines: list[Line]) -> list[Line]:
    """Lines that differ in their first cell alone, as one."""
    firsts: dict[tuple[str, ...], list[str]] = {}
    for line in lines:
        firsts.setdefault(line.cells[1:], []).append(line.cells[0])
    return [Line(("; ".join(first), *others)) for others, first in firsts.items()]


def filled(page: str) -> str:
    """The page with its tables as they are now."""

    def fill(block: re.Match[str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            lines = joined(TABLES[block["name"]](Path(folder)))
        return "\n".join([block[1], *map(str, lines), "", block[3]])

    return BLOCK.sub(fill, page)


def _channels(read: ImageFile) -> str:
    return {(): " mono", (2,): " mono, alpha", (3,): " RGB", (4,): " RGB, alpha"}[read.pixels.shape[2:]]


def _back(read: ImageFile, target: Path, reading: Reading) -> str:
    """What a file becomes that is written again without a change."""
    try:
        write_image(target, read.pixels, like=read, overwrite=True)
    except PinsharpError as error:
        return "not: " + str(error).partition("; ")[2]
    again = read_image(result_path(target, read.path), reading)
    assert again.pixels.dtype == read.pixels.dtype
    assert np.array_equal(again.pixels, read.pixels)
    assert again.tags.white_level == read.tags.white_level
    if is_container(target):
        return "same values" if target.is_file() else "same values, smaller levels made anew"
    is_same = target.read_bytes() == read.path.read_bytes()
    return "identical" if is_same else "same values"


def _takes(folder: Path, suffix: str, dtype: str, channels: int) -> bool:
    try:
        write_image(folder / f"a{suffix}", np.zeros((4, 4, channels), dtype), overwrite=True)
    except PinsharpError:
        return False
    return True


def _tags(path: Path, dtype: str) -> str:
    exif = Image.Exif()
    exif[274] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    given = Tags(dpi=(300, 150), icc=profile, exif=exif.tobytes().removeprefix(b"Exif\0\0"), xmp=b"<x/>", comment=b"c")
    pixels = np.zeros((4, 4, 3), dtype)
    write_image(path, pixels, like=ImageFile(path, pixels, "bmp", given))
    read = read_image(path).tags
    names = {"dpi": "resolution", "icc": "ICC profile", "exif": "EXIF", "xmp": "XMP", "comment": "comment"}
    return ", ".join(words for name, words in names.items() if getattr(read, name)) or "none"


def main() -> None:
    """Write the page again."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
