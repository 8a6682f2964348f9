"""MSE, PSNR and SSIM against scikit-image, and scores that add up in any order."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from pinsharp.errors import ImageError
from pinsharp.metrics import ImageScores, mse, psnr, ssim

SHAPES = [(1, 11, 11), (1, 33, 40), (3, 11, 57), (3, 41, 29), (3, 64, 48)]


def image_pair(shape, *, batch=2, seed=0, dtype=torch.float64):
    """A textured image with flat areas and a noisy version of it, (B, C, H, W) in [0, 1]."""
    gen = torch.Generator().manual_seed(seed)
    sharp = torch.rand(batch, *shape, generator=gen, dtype=torch.float64).round(decimals=1)
    sharp[..., : shape[-1] // 2] = 0.7
    noise = 0.05 * torch.randn(sharp.shape, generator=gen, dtype=torch.float64)
    return (sharp + noise).clamp(0, 1).to(dtype), sharp.to(dtype)


def skimage_ssim(image, reference):
    """SSIM of one (C, H, W) image by scikit-image, with the settings of the protocol."""
    return structural_similarity(
        image.numpy(),
        reference.numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=0,
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_ssim_equals_scikit_image(shape):
    image, sharp = image_pair(shape)

    expected = [skimage_ssim(a, b) for a, b in zip(image, sharp, strict=True)]

    np.testing.assert_allclose(ssim(image, sharp).numpy(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 1, 1), (3, 1, 7)])
def test_psnr_equals_scikit_image(shape):
    image, sharp = image_pair(shape)

    expected = [peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1) for a, b in zip(image, sharp, strict=True)]

    np.testing.assert_allclose(psnr(image, sharp).numpy(), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("measure", [mse, psnr, ssim])
def test_every_image_is_judged_alone(measure):
    """One bad image must not touch the figures of its neighbours in the batch."""
    image, sharp = image_pair((3, 21, 34), batch=3)
    alone = torch.cat([measure(image[i : i + 1], sharp[i : i + 1]) for i in range(3)])

    image[1] = 0.5

    together = measure(image, sharp)
    assert together.shape == (3,)
    torch.testing.assert_close(together[[0, 2]], alone[[0, 2]])
    assert together[1] != alone[1]


@pytest.mark.parametrize("measure", [mse, psnr, ssim])
def test_order_of_image_and_reference_does_not_matter(measure):
    image, sharp = image_pair((3, 21, 34))

    torch.testing.assert_close(measure(image, sharp), measure(sharp, image))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_low_precision_is_judged_in_float32(dtype):
    """Variances are differences of means: in half precision SSIM of flat areas would be noise."""
    image, sharp = image_pair((3, 41, 29), dtype=dtype)

    figures = ssim(image, sharp)

    assert figures.dtype == torch.float32
    torch.testing.assert_close(figures.double(), ssim(image.double(), sharp.double()), rtol=0, atol=5e-5)


def test_equal_images_have_the_best_figures():
    _, sharp = image_pair((3, 21, 34))

    assert (mse(sharp, sharp) == 0).all()
    assert (psnr(sharp, sharp) == math.inf).all()
    torch.testing.assert_close(ssim(sharp, sharp), torch.ones(2, dtype=torch.float64))


def test_arguments_are_not_changed():
    image, sharp = image_pair((1, 21, 34))
    before = image.clone(), sharp.clone()

    ssim(image, sharp)
    psnr(image, sharp)

    assert torch.equal(image, before[0])
    assert torch.equal(sharp, before[1])


@pytest.mark.parametrize("measure", [mse, psnr, ssim])
def test_different_shapes_are_refused(measure):
    """Broadcasting would compare a mono image with each colour channel without a word."""
    with pytest.raises(ImageError, match=r"reference of its own shape, got \(2, 1, 20, 20\) and \(2, 3, 20, 20\)"):
        measure(torch.zeros(2, 1, 20, 20), torch.zeros(2, 3, 20, 20))


@pytest.mark.parametrize("shape", [(10, 64), (64, 10), (1, 1)])
def test_ssim_of_less_than_a_window_is_refused(shape):
    with pytest.raises(ImageError, match=f"at least 11 x 11 pixels .*, got {shape[0]} x {shape[1]}; use psnr"):
        ssim(torch.zeros(1, 1, *shape), torch.zeros(1, 1, *shape))


@pytest.mark.parametrize("measure", [mse, psnr, ssim])
def test_a_programmers_slip_is_told(measure):
    with pytest.raises(TypeError, match=r"float tensors in \[0, 1\], got torch.uint8"):
        measure(torch.zeros(1, 1, 20, 20, dtype=torch.uint8), torch.zeros(1, 1, 20, 20))
    with pytest.raises(ValueError, match="got 3 dimensions"):
        measure(torch.zeros(1, 20, 20), torch.zeros(1, 20, 20))


def test_scores_are_the_means_over_images_of_any_size():
    pairs = [image_pair(shape, seed=seed) for seed, shape in enumerate(SHAPES)]

    scores = ImageScores()
    for image, sharp in pairs:
        scores.update(image, sharp)
    result = scores.compute()

    errors = torch.cat([mse(*pair) for pair in pairs])
    assert result.images == 2 * len(SHAPES)
    assert result.mse == pytest.approx(errors.mean().item())
    assert result.mean_psnr == pytest.approx(torch.cat([psnr(*pair) for pair in pairs]).mean().item())
    assert result.aggregate_psnr == pytest.approx(10 * math.log10(1 / errors.mean().item()))
    assert result.mean_ssim == pytest.approx(torch.cat([ssim(*pair) for pair in pairs]).mean().item())


def test_aggregate_psnr_is_never_above_the_mean():
    """Jensen: the worst images weigh most in the aggregate, which is why the two must not be mixed up in a table."""
    _, sharp = image_pair((3, 21, 34))
    scores = ImageScores()
    for error in (0.01, 0.1, 0.3):
        scores.update((sharp - error).clamp(0, 1), sharp)

    result = scores.compute()

    assert result.aggregate_psnr < result.mean_psnr


def test_scores_of_several_processes_add_up():
    pairs = [image_pair(shape, seed=seed) for seed, shape in enumerate(SHAPES)]
    whole, parts = ImageScores(), [ImageScores(), ImageScores(), ImageScores()]

    for index, pair in enumerate(pairs):
        whole.update(*pair)
        parts[index % 2].update(*pair)  # the third process had no image

    added = sum(parts, ImageScores()).compute()
    assert added.images == whole.compute().images
    assert added.mean_psnr == pytest.approx(whole.compute().mean_psnr)
    assert added.aggregate_psnr == pytest.approx(whole.compute().aggregate_psnr)
    assert added.mean_ssim == pytest.approx(whole.compute().mean_ssim)


def test_a_refused_batch_leaves_the_scores_as_they_were():
    scores = ImageScores()
    scores.update(*image_pair((1, 21, 34)))
    before = scores.compute()

    with pytest.raises(ImageError, match="11 x 11"):
        scores.update(*image_pair((1, 5, 5)))

    assert scores.compute() == before


def test_perfect_images_score_infinite_psnr():
    _, sharp = image_pair((1, 21, 34))
    scores = ImageScores()

    scores.update(sharp, sharp)

    assert scores.compute().mean_psnr == math.inf
    assert scores.compute().aggregate_psnr == math.inf


def test_scores_without_images_are_refused():
    with pytest.raises(ValueError, match="call update before compute"):
        ImageScores().compute()
