"""How close a restored image is to the sharp one: MSE, PSNR and SSIM, image by image, and their sums over a test set.

The functions take float tensors (B, C, H, W) in [0, 1] and return one figure per image. In float64 they agree with
scikit-image to 1e-9: PSNR with `peak_signal_noise_ratio`, SSIM with `structural_similarity` as Wang et al. define it
("Image quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004): 11 x 11 Gaussian
window of sigma 1.5, population covariance, and the border of half a window left out. Both take a data range of 1.
Rounding to 8 bits, where a protocol asks for it, is the caller's.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinsharp.errors import ImageError

SSIM_WINDOW = 11
"""Side of the SSIM window in pixels; a smaller image has no SSIM."""

_SSIM_SIGMA = 1.5
_C1 = 0.01**2  # (K1 L)^2 and (K2 L)^2 of Wang et al., 2004, eq. 13, data range L = 1
_C2 = 0.03**2


def mse(image: Tensor, reference: Tensor) -> Tensor:
    """Mean squared error of each image.

    Args:
        image: Image to judge, (B, C, H, W), float, in [0, 1].
        reference: The sharp image, same shape.

    Returns:
        One figure per image, shape (B,), 0 for equal images.

    Raises:
        ImageError: If the shapes differ.
        TypeError: If a tensor is not floating point.
        ValueError: If a tensor has not four dimensions.
    """
    image, reference = _checked(image, reference)
    return (image - reference).square().mean(dim=(1, 2, 3))


def psnr(image: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB, for a peak of 1.

    Args:
        image: Image to judge, (B, C, H, W), float, in [0, 1].
        reference: The sharp image, same shape.

    Returns:
        One figure per image, shape (B,); infinite where both are equal.

    Raises:
        ImageError: If the shapes differ.
        TypeError: If a tensor is not floating point.
        ValueError: If a tensor has not four dimensions.
    """
    return -10 * mse(image, reference).log10()


def ssim(image: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity of each image, averaged over pixels and channels.

    Args:
        image: Image to judge, (B, C, H, W), float, in [0, 1], at least 11 x 11 pixels.
        reference: The sharp image, same shape.

    Returns:
        One figure per image, shape (B,), 1 for equal images.

    Raises:
        ImageError: If the shapes differ or the images are smaller than the window.
        TypeError: If a tensor is not floating point.
        ValueError: If a tensor has not four dimensions.
    """
    image, reference = _checked(image, reference)
    height, width = image.shape[-2:]
    if min(height, width) < SSIM_WINDOW:
        raise ImageError(
            f"SSIM needs images of at least {SSIM_WINDOW} x {SSIM_WINDOW} pixels (its window), got {height} x {width}; "
            "use psnr for images this small"
        )
    mean_x, mean_y = _window_mean(image), _window_mean(reference)  # (B, C, H-10, W-10)
    variances = _window_mean(image.square() + reference.square()) - mean_x.square() - mean_y.square()
    covariance = _window_mean(image * reference) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
    structure = (2 * covariance + _C2) / (variances + _C2)
    return (luminance * structure).mean(dim=(1, 2, 3))


@dataclass(frozen=True)
class Scores:
    """Figures of a test set.

    Attributes:
        images: How many images were judged.
        mse: Mean of the images' MSE.
        mean_psnr: Mean of the images' PSNR in dB.
        aggregate_psnr: 10 log10(1 / mean MSE) in dB, the definition of the paper's tables; never above `mean_psnr`.
        mean_ssim: Mean of the images' SSIM.
    """

    images: int
    mse: float
    mean_psnr: float
    aggregate_psnr: float
    mean_ssim: float


@dataclass
class ImageScores:
    """Running sums of MSE, PSNR and SSIM, every image weighing the same whatever its size.

    The sums of several processes or parts of a test set add up: `sum(parts, ImageScores())`.

    Attributes:
        images: How many images were judged so far.
        mse_sum: Sum of their MSE.
        psnr_sum: Sum of their PSNR in dB; infinite once an image was restored without any error.
        ssim_sum: Sum of their SSIM.
    """

    images: int = 0
    mse_sum: float = 0.0
    psnr_sum: float = 0.0
    ssim_sum: float = 0.0

    def update(self, image: Tensor, reference: Tensor) -> None:
        """Add a batch of images.

        Args:
            image: Images to judge, (B, C, H, W), float, in [0, 1], at least 11 x 11 pixels.
            reference: The sharp images, same shape.

        Raises:
            ImageError: If the shapes differ or the images are smaller than the SSIM window.
            TypeError: If a tensor is not floating point.
            ValueError: If a tensor has not four dimensions.
        """
        similarity = ssim(image, reference)  # first, because it refuses the most
        self.images += len(image)
        self.mse_sum += _total(mse(image, reference))
        self.psnr_sum += _total(psnr(image, reference))
        self.ssim_sum += _total(similarity)

    def __add__(self, other: "ImageScores") -> "ImageScores":
        """Sums over the images of both."""
        return ImageScores(
            images=self.images + other.images,
            mse_sum=self.mse_sum + other.mse_sum,
            psnr_sum=self.psnr_sum + other.psnr_sum,
            ssim_sum=self.ssim_sum + other.ssim_sum,
        )

    def compute(self) -> Scores:
        """Figures over all images so far.

        Raises:
            ValueError: If there was no image yet.
        """
        if self.images == 0:
            raise ValueError("scores are means over images, got none; call update before compute")
        mean_mse = self.mse_sum / self.images
        return Scores(
            images=self.images,
            mse=mean_mse,
            mean_psnr=self.psnr_sum / self.images,
            aggregate_psnr=-10 * math.log10(mean_mse) if mean_mse > 0 else math.inf,
            mean_ssim=self.ssim_sum / self.images,
        )


def _checked(image: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both tensors, comparable and in at least float32: half precision cannot hold a variance."""
    if not (image.is_floating_point() and reference.is_floating_point()):
        raise TypeError(
            f"images must be float tensors in [0, 1], got {image.dtype} and {reference.dtype}; convert them first"
        )
    if image.ndim != 4:
        raise ValueError(f"images must be (B, C, H, W), got {image.ndim} dimensions; add the missing ones with None")
    if image.shape != reference.shape:
        raise ImageError(
            f"an image can only be compared with a reference of its own shape, got {tuple(image.shape)} and "
            f"{tuple(reference.shape)} as (batch, channels, height, width); crop or convert one of them"
        )
    dtype = torch.promote_types(torch.promote_types(image.dtype, reference.dtype), torch.float32)
    return image.to(dtype), reference.to(dtype)


def _window_mean(image: Tensor) -> Tensor:
    """Gaussian-weighted mean around each pixel that has a whole window: (B, C, H, W) to (B, C, H-10, W-10).

    Sums of shifted views instead of a convolution, because a GPU convolves float32 in TF32, whose ten bits drown the
    variances that SSIM takes as differences of means.
    """
    weights = [math.exp(-((i - SSIM_WINDOW // 2) ** 2) / (2 * _SSIM_SIGMA**2)) for i in range(SSIM_WINDOW)]
    total = sum(weights)
    for dim in (-2, -1):
        length = image.shape[dim] - SSIM_WINDOW + 1
        mean = image.narrow(dim, 0, length) * (weights[0] / total)
        for i, weight in enumerate(weights[1:], start=1):
            mean = torch.add(mean, image.narrow(dim, i, length), alpha=weight / total)
        image = mean
    return image


def _total(figures: Tensor) -> float:
    """Sum of per-image figures; on the CPU, because some devices have no float64."""
    return float(figures.detach().cpu().double().sum())
