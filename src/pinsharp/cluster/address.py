"""Files in object stores, named as files are, so that jobs, manifests and reports treat them alike."""

from pathlib import Path, PosixPath

from pinsharp.errors import ConfigError

_LOCAL = ("file://", "local://")


class Address(PosixPath):
    """The address of a file or folder in a store: `s3://bucket/scans/a.png`.

    It has a name, a suffix and parents as paths have, and prints as it was given. No file system knows it.
    """

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)


def is_address(words: str) -> bool:
    """Whether a user means a place in a store, not a path."""
    scheme, divider, _ = words.partition("://")
    return bool(divider) and scheme.replace("+", "").isalnum() and not words.startswith(_LOCAL)


def place(words: str) -> Path:
    """The path, or the address in a store, that a user means.

    Raises:
        ConfigError: If an address has an empty part or ends like `s3://`.
    """
    for local in _LOCAL:
        if words.startswith(local):
            return Path(words.removeprefix(local))
    if not is_address(words):
        return Path(words)
    scheme, _, rest = words.partition("://")
    inner = rest.rstrip("/")
    if not inner or (scheme != "memory" and "//" in inner):
        raise ConfigError(f"{words}: expected an address such as s3://bucket/folder, got an empty part; name it all")
    return Address(f"{scheme}:/{inner.lstrip('/')}")
