"""What spectra and edges show of a blur that is longer than wide: how much, in which direction, and of a round one."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from pinsharp.blur.astigmatism import LONG, evidence
from pinsharp.blur.votes import Votes
from pinsharp.data.cameras.lens import Lens, lens_kernels, see
from pinsharp.nets.swift.directions import by_edges, by_spectrum
from pinsharp.nets.swift.spectrum_net import SpectrumConfig, SpectrumNet
from pinsharp.nets.swift.witnesses import find_edges

NET = SpectrumNet(SpectrumConfig(window=64, directions=8, hidden=4))
SIGMA = 1.6


def windows(stretch, angle, seed=0):
    """Windows (16, 64, 64) of a scene of plain areas, blurred by a Gaussian that may be longer than wide."""
    rng = np.random.default_rng(seed)
    areas = gaussian_filter(rng.standard_normal((300, 300)), 2.5) > 0
    lens = Lens(sigma=SIGMA, stretch=stretch, angle=angle)
    seen = see(areas[..., None].astype(np.float32), lens_kernels(lens, 1.0, 1))[:256, :256, 0]
    noisy = seen + rng.normal(0, 0.002, seen.shape).astype(np.float32)
    return torch.from_numpy(noisy.reshape(4, 64, 4, 64).swapaxes(1, 2).reshape(16, 64, 64).copy())


def turns(seen):
    power = NET.by_direction(NET.power(seen[None]))[0]
    return by_spectrum(power, SIGMA), by_edges(find_edges(seen), SIGMA)


def votes(seen, elongation=0.0):
    same = torch.ones(16)
    row, column = torch.meshgrid(torch.arange(4) * 64, torch.arange(4) * 64, indexing="ij")
    places = torch.stack([row.flatten(), column.flatten(), 64 + 0 * row.flatten(), 64 + 0 * row.flatten()], dim=1)
    spectrum, edges = turns(seen)
    log_width = math.log(SIGMA) * same
    return Votes(
        places,
        log_width,
        0.05 * same,
        elongation * same,
        0 * same,
        same,
        same / 16,
        spectrum_turn=spectrum,
        edge_turn=edges,
    )


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, 2.5])
def test_both_witnesses_point_along_the_longer_side(angle):
    for seen in turns(windows(0.3, angle)):
        along, down = seen[:, :2].median(dim=0).values.tolist()
        off = math.atan2(down, along) / 2 - angle
        assert abs(math.sin(off)) < 0.15


def test_spectra_tell_by_how_much_squared_widths_differ():
    spectrum, _ = turns(windows(0.2, 0.0))

    expected = SIGMA**2 * (1.2**2 - 1.2**-2) / 2
    assert float(spectrum[:, 0].median()) == pytest.approx(expected, rel=0.2)
    assert float(spectrum[:, 1].median()) == pytest.approx(0, abs=0.2 * expected)


def test_a_round_blur_gives_no_evidence_and_a_long_one_its_widths():
    round_, long = (evidence(votes(windows(stretch, 0.5)), SIGMA, 0.05) for stretch in (0.0, 0.4))

    assert round_.strength < LONG / 2
    assert long.strength > LONG
    assert long.widths.course == "even"
    assert long.widths.angle == pytest.approx(math.degrees(0.5), abs=6)
    assert long.widths.along.sigma == pytest.approx(1.4 * SIGMA, rel=0.1)
    assert long.widths.across.sigma == pytest.approx(SIGMA / 1.4, rel=0.3)


def test_a_blur_that_is_long_along_the_radius_is_told_so():
    said = votes(windows(0.0, 0.0))
    centres = said.centres - said.centres.mean(dim=0)
    square = centres.square().sum(dim=1) / centres.square().sum(dim=1).max()
    angle = 2 * torch.atan2(centres[:, 0], centres[:, 1])
    turn = torch.stack([square * angle.cos(), square * angle.sin(), 0.05 + 0 * angle], dim=1)
    radial = Votes(**{**vars(said), "spectrum_turn": 1.5 * turn, "edge_turn": turn})

    found = evidence(radial, SIGMA, 0.05).widths

    assert found.course == "radial"
    share = (found.distance / float(centres.norm(dim=1).max())) ** 2
    assert found.tangential.sigma == pytest.approx(math.sqrt(SIGMA**2 + 1.5 * share), rel=0.02)
    assert found.sagittal.sigma == pytest.approx(math.sqrt(SIGMA**2 - 1.5 * share), rel=0.02)


def test_windows_of_noise_alone_tell_nothing():
    noise = 0.01 * torch.randn(16, 64, 64, generator=torch.Generator().manual_seed(0))

    assert evidence(votes(noise), SIGMA, 0.05) is None
