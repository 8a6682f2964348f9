"""One call for whatever deblurs: `method(image, kernel=None) -> Deblurred(image, kernel, estimate)`.

Classical methods and networks stand side by side in `METHODS`; those that need a kernel say so, those that estimate one
return it. `load_method` makes a method from its name or from a weights file.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor, nn

from pinsharp.blur.kernels import check_kernel
from pinsharp.classical.wiener import Prior, wiener
from pinsharp.errors import ConfigError, ImageError, KernelError
from pinsharp.nets.estimate import KernelEstimate as KernelEstimate  # for those who know methods and no nets
from pinsharp.nets.weights import LoadedNet, load_weights, shipped_names, zoo_path

Kind = Literal["classical", "network"]
Precision = Literal["auto", "float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

DEFAULT_METHOD = "swift"
"""The method that restores when none is named."""

DEFAULT_NOISE_TO_SIGNAL = 1e-3
"""Of `wiener`. On photographs with 8 bits it was within 0.4 dB of the best ratio for Gaussians and for noise of 1/255;
a smaller one gains up to 1.3 dB on noiseless discs and loses 2 dB on noisy ones."""

MIN_BLIND_SIDE = 32
"""Smallest image side in pixels from which a blur can be measured; the kernel may be given for any size."""

_WEIGHTS_SUFFIX = ".safetensors"


@dataclass(frozen=True, eq=False)
class Deblurred:
    """What a method returns.

    Args:
        image: Restored images (B, C, H, W) in [0, 1], float32, on the device of the input.
        kernel: The kernels that they were restored with, (B or 1, 1, K, K); None if the method has none.
        estimate: What a network found out about the blur; only the noise and the given kernel if that was given. None
            for methods that estimate nothing.
    """

    image: Tensor
    kernel: Tensor | None = None
    estimate: KernelEstimate | None = None


class Method(Protocol):
    """Whatever deblurs an image."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def kind(self) -> Kind:
        """`classical` or `network`."""

    @property
    def needs_kernel(self) -> bool:
        """Whether it works only with a kernel that is given."""

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], with kernels (B or 1, 1, K, K) where they are known."""


@runtime_checkable
class BlindMethod(Method, Protocol):
    """A method that measures the blur itself, in two steps that can also be taken one by one."""

    def estimate(self, image: Tensor) -> KernelEstimate:
        """Measure the blur of images (B, C, H, W) in [0, 1]; the estimate may be on another device."""

    def deconvolve(self, image: Tensor, estimate: KernelEstimate) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1] with what `estimate` has found."""


@dataclass(frozen=True)
class MethodInfo:
    """An entry of the table of methods.

    Args:
        kind: `classical` or `network`; a network needs weights.
        needs_kernel: Whether it works only with a kernel that is given.
        summary: What it is, in one line.
        make: Makes the method, given what follows its name after a colon (often nothing), device and precision.
    """

    kind: Kind
    needs_kernel: bool
    summary: str
    make: Callable[[str, torch.device, Precision], Method]


class WienerMethod:
    """Wiener deconvolution with a kernel that is given.

    Args:
        noise_to_signal: See `pinsharp.classical.wiener.wiener`.
        prior: What sharp images look like; the default knows that they hold less of high than of low frequencies.
        device: Where to compute.
    """

    name = "wiener"
    kind: Kind = "classical"
    needs_kernel = True

    def __init__(
        self,
        noise_to_signal: float = DEFAULT_NOISE_TO_SIGNAL,
        *,
        prior: Prior = "laplacian",
        device: str | torch.device = "cpu",
    ) -> None:
        if not 0 < noise_to_signal < float("inf"):
            raise ConfigError(f"wiener: the noise-to-signal ratio must be a positive number, got {noise_to_signal}")
        self.noise_to_signal = noise_to_signal
        self.prior = prior
        self.device = find_device(device)

    @torch.inference_mode()
    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) with kernels (B or 1, 1, K, K).

        Raises:
            KernelError: If there is no kernel, or it is none.
        """
        if kernel is None:
            raise KernelError("wiener cannot measure the blur and needs its kernel; give one, such as gaussian:2")
        blurred, given = _checked_image(image).to(self.device), check_kernel(kernel).to(self.device)
        restored = wiener(blurred, given, noise_to_signal=self.noise_to_signal, prior=self.prior)
        return Deblurred(restored.clamp(0, 1).to(image.device), kernel)


class NetMethod:
    """A network with its weights: blind, or with a kernel that is given.

    Args:
        loaded: The network and what its file says. It is moved to the device.
        name: What tables call it.
        device: Where to compute: `cpu`, `cuda` or `auto`.
        precision: Of the convolutions. `auto` takes bfloat16 where the processor computes it natively. Fourier
            transforms and kernels are float32 in any case.

    Raises:
        ConfigError: If the device is not there or the precision unknown.
    """

    kind: Kind = "network"
    needs_kernel = False

    def __init__(
        self, loaded: LoadedNet, *, name: str, device: str | torch.device = "cpu", precision: Precision = "auto"
    ) -> None:
        self.name = name
        self.info = loaded.info
        self.device = find_device(device)
        self.dtype = choose_dtype(precision, self.device)
        net = loaded.net.eval().to(self.device)
        self.net: nn.Module = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        # A net that has no use for the noise is spared the estimate where the kernel is given.
        self._uses_noise = self.estimate(torch.zeros(1, 1, MIN_BLIND_SIDE, MIN_BLIND_SIDE)).noise is not None

    def estimate(self, image: Tensor) -> KernelEstimate:
        """Measure the blur of images (B, C, H, W) in [0, 1]; the result is on the method's device.

        Raises:
            ImageError: If a side is shorter than 32 pixels: so few hold too little texture to measure a blur by.
        """
        _check_measurable(image)
        return self._estimate(self._enter(image))

    @torch.inference_mode()
    def deconvolve(self, image: Tensor, estimate: KernelEstimate) -> Deblurred:
        """Restore images (B, C, H, W) in [0, 1], C 1 or 3, with the blur that `estimate` found."""
        with self._autocast():
            restored: Tensor = self.net.deconvolve(self._enter(image), estimate)  # type: ignore[operator]
        restored = restored.float().clamp(0, 1).contiguous()
        return Deblurred(restored.to(image.device), estimate.kernel.to(image.device), estimate)

    def __call__(self, image: Tensor, kernel: Tensor | None = None) -> Deblurred:
        """Deblur images (B, C, H, W) in [0, 1], C 1 or 3; a kernel (B or 1, 1, K, K) replaces only the estimated one.

        Raises:
            ImageError: If there is no kernel and a side is shorter than 32 pixels.
            KernelError: If `kernel` is none.
        """
        return self.deconvolve(image, self.estimate(image) if kernel is None else self._given(image, kernel))

    @torch.inference_mode()
    def _estimate(self, blurred: Tensor) -> KernelEstimate:
        with self._autocast():
            estimate: KernelEstimate = self.net.estimate(blurred)  # type: ignore[operator]
        return estimate

    def _given(self, image: Tensor, kernel: Tensor) -> KernelEstimate:
        """The given kernel beside the estimated noise; what else was estimated belongs to another kernel."""
        kernel = check_kernel(kernel).to(self.device, torch.float32).expand(len(image), -1, -1, -1)
        if not self._uses_noise:
            return KernelEstimate(kernel)
        found = self._estimate(self._enter(image))
        return replace(found, kernel=kernel, log_width=None, log_width_std=None, disk_share=None)

    def _enter(self, image: Tensor) -> Tensor:
        image = _checked_image(image).to(self.device, torch.float32)
        return image.contiguous(memory_format=torch.channels_last)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16)


def load_method(
    name_or_path: str | Path, *, device: str | torch.device = "cpu", precision: Precision = "auto"
) -> Method:
    """Make a method that is ready to use.

    Args:
        name_or_path: A name in `METHODS`, such as `swift`, `wiener` or `wiener:0.01` (with its noise-to-signal ratio),
            or a .safetensors file that `pinsharp train` wrote.
        device: Where to compute: `cpu`, `cuda`, or `auto`, a GPU where there is one.
        precision: Of a network's convolutions: `auto`, `float32` or `bfloat16`.

    Raises:
        ConfigError: If the name, device or precision is unknown.
        WeightsError: If the weights are missing or damaged.
    """
    target = find_device(device)
    if isinstance(name_or_path, Path) or name_or_path.endswith(_WEIGHTS_SUFFIX):
        return _from_file(Path(name_or_path), target, precision)
    name, _, option = name_or_path.partition(":")
    table = method_table()
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        advice = f"did you mean {close[0]!r}?" if close else "pinsharp info lists them"
        raise ConfigError(f"expected a model ({', '.join(table)}) or a {_WEIGHTS_SUFFIX} file, got {name!r}; {advice}")
    return table[name].make(option, target, precision)


def method_table() -> dict[str, MethodInfo]:
    """List all methods by name: `METHODS`, and further weights that come with pinsharp."""
    further = [name for name in shipped_names() if name not in METHODS]
    summary = "network; its weights' card says more"
    return METHODS | {name: MethodInfo("network", False, summary, _from_zoo(name)) for name in further}


def find_device(device: str | torch.device) -> torch.device:
    """Turn `auto`, `cpu`, `cuda` or `cuda:1` into a device that is there.

    Raises:
        ConfigError: If it is not.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return torch.device("cuda" if gpus else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError:
        raise ConfigError(f"expected the device auto, cpu or cuda, got {str(device)!r}") from None
    if found.type not in ("cpu", "cuda"):
        raise ConfigError(f"expected the device auto, cpu or cuda, got {str(device)!r}")
    if found.type == "cuda" and (found.index or 0) >= gpus:
        raise ConfigError(f"expected a GPU for the device {found}, this torch finds {gpus or 'none'}; use --device cpu")
    return found


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Choose the data type of convolutions: what is asked for, or by itself what the device computes natively.

    Raises:
        ConfigError: If the precision is unknown.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision == "auto":
        return torch.bfloat16 if has_native_bfloat16(device) else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 itself. Where it is emulated, it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # There is no public question for this in the oldest torch that we support.
    questions = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("avx512_bf16", "amx_tile"))
    return any(bool(question()) for question in questions if question is not None)


def _from_file(path: Path, device: torch.device, precision: Precision, name: str | None = None) -> NetMethod:
    choose_dtype(precision, device)  # refuses an unknown precision before the weights are read
    loaded = load_weights(path)
    called = name or str(loaded.card.get("name", path.stem))
    return NetMethod(loaded, name=called, device=device, precision=precision)


def _from_zoo(name: str) -> Callable[[str, torch.device, Precision], Method]:
    def make(option: str, device: torch.device, precision: Precision) -> Method:
        if option:
            raise ConfigError(f"{name} takes no option after its name, got {option!r}")
        return _from_file(zoo_path(name), device, precision, name)

    return make


def _make_wiener(option: str, device: torch.device, precision: Precision) -> Method:
    choose_dtype(precision, device)
    try:
        ratio = float(option) if option else DEFAULT_NOISE_TO_SIGNAL
    except ValueError:
        raise ConfigError(
            f"wiener takes its noise-to-signal ratio after the colon, got {option!r}; try wiener:0.01"
        ) from None
    return WienerMethod(ratio, device=device)


def _checked_image(image: Tensor) -> Tensor:
    if image.ndim != 4 or image.shape[1] not in (1, 3) or not image.is_floating_point():
        raise ValueError(
            f"expected a float tensor (B, 1 or 3, H, W) in [0, 1], got {image.dtype} {tuple(image.shape)}; "
            "pinsharp.images.arrays.to_tensor makes one of an array"
        )
    return image


def _check_measurable(image: Tensor) -> None:
    height, width = image.shape[-2:]
    if min(height, width) < MIN_BLIND_SIDE:
        raise ImageError(
            f"expected at least {MIN_BLIND_SIDE} x {MIN_BLIND_SIDE} pixels to measure a blur by, "
            f"got {width} x {height}; give the kernel, such as gaussian:2"
        )


METHODS: dict[str, MethodInfo] = {
    "swift": MethodInfo(
        "network",
        needs_kernel=False,
        summary="ours, made for CPUs: measures the blur, Wiener bank, small local net",
        make=_from_zoo("swift"),
    ),
    "udbd": MethodInfo(
        "network",
        needs_kernel=False,
        summary="UDBD-Net, the paper's network",
        make=_from_zoo("udbd"),
    ),
    "wiener": MethodInfo(
        "classical",
        needs_kernel=True,
        summary="Wiener filter; wiener:RATIO sets its noise-to-signal ratio",
        make=_make_wiener,
    ),
}
"""Every method by name. Networks of other weights are loaded from their file."""
