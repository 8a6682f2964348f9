"""What a client wants back, by `Accept`, and the media types of formats."""

from dataclasses import dataclass
from typing import Literal

from pinsharp.images.codec import SUFFIXES
from pinsharp.service.problems import Refused

ANY = "application/octet-stream"
TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "tiff": "image/tiff",
    "bmp": "image/bmp",
    "webp": "image/webp",
    "pnm": "image/x-portable-anymap",
    "pam": "image/x-portable-arbitrarymap",
    "pfm": "image/x-portable-floatmap",
    "jpeg2000": "image/jp2",
    "jpegxl": "image/jxl",
    "jpegls": "image/jls",
    "avif": "image/avif",
    "npy": "application/x-npy",
    "dicom": "application/dicom",
}
"""Media type of each format; frames without a header have none of their own."""

_SUFFIXES = {media: next(suffix for suffix, name in SUFFIXES.items() if name == kind) for kind, media in TYPES.items()}
_OWN = {"*/*", "image/*", ANY}
_JSON = {"application/json", "application/*"}
BOTH = "multipart/mixed"
SEEN = "multipart/form-data"
"""The report, the image, and what a page shows of both, as parts of a form, which browsers take apart."""


@dataclass(frozen=True)
class Wanted:
    """What is sent back.

    Attributes:
        form: The image with the report in a header; the report alone; both as parts; or with what a page shows of them.
        suffix: Of the image.
    """

    form: Literal["image", "json", "both", "seen"]
    suffix: str


def media_type(suffix: str) -> str:
    """The media type of images of a suffix."""
    return TYPES.get(SUFFIXES.get(suffix.lower(), ""), ANY)


def wanted(accept: str | None, suffix: str) -> Wanted:
    """Decide what is sent back for an image.

    Args:
        accept: The header: `image/*`, `*/*`, or none: an image of the input's format, with the report in a header;
            `image/png` and others: one of that format; `application/json`: the report alone; `multipart/mixed`: both;
            `multipart/form-data`: what there is to be seen too.
        suffix: Of the image that came.

    Raises:
        Refused: If nothing of it is made.
    """
    for media in preferred(accept):
        if media in _OWN:
            return Wanted("image", suffix)
        if media in _JSON:
            return Wanted("json", suffix)
        if media in (BOTH, SEEN):
            return Wanted("both" if media == BOTH else "seen", suffix)
        if media in _SUFFIXES:
            is_own = SUFFIXES.get(suffix.lower()) == SUFFIXES[_SUFFIXES[media]]
            return Wanted("image", suffix if is_own else _SUFFIXES[media])
    known = ", ".join(["image/*", *_SUFFIXES, "application/json", BOTH, SEEN])
    raise Refused(406, "accept", f"expected an Accept of {known}, got {(accept or '')[:100]!r}; leave it out")


def preferred(accept: str | None) -> list[str]:
    """Media types of the header, the most wanted first; those that are refused left out."""
    if not accept or not accept.strip():
        return ["*/*"]
    weighed = []
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        weights = [word[2:] for word in parameters if word.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        if media and weight > 0:
            weighed.append((weight, media))
    return [media for _, media in sorted(weighed, key=lambda each: -each[0])]
