"""Test sets: sharp images, blurred how. A pair is decided by the protocol, its seed and its place in the list."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from pinsharp.blur.camera import Camera, generator
from pinsharp.blur.kernel_names import named_kernels
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.operators import BOUNDARIES, Blur, Boundary
from pinsharp.blur.profile import Profile
from pinsharp.data.profiled import ProfiledCamera
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image


@dataclass(frozen=True)
class Degradation:
    """Protocol by which sharp images become blurred ones: what two figures must share to be compared.

    Raises:
        ConfigError: If a setting is out of range.
        KernelError: If `kernel_set` names no kernels.
    """

    kernel_set: str = "gaussian8"  # kernels as `pinsharp.blur.kernel_names.named_kernels` takes them
    # How an image continues past its border; with `valid` the sharp image is cropped to the blurred one.
    boundary: Boundary = "reflect"
    bits: int = 8  # depth to which blurred images are rounded, 1 to 16
    noise: float = 0.0  # standard deviation of the read noise in units of full scale, >= 0
    seed: int = 0  # decides, with the place of a pair in the list, its noise
    # The camera that takes them: its softness, noise, depth and faults, in the place of `bits` and `noise`.
    profile: Profile | None = None
    kernels: Mapping[str, Tensor] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.boundary not in BOUNDARIES:
            raise ConfigError(f"--boundary must be one of {', '.join(BOUNDARIES)}, got {self.boundary!r}")
        if not 1 <= self.bits <= 16:
            raise ConfigError(f"--bits must be from 1 to 16, got {self.bits}")
        if not 0 <= self.noise < 1:
            raise ConfigError(f"--noise must be at least 0 and far below full scale, got {255 * self.noise:g} of 255")
        kernels = named_kernels(self.kernel_set)
        if self.profile is not None:
            object.__setattr__(self, "bits", self.profile.bits)
            kernels = ProfiledCamera(self.profile).softened(kernels)
        object.__setattr__(self, "kernels", kernels)

    def __reduce__(self) -> tuple[Any, ...]:
        """Kernels are made again in another process: tensors had better not be sent."""
        return Degradation, (self.kernel_set, self.boundary, self.bits, self.noise, self.seed, self.profile)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All settings as plain values, with the kernels' hash, for records and manifests."""
        return {
            "kernels": self.kernel_set,
            "kernels_sha256": kernels_sha256(self.kernels),
            "boundary": self.boundary,
            "bits": self.bits,
            "noise_of_255": round(255 * self.noise, 9),
            "seed": self.seed,
        } | ({} if self.profile is None else {"profile_sha256": ProfiledCamera(self.profile).sha256})


@dataclass(frozen=True, eq=False)
class BlurredPair:
    """A sharp image and what the camera makes of it."""

    path: Path  # file of the sharp image
    kernel_name: str  # name of the kernel in its set
    kernel: Tensor  # true kernel (1, 1, K, K)
    sharp: Tensor  # sharp image (1, C, H, W), as large as the blurred one
    blurred: Tensor  # blurred, noisy and rounded image (1, C, H, W)
    whole: Tensor  # sharp image before cropping; larger than `sharp` for the boundary `valid`
    index: int  # place of the pair in the list, which with the seed decides its noise

    @cached_property
    def sigma(self) -> float:
        """Effective width of the true kernel in pixels."""
        return float(kernel_sigma(self.kernel))


def blurred_pairs(paths: Sequence[Path], protocol: Degradation) -> Iterator[BlurredPair]:
    """Blur each image with each kernel of the protocol, one at a time: all kernels of the first image, then the next.

    Raises:
        ImageError: If an image cannot be read, or is too small for the boundary `valid`.
    """
    for number, path in enumerate(paths):
        whole = to_tensor(read_image(path).pixels)
        for name in protocol.kernels:
            yield blurred_pair(path, whole, name, protocol, number)


def blurred_pair(path: Path, whole: Tensor, kernel_name: str, protocol: Degradation, number: int) -> BlurredPair:
    """Blur one image (1, C, H, W) with a kernel of the protocol; its `number` in the list decides the noise.

    Raises:
        ImageError: If the image is too small for the boundary `valid`.
    """
    kernel = protocol.kernels[kernel_name]
    index = number * len(protocol.kernels) + list(protocol.kernels).index(kernel_name)
    try:
        blurred = degrade(whole, kernel, protocol, index)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    return BlurredPair(path, kernel_name, kernel, _crop_to(whole, blurred), blurred, whole, index)


def degrade(sharp: Tensor, kernel: Tensor, protocol: Degradation, index: int) -> Tensor:
    """Blur images (B, C, H, W), add read noise and round, as the camera of the protocol does."""
    blurred = Blur(kernel, protocol.boundary)(sharp)
    dice = generator(protocol.seed, index)
    if protocol.profile is None:
        return Camera(protocol.bits, protocol.noise).expose(blurred, dice)
    camera = ProfiledCamera(protocol.profile)
    return camera.spoilt(camera.camera.expose(blurred, dice), dice)


def protocol_hash(protocol: Degradation, images_sha256: Sequence[str]) -> str:
    """Hash whatever decides a test set: the protocol and the content, not the names, of the sharp images in order."""
    # The name of a kernel set, unlike its kernels, decides nothing.
    settings = {key: value for key, value in protocol.summary.items() if key != "kernels"}
    content = {"protocol": settings, "images": list(images_sha256)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def kernels_sha256(kernels: Mapping[str, Tensor]) -> str:
    """Hash kernels by value. They are rounded from float64 to float32, which hides the last bit of a machine's exp."""
    digest = hashlib.sha256()
    for kernel in kernels.values():
        digest.update(str(tuple(kernel.shape)).encode())
        digest.update(kernel.detach().cpu().numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Hash the content of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _crop_to(sharp: Tensor, blurred: Tensor) -> Tensor:
    """Cut the same border on all sides that the blur has cut."""
    top = (sharp.shape[-2] - blurred.shape[-2]) // 2
    left = (sharp.shape[-1] - blurred.shape[-1]) // 2
    return sharp[..., top : top + blurred.shape[-2], left : left + blurred.shape[-1]]
