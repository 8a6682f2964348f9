"""What a camera and its programs make of a sensor's values: colours, tone, denoising, sharpening, size, and a file."""

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from pinsharp.data.cameras.light import Array, Tone, shaped
from pinsharp.data.cameras.sensor import quantised
from pinsharp.errors import ConfigError

Denoising = Literal["none", "gaussian", "median", "bilateral", "chroma"]
Resizing = Literal["area", "linear", "cubic"]
Subsampling = Literal["444", "422", "420"]

_BILATERAL_RANGE = 0.06  # of full scale, for a strength of 1
_MODES: dict[Resizing, int] = {"area": cv2.INTER_AREA, "linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}


@dataclass(frozen=True)
class Colour:
    """White balance and the separation of colours.

    Args:
        red: Gain of red: behind its filter the sensor has that much less light than green.
        blue: Gain of blue.
        crosstalk: Share of its light that each colour gets from all three, 0 to 0.5; undoing it amplifies noise.
    """

    red: float = 1.0
    blue: float = 1.0
    crosstalk: float = 0.0

    def to_sensor(self, light: Array) -> Array:
        """Light (H, W, 3) as the sensor behind its filters gets it."""
        mixing = (1 - self.crosstalk) * np.eye(3) + self.crosstalk / 3
        return shaped(cv2.transform(light, mixing / self._gains[:, None]), light.shape)

    def from_sensor(self, colours: Array) -> Array:
        """The sensor's colours (H, W, 3) balanced and separated again; what is clipped stays white."""
        balanced = np.minimum(colours * self._gains, 1)
        separating = (np.eye(3) - self.crosstalk / 3) / (1 - self.crosstalk)
        return shaped(cv2.transform(balanced, separating), colours.shape)

    @property
    def _gains(self) -> Array:
        return np.array([self.red, 1, self.blue], np.float32)


@dataclass(frozen=True)
class Processing:
    """From values of light to those of a file.

    Args:
        colour: White balance of a colour camera.
        denoising: Filter that runs before the tone curve.
        strength: Of denoising: sigma in pixels of `gaussian`, `bilateral` and `chroma`.
        tone: Tone curve.
        amount: Of unsharp masking; 0 for none.
        reach: Sigma of unsharp masking in pixels.
        resize: Size of the result over that of the sensor.
        resizing: How it is resized.
        bits: Depth of the file, 8 to 16.
        jpeg: Quality, 1 to 100; 0 for a lossless file. A JPEG has 8 bits.
        subsampling: Of a JPEG's colours.
    """

    colour: Colour = field(default_factory=Colour)
    denoising: Denoising = "none"
    strength: float = 0.0
    tone: Tone = field(default_factory=Tone)
    amount: float = 0.0
    reach: float = 1.0
    resize: float = 1.0
    resizing: Resizing = "area"
    bits: int = 8
    jpeg: int = 0
    subsampling: Subsampling = "420"

    def __post_init__(self) -> None:
        if not 0.25 <= self.resize <= 4:
            raise ConfigError(f"a result must be from a quarter to four times the sensor's size, got {self.resize}")
        if not 0 <= self.jpeg <= 100:
            raise ConfigError(f"the quality of a JPEG must be from 1 to 100, or 0 for none, got {self.jpeg}")


def develop(values: Array, processing: Processing, side: int) -> Array:
    """Denoise, tone, sharpen and resize values (H, W, C) of light; nothing is rounded.

    Args:
        values: Values of light, balanced.
        processing: What is done.
        side: Side of the result, a square.
    """
    toned = processing.tone.encode(denoised(values, processing.denoising, processing.strength))
    if processing.amount:
        toned = np.clip(sharpened(toned, processing.amount, processing.reach), 0, 1)
    return resized(toned, side, processing.resizing)


def denoised(values: Array, kind: Denoising, strength: float) -> Array:
    """Smooth values (H, W, C) as cameras do; `chroma` smooths colours and leaves brightness."""
    if kind == "gaussian":
        return _blurred(values, strength)
    if kind == "median":
        return shaped(cv2.medianBlur(values, 3), values.shape)
    if kind == "bilateral":
        return shaped(cv2.bilateralFilter(values, 5, _BILATERAL_RANGE * strength, strength), values.shape)
    if kind == "chroma" and values.shape[-1] == 3:
        brightness = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)[..., None]
        return np.asarray(brightness + _blurred(values - brightness, strength), np.float32)
    return values


def sharpened(values: Array, amount: float, reach: float) -> Array:
    """Unsharp masking of values (H, W, C): what a Gaussian takes away is added `amount` times."""
    return np.asarray(values + np.float32(amount) * (values - _blurred(values, reach)), np.float32)


def resized(values: Array, side: int, kind: Resizing = "area") -> Array:
    """Resize values (H, H, C) to (side, side, C); `area` averages, the others take samples, as many programs do."""
    if values.shape[0] == side:
        return values
    # Averaging enlarges by repeating pixels, which no program does.
    mode = cv2.INTER_LINEAR if kind == "area" and side > len(values) else _MODES[kind]
    changed = cv2.resize(values, (side, side), interpolation=mode)
    return shaped(np.clip(changed, 0, 1), (side, side, values.shape[-1]))


def store(values: Array, processing: Processing) -> Array:
    """Round values (H, W, C) to the bits of a file, or to what comes back from a JPEG."""
    if not processing.jpeg:
        return quantised(values, processing.bits)
    return through_jpeg(values, processing.jpeg, processing.subsampling)


def through_jpeg(values: Array, quality: int, subsampling: Subsampling = "420") -> Array:
    """Compress and read back values (H, W, 1 or 3) in [0, 1]."""
    pixels = np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{subsampling}")
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    _, data = cv2.imencode(".jpg", pixels[..., ::-1] if pixels.shape[-1] == 3 else pixels, options)
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED)).reshape(pixels.shape)
    return np.asarray(decoded[..., ::-1] if pixels.shape[-1] == 3 else decoded, np.float32) / np.float32(255)


def computer_kernel(sigma: float) -> Array:
    """The kernel (K, K) by which `cv2.GaussianBlur` blurs 8-bit pixels: cut at three sigmas."""
    profile = cv2.getGaussianKernel(round(6 * sigma + 1) | 1, sigma).astype(np.float32)
    return np.asarray(profile @ profile.T, np.float32)


def blurred_by_computer(values: Array, sigma: float) -> Array:
    """Blur values (H, W, C) as `cv2.GaussianBlur` does 8-bit pixels: rounded before and after, (H - K + 1, ...)."""
    pixels = np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
    blurred = shaped(cv2.GaussianBlur(pixels, (0, 0), sigma), pixels.shape)
    edge = len(computer_kernel(sigma)) // 2
    inner = blurred[edge : len(blurred) - edge, edge : blurred.shape[1] - edge]
    return inner / np.float32(255)


def _blurred(values: Array, sigma: float) -> Array:
    return shaped(cv2.GaussianBlur(values, (0, 0), sigma), values.shape)
