"""A camera's own softness by one sharp image of it: the kernel that blurs it until it measures as wide as the other.

The estimator reads images of one camera all a little too wide or too narrow, by its lens and its processing. A sharp
image of the camera that is blurred by a known kernel is misread by as much, so that the kernel with which both read
alike is right whatever the camera does. What is left is the difference of the scenes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from pinsharp.blur.field import BlurField
from pinsharp.blur.fourier import circular_convolve, from_spectrum, radial_frequency, spectrum, transfer_function
from pinsharp.blur.kernels import gaussian_disk_kernel
from pinsharp.blur.normalise import brightness, normalisation
from pinsharp.blur.softness import LEAST_WIDTH, Softness, beyond_softness, defocus
from pinsharp.blur.verdict import UNTRUSTED
from pinsharp.errors import ConfigError, ImageError
from pinsharp.methods.method import BlindMethod, Sight

COMMON = 0.65
"""Share of the stated deviations that two images of one camera do not have in common. Of scenes of training photographs
with a simulated softness it was 0.26 to 0.46 at widths from 0.8 to 3 pixels, of the frames of an action camera 0.2 to
0.75."""

LEAST_STD = 0.02
"""Least standard deviation of the logarithm of the ratio of two widths: scenes differ by that."""

ROUNDS = 4
"""How often the reference is blurred at most."""

_NEAR, _NEAR_SHARE = 0.01, 0.05  # of the squared width, and of the disc's share: near enough
_LITTLE = 0.75  # of the noise: less of it missing is what the measurement is off by
_THIN = 0.02  # part of a Gaussian or disc that stands for none


@dataclass(frozen=True, eq=False)
class Reference:
    """A sharp image of a camera.

    Attributes:
        name: What it is called in errors.
        seen: It, or parts of it, (N, C, h, w).
        hidden: Pixels (N, 1, h, w) that are ignored, or None.
        found: What it reads as.
        rounded: Rounds images as the camera's files do.
    """

    name: str
    seen: Tensor
    hidden: Tensor | None
    found: BlurField
    rounded: Callable[[Tensor], Tensor]


def reference_of(name: str, sight: Sight, method: BlindMethod, rounded: Callable[[Tensor], Tensor]) -> Reference:
    """Read a sharp image.

    Raises:
        ConfigError: If the method gives no width with its standard deviation.
        ImageError: If nothing can be measured in the image.
    """
    seen, hidden = sight
    found = _measured(seen, hidden, method)
    if found.verdict in UNTRUSTED and found.finding is not None:
        raise ImageError(
            f"{name}: expected a reference to measure by, got one that cannot be measured: {found.finding.reason}; "
            "give another"
        )
    return Reference(name, seen, hidden, found, rounded)


def beyond_reference(
    found: BlurField, image: Sight, reference: Reference, method: BlindMethod, *, share: float | None = None
) -> BlurField:
    """The defocus alone of one image, given what it reads as and a sharp image of its camera.

    Args:
        found: What the image reads as, (1,).
        image: What was seen of it.
        reference: The sharp image.
        method: What measured both.
        share: Share of the squared width of the defocus that a disc explains; None if the image has to tell.

    Raises:
        ImageError: If the reference is more blurred than the image.
    """
    total, std = _square(found), _std(found)
    left = total - _square(reference.found)
    apart = _apart(std, _std(reference.found))
    if -left > total * math.expm1(4 * apart):
        raise ImageError(
            f"{reference.name}: expected a reference in focus, got one that is more blurred "
            f"({reference.found.sigma:.2f} px) than the image ({found.sigma:.2f} px); give a sharper one"
        )
    used = found.disk_fraction or 0.0 if share is None else share
    if left > LEAST_WIDTH**2:
        stage = _Stage(reference, _relative_noise(found, image), method)
        left, used, seen_std = _matching(found, left, used, stage, is_fixed=share is not None)
        apart = _apart(std, seen_std)
    own = Softness(total - left, 2 * total * apart)
    return defocus(found, own, square_std=own.std, disk_share=used)


@dataclass(frozen=True, eq=False)
class Own:
    """What is known of a camera for one part of its images.

    Attributes:
        known: A sharp image, or the softness itself.
        share: Share of the squared width of its defocus that a disc explains; None if each image has to tell.
    """

    known: Reference | Softness
    share: float | None = None

    def taken_off(self, found: BlurField, image: Sight, method: BlindMethod) -> BlurField:
        """The defocus alone of an image, given what it reads as and what was seen of it.

        Raises:
            ConfigError: If the method does not say how sure its widths are.
            ImageError: If a reference is more blurred than the image.
        """
        if isinstance(self.known, Reference):
            return beyond_reference(found, image, self.known, method, share=self.share)
        return beyond_softness(found, self.known, share=self.share)


def _matching(
    found: BlurField, square: float, share: float, stage: "_Stage", *, is_fixed: bool
) -> tuple[float, float, float]:
    """Squared width and disc's share that make the reference read as an image; with the deviation of that reading."""
    wanted, wanted_share = _square(found), found.disk_fraction or 0.0
    std = 0.0
    for _ in range(ROUNDS):
        read = stage.read(math.sqrt(square), share)
        std = _std(read)
        step = wanted - _square(read)
        turn = 0.0 if is_fixed else wanted_share - (read.disk_fraction or 0.0)
        square, share = max(square + step, square / 4), min(max(share + turn, 0.0), 1.0)
        if abs(step) < _NEAR * square and abs(turn) < _NEAR_SHARE:
            break
    return square, share, std


@dataclass(frozen=True)
class _Stage:
    """Where the reference is blurred, with the noise of an image, and read."""

    reference: Reference
    noise: Tensor | None  # (R,), in the contrast of the image
    method: BlindMethod

    def read(self, width: float, share: float) -> BlurField:
        """Read the reference through defocus of a width and a disc's share."""
        sigma = max(width * math.sqrt(1 - share), _THIN)
        kernel = gaussian_disk_kernel(sigma, max(2 * width * math.sqrt(share), _THIN))
        seen, reach = self.reference.seen, kernel.shape[-1] // 2
        around = tuple(min(reach, length - 1) for length in seen.shape[-2:])
        kernel = _cut(kernel, min(around))
        padded = pad(seen, (around[1], around[1], around[0], around[0]), mode="reflect")
        blurred = circular_convolve(padded, kernel)[..., around[0] : -around[0] or None, around[1] : -around[1] or None]
        noisy = self.reference.rounded(self._noisy(blurred, kernel))
        return _measured(noisy, _wider(self.reference.hidden, reach // 2), self.method)

    def _noisy(self, blurred: Tensor, kernel: Tensor) -> Tensor:
        """The blurred reference (N, C, h, w) with as much noise as the image has in its contrast, once it is rounded.

        Where little else is, rounding makes a noise that follows the scene; white noise in its place made a frame read
        2.7 % wider.
        """
        if self.noise is None:
            return blurred
        grey = brightness(blurred)
        wanted, rounding = self.noise * _contrast(grey), brightness(self.reference.rounded(blurred)) - grey
        own = _rings(self.reference.found, like=wanted)
        frequency = (torch.arange(len(wanted)) + 0.5) / (2 * len(wanted))
        side = max(65, kernel.shape[-1])
        along = transfer_function(kernel, (side, side))[0, 0, 0].abs()
        passed = along[(frequency * side).round().long().clamp(max=len(along) - 1)]
        there = (own * passed).square() + rounding.square().mean()
        missing = (wanted.square() - there).clamp(min=0).sqrt()
        return blurred + _shaped_noise(grey, missing) if bool((missing > _LITTLE * wanted).any()) else blurred


def _measured(seen: Tensor, hidden: Tensor | None, method: BlindMethod) -> BlurField:
    found = method.estimate_parts(seen) if hidden is None else method.estimate_parts(seen, None, hidden)
    if found.log_width is None or found.log_width_std is None:
        raise ConfigError(
            f"a reference needs a model that says how sure its widths are, got {method.name}; restore with swift"
        )
    return found


def _square(found: BlurField) -> float:
    assert found.log_width is not None
    return math.exp(2 * float(found.log_width[0]))


def _std(found: BlurField) -> float:
    assert found.log_width_std is not None
    return float(found.log_width_std[0])


def _apart(first: float, second: float) -> float:
    """Standard deviation of the logarithm of the ratio of two widths that images of one camera read as."""
    return max(LEAST_STD, COMMON * math.hypot(first, second))


def _relative_noise(found: BlurField, image: Sight) -> Tensor | None:
    """Noise by ring (R,) of an image in its contrast."""
    return None if found.noise is None else found.noise.flatten().cpu().float() / _contrast(brightness(image[0]))


def _rings(found: BlurField, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if found.noise is None else found.noise.flatten().cpu().float()


def _contrast(seen: Tensor) -> float:
    """Robust contrast of the brightness (N, 1, h, w) of one image."""
    return float(normalisation(seen.flatten(0, 2)[None, None]).scale)


def _shaped_noise(like: Tensor, rings: Tensor) -> Tensor:
    """Noise of a standard deviation by ring of frequency (R,), the same at every call."""
    white = torch.randn(like.shape, generator=torch.Generator().manual_seed(0))
    shape = (like.shape[-2], like.shape[-1])
    ring = (radial_frequency(shape) * 2 * len(rings)).long().clamp(max=len(rings) - 1)
    return from_spectrum(spectrum(white) * rings[ring], shape).to(like)


def _cut(kernel: Tensor, reach: int) -> Tensor:
    """A kernel that reaches no further than some pixels."""
    over = kernel.shape[-1] // 2 - reach
    if over <= 0:
        return kernel
    inside = kernel[..., over:-over, over:-over]
    return inside / inside.sum()


def _wider(hidden: Tensor | None, by: int) -> Tensor | None:
    """Hidden pixels and what lies around them."""
    if hidden is None or not by:
        return hidden
    across = max_pool2d(hidden.float(), (1, 2 * by + 1), stride=1, padding=(0, by))
    return max_pool2d(across, (2 * by + 1, 1), stride=1, padding=(by, 0)) > 0
