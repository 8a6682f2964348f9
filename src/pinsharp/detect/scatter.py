"""Where the particles of a simulated panel lie, and what each is like."""

from __future__ import annotations

import math

import numpy as np

from pinsharp.detect.panel import PanelSettings, ParticleSettings
from pinsharp.detect.tables import Particle, Pin

_TRIES = 30  # places tried before a particle is left out of a crowded pin


def scatter(settings: PanelSettings, pin: Pin, rng: np.random.Generator) -> list[Particle]:
    """Draw the particles of a pin: how many, where, how large and how strong."""
    particles: list[Particle] = []
    (top, bottom), (left, right) = settings.edges(pin.number), settings.sides
    start = left + min(settings.px(settings.particles.onset_um), right - left) * rng.random()
    inset = min(settings.px(settings.particles.diameter_um) / 4, (bottom - top) / 4, (right - start) / 4)
    box = (top + inset, start + inset, bottom - inset, right - inset)
    for _ in range(_number(settings.particles, rng)):
        place = _place(box, particles, settings, rng)
        if place is not None:
            particles.append(_draw_particle(place, pin.number, settings, rng))
    return particles


def _number(looks: ParticleSettings, rng: np.random.Generator) -> int:
    """How many particles fell on a pin: Poisson's number about a mean that itself varies by a gamma distribution."""
    uneven = looks.per_pin_spread**2
    mean = looks.per_pin * (rng.gamma(1 / uneven, uneven) if uneven else 1.0)
    return int(rng.poisson(mean))


def _place(
    box: tuple[float, float, float, float], others: list[Particle], settings: PanelSettings, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Find a place for one more particle; None if the pin is too crowded."""
    diameter = settings.px(settings.particles.diameter_um)
    near = settings.particles.least_distance * diameter
    touches = bool(others) and rng.random() < settings.particles.touching
    apart = near if touches else settings.particles.apart * diameter
    for _ in range(_TRIES):
        row, column = rng.uniform(box[0], box[2]), rng.uniform(box[1], box[3])
        if touches:
            other = others[rng.integers(len(others))]
            distance, angle = (
                diameter * rng.uniform(near / diameter, settings.particles.apart),
                rng.uniform(0, math.tau),
            )
            row, column = other.row + distance * math.sin(angle), other.column + distance * math.cos(angle)
        is_inside = box[0] <= row <= box[2] and box[1] <= column <= box[3]
        if is_inside and all(math.hypot(row - o.row, column - o.column) >= apart for o in others):
            return row, column
    return None


def _draw_particle(place: tuple[float, float], pin: int, settings: PanelSettings, rng: np.random.Generator) -> Particle:
    looks = settings.particles
    diameter = settings.px(rng.normal(looks.diameter_um, looks.diameter_spread_um))
    strength = rng.normal(looks.strength, looks.strength_spread)
    least = settings.px(looks.diameter_um) / 2
    return Particle(*place, max(least, diameter), min(1.0, max(looks.least_strength, strength)), pin)
