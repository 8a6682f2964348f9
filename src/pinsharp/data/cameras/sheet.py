"""A sheet of pictures: what each step of a simulated camera does to a few crops."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pinsharp.data.cameras.choices import Draw
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.exposing import MARGIN, Shot, shoot
from pinsharp.data.cameras.light import SRGB, Array
from pinsharp.data.cameras.noise import BINS
from pinsharp.data.cameras.pair import Pair, pair_of
from pinsharp.data.corpus import Corpus
from pinsharp.pages import document, png_address, text

_INCH = 2.3  # side of a picture
_COLUMNS = ("in focus", "behind the lens", "read by the sensor", "sharp target", "file", "used", "noise", "kernel")


@dataclass(frozen=True)
class Row:
    """One pair on a sheet: its number, its steps, and what is cut out of them."""

    index: int
    shot: Shot
    pair: Pair


def take_rows(photographs: Corpus, camera: str, *, size: int, seed: int, indices: range) -> list[Row]:
    """Make the pairs of a sheet; see `pinsharp.data.cameras.pair.make_pair`."""
    rows = []
    for index in indices:
        draw = draw_pair(camera, seed, index)
        image = photographs.images[int(draw.scene.image * len(photographs.images))]
        shot = shoot(image.permute(1, 2, 0).numpy(), draw, size)
        rows.append(Row(index, shot, pair_of(shot, size)))
    return rows


def sheet_png(rows: list[Row]) -> bytes:
    """Draw a sheet, one row a pair, as the bytes of a PNG.

    Pictures of light are shown as a screen wants them (sRGB); pictures of values as they are. Each is stretched to the
    whole range where it takes less than half of it, which its title says.
    """
    figure = Figure(figsize=(_INCH * len(_COLUMNS), (_INCH + 0.75) * len(rows) + 0.2), dpi=100)
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), len(_COLUMNS), squeeze=False)
    for row, line in zip(rows, axes, strict=True):
        _draw_row(row, line)
    figure.subplots_adjust(0.004, 0.005, 0.996, 1 - 0.75 / (3.05 * len(rows) + 0.2), 0.04, 0.33)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def sheet_page(camera: str, rows: list[Row]) -> str:
    """A page of HTML with the sheet and every choice of each pair in words."""
    import cv2

    picture = np.asarray(cv2.imdecode(np.frombuffer(sheet_png(rows), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    parts = [
        f"<h1>Camera {text(camera)}</h1>",
        f'<p><img src="{png_address(picture)}" alt="What each step does to each crop"></p>',
    ]
    for row in rows:
        parts.append(f"<h2>Pair {row.index}</h2><p>{text('; '.join(described(row.shot.draw)))}</p>")
    style = "body { max-width: none; } img { max-width: 100%; } h2 { font-size: 1rem; margin-bottom: 0; }"
    return document(f"Camera {text(camera)}", style, parts)


def described(draw: Draw) -> list[str]:
    """Say in short phrases what was chosen for a pair."""
    lens, sensor, processing, exposure = draw.lens, draw.sensor, draw.processing, draw.exposure
    return [
        f"{draw.camera}, {'mono' if draw.scene.mono else 'colour'} {draw.scene.drawing}",
        _lens_phrase(draw),
        *(f"{name} {getattr(lens, name):.2g}" for name in _LENS_FAULTS if getattr(lens, name)),
        f"gain {exposure.gain:.2g}, contrast {exposure.contrast:.2g}",
        f"{sensor.kind} sensor, {sensor.bits} bits, {_electrons(draw)}",
        *([f"{sensor.demosaicing} demosaicing"] * (sensor.kind == "bayer")),
        *([f"stripes {sensor.stripes:.1%}"] * bool(sensor.stripes)),
        *([f"speckle {sensor.speckle:.1%}"] * bool(sensor.speckle)),
        *([f"{processing.denoising} denoising"] * (processing.denoising != "none")),
        _tone_phrase(draw),
        *([f"sharpened {processing.amount:.1f} x at {processing.reach:.1f} px"] * bool(processing.amount)),
        *([f"resized by {processing.resize:.2f} ({processing.resizing})"] * (processing.resize != 1)),
        f"JPEG {processing.jpeg}, {processing.subsampling}" if processing.jpeg else f"{processing.bits}-bit file",
        *draw.faults.sensor,
        *draw.faults.page,
        *([f"{draw.faults.glints} glints"] * bool(draw.faults.glints)),
    ]


_LENS_FAULTS = ("rim", "coma", "stretch", "blades", "tail", "core", "halo", "colour", "drift", "motion", "aperture")


def _lens_phrase(draw: Draw) -> str:
    lens = draw.lens
    if lens.is_sharp:
        return "in focus"
    blur = f"disc {lens.radius:.2f}" * bool(lens.radius) + f" Gaussian {lens.sigma:.2f}" * bool(lens.sigma)
    return f"{blur.strip()} px{' by a computer' if draw.by_computer else ''}"


def _electrons(draw: Draw) -> str:
    sensor = draw.sensor
    if np.isinf(sensor.full_well):
        return "no noise"
    return f"{sensor.full_well:.0f} electrons, read noise {sensor.read_noise:.1f}"


def _tone_phrase(draw: Draw) -> str:
    tone = draw.processing.tone
    curve = {"linear": "linear", "srgb": "sRGB", "gamma": f"gamma {tone.gamma:.2f}"}[tone.curve]
    return curve if tone.contrast == 1 else f"{curve}, S-curve {tone.contrast:.2f}"


def _draw_row(row: Row, axes: Any) -> None:
    shot, pair = row.shot, row.pair
    size = len(pair.image)
    light, lens, raw = (_sensor_crop(step, row, size) for step in (shot.light, shot.blurred, shot.raw))
    pictures = (SRGB.encode(light), SRGB.encode(lens), raw, pair.sharp, pair.image)
    for axis, name, picture in zip(axes, _COLUMNS, pictures, strict=False):
        _show(axis, name, picture)
    _show(axes[5], f"used: {pair.mask.mean():.0%}", pair.mask[..., None].astype(np.float32))
    _plot_noise(axes[6], pair)
    _show(axes[7], f"kernel, sigma {pair.sigma:.2f} px", pair.kernel[..., None] / pair.kernel.max())
    words = described(shot.draw)
    half = (len(words) + 1) // 2
    heading = f"{row.index}: {', '.join(words[:half])}\n{', '.join(words[half:])}"
    axes[0].text(0, 1.19, heading, transform=axes[0].transAxes, fontsize=9, va="bottom")


def _show(axis: Any, name: str, picture: Array) -> None:
    least, most = (float(np.percentile(picture, share)) for share in (0.5, 99.5))
    if 0.002 < most - least < 0.5:
        name, picture = f"{name}, stretched {1 / (most - least):.0f} x", (picture - least) / (most - least)
    axis.imshow(np.clip(_rgb(picture), 0, 1), interpolation="nearest")
    axis.set_title(name, fontsize=8, pad=3)
    axis.set_xticks([])
    axis.set_yticks([])


def _plot_noise(axis: Any, pair: Pair) -> None:
    noise = pair.noise
    axis.semilogy((np.arange(BINS) + 0.5) / BINS / 2, np.sqrt(noise.spectrum) * 255 + 1e-4, color="black")
    axis.set_title(f"{noise.kind} noise, {noise.sigma * 255:.2f} / 255", fontsize=8, pad=3)
    axis.set_xlim(0, 0.5)
    axis.set_ylim(1e-2, 1e2)
    axis.tick_params(labelsize=7, direction="in", pad=-20)
    axis.set_xticks([0.1, 0.2, 0.3, 0.4], ["0.1", "0.2", "0.3", "0.4 / px"])
    axis.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])


def _sensor_crop(step: Array, row: Row, size: int) -> Array:
    """The part of a step in the sensor's pixels that the crop shows."""
    scale = len(step) / (size + 2 * MARGIN + 8)
    top, left = (round(place * scale) for place in row.shot.corner)
    side = round(size * scale)
    return step[top : top + side, left : left + side]


def _rgb(picture: Array) -> NDArray[np.float32]:
    return np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture
