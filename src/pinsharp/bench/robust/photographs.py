"""Sharp photographs that situations are made of: a user's folder, or four that come with scikit-image."""

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pinsharp.data.sharp_files import find_sharp_images
from pinsharp.errors import ConfigError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image

BUILT_IN = ("astronaut", "coffee", "camera", "gravel")
"""Sharp ones that scikit-image brings along: a portrait, a still life, a street scene, a texture."""


@dataclass(frozen=True)
class Photograph:
    """One photograph.

    Args:
        name: File name, or that of `skimage.data`.
        path: The file; None for one that comes with scikit-image.
    """

    name: str
    path: Path | None = None

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Colours (H, W, 3), 8 bits.

        Raises:
            ImageError: If the photograph cannot be read.
        """
        return _pixels(self)

    @property
    def sha256(self) -> str:
        """Hash of shape and pixels, which is the same for the same picture in another format."""
        return _sha256(self)


def find_photographs(root: Path | None, most: int) -> list[Photograph]:
    """List the first photographs of a folder, or of those that come with scikit-image.

    Raises:
        ConfigError: If `most` is below 1.
        ImageError: If the folder holds no photograph.
    """
    if most < 1:
        raise ConfigError(f"--images must be at least 1 photograph, got {most}")
    if root is None:
        return [Photograph(name) for name in BUILT_IN[:most]]
    return [Photograph(path.name, path) for path in find_sharp_images(root)[:most]]


@lru_cache(maxsize=16)
def _pixels(photograph: Photograph) -> NDArray[np.uint8]:
    if photograph.path is not None:
        pixels = read_image(photograph.path).pixels
    else:
        import skimage.data

        pixels = np.asarray(getattr(skimage.data, photograph.name)())
    values = to_tensor(pixels)[0].permute(1, 2, 0).numpy()
    levels: NDArray[np.uint8] = np.rint(255 * values).astype(np.uint8)
    return np.broadcast_to(levels, (*levels.shape[:2], 3))


@cache
def _sha256(photograph: Photograph) -> str:
    pixels = photograph.pixels
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
