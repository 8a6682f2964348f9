"""Leads, pins and traces of a simulated panel, every edge to a fraction of a pixel."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pinsharp.detect.panel import PanelSettings
from pinsharp.detect.relief import Floats

_BAND_UM = 24.0  # of the bright edge across the leads
_BAND = 0.08  # how much brighter leads are there
_SMOOTH_PX = 6.0  # over which a rough edge is smooth


def draw_bars(settings: PanelSettings, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw leads, pins and traces: the scene, and the share of each pixel that a lead or a pin covers, both (H, W)."""
    height, width = settings.shape
    columns = np.arange(width)
    left, right = settings.sides
    on_pin, on_trace = overlap(columns, left, right), overlap(columns, right, math.inf)  # (W,)
    band = overlap(columns, left - settings.px(_BAND_UM), left)
    plain = settings.pin_level + _BAND * band
    scene, covered = np.full((height, width), settings.gap_level), np.zeros((height, width))
    for number in range(settings.pins):
        top, bottom = settings.edges(number)
        part = slice(max(0, math.floor(top - 3)), math.ceil(bottom + 3) + 1)
        rows = np.arange(height)[part, None]
        bar = overlap(rows, top + _rough(settings, rng), bottom + _rough(settings, rng)) * (1 - on_trace)  # (h, W)
        across = ((rows - top) / (bottom - top)).clip(0, 1)
        level = plain + on_pin * settings.crown * np.sin(math.pi * across) ** 2
        middle, half = (top + bottom) / 2, settings.px(settings.trace_width_um) / 2
        trace = overlap(rows, middle - half, middle + half) * on_trace
        scene[part] += bar * (level - settings.gap_level) + trace * (settings.trace_level - settings.gap_level)
        covered[part] += bar
    return scene, covered


def overlap(pixels: NDArray[np.int_], start: Floats | float, end: Floats | float) -> Floats:
    """Share of each pixel, one wide and centred on its number, that lies between two positions."""
    shared: Floats = np.clip(np.minimum(pixels + 0.5, end) - np.maximum(pixels - 0.5, start), 0, 1)
    return shared


def _rough(settings: PanelSettings, rng: np.random.Generator) -> Floats:
    """How far an edge strays from a straight line, in pixels, (W,)."""
    noise: Floats = ndimage.gaussian_filter1d(rng.standard_normal(settings.shape[1]), _SMOOTH_PX, mode="wrap")
    return settings.px(settings.roughness_um) * noise * math.sqrt(2 * _SMOOTH_PX * math.sqrt(math.pi))
