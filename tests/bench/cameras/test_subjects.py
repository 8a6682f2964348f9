"""Images of simulated cameras and processes: their truth is what it says it is."""

import numpy as np
import pytest
import torch
from scipy.signal import convolve

from pinsharp.bench.cameras.subjects import (
    CAMERAS,
    LEAST_WIDTH,
    LENSES,
    MOST_WIDTH,
    PROCESSES,
    of_camera,
    of_process,
    psnr,
)
from pinsharp.data.cameras.lens import width
from pinsharp.data.cameras.light import SRGB
from pinsharp.data.corpus import Corpus


@pytest.fixture(scope="module")
def photographs():
    import skimage.data

    pixels = np.stack([skimage.data.camera()] * 3)
    return Corpus((torch.from_numpy(pixels),), ("camera",))


@pytest.mark.parametrize("camera", CAMERAS)
def test_each_number_is_another_image_within_the_range(photographs, camera):
    one, other, again = (of_camera(photographs, camera, number) for number in (0, 1, 0))

    assert np.array_equal(one.image, again.image)
    assert not np.array_equal(one.image, other.image)
    assert LEAST_WIDTH < width(one.kernel) < MOST_WIDTH


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("lens", LENSES)
def test_the_kernel_explains_the_image(photographs, process, lens):
    """The sharp light, blurred by the kernel, is nearer to the image's light than the sharp light itself."""
    subject = of_process(photographs, process, lens, 0)

    image, sharp = (
        (SRGB.decode(values) if subject.gamma > 1 else values).mean(axis=-1)
        for values in (subject.image, subject.sharp)
    )
    edge = len(subject.kernel) // 2 + 2
    inner = (slice(edge, -edge),) * 2
    blurred = convolve(sharp, subject.kernel, mode="same")
    error, before = (float(np.square(values - image)[inner].mean()) for values in (blurred, sharp))
    assert error < 0.15 * before
    assert error < 4 * (1 / 255) ** 2 + 1e-4


def test_only_pixels_that_are_seen_count(photographs):
    subject = of_process(photographs, "sRGB", "disk:2", 0)
    image = subject.sharp + np.float32(0.1)

    assert psnr(image, subject) == pytest.approx(20, abs=1e-3)
    subject.seen[:50] = False
    image[:50] = 0
    assert psnr(image, subject) == pytest.approx(20, abs=1e-3)
