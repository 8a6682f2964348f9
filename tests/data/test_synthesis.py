"""Training pairs: decided by (seed, index) alone, without artificial borders, from the promised distributions."""

import math
from dataclasses import fields, replace

import pytest
import torch
from scipy.stats import kstest

from pinsharp.blur.camera import Camera, generator
from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.operators import Blur
from pinsharp.data.corpus import Corpus
from pinsharp.data.synthesis import SynthesisConfig, draw_blurriness, make_batch
from pinsharp.errors import ConfigError
from pinsharp.images.arrays import BT601, luma

PAPER = SynthesisConfig(distribution="paper", mono=0.0)
WIDE = SynthesisConfig(mono=0.0, max_sigma=2.0, max_radius=3.0)
NOISY = replace(WIDE, noiseless=0.0)
CONFIGS = {"paper": PAPER, "wide": WIDE, "noisy": NOISY, "mono": replace(WIDE, mono=1.0)}
DRAWS = 4000


def random_corpus(shape=(70, 80), count=3):
    gen = torch.Generator().manual_seed(0)
    images = tuple(torch.randint(0, 256, (3, *shape), generator=gen, dtype=torch.uint8) for _ in range(count))
    return Corpus(images, tuple(f"{number}.png" for number in range(count)))


def flat_corpus(level):
    return Corpus((torch.full((3, 120, 120), level, dtype=torch.uint8),), ("flat.png",))


def draws(config, count=DRAWS):
    return [draw_blurriness(config, generator(0, index)) for index in range(count)]


def parts(batch, index):
    return [getattr(batch, field.name)[index] for field in fields(batch) if getattr(batch, field.name) is not None]


@pytest.mark.parametrize("name", ["paper", "wide", "noisy"])
@pytest.mark.parametrize("first, last", [(0, 6), (2, 5), (3, 4), (1, 9)])
def test_a_sample_is_the_same_in_whatever_batch_it_comes(name, first, last):
    """Noise included: what makes a run resumable and the number of processes free."""
    corpus = random_corpus()
    alone = make_batch(corpus, CONFIGS[name], size=12, indices=range(3, 4), seed=5)

    batch = make_batch(corpus, CONFIGS[name], size=12, indices=range(first, last), seed=5)

    for one, other in zip(parts(batch, 3 - first), parts(alone, 0), strict=True):
        assert torch.equal(one, other)


def test_what_processes_make_of_a_step_together_is_what_one_makes():
    """Whether a step is mono included: it must not depend on which process asks."""
    config, corpus, channels = replace(NOISY, mono=0.5, shapes=0.3, grains=0.3, line_gain=0.02), random_corpus(), set()
    for first in range(0, 48, 6):
        alone = make_batch(corpus, config, size=12, indices=range(first, first + 6), seed=5)

        shares = [
            make_batch(corpus, config, size=12, indices=range(start, start + 2), seed=5, first=first)
            for start in range(first, first + 6, 2)
        ]

        for field in (each for each in fields(alone) if getattr(alone, each.name) is not None):
            together = torch.cat([getattr(share, field.name) for share in shares])
            assert torch.equal(together, getattr(alone, field.name))
        channels.add(alone.sharp.shape[1])
    assert channels == {1, 3}


@pytest.mark.parametrize("name", CONFIGS)
def test_another_index_or_seed_is_another_sample(name):
    corpus = random_corpus()

    first, second = (make_batch(corpus, CONFIGS[name], size=12, indices=range(2), seed=seed) for seed in (0, 1))

    blurred = torch.cat([first.blurred, second.blurred])
    for one in range(4):
        for other in range(one):
            assert not torch.equal(blurred[one], blurred[other])


@pytest.mark.parametrize("name", ["paper", "wide"])
@pytest.mark.parametrize("index", range(6))
def test_a_blurred_crop_is_what_stands_in_the_blurred_image(name, index):
    """Blurred before it is cut: it equals the crop of a blurred larger image, so no border of its own."""
    config = replace(CONFIGS[name], noiseless=1.0)
    corpus = random_corpus(count=1)
    batch = make_batch(corpus, config, size=12, indices=range(index, index + 1), seed=0)

    turned, top, left = locate(batch.sharp[0], corpus.images[0].float() / 255)

    whole = Blur(batch.kernel, "reflect")(turned[None])[0, :, top : top + 12, left : left + 12]
    rounding = 0.5 / (2 ** depth(batch.blurred) - 1)
    assert float((batch.blurred[0] - whole).abs().max()) < rounding + 1e-5


def depth(images):
    """Fewest bits whose levels hold the images."""
    for bits in (8, 10, 12, 16):
        levels = images.double() * (2**bits - 1)
        if bool((levels - levels.round()).abs().max() < 1e-2):
            return bits
    raise AssertionError("the images are not rounded")


def locate(crop, image):
    """The turned or mirrored image that holds a crop, and where."""
    for mirrored in (image, image.flip(-1)):
        for quarter in range(4):
            turned = mirrored.rot90(quarter, (-2, -1))
            windows = turned.unfold(1, 12, 1).unfold(2, 12, 1)  # (3, T, L, 12, 12)
            found = (windows == crop[:, None, None]).all(dim=-1).all(dim=-1).all(dim=0).nonzero()
            if len(found):
                return turned, int(found[0, 0]), int(found[0, 1])
    raise AssertionError("the sharp crop is not in the image")


def test_paper_has_gaussians_of_sigma_1_to_4_8_bits_and_no_noise():
    choices = draws(PAPER)

    assert kstest([choice.sigma for choice in choices], "uniform", (1, 3)).pvalue > 1e-3
    assert {(choice.radius, choice.camera) for choice in choices} == {(0, Camera(bits=8))}


def test_paper_kernels_are_21_by_21_gaussians():
    batch = make_batch(random_corpus(), PAPER, size=12, indices=range(5), seed=0)

    assert PAPER.kernel_size == 21
    for sigma, kernel in zip(batch.sigma, batch.kernel, strict=True):
        torch.testing.assert_close(kernel[None], gaussian_kernel(float(sigma), 21))


def test_wide_mixes_the_families_in_the_promised_shares():
    config = SynthesisConfig()

    choices = draws(config)

    families = {
        "sharp": [c for c in choices if c.sigma == 0.2 and not c.radius],
        "gaussian": [c for c in choices if c.sigma >= 0.5 and not c.radius],
        "disk": [c for c in choices if not c.sigma and c.radius],
        "mixture": [c for c in choices if c.sigma and c.radius],
    }
    shares = {"sharp": 0.06, "gaussian": 0.5, "disk": 0.24, "mixture": 0.2}
    assert sum(map(len, families.values())) == DRAWS
    for name, share in shares.items():
        assert len(families[name]) / DRAWS == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / DRAWS))
    assert kstest([c.sigma for c in families["gaussian"]], "uniform", (0.5, 3.5)).pvalue > 1e-3
    assert kstest([c.radius for c in families["disk"]], "uniform", (0.5, 7.5)).pvalue > 1e-3
    assert kstest([c.radius for c in families["mixture"]], "uniform", (0.5, 7.5)).pvalue > 1e-3
    assert kstest([c.sigma for c in families["mixture"]], "uniform", (0.3, 1.7)).pvalue > 1e-3


def test_wide_mixes_noise_and_depths_in_the_promised_shares():
    choices = draws(SynthesisConfig())

    noisy = [c for c in choices if c.camera.read_noise]
    counted = [c for c in choices if c.camera.full_well]
    assert len(noisy) / DRAWS == pytest.approx(0.5, abs=0.03)
    assert len(counted) / len(noisy) == pytest.approx(1 / 3, abs=0.04)
    assert all(c.camera.read_noise for c in counted)
    assert kstest([255 * c.camera.read_noise for c in noisy], "uniform", (0, 2)).pvalue > 1e-3
    assert all(2000 <= c.camera.full_well <= 32000 for c in counted)
    depths = {bits: sum(c.camera.bits == bits for c in choices) / DRAWS for bits in (8, 10, 12, 16)}
    assert depths == pytest.approx({8: 0.6, 10: 0.1, 12: 0.2, 16: 0.1}, abs=0.03)


def test_family_width_noise_and_depth_are_drawn_independently():
    """Or the net would learn to read the noise off the blur."""
    choices = draws(SynthesisConfig())

    rows = [[c.sigma, c.radius, c.camera.read_noise, c.camera.bits] for c in choices]
    table = torch.tensor(rows, dtype=torch.float64)

    correlation = torch.corrcoef(table.T)
    assert correlation[:2, 2:].abs().max() < 0.06
    assert correlation[2, 3].abs() < 0.06


@pytest.mark.parametrize(
    "config",
    [SynthesisConfig(), WIDE, SynthesisConfig(max_sigma=6.0), SynthesisConfig(max_radius=12.0)],
)
@pytest.mark.parametrize("widest", ["gaussian", "disk", "mixture"])
def test_wide_kernels_have_their_full_support(config, widest):
    """Nothing but the last ten-thousandth of the mass is cut: no truncation for a net to take advantage of."""
    sigma = {"gaussian": config.max_sigma, "disk": 0.0, "mixture": 2.0}[widest]
    radius = 0.0 if widest == "gaussian" else config.max_radius
    size, margin = config.kernel_size, 20
    values = torch.tensor([sigma, radius], dtype=torch.float64)

    larger = render_kernels(values[:1], values[1:], size + 2 * margin)

    assert size % 2 == 1
    assert float(larger[..., margin:-margin, margin:-margin].sum()) > 1 - 2e-4


def test_kernels_say_their_width():
    batch = make_batch(random_corpus(), WIDE, size=12, indices=range(40), seed=0)

    torch.testing.assert_close(batch.kernel.sum(dim=(1, 2, 3)), torch.ones(40))
    width = (batch.sigma.square() + batch.radius.square() / 4).sqrt()
    blurred = width > 0.6
    torch.testing.assert_close(kernel_sigma(batch.kernel)[blurred], width[blurred], atol=0.12, rtol=0)


@pytest.mark.parametrize("name", CONFIGS)
def test_every_image_is_on_the_levels_of_its_camera(name):
    batch = make_batch(random_corpus(), CONFIGS[name], size=12, indices=range(20), seed=0)

    depths = {depth(image) for image in batch.blurred}
    assert depths == {8} if name == "paper" else {8, 12} <= depths
    assert float(batch.blurred.min()) >= 0
    assert float(batch.blurred.max()) <= 1


def test_the_declared_noise_is_the_measured_one():
    """Read noise, shot noise and rounding together, on a flat image."""
    corpus = flat_corpus(100)

    batch = make_batch(corpus, replace(NOISY, max_noise=4.0), size=64, indices=range(40), seed=0)

    measured = (batch.blurred - 100 / 255).std(dim=(1, 2, 3))
    counts = batch.noise > 0.7 / 255  # below, a flat image is not spread over several levels
    assert int(counts.sum()) > 20
    torch.testing.assert_close(batch.noise[counts], measured[counts], rtol=0.06, atol=0)


@pytest.mark.parametrize("level", [40, 220])
def test_shot_noise_grows_with_the_light(level):
    batch = make_batch(flat_corpus(level), replace(NOISY, max_noise=0.0), size=64, indices=range(40), seed=0)

    measured = (batch.blurred - level / 255).std(dim=(1, 2, 3))
    counts = batch.noise > 0.7 / 255
    assert bool(counts.any())
    torch.testing.assert_close(batch.noise[counts], measured[counts], rtol=0.06, atol=0)
    assert float(batch.noise.max()) < 1.2 * math.sqrt(level / 255 / 2000)


def test_without_noise_only_rounding_is_declared():
    batch = make_batch(random_corpus(), PAPER, size=12, indices=range(3), seed=0)

    torch.testing.assert_close(batch.noise, torch.full((3,), 1 / 255 / math.sqrt(12)))


def test_a_sharp_image_is_only_rounded():
    config = SynthesisConfig(mono=0.0, sharp=1.0, gaussian=0.0, disk=0.0, noiseless=1.0)

    batch = make_batch(random_corpus(), config, size=12, indices=range(10), seed=0)

    torch.testing.assert_close(batch.blurred, batch.sharp, atol=0.5 / 255, rtol=0)
    assert kernel_sigma(batch.kernel).max() < 0.01


def test_a_mono_batch_is_the_brightness_of_the_colour_batch():
    """The same crops, blurs and depths; the camera rounds what it sees."""
    colour, mono = (
        make_batch(random_corpus(), replace(WIDE, mono=share, noiseless=1.0), size=12, indices=range(8), seed=0)
        for share in (0.0, 1.0)
    )

    assert colour.sharp.shape == colour.blurred.shape == (8, 3, 12, 12)
    assert mono.sharp.shape == mono.blurred.shape == (8, 1, 12, 12)
    torch.testing.assert_close(mono.sharp, luma(colour.sharp, BT601))
    torch.testing.assert_close(mono.blurred, luma(colour.blurred, BT601), atol=1 / 255, rtol=0)


def test_the_asked_share_of_batches_is_mono():
    config, corpus = replace(PAPER, mono=0.3), random_corpus((40, 40))

    channels = [
        make_batch(corpus, config, size=2, indices=range(first, first + 1), seed=0).sharp.shape[1]
        for first in range(300)
    ]

    assert channels.count(1) / 300 == pytest.approx(0.3, abs=0.1)


def test_every_image_of_the_corpus_is_used():
    corpus = Corpus(tuple(torch.full((3, 40, 40), level, dtype=torch.uint8) for level in (10, 120, 240)), ("", "", ""))

    batch = make_batch(corpus, PAPER, size=4, indices=range(60), seed=0)

    counts = (255 * batch.sharp[:, 0, 0, 0]).round().int().bincount()
    assert {int(level) for level in counts.nonzero().flatten()} == {10, 120, 240}
    assert int(counts.max()) < 40


def test_the_corpus_is_not_changed():
    corpus = random_corpus()
    before = [image.clone() for image in corpus.images]

    make_batch(corpus, NOISY, size=12, indices=range(4), seed=0)

    assert all(torch.equal(*pair) for pair in zip(corpus.images, before, strict=True))


def test_the_asked_share_of_crops_gets_grains():
    """Of a flat corpus, what is not flat any more."""
    config = replace(PAPER, grains=0.4)

    batch = make_batch(flat_corpus(100), config, size=64, indices=range(200), seed=0)

    drawn = (batch.sharp.std(dim=(1, 2, 3)) > 0).float().mean()
    assert float(drawn) == pytest.approx(
        0.4 * 2 / 3, abs=0.12
    )  # a flat texture has no relief, if bars do not give it one


def test_stripes_are_in_the_image_and_not_in_what_it_should_become():
    config = replace(PAPER, line_gain=0.2)

    batch = make_batch(flat_corpus(100), config, size=48, indices=range(200), seed=0)

    assert torch.equal(batch.sharp, torch.full_like(batch.sharp, 100 / 255))
    image = batch.blurred[:, 0]
    upright, lying = ((image - image.mean(dim=axis, keepdim=True)).abs().amax(dim=(1, 2)) < 1e-6 for axis in (1, 2))
    assert bool((upright | lying).all())  # each differs along one axis alone, if at all
    plain = int((upright & lying).sum())
    assert 80 <= plain <= 130  # half of them, and those whose gains are lost in the rounding
    assert int(upright.sum()) - plain > 25
    assert int(lying.sum()) - plain > 25


def test_the_asked_share_of_blurs_has_aberrations_that_nobody_is_told():
    """The image differs from the sharp one blurred by the kernel that is told, but for those of nominal lenses."""
    config = replace(WIDE, noiseless=1.0, sharp=0.0, gaussian=0.0, disk=1.0, aberrated=0.4)
    batch = make_batch(random_corpus((90, 90)), config, size=40, indices=range(120), seed=0)

    margin = config.kernel_size // 2
    again = Blur(batch.kernel, "valid")(batch.sharp)
    error = (again - batch.blurred[..., margin:-margin, margin:-margin]).abs().amax(dim=(1, 2, 3))

    is_wide = batch.radius >= 1
    assert bool((error[~is_wide] < 1 / 255).all())
    assert float((error[is_wide] > 1 / 255).float().mean()) == pytest.approx(0.4, abs=0.12)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"distribution": "narrow"}, "data.distribution must be 'paper' or 'wide', got 'narrow'"),
        ({"mono": 1.2}, "data.mono is a share and must be from 0 to 1, got 1.2"),
        ({"noiseless": -0.1}, "data.noiseless is a share and must be from 0 to 1, got -0.1"),
        ({"sharp": 0.5, "gaussian": 0.5, "disk": 0.1}, "must be at most 1; what is left are mixtures"),
        ({"max_sigma": 0.2}, "data.max_sigma must be at least 0.5, got 0.2"),
        ({"max_radius": math.nan}, "data.max_radius must be at least 0.5, got nan"),
        ({"max_noise": -1.0}, "data.max_noise must be at least 0.0, got -1.0"),
        ({"grains": 2.0}, "data.grains is a share and must be from 0 to 1, got 2.0"),
        ({"line_gain": math.inf}, "data.line_gain must be at least 0.0, got inf"),
    ],
)
def test_distributions_that_cannot_be_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SynthesisConfig(**settings)
