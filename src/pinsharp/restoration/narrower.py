"""A second try if an image refutes its restoration: the widest narrower Gaussian that explains it.

A pattern can read as far too wide a blur. A kernel that is too narrow explains the image as well as the right one, and
restores a part of it; so does a Gaussian in place of a disc, whose zeros are what rings come from. Bars and dots of 12
to 20 pixels blurred by sigma 1.5, which read as up to 2.8 and were refuted, gained 6 to 9 dB so.
"""

import math
from dataclasses import replace

import torch

from pinsharp.blur.field import BlurField

SHARES = (1.0, 0.85, 0.72, 0.61, 0.52)
"""Widths that are tried, as shares of the measured one, with a Gaussian each."""

_LEAST_STD, _MOST_STD = 0.15, 0.4  # of the logarithm of the width


def narrowed(found: BlurField, used: BlurField, share: float) -> BlurField:
    """What was measured, with the kernel of a restoration that used a share of its width.

    It is as uncertain as it was wrong: one standard deviation reaches the width that was refuted.
    """
    assert found.log_width is not None
    assert found.log_width_std is not None
    off = -math.log(share)
    std = found.log_width_std.clamp(min=max(off, _LEAST_STD), max=_MOST_STD)
    return replace(
        found,
        kernel=used.kernel,
        log_width=found.log_width - off,
        log_width_std=std,
        disk_share=torch.zeros_like(found.log_width),
        continuations=used.continuations,
    )
