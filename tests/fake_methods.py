"""Methods whose results are known beforehand, in a module of their own, so that worker processes can import them."""

import os
import signal

import torch

from pinsharp.bench.quality.contenders import contenders
from pinsharp.methods.method import Deblurred
from pinsharp.methods.table import load_method

CALLS = []
"""Size of each image that a fake method of this process was given."""


class Brighter:
    """Makes an image a little brighter, and has no use for a kernel."""

    name, kind, kernel_from = "brighter", "network", "nobody"
    info = dtype = measurer = None
    device = torch.device("cpu")

    def __call__(self, image, kernel=None):
        CALLS.append(tuple(image.shape[-2:]))
        return Deblurred(image + 0.02)


class Stumbling(Brighter):
    """Cannot restore images of 44 columns, until it is healed."""

    is_healed = False

    def __call__(self, image, kernel=None):
        if image.shape[-1] == 44 and not self.is_healed:
            raise RuntimeError("the 44th column\nis missing")
        return super().__call__(image)


class Nothing(Brighter):
    """Makes NaN of everything."""

    def __call__(self, image, kernel=None):
        return Deblurred(image * float("nan"))


class Deadly(Brighter):
    """Ends its process at images of 44 columns, as the system does when memory is short."""

    def __call__(self, image, kernel=None):
        if image.shape[-1] == 44:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(image)


def deadly_or_real(name, **settings):
    """A method that ends its process at any image, or a real one."""
    return Deadlier() if name == "deadly" else load_method(name, **settings)


class Deadlier(Brighter):
    """Ends its process at any image."""

    def __call__(self, image, kernel=None):
        os.kill(os.getpid(), signal.SIGKILL)


FAKES = {"brighter": Brighter, "stumbling": Stumbling, "nothing": Nothing, "deadly": Deadly}


def load_fake(name):
    return FAKES[name]()


def fake_rows(names, protocol):
    """Rows of a protocol, some by fake methods."""
    return contenders(names, protocol, load=load_fake)
