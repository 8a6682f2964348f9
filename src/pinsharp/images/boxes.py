"""The boxes of which JPEG 2000, JPEG XL and AVIF files are made: length, four letters, content."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from pinsharp.images.refusals import damaged

Box = tuple[bytes, bytes]  # (four letters, content)


def boxes(data: bytes, name: str) -> Iterator[Box]:
    """Walk over boxes that lie one behind the other.

    Raises:
        ImageError: If a box goes beyond the end of the data.
    """
    start = 0
    while start < len(data):
        if start + 8 > len(data):
            raise damaged(name, f"it has {len(data)} bytes and ends within a box")
        length, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if length == 1 and start + 16 <= len(data):
            (length,), head = struct.unpack_from(">Q", data, start + 8), 16
        end = start + length if length else len(data)  # 0: up to the end
        if end > len(data) or end < start + head:
            raise damaged(name, f"it has {len(data)} bytes and a box goes beyond")
        yield kind, data[start + head : end]
        start = end


def joined(found: Iterable[Box]) -> bytes:
    """Boxes as they lie in a file."""
    return b"".join(struct.pack(">I4s", 8 + len(body), kind) + body for kind, body in found)
