"""Named cameras: how often the images of each kind have each property."""

from dataclasses import dataclass

from pinsharp.data.cameras.sensor import Kind
from pinsharp.errors import ConfigError

Range = tuple[float, float]


@dataclass(frozen=True)
class Camera:
    """What a kind of camera gives. Shares are from 0 to 1; ranges are (least, most).

    Args:
        sensor: Kind of its sensor.
        mono: Share of mono images.
        drawn: Share of scenes that are bars, silhouettes or grains; see `pinsharp.data.shapes` and `grains`.
        bits: Depths, each as likely as often as it is named.
        full_well: Range of electrons at full scale; log-uniform.
        read_noise: Range of read noise in electrons; log-uniform.
        noiseless: Share of images without noise.
        light: Whether photographs are made linear before they are blurred; without, their values are taken for light.
        curves: Shares of images with the tone curves sRGB and gamma; the rest stays linear.
        s_curve: Share of them with an S-curve.
        dim: Share of images that take 1/64 to all of the range, log-uniform; the others take 0.15 to 1.1.
        flat: Share of images of low contrast, down to 1/64.
        sharp: Share of images in focus.
        gaussian: Share of Gaussians.
        soft_disc: Share of the discs that a Gaussian softens.
        sigma: Range of a Gaussian's sigma, pixels of the result.
        radius: Range of a disc's radius, pixels of the result.
        is_log: Whether widths are log-uniform rather than uniform.
        aberrated: Share of lenses with a rim, coma, blades, tails or astigmatism, each in half of these.
        drift: Share of lenses whose width changes over the image.
        colour: Share of colour lenses with longitudinal colour.
        denoised: Share of denoised images.
        strength: Range of the strength of denoising.
        sharpened: Share of sharpened images.
        amount: Range of the amount of sharpening.
        resized: Share of resized images.
        resize: Range of the factor.
        enlarged: Share of the others that are enlarged, up to twice.
        jpeg: Share of JPEGs; the others are lossless.
        quality: Range of their quality.
        spoilt: Share of images with faults.
        by_computer: Share of images that a program blurred in 8 bits.
        cored: Share of lenses a part of whose light stays in focus.
        hazy: Share of the others a part of whose light goes far.
        soft: Share of cameras that are soft in focus: by lens, filter and pixels.
        patterns: Share of scenes that are a periodic pattern, or letters.
        empty: Share of the others that show nothing.
        moved: Share of images that are blurred by motion too.
        stretched: Share of the others whose blur is far from round.
        stripes: Largest standard deviation of a line's gains.
        speckle: Largest standard deviation of multiplicative noise.
    """

    sensor: Kind = "plain"
    mono: float = 1.0
    drawn: float = 0.1
    bits: tuple[int, ...] = (8, 10, 12)
    full_well: Range = (4_000, 100_000)
    read_noise: Range = (2, 30)
    noiseless: float = 0.03
    light: bool = True
    curves: tuple[float, float] = (0.0, 0.0)
    s_curve: float = 0.0
    dim: float = 0.15
    flat: float = 0.15
    sharp: float = 0.04
    gaussian: float = 0.4
    soft_disc: float = 0.6
    sigma: Range = (0.4, 5.0)
    radius: Range = (0.6, 11.0)
    is_log: bool = True
    aberrated: float = 0.5
    drift: float = 0.2
    colour: float = 0.0
    denoised: float = 0.0
    strength: Range = (0.3, 1.2)
    sharpened: float = 0.0
    amount: Range = (0.2, 1.5)
    resized: float = 0.0
    resize: Range = (0.5, 1.0)
    enlarged: float = 0.05
    jpeg: float = 0.0
    quality: tuple[int, int] = (60, 98)
    spoilt: float = 0.1
    by_computer: float = 0.0
    cored: float = 0.15
    hazy: float = 0.3
    soft: float = 0.8
    patterns: float = 0.0
    empty: float = 0.0
    moved: float = 0.0
    stretched: float = 0.0
    stripes: float = 0.0
    speckle: float = 0.01


CAMERAS: dict[str, Camera] = {
    "lab": Camera(
        mono=0.5,
        bits=(8, 8, 8, 8, 8, 8, 10, 12, 12, 16),
        full_well=(250_000, 1_000_000),
        read_noise=(200, 2_200),
        noiseless=0.5,
        light=False,
        dim=0.0,
        flat=0.0,
        sharp=0.06,
        gaussian=0.5,
        soft_disc=0.45,
        sigma=(0.5, 4.0),
        radius=(0.5, 8.0),
        is_log=False,
        aberrated=0.0,
        cored=0.0,
        hazy=0.0,
        soft=0.0,
        drift=0.0,
        spoilt=0.0,
        enlarged=0.0,
        by_computer=0.08,
        speckle=0.0,
    ),
    "mono": Camera(
        drawn=0.25,
        bits=(8, 8, 8, 10, 12, 16),
        curves=(0.2, 0.05),
        sharpened=0.3,
        resized=0.25,
        jpeg=0.25,
        quality=(75, 98),
        by_computer=0.08,
    ),
    "line-scan": Camera(
        sensor="line",
        drawn=0.5,
        bits=(8, 8, 10, 12),
        full_well=(5_000, 150_000),
        read_noise=(5, 60),
        dim=0.25,
        flat=0.25,
        gaussian=0.25,
        sharpened=0.15,
        spoilt=0.2,
        stripes=0.015,
    ),
    "photo": Camera(
        sensor="bayer",
        mono=0.0,
        bits=(10, 12, 14),
        full_well=(3_000, 60_000),
        curves=(0.7, 0.15),
        s_curve=0.3,
        colour=0.3,
        denoised=0.3,
        sharpened=0.5,
        resized=0.35,
        jpeg=0.55,
        by_computer=0.08,
    ),
    "phone": Camera(
        sensor="bayer",
        mono=0.0,
        drawn=0.05,
        bits=(10, 10, 12),
        full_well=(1_500, 15_000),
        read_noise=(1.5, 6),
        curves=(0.9, 0.1),
        s_curve=0.6,
        dim=0.03,
        flat=0.05,
        gaussian=0.3,
        colour=0.3,
        denoised=0.85,
        strength=(0.5, 1.8),
        sharpened=0.75,
        amount=(0.4, 2.0),
        resized=0.6,
        jpeg=0.95,
        quality=(60, 96),
    ),
    "sem": Camera(
        sensor="sem",
        drawn=0.45,
        bits=(8, 8, 8, 12, 16),
        full_well=(15, 900),
        read_noise=(0.1, 2),
        noiseless=0.0,
        curves=(0.0, 0.3),
        gaussian=0.6,
        denoised=0.2,
        sharpened=0.1,
        resized=0.15,
        jpeg=0.2,
        quality=(75, 98),
        spoilt=0.3,
        stripes=0.02,
        speckle=0.15,
    ),
    "web": Camera(
        mono=0.3,
        bits=(8,),
        full_well=(50_000, 1_000_000),
        read_noise=(20, 500),
        noiseless=0.6,
        light=False,
        dim=0.0,
        flat=0.0,
        sigma=(0.5, 4.0),
        radius=(0.6, 8.0),
        aberrated=0.2,
        cored=0.0,
        hazy=0.0,
        soft=0.0,
        sharpened=0.15,
        resized=0.2,
        jpeg=1.0,
        by_computer=0.08,
        speckle=0.0,
    ),
    "patterned": Camera(
        bits=(8, 8, 8, 10, 12),
        full_well=(10_000, 1_000_000),
        noiseless=0.2,
        curves=(0.15, 0.05),
        aberrated=0.3,
        sigma=(0.5, 4.0),
        radius=(0.6, 8.0),
        sharpened=0.35,
        jpeg=0.15,
        patterns=1.0,
    ),
    "moved": Camera(
        bits=(8, 8, 10, 12),
        curves=(0.4, 0.1),
        sharp=0.3,
        aberrated=0.0,
        sigma=(0.4, 2.5),
        radius=(0.6, 5.0),
        sharpened=0.2,
        jpeg=0.3,
        moved=0.65,
        stretched=1.0,
    ),
    "empty": Camera(bits=(8, 8, 10, 12), curves=(0.4, 0.1), sharpened=0.2, jpeg=0.3, empty=1.0),
    "far": Camera(
        bits=(8, 8, 10, 12),
        curves=(0.4, 0.1),
        sharp=0.0,
        sigma=(3.5, 14.0),
        radius=(7.0, 28.0),
        hazy=0.0,
        sharpened=0.2,
        jpeg=0.3,
    ),
}
"""The kinds of cameras. `web` are photographs that were blurred by a formula and stored as JPEG; `far` is so far out of
focus that little can be brought back; `patterned` and `empty` show little or nothing of their blur; the blur of `moved`
is not that of defocus."""

MIXTURES: dict[str, dict[str, float]] = {
    "train": {"lab": 0.4, "mono": 0.15, "line-scan": 0.09, "photo": 0.165, "phone": 0.12, "sem": 0.075},
    "measure": {
        "lab": 0.25,
        "web": 0.06,
        "mono": 0.14,
        "line-scan": 0.085,
        "photo": 0.13,
        "phone": 0.1,
        "sem": 0.055,
        "far": 0.04,
        "patterned": 0.05,
        "moved": 0.07,
        "empty": 0.02,
    },
    "mono-parts": {"lab": 0.4, "mono": 0.35, "line-scan": 0.25},
    "colour-parts": {"lab": 0.5, "photo": 0.4, "mono": 0.1},
    "any": {"lab": 0.2, "mono": 0.2, "line-scan": 0.12, "photo": 0.22, "phone": 0.16, "sem": 0.1},
}
"""Shares of the cameras that a name stands for when it stands for several."""


def mixture(name: str) -> dict[str, float]:
    """Shares of the cameras that a name stands for.

    Raises:
        ConfigError: If there is no camera of that name.
    """
    if name in CAMERAS:
        return {name: 1.0}
    if name not in MIXTURES:
        raise ConfigError(f"a camera must be one of {', '.join([*CAMERAS, *MIXTURES])}, got {name!r}")
    return MIXTURES[name]
