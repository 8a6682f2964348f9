"""How images are restored: every option with its help, declared here and nowhere else, and checked when it is set.

The command line, the Python interface and worker processes all read the fields of `Recipe`. Nothing heavy is imported
before there is something to check, so that `pinsharp --help` is quick.
"""

# ruff: noqa: RUF009 - what `declared` makes is a field

import warnings
from dataclasses import InitVar, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinsharp.errors import KernelError
from pinsharp.restoration.checks import WORDS, Channels, Demosaic, Faults, Planes, check
from pinsharp.restoration.contents import FILES, content
from pinsharp.restoration.old_names import light_for_gamma, user_level
from pinsharp.restoration.option import Option, declared

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from pinsharp.blur.widths import Widths
    from pinsharp.images.codec import Reading
    from pinsharp.methods.devices import Precision, Runtime

MEASURING = (
    "model",
    "device",
    "precision",
    "runtime",
    "white_level",
    "raw",
    "demosaic",
    "channels",
    "light",
    "mask",
    "faults",
    "reference",
    "profile",
)
"""Options that decide how a blur is measured."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe:
    """All options of restoring. It can be compared, pickled and sent to other processes.

    Raises:
        ConfigError: If an option has an impossible value, or two contradict each other.
        KernelError: If `kernel` is not a valid kernel.
    """

    model: str | Path = declared(
        "swift", "NAME|FILE", str, "A model that `pinsharp info` lists, or a file: .safetensors, .onnx or .xml."
    )
    kernel: "str | Path | NDArray[Any] | tuple[tuple[float, ...], ...]" = declared(
        "auto",
        "K",
        str,
        "auto measures the blur of each image, with swift if the model cannot; where it is known: "
        "gaussian:SIGMA, disk:RADIUS (pixels), or a file (.npy, .json, or a mono image of a point).",
    )
    field: "str | Path | NDArray[Any] | Widths" = declared(
        "auto",
        "auto|off|F.npy",
        str,
        "auto restores an image whose blur varies (tilt, curved field) with the kernel of each place; off with one "
        "kernel for all; or F.npy, a table of widths in pixels (sigma of a Gaussian, half the radius of a disc) that "
        "is stretched over the image. A given kernel is one for all.",
    )
    iterations: int = declared(
        1,
        "N",
        int,
        "Restore up to N times, each time with the blur that is left: sharper, and slower by the same factor. "
        "Stops early when nothing is left.",
    )
    device: str = declared(
        "auto", "D", str, "auto takes a GPU where there is one; or cpu, cuda, cuda:1.", decides=False
    )
    precision: "Precision" = declared(
        "auto",
        "P",
        str,
        "How exact convolutions are: auto takes bfloat16 where the processor has it natively; or float32, bfloat16.",
        decides=False,
    )
    runtime: "Runtime" = declared(
        "torch",
        "R",
        str,
        "What computes a network's convolutions: torch, onnx (ONNX Runtime), openvino, or auto: the fastest of "
        "those installed that restores as torch does, measured once on this machine.",
        decides=False,
    )
    window: int | None = declared(
        None,
        "N",
        int | None,
        "Restore in windows of N pixels a side, which bounds the memory; the blur is measured once for all. "
        "0 takes the whole image at once. Unless given: whole images up to 6 megapixels, larger ones in windows "
        "of 2048.",
    )
    white_level: int | None = declared(
        None,
        "V",
        int | None,
        "Value that stands for white, such as 4095 for 12 bits stored in 16, or for floats beyond 1; results do not "
        "exceed it. Unless given: what the file says, 255 or 65535, of floats 1.",
    )
    raw: str | None = declared(
        None,
        "WxH:FORMAT",
        str | None,
        "What .raw files are, frames without a header: width, height and a pixel format of GenICam: Mono8, Mono10, "
        "Mono12, Mono14, Mono16, Mono10p, Mono12p, Mono14p, Mono10Packed or Mono12Packed; of Bayer mosaics BayerRG8 "
        "and so on (RG, GR, GB, BG).",
    )
    demosaic: Demosaic = declared(
        "malvar",
        "D",
        str,
        "How colours are made of Bayer mosaics (raw files of cameras, raw frames, TIFF): malvar, linear with the "
        "detail of all colours; bilinear, the mean of the nearest pixels; or planes: none are made, the four colour "
        "planes of the mosaic are restored with one blur (in pixels of a plane, two of the image) and written as a "
        "mosaic.",
    )
    planes: Planes | None = declared(
        None,
        "P",
        str | None,
        "Restore files of several planes (TIFF pages, OME-TIFF, ImageJ stacks, OME-Zarr, HDF5), which are refused "
        "otherwise: with one blur for all, a blur of its own for each plane, or one for each channel. Frames of a "
        "video share one unless each is said.",
    )
    channels: Channels = declared(
        "joint",
        "C",
        str,
        "What is restored of colour images: joint, all channels with one blur; luma, brightness only, colours "
        "stay as they are; each, every channel with a blur of its own, for lenses that focus colours differently.",
    )
    light: str | float = declared(
        "auto",
        "L",
        str,
        "What the values are: linear, proportional to light; srgb; bt709, of video; or the exponent of a power law, "
        "such as 2.2. Blur is measured and undone in linear light, where lenses blur. auto goes by the file: ICC "
        "profile, sRGB and gAMA of a PNG, EXIF; JPEGs are srgb, videos what they name, else bt709; all else is linear.",
    )
    gamma: InitVar[bool | None] = None  # the old name of light="srgb"

    force: bool = declared(
        False,
        None,
        bool,
        "Restore images too whose blur cannot be undone or trusted; they stay as they are otherwise, with a line that "
        "says why.",
    )
    strict: bool = declared(
        False, None, bool, "Count an image that would stay as it is as a failure, and write nothing.", decides=False
    )
    mask: str | Path | None = declared(
        None,
        "FILE",
        str | None,
        "An image of the input's size that is white (not 0) where a pixel is not light, such as a label: such a "
        "pixel is ignored in measuring, and comes back unchanged.",
    )
    faults: Faults = declared(
        "auto",
        "F",
        str,
        "auto finds pixels that no lens made (dead lines and pixels, frames, round fields, transparent pixels, NaN), "
        "keeps them out of measuring and leaves them as they are; off looks for none.",
    )
    reference: str | Path | None = declared(
        None,
        "SHARP",
        str | None,
        "A sharp image of the same camera, of any scene: its softness is the camera's own, which is not taken for "
        "defocus and not taken out. With a profile too, the softness is that of the reference.",
    )
    profile: str | Path | None = declared(
        None,
        "CAMERA.json",
        str | None,
        "A profile of the camera, by `pinsharp profile create`: its own softness is not taken for defocus and not "
        "taken out (that of --reference, if given), its faulty pixels are masked, its light and white level hold "
        "unless others are given, and the width becomes a distance where the profile has a scale.",
    )
    beyond_camera: bool = declared(
        False, None, bool, "With a reference or a profile: take the camera's own softness out too."
    )

    def __post_init__(self, gamma: bool | None) -> None:
        if gamma is not None:
            object.__setattr__(self, "light", light_for_gamma(self.light, gamma=gamma))
            warnings.warn(f"gamma is an old name; say light={self.light!r}", FutureWarning, stacklevel=user_level())
        self._freeze()
        check(self)

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
            KernelError: If the file is gone, or is no longer a kernel.
        """
        from pinsharp.blur.kernel_names import load_kernel, parse_kernel
        from pinsharp.blur.kernels import measured_kernel

        if isinstance(self.kernel, str):
            return None if self.kernel == "auto" else parse_kernel(self.kernel)
        return load_kernel(self.kernel) if isinstance(self.kernel, Path) else measured_kernel(self.kernel)

    def given_widths(self) -> "Widths | None":
        """Widths that were given place by place; None stands for `auto` and `off`.

        Raises:
            KernelError: If the file is gone, or no longer holds widths.
        """
        from pinsharp.blur.widths import Widths

        if isinstance(self.field, Widths):
            return self.field
        return None if self.field in WORDS else Widths.load(str(self.field))

    @property
    def reading(self) -> "Reading":
        """What is said of files that do not say it themselves."""
        from pinsharp.images.codec import Reading

        return Reading(raw=self.raw, white_level=self.white_level, planes=self.planes, demosaic=self.demosaic)

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
        if self.demosaic == Recipe.demosaic:
            del kept["demosaic"]
        for name in ("raw", "planes", "reference", "profile", "beyond_camera"):
            if not kept[name]:
                del kept[name]
        return {name: content(value) if name in FILES and value is not None else value for name, value in kept.items()}

    def _freeze(self) -> None:
        """Keep values that nobody else can change, and words of one spelling."""
        if not isinstance(self.kernel, str | Path):  # an array could be changed by whoever has made it
            import numpy as np

            if np.ma.is_masked(self.kernel):
                raise KernelError("expected a kernel without a mask, got masked pixels; give kernel.filled(0)")
            object.__setattr__(self, "kernel", _nested(np.asarray(self.kernel).tolist()))
        if not isinstance(self.field, str | Path):
            from pinsharp.blur.widths import Widths

            object.__setattr__(self, "field", self.field if isinstance(self.field, Widths) else Widths.of(self.field))
        if self.light != "auto":
            from pinsharp.images.light import asked_light

            object.__setattr__(self, "light", asked_light(self.light).words)


OPTIONS: dict[str, Option] = {one.name: one.metadata["option"] for one in fields(Recipe)}
"""What is said of every field of `Recipe`, in their order."""


def _nested(table: Any) -> Any:
    return tuple(_nested(row) for row in table) if isinstance(table, list) else table
