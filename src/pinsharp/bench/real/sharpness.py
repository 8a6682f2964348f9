"""How sharp an image is, by a measure that noise does not fool.

Gradients and Laplacians take noise for detail. Vollath's autocorrelation measure F4 does not ("Automatic focusing by
correlative methods", Journal of Microscopy 147(3), 1987, 279-288): it subtracts the autocorrelation two pixels apart
from that one pixel apart, and white noise is in neither. Detail that a restoration has invented is not white: by this
measure it counts as sharpness, which is why PSNR against the sharp level stands beside it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError


def sharpness(image: NDArray[Any]) -> float:
    """Vollath's F4 as a share of the autocorrelation one pixel apart: (R(1) - R(2)) / R(1), over rows and columns.

    The share is the same whatever gain and offset of the grey levels, so that levels of different exposure compare.

    Args:
        image: One channel, (H, W), at least 3 x 3 pixels.

    Returns:
        0 for an image without structure; the sharper, the larger. Below 0 if grey levels swing from pixel to pixel, as
        artefacts do. Scenes of different structure do not compare.

    Raises:
        ImageError: If the image is smaller.
    """
    if image.ndim != 2 or min(image.shape) < 3:
        raise ImageError(f"sharpness needs one channel of at least 3 x 3 pixels, got {image.shape}; take a larger part")
    varying = np.asarray(image, np.float64) - float(np.mean(image, dtype=np.float64))
    near = _product(varying, 1) + _product(varying.T, 1)
    far = _product(varying, 2) + _product(varying.T, 2)
    return (near - far) / near if near > 0 else 0.0


def _product(varying: NDArray[np.float64], lag: int) -> float:
    """Mean product of pixels so many rows apart; of the same pixels for both lags."""
    return float(np.mean(varying[:-2] * varying[lag : len(varying) - 2 + lag]))
