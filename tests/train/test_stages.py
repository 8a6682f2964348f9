"""The stages: eq. 4 to 6 against plain numpy, who is trained by which stage, and jitter of the asked size."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pinsharp.blur.family import render_kernels
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.data.corpus import load_corpus
from pinsharp.data.synthesis import Batch, SynthesisConfig, make_batch
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import NETS, NetKind, Traits, build_net
from pinsharp.train.config import StageConfig
from pinsharp.train.stages import LEAST_NOISE, PSNR_FLOOR, Stage, kernel_loss, width_errors
from tiny_models import PEERS

UDBD = {
    "kernel_channels": 2,
    "kernel_blocks": 0,
    "kernel_code": 2,
    "kernel_chain": 1,
    "features": 2,
    "feature_blocks": 0,
    "width": 2,
    "encoder_blocks": [1],
    "decoder_blocks": [1],
}


@pytest.fixture
def net(tiny_run):
    torch.manual_seed(0)
    return build_net("swift", tiny_run.config)


@pytest.fixture
def batch(photographs):
    config = SynthesisConfig(max_sigma=1.0, max_radius=1.0, mono=0.0, sharp=0.0)
    return make_batch(load_corpus(photographs, held_out=False), config, size=16, indices=range(3), seed=0)


def weights_of(part):
    return {name: value.detach().clone() for name, value in part.state_dict().items()}


def take_steps(net, stage, batch, count=3):
    objective = Stage(net, stage)
    optimiser = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=stage.lr)
    for step in range(count):
        optimiser.zero_grad()
        objective(batch, step)["loss"].backward()
        optimiser.step()


def changed(before, part):
    return {name for name, value in part.state_dict().items() if not torch.equal(value, before[name])}


def has_gradient(part):
    return any(parameter.grad is not None and parameter.grad.any() for parameter in part.parameters())


@pytest.mark.parametrize("kind, trained", [("kernel", "kernel_net"), ("deconv", "restorer")])
def test_a_stage_trains_its_part_and_leaves_the_other_bit_for_bit(net, batch, stages, kind, trained):
    other = {"kernel_net": "restorer", "restorer": "kernel_net"}[trained]
    before = {part: weights_of(net.get_submodule(part)) for part in (trained, other)}

    take_steps(net, stages(kind), batch)

    assert changed(before[trained], net.get_submodule(trained))
    assert not changed(before[other], net.get_submodule(other))


def test_a_joint_stage_trains_both_parts(net, batch, stages):
    before = {part: weights_of(net.get_submodule(part)) for part in ("kernel_net", "restorer")}

    take_steps(net, stages("joint"), batch)

    for part, weights in before.items():
        assert changed(weights, net.get_submodule(part))


@pytest.mark.parametrize("kind", ["deconv", "joint"])
def test_frozen_parts_stay_bit_for_bit(net, batch, stages, kind):
    before = weights_of(net.restorer.bank)

    take_steps(net, stages(kind, frozen=("restorer.bank",)), batch)

    assert not changed(before, net.restorer.bank)
    take_steps(net, stages(kind), batch)  # the next stage may train them again
    assert changed(before, net.restorer.bank)


def test_a_frozen_part_that_is_not_there_is_refused(net, stages):
    with pytest.raises(ConfigError, match=r"no part 'bank'; it has kernel_net, .*restorer.bank"):
        Stage(net, stages("deconv", frozen=("bank",)))


def test_a_stage_that_trains_nothing_is_refused(net, stages):
    with pytest.raises(ConfigError, match="leaves nothing to train in this kernel stage"):
        Stage(net, stages("kernel", frozen=("kernel_net",)))


def test_the_image_loss_of_a_joint_stage_reaches_the_kernel_net(net, batch, stages):
    """Eq. 6 without the kernel's own loss."""
    Stage(net, stages("joint", kernel_weight=0.0))(batch)["loss"].backward()

    assert has_gradient(net.kernel_net)
    assert has_gradient(net.restorer)


def test_detached_it_does_not(net, batch, stages):
    """Neither through the kernel nor through the noise that is estimated beside it."""
    with torch.no_grad():
        net.kernel_net.conclude[-1].bias[3] += 4  # noise that the restorer takes account of

    Stage(net, stages("joint", kernel_weight=0.0, detach=True))(batch)["loss"].backward()

    assert not has_gradient(net.kernel_net)
    assert has_gradient(net.restorer)


def test_detached_the_kernel_net_still_learns_from_its_own_loss(net, batch, stages):
    losses = Stage(net, stages("joint", detach=True))(batch)
    losses["loss"].backward()

    assert has_gradient(net.kernel_net)
    torch.testing.assert_close(losses["loss"], losses["kernel_loss"] + losses["image_loss"])


def test_equation_4_is_the_summed_difference_of_the_kernels(batch):
    """A free-form estimate, as the paper's net gives it: no width and no noise."""
    estimated = gaussian_kernel(1.3, 25).expand(3, -1, -1, -1)

    loss = kernel_loss(BlurField(estimated), batch)

    truth = np.pad(batch.kernel[:, 0].numpy(), ((0, 0), (3, 3), (3, 3)))  # 19 x 19
    expected = np.mean([np.abs(one - other).sum() for one, other in zip(estimated[:, 0].numpy(), truth, strict=True)])
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_what_a_net_says_of_width_share_and_noise_is_judged_as_well(batch):
    log_width, deviation = torch.tensor([0.1, -0.4, 0.3]), torch.tensor([0.2, 0.1, 0.05])
    noise, share = torch.tensor([1e-3, 5e-3, 2e-2]), torch.tensor([0.1, 0.5, 0.9])
    kernel = gaussian_kernel(1.3, 19).expand(3, -1, -1, -1)

    loss = kernel_loss(BlurField(kernel, noise, log_width, deviation, share), batch)

    variance, disk = batch.sigma.numpy() ** 2 + batch.radius.numpy() ** 2 / 4, batch.radius.numpy() ** 2 / 4
    error = (log_width.numpy() - np.log(variance) / 2) / deviation.numpy()
    likelihood = np.mean(error**2 / 2 + np.log(deviation.numpy()))
    shares = np.mean((share.numpy() - disk / variance) ** 2)
    noises = np.mean(np.log(noise.numpy() / batch.noise.numpy()) ** 2)
    kernels = float(kernel_loss(BlurField(kernel), batch))
    assert float(loss) == pytest.approx(kernels + shares + 0.1 * likelihood + 0.1 * noises, rel=1e-4)


def test_noise_too_small_to_measure_is_not_asked_for(batch):
    """Rounding to 16 bits lies below what the estimator can say."""
    nothing, floor = (replace(batch, noise=torch.full((3,), noise)) for noise in (1e-6, LEAST_NOISE))
    estimate = BlurField(batch.kernel, torch.full((3,), LEAST_NOISE))

    torch.testing.assert_close(kernel_loss(estimate, nothing), kernel_loss(estimate, floor))


def test_the_likelihood_is_least_for_an_honest_deviation(batch):
    """A net that is wrong by 10 % does best to say 10 %."""
    width = (batch.sigma.square() + batch.radius.square() / 4).sqrt().log()

    def loss(deviation):
        said = torch.full((3,), deviation)
        return float(kernel_loss(BlurField(batch.kernel, batch.noise, width + 0.1, said), batch))

    assert loss(0.1) < min(loss(0.07), loss(0.14))


def test_equation_5_is_the_mean_difference_of_the_images(net, batch, stages):
    loss = Stage(net, stages("deconv"))(batch)["loss"]

    restored = net.deconvolve(batch.blurred, BlurField(batch.kernel, batch.noise)).detach().numpy()
    assert float(loss.detach()) == pytest.approx(np.abs(restored - batch.sharp.numpy()).mean(), rel=1e-5)


def test_the_psnr_loss_is_the_mean_psnr_in_units_of_ten_decibels(net, batch, stages):
    loss = Stage(net, stages("deconv", loss="psnr"))(batch)["loss"]

    restored = net.deconvolve(batch.blurred, BlurField(batch.kernel, batch.noise)).detach().numpy()
    errors = ((restored - batch.sharp.numpy()) ** 2).mean(axis=(1, 2, 3))
    assert float(loss.detach()) == pytest.approx(np.log10(errors + PSNR_FLOOR).mean(), rel=1e-4)


def test_equation_6_adds_the_two_with_a_weight(net, batch, stages):
    losses = Stage(net, stages("joint", kernel_weight=0.3))(batch)

    estimate = net.estimate(batch.blurred)
    image = (net.deconvolve(batch.blurred, estimate) - batch.sharp).abs().mean()
    torch.testing.assert_close(losses["image_loss"], image)
    torch.testing.assert_close(losses["kernel_loss"], kernel_loss(estimate, batch))
    torch.testing.assert_close(losses["loss"], image + 0.3 * losses["kernel_loss"])


@pytest.mark.parametrize("kind", ["kernel", "deconv", "joint"])
@pytest.mark.parametrize("loss", ["l1", "psnr"])
def test_the_papers_net_goes_through_the_same_stages(batch, stages, kind, loss):
    torch.manual_seed(0)
    net = build_net("udbd", UDBD)

    value = Stage(net, stages(kind) if kind == "kernel" else stages(kind, loss=loss))(batch)["loss"]
    value.backward()

    assert math.isfinite(float(value.detach()))
    assert has_gradient(net.kernel_net) == (kind != "deconv")
    assert has_gradient(net.restorer) == (kind != "kernel")


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("loss", ["l1", "psnr", "mse"])
def test_the_peers_are_trained_in_one_stage(batch, stages, name, loss):
    """Every parameter of them, and a few steps lower the loss."""
    torch.manual_seed(0)
    net = build_net(name, PEERS[name])
    stage = stages("deconv" if name == "dwdn" else "direct", loss=loss)
    objective = Stage(net, stage)

    before = objective(batch)["loss"]
    before.backward()
    reached = {key for key, parameter in net.named_parameters() if parameter.grad is not None}
    take_steps(net, stage, batch, count=10)

    assert reached == {key for key, _ in net.named_parameters()}
    assert float(objective(batch)["loss"].detach()) < float(before.detach())


class Pyramid(nn.Module):
    """Restores, with one parameter, at full size and at a third of it."""

    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(0.1))

    def restore_scales(self, blurred):
        return [blurred + self.shift, torch.zeros(len(blurred), 3, 5, 7) + self.shift]

    def targets(self, sharp):
        return [sharp, nn.functional.interpolate(sharp, size=(5, 7), mode="bilinear", antialias=True)]


@pytest.fixture
def pyramid(monkeypatch):
    monkeypatch.setitem(NETS, "pyramid", NetKind(__name__, "Pyramid", Traits(has_scales=True)))
    return Pyramid()


@pytest.mark.parametrize("loss", ["l1", "psnr", "mse"])
def test_the_losses_of_all_scales_are_added(batch, stages, loss, pyramid):
    """Each against the sharp image of its size, shrunk with antialiasing as Pillow does it."""
    net = pyramid

    value = float(Stage(net, stages("direct", loss=loss))(batch)["loss"].detach())

    sharp = batch.sharp.numpy()
    small = np.stack([[shrunk_by_pillow(channel, (5, 7)) for channel in image] for image in sharp])
    restored = [scale.detach().numpy() for scale in net.restore_scales(batch.blurred)]
    expected = sum(plain_loss(*pair, loss) for pair in zip(restored, (sharp, small), strict=True))
    assert value == pytest.approx(expected, rel=1e-4)


def shrunk_by_pillow(channel, shape):
    return np.asarray(Image.fromarray(channel, "F").resize(shape[::-1], Image.Resampling.BILINEAR))


def plain_loss(restored, sharp, kind):
    if kind == "l1":
        return np.abs(restored - sharp).mean()
    errors = ((restored - sharp) ** 2).mean(axis=(1, 2, 3))
    return errors.mean() if kind == "mse" else np.log10(errors + PSNR_FLOOR).mean()


def test_a_net_says_what_its_scales_are_trained_towards(batch, stages, pyramid):
    """As each author shrank the sharp images; in full precision, whatever the net is trained in."""
    net, asked = pyramid, []

    def targets(sharp):
        asked.append(nn.functional.conv2d(sharp, torch.ones(1, 3, 3, 3)).dtype)
        return [sharp, torch.full((len(sharp), 3, 5, 7), 0.1)]

    net.targets = targets
    with torch.autocast("cpu", torch.bfloat16):
        loss = Stage(net, stages("direct"))(batch)["loss"]

    torch.testing.assert_close(loss, (batch.blurred + net.shift - batch.sharp).abs().mean())
    assert asked == [torch.float32]


def test_a_direct_stage_never_sees_the_kernel(batch, stages, pyramid):
    nothing = replace(batch, kernel=None, noise=None, sigma=None, radius=None)
    stage = Stage(pyramid, stages("direct"))

    torch.testing.assert_close(stage(nothing), stage(batch))


@pytest.mark.parametrize(
    "name, kind, sentence",
    [
        ("nafnet", "kernel", "a kernel stage cannot train this net: Nafnet has no kernel estimator; .* kind direct"),
        ("srn", "deconv", "a deconv stage cannot train this net: Srn has no part that takes a kernel; .* kind direct"),
        ("deepdeblur", "joint", "a joint stage cannot train this net: DeepDeblur has no kernel estimator"),
        ("dwdn", "joint", "a joint stage cannot train this net: Dwdn has no kernel estimator; .* kind deconv$"),
        ("dwdn", "direct", "a direct stage cannot train this net: Dwdn does not restore without a kernel"),
        ("udbd", "direct", "Udbd does not restore without a kernel; use stages of kind kernel or deconv or joint"),
    ],
)
def test_a_stage_that_does_not_suit_the_net_is_refused(stages, name, kind, sentence):
    net = build_net(name, {**PEERS, "udbd": UDBD}[name])

    with pytest.raises(ConfigError, match=sentence):
        Stage(net, stages(kind))


def jittered(net, stage, batch, index=0):
    """Blur that the restorer was shown."""
    shown = []
    objective = Stage(net, stage, seed=7)
    net.deconvolve = lambda blurred, estimate: shown.append(estimate) or blurred
    objective(batch, index)
    del net.deconvolve
    return shown[0]


def many(count):
    """A batch whose images nobody looks at."""
    sigma, radius = torch.full((count,), 1.5), torch.full((count,), 2.0)
    kernel = render_kernels(sigma.double(), radius.double(), 31).float()
    image = torch.zeros(count, 1, 4, 4)
    return Batch(image, image, kernel, torch.full((count,), 0.01), sigma, radius)


def test_without_jitter_the_restorer_is_told_the_truth(net, batch, stages):
    shown = jittered(net, stages("deconv"), batch)

    assert torch.equal(shown.kernel, batch.kernel)
    torch.testing.assert_close(shown.noise, batch.noise)


def test_jitter_has_the_asked_size(net, stages):
    batch = many(400)

    shown = jittered(net, stages("deconv", width_jitter=0.05, noise_jitter=0.2), batch)

    widths = (kernel_sigma(shown.kernel) / kernel_sigma(batch.kernel)).log()
    noises = (shown.noise / batch.noise).log()
    assert float(widths.std()) == pytest.approx(0.05, rel=0.15)
    assert float(noises.std()) == pytest.approx(0.2, rel=0.15)
    assert abs(float(widths.mean())) < 0.01
    assert abs(float(torch.corrcoef(torch.stack([widths, noises]))[0, 1])) < 0.15


def test_doubt_says_how_large_the_errors_are(net, stages):
    batch = many(600)

    shown = jittered(net, stages("deconv", width_jitter=0.01, doubt=0.06), batch)

    errors = (kernel_sigma(shown.kernel) / kernel_sigma(batch.kernel)).log()
    assert float(shown.log_width_std.min()) >= 0.01
    assert float(shown.log_width_std.max()) <= np.hypot(0.01, 0.06)
    assert float((errors / shown.log_width_std).std()) == pytest.approx(1, rel=0.15)
    careful, careless = shown.log_width_std < 0.03, shown.log_width_std > 0.03
    assert float(errors[careful].std()) < 0.6 * float(errors[careless].std())


def test_jitter_belongs_to_the_sample_not_to_its_batch(net, stages):
    """However many processes share the batch, each sample is shown the same blur."""
    stage = stages("deconv", width_jitter=0.05, noise_jitter=0.2, doubt=0.05)

    together, second_half = jittered(net, stage, many(4), 8), jittered(net, stage, many(2), 10)

    assert torch.equal(together.noise[2:], second_half.noise)
    torch.testing.assert_close(together.kernel[2:], second_half.kernel)
    torch.testing.assert_close(together.log_width_std[2:], second_half.log_width_std)
    assert not torch.equal(jittered(net, stage, many(4), 12).noise, together.noise)


def test_width_errors_are_relative_and_leave_sharp_images_out(batch):
    kernel = torch.cat([gaussian_kernel(sigma, 19) for sigma in (1.0, 2.0, 0.2)])
    truth = replace(batch, kernel=kernel)
    estimate = BlurField(torch.cat([gaussian_kernel(sigma, 19) for sigma in (1.1, 1.9, 1.0)]))

    torch.testing.assert_close(width_errors(estimate, truth), torch.tensor([0.1, 0.05]), atol=2e-3, rtol=0)


@pytest.mark.parametrize("sure, misled", [(0.01, 1.0), (0.2, 0.0), (0.2, 1.0)])
def test_a_guard_is_misled_only_where_the_measured_width_is_not_sure(batch, monkeypatch, sure, misled):
    """It sees another kernel than was found, and is told no other doubt."""
    settings = {"width": 4, "deep_width": 4, "blocks": 0, "deep_blocks": 1, "filter_radius": 8, "filter_grid": 32}
    net = build_net("swift", {**settings, "guard": True, "condition_doubt": True})
    count = len(batch.blurred)
    found = BlurField(batch.kernel, batch.noise, log_width=torch.zeros(count), log_width_std=torch.full((count,), sure))
    monkeypatch.setattr(net, "estimate", lambda image: found)
    stage = Stage(net, StageConfig(kind="guard", steps=10, batch=2, crop=32, lr=1e-3, warmup=1, misled=misled))

    seen = stage._partly_blind(batch, 0)

    assert torch.equal(seen.log_width_std, found.log_width_std)
    assert torch.equal(seen.kernel, found.kernel) == (sure < 0.05 or misled == 0)
    torch.testing.assert_close(seen.kernel.sum(dim=(1, 2, 3)), torch.ones(count))
