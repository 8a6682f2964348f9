"""Windows that vote: what no lens made has no say, brightness and contrast say nothing, small images vote too."""

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.nets.swift.swift import CHANNEL_NOISE, Swift, SwiftConfig
from pinsharp.nets.swift.texture import spread_windows
from pinsharp.nets.swift.window_net import WindowConfig, WindowNet

SIDE = 32


def net(**settings):
    torch.manual_seed(0)
    made = WindowNet(WindowConfig(**({"window": SIDE, "max_windows": 12, "hidden": 16} | settings))).eval()
    made.calibrate(images(2, 160))
    return made


def images(count=1, height=160, width=160, channels=1):
    gen = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, channels, height // 4 + 2, width // 4 + 2, generator=gen)
    fine = torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bicubic")[..., :height, :width]
    return 0.1 + 0.8 * fine.clamp(0, 1) + 0.01 * torch.randn(count, channels, height, width, generator=gen)


@torch.no_grad()
def measured(image, *rest, **settings):
    return net(**settings)(image, *rest)


@pytest.mark.parametrize("gain, offset", [(1 / 4, 0.0), (1 / 64, 0.0), (1 / 16, 0.47)])
def test_brightness_and_contrast_say_nothing(gain, offset):
    image = images().double()

    as_it_is, other = measured(image), measured(gain * image + offset)

    torch.testing.assert_close(other.log_width, as_it_is.log_width, atol=2e-3, rtol=0)
    torch.testing.assert_close(other.noise, gain * as_it_is.noise, rtol=1e-2, atol=0)


def test_the_order_of_windows_does_not_matter():
    made, windows = net(), torch.rand(1, 7, SIDE, SIDE, generator=torch.Generator().manual_seed(2))

    one, other = (made.judge(made.features(given)) for given in (windows, windows.flip(1)))

    torch.testing.assert_close(one.joined, other.joined)
    torch.testing.assert_close(one.log_width, other.log_width.flip(1), atol=1e-5, rtol=1e-5)


def test_hidden_pixels_have_no_say():
    image = images()
    hidden = torch.zeros(1, 1, 160, 160, dtype=torch.bool)
    hidden[..., 50:53, :] = True
    spoilt = torch.where(hidden, 5.0, image)

    clean, found = measured(image, hidden), measured(spoilt, hidden)

    top, _, height, _ = found.votes[0].places.T
    assert not ((top < 53) & (top + height > 50)).any()
    torch.testing.assert_close(found.log_width, clean.log_width)
    torch.testing.assert_close(found.normalisation.offset, clean.normalisation.offset)


def test_where_all_windows_are_hit_those_vote_that_are_hit_least():
    hidden = torch.zeros(1, 1, 160, 160, dtype=torch.bool)
    hidden[..., ::8] = True

    assert len(measured(images(), hidden).votes[0]) == 12


@pytest.mark.parametrize("shape", [(32, 300), (20, 20), (33, 47), (300, 40)])
def test_strips_and_small_images_vote(shape):
    found = measured(images(1, *shape))

    votes = found.votes[0]
    assert torch.isfinite(found.log_width).all()
    assert (votes.places[:, 0] + votes.places[:, 2] <= shape[0]).all()
    assert (votes.places[:, 1] + votes.places[:, 3] <= shape[1]).all()


def test_a_batch_is_measured_as_its_images_are():
    batch = images(3)

    together = measured(batch)

    for number, image in enumerate(batch):
        alone = measured(image[None])
        torch.testing.assert_close(together.of(number).log_width, alone.log_width, atol=1e-5, rtol=0)
        assert torch.equal(together.of(number).votes[0].places, alone.votes[0].places)


def test_parts_of_an_image_are_measured_together():
    image = images(1, 160, 320)
    parts = torch.cat([image[..., :160], image[..., 160:]])

    with torch.no_grad():
        found = net().estimate_parts(parts)

    assert found.log_width.shape == (1,)
    assert int(found.votes[0].places[:, 0].max()) >= 160  # the second part counts as below the first


def seen_together(*seen):
    with torch.no_grad():
        return net().estimate_together((image, None) for image in seen)


def test_an_image_by_itself_is_measured_together_as_alone():
    alone, together = measured(images()), seen_together(images())

    for name in ("kernel", "noise", "log_width", "log_width_std"):
        assert torch.equal(getattr(together, name), getattr(alone, name))


def test_windows_of_all_images_vote_at_their_own_places():
    first, second = images(2).split(1)
    alone = [measured(image).votes[0] for image in (first, second)]

    votes = seen_together(first, second).votes[0]

    assert torch.equal(votes.places, torch.cat([one.places for one in alone]))
    assert float(votes.weights.sum()) == pytest.approx(1)


def test_images_of_other_exposures_vote_as_if_they_had_the_same():
    first, second = images(2).split(1)

    found, other = seen_together(first, second), seen_together(first, second / 8)

    torch.testing.assert_close(other.log_width, found.log_width, atol=2e-3, rtol=0)
    torch.testing.assert_close(other.votes[0].log_width, found.votes[0].log_width, atol=5e-3, rtol=0)


def test_hidden_pixels_of_one_of_several_images_have_no_say():
    first, second = images(2).split(1)
    hidden = torch.zeros(1, 1, 160, 160, dtype=torch.bool)
    hidden[..., 50:53, :] = True
    spoilt = torch.where(hidden, 5.0, second)

    with torch.no_grad():
        clean, found = (net().estimate_together([(first, None), (one, hidden)]) for one in (second, spoilt))

    torch.testing.assert_close(found.log_width, clean.log_width)


def test_kernels_are_as_large_as_their_width_needs():
    made, width = net(kernel_size=21), torch.tensor([1.5, 9.0])

    small, large = (made.kernel(width[n : n + 1], torch.tensor([0.5])) for n in (0, 1))

    assert small.shape[-1] == 21
    assert float(kernel_sigma(large)) == pytest.approx(9.0, rel=0.02)


def test_windows_are_chosen_from_everywhere_and_from_the_best():
    image = 0.01 * images(1, 640, 640)[0]
    image[:, :100, :100] *= 50  # nearly all texture lies in one corner

    _, places = spread_windows(image, SIDE, 40)

    rows, columns = places[:, 0] // 160, places[:, 1] // 160
    assert len({(int(row), int(column)) for row, column in zip(rows, columns, strict=True)}) >= 14  # of 16 quarters
    assert int(((places[:, 0] < 100) & (places[:, 1] < 100)).sum()) >= 20


def guarded_swift():
    torch.manual_seed(0)
    sizes = {"width": 4, "deep_width": 4, "condition": 4, "filter_radius": 16, "filter_grid": 64}
    return Swift(SwiftConfig(**sizes, noise_rings=16, kernel_votes=True, guard=True)).eval()


def test_swift_restores_alike_whatever_the_brightness():
    swift, image = guarded_swift(), images(1, 160, 160, channels=3)

    with torch.inference_mode():
        plain, dim = (swift(given)[0] for given in (image, image / 64))

    torch.testing.assert_close(64 * dim, plain, atol=1e-3, rtol=0)


@pytest.mark.parametrize("rows", [32, 96])
def test_swift_with_a_guard_restores_windows_as_the_whole(rows):
    swift, image = guarded_swift(), images(1, 192, 160)

    with torch.inference_mode():
        known = swift.estimate(image)
        shape = (1, 192, 160)
        restore = swift.windows(lambda *place: image[..., *place], shape, known, largest=(rows, 160))
        bands = [restore(slice(top, top + rows), slice(0, 160)) for top in range(0, 192, rows)]
        found = torch.cat(list(swift.guarded_rows(shape, known).blend(bands)), dim=-2)
        whole = swift.deconvolve(image, known)

    torch.testing.assert_close(found, whole, atol=2e-3, rtol=0)  # weights are rounded to steps


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("clean", [True, False])
def test_clean_images_of_colour_have_a_restorer_of_their_own(channels, clean):
    torch.manual_seed(0)
    sizes = {"width": 4, "deep_width": 4, "condition": 4, "filter_radius": 16, "filter_grid": 64}
    swift = Swift(SwiftConfig(**sizes, noise_rings=16, kernel_votes=True, guard=True, clean=True)).eval()
    image = images(1, 96, 80, channels)
    noise = torch.full((1, 16), 0.02)
    blur = BlurField(gaussian_kernel(1.5), noise, is_clean=(clean,))
    shape = (channels, 96, 80)

    with torch.inference_mode():
        found = swift.deconvolve(image, blur)
        restore = swift.windows(lambda *place: image[..., *place], shape, blur, largest=(96, 80))
        rows = swift.guarded_rows(shape, blur)
        by_rows = torch.cat(list(rows.blend([restore(slice(0, 96), slice(0, 80))])), dim=-2)
        own = swift.clean(image, blur.kernel, CHANNEL_NOISE * noise[:, 0])

    is_clean = channels == 3 and clean
    assert torch.equal(found, own) == is_clean
    assert bool((rows.weights[0] == 1).all()) == is_clean
    torch.testing.assert_close(by_rows, found, atol=2e-3, rtol=0)
