"""Training pairs: sharp crops blurred by random kernels, with the noise and the rounding of a camera.

A crop is cut after blurring from a larger one, so that no pair shows an artificial border. Sample `index` of the run
`seed` is always the same pair, in whatever order and by however many processes it is made: that is what makes a run
resumable. Only whether it is mono is a matter of its step, all of whose pairs are.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from torch import Tensor

from pinsharp.blur.camera import Camera, generator
from pinsharp.blur.family import exact_kernels
from pinsharp.blur.operators import Blur
from pinsharp.data.aberrations import aberrate
from pinsharp.data.crops import Photographs, draw_crop
from pinsharp.data.grains import draw_grains
from pinsharp.data.shapes import draw_shapes
from pinsharp.errors import ConfigError
from pinsharp.images.arrays import BT601, luma

Distribution = Literal["paper", "wide"]

_MIN_WIDTH = 0.5  # smallest sigma of a Gaussian and radius of a disc in `wide`, pixels


@dataclass(frozen=True)
class SynthesisConfig:
    """What blurs and noises the training pairs show."""

    # `paper`: 21 x 21 Gaussians with sigma uniform in 1..4, 8 bits, no noise. `wide`: Gaussians to full support, discs,
    # mixtures of both and some sharp images, with read and shot noise, 8 to 16 bits.
    distribution: Distribution = "wide"
    # Name of a simulated camera in `pinsharp.data.cameras.cameras`, which makes mono pairs then; of the other settings
    # only `max_sigma` and `max_radius` count, by which kernels are cut.
    camera: str = ""
    mono: float = 0.2  # share of batches that are mono, 0 to 1
    shapes: float = 0.0  # share of crops that are turned into bars and silhouettes; see `pinsharp.data.shapes`
    grains: float = 0.0  # share of the others that get grains or relief; see `pinsharp.data.grains`
    # Largest standard deviation of the gains of a line camera's pixels, which make stripes in every second image; 0 for
    # none.
    line_gain: float = 0.0
    # Share of blurs that are those of a lens with aberrations, which restorers do not know; see
    # `pinsharp.data.aberrations`.
    aberrated: float = 0.0
    sharp: float = 0.06  # `wide`: share of sharp images
    gaussian: float = 0.5  # `wide`: share of Gaussians; what `sharp`, `gaussian` and `disk` leave are mixtures
    disk: float = 0.24  # `wide`: share of discs
    max_sigma: float = 4.0  # `wide`: largest sigma of a Gaussian, pixels; the smallest is 0.5
    max_radius: float = 8.0  # `wide`: largest radius of a disc, pixels; the smallest is 0.5
    max_noise: float = 2.0  # `wide`: largest standard deviation of the read noise, in units of 1/255
    noiseless: float = 0.5  # `wide`: share of images without read noise
    # `wide`: share of the noisy images whose read noise is smooth, as colour filters and cameras' own denoising leave
    # it.
    coloured: float = 0.0
    # The camera that takes all images, as its profile says (`pinsharp train --profile`): softness in focus, a sigma in
    # pixels which widens every blur, and, where `bits` says so, depth, read noise in units of full scale and full well
    # in electrons (0: no shot noise) instead of drawn ones.
    softness: float = 0.0
    bits: int = 0
    read_noise: float = 0.0
    full_well: float = 0.0

    def __post_init__(self) -> None:
        if self.distribution not in ("paper", "wide"):
            raise ConfigError(f"data.distribution must be 'paper' or 'wide', got {self.distribution!r}")
        for name in ("mono", "shapes", "grains", "aberrated", "sharp", "gaussian", "disk", "noiseless", "coloured"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ConfigError(f"data.{name} is a share and must be from 0 to 1, got {share}")
        if self.sharp + self.gaussian + self.disk > 1:
            raise ConfigError("data.sharp + data.gaussian + data.disk must be at most 1; what is left are mixtures")
        least = {"max_sigma": _MIN_WIDTH, "max_radius": _MIN_WIDTH, "max_noise": 0.0, "line_gain": 0.0}
        least |= dict.fromkeys(("softness", "read_noise", "full_well"), 0.0)
        for name, bound in least.items():
            value = getattr(self, name)
            if not bound <= value < math.inf:
                raise ConfigError(f"data.{name} must be at least {bound}, got {value}")
        if not 0 <= self.bits <= 16:
            raise ConfigError(f"data.bits must be from 1 to 16, or 0 for drawn ones, got {self.bits}")
        if (self.read_noise or self.full_well) and not self.bits:
            raise ConfigError("data.read_noise and data.full_well are of a camera whose data.bits are known; set them")
        if self.camera and (self.softness or self.bits):
            raise ConfigError(
                f"data.camera = {self.camera!r} draws softness and noise of its own; leave the profile out, or set "
                'data.camera = ""'
            )

    @property
    def kernel_size(self) -> int:
        """Side of the kernels in pixels: the paper's 21, or room for four sigmas and for a disc with a soft edge."""
        if self.distribution == "paper":
            return 21
        widest, soft = (math.hypot(sigma, self.softness) for sigma in (self.max_sigma, _MIXTURE_SIGMA[1]))
        return 2 * math.ceil(max(4 * widest, self.max_radius + 4 * soft)) + 1


@dataclass(frozen=True)
class Blurriness:
    """The random choices of one pair."""

    sigma: float  # of the Gaussian part in pixels; 0 for none
    radius: float  # of the disc part in pixels; 0 for none
    camera: Camera  # what takes the image


@dataclass(frozen=True)
class Batch:
    """Training pairs."""

    sharp: Tensor  # sharp crops (B, C, H, W), C 1 or 3
    blurred: Tensor  # their blurred, noisy and rounded counterparts (B, C, H, W)
    kernel: Tensor  # kernels (B, 1, K, K): the true ones, or what is nearest to those of lenses with aberrations
    noise: Tensor  # standard deviation of all noise, rounding included, (B,), or by ring of frequency (B, R)
    sigma: Tensor  # sigmas of the kernels' Gaussian part, pixels, (B,)
    radius: Tensor  # radii of their disc part, pixels, (B,)
    mask: Tensor | None = None  # true where an image stems from the scene, (B, 1, H, W); None for everywhere

    def to(self, device: torch.device) -> "Batch":
        """The same pairs on a device."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(self, **{name: value.to(device) for name, value in values.items() if value is not None})


def make_batch(
    corpus: Photographs, config: SynthesisConfig, *, size: int, indices: range, seed: int, first: int | None = None
) -> Batch:
    """Make the training pairs of the given sample numbers, square crops of `size` pixels, on the device of the corpus.

    Each side of the sharp images is at least `size` plus a kernel. `first` is the number of the step's first sample,
    which decides whether the whole step is mono: the first of `indices` unless several processes share the step.
    """
    device = corpus.device
    margin = config.kernel_size // 2
    draws = [generator(seed, index) for index in indices]
    first = indices.start if first is None else first
    side = size + 2 * margin
    sharp = [_draw_sharp(corpus, side, index, draw) for index, draw in zip(indices, draws, strict=True)]
    crops = torch.stack(sharp).float() / 255
    crops = luma(crops, BT601) if is_mono(config, seed, first) else crops
    if config.shapes or config.grains:
        crops = torch.stack([_shaped(crop, config, draw) for crop, draw in zip(crops, draws, strict=True)])
    choices = [draw_blurriness(config, draw) for draw in draws]
    sigma = torch.tensor([choice.sigma for choice in choices], dtype=torch.float64)
    radius = torch.tensor([choice.radius for choice in choices], dtype=torch.float64)
    kernel = exact_kernels(sigma, radius, config.kernel_size).to(device)
    blurred = Blur(_lenses(kernel, choices, config, draws), "valid")(crops)
    if config.line_gain:
        blurred = torch.stack(
            [_striped(image, config.line_gain, draw) for image, draw in zip(blurred, draws, strict=True)]
        )
    shots = [_exposed(light, choice.camera, draw) for light, choice, draw in zip(blurred, choices, draws, strict=True)]
    return Batch(
        sharp=crops[..., margin : margin + size, margin : margin + size],
        blurred=torch.stack([image for image, _ in shots]),
        kernel=kernel,
        noise=torch.tensor([noise for _, noise in shots], device=device),
        sigma=sigma.float().to(device),
        radius=radius.float().to(device),
    )


def is_mono(config: SynthesisConfig, seed: int, first: int) -> bool:
    """Whether all pairs of a step of the run `seed`, whose first sample has the number `first`, are mono."""
    return float(torch.rand((), generator=generator(seed, -1 - first))) < config.mono


def draw_blurriness(config: SynthesisConfig, generator: torch.Generator) -> Blurriness:
    """Draw the blur and the noise of one pair from the distribution of a config."""
    u = torch.rand(8, generator=generator, dtype=torch.float64).tolist()
    if config.distribution == "paper":
        drawn = Blurriness(1 + 3 * u[0], 0.0, Camera(bits=8))
    else:
        drawn = Blurriness(*_draw_widths(config, u[0], u[1], u[2]), _draw_camera(config, u))
    known = Camera(config.bits, config.read_noise, config.full_well) if config.bits else drawn.camera
    return Blurriness(math.hypot(drawn.sigma, config.softness), drawn.radius, known)


def _draw_camera(config: SynthesisConfig, u: list[float]) -> Camera:
    """The camera of the `wide` distribution from uniform numbers."""
    noisy = u[3] >= config.noiseless
    return Camera(
        bits=_BITS[int(u[6] * len(_BITS))],
        read_noise=config.max_noise / 255 * u[4] if noisy else 0.0,
        # One noisy image in three counts electrons as well: full wells from 2,000 to 32,000.
        full_well=2000.0 * 16 ** (u[5] * 3) if noisy and u[5] < 1 / 3 else 0.0,
        smoothing=0.3 + 0.9 * u[7] / config.coloured if u[7] < config.coloured else 0.0,
    )


_MIXTURE_SIGMA = (0.3, 2.0)
_SHARP_SIGMA = 0.2
_BITS = (8, 8, 8, 8, 8, 8, 10, 12, 12, 16)


def _draw_widths(config: SynthesisConfig, family: float, first: float, second: float) -> tuple[float, float]:
    """Sigma and radius of the `wide` distribution from three uniform numbers."""
    if family < config.sharp:
        return _SHARP_SIGMA, 0.0
    if family < config.sharp + config.gaussian:
        return _MIN_WIDTH + (config.max_sigma - _MIN_WIDTH) * first, 0.0
    radius = _MIN_WIDTH + (config.max_radius - _MIN_WIDTH) * first
    if family < config.sharp + config.gaussian + config.disk:
        return 0.0, radius
    low, high = _MIXTURE_SIGMA
    return low + (high - low) * second, radius


def _draw_sharp(corpus: Photographs, size: int, index: int, draw: torch.Generator) -> Tensor:
    number = int(torch.randint(len(corpus), (), generator=draw))
    return draw_crop(corpus.pick(number, index), size, draw)


def _shaped(crop: Tensor, config: SynthesisConfig, draw: torch.Generator) -> Tensor:
    """Draw shapes or grains out of a crop (C, H, W), or leave it as it is."""
    if float(torch.rand((), generator=draw)) < config.shapes:
        return draw_shapes(crop, draw)
    if config.grains and float(torch.rand((), generator=draw)) < config.grains:
        return draw_grains(crop, draw)
    return crop


def _lenses(kernel: Tensor, choices: list[Blurriness], config: SynthesisConfig, draws: list[torch.Generator]) -> Tensor:
    """Kernels (B, 1, K, K) of lenses, some of which have aberrations."""
    if not config.aberrated:
        return kernel
    kernel = kernel.clone()
    for place, (choice, draw) in enumerate(zip(choices, draws, strict=True)):
        is_wide = choice.radius >= 1 or (choice.radius == 0 and choice.sigma >= _MIN_WIDTH)  # not lost in the pixels
        if is_wide and float(torch.rand((), generator=draw)) < config.aberrated:
            kernel[place] = aberrate(choice.sigma, choice.radius, config.kernel_size, draw).to(kernel)
    return kernel


def _striped(image: Tensor, largest: float, draw: torch.Generator) -> Tensor:
    """Give each column, or each row, of every second image (C, H, W) a gain of its own."""
    is_striped, lies, share = torch.rand(3, generator=draw).tolist()
    if is_striped < 0.5:
        return image
    shape = (1, 1, image.shape[-1]) if lies < 0.5 else (1, image.shape[-2], 1)
    return image * Camera(line_gain=largest * share).gains(torch.randn(shape, generator=draw).to(image))


def _exposed(light: Tensor, camera: Camera, draw: torch.Generator) -> tuple[Tensor, float]:
    """The image of some light (C, H, W), and the standard deviation of its noise before any smoothing."""
    source = torch.Generator(light.device).manual_seed(int(torch.randint(1 << 62, (), generator=draw)))
    return camera.expose(light, source), math.sqrt(camera.noise_variance(float(light.mean())))
