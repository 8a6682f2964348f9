"""Swift as a whole: any size, mono and colour, windows that agree with the whole image, and a net that learns."""

from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from closeness import assert_close_to_largest
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.blur.slopes import ramp
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import make_config
from pinsharp.nets.swift import bank_blocks
from pinsharp.nets.swift.swift import MARGIN, Swift, SwiftConfig
from pinsharp.nets.weights import load_weights, save_weights

SMALL = SwiftConfig(
    width=4,
    deep_width=6,
    blocks=1,
    deep_blocks=1,
    condition=5,
    filters=2,
    filter_radius=6,
    filter_grid=16,
    kernel_window=16,
    kernel_windows=4,
    kernel_hidden=8,
    kernel_size=9,
)
TWO_TRUNKS = replace(SMALL, mono_blocks=1, mono_deep_blocks=2)


def small_net(config: SwiftConfig = SMALL) -> Swift:
    torch.manual_seed(0)
    return Swift(config)


def randomised(net: Swift) -> Swift:
    """Move every parameter far: residual blocks begin near the identity, behind which a wrong halo hides."""
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        inner = [child for name, child in net.restorer.named_children() if "trunk" in name or "condition" in name]
        for parameter in (parameter for part in inner for parameter in part.parameters()):
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.2)
    return net


def images(channels: int = 3, height: int = 24, width: int = 24, batch: int = 2) -> Tensor:
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(2))


def true_blur(batch: int = 1) -> BlurField:
    """An asymmetric kernel: a symmetric one would hide a flip."""
    kernel = torch.rand(batch, 1, 5, 5, generator=torch.Generator().manual_seed(3))
    return BlurField(kernel / kernel.sum(dim=(-2, -1), keepdim=True), torch.full((batch,), 1 / 255))


def idle_parameters(net: nn.Module) -> list[str]:
    return [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height, width", [(24, 24), (23, 30), (5, 5), (2, 9), (1, 1)])
def test_restored_images_have_the_shape_of_the_blurred(channels, height, width):
    """From a single pixel on."""
    blurred = images(channels, height, width)
    before = blurred.clone()

    restored, estimate = small_net()(blurred)

    assert restored.shape == blurred.shape
    assert restored.dtype == torch.float32
    assert bool(torch.isfinite(restored).all())
    assert estimate.kernel.shape == (2, 1, 9, 9)
    assert torch.equal(blurred, before)


def test_forward_is_estimate_then_deconvolve():
    net, blurred = small_net(), images()

    restored, estimate = net(blurred)

    torch.testing.assert_close(restored, net.deconvolve(blurred, net.estimate(blurred)))
    torch.testing.assert_close(estimate.kernel, net.estimate(blurred).kernel)


@pytest.mark.parametrize("config", [SMALL, TWO_TRUNKS])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("height, width", [(24, 24), (23, 30), (5, 5), (1, 1)])
def test_restoring_takes_shorter_ways_to_the_same_image(config, channels, height, width):
    """In inference mode planes are made one by one and convolutions fused."""
    net, blurred = randomised(small_net(config)), images(channels, height, width, batch=1)
    with torch.no_grad():
        plain = net.deconvolve(blurred, true_blur())

    with torch.inference_mode():
        short = net.deconvolve(blurred, true_blur())

    assert_close_to_largest(short, plain, 1e-5)


def test_another_runtime_can_take_the_place_of_the_convolutions():
    net, seen = randomised(small_net()), []

    def refine(stack, modulation):
        seen.append((tuple(stack.shape), tuple(modulation.shape)))
        return net.restorer.refiner("colour")(stack, modulation)

    expected = net.deconvolve(images(3, 23, 30), true_blur(batch=2))
    net.restorer.refine = refine

    torch.testing.assert_close(net.deconvolve(images(3, 23, 30), true_blur(batch=2)), expected)
    assert seen == [((2, 36, 12, 16), (2, 2 * (4 + 6 + 4)))]


def test_a_given_kernel_is_used_and_returned():
    net, noise = small_net(), torch.full((2,), 1e-3)
    narrow, wide = (BlurField(gaussian_kernel(sigma).expand(2, -1, -1, -1), noise) for sigma in (0.5, 1.5))

    restored, returned = net(images(), narrow)

    assert returned is narrow
    assert (restored - net(images(), wide)[0]).abs().max() > 1e-3


def test_the_noise_counts():
    net, kernel = small_net(), gaussian_kernel(1.0)

    quiet, noisy = (net.deconvolve(images(batch=1), BlurField(kernel, torch.tensor([n]))) for n in (1e-3, 0.05))

    assert (quiet - noisy).abs().max() > 1e-3


def test_a_net_begins_as_one_that_is_told_nothing():
    told, blurred = small_net(), images()
    untold = small_net(replace(SMALL, condition=0))
    untold.load_state_dict({key: value for key, value in told.state_dict().items() if ".condition." not in key})

    assert_close_to_largest(told(blurred)[0], untold(blurred)[0], 1e-6)


def test_a_kernel_without_noise_is_a_programmers_slip():
    with pytest.raises(ValueError, match="needs the noise of the image"):
        small_net().deconvolve(images(), BlurField(gaussian_kernel(1.0)))


def test_mono_and_colour_together_train_every_parameter():
    """Each kind leaves the first and last layer of the other alone; the image loss reaches the estimator (eq. 6)."""
    net = randomised(small_net())

    losses = []
    for channels in (1, 3):
        restored, estimate = net(images(channels))
        losses.append((restored - 0.5).abs().mean() + estimate.log_width_std.sum())
    sum(losses).backward()

    assert idle_parameters(net) == []


@pytest.mark.parametrize("channels, other", [(1, "colour"), (3, "mono")])
def test_one_kind_of_image_leaves_only_the_layers_of_the_other_alone(channels, other):
    net = randomised(small_net())

    restored, estimate = net(images(channels))
    (restored.square().mean() + estimate.log_width_std.sum()).backward()

    expected = [f"restorer.{end}.{other}.{what}" for end in ("enter", "leave") for what in ("weight", "bias")]
    assert sorted(idle_parameters(net)) == sorted(expected)


@pytest.mark.parametrize("channels, own", [(1, "mono_"), (3, "")])
def test_with_two_trunks_each_kind_of_image_has_its_own(channels, own):
    net = randomised(small_net(TWO_TRUNKS))

    net.deconvolve(images(channels, batch=1), true_blur()).square().mean().backward()

    idle = {name.split(".")[0] for name in idle_parameters(net.restorer)}
    parts = {"trunk", "condition", "mono_trunk", "mono_condition"}
    assert idle & parts == parts - {f"{own}trunk", f"{own}condition"}


def test_each_stage_trains_one_of_the_two_nets():
    net = randomised(small_net())

    estimate = net.estimate(images())
    (estimate.kernel.square().sum() + estimate.noise.sum() + estimate.log_width_std.sum()).backward()
    assert idle_parameters(net.kernel_net) == []
    assert len(idle_parameters(net.restorer)) == len(list(net.restorer.parameters()))

    net.zero_grad()
    net.deconvolve(images(batch=1), true_blur()).square().sum().backward()
    assert not net.restorer.bank.log_strength.grad.eq(0).any()
    assert len(idle_parameters(net.kernel_net)) == len(list(net.kernel_net.parameters()))


@pytest.mark.parametrize("channels", [1, 3])
def test_ten_steps_lower_the_loss(channels):
    """Eq. 5: the restorer alone, with the true kernel and noise."""
    net, blur = small_net(), true_blur(batch=2)
    optimiser = torch.optim.AdamW(net.restorer.parameters(), lr=2e-3)
    sharp = nn.functional.interpolate(images(channels, 8, 8), scale_factor=4, mode="bilinear")
    blurred = Blur(blur.kernel, "reflect")(sharp)

    losses = []
    for _ in range(10):
        loss = (net.deconvolve(blurred, blur) - sharp).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("config", [SMALL, TWO_TRUNKS])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "top, left, height, width", [(0, 0, 20, 24), (48, 56, 33, 8), (40, 0, 12, 101), (60, 64, 37, 37), (92, 100, 5, 1)]
)
def test_a_window_with_its_halo_is_restored_as_inside_the_image(config, channels, top, left, height, width):
    """What lets an image of any size be restored window by window: windows begin on multiples of the stride."""
    net, blur = randomised(small_net(config)), true_blur()
    blurred, halo = images(channels, 97, 101, batch=1), net.halo
    whole = net.deconvolve(blurred, blur)

    first_row, first_column = max(0, top - halo), max(0, left - halo)
    part = blurred[..., first_row : top + height + halo, first_column : left + width + halo]
    window = net.deconvolve(part, blur)[..., top - first_row :, left - first_column :][..., :height, :width]

    assert halo % net.restorer.STRIDE == 0
    assert_close_to_largest(window, whole[..., top : top + height, left : left + width], 1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([(SMALL, 1), (SMALL, 3), (TWO_TRUNKS, 1)]),
    st.tuples(st.integers(1, 150), st.integers(1, 330)),
    st.tuples(st.integers(1, 20), st.integers(1, 60)),
    st.sampled_from([torch.float32, torch.bfloat16]),
)
@example((SMALL, 3), (137, 323), (8, 60), torch.bfloat16)
@example((TWO_TRUNKS, 1), (149, 329), (20, 15), torch.bfloat16)
def test_windows_are_the_whole_image_to_the_last_bit(kind, shape, strides, dtype):
    """Whatever their size, though blocks of the bank end somewhere within them."""
    (config, channels), (height, width) = kind, shape
    net, blurred = randomised(small_net(config)), images(channels, height, width, batch=1)
    tall, wide = (net.restorer.STRIDE * count for count in strides)

    with (
        torch.inference_mode(),
        torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(bank_blocks, "BLOCK", 48)
        whole = net.deconvolve(blurred, true_blur())
        restore = net.windows(
            lambda *place: blurred[..., *place], (channels, height, width), true_blur(), largest=(tall, wide)
        )
        parts = torch.empty_like(whole)
        for top in range(0, height, tall):
            for left in range(0, width, wide):
                place = slice(top, min(top + tall, height)), slice(left, min(left + wide, width))
                parts[..., *place] = restore(*place)

    assert torch.equal(parts, whole)


@pytest.mark.parametrize("rows, columns", [(slice(2, 8), slice(0, 8)), (slice(0, 8), slice(5, 8))])
def test_windows_begin_where_the_pixels_of_the_trunk_do(rows, columns):
    blurred = images(1, 16, 16, batch=1)
    restore = small_net().windows(lambda *place: blurred[..., *place], (1, 16, 16), true_blur(), largest=(8, 8))

    with pytest.raises(ValueError, match=rf"multiples of 4 on, got row {rows.start} and column {columns.start}"):
        restore(rows, columns)


def test_all_windows_see_equally_much_so_that_the_memory_of_one_fits_the_next():
    net, blurred, seen = small_net(), images(1, 301, 703, batch=1), []
    net.restorer.refine = lambda stack, modulation: (
        seen.append(tuple(stack.shape[-2:])) or net.restorer.refiner("mono")(stack, modulation)
    )

    with torch.inference_mode():
        restore = net.windows(lambda *place: blurred[..., *place], (1, 301, 703), true_blur(), largest=(64, 240))
        for top in range(0, 301, 64):
            for left in range(0, 703, 240):
                restore(slice(top, min(top + 64, 301)), slice(left, min(left + 240, 703)))

    assert len(set(seen[:-3])) == 1
    assert seen[-1][0] < seen[0][0]  # nothing is read again for the last band
    assert seen[-1][1] == seen[0][1]


def test_nothing_beyond_the_halo_reaches_a_pixel():
    net, blur = randomised(small_net()), true_blur()
    blurred, halo = images(1, 101, 101, batch=1), net.halo
    row, column = 51, 50
    beyond = torch.ones(101, 101, dtype=torch.bool)
    beyond[row - halo : row + halo + 1, column - halo : column + halo + 1] = False
    assert bool(beyond.any())

    change = net.deconvolve(blurred + 10 * beyond, blur) - net.deconvolve(blurred, blur)

    change = change.detach().abs()
    assert float(change.max()) > 1
    assert float(change[..., row, column].max()) < 1e-5 * float(change.max())


def test_the_parameters_of_the_default_fit_a_small_file():
    """The shipped weights have to stay below 5 MiB in float32 or float16."""
    assert 2 * sum(parameter.numel() for parameter in Swift().parameters()) < 5 * 2**20


def test_constants_are_preserved_but_for_what_the_trunk_adds():
    net = small_net()
    for layer in net.restorer.leave.values():
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    flat = torch.full((1, 3, 21, 30), 0.6)

    torch.testing.assert_close(net.deconvolve(flat, true_blur()), flat, atol=1e-5, rtol=0)


def test_each_image_of_a_batch_is_restored_as_if_alone():
    """The filters make a hundred times more of rounding: they are given hardly any noise, and divide by little."""
    net, blurred = randomised(small_net()), images()

    together, estimate = net(blurred)

    for index in (0, 1):
        alone, its_own = net(blurred[index : index + 1])
        assert_close_to_largest(together[index : index + 1], alone, 2e-5)
        assert_close_to_largest(estimate.kernel[index : index + 1], its_own.kernel, 1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_autocast_changes_the_image_by_its_rounding_only(channels):
    """Bfloat16 has eight bits: about 1 % of the largest values that the trunk sees."""
    net = small_net()
    full, _ = net(images(channels))

    with torch.autocast("cpu", torch.bfloat16):
        half, estimate = net(images(channels))

    assert half.dtype == torch.float32
    assert estimate.kernel.dtype == torch.float32
    assert_close_to_largest(half, full, 0.02)
    torch.testing.assert_close(estimate.kernel, net.estimate(images(channels)).kernel)


def test_layout_does_not_matter():
    net, blurred = randomised(small_net()), images()

    other = blurred.contiguous(memory_format=torch.channels_last)

    assert_close_to_largest(net(other)[0], net(blurred)[0], 1e-5)


def test_a_saved_net_restores_as_before(tmp_path):
    net, blurred = randomised(small_net()), images()
    save_weights(tmp_path / "swift.safetensors", net, {"name": "small"})

    loaded = load_weights(tmp_path / "swift.safetensors").net

    assert loaded.config == SMALL
    assert torch.equal(loaded(blurred)[0], net(blurred)[0])


def test_what_can_be_rebuilt_is_not_saved():
    """Tapers, rings and frequencies follow from the settings; the scale of the estimator's features was measured."""
    measured = {"kernel_net.feature_mean", "kernel_net.feature_std"}

    assert set(Swift(SMALL).state_dict()) == {name for name, _ in Swift(SMALL).named_parameters()} | measured


def test_settings_go_through_a_table():
    assert make_config("swift", asdict(SMALL)) == SMALL


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"filters": 0}, "filters must be at least 1, got 0"),
        ({"blocks": -1}, "blocks must be at least 0, got -1"),
        ({"mono_blocks": -1}, "mono_blocks must be at least 0, got -1"),
        ({"condition": -1}, "condition must be at least 0, got -1"),
        ({"kernel_size": 40}, "kernel_size must be odd so that kernels have a centre, got 40"),
        ({"filter_grid": 192}, r"filter_grid must be at least 2 \* filter_radius \+ 1 = 193, got 192"),
        ({"kernel_directions": 3}, "kernel_directions must be 0 or an even number, got 3"),
        ({"kernel_window": 1}, "kernel_window must be at least 4, got 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SwiftConfig(**settings)


@pytest.mark.parametrize("rule, mode", [("reflect", "reflect"), ("circular", "circular")])
@pytest.mark.parametrize("shape", [(40, 44), (37, 51)])
def test_where_it_is_known_how_an_image_goes_on_its_border_is_restored_like_its_inside(rule, mode, shape):
    """To the last bit what becomes of the middle of the image that is continued so before."""
    net = randomised(small_net()).eval()
    image = images(3, *shape, batch=1)
    known = replace(true_blur(), continuations=(rule,))
    with torch.inference_mode():
        wide = nn.functional.pad(image, (MARGIN,) * 4, mode=mode)
        expected = net.deconvolve(wide, true_blur())[..., MARGIN : MARGIN + shape[0], MARGIN : MARGIN + shape[1]]
        restored = net.deconvolve(image, known)
        windows = net.windows(lambda *place: image[..., *place], (3, *shape), known, largest=(16, 20))
        corner = windows(slice(0, 16), slice(0, 20)), windows(slice(16, 32), slice(20, shape[1]))
    torch.testing.assert_close(restored, expected, rtol=0, atol=0)
    assert_close_to_largest(corner[0], expected[..., :16, :20], 4e-6)
    assert_close_to_largest(corner[1], expected[..., 16:32, 20:], 4e-6)


def test_each_image_of_a_batch_goes_on_by_its_own_rule():
    net = randomised(small_net()).eval()
    both, rules = images(1, batch=3), ("reflect", None, "circular")
    known = replace(true_blur(3), continuations=rules)
    with torch.inference_mode():
        together = net.deconvolve(both, known)
        alone = [net.deconvolve(both[i : i + 1], known.of(i)) for i in range(3)]
        plain = net.deconvolve(both[1:2], true_blur(3).of(1))
    assert_close_to_largest(together, torch.cat(alone), 1e-6)
    assert_close_to_largest(together[1:2], plain, 1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_ramp_is_taken_out_before_an_image_is_restored_and_put_back_after(channels):
    """In whole images, and in windows, which are the whole image there."""
    net = randomised(small_net()).eval()
    even, slopes = images(channels, 40, 44, batch=1), torch.full((1, channels, 2), 0.02)
    steep = ramp(slopes, (40, 44), slice(0, 40), slice(0, 44))
    known = replace(true_blur(), slopes=slopes)
    with torch.inference_mode():
        expected = net.deconvolve(even, true_blur()) + steep
        restored = net.deconvolve(even + steep, known)
        windows = net.windows(lambda *place: (even + steep)[..., *place], (channels, 40, 44), known, largest=(16, 20))
        corner = windows(slice(16, 32), slice(20, 44))
    assert_close_to_largest(restored, expected, 4e-6)
    assert_close_to_largest(corner, expected[..., 16:32, 20:], 4e-6)
