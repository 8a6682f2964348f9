"""What files and images of Pillow state of their tone curve. The nearest to the pixels counts.

That is: ICC profile, then the sRGB and gAMA chunks of PNG, EXIF, and JPEG, which is made for photographs. What cannot
be read, or is no tone curve, counts as not there: it is no reason to refuse an image. Nor do the chunks sRGB and gAMA
count as the PNG encoder of Windows (GDI+, WIC, .NET) writes them, into every image and whatever it holds.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pinsharp.images import exif
from pinsharp.images.light import LEAST, MOST, SAYS_NOTHING, SRGB, Light, power_light

_RAMP = np.linspace(0, 1, 257)
_EXPONENTS = np.round(np.arange(LEAST, MOST + 0.005, 0.01), 2)
_NEAR = 0.05  # how far, of full scale, a profile's curve may be from what is taken in its place
_SPACES = {b"RGB ": "rgb", b"GRAY": "gray"}  # how profiles write them, and imagecodecs
_OF_WINDOWS = 0.45455, (3779, 3779)  # gAMA and pHYs, pixels per metre, beside sRGB; others round 96 dpi to 3780
_COLORIMETRIC = 1  # the intent that leaves the curve alone: white is white, nothing else is moved


def stated_light(
    *,
    icc: bytes | None = None,
    is_srgb: bool = False,
    gamma: float | None = None,
    dpi: tuple[float, float] | None = None,
    exif_block: bytes | None = None,
    is_jpeg: bool = False,
) -> Light:
    """Choose among the statements of one image.

    Args:
        icc: ICC profile.
        is_srgb: Whether a PNG has the chunk sRGB.
        gamma: What gAMA of a PNG says: exponent of the encoding, 1 / 2.2 and so on.
        dpi: What pHYs of a PNG says: pixels per inch, across and down.
        exif_block: EXIF block.
        is_jpeg: Whether it was a JPEG.
    """
    if icc and (found := profile_light(icc)):
        return found
    is_meant = not (is_srgb and _is_of_windows(gamma, dpi))
    if is_srgb and is_meant:
        return replace(SRGB, why="PNG sRGB")
    if gamma and is_meant and (found := _gamma_light(gamma)):
        return found
    if exif_block and exif.says_srgb(exif_block):
        return replace(SRGB, why="EXIF")
    return replace(SRGB, why="JPEG") if is_jpeg else SAYS_NOTHING


def pillow_light(image: object) -> Light:
    """What an image of Pillow states; other objects state nothing. A JPEG that was cut or converted is still one."""
    if not isinstance(image, Image.Image):
        return SAYS_NOTHING
    icc, block, gamma, dpi = (image.info.get(name) for name in ("icc_profile", "exif", "gamma", "dpi"))
    return stated_light(
        icc=icc if isinstance(icc, bytes) else None,
        is_srgb="srgb" in image.info,
        gamma=gamma if isinstance(gamma, int | float) else None,
        dpi=dpi if isinstance(dpi, tuple) and len(dpi) == 2 else None,
        exif_block=block if isinstance(block, bytes) else None,
        is_jpeg="jfif" in image.info or image.format in ("JPEG", "MPO"),
    )


@lru_cache(maxsize=16)
def profile_light(icc: bytes) -> Light | None:
    """The light nearest to the curve of greys of an ICC profile, RGB or grey; None if it has none or is damaged."""
    curve = _grey_curve(icc)
    if curve is None:
        return None
    srgb = np.where(_RAMP <= 0.04045, _RAMP / 12.92, ((_RAMP + 0.055) / 1.055) ** 2.4)
    candidates = np.vstack([srgb, _RAMP ** _EXPONENTS[:, None]])
    distances = np.abs(candidates - curve).max(axis=1)
    best = int(distances.argmin())
    if distances[best] > _NEAR:
        return None
    return power_light(_EXPONENTS[best - 1], "ICC profile") if best else replace(SRGB, why="ICC profile")


def _grey_curve(icc: bytes) -> NDArray[np.float64] | None:
    """Light of the greys of a profile from 0 to 1, itself from 0 to 1, whatever the profile is built of."""
    space = _SPACES.get(icc[16:20])
    if space is None:
        return None
    greys = np.rint(_RAMP * 65535).astype(np.uint16)[None]
    greys = greys if space == "gray" else np.stack([greys] * 3, axis=-1)
    options: dict[str, Any] = {"colorspace": space, "outcolorspace": "xyz", "outdtype": "float32"}
    try:
        found = imagecodecs.cms_transform(greys, icc, _xyz(), intent=_COLORIMETRIC, **options)
    except (imagecodecs.CmsError, ValueError):
        return None
    light = np.asarray(found, np.float64)[0, :, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        curve: NDArray[np.float64] = (light - light[0]) / (light[-1] - light[0])
    return curve if np.isfinite(curve).all() else None


@lru_cache(maxsize=1)
def _xyz() -> bytes:
    return bytes(imagecodecs.cms_profile("xyz"))


def _is_of_windows(gamma: float | None, dpi: tuple[float, float] | None) -> bool:
    return dpi is not None and (gamma, tuple(round(each / 0.0254) for each in dpi)) == _OF_WINDOWS


def _gamma_light(gamma: float) -> Light | None:
    """What gAMA says: 1 / 2.2 stands for sRGB, which has no exponent of its own."""
    exponent = round(1 / gamma, 2)
    return replace(SRGB, why="PNG gAMA") if exponent == SRGB.exponent else power_light(exponent, "PNG gAMA")
