"""Object stores through fsspec: whole objects are read and written, nothing is ever changed in place.

A write is one put. S3 and Google's store take it atomically: an object is there whole, or not at all. An exclusive
write succeeds only where nothing has the name; the store itself decides that (S3: `If-None-Match: *`; Google:
`ifGenerationMatch=0`), elsewhere it is asked just before.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pinsharp.cluster.address import Address
from pinsharp.errors import ConfigError, ImageError, MissingExtra, OutputError

_DECIDES = {"s3", "s3a", "gs", "gcs"}
"""Stores that decide themselves whether a name is free."""

_WORDS = 200  # of an answer of a store, at most


class Store:
    """The store in which an address lies, and the folder there.

    Raises:
        MissingExtra: If the library for such addresses is not installed.
        ConfigError: If fsspec knows no such store.
    """

    def __init__(self, address: Address) -> None:
        import fsspec

        self.address = address
        self.protocol = str(address).partition("://")[0]
        try:
            self._fs: Any = fsspec.filesystem(self.protocol, use_listings_cache=False)
        except ImportError as error:
            raise MissingExtra(f"{address}: expected a library that reads such addresses, got none: {error}") from error
        except ValueError as error:
            raise ConfigError(f"{address}: expected an address that fsspec knows, got none: {error}") from error

    def read(self, address: Path) -> bytes:
        """All bytes of an object.

        Raises:
            ImageError: If there is no such object, or it cannot be read.
        """
        with self._told(address, ImageError):
            content: bytes = self._fs.cat_file(str(address))
        return content

    def read_if_there(self, address: Path) -> bytes | None:
        """All bytes of an object; None if there is none."""
        try:
            content: bytes = self._fs.cat_file(str(address))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise OutputError(_sentence(address, error)) from error
        return content

    def fetch(self, address: Path, path: Path) -> None:
        """Copy an object into a file.

        Raises:
            ImageError: If there is no such object, or it cannot be read or stored.
        """
        with self._told(address, ImageError):
            self._fs.get_file(str(address), str(path))

    def write(self, address: Path, content: bytes) -> None:
        """Put an object, whatever has the name.

        Raises:
            OutputError: If the object cannot be written.
        """
        with self._told(address, OutputError):
            self._fs.pipe_file(str(address), content)

    def send(self, path: Path, address: Path, *, exclusive: bool) -> bool:
        """Put a file; whether the name could be had, which may be False only of an exclusive write.

        Raises:
            OutputError: If the object cannot be written.
        """
        decides = exclusive and self.protocol in _DECIDES
        with self._told(address, OutputError):
            if exclusive and not decides and self._fs.exists(str(address)):
                return False
            try:
                self._fs.put_file(str(path), str(address), **({"mode": "create"} if decides else {}))
            except Exception as error:
                if decides and (isinstance(error, FileExistsError) or _is_taken(error)):
                    return False
                raise
            return True

    def names(self, folder: Path) -> set[str]:
        """Names of all objects directly in a folder; none if there is no such folder."""
        with self._told(folder, OutputError):
            try:
                found = self._fs.ls(str(folder), detail=True)
            except FileNotFoundError:
                return set()
        return {one["name"].rpartition("/")[2] for one in found if one["type"] == "file"}

    def matching(self, pattern: str) -> list[str]:
        """Addresses of the objects that a pattern matches, in alphabetical order.

        Raises:
            ImageError: If the store does not answer.
        """
        with self._told(Address(pattern), ImageError):
            return sorted(self._fs.unstrip_protocol(name) for name in self._fs.glob(pattern))

    def state(self, address: Path) -> tuple[int, int, str]:
        """Size in bytes, time of the last change in nanoseconds (0 if unknown) and tag of an object.

        Raises:
            ImageError: If there is no such object.
        """
        with self._told(address, ImageError):
            info = self._fs.info(str(address))
        changed = info.get("LastModified") or info.get("mtime") or info.get("updated") or info.get("created")
        if isinstance(changed, str):
            changed = datetime.fromisoformat(changed)
        seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed or 0)
        return int(info["size"] or 0), int(seconds * 1000) * 1_000_000, str(info.get("ETag") or info.get("etag") or "")

    def remove(self, addresses: Iterable[Path]) -> None:
        """Remove objects, those that are there."""
        for address in addresses:
            with self._told(address, OutputError):
                try:
                    self._fs.rm_file(str(address))
                except FileNotFoundError:
                    continue

    @contextmanager
    def _told(self, address: Path, kind: type[ImageError] | type[OutputError]) -> Iterator[None]:
        """Say what a store has answered in a sentence; whatever kind of error its library makes of it."""
        try:
            yield
        except FileNotFoundError as error:
            raise kind(f"{address}: expected an object of that name, got none; check the name") from error
        except Exception as error:
            raise kind(_sentence(address, error)) from error


def _sentence(address: Path, error: Exception) -> str:
    words = " ".join(str(error).split())[:_WORDS] or type(error).__name__
    return f"{address}: expected a store that answers, got {words}; check address, rights and network"


def _is_taken(error: Exception) -> bool:
    """Whether a store has refused a name because an object has it."""
    return any(word in str(error) for word in ("PreconditionFailed", "pre-conditions", "conditionNotMet"))
