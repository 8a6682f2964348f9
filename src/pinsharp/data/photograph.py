"""Where the photographs of a corpus lie: files of a folder or a list, or members of tar archives."""

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from pinsharp.data.sharp_files import find_sharp_images
from pinsharp.errors import ImageError
from pinsharp.images.arrays import split_alpha
from pinsharp.images.codec import ONLY_BY_NAME, SUFFIXES
from pinsharp.images.files import decode_image, read_image
from pinsharp.words import said_by


@dataclass(frozen=True, slots=True)
class Photograph:
    """A sharp image that has not been read yet: a file, or a member of an archive."""

    path: Path  # the file, or the archive
    member: str = ""  # name inside the archive
    start: int = 0  # where the member begins in the archive, in bytes
    length: int = 0  # of the member, in bytes

    def __str__(self) -> str:
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """Name of the file, without its folder."""
        return PurePosixPath(self.member).name if self.member else self.path.name

    @property
    def source(self) -> str:
        """Name of what it was cut from: its own, or that of the video (SEQUENCE/sharp/FRAME in GOPRO)."""
        path = PurePosixPath(self.member) if self.member else self.path
        return path.parent.parent.name if path.parent.name == "sharp" else path.name

    def read(self) -> Tensor:
        """Read it as an 8-bit colour tensor (3, H, W).

        Raises:
            ImageError: If the file cannot be read, or has neither 8 nor 16 bits.
        """
        image = decode_image(self._content(), str(self)) if self.member else read_image(self.path)
        pixels, _ = split_alpha(image.pixels)
        if pixels.dtype.name == "uint16":
            pixels = (pixels >> 8).astype("uint8")
        elif pixels.dtype.name != "uint8":
            raise ImageError(f"{self}: training images must have 8 or 16 bits, got {pixels.dtype}")
        planes = torch.from_numpy(pixels.copy()).reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
        return planes.expand(3, -1, -1).contiguous()

    def _content(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                return file.read(self.length)
        except OSError as error:
            raise ImageError(f"{self.path}: expected a readable archive, got {error.strerror}") from error


def find_photographs(root: str | Path) -> list[Photograph]:
    """List the photographs of a corpus, without reading any.

    Args:
        root: A folder, as `find_sharp_images` takes it; a folder of tar archives (*.tar, such as the shards of
            WebDataset), or one of them; or a list of files, a text file (*.txt) with a path a line, relative to it.

    Raises:
        ConfigError: If a data set holds several splits.
        ImageError: If there is no image, or an archive or list cannot be read.
    """
    path = Path(root)
    if path.suffix.lower() == ".txt":
        return _listed(path)
    archives = sorted(path.glob("*.tar")) if path.is_dir() else [path] if path.suffix.lower() == ".tar" else []
    if not archives:
        return [Photograph(file) for file in find_sharp_images(path)]
    found = [photograph for archive in archives for photograph in _members(archive)]
    if not found:
        raise ImageError(f"{root}: expected tar archives with images, got none with a suffix such as .png or .jpg")
    return found


def _members(archive: Path) -> list[Photograph]:
    """The images of a tar archive, in its order: only their headers are read."""
    try:
        with tarfile.open(archive, "r:") as tar:
            return [
                Photograph(archive, member.name, member.offset_data, member.size)
                for member in tar
                if member.isreg() and _is_photograph(PurePosixPath(member.name))
            ]
    except (tarfile.TarError, OSError) as error:
        found = said_by(error) if isinstance(error, OSError) else "another file, or a damaged one"
        raise ImageError(
            f"{archive}: expected a tar archive that is whole and not compressed, got {found}; make it again"
        ) from error


def _listed(path: Path) -> list[Photograph]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ImageError(f"{path}: expected a list of files, got {error.strerror}; check its name") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"{path}: expected a list of files, a path a line in UTF-8, got {said_by(error)}") from error
    files = [Path(line.strip()) for line in lines if line.strip()]
    if not files:
        raise ImageError(f"{path}: expected a list of files, a path a line, got an empty one")
    return [Photograph(path.parent / file) for file in files]


def _is_photograph(path: PurePosixPath) -> bool:
    suffix = path.suffix.lower()
    return suffix in SUFFIXES and suffix not in ONLY_BY_NAME and not path.name.startswith(".")
