"""Dirt on simulated panels, which may look like particles: smudges, specks and scratches."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from pinsharp.detect.panel import PanelSettings
from pinsharp.detect.relief import DOME_REACH, Floats, dome, groove, spot, stamp

_RESIDUE_LEVEL = 0.42  # brightness of residue, between gap and pin
_SCRATCH_UM = 3.0  # width of a scratch


def add_smudges(scene: Floats, on_bars: Floats, settings: PanelSettings, rng: np.random.Generator) -> None:
    """Mix patches of mottled residue into a scene (H, W), changed in place; they show in gaps and hardly on pins.

    `on_bars` is the share of each pixel that a bar covers, (H, W).
    """
    height, width = scene.shape
    mottle = ndimage.gaussian_filter(rng.standard_normal(scene.shape), 1.0) * math.sqrt(4 * math.pi)
    for _ in range(rng.poisson(settings.dirt.smudges)):
        length = settings.px(settings.dirt.smudge_um) * rng.lognormal(0, 0.4)
        column = settings.sides[0] + rng.normal(0, 1.5) * settings.px(settings.dirt.smudge_um)
        gap = int(rng.integers(settings.pins)) + 1
        row = settings.edges(gap)[0] - settings.px(settings.pitch_um - settings.pin_width_um) / 2
        rows, columns = np.arange(height)[:, None] - row, np.arange(width)[None, :] - column
        window = np.exp(-((rows / (0.12 * length)) ** 2) - (columns / (0.5 * length)) ** 2)
        amount = 0.6 * window * (0.5 + 0.5 * mottle).clip(0, 1) * (1 - 0.8 * on_bars)
        scene += amount * (_RESIDUE_LEVEL - scene)


def add_specks(relief: Floats, settings: PanelSettings, rng: np.random.Generator) -> None:
    """Add dark and bright round spots to the relief (H, W) of the pins, changed in place."""
    dirt = settings.dirt
    for number in range(settings.pins):
        for _ in range(rng.poisson(dirt.specks)):
            place = rng.uniform(*settings.edges(number)), rng.uniform(*settings.sides)
            diameter = settings.px(dirt.speck_um) * rng.lognormal(0, 0.25)
            strength = dirt.speck_strength * rng.lognormal(0, 0.3) * rng.choice([-1, 1])
            stamp(relief, place, diameter, spot(diameter, strength))


def add_faint_imprints(relief: Floats, settings: PanelSettings, rng: np.random.Generator) -> None:
    """Add imprints too shallow to count to the relief (H, W) of the pins, changed in place."""
    looks = settings.particles
    for number in range(settings.pins):
        for _ in range(rng.poisson(settings.dirt.faint)):
            place = rng.uniform(*settings.edges(number)), rng.uniform(*settings.sides)
            diameter = settings.px(looks.diameter_um) * rng.uniform(0.8, 1.2)
            strength = settings.dirt.faint_strength * rng.random()
            stamp(relief, place, DOME_REACH * diameter, dome(diameter, strength, looks.gloss, settings.light))


def add_scratches(relief: Floats, settings: PanelSettings, rng: np.random.Generator) -> None:
    """Add embossed scratches to the relief (H, W) of the pins, changed in place."""
    dirt, (height, width) = settings.dirt, settings.shape
    for _ in range(rng.poisson(dirt.scratches)):
        length = settings.px(dirt.scratch_um) * rng.lognormal(0, 0.5)
        profile = groove(
            length, settings.px(_SCRATCH_UM), rng.uniform(0, math.pi), dirt.scratch_strength, settings.light
        )
        stamp(relief, (rng.uniform(0, height), rng.uniform(0, width)), length / 2, profile)
