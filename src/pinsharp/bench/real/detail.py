"""How much fine detail of an image is right, by band of spatial frequency.

PSNR is ruled by coarse structure, which defocus leaves alone. Here the image is taken apart into octaves of frequency,
and each is compared with the sharp level's: its correlation says whether the detail is the right one, its contrast how
much of it is there. Detail that was invented has contrast without correlation; a blurred image has correlation without
contrast. Noise of the sharp level counts as detail that is missing: in a band without structure both are small.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import fftfreq, rfft2, rfftfreq

from pinsharp.images.registration import Plane

OCTAVES = ((1 / 4, 1 / 2), (1 / 8, 1 / 4), (1 / 16, 1 / 8), (1 / 32, 1 / 16))
"""Bands in cycles a pixel, the finest first, as (from, below)."""

_LEAST_POWER = 1e-14  # of a pixel, full scale 1: below it there is nothing to compare but rounding


@dataclass(frozen=True)
class Agreement:
    """How alike an image and the sharp one are, without gain and offset."""

    correlation: float | None  # 1 for the same structure, 0 for none of it; None where one of them is flat
    contrast: float | None  # how many grey levels of the image a grey level of the sharp one becomes; 1 for all of it


def as_agreement(values: Agreement | dict[str, float | None]) -> Agreement:
    """An agreement, also of the plain values of a record."""
    return values if isinstance(values, Agreement) else Agreement(**values)


def agreement(image: Plane, sharp: Plane) -> Agreement:
    """Compare an image (H, W) with the sharp one, all frequencies together."""
    seen, truth = image - image.mean(), sharp - sharp.mean()
    return _from_powers(*(float(np.mean(one * two)) for one, two in ((seen, truth), (seen, seen), (truth, truth))))


def by_octave(image: Plane, sharp: Plane) -> list[Agreement]:
    """Compare an image (H, W) with the sharp one in each of `OCTAVES`.

    Both are faded out towards the border, where periodic continuation would make edges that nobody has seen.
    """
    fading = np.hanning(image.shape[0] + 2)[1:-1, None] * np.hanning(image.shape[1] + 2)[None, 1:-1]
    seen, truth = (rfft2((plane - plane.mean()) * fading, norm="ortho") for plane in (image, sharp))
    frequency = np.hypot(fftfreq(image.shape[0])[:, None], rfftfreq(image.shape[1])[None])
    found = []
    for low, high in OCTAVES:
        ring = (frequency >= low) & (frequency < high)
        one, two = seen[ring], truth[ring]
        powers = (float(np.vdot(two, one).real), float(np.vdot(one, one).real), float(np.vdot(two, two).real))
        found.append(_from_powers(*(power / image.size for power in powers)))
    return found


def _from_powers(shared: float, seen: float, truth: float) -> Agreement:
    if min(seen, truth) < _LEAST_POWER:
        return Agreement(None, 0.0 if truth >= _LEAST_POWER else None)
    return Agreement(shared / (seen * truth) ** 0.5, shared / truth)
