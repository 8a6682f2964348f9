"""SelfDeblur's generators: what they can and cannot generate, and their settings."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
import torch
from torch import nn

from pinsharp.errors import ConfigError
from pinsharp.nets.peers.selfdeblur import SMALL, ImageGenerator, KernelGenerator, NonLocal, SelfDeblurConfig
from pinsharp.settings import build

TINY = SelfDeblurConfig(
    kernel_size=5, levels=3, channels=4, skip_channels=2, noise_channels=3, kernel_noise=6, kernel_hidden=8
)
CONFIGS = Path(__file__).parents[3] / "configs" / "peers"


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def generator(config=TINY, colours=3):
    torch.manual_seed(0)
    return ImageGenerator(config, colours)


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("height, width", [(16, 16), (17, 24), (31, 9)])
def test_images_are_as_large_as_the_noise_and_between_0_and_1(colours, height, width):
    image = generator(colours=colours)(random(1, 3, height, width))

    assert image.shape == (1, colours, height, width)
    assert 0 < image.min() < image.max() < 1


@pytest.mark.parametrize("scale", [1, 30])
def test_every_kernel_is_not_negative_and_sums_to_1(scale):
    torch.manual_seed(0)
    net = KernelGenerator(TINY)
    with torch.no_grad():
        net.second.weight.mul_(scale)

    kernel = net(random(1, 6))

    assert kernel.shape == (1, 1, 5, 5)
    assert kernel.min() >= 0
    torch.testing.assert_close(kernel.sum(), torch.tensor(1.0))


@pytest.mark.parametrize("changes", [{}, {"skip_channels": 0}, {"non_local_from": 0}, {"levels": 1}])
def test_every_parameter_has_a_part_in_the_image(changes):
    net = generator(dataclasses.replace(TINY, **changes))
    with torch.no_grad():
        for block in net.modules():
            if isinstance(block, NonLocal):
                block.norm.weight.fill_(0.5)  # behind a weight of 0 no gradient passes

    (net(random(1, 3, 32, 32)) * random(1, 3, 32, 32, seed=1)).sum().backward()

    # What comes before a normalisation may be shifted as it likes: its bias moves nothing.
    idle = [name for name, value in net.named_parameters() if not value.grad.any() and "bias" not in name]
    assert idle == []


def test_non_local_blocks_sum_over_all_pairs_of_places():
    """Against the pairs themselves, one by one, as the paper writes them."""
    torch.manual_seed(0)
    block = NonLocal(4).double()
    block.norm = nn.Identity()
    features = random(2, 4, 3, 5).double()

    query, key, value = (f(features).flatten(2) for f in (block.query, block.key, block.value))
    weights = torch.einsum("bci,bcj->bij", query, key) / 15
    heard = torch.einsum("bij,bcj->bci", weights, value).unflatten(2, (3, 5))

    torch.testing.assert_close(block(features), features + block.project(heard))


def test_non_local_blocks_begin_as_the_identity_and_on_their_level():
    features = random(1, 4, 6, 6)
    counts = {}
    for level in range(5):
        modules = generator(dataclasses.replace(TINY, non_local_from=level)).modules()
        counts[level] = sum(isinstance(module, NonLocal) for module in modules)

    assert torch.equal(NonLocal(4)(features), features)
    assert counts == {0: 0, 1: 3, 2: 2, 3: 1, 4: 0}


def test_normalisation_is_by_the_image_itself_in_training_and_evaluation():
    noise = random(1, 3, 16, 16)
    net = generator()

    assert torch.equal(net(noise), net.eval()(noise))


@pytest.mark.parametrize("levels, kernel_size", [(5, 21), (4, 21), (3, 5), (1, 3)])
def test_the_smallest_image_is_the_smallest_that_can_be_generated(levels, kernel_size):
    config = dataclasses.replace(TINY, levels=levels, kernel_size=kernel_size)
    side = config.smallest_side + kernel_size - 1

    assert generator(config)(random(1, 3, side, side)).shape == (1, 3, side, side)
    if config.smallest_side > 1:
        with pytest.raises((RuntimeError, ValueError)):
            generator(config)(random(1, 3, side - 1, side - 1))


def test_the_defaults_are_the_authors_sizes():
    """Counted by hand, layer by layer, from the published description: one channel out of 8 of noise, 21 x 21."""
    convolution = lambda i, o, k: i * o * k * k + o  # noqa: E731
    norm = lambda c: 2 * c  # noqa: E731
    expected = 0
    for level in range(1, 6):
        entering = 8 if level == 1 else 128
        expected += convolution(entering, 16, 1) + norm(16)
        expected += convolution(entering, 128, 3) + norm(128) + convolution(128, 128, 3) + norm(128)
        expected += norm(144) + convolution(144, 128, 3) + norm(128) + convolution(128, 128, 1) + norm(128)
        if level >= 3:
            expected += 3 * convolution(128, 64, 1) + convolution(64, 128, 1) + norm(128)
    expected += convolution(128, 1, 1)

    count = {type(net): sum(p.numel() for p in net.parameters()) for net in _full_size()}

    assert count[ImageGenerator] == expected
    assert count[KernelGenerator] == 200 * 1000 + 1000 + 1000 * 441 + 441


def _full_size():
    config = SelfDeblurConfig()
    return ImageGenerator(config, 1), KernelGenerator(config)


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"kernel_size": 20}, "kernel_size must be odd and at least 3, got 20; try 21"),
        ({"kernel_size": 1}, "kernel_size must be odd and at least 3, got 1"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"levels": 0}, "levels must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"image_lr": 0.0}, "image_lr must be a positive number, got 0.0"),
        ({"kernel_lr": float("nan")}, "kernel_lr must be a positive number, got nan"),
        ({"jitter": -1.0}, "jitter must be 0 or a positive number, got -1.0"),
        ({"mse_share": 1.5}, "mse_share must be from 0 to 1, got 1.5"),
        ({"milestones": (0.6, 0.4)}, "milestones must be shares of the steps between 0 and 1 in rising order"),
        ({"milestones": (2000.0,)}, "milestones must be shares"),
        ({"colour": "ycbcr"}, "colour must be 'joint' or 'luma', got 'ycbcr'"),
    ],
)
def test_wrong_settings_are_refused_in_the_users_words(changes, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SelfDeblurConfig(**changes)


def test_the_files_hold_the_authors_settings_and_the_small_ones():
    authors, budget = (
        build(SelfDeblurConfig, tomllib.loads((CONFIGS / f"{name}.toml").read_text()), "")
        for name in ("selfdeblur", "selfdeblur-budget")
    )

    assert authors == SelfDeblurConfig(colour="luma")
    assert budget == SMALL
