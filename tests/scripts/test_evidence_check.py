"""The script that counts how many invented particles an evidence map points at."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pinsharp.bench.detection.scene import Setup, Shot
from pinsharp.detect.panel import DirtSettings, PanelSettings
from tiny_panels import dipole

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import evidence_check

CLEAN = replace(
    Setup(),
    panel=PanelSettings(
        pins=4,
        pin_length_um=150,
        particles=replace(PanelSettings().particles, per_pin=3),
        dirt=DirtSettings(smudges=0, specks=0, scratches=0, faint=0),
    ),
)


@pytest.fixture
def shot():
    return Shot(CLEAN, 0)


def inventing(shot, *, bright):
    """Gives the panel in focus with one more particle, where nothing is, and a map that is highest there or not."""
    pin, truth = shot.panel.pins[1], shot.panel.particles
    row = (pin.top + pin.bottom - 1) / 2
    free = max(range(pin.left + 12, pin.right - 12), key=lambda at: min(abs(p.column - at) for p in truth))
    image = shot.image / 255 + 0.25 * dipole(shot.image.shape, row, free, 1.6, 40)
    unsupported = np.linspace(0, 0.5, image.size, dtype=np.float32).reshape(image.shape)
    unsupported[round(row) - 1 : round(row) + 2, free - 3 : free + 4] = 1.0 if bright else 0.0
    found = SimpleNamespace(image=np.rint(255 * image.clip(0, 1)).astype(np.uint8), unsupported=unsupported)
    return lambda image, kernel: found


@pytest.mark.parametrize("bright", [True, False])
def test_what_was_invented_is_counted_and_where_it_lies(shot, bright):
    count = evidence_check.judge(shot, inventing(shot, bright=bright), kernel=None)

    assert (count.images, count.invented, count.invented_in_tenth) == (1, 1, int(bright))
    assert count.true > 0


def test_images_left_as_they_are_do_not_count(shot):
    count = evidence_check.judge(shot, lambda *_, **__: SimpleNamespace(unsupported=None), kernel=None)

    assert count + count == evidence_check.Count()
