"""Values that an area may have throughout, and what counts as having one."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCES = (3.0, 12.0)
"""Grey levels that an area of one value may vary by: rounding; what JPEG leaves next to its border."""

CONSTANT = 2.0
"""Grey levels that the inside of an area varies by."""

STEP = 12.0
"""Grey levels below which a border is not seen."""

FLAT = 0.9
"""Share of what the pixels behind differ from an area by that its neighbours must have reached. A lens of sigma 0.5
lets them have 0.16 and 0.84."""

LEAST_SHARE = 0.001
"""Smallest area that is looked at, of the image."""

BLOCK = 17
"""Pixels that the blocks of JPEG reach over a border, on both sides."""

_VALUES = 4  # most frequent values that are looked at


@dataclass(frozen=True, eq=False)
class Value:
    """The value of an area, by how much its pixels may differ from it, and what counts as one grey level."""

    value: NDArray[np.float64]
    room: float
    unit: float

    @property
    def least(self) -> float:
        """By how much what lies beside the area has to differ."""
        return max(STEP * self.unit, 2 * self.room)

    def distance(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """By how much pixels differ, in the channel that differs most."""
        apart = np.abs(image.astype(np.float32) - self.value.astype(np.float32))
        return apart.max(axis=-1) if len(self.value) > 1 else apart

    def near(self, image: NDArray[Any]) -> Mask:
        """Pixels (H, W) that have it."""
        bounds = [tuple(map(float, bound)) for bound in (self.value - self.room, self.value + self.room)]
        return np.asarray(cv2.inRange(np.ascontiguousarray(image), bounds[0], bounds[1]) > 0)


def common_values(thin: NDArray[Any], flat: Mask) -> list[NDArray[np.float64]]:
    """The values that flat places most often have.

    Args:
        thin: Pixels all over an image, (h, w) or (h, w, 3).
        flat: (h, w), which of them are equal to their neighbours.
    """
    values = thin[flat]  # (N,) or (N, 3)
    if len(values) < 16:
        return []
    values = values.reshape(len(values), -1)
    if values.shape[1] == 1:
        single, counts = np.unique(values[:, 0], return_counts=True)
        single = single[:, None]
    else:
        packed = np.ascontiguousarray(values).view([("", values.dtype)] * values.shape[1])[:, 0]
        packed, counts = np.unique(packed, return_counts=True)
        single = packed.view(values.dtype).reshape(len(packed), -1)
    order = np.argsort(counts)[::-1][:_VALUES]
    return [single[i].astype(np.float64) for i in order if counts[i] > LEAST_SHARE / 2 * flat.size]
