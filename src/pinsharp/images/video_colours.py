"""Frames of videos as pixels and back: grey and RGB as they are, Y'CbCr by its matrix and range.

Y'CbCr becomes float32 RGB in [0, 1]. Back goes only what changed: its Y'CbCr is added to that of the frame, so that
what stays as it is stays so to the bit, values beyond nominal white too. Chroma is taken to lie where H.264 has it by
default: with the left of two pixels, between two rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError

if TYPE_CHECKING:
    from av import VideoFrame

_RGB = 0
_WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}  # of red and blue
_HIGH_DEFINITION = 576
"""Lines beyond which an unnamed matrix is that of BT.709; else of BT.601."""

_LIMITED, _FULL = 1, 2
_REARRANGED = {
    "nv12": "yuv420p",
    "nv21": "yuv420p",
    "nv16": "yuv422p",
    "p010le": "yuv420p10le",
    "p012le": "yuv420p12le",
}
_PACKED_RGB = ("rgb24", "bgr24", "rgb0", "bgr0", "0rgb", "0bgr", "gbrp")
_GBR = (2, 0, 1)  # which plane holds red, green and blue

Planes = list[NDArray[Any]]


@dataclass(frozen=True)
class Layout:
    """What the values of a frame mean.

    Attributes:
        format: FFmpeg's name of a pixel format that holds the frame exactly.
        kind: `grey`, `rgb` or `yuv`.
        bits: Of a value.
        is_full: Whether black is 0 and white the largest value; else they are 16 and 235 of 8 bits.
        weights: Of red and blue in luma.
        across: Pixels across for a value of chroma: 1 or 2.
        down: The same down.
    """

    format: str
    kind: str
    bits: int
    is_full: bool
    weights: tuple[float, float]
    across: int = 1
    down: int = 1

    @property
    def is_exact(self) -> bool:
        """Whether pixels are the stored values, as whole numbers."""
        return self.kind != "yuv" and self.is_full

    @property
    def white_level(self) -> int | None:
        """The value of white, where it is not the largest of the type of the pixels."""
        return 2**self.bits - 1 if self.is_exact and self.bits not in (8, 16) else None


def layout_of(frame: VideoFrame) -> Layout:
    """Read what the values of a frame mean.

    Raises:
        ImageError: If the format has a palette, alpha, or another layout that is not restored.
    """
    name = _REARRANGED.get(frame.format.name, frame.format.name)
    bits = frame.format.components[0].bits
    is_full = frame.color_range == _FULL or name.startswith("yuvj")
    weights = _WEIGHTS.get(frame.colorspace, _WEIGHTS[1 if frame.height > _HIGH_DEFINITION else 5])
    if name.startswith("gray") and bits <= 16 and not name.startswith("grayf"):
        return Layout(name, "grey", bits, frame.color_range != _LIMITED, weights)
    if name in _PACKED_RGB or (name.startswith("gbrp") and name.endswith("le") and bits <= 16 and "f" not in name):
        return Layout("rgb24" if name in _PACKED_RGB else name, "rgb", bits, True, weights)
    sampling = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1), "yuv440p": (1, 2)}
    family = name.replace("yuvj", "yuv")[:7]
    if family not in sampling or (frame.colorspace == _RGB and bits < 8):
        raise ImageError(
            f"expected frames in grey, RGB or Y'CbCr without alpha, got {name}; convert the video first, for example "
            "with `ffmpeg -i INPUT -pix_fmt yuv420p OUTPUT.mkv`"
        )
    return Layout(name.replace("yuvj", "yuv"), "yuv", bits, is_full, weights, *sampling[family])


def planes_of(frame: VideoFrame, layout: Layout) -> Planes:
    """The planes of a frame, (H, W), or of chroma less; of 8-bit RGB one (H, W, 3). They are the caller's own."""
    if layout.format == "rgb24":
        return [frame.to_ndarray(format="rgb24")]
    is_other = frame.format.name.replace("yuvj", "yuv") != layout.format
    held = frame.reformat(format=layout.format) if is_other else frame
    stored = np.dtype(np.uint8 if layout.bits == 8 else "<u2")
    planes = []
    for plane in held.planes:
        lines = np.frombuffer(memoryview(plane), stored).reshape(-1, plane.line_size // stored.itemsize)
        planes.append(lines[: plane.height, : plane.width].astype(stored.newbyteorder("=")))
    return planes


def pixels_of(planes: Planes, layout: Layout) -> NDArray[Any]:
    """The image (H, W) or (H, W, 3) that planes show: stored values, or float32 in [0, 1]; see `Layout.is_exact`."""
    if layout.is_exact:
        return planes[0] if len(planes) == 1 else np.stack([planes[number] for number in _GBR], axis=-1)
    offset, span, chroma = _scales(layout)
    luma = (planes[0].astype(np.float32) - offset) / span
    if layout.kind == "grey":
        return np.asarray(np.clip(luma, 0, 1))
    blue, red = (
        (_raised(plane.astype(np.float32), layout, luma.shape) - 2 ** (layout.bits - 1)) / chroma
        for plane in planes[1:]
    )
    of_red, of_blue = layout.weights
    r, b = luma + 2 * (1 - of_red) * red, luma + 2 * (1 - of_blue) * blue
    green = (luma - of_red * r - of_blue * b) / (1 - of_red - of_blue)
    colours: NDArray[np.float32] = np.clip(np.stack([r, green, b], axis=-1), 0, 1).astype(np.float32)
    return colours


def changed(planes: Planes, layout: Layout, before: NDArray[Any], after: NDArray[Any]) -> Planes:
    """The planes of a frame whose pixels changed from `before`, which is what `pixels_of` gives of them."""
    if layout.is_exact:
        return [after] if len(planes) == 1 else [np.ascontiguousarray(after[..., number]) for number in (1, 2, 0)]
    _, span, chroma = _scales(layout)
    change = after.astype(np.float32) - before
    if layout.kind == "grey":
        return [_added(planes[0], span * change, layout)]
    of_red, of_blue = layout.weights
    luma = of_red * change[..., 0] + (1 - of_red - of_blue) * change[..., 1] + of_blue * change[..., 2]
    blue, red = (change[..., 2] - luma) / (2 * (1 - of_blue)), (change[..., 0] - luma) / (2 * (1 - of_red))
    differences = [chroma * _lowered(each, layout) for each in (blue, red)]
    return [_added(plane, each, layout) for plane, each in zip(planes, [span * luma, *differences], strict=True)]


def frame_of(planes: Planes, layout: Layout) -> VideoFrame:
    """A new frame of these planes."""
    from av import VideoFrame

    if layout.format == "rgb24":
        return VideoFrame.from_ndarray(np.ascontiguousarray(planes[0]), format="rgb24")
    height, width = planes[0].shape
    frame = VideoFrame(width, height, layout.format)
    for held, plane in zip(frame.planes, planes, strict=True):
        stored = plane.astype(np.uint8 if layout.bits == 8 else "<u2")
        lines = np.zeros((held.buffer_size // held.line_size, held.line_size // stored.itemsize), stored.dtype)
        lines[: plane.shape[0], : plane.shape[1]] = stored
        held.update(lines.tobytes())
    return frame


def _scales(layout: Layout) -> tuple[float, float, float]:
    """Black, and how far white is from it; how far chroma goes."""
    if layout.is_full:
        return 0.0, 2**layout.bits - 1, 2**layout.bits - 1
    unit = 2 ** (layout.bits - 8)
    return 16.0 * unit, 219.0 * unit, 224.0 * unit


def _added(plane: NDArray[Any], change: NDArray[np.float32], layout: Layout) -> NDArray[Any]:
    values: NDArray[Any] = np.clip(np.rint(plane + change), 0, 2**layout.bits - 1)
    return values.astype(plane.dtype)


def _raised(plane: NDArray[np.float32], layout: Layout, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Chroma of every pixel."""
    if layout.down == 2:
        plane = np.asarray(cv2.resize(plane, (plane.shape[1], 2 * plane.shape[0]), interpolation=cv2.INTER_LINEAR))
    if layout.across == 2:
        following = np.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
        plane = np.stack([plane, (plane + following) / 2], axis=-1).reshape(len(plane), -1)
    return plane[: shape[0], : shape[1]]


def _lowered(full: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """What is left of chroma of every pixel."""
    height, width = full.shape
    padded: NDArray[Any] = np.pad(full, [(0, height % layout.down), (0, width % layout.across)], mode="edge")
    if layout.down == 2:
        padded = (padded[0::2] + padded[1::2]) / 2
    if layout.across == 2:
        before = np.concatenate([padded[:, :1], padded[:, 1:-1:2]], axis=1)
        padded = (before + 2 * padded[:, 0::2] + padded[:, 1::2]) / 4
    return padded
