"""Pairs: decided by (seed, index), without borders, with a kernel and a width that explain them."""

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from scipy.signal import convolve

from pinsharp.data.cameras.cameras import CAMERAS
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.exposing import shoot
from pinsharp.data.cameras.faults import Faults
from pinsharp.data.cameras.lens import Lens, width
from pinsharp.data.cameras.light import SRGB
from pinsharp.data.cameras.noise import BINS
from pinsharp.data.cameras.pair import make_batch, make_pair, pair_of
from pinsharp.data.cameras.processing import Processing
from pinsharp.data.cameras.sensor import Sensor
from pinsharp.data.corpus import Corpus
from pinsharp.errors import ConfigError

SIZE = 64
PHOTOGRAPH = skimage.data.astronaut()[:400, 100:420].copy()
CORPUS = Corpus(
    tuple(
        torch.from_numpy(image.copy()).permute(2, 0, 1)
        for image in (PHOTOGRAPH, skimage.data.coffee()[:300], skimage.data.chelsea())
    ),
    ("astronaut", "coffee", "chelsea"),
)
LENSES = [Lens(radius=3.0), Lens(sigma=1.8), Lens(radius=4.0, sigma=0.8, rim=0.5, coma=0.4, stretch=0.08, angle=1.0)]


def plain(lens=LENSES[0], mono=True, processing=None, **changes):
    """A draw of a camera that only blurs, but for what is said."""
    draw = draw_pair("lab", 0, 3)
    scene = replace(draw.scene, mono=mono, drawing="photograph", shrink=1.0, image=0.0)
    sensor = Sensor(bits=16, full_well=float("inf"))
    processing = processing or Processing(bits=16)
    by = {"by_computer": False, "faults": Faults()} | changes
    return replace(draw, scene=scene, lens=lens, sensor=sensor, processing=processing, **by)


def taken(draw, size=SIZE):
    return pair_of(shoot(PHOTOGRAPH, draw, size), size)


def explained(pair):
    """The sharp image blurred by the kernel, and the part of the image that this reaches."""
    edge = len(pair.kernel) // 2
    blurred = convolve(pair.sharp[..., 0], pair.kernel, mode="valid")
    return blurred, pair.image[edge : SIZE - edge, edge : SIZE - edge, 0]


@pytest.mark.parametrize("camera", [*CAMERAS, "any"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pair_17_is_the_same_alone_and_in_a_batch(camera, channels):
    alone = make_batch(CORPUS, camera, size=SIZE, indices=range(17, 18), seed=5, channels=channels)

    batch = make_batch(CORPUS, camera, size=SIZE, indices=range(15, 19), seed=5, channels=channels)

    for name in ("blurred", "sharp", "mask", "sigma", "noise", "noise_slope", "noise_kind", "noise_spectrum", "gamma"):
        assert torch.equal(getattr(batch, name)[2], getattr(alone, name)[0]), name
    assert batch.draws[2] == alone.draws[0]
    room = (batch.kernel.shape[-1] - alone.kernel.shape[-1]) // 2
    inner = slice(room, batch.kernel.shape[-1] - room)
    assert torch.equal(batch.kernel[2, :, inner, inner], alone.kernel[0])


@pytest.mark.parametrize("camera", CAMERAS)
def test_pairs_have_their_shapes_and_ranges(camera):
    for index in range(12):
        pair = make_pair(CORPUS, camera, size=SIZE, seed=1, index=index)

        channels = 1 if pair.draw.scene.mono else 3
        assert pair.image.shape == pair.sharp.shape == (SIZE, SIZE, channels)
        assert pair.mask.shape == (SIZE, SIZE)
        assert pair.image.dtype == pair.sharp.dtype == pair.kernel.dtype == np.float32
        assert pair.image.min() >= 0
        assert max(pair.image.max(), pair.sharp.max()) <= 1
        assert pair.kernel.sum() == pytest.approx(1, abs=1e-4)
        assert len(pair.kernel) % 2 == 1
        assert pair.noise.spectrum.shape == (BINS,)
        assert np.isfinite(pair.noise.spectrum).all()


def test_another_seed_or_index_is_another_pair():
    first, second, third = (
        make_pair(CORPUS, "any", size=SIZE, seed=seed, index=index) for seed, index in ((0, 0), (0, 1), (1, 0))
    )

    assert not np.array_equal(first.image, second.image)
    assert not np.array_equal(first.image, third.image)


@pytest.mark.parametrize("lens", LENSES)
def test_in_linear_light_the_kernel_explains_the_image_to_its_last_pixel(lens):
    """No border shows: every pixel that the kernel reaches is explained, and nothing is shifted or mirrored."""
    pair = taken(plain(lens))

    blurred, image = explained(pair)

    np.testing.assert_allclose(image, blurred, atol=3e-5)
    assert pair.noise.sigma < 1e-5
    assert pair.mask.all()


@pytest.mark.parametrize("curve", ["linear", "srgb"])
def test_under_a_tone_curve_the_kernel_explains_the_light(curve):
    tone = replace(SRGB, curve=curve)
    draw = plain(processing=Processing(bits=16, tone=tone))
    pair = taken(replace(draw, scene=replace(draw.scene, decoding=SRGB)))

    lit = replace(pair, image=tone.decode(pair.image), sharp=tone.decode(pair.sharp))

    np.testing.assert_allclose(*explained(lit), atol=2e-4)
    assert pair.draw.processing.tone.nominal_gamma == {"linear": 1.0, "srgb": 2.2}[curve]


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("resize", [0.5, 0.73, 1.0, 1.6])
def test_kernel_and_width_are_those_of_the_result_whatever_its_size(lens, resize):
    """The image, re-made from the sharp one, is off by a tenth at most of what the blur has changed."""
    pair = taken(plain(lens, processing=Processing(bits=16, resize=resize)))

    blurred, image = explained(pair)

    edge = len(pair.kernel) // 2
    change = (pair.sharp[edge : SIZE - edge, edge : SIZE - edge, 0] - image).std()
    assert (blurred - image).std() < 0.1 * change
    assert width(pair.kernel) == pytest.approx(pair.sigma, rel=0.01)
    assert pair.sigma == pytest.approx(width(taken(plain(lens)).kernel), rel=0.06)


def test_a_computers_blur_is_explained_by_its_kernel_up_to_rounding():
    pair = taken(plain(Lens(sigma=1.6), by_computer=True))

    blurred, image = explained(pair)

    np.testing.assert_allclose(image, blurred, atol=2 / 255)
    assert pair.sigma == pytest.approx(1.6, rel=0.03)


def test_an_image_in_focus_is_its_target():
    pair = taken(plain(Lens()))

    np.testing.assert_allclose(pair.image, pair.sharp, atol=1e-5)
    assert pair.sigma == 0
    assert pair.kernel.shape == (1, 1)


@pytest.mark.parametrize("processing", [Processing(bits=8, jpeg=70), Processing(bits=8, amount=1.5), Processing()])
def test_the_target_knows_nothing_of_noise_compression_and_sharpening(processing):
    sharp = taken(plain()).sharp

    pair = taken(replace(plain(processing=processing), sensor=Sensor(full_well=500.0)))

    if not processing.amount:
        np.testing.assert_array_equal(pair.sharp, sharp)
    assert np.abs(pair.image - pair.sharp).mean() > 0.005


@pytest.mark.parametrize("full_well", [1_000.0, 20_000.0])
def test_the_noise_is_that_of_the_electrons(full_well):
    draw = replace(plain(), sensor=Sensor(bits=16, full_well=full_well, read_noise=10.0))

    pair = taken(draw, 160)

    clean = taken(plain(), 160).image
    assert pair.noise.kind == "white"
    assert pair.noise.sigma == pytest.approx(float((pair.image - clean).std()), rel=0.01)
    assert pair.noise.slope == pytest.approx(1 / full_well, rel=0.15)
    np.testing.assert_allclose(pair.noise.spectrum[2:], pair.noise.sigma**2, rtol=0.2)


def test_faults_are_not_counted_as_noise():
    faults = Faults(sensor=("dead-line",), page=("label",), seed=2)
    draw = replace(plain(), sensor=Sensor(bits=16, full_well=5_000.0))

    clean, spoilt = taken(draw), taken(replace(draw, faults=faults))

    assert not spoilt.mask.all()
    assert np.abs(spoilt.image - clean.image)[spoilt.mask].max() == 0
    assert spoilt.noise.sigma == pytest.approx(clean.noise.sigma, rel=0.1)


def test_mosaics_colour_the_noise():
    draw = replace(plain(mono=False), sensor=Sensor("bayer", full_well=2_000.0))

    noise = taken(draw, 128).noise

    assert noise.kind == "coloured"
    assert noise.spectrum[1:4].mean() > 1.5 * noise.spectrum[-3:].mean()


def test_clipped_highlights_are_masked():
    draw = plain(exposure=replace(plain().exposure, gain=1.6))

    pair = taken(draw)

    clipped = pair.image[..., 0] >= 0.999
    assert clipped.any()
    assert not pair.mask[clipped].any()


def test_mono_pairs_fill_three_channels_and_colour_pairs_give_their_brightness():
    colour = make_batch(CORPUS, "any", size=SIZE, indices=range(12), seed=0, channels=3)
    mono = make_batch(CORPUS, "any", size=SIZE, indices=range(12), seed=0)

    assert colour.blurred.shape == (12, 3, SIZE, SIZE)
    assert mono.blurred.shape == mono.sharp.shape == mono.mask.shape == (12, 1, SIZE, SIZE)
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    torch.testing.assert_close((colour.sharp * weights).sum(1, keepdim=True), mono.sharp, atol=1e-4, rtol=0)


def test_a_photograph_that_is_too_small_is_mirrored():
    small = Corpus((CORPUS.images[0][:, :70, :90].contiguous(),), ("small",))

    pair = make_pair(small, "phone", size=SIZE, seed=0, index=4)

    assert pair.image.shape[:2] == (SIZE, SIZE)


def test_two_channels_are_refused():
    with pytest.raises(ConfigError, match="1 or 3 channels, got 2"):
        make_batch(CORPUS, "lab", size=SIZE, indices=range(1), seed=0, channels=2)
