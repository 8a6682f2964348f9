"""Sensors: noise in electrons, stripes, mosaics and bits."""

import math

import numpy as np
import pytest
import torch

from pinsharp.blur.camera import quantise
from pinsharp.data.cameras.sensor import PATTERNS, Sensor, count_electrons, demosaic, mosaic, quantised, read_out
from pinsharp.errors import ConfigError

METHODS = ("bilinear", "edge-aware", "vng")


def flat(level, shape=(200, 200, 1)):
    return np.full(shape, level, np.float32)


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("full_well", [20.0, 500.0, 1_000.0, 50_000.0])
@pytest.mark.parametrize("level", [0.1, 0.8])
def test_the_variance_of_electrons_is_their_number_and_that_of_reading(full_well, level):
    read = 0.1 * math.sqrt(full_well)

    noise = count_electrons(flat(level), Sensor(full_well=full_well, read_noise=read), rng()) - level

    assert abs(noise.mean()) < 5 * noise.std() / 200
    assert noise.var() == pytest.approx(level / full_well + (read / full_well) ** 2, rel=0.03)


def test_speckle_grows_with_the_signal():
    sensor = Sensor(full_well=1e9, read_noise=0.0, speckle=0.1)

    dark, bright = (count_electrons(flat(level), sensor, rng()).std() for level in (0.2, 0.6))

    assert dark == pytest.approx(0.02, rel=0.02)
    assert bright == pytest.approx(0.06, rel=0.02)


def test_noise_of_an_electron_microscope_hangs_together_along_its_lines_only():
    noise = (count_electrons(flat(0.5), Sensor("sem", full_well=100.0), rng()) - 0.5)[..., 0]

    along, across = ((noise[:-1, :-1] * other).mean() / noise.var() for other in (noise[:-1, 1:], noise[1:, :-1]))

    assert along == pytest.approx(2 * 0.15 * 0.7 / (0.7**2 + 2 * 0.15**2), abs=0.02)
    assert abs(across) < 0.02


@pytest.mark.parametrize("lies_down", [False, True])
def test_stripes_run_along_the_image(lies_down):
    sensor = Sensor("line", bits=16, full_well=math.inf, stripes=0.02, lies_down=lies_down)

    striped = read_out(flat(0.5), sensor, rng())[..., 0]

    striped = striped.T if lies_down else striped
    assert (striped == striped[0]).all()
    assert striped[0].std() == pytest.approx(0.5 * 0.02, rel=0.15)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_rounding_is_that_of_the_noise_module(bits):
    values = np.linspace(-0.1, 1.1, 997, dtype=np.float32)

    np.testing.assert_allclose(quantised(values, bits), quantise(torch.from_numpy(values), bits).numpy(), atol=1e-7)


def test_a_sensor_of_endless_wells_only_rounds():
    light = np.random.default_rng(0).random((20, 20, 3), dtype=np.float32)

    np.testing.assert_array_equal(read_out(light, Sensor(bits=10, full_well=math.inf), rng()), quantised(light, 10))


@pytest.mark.parametrize("pattern, name", list(enumerate(PATTERNS)))
def test_each_pixel_of_a_mosaic_sees_the_colour_of_its_filter(pattern, name):
    light = np.random.default_rng(0).random((6, 8, 3), dtype=np.float32)

    caught = mosaic(light, pattern)

    for down in range(6):
        for across in range(8):
            colour = "RGB".index(name[2 * (down % 2) + across % 2])
            assert caught[down, across, 0] == light[down, across, colour]


@pytest.mark.parametrize("pattern", range(4))
def test_green_may_be_uneven_between_the_rows_of_red_and_blue(pattern):
    caught = mosaic(flat(0.5, (4, 4, 3)), pattern, imbalance=0.1)

    blue_row = PATTERNS[pattern].index("B") // 2
    blue_row_green = caught[blue_row::2][caught[blue_row::2] > 0.5]
    np.testing.assert_allclose(blue_row_green, 0.55, rtol=1e-6)
    assert (caught[1 - blue_row :: 2] == 0.5).all()
    assert len(blue_row_green) == 4


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pattern", range(4))
def test_a_flat_colour_comes_back_from_its_mosaic(method, pattern):
    colour = np.broadcast_to(np.array([0.2, 0.5, 0.8], np.float32), (24, 22, 3))

    made = demosaic(mosaic(colour, pattern), method, pattern)

    np.testing.assert_allclose(made[4:-4, 4:-4], colour[4:-4, 4:-4], atol=0.005)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("axis", [0, 1])
def test_demosaicing_shifts_nothing(method, axis):
    """A ramp comes back where it was, to a tenth of a pixel."""
    ramp = np.linspace(0.1, 0.9, 40, dtype=np.float32)
    light = np.repeat(np.expand_dims(np.tile(ramp, (40, 1)), -1), 3, axis=-1)
    light = np.ascontiguousarray(light.transpose(1, 0, 2) if axis == 0 else light)

    made = demosaic(mosaic(light), method)

    step = float(ramp[1] - ramp[0])
    assert abs((made - light)[5:-5, 5:-5].mean(axis=(0, 1))).max() < 0.1 * step


@pytest.mark.parametrize(
    "choice, sentence",
    [({"kind": "film"}, "got 'film'"), ({"bits": 7}, "from 8 to 16, got 7"), ({"full_well": 0.0}, "must be positive")],
)
def test_a_sensor_that_cannot_be_is_refused(choice, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Sensor(**choice)
