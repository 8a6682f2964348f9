"""Small panels, and methods whose results on them are known, importable by worker processes."""

from functools import partial

import torch

from pinsharp.bench.detection.rows import attempts
from pinsharp.bench.detection.scene import Setup
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.detect.panel import DirtSettings, PanelSettings, ParticleSettings
from pinsharp.methods.method import Deblurred, MethodTraits

PANEL = PanelSettings(
    pins=3,
    pin_length_um=110,
    lead_um=30,
    trace_um=20,
    particles=ParticleSettings(per_pin=6, onset_um=10),
    dirt=DirtSettings(smudges=0, scratches=0, faint=0),
)
SETUP = Setup(PANEL)
CALLS = []
"""Passes of each restoration that a fake of this process made."""


class Same:
    """Says sigma 1.5 of every image and leaves it as it is."""

    name, kind, kernel_from, traits = "same", "classical", "itself", MethodTraits()
    info = dtype = measurer = None
    device = torch.device("cpu")

    def estimate(self, image, kernel=None, hidden=None):
        return BlurField(gaussian_kernel(1.5) if kernel is None else kernel)

    def deconvolve(self, image, estimate):
        CALLS.append(self.name)
        return Deblurred(self.restore(image), estimate.kernel, estimate)

    def restore(self, image):
        return image

    def __call__(self, image, kernel=None):
        return self.deconvolve(image, self.estimate(image, kernel))


class Dark(Same):
    """Takes half of the light each time, which leaves contrasts as they are."""

    def restore(self, image):
        return image / 2


class Stumbling(Same):
    """Trips over every image, until it is healed."""

    is_healed = False

    def restore(self, image):
        if not self.is_healed:
            raise RuntimeError("no\nmemory")
        return image


FAKES = {"same": Same, "dark": Dark, "stumbling": Stumbling}


def load_fake(name):
    return FAKES[name]()


def fake_lineup(names, passes=(1, 3), *, true_kernel=False):
    """What makes rows by fake methods."""
    return partial(attempts, names, passes, true_kernel=true_kernel, load=load_fake)
