"""Measurements for tests of monitors, as an estimator with a known scatter would give them."""

import math

import numpy as np
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.votes import Votes
from pinsharp.images.files import read_image
from pinsharp.monitor.measurement import Measurement


def seen(number, width=1.5, *, std=0.05, down=0.0, across=0.0, verdict="restorable"):
    """A measurement of a width."""
    return Measurement(
        f"{number}.png", float(number), verdict, "as simulated", width, 0.9 * width, 1.1 * width, std, down, across
    )


def refused(number, verdict="no-texture", name=None):
    """An image without a width to trust."""
    return Measurement(name or f"{number}.png", float(number), verdict, "as simulated")


def widths(count, *, width=1.5, scatter=0.05, seed=0, factor=lambda index: 1.0):
    """Measurements whose widths scatter around one that changes by a factor."""
    noise = np.random.default_rng(seed).standard_normal(count)
    return [seen(index, width * factor(index) * math.exp(scatter * noise[index])) for index in range(count)]


class Restorer:
    """Reads an image, and measures a width of 2 pixels whatever it shows."""

    def __init__(self, *, recipe):
        self.recipe = recipe

    def check_measurable(self):
        return None

    def measure(self, path):
        read_image(path)
        same = torch.ones(4)
        places = torch.tensor([[0, 0, 8, 8], [0, 32, 8, 8], [32, 0, 8, 8], [32, 32, 8, 8]])
        votes = Votes(places, math.log(2) * same, 0.05 * same, 0 * same, 0 * same, same, same / 4)
        log_width, std = math.log(2) * same[:1], 0.05 * same[:1]
        return BlurField(gaussian_kernel(2.0), log_width=log_width, log_width_std=std, votes=(votes,))
