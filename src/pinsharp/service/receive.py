"""A request's body to files: an image alone, or a form with an image, options and further files.

Bytes go to the disk as they come; how many may come, and how slowly, `Guard` has seen to.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.formats import suffix_of
from pinsharp.service.asked import Asked, Kind, allowed_parts, ask
from pinsharp.service.problems import Refused
from pinsharp.words import said_by

MOST_OPTIONS = 2**20
"""Bytes of the options of a request."""

MOST_PARTS = 128
"""Parts of a form."""

SEVERAL = ("edge", "points", "in_focus", "stack", "flat")
"""Parts that may come more than once."""

_HEAD = 2**20  # bytes of a file that tell its format


@dataclass
class Received:
    """A request that was received.

    Attributes:
        asked: What is to be done.
        files: Names of files in the folder, by part, in their order.
    """

    asked: Asked
    files: dict[str, list[str]]

    @property
    def suffix(self) -> str:
        """Suffix of the image."""
        return Path(self.files["image"][0]).suffix


async def receive(request: Request, kind: Kind, folder: Path, profiles: Path | None) -> Received:
    """Receive a request into a folder.

    Raises:
        ConfigError: If an option or a part is not what it should be.
        ImageError: If the image is empty, or of no format that is read.
        Refused: If the client goes away, or the form is damaged.
    """
    try:
        form = await _form(request, kind, folder)
    except ClientDisconnect:
        raise Refused(400, "gone", "the client has gone before its request was whole") from None
    asked = ask(kind, form.options, form.parts, profiles)
    needed = "image" if kind != "profile" else None
    if needed and needed not in form.parts:
        raise ConfigError(f"expected an image as the body or as the part 'image', got {_list(form.parts)}")
    is_raw = asked.options.get("raw") is not None
    return await asyncio.to_thread(_named, form, asked, folder, is_raw)


@dataclass
class _Form:
    """What has come of a form, or of an image alone.

    Attributes:
        kind: What is asked for.
        folder: Where files go.
        options: The part `options`, or the query's.
        parts: Files by part.
    """

    kind: Kind
    folder: Path
    options: str = ""
    parts: dict[str, list[Path]] = field(default_factory=dict)
    count: int = 0
    is_whole: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _name: str = ""
    _text: bytearray = field(default_factory=bytearray)
    _file: BinaryIO | None = None

    def parser(self, boundary: bytes) -> MultipartParser:
        """What calls the methods below, as the bytes of a form are written to it."""
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self.begin,
                "on_header_field": self.header,
                "on_header_value": self.value,
                "on_header_end": self.header_ends,
                "on_headers_finished": self.headers_end,
                "on_part_data": self.data,
                "on_part_end": self.end,
                "on_end": self.ends,
            },
        )

    def begin(self) -> None:
        self._name, self._text = "", bytearray()
        self.count += 1
        if self.count > MOST_PARTS:
            raise ConfigError(f"expected at most {MOST_PARTS} parts, got more")

    def header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ends(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            _, parameters = parse_options_header(bytes(self._value))
            self._name = parameters.get(b"name", b"").decode("latin-1")
        self._header, self._value = bytearray(), bytearray()

    def headers_end(self) -> None:
        if self._name == "options":
            return
        self._file = self.add(self._name)

    def add(self, name: str) -> BinaryIO:
        """A new file for a part."""
        if name not in allowed_parts(self.kind):
            known = ", ".join(("options", *allowed_parts(self.kind)))
            raise ConfigError(f"unknown part {name[:60]!r}; known ones: {known}")
        if name in self.parts and name not in SEVERAL:
            raise ConfigError(f"expected the part {name!r} once, got it twice")
        path = self.folder / f"{name}-{len(self.parts.get(name, ())) + 1}"
        self.parts.setdefault(name, []).append(path)
        return path.open("wb")

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._text += data[start:end]
        if len(self._text) > MOST_OPTIONS:
            raise ConfigError(f"expected options of at most {MOST_OPTIONS:,} bytes, got more")

    def end(self) -> None:
        if self._file is None:
            self.options = _decoded(bytes(self._text))
            if not self.options.strip():
                raise ConfigError("expected options as a JSON object, got an empty part; leave it out")
        self.close()

    def close(self) -> None:
        """Close what is open."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def ends(self) -> None:
        self.is_whole = True


async def _form(request: Request, kind: Kind, folder: Path) -> _Form:
    form = _Form(kind, folder, options=request.query_params.get("options", ""))
    content_type, parameters = parse_options_header(request.headers.get("content-type", ""))
    if content_type != b"multipart/form-data":
        if content_type == b"multipart/mixed" or content_type == b"application/json":
            raise Refused(415, "media-type", f"expected an image or multipart/form-data, got {content_type.decode()}")
        await _alone(request.stream(), form, "image" if kind != "profile" else "edge")
        return form
    boundary = parameters.get(b"boundary")
    if not boundary:
        raise ConfigError("expected a form with a boundary, got none; let your client write the Content-Type")
    try:
        parser = form.parser(boundary)
        async for chunk in request.stream():
            if chunk:
                # It writes to the disk, for which no other request should wait.
                await asyncio.to_thread(parser.write, chunk)
    except FormParserError as error:
        raise ConfigError(f"expected a form as RFC 7578 has it, got {error}; let your client write it") from error
    finally:
        form.close()
    if not form.is_whole:
        raise ConfigError("expected a whole form, got one without its last boundary; send it again")
    return form


async def _alone(chunks: AsyncIterator[bytes], form: _Form, name: str) -> None:
    """Take the whole body for one file."""
    file = form.add(name)
    try:
        async for chunk in chunks:
            if chunk:
                await asyncio.to_thread(file.write, chunk)
    finally:
        file.close()


def _named(form: _Form, asked: Asked, folder: Path, is_raw: bool) -> Received:
    """Give each file a name that says what it is."""
    files: dict[str, list[str]] = {}
    for part, paths in form.parts.items():
        for number, path in enumerate(paths, 1):
            stem = part if part not in SEVERAL else f"{part}-{number}"
            name = stem + _suffix(part, path, is_raw=is_raw)
            path.rename(folder / name)
            files.setdefault(part, []).append(name)
    return Received(asked, files)


def _suffix(part: str, path: Path, *, is_raw: bool) -> str:
    """The suffix that a part's content has.

    Raises:
        ImageError: If the part should be an image and is not.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if part == "pins":
        return ".csv"
    if part == "profile" or (part == "kernel" and head.lstrip()[:1] in (b"[", b"{")):
        return ".json"
    if part == "field":
        return ".npy"
    if part == "image" and is_raw:
        return ".raw"
    try:
        return suffix_of(head)
    except ImageError as error:
        raise ImageError(f"{part}: {error}") from error


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"expected options in UTF-8, got {said_by(error)}") from error


def _list(parts: dict[str, list[Path]]) -> str:
    return f"only {', '.join(parts)}" if parts else "nothing"
