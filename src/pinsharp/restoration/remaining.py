"""The blur that a result still has because the kernel that was given is too narrow, which its residual does not see.

A kernel that is too narrow explains the image as well as the right one, and leaves blur. What tells is the image
itself, whose width is measured beside a given kernel where the noise is: the variances of blurs add, so what is left
is the difference of the squares. The restored image does not tell: its noise and rings are not those of a camera, and
the estimator reads right and too narrow kernels alike of it. Where the width was measured, not
given, there is nothing to compare it with.
"""

import math
from dataclasses import dataclass

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.verdict import UNTRUSTED

SURE = 2.33
"""Standard deviations by which the measured width has to be above the given one. On photographs of simulated cameras
it was with the right kernel in 1 of 620 images, and with one narrower by 30 % in 61 % (`scripts/narrow_kernels.py`)."""

LEAST_RATIO = 1.1
"""Times the given width that the measured one has to be: smaller differences do not show."""


@dataclass(frozen=True)
class Remaining:
    """The blur that is left.

    Attributes:
        sigma: Its width in pixels; 0 if the image reads as no wider than the kernel.
        low: Lower end of its 90 % interval.
        high: Upper end.
        measured: Width in pixels that the image reads as.
        is_sure: Whether it is clearly more than none.
    """

    sigma: float
    low: float
    high: float
    measured: float
    is_sure: bool


def remaining(known: BlurField) -> Remaining | None:
    """What a given kernel leaves; None if it was not given, or the image's own width is unknown or not to be trusted.

    Args:
        known: The blur that an image was restored with.
    """
    if not known.is_given or not known.measured:
        return None
    (found,) = known.measured
    doubt = found.sigma_relative_std
    if found.interval is None or doubt is None or found.verdict in UNTRUSTED:
        return None
    given = float(kernel_sigma(known.kernel)[0])
    left, low, high = (math.sqrt(max(width**2 - given**2, 0)) for width in (found.sigma, *found.interval))
    is_sure = found.sigma > given * max(LEAST_RATIO, math.exp(SURE * doubt))
    return Remaining(left, low, high, found.sigma, is_sure)
