"""Pages of HTML that need nothing else: no script, no network; whatever comes from outside is escaped."""

import base64
from collections.abc import Iterable
from html import escape
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; color: #1d1d1d; background: #fff;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
"""


def document(title: str, style: str, body: Iterable[str], *, refresh_s: int | None = None) -> str:
    """A whole page.

    Args:
        title: As HTML.
        style: CSS, beyond type, colours and width of the page.
        body: Parts, as HTML.
        refresh_s: The browser loads it again every so many seconds.
    """
    refresh = "" if refresh_s is None else f'<meta http-equiv="refresh" content="{refresh_s}">'
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{refresh}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}{style}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def text(words: str) -> str:
    """Words of anybody as HTML, with ? for bytes of file names that are no text."""
    return escape(words.encode("utf-8", "replace").decode("utf-8"), quote=True)


def jpeg_address(picture: NDArray[np.uint8], quality: int) -> str:
    """A picture, grey or BGR, as an address that holds it.

    Args:
        picture: (H, W) or (H, W, 3).
        quality: 0 to 100.
    """
    return _address("jpeg", ".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def png_address(picture: NDArray[np.uint8]) -> str:
    """The same with every pixel kept."""
    return _address("png", ".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _address(kind: str, suffix: str, picture: NDArray[Any], options: list[int]) -> str:
    _, data = cv2.imencode(suffix, picture, options)
    return f"data:image/{kind};base64," + base64.b64encode(data.tobytes()).decode("ascii")
