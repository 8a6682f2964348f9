"""From what a user types (files, folders, patterns, addresses, lists of them) to the images that are meant."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pinsharp.cluster.address import Address, is_address, place
from pinsharp.cluster.store import Store
from pinsharp.errors import ImageError
from pinsharp.images.codec import ONLY_BY_NAME, SUFFIXES
from pinsharp.images.discover import find_images
from pinsharp.words import said_by


def find_inputs(inputs: Sequence[str]) -> list[Path]:
    """List the images that are meant, in their order, each once; addresses with a suffix are not looked at.

    `@list.txt` stands for the lines of a file, each an input, blank ones left out.

    Raises:
        ImageError: If a file, folder, pattern or list leads to no image; see `find_images` too.
        ConfigError: If an address has an empty part.
    """
    unique: dict[str, Path] = {}
    for path in _expanded(inputs):
        unique.setdefault(str(path if isinstance(path, Address) else path.absolute()), path)
    return list(unique.values())


def _expanded(inputs: Sequence[str]) -> Iterator[Path]:
    for words in inputs:
        if words.startswith("@"):
            yield from _expanded(_lines(place(words[1:])))
        elif is_address(words):
            yield from _of_store(words)
        else:
            yield from find_images([place(words)])


def _lines(path: Path) -> list[str]:
    """The inputs that a list names."""
    try:
        content = Store(path).read(path) if isinstance(path, Address) else path.read_bytes()
        lines = [line.strip() for line in content.decode().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise ImageError(
            f"{path}: expected a list of images, one a line in UTF-8, got {said_by(error)}; check it"
        ) from error
    inputs = [line for line in lines if line]
    nested = [line for line in inputs if line.startswith("@")]
    if not inputs or nested:
        what = f"the list {nested[0]}" if nested else "none"
        raise ImageError(f"{path}: expected a list of images, one a line, got {what}; name images")
    return inputs


def _of_store(words: str) -> list[Path]:
    address = place(words)
    assert isinstance(address, Address)
    if any(sign in words for sign in "*?["):
        found = Store(address).matching(words)
        images = [place(name) for name in found if Path(name).suffix.lower() in SUFFIXES]
        what = f"a pattern that matches images, got {len(found)} matches"
    elif address.suffix.lower() in SUFFIXES and not words.endswith("/"):
        return [address]
    else:
        names = sorted(Store(address).names(address))
        images = [address / name for name in names if Path(name).suffix.lower() in set(SUFFIXES) - set(ONLY_BY_NAME)]
        what = f"a folder with images, got {len(names)} objects"
    images = [path for path in images if not path.name.startswith(".")]
    if not images:
        raise ImageError(f"{words}: expected {what} and no image among them; check bucket, folder and suffix")
    return images
