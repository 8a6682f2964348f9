"""Images of display panels with known truth: pins, conductive particles and dirt, as line-scan cameras see them."""

from __future__ import annotations

import numpy as np

from pinsharp.detect.bars import draw_bars, overlap
from pinsharp.detect.camera import CameraSettings, expose
from pinsharp.detect.dirt import add_faint_imprints, add_scratches, add_smudges, add_specks
from pinsharp.detect.panel import DirtSettings, Panel, PanelSettings, ParticleSettings
from pinsharp.detect.relief import DOME_REACH, Floats, dome, grain, stamp
from pinsharp.detect.scatter import scatter
from pinsharp.errors import ConfigError

__all__ = ["CameraSettings", "DirtSettings", "Panel", "PanelSettings", "ParticleSettings", "expose", "simulate_panel"]

_QUIET = 0.3  # share of the pins' texture elsewhere


def simulate_panel(settings: PanelSettings, seed: int) -> Panel:
    """Draw an ideal panel: no blur, no noise; the same seed, 0 or more, gives the same panel.

    Particles have random numbers of their own: with other dirt, or none, the same ones lie at the same places.

    Raises:
        ConfigError: If the seed is negative.
    """
    if seed < 0:
        raise ConfigError(f"--seed must be a whole number from 0 on, got {seed}")
    of_bars, of_particles, of_dirt = (np.random.default_rng([seed, stream]) for stream in range(3))
    scene, on_bars = draw_bars(settings, of_bars)
    pins = tuple(settings.pin(number) for number in range(settings.pins))
    particles = tuple(particle for pin in pins for particle in scatter(settings, pin, of_particles))
    add_smudges(scene, on_bars, settings, of_dirt)
    relief = np.zeros_like(scene)
    for particle in particles:
        profile = dome(particle.diameter, particle.strength, settings.particles.gloss, settings.light)
        stamp(relief, (particle.row, particle.column), DOME_REACH * particle.diameter, profile)
    add_faint_imprints(relief, settings, of_dirt)
    add_specks(relief, settings, of_dirt)
    add_scratches(relief, settings, of_dirt)
    scene += relief * on_bars + _texture(settings, on_bars, of_dirt)
    return Panel(scene.clip(0, 1).astype(np.float32), particles, pins)


def _texture(settings: PanelSettings, on_bars: Floats, rng: np.random.Generator) -> Floats:
    """Relief of the film: full on the pins, less on leads and in gaps."""
    dirt = settings.dirt
    on_pins = on_bars * overlap(np.arange(settings.shape[1]), *settings.sides)
    amount = _QUIET + (1 - _QUIET) * on_pins
    relief = grain(settings.shape, settings.px(dirt.texture_um), settings.light, rng)
    return dirt.texture * amount * relief
