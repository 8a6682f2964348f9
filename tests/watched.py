"""Measurements for tests of monitors, as an estimator with a known scatter would give them."""

import math

import numpy as np

from pinsharp.monitor.measurement import Measurement


def seen(number, width=1.5, *, std=0.05, down=0.0, across=0.0, verdict="restorable"):
    """A measurement of a width."""
    return Measurement(
        f"{number}.png", float(number), verdict, "as simulated", width, 0.9 * width, 1.1 * width, std, down, across
    )


def refused(number, verdict="no-texture"):
    """An image without a width to trust."""
    return Measurement(f"{number}.png", float(number), verdict, "as simulated")


def widths(count, *, width=1.5, scatter=0.05, seed=0, factor=lambda index: 1.0):
    """Measurements whose widths scatter around one that changes by a factor."""
    noise = np.random.default_rng(seed).standard_normal(count)
    return [seen(index, width * factor(index) * math.exp(scatter * noise[index])) for index in range(count)]
