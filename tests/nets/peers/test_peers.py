"""What holds for every peer network: sizes, gradients, files, learning, precision. A new one joins `NETS` below."""

import pytest
import torch
from torch import Tensor, nn

from closeness import assert_close_to_largest
from complexity import multiply_adds, parameters
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError
from pinsharp.nets.peers.deepdeblur import DeepDeblur, DeepDeblurConfig
from pinsharp.nets.peers.dwdn import Dwdn, DwdnConfig
from pinsharp.nets.peers.nafnet import Nafnet, NafnetConfig
from pinsharp.nets.peers.srn import Srn, SrnConfig
from pinsharp.nets.registry import build_net, make_config
from pinsharp.nets.weights import load_weights, save_weights

NETS = {
    "nafnet": lambda: Nafnet(NafnetConfig(width=4, encoder_blocks=(1, 1), decoder_blocks=(1, 1))),
    "nafnet-local": lambda: Nafnet(
        NafnetConfig(width=4, encoder_blocks=(1, 1), decoder_blocks=(1, 1), pooling_window=8)
    ),
    "deepdeblur": lambda: DeepDeblur(DeepDeblurConfig(width=4, blocks=1)),
    "deepdeblur-one-scale": lambda: DeepDeblur(DeepDeblurConfig(width=4, blocks=1, scales=1)),
    "srn": lambda: Srn(SrnConfig(width=4, blocks=1)),
    "srn-lstm": lambda: Srn(SrnConfig(width=4, blocks=1, cell="lstm", scales=2)),
    "dwdn": lambda: Dwdn(DwdnConfig(features=4, feature_blocks=1, width=4, blocks=1)),
    "dwdn-median": lambda: Dwdn(DwdnConfig(features=4, feature_blocks=1, noise="median", width=4, blocks=1)),
    "dwdn-replicate": lambda: Dwdn(
        DwdnConfig(features=4, feature_blocks=0, feature_padding="replicate", width=4, blocks=1, scales=3)
    ),
}
SCALES = {
    "nafnet": 1,
    "nafnet-local": 1,
    "deepdeblur-one-scale": 1,
    "srn-lstm": 2,
    "dwdn": 2,
    "dwdn-median": 2,
}  # the others have 3
# The authors' figures, or counted from their code: millions of parameters, 1e9 multiply-adds at 256 x 256.
REFERENCE = {
    "nafnet": ({}, 17.11, 15.96),
    "nafnet, width 64": ({"width": 64}, 67.89, 63.05),
    "srn": ({}, 6.88, 83.5),
    "deepdeblur": ({}, 11.72, None),
    "dwdn": ({}, 7.05, 83.9),
}


def small_net(name: str) -> nn.Module:
    torch.manual_seed(0)
    return NETS[name]()


def randomised(net: nn.Module) -> nn.Module:
    """Move every parameter: NAF blocks begin with factors of 0, behind which no gradient passes."""
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.05)
    return net


def images(height: int = 24, width: int = 24, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(2))


def restore_scales(net: nn.Module, blurred: Tensor) -> list[Tensor]:
    if isinstance(net, Dwdn):
        return net.deconvolve_scales(blurred, BlurField(gaussian_kernel(1.5, 7)))
    return net.restore_scales(blurred)


@pytest.mark.parametrize("height, width", [(1, 1), (5, 5), (23, 30), (32, 16)])
@pytest.mark.parametrize("name", NETS)
def test_any_size_comes_out_as_it_went_in_at_every_scale(name, height, width):
    blurred = images(height, width)
    before = blurred.clone()
    net = small_net(name)

    restored = restore_scales(net, blurred)

    expected = [(2, 3, -(-height // 2**s), -(-width // 2**s)) for s in range(SCALES.get(name, 3))]
    assert [tuple(scale.shape) for scale in restored] == expected
    assert [tuple(target.shape) for target in net.targets(blurred)] == expected
    assert torch.equal(blurred, before)


@pytest.mark.parametrize("name", NETS)
def test_forward_gives_the_finest_scale(name):
    net, blurred = randomised(small_net(name)), images()

    if isinstance(net, Dwdn):
        kernel = gaussian_kernel(1.5, 7)
        restored, same = net(blurred, kernel), net.deconvolve(blurred, BlurField(kernel))
    else:
        restored, same = net(blurred), net.restore(blurred)

    torch.testing.assert_close(restored, restore_scales(net, blurred)[0])
    torch.testing.assert_close(same, restored)


@pytest.mark.parametrize("name", NETS)
def test_the_finest_image_alone_reaches_every_parameter(name):
    net = randomised(small_net(name))

    restore_scales(net, images())[0].square().sum().backward()

    assert [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()] == []


@pytest.mark.parametrize("name", NETS)
def test_the_first_target_is_the_image_itself(name):
    sharp = images(23, 30)

    assert torch.equal(small_net(name).targets(sharp)[0], sharp)


@pytest.mark.parametrize("name, multiple", [("nafnet", 4), ("nafnet-local", 4), ("deepdeblur", 4), ("srn", 16)])
def test_replicated_rows_do_not_count_as_image(name, multiple):
    """An image that has been padded by hand to the size that the net works at gives the same result."""
    net, blurred = randomised(small_net(name)), images(13, 22)

    by_hand = net(nn.functional.pad(blurred, (0, -22 % multiple, 0, -13 % multiple), mode="replicate"))

    torch.testing.assert_close(net(blurred), by_hand[..., :13, :22])


@pytest.mark.parametrize("name", NETS)
def test_a_saved_net_restores_the_same_image(name, tmp_path):
    net = randomised(small_net(name)).eval()
    path = tmp_path / "net.safetensors"

    info = save_weights(path, net, {"licence": "MIT"})
    loaded = load_weights(path).net

    assert info.net == name.split("-")[0]
    assert info.parameters == parameters(net)
    assert loaded.config == net.config
    assert torch.equal(restore_scales(loaded, images())[0], restore_scales(net, images())[0])


@pytest.mark.parametrize("name", NETS)
def test_ten_steps_lower_the_loss(name):
    net = small_net(name)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    blurred = images(32, 32)
    sharp = (blurred + 0.2 * (blurred - blurred.mean(dim=(-2, -1), keepdim=True))).clamp(0, 1)

    losses = []
    for _ in range(10):
        pairs = zip(restore_scales(net, blurred), net.targets(sharp), strict=True)
        loss = torch.stack([(restored - target).abs().mean() for restored, target in pairs]).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", NETS)
def test_autocast_changes_the_image_by_its_rounding_only(name):
    net = small_net(name)

    with torch.autocast("cpu", torch.bfloat16):
        half = restore_scales(net, images())[0]

    assert_close_to_largest(half.float(), restore_scales(net, images())[0], 0.03)


@pytest.mark.parametrize("name", NETS)
def test_float64_images_are_restored_in_float64(name):
    net = small_net(name).double()

    assert restore_scales(net, images().double())[0].dtype == torch.float64


@pytest.mark.parametrize("name", REFERENCE)
def test_the_defaults_are_as_large_as_the_authors_nets(name):
    settings, millions, thousand_millions = REFERENCE[name]
    with torch.device("meta"):
        net = build_net(name.split(",")[0], settings)

    assert parameters(net) / 1e6 == pytest.approx(millions, rel=0.01)
    if thousand_millions is not None:
        assert multiply_adds(net) / 1e9 == pytest.approx(thousand_millions, rel=0.01)


@pytest.mark.parametrize("name, expected", [("deepdeblur", 4.72), ("srn", 1.17), ("dwdn", 1.18)])
def test_a_video_frame_costs_what_it_costs_the_authors_nets(name, expected):
    """In million millions, at 1280 x 720."""
    with torch.device("meta"):
        net = build_net(name)

    assert multiply_adds(net, (1, 3, 720, 1280)) / 1e12 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    "net, settings, sentence",
    [
        ("nafnet", {"width": 0}, "width must be at least 1, got 0"),
        ("nafnet", {"pooling_window": -1}, "pooling_window must be at least 0, got -1"),
        ("nafnet", {"encoder_blocks": [1]}, "as many levels, got 1 and 4"),
        ("nafnet", {"encoder_blocks": [1, 1, 1, -1]}, "must not be negative"),
        ("deepdeblur", {"blocks": -1}, "blocks must be at least 0, got -1"),
        ("srn", {"scales": 0}, "scales must be at least 1, got 0"),
        ("srn", {"cell": "gru"}, "srn.cell must be one of none, lstm, got 'gru'"),
        ("dwdn", {"features": 0}, "features must be at least 1, got 0"),
        ("dwdn", {"feature_padding": "circular"}, "dwdn.feature_padding must be one of zeros, replicate"),
    ],
)
def test_settings_out_of_range_are_refused(net, settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make_config(net, settings)
