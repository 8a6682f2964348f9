"""How images are restored: every option with its help, declared here and nowhere else, and checked when it is set.

The command line, the Python interface and worker processes all read the fields of `Recipe`. Nothing heavy is imported
before there is something to check, so that `pinsharp --help` is quick.
"""

# ruff: noqa: RUF009 - what `_option` makes is a field

import hashlib
import sys
import warnings
from dataclasses import InitVar, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from pinsharp.errors import ConfigError, KernelError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from pinsharp.blur.widths import Widths
    from pinsharp.images.codec import Reading
    from pinsharp.methods.devices import Precision, Runtime

Channels = Literal["joint", "luma", "each"]
Planes = Literal["one", "each", "channel"]
PLANES: tuple[Planes, ...] = get_args(Planes)
Faults = Literal["auto", "off"]
FAULTS: tuple[Faults, ...] = get_args(Faults)
CHANNELS: tuple[Channels, ...] = get_args(Channels)

WORDS = ("auto", "off")
"""What `field` may be but widths."""

MIN_WINDOW = 32
"""Smallest side of a window in pixels; with the halo around it, smaller ones would be nearly all halo."""

MEASURING = (
    "model",
    "device",
    "precision",
    "runtime",
    "white_level",
    "raw",
    "channels",
    "light",
    "mask",
    "faults",
    "reference",
    "profile",
)
"""Options that decide how a blur is measured."""

_FILES = ("model", "kernel", "mask", "field", "reference", "profile")
_BEFORE_FILES = ("ensemble:", "selfdeblur:", "selfdeblur-small:")


@dataclass(frozen=True)
class Option:
    """What is said of one field of `Recipe`.

    Attributes:
        help: What it does, for people.
        metavar: What stands for its value in the help of the command line.
        kind: What the command line turns a word into.
        decides: Whether the pixels of a result depend on it.
    """

    help: str
    metavar: str | None
    kind: Any
    decides: bool


def _option(default: Any, metavar: str | None, kind: Any, text: str, *, decides: bool = True) -> Any:
    return field(default=default, metadata={"option": Option(text, metavar, kind, decides)})


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """All options of restoring. It can be compared, pickled and sent to other processes.

    Raises:
        ConfigError: If an option has an impossible value, or two contradict each other.
        KernelError: If `kernel` is not a valid kernel.
    """

    model: str | Path = _option(
        "swift", "NAME|FILE", str, "A model that `pinsharp info` lists, or a file: .safetensors, .onnx or .xml."
    )
    kernel: "str | Path | NDArray[Any] | tuple[tuple[float, ...], ...]" = _option(
        "auto",
        "K",
        str,
        "auto measures the blur of each image, with swift if the model cannot; where it is known: "
        "gaussian:SIGMA, disk:RADIUS (pixels), or a file (.npy, .json, or a mono image of a point).",
    )
    field: "str | Path | NDArray[Any] | Widths" = _option(
        "auto",
        "auto|off|F.npy",
        str,
        "auto restores an image whose blur varies (tilt, curved field) with the kernel of each place; off with one "
        "kernel for all; or F.npy, a table of widths in pixels (sigma of a Gaussian, half the radius of a disc) that "
        "is stretched over the image. A given kernel is one for all.",
    )
    iterations: int = _option(
        1,
        "N",
        int,
        "Restore up to N times, each time with the blur that is left: sharper, and slower by the same factor. "
        "Stops early when nothing is left.",
    )
    device: str = _option("auto", "D", str, "auto takes a GPU where there is one; or cpu, cuda, cuda:1.", decides=False)
    precision: "Precision" = _option(
        "auto",
        "P",
        str,
        "Of the convolutions. auto takes bfloat16 where the processor computes it natively; or float32, bfloat16.",
        decides=False,
    )
    runtime: "Runtime" = _option(
        "torch",
        "R",
        str,
        "What computes a network's convolutions: torch, onnx (ONNX Runtime), openvino, or auto: the fastest of "
        "those installed that restores as torch does, measured once on this machine.",
        decides=False,
    )
    window: int | None = _option(
        None,
        "N",
        int | None,
        "Restore in windows of N pixels a side, which bounds the memory; the blur is measured once for all. "
        "0 takes the whole image at once. Unless given: whole images up to 6 megapixels, larger ones in windows "
        "of 2048.",
    )
    white_level: int | None = _option(
        None,
        "V",
        int | None,
        "Value that stands for white, such as 4095 for 12 bits stored in 16, or for floats beyond 1; results do not "
        "exceed it. Unless given: what the file says, 255 or 65535, of floats 1.",
    )
    raw: str | None = _option(
        None,
        "WxH:FORMAT",
        str | None,
        "What .raw files are, frames without a header: width, height and a pixel format of GenICam: Mono8, Mono10, "
        "Mono12, Mono14, Mono16, Mono10p, Mono12p, Mono14p, Mono10Packed or Mono12Packed.",
    )
    planes: Planes | None = _option(
        None,
        "P",
        str | None,
        "Restore files of several planes (TIFF pages, OME-TIFF, ImageJ stacks, OME-Zarr, HDF5), which are refused "
        "otherwise: with one blur for all, a blur of its own for each plane, or one for each channel.",
    )
    channels: Channels = _option(
        "joint",
        "C",
        str,
        "What is restored of colour images: joint, all channels with one blur; luma, brightness only, colours "
        "stay as they are; each, every channel with a blur of its own, for lenses that focus colours differently.",
    )
    light: str | float = _option(
        "auto",
        "L",
        str,
        "What the values are: linear, proportional to light; srgb; or the exponent of a power law, such as 2.2. Blur "
        "is measured and undone in linear light, where lenses blur. auto goes by the file: ICC profile, sRGB and gAMA "
        "of a PNG, EXIF; JPEGs are srgb, all else is linear.",
    )
    gamma: InitVar[bool | None] = None  # the old name of light="srgb"

    force: bool = _option(
        False,
        None,
        bool,
        "Restore images too whose blur cannot be undone or trusted; they stay as they are otherwise, with a line that "
        "says why.",
    )
    strict: bool = _option(
        False, None, bool, "Count an image that would stay as it is as a failure, and write nothing.", decides=False
    )
    mask: str | Path | None = _option(
        None,
        "FILE",
        str | None,
        "An image of the input's size that is white (not 0) where a pixel is not light, such as a label: it has no "
        "say, and comes back as it was.",
    )
    faults: Faults = _option(
        "auto",
        "F",
        str,
        "auto finds pixels that no lens made (dead lines and pixels, frames, round fields, transparent pixels, NaN), "
        "keeps them out of measuring and leaves them as they are; off looks for none.",
    )
    reference: str | Path | None = _option(
        None,
        "SHARP",
        str | None,
        "A sharp image of the same camera, of any scene: its softness is the camera's own, which is not taken for "
        "defocus and not taken out.",
    )
    profile: str | Path | None = _option(
        None,
        "CAMERA.json",
        str | None,
        "What `pinsharp profile create` found out about the camera: its own softness is not taken for defocus and not "
        "taken out, its faulty pixels are masked, its light and white level hold unless others are given, and the "
        "width becomes a distance where the profile has a scale.",
    )
    beyond_camera: bool = _option(
        False, None, bool, "With a reference or a profile: take the camera's own softness out too."
    )

    def __post_init__(self, gamma: bool | None) -> None:
        if gamma is not None:
            object.__setattr__(self, "light", light_for_gamma(self.light, gamma=gamma))
            warnings.warn(f"gamma is an old name; say light={self.light!r}", FutureWarning, stacklevel=_user_level())
        if not isinstance(self.kernel, str | Path):  # an array could be changed by whoever has made it
            import numpy as np

            if np.ma.is_masked(self.kernel):
                raise KernelError("expected a kernel without a mask, got masked pixels; give kernel.filled(0)")
            object.__setattr__(self, "kernel", _nested(np.asarray(self.kernel).tolist()))
        self._check_field()
        if self.force and self.strict:
            raise ConfigError("force restores what strict refuses; leave one of them out")
        self._check_numbers()
        self._check_words()
        self._check_camera()
        if self.kernel != "auto":
            self._check_kernel()

    def __repr__(self) -> str:
        return f"Recipe({self.changes()})"

    def changes(self) -> str:
        """The options that are not as they are by default, as Python would write them."""
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        kept = {name: value for name, value in kept.items() if value != getattr(Recipe, name)}
        if isinstance(self.kernel, tuple):
            kept["kernel"] = f"{len(self.kernel)} x {len(self.kernel[0])} pixels"
        return ", ".join(f"{name}={value!r}" for name, value in kept.items())

    def doubts(self) -> list[str]:
        """What is odd about a kernel that was read from a file, each in one sentence."""
        from pinsharp.blur.kernel_names import kernel_doubts

        is_file = isinstance(self.kernel, str | Path) and Path(self.kernel).is_file()
        kernel = self.given_kernel() if is_file else None
        return [f"{self.kernel}: {words}" for words in kernel_doubts(kernel)] if kernel is not None else []

    def given_kernel(self) -> "Tensor | None":
        """The kernel as a tensor (1, 1, K, K); None stands for `auto`.

        Raises:
            KernelError: If it is a file that has gone or changed into none.
        """
        from pinsharp.blur.kernel_names import load_kernel, parse_kernel
        from pinsharp.blur.kernels import measured_kernel

        if isinstance(self.kernel, str):
            return None if self.kernel == "auto" else parse_kernel(self.kernel)
        return load_kernel(self.kernel) if isinstance(self.kernel, Path) else measured_kernel(self.kernel)

    def given_widths(self) -> "Widths | None":
        """Widths that were given place by place; None stands for `auto` and `off`.

        Raises:
            KernelError: If they are a file that has gone or changed into another.
        """
        from pinsharp.blur.widths import Widths

        if isinstance(self.field, Widths):
            return self.field
        return None if self.field in WORDS else Widths.load(str(self.field))

    @property
    def reading(self) -> "Reading":
        """What is said of files that do not say it themselves."""
        from pinsharp.images.codec import Reading

        return Reading(raw=self.raw, white_level=self.white_level, planes=self.planes)

    @property
    def measures(self) -> bool:
        """Whether the width of the blur is measured, not given."""
        return self.kernel == "auto" and self.field in WORDS

    def settings(self, *, window_matters: bool) -> dict[str, object]:
        """What decides the pixels of a result, apart from the input, as plain values; files count by their content.

        Args:
            window_matters: Whether each size of windows gives another result.
        """
        kept = {name: getattr(self, name) for name, option in OPTIONS.items() if option.decides}
        if not window_matters:
            del kept["window"]
        if not self.force:  # manifests that were made before it was there stay what they are
            del kept["force"]
        if self.field == "auto":
            del kept["field"]
        for name in ("raw", "planes", "reference", "profile", "beyond_camera"):
            if not kept[name]:
                del kept[name]
        return {
            name: _content(value) if name in _FILES and value is not None else value for name, value in kept.items()
        }

    def _check_numbers(self) -> None:
        if self.iterations < 1:
            raise ConfigError(f"iterations must be at least 1, got {self.iterations}")
        if self.window and self.window < MIN_WINDOW:
            raise ConfigError(
                f"window must be 0 for the whole image, or at least {MIN_WINDOW} pixels, got {self.window}; try 1024"
            )
        if self.white_level is not None:
            from pinsharp.images.arrays import check_white_level

            check_white_level(self.white_level)

    def _check_words(self) -> None:
        if self.channels not in CHANNELS:
            raise ConfigError(f"channels must be one of {', '.join(CHANNELS)}, got {self.channels!r}")
        if self.planes is not None and self.planes not in PLANES:
            raise ConfigError(f"planes must be one of {', '.join(PLANES)}, got {self.planes!r}")
        if self.faults not in FAULTS:
            raise ConfigError(f"faults must be one of {', '.join(FAULTS)}, got {self.faults!r}")
        if self.mask is not None and not Path(self.mask).is_file():
            raise ConfigError(f"{self.mask}: expected an image that is a mask, got no such file; check its name")
        if self.precision != "auto":
            from pinsharp.methods.devices import check_precision

            check_precision(self.precision)
        if self.runtime != "torch":
            from pinsharp.methods.devices import check_runtime

            check_runtime(self.runtime)
        if self.raw is not None:
            from pinsharp.images.raw import layout_of

            layout_of(self.raw)
        if self.light != "auto":
            from pinsharp.images.light import asked_light

            object.__setattr__(self, "light", asked_light(self.light).words)

    def _check_camera(self) -> None:
        if self.beyond_camera and self.reference is None and self.profile is None:
            raise ConfigError("beyond_camera needs a reference or a profile of the camera, got none; leave it out")
        if self.reference is not None:
            if not Path(self.reference).is_file():
                raise ConfigError(f"{self.reference}: expected a sharp image, got no such file; check its name")
            if not self.measures:
                raise ConfigError(
                    "a reference helps to measure the blur, got a given kernel or field too; leave one of them out"
                )
        if self.profile is not None:
            from pinsharp.blur.profile_json import read_profile

            read_profile(self.profile)

    def _check_kernel(self) -> None:
        self.given_kernel()
        self._check_iterations("kernel")

    def _check_field(self) -> None:
        if not isinstance(self.field, str | Path):  # an array could be changed by whoever has made it
            from pinsharp.blur.widths import Widths

            object.__setattr__(self, "field", self.field if isinstance(self.field, Widths) else Widths.of(self.field))
        if self.field in WORDS:
            return
        self.given_widths()
        if self.kernel != "auto":
            raise ConfigError("a given kernel is one for the whole image, got a given field too; leave one of them out")
        self._check_iterations("field")

    def _check_iterations(self, given: str) -> None:
        if self.iterations > 1:
            raise ConfigError(
                f"iterations above 1 measure the blur that is left and need the {given} 'auto', got "
                f"{self.iterations} and a given {given}; leave one of them out"
            )


OPTIONS: dict[str, Option] = {one.name: one.metadata["option"] for one in fields(Recipe)}
"""What is said of every field of `Recipe`, in their order."""


def light_for_gamma(light: str | float, *, gamma: bool) -> str:
    """What takes the place of the option `gamma`, which `light` has replaced.

    Raises:
        ConfigError: If something else is asked for as light.
    """
    meant = "srgb" if gamma else "linear"
    if light not in ("auto", meant):
        raise ConfigError(
            f"gamma is an old name for light, and means {meant} here, got light {light} too; leave it out"
        )
    return meant


def _user_level() -> int:
    """Which caller of the function that calls this one is not ours: its line is to be warned of."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in ("pinsharp", "dataclasses"):
        frame, level = frame.f_back, level + 1
    return level


def _nested(table: Any) -> Any:
    return tuple(_nested(row) for row in table) if isinstance(table, list) else table


def _content(value: object) -> str:
    """A file's name with the hash of its content, behind what may stand before one too; other words as they are."""
    if isinstance(value, tuple):
        return f"array, sha256 {hashlib.sha256(repr(value).encode()).hexdigest()}"
    if not isinstance(value, str | Path):
        return f"{value!r}, sha256 {hashlib.sha256(value.values).hexdigest()}"  # type: ignore[attr-defined]
    words = str(value)
    for before in _BEFORE_FILES:
        if words.startswith(before):
            return before + _content(words.removeprefix(before))
    path = Path(words)
    if not path.is_file():
        return words
    return f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
