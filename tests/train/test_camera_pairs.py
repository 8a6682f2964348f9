"""Pairs of simulated cameras as a restorer is trained on them."""

from dataclasses import fields, replace

import pytest
import torch

from pinsharp.blur.kernels import disk_kernel, flatness, kernel_sigma
from pinsharp.blur.normalise import CONTRAST, GREY
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.lens import Lens
from pinsharp.data.cameras.pair import make_batch
from pinsharp.data.corpus import Corpus
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.nets.registry import build_net
from pinsharp.train.camera_pairs import _pixel_variance, camera_batch
from pinsharp.train.config import StageConfig
from pinsharp.train.loop import train
from pinsharp.train.pairs import make_pairs
from pinsharp.train.stages import Stage, image_loss

KERNEL_SIZE = 41


@pytest.fixture(scope="module")
def corpus():
    draw = torch.Generator().manual_seed(0)
    coarse = torch.rand(3, 3, 32, 32, generator=draw)
    images = torch.nn.functional.interpolate(coarse, scale_factor=10, mode="bicubic").clamp(0, 1)
    return Corpus(tuple((255 * image).byte() for image in images), ("a", "b", "c"))


def batch(corpus, indices=range(6), camera="any"):
    return camera_batch(corpus, camera, size=64, indices=indices, seed=3, kernel_size=KERNEL_SIZE)


def test_a_pair_is_the_same_alone_and_in_a_batch(corpus):
    together, alone = batch(corpus), batch(corpus, range(4, 5))

    for each in fields(together):
        torch.testing.assert_close(getattr(together, each.name)[4:5], getattr(alone, each.name), rtol=0, atol=0)


def test_every_image_has_the_same_brightness_and_contrast(corpus):
    images = batch(corpus, camera="lab").blurred

    torch.testing.assert_close(images.mean(dim=(1, 2, 3)), torch.full((6,), GREY), atol=0.03, rtol=0)
    torch.testing.assert_close(images.std(dim=(1, 2, 3)), torch.full((6,), CONTRAST), atol=0.03, rtol=0)


def test_noise_is_that_of_the_normalised_image(corpus):
    pairs = make_batch(corpus, "mono", size=64, indices=range(12), seed=3)

    made = batch(corpus, range(12), camera="mono")

    scale = (made.blurred.std(dim=(1, 2, 3)) / pairs.blurred.std(dim=(1, 2, 3)))[:, None]
    torch.testing.assert_close(made.noise, pairs.noise_spectrum.sqrt() * scale, rtol=1e-3, atol=1e-6)


def test_width_and_disc_say_the_kernel(corpus):
    made = batch(corpus, range(24), camera="lab")

    assert made.kernel.shape[-1] == KERNEL_SIZE
    torch.testing.assert_close(made.kernel.sum(dim=(1, 2, 3)), torch.ones(24))
    assert bool((made.radius[made.sigma == 0] > 0).all() or (made.sigma > 0).all())


def test_settings_without_a_camera_make_pairs_by_formula(corpus):
    config = SynthesisConfig(max_sigma=1.0, max_radius=1.0)

    assert make_pairs(corpus, config, size=32, indices=range(2), seed=0).mask is None
    assert make_pairs(corpus, replace(config, camera="lab"), size=32, indices=range(2), seed=0).mask is not None


@pytest.mark.parametrize("kind", ["l1", "mse", "psnr"])
def test_what_is_masked_does_not_count(kind):
    sharp, restored = torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), 0.1)
    mask = torch.ones(2, 1, 4, 4, dtype=torch.bool)
    mask[:, :, 0] = False
    spoilt = restored.clone()
    spoilt[:, :, 0] = 5.0

    torch.testing.assert_close(image_loss(spoilt, sharp, kind, mask), image_loss(restored, sharp, kind))


def test_true_kernels_are_given_as_often_as_asked(corpus, tiny_run):
    net = build_net("swift", tiny_run.config)
    made = batch(corpus, range(40), camera="photo")
    stage = StageConfig("deconv", 10, 40, 64, 1e-3, warmup=0, width_jitter=0.1, share_jitter=0.2, known=0.5)

    given = Stage(net, stage)._jittered(made, 0).kernel

    same = (given == made.kernel).flatten(1).all(dim=1)
    assert 8 <= int(same.sum()) <= 32


def test_families_are_off_by_more_where_widths_are(corpus, tiny_run):
    net = build_net("swift", tiny_run.config)
    made = batch(corpus, range(60), camera="photo")
    settings = {"width_jitter": 0.001, "doubt": 0.2}
    stages = [StageConfig("deconv", 10, 60, 64, 1e-3, warmup=0, share_doubt=share, **settings) for share in (0, 0.5)]

    plain, jittered = (Stage(net, stage)._jittered(made, 0) for stage in stages)

    off = (flatness(jittered.kernel) - flatness(plain.kernel)).abs()
    doubt = jittered.log_width_std
    assert torch.equal(doubt, plain.log_width_std)
    assert off[doubt > 0.1].mean() > 2 * off[doubt < 0.05].mean()


def test_a_run_on_a_camera_goes_through(tiny_run, tmp_path):
    """A net that tells noise apart by ring, trained for two steps on every kind of camera."""
    stage = replace(tiny_run.stage[1], noise_jitter=0.2, width_jitter=0.05, share_jitter=0.1, known=0.3)
    data = SynthesisConfig(camera="any", max_sigma=1.0, max_radius=1.0, mono=1.0)
    config = tiny_run.config | {"noise_rings": 16, "condition_doubt": True}

    run = train(replace(tiny_run, stage=(stage,), data=data, config=config), quiet=True)

    assert (run.config.folder / "model.safetensors").exists()


def test_a_step_is_mono_or_colour_as_its_first_sample_says(corpus):
    config = SynthesisConfig(camera="photo", mono=0.5)

    steps = [make_pairs(corpus, config, size=32, indices=range(first, first + 2), seed=0) for first in range(0, 16, 2)]
    shared = [
        make_pairs(corpus, config, size=32, indices=range(first + 1, first + 2), seed=0, first=first)
        for first in range(0, 16, 2)
    ]

    assert {step.blurred.shape[1] for step in steps} == {1, 3}
    for step, second in zip(steps, shared, strict=True):
        assert torch.equal(step.blurred[1:], second.blurred)
        assert step.sharp.shape == step.blurred.shape


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.5, 8.0])
def test_the_width_of_a_disc_is_that_of_light_not_of_pixels(radius):
    """A disc is as wide as a Gaussian of half its radius, however pixels sample it."""
    drawn = draw_pair("mono", 0, 0)
    processing = replace(drawn.processing, resize=1.0)
    draw = replace(drawn, by_computer=False, lens=Lens(radius=radius), processing=processing)

    of_kernel = float(kernel_sigma(disk_kernel(radius))) ** 2

    assert of_kernel - _pixel_variance(draw) == pytest.approx(radius**2 / 4, rel=0.04)
