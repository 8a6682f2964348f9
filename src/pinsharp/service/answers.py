"""The answer to a request: an image with a report in its header, a report alone, or both as parts."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from pinsharp.service.accept import BOTH, SEEN, Wanted, media_type
from pinsharp.service.problems import as_json
from pinsharp.service.seen import AFTER, BEFORE, EVIDENCE

REPORT = "Pinsharp-Report"
"""Header that holds the report, JSON of ASCII."""

_LONGEST_HEADER = 6000  # bytes; servers between take 8 kB of headers together
_PIECE = 2**18


class Handed(StreamingResponse):
    """A file, piece by piece; its folder goes when it is sent, or the client is gone."""

    def __init__(
        self, parts: list[bytes | Path], folder: Path, *, media_type: str, headers: dict[str, str] | None = None
    ) -> None:
        length = sum(len(part) if isinstance(part, bytes) else part.stat().st_size for part in parts)
        super().__init__(
            _pieces(parts), headers={**(headers or {}), "Content-Length": str(length)}, media_type=media_type
        )
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def answer(want: Wanted, figures: dict[str, Any], result: Path, folder: Path) -> Response:
    """What is sent back for an image."""
    if want.form == "json":
        return report(figures, BackgroundTask(shutil.rmtree, folder, ignore_errors=True))
    media = media_type(result.suffix)
    if want.form == "image":
        return Handed([result], folder, media_type=media, headers={REPORT: short_report(figures)})
    boundary = secrets.token_hex(16)
    if want.form == "seen":
        return Handed(_form(boundary, figures, result), folder, media_type=f"{SEEN}; boundary={boundary}")
    before = (
        f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{as_json(figures)}\r\n"
        f"--{boundary}\r\nContent-Type: {media}\r\n\r\n"
    )
    after = f"\r\n--{boundary}--\r\n"
    return Handed([before.encode(), result, after.encode()], folder, media_type=f"{BOTH}; boundary={boundary}")


def _form(boundary: str, figures: dict[str, Any], result: Path) -> list[bytes | Path]:
    """Parts of a form: `report`, `image`, and what there is to be seen."""
    begin = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts: list[bytes | Path] = [
        f'{begin}"report"\r\nContent-Type: application/json\r\n\r\n{as_json(figures)}\r\n'.encode()
    ]
    files = {"image": result} | {Path(name).stem: result.parent / name for name in (BEFORE, AFTER, EVIDENCE)}
    for name, path in files.items():
        if path.is_file():
            head = f'{begin}"{name}"; filename="{path.name}"\r\nContent-Type: {media_type(path.suffix)}\r\n\r\n'
            parts += [head.encode(), path, b"\r\n"]
    return [*parts, f"--{boundary}--\r\n".encode()]


def report(figures: dict[str, Any], background: BackgroundTask | None = None) -> Response:
    """Figures as JSON."""
    return Response(as_json(figures), media_type="application/json", background=background)


def short_report(figures: dict[str, Any]) -> str:
    """Figures for a header; where they are too many, lists and tables are left out."""
    whole = as_json(figures)
    if len(whole) <= _LONGEST_HEADER:
        return whole
    return as_json({name: value for name, value in figures.items() if not isinstance(value, dict | list | tuple)})


async def _pieces(parts: list[bytes | Path]) -> AsyncIterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        with await asyncio.to_thread(part.open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
