"""The choices of one training pair: which camera, lens, light, sensor, processing and faults, drawn from (seed, index).

How often what occurs is a matter of the named camera; see `pinsharp.data.cameras.cameras`.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from pinsharp.data.cameras.cameras import CAMERAS, Camera, mixture
from pinsharp.data.cameras.choices import Draw, Drawing, Scene
from pinsharp.data.cameras.covers import COVERS
from pinsharp.data.cameras.faults import SENSOR_FAULTS, Faults
from pinsharp.data.cameras.lens import Lens
from pinsharp.data.cameras.light import LINEAR, SRGB, Exposure, Tone
from pinsharp.data.cameras.processing import Colour, Denoising, Processing, Resizing, Subsampling
from pinsharp.data.cameras.sensor import PATTERNS, Demosaicing, Sensor

Picture = TypeVar("Picture")

_STREAM = 0xCA3E7A  # sets these random numbers apart from those of other data
_GREATEST_SHRINK = 0.6  # a scene is reduced to this at most
_MOTION = (3.0, 25.0)  # pixels
_UPRIGHT = 0.35  # share of motions along rows or columns
_STRETCH = (0.15, 0.8)  # how much longer than round
_CORE, _CORE_WIDTH = (0.05, 0.4), (0.1, 0.5)  # shares of the light, and of the width of the rest
_HALO, _HALO_WIDTH = (0.05, 0.4), (1.3, 2.2)  # the same
_APERTURE = (0.25, 1.0)  # pixels of the sensor
_LEAST_LEVELS = 12
_LEAST_SHAPE = 2.0  # radius in pixels; of smaller discs pixels show no rim


def draw_pair(camera: str, seed: int, index: int) -> Draw:
    """Draw everything that is random about one pair.

    Args:
        camera: Name of a camera or of a mixture.
        seed: The run's seed.
        index: Sample number, >= 0; the same numbers always give the same pair.

    Raises:
        ConfigError: If there is no camera of that name.
    """
    dice = _Dice(np.random.default_rng((_STREAM, seed, index)))
    shares = mixture(camera)
    name = dice.weighted(shares)
    kind = CAMERAS[name]
    bits = dice.pick(kind.bits)
    processing, sensor = _processing(kind, bits, dice), _sensor(kind, bits, dice)
    draw = Draw(
        camera=name,
        scene=_scene(kind, processing, dice),
        exposure=_exposure(kind, sensor, 8 if processing.jpeg else processing.bits, dice),
        lens=_lens(kind, dice),
        sensor=sensor,
        processing=processing,
        faults=_faults(kind, dice),
        by_computer=False,
        phase=(dice.below(8), dice.below(8)),
        seed=dice.below(1 << 62),
    )
    if dice.chance(kind.by_computer) and not draw.lens.is_sharp:
        draw = _by_computer(draw)
    return _with_halo(_with_core(_unsuitable(draw, kind, dice), kind, dice), kind, dice)


def _unsuitable(draw: Draw, kind: Camera, dice: "_Dice") -> Draw:
    """Scenes that tell nothing of the blur, and images whose blur is not that of defocus."""
    pattern, moved = dice.chance(kind.patterns), dice.chance(kind.moved)
    length, angle = dice.log(*_MOTION), dice.between(0, math.pi)
    empty, stretch = dice.chance(kind.empty), dice.between(*_STRETCH) * dice.chance(kind.stretched)
    if dice.chance(_UPRIGHT):  # what moves on a belt, or shakes on a stand
        angle = round(2 * angle / math.pi) * math.pi / 2
    if pattern or empty:
        drawing: Drawing = "pattern" if pattern else "empty"
        draw = replace(draw, scene=replace(draw.scene, drawing=drawing, decoding=LINEAR))
    if moved and not draw.by_computer:
        draw = replace(draw, lens=replace(draw.lens, motion=length, angle=angle))
    elif stretch and not draw.by_computer:
        draw = replace(draw, lens=replace(draw.lens, stretch=stretch, angle=angle))
    return draw


def _with_core(draw: Draw, kind: Camera, dice: "_Dice") -> Draw:
    """Lenses a part of whose light stays in focus."""
    cored, share, width = dice.chance(kind.cored), dice.between(*_CORE), dice.between(*_CORE_WIDTH)
    if cored and not draw.by_computer and not draw.lens.is_sharp:
        return replace(draw, lens=replace(draw.lens, core=share, core_width=width))
    return draw


def _with_halo(draw: Draw, kind: Camera, dice: "_Dice") -> Draw:
    """Lenses that spread a part of the light far, and the softness that a camera has in focus."""
    hazy, share, width = dice.chance(kind.hazy), dice.between(*_HALO), dice.between(*_HALO_WIDTH)
    soft, aperture = dice.chance(kind.soft), dice.log(*_APERTURE) * draw.processing.resize
    lens = draw.lens
    if hazy and not draw.by_computer and not lens.is_sharp and not lens.core:
        lens = replace(lens, halo=share, halo_width=width)
    return replace(draw, lens=replace(lens, aperture=aperture if soft else 0.0))


def _by_computer(draw: Draw) -> Draw:
    """A program blurs values, not light, behind the sensor."""
    return replace(
        draw,
        by_computer=True,
        exposure=Exposure(),  # that of the draw was for the depth of its sensor, not for 8 bits
        lens=Lens(sigma=draw.lens.sigma if not draw.lens.radius else draw.lens.radius / 2),
        scene=replace(draw.scene, decoding=LINEAR),
        sensor=replace(draw.sensor, kind="plain", stripes=0.0),
        processing=replace(draw.processing, tone=LINEAR, bits=8),
    )


class _Dice:
    """Random numbers of the kinds that choices are made of; each choice takes one, whatever comes of it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def between(self, least: float, most: float) -> float:
        return float(self._rng.uniform(least, most))

    def log(self, least: float, most: float) -> float:
        return math.exp(self.between(math.log(least), math.log(most)))

    def below(self, count: int) -> int:
        return int(self._rng.integers(count))

    def pick(self, choices: Sequence[Picture]) -> Picture:
        return choices[self.below(len(choices))]

    def weighted(self, shares: dict[str, float]) -> str:
        return str(self._rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))


def _scene(kind: Camera, processing: Processing, dice: _Dice) -> Scene:
    drawn, reduced = dice.chance(kind.drawn), dice.chance(0.35)
    drawing: Drawing = dice.pick(("shapes", "shapes", "shapes", "grains")) if drawn else "photograph"
    shrink = dice.between(_GREATEST_SHRINK, 1)
    return Scene(
        image=dice.between(0, 1),
        down=dice.between(0, 1),
        across=dice.between(0, 1),
        turns=dice.below(4),
        flipped=dice.chance(0.5),
        # Where the result is reduced, the scene is as crisp without, and its photograph has no room for both.
        shrink=shrink if reduced and processing.resize == 1 else 1.0,
        drawing=drawing,
        decoding=_decoding(kind, dice),
        mono=dice.chance(kind.mono),
    )


def _decoding(kind: Camera, dice: _Dice) -> Tone:
    """Parts in a well-lit machine are not as dark, in linear light, as photographs: there any power law will do."""
    machine, power = dice.chance(0.5), dice.between(1, 2.2)
    if not kind.light:
        return LINEAR
    return Tone("gamma", power) if machine and sum(kind.curves) < 0.5 else SRGB


def _exposure(kind: Camera, sensor: Sensor, bits: int, dice: _Dice) -> Exposure:
    dim, flat, pivot = dice.chance(kind.dim), dice.chance(kind.flat), dice.between(0, 1)
    gain, contrast = (dice.log(1 / 64, 1) if dim else dice.between(0.15, 1.1)), dice.log(1 / 64, 1)
    if not kind.light:
        return Exposure()
    # From black to white there are to be a dozen levels and a dozen times the noise, or nothing is left to restore.
    dark = _LEAST_LEVELS * max(2.0**-bits, sensor.read_noise / sensor.full_well)
    gain = max(gain, min(0.9, max(dark, _LEAST_LEVELS**2 / sensor.full_well)))
    least = max(dark, _LEAST_LEVELS * math.sqrt(gain * pivot / sensor.full_well)) / gain
    return Exposure(gain, max(contrast, min(1.0, least)) if flat else 1.0, pivot)


def _lens(kind: Camera, dice: _Dice) -> Lens:
    sharp, gaussian, soft = dice.chance(kind.sharp), dice.chance(kind.gaussian), dice.chance(kind.soft_disc)
    spread = dice.log if kind.is_log else dice.between
    sigma, radius, share = spread(*kind.sigma), spread(*kind.radius), dice.between(0.05, 0.35)
    if sharp:
        return Lens()
    bent = dice.chance(kind.aberrated)
    stretch, rim, coma, blades, tail = (bent and dice.chance(0.5) for _ in range(5))
    has_shape = not gaussian and radius >= _LEAST_SHAPE
    return Lens(
        radius=0.0 if gaussian else radius,
        sigma=sigma if gaussian else share * radius * soft,
        rim=dice.between(-0.6, 0.8) * (rim and has_shape),
        coma=dice.between(0, 0.5) * (coma and has_shape),
        stretch=dice.between(0, 0.1) * stretch,
        angle=dice.between(0, math.pi),
        blades=(5 + dice.below(5)) * (blades and has_shape),
        roundness=dice.between(0.3, 1),
        tail=dice.between(0.05, 0.4) * (tail and gaussian),
        colour=dice.between(-0.08, 0.08) * dice.chance(kind.colour),
        drift=dice.between(0.05, 0.4) * dice.chance(kind.drift),
        drift_angle=dice.between(0, 2 * math.pi),
    )


def _sensor(kind: Camera, bits: int, dice: _Dice) -> Sensor:
    methods: tuple[Demosaicing, ...] = ("bilinear", "bilinear", "edge-aware", "edge-aware", "vng")
    noiseless, well, read = dice.chance(kind.noiseless), dice.log(*kind.full_well), dice.log(*kind.read_noise)
    return Sensor(
        kind=kind.sensor,
        bits=bits,
        full_well=math.inf if noiseless else well,
        read_noise=read,
        stripes=dice.between(0, kind.stripes),
        lies_down=kind.sensor == "sem" or dice.chance(0.5),
        speckle=dice.between(0, kind.speckle),
        demosaicing=dice.pick(methods),
        pattern=dice.below(len(PATTERNS)),
        imbalance=dice.between(-0.02, 0.02),
    )


def _processing(kind: Camera, bits: int, dice: _Dice) -> Processing:
    curve, is_jpeg = dice.between(0, 1), dice.chance(kind.jpeg)
    srgb, gamma = kind.curves
    steepness = dice.between(1.0, 1.7) if dice.chance(kind.s_curve) else 1.0
    power = dice.between(1.8, 2.4)
    tone = LINEAR if curve >= srgb + gamma else Tone("srgb" if curve < srgb else "gamma", power, steepness)
    denoising: tuple[Denoising, ...] = ("gaussian", "median", "bilateral", "chroma")
    resizing: tuple[Resizing, ...] = ("area", "area", "linear", "cubic")
    reduced, enlarged = dice.between(*kind.resize), dice.between(1, 2)
    larger = enlarged if dice.chance(kind.enlarged) else 1.0
    subsampling: tuple[Subsampling, ...] = ("420", "420", "422", "444")
    return Processing(
        colour=Colour(dice.between(1.2, 2.4), dice.between(1.1, 2.2), dice.between(0, 0.4)),
        denoising=dice.pick(denoising) if dice.chance(kind.denoised) else "none",
        strength=dice.between(*kind.strength),
        tone=tone,
        amount=dice.between(*kind.amount) if dice.chance(kind.sharpened) else 0.0,
        reach=dice.between(0.6, 1.8),
        resize=reduced if dice.chance(kind.resized) else larger,
        resizing=dice.pick(resizing),
        # A tone curve is there to make 8 bits do.
        bits=bits if tone.curve == "linear" and bits != 14 else 8,
        jpeg=kind.quality[0] + dice.below(kind.quality[1] - kind.quality[0] + 1) if is_jpeg else 0,
        subsampling=dice.pick(subsampling),
    )


def _faults(kind: Camera, dice: _Dice) -> Faults:
    spoilt, place, both = dice.chance(kind.spoilt), dice.between(0, 1), dice.chance(0.2)
    sensor, page, glints = dice.pick(SENSOR_FAULTS), dice.pick(tuple(COVERS)), 1 + dice.below(12)
    seed = dice.below(1 << 62)
    if not spoilt:
        return Faults()
    return Faults(
        sensor=(sensor,) if place < 0.35 or both else (),
        page=(page,) if 0.35 <= place < 0.8 or both else (),
        glints=glints if place >= 0.8 or both else 0,
        seed=seed,
    )
