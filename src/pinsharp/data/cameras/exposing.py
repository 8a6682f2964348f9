"""One shot of a simulated camera, step by step: scene, lens, sensor, processing, page and file."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.blur.camera import generator
from pinsharp.data.cameras.choices import Draw, Scene
from pinsharp.data.cameras.faults import Mask, add_glints, clipped, spoil_page, spoil_sensor
from pinsharp.data.cameras.lens import Lens, central_kernel, lens_kernels, see, soften, widened_by_halo, width
from pinsharp.data.cameras.light import Array
from pinsharp.data.cameras.processing import blurred_by_computer, computer_kernel, develop, resized, store
from pinsharp.data.cameras.sensor import demosaic, read_out
from pinsharp.data.grains import draw_grains
from pinsharp.data.patterns import draw_empty, draw_pattern
from pinsharp.data.shapes import draw_shapes
from pinsharp.images.arrays import BT601

MARGIN = 8
"""Pixels of the result around the crop at least, which demosaicing, sharpening and compression may touch."""

_DRAWINGS = {"shapes": draw_shapes, "grains": draw_grains, "pattern": draw_pattern, "empty": draw_empty}
_BLOCK = 8  # side of a JPEG's blocks
_LEVELS = np.linspace(0, 1, 256, dtype=np.float32)


@dataclass(frozen=True)
class Shot:
    """What a camera took, with all steps on the way. Squares (S, S, C) but for the mask; values in [0, 1].

    Args:
        light: Light in focus, in pixels of the sensor.
        blurred: Light behind the lens.
        raw: What the sensor read, with its faults.
        colours: The same with its colours made.
        file: The image as its file holds it, in pixels of the result.
        clean: The image without noise, mosaic, faults, rounding or compression.
        target: The sharp image.
        mask: True where the file stems from the scene.
        kernel: Kernel (K, K) in pixels of the result.
        sigma: Its width.
        corner: Where the crop begins in the result, (down, across).
        draw: All that was chosen.
    """

    light: Array
    blurred: Array
    raw: Array
    colours: Array
    file: Array
    clean: Array
    target: Array
    mask: Mask
    kernel: Array
    sigma: float
    corner: tuple[int, int]
    draw: Draw


def shoot(photograph: NDArray[np.uint8], draw: Draw, size: int) -> Shot:
    """Take a photograph (H, W, 3) with a simulated camera.

    Args:
        photograph: Sharp 8-bit colours. One that is smaller than the camera's view is mirrored at its border.
        draw: All random choices.
        size: Side of the crop that will be cut out.
    """
    side = size + 2 * MARGIN + _BLOCK  # of the result
    view = math.ceil(side / draw.processing.resize)  # of the sensor
    scale = view / side
    kernels = _kernels(draw, scale)
    edge = kernels.shape[-1] // 2

    light = _scene_light(photograph, draw, view + 2 * edge, scale)
    blurred = _blurred(light, kernels, draw, scale)
    light = light[edge : edge + view, edge : edge + view]
    raw, seen = _read(blurred, draw)
    colours = _coloured(raw, draw)

    image, clean, target = (develop(values, draw.processing, side) for values in (colours, blurred, light))
    page, shown = spoil_page(image, draw.faults, MARGIN)
    kernel, sigma = kernel_in_result(draw.lens, kernels, scale)
    mask = shown & _resized_mask(seen & ~clipped(blurred), side)
    corner = (MARGIN + draw.phase[0], MARGIN + draw.phase[1])
    return Shot(
        light, blurred, raw, colours, store(page, draw.processing), clean, target, mask, kernel, sigma, corner, draw
    )


def kernel_in_result(lens: Lens, kernels: Array, scale: float) -> tuple[Array, float]:
    """Render the kernel of a lens in pixels of the result.

    Args:
        lens: The lens.
        kernels: Its kernels in pixels of the sensor.
        scale: Pixels of the sensor in one of the result.

    Returns:
        Kernel (K, K) of brightness in the middle, and its width: exactly that of the sensor's, in other pixels. Of a
        halo only as much counts as shows; see `widened_by_halo`.
    """
    native = central_kernel(kernels)
    whole = width(native) / scale
    sigma = whole
    if lens.halo:
        without = central_kernel(lens_kernels(replace(lens, halo=0.0), scale, kernels.shape[1]))
        sigma = widened_by_halo(lens) * width(without) / scale
    if scale == 1 or lens.is_sharp:
        return native, sigma
    kernel, factor = native, 1.0
    for _ in range(3):  # pixels have a width too, which the size of the result changes
        kernel = central_kernel(lens_kernels(lens, factor, kernels.shape[1]))
        factor *= float(np.clip(whole / max(width(kernel), 0.05), 0.7, 1.4))
    return kernel, sigma


def _kernels(draw: Draw, scale: float) -> Array:
    """Kernels of the lens, or of the computer, in pixels of the sensor."""
    if draw.by_computer:
        return computer_kernel(draw.lens.sigma * scale)[None, None]
    return lens_kernels(draw.lens, scale, 1 if draw.scene.mono else 3)


def _scene_light(photograph: NDArray[np.uint8], draw: Draw, side: int, scale: float) -> Array:
    """Light (side, side, C) of the scene in focus."""
    scene = draw.scene
    values = _cut(photograph, scene, side)
    if scene.drawing == "photograph":
        light = scene.decoding.decode(_LEVELS)[values]
    else:
        light = scene.decoding.decode(_drawn(values, scene, draw.seed))
    if scene.mono:
        light = light @ np.array(BT601, np.float32)[:, None]
    return soften(add_glints(draw.exposure.apply(light), draw.faults), draw.lens.aperture * scale)


def _cut(photograph: NDArray[np.uint8], scene: Scene, side: int) -> NDArray[np.uint8]:
    """Cut a square of a photograph, reduce, turn and mirror it."""
    need = math.ceil(side / scene.shrink)
    short = [max(0, need - length) for length in photograph.shape[:2]]
    if any(short):
        around = [(missing // 2, missing - missing // 2) for missing in short]
        photograph = np.pad(photograph, [*around, (0, 0)], mode="reflect")
    top, left = (
        round(share * (length - need))
        for share, length in zip((scene.down, scene.across), photograph.shape[:2], strict=True)
    )
    square = np.ascontiguousarray(photograph[top : top + need, left : left + need])
    if need != side:
        square = np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    turned = np.rot90(square[:, ::-1] if scene.flipped else square, scene.turns)
    return np.ascontiguousarray(turned)


def _drawn(values: NDArray[np.uint8], scene: Scene, seed: int) -> Array:
    """Shapes or grains (H, W, 3) out of a photograph."""
    crop = torch.from_numpy(values).permute(2, 0, 1).float() / 255
    drawing = _DRAWINGS[scene.drawing](crop, generator(seed, 0))
    return np.asarray(drawing.permute(1, 2, 0).numpy(), np.float32)


def _blurred(light: Array, kernels: Array, draw: Draw, scale: float) -> Array:
    if draw.by_computer:
        return blurred_by_computer(light, draw.lens.sigma * scale)
    return see(light, kernels, draw.lens.drift_angle)


def _read(blurred: Array, draw: Draw) -> tuple[Array, Mask]:
    """What the sensor reads, faults included."""
    rng = np.random.default_rng((draw.seed, 1))
    at_sensor = draw.processing.colour.to_sensor(blurred) if draw.sensor.kind == "bayer" else blurred
    return spoil_sensor(read_out(at_sensor, draw.sensor, rng), draw.faults)


def _coloured(raw: Array, draw: Draw) -> Array:
    """Colours (H, W, 3) of a mosaic; whatever else is left as it is."""
    if draw.sensor.kind != "bayer":
        return raw
    return draw.processing.colour.from_sensor(demosaic(raw, draw.sensor.demosaicing, draw.sensor.pattern))


def _resized_mask(mask: Mask, side: int) -> Mask:
    return resized(mask[..., None].astype(np.float32), side)[..., 0] > 0.999
