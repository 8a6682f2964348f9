"""Simulated panels: every pixel where the truth says it is, and a camera that adds what it claims to add."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import block_reduce

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.detect.relief import dome, grain, groove, spot, stamp
from pinsharp.detect.scatter import scatter
from pinsharp.detect.simulate import (
    CameraSettings,
    DirtSettings,
    Panel,
    PanelSettings,
    ParticleSettings,
    expose,
    simulate_panel,
)
from pinsharp.errors import ConfigError, KernelError

CLEAN = DirtSettings(smudges=0, specks=0, scratches=0, faint=0, texture=0)
NOBODY = ParticleSettings(per_pin=0)
SMALL = PanelSettings(pins=4, pin_length_um=120, lead_um=20, trace_um=20)
BARE = replace(SMALL, particles=NOBODY, dirt=CLEAN, roughness_um=0, crown=0)
NOISELESS = CameraSettings(softness=0, shading=0, line_gain=0, full_well=0, read_noise=0)


def flat(level, shape=(200, 200)):
    return Panel(np.full(shape, level, np.float32), (), ())


def test_the_seed_decides_everything():
    one, again, other = (simulate_panel(SMALL, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one.scene, again.scene)
    assert one.particles == again.particles
    assert one.particles != other.particles
    assert not np.array_equal(one.scene, other.scene)


def test_a_scene_is_light_of_the_shape_that_the_settings_say():
    panel = simulate_panel(SMALL, 0)

    assert panel.scene.dtype == np.float32
    assert panel.scene.shape == SMALL.shape
    assert panel.scene.min() >= 0
    assert panel.scene.max() <= 1
    assert len(panel.pins) == 4


def test_the_default_panel_is_small_enough_to_simulate_many():
    height, width = PanelSettings().shape

    assert height * width < 1024 * 1024


@pytest.mark.parametrize("pixel_um", [0.5, 0.73, 1.0, 1.31])
def test_boxes_hold_the_pixels_that_pins_cover_by_half(pixel_um):
    """On a bare panel a pixel is covered by half if it is nearer to the pin's level than to the gap's."""
    bare = replace(BARE, pixel_um=pixel_um)
    panel = simulate_panel(bare, 0)
    left, right = panel.pins[0].left, panel.pins[0].right

    bright = panel.scene[:, (left + right) // 2] >= (bare.pin_level + bare.gap_level) / 2
    rows = [row for pin in panel.pins for row in range(pin.top, pin.bottom)]

    assert np.flatnonzero(bright).tolist() == rows
    edge_row = panel.scene[panel.pins[0].top + 1]  # above the trace, which is narrower
    assert edge_row[right - 1] >= (bare.pin_level + bare.gap_level) / 2 > edge_row[right]


@pytest.mark.parametrize("margin_um", [12.0, 12.25, 12.5, 12.9])
def test_edges_are_true_to_a_fiftieth_of_a_pixel(margin_um):
    """The light of a column tells width and place of a pin: its sum and its centroid."""
    bare = replace(BARE, pins=1, margin_um=margin_um)
    top, bottom = bare.edges(0)

    light = simulate_panel(bare, 0).scene[:, 60].astype(float) - bare.gap_level

    assert light.sum() / (bare.pin_level - bare.gap_level) == pytest.approx(bottom - top, abs=1e-3)
    assert (light * np.arange(light.size)).sum() / light.sum() == pytest.approx((top + bottom) / 2, abs=2e-2)


def test_rough_edges_stray_as_far_as_they_should():
    rough = replace(BARE, pins=12, pin_length_um=400, roughness_um=0.3, pixel_um=0.5)
    scene = simulate_panel(rough, 0).scene

    widths = [
        (scene[pin.top - 3 : pin.bottom + 3, 50:700] - rough.gap_level).sum(0) / (rough.pin_level - rough.gap_level)
        for pin in simulate_panel(rough, 0).pins
    ]

    assert np.std(widths) == pytest.approx(math.sqrt(2) * 0.6, rel=0.1)  # two edges, 0.6 px each


@settings(max_examples=30, deadline=None)
@given(st.floats(9, 11), st.floats(9, 11), st.floats(3, 8), st.floats(0, 360))
def test_a_stamped_dipole_lies_where_it_was_put(row, column, diameter, degrees):
    """Without gloss a dipole is odd about its centre, so that the centroid of its absolute values is the centre."""
    light = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    canvas = np.zeros((21, 21))

    stamp(canvas, (row, column), diameter, dome(diameter, 0.2, 0.0, light))

    weights = np.abs(canvas) / np.abs(canvas).sum()
    rows, columns = np.indices(canvas.shape)
    assert (weights * rows).sum() == pytest.approx(row, abs=0.1)
    assert (weights * columns).sum() == pytest.approx(column, abs=0.1)
    assert canvas.sum() == pytest.approx(0, abs=0.02)
    bright, dark = canvas.clip(0), -canvas.clip(None, 0)
    step = [(bright * axis).sum() / bright.sum() - (dark * axis).sum() / dark.sum() for axis in (rows, columns)]
    assert np.dot(step, light) / np.hypot(*step) > 0.99


def test_stamping_agrees_with_drawing_much_finer():
    fine, coarse = np.zeros((210, 210)), np.zeros((21, 21))

    stamp(fine, (104.5 + 3.0, 104.5 - 4.0), 90.0, dome(60.0, 0.2, 0.25, (0.6, 0.8)))
    stamp(coarse, (10.0 + 0.3, 10.0 - 0.4), 9.0, dome(6.0, 0.2, 0.25, (0.6, 0.8)))

    np.testing.assert_allclose(coarse, block_reduce(fine, 10, np.mean), atol=2e-3)


@pytest.mark.parametrize("centre", [(-3.0, 5.0), (0.2, 0.1), (9.9, 20.0), (40.0, 40.0)])
def test_what_reaches_past_the_border_is_cut_off(centre):
    wide, narrow = np.zeros((50, 60)), np.zeros((10, 20))

    stamp(wide, (centre[0] + 20, centre[1] + 20), 9.0, spot(6.0, 0.3))
    stamp(narrow, centre, 9.0, spot(6.0, 0.3))

    np.testing.assert_allclose(narrow, wide[20:30, 20:40])


@pytest.mark.parametrize("gloss", [0.0, 0.25, 0.6])
def test_strength_is_half_the_step_from_dark_to_bright(gloss):
    rows, columns = np.mgrid[-6:6:241j, -6:6:241j]

    light = dome(6.0, 0.2, gloss, (0.0, 1.0))(rows, columns)

    assert np.ptp(light) / 2 == pytest.approx(0.2, rel=2e-3)
    if not gloss:
        assert not light[rows**2 + columns**2 >= 9].any()


def test_a_groove_shows_only_across_the_light():
    rows, columns = np.mgrid[-6:6:121j, -6:6:121j]
    light = (0.0, 1.0)

    along, across = (groove(20, 3, angle, 0.2, light)(rows, columns) for angle in (0.0, math.pi / 2))

    assert not along.any()
    assert np.ptp(across) / 2 == pytest.approx(0.2, rel=1e-2)


@pytest.mark.parametrize("size", [1.0, 1.5, 3.0])
def test_grain_has_deviation_one_and_runs_across_the_light(size):
    relief = grain((400, 400), size, (0.0, 1.0), np.random.default_rng(0))

    assert relief.mean() == pytest.approx(0, abs=1e-3)
    assert relief.std() == pytest.approx(1, rel=0.05)
    along, across = (np.corrcoef(relief.ravel(), np.roll(relief, 1, axis).ravel())[0, 1] for axis in (1, 0))
    assert across > along


@pytest.mark.parametrize("degrees", [0.0, 40.0, 200.0])
def test_particles_in_the_scene_are_where_the_truth_says(degrees):
    """What particles without gloss add to a scene balances about each true centre."""
    looks = ParticleSettings(per_pin=8, gloss=0, touching=0, apart=2.5)
    crowd = replace(BARE, pin_width_um=40, pitch_um=60, particles=looks, light_degrees=degrees)
    panel, empty = simulate_panel(crowd, 3), simulate_panel(replace(crowd, particles=NOBODY), 3)
    added = panel.scene.astype(float) - empty.scene
    rows, columns = np.indices(added.shape)

    inner = [p for p in panel.particles if panel.pins[p.pin].contains(p.row - 5, p.column - 5)]
    inner = [p for p in inner if panel.pins[p.pin].contains(p.row + 5, p.column + 5)]

    assert len(inner) > 5
    for particle in inner:
        near = np.hypot(rows - particle.row, columns - particle.column) < 6
        weights = np.abs(added) * near / np.abs(added[near]).sum()
        assert (weights * rows).sum() == pytest.approx(particle.row, abs=0.1)
        assert (weights * columns).sum() == pytest.approx(particle.column, abs=0.1)
        # Averaging over pixels cuts the peaks of a dipole that is six of them wide.
        assert 0.75 < np.ptp(added[near]) / 2 / particle.strength <= 1


def test_particles_lie_on_their_pins_and_keep_their_distance():
    panel = simulate_panel(PanelSettings(), 0)
    looks = PanelSettings().particles

    for pin in panel.pins:
        places = np.array([(p.row, p.column) for p in panel.particles if p.pin == pin.number]).reshape(-1, 2)
        distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(places))
        assert all(pin.contains(*place) for place in places)
        assert distance.size == 0 or distance.min() >= looks.least_distance * looks.diameter_um
    assert all(p.strength >= looks.least_strength for p in panel.particles)


def test_touching_decides_how_many_imprints_overlap():
    def near_share(touching):
        looks = ParticleSettings(touching=touching, per_pin=10)
        roomy, rng = replace(SMALL, pins=40, pin_length_um=400, particles=looks), np.random.default_rng(0)
        particles = [p for number in range(40) for p in scatter(roomy, roomy.pin(number), rng)]
        places = np.array([(p.row, p.column) for p in particles])
        distance = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + 1e3 * np.eye(len(places))
        return (distance.min(1) < looks.apart * looks.diameter_um).mean()

    assert near_share(0.0) == 0
    assert 0.1 < near_share(0.2) < near_share(0.6)


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_counts_follow_their_distribution(spread):
    """Poisson's variance is the mean; an uneven bond adds the square of spread times mean."""
    looks = ParticleSettings(per_pin=6, per_pin_spread=spread)
    roomy = replace(BARE, pins=400, pin_length_um=600, particles=looks)
    rng = np.random.default_rng(1)

    counts = np.array([len(scatter(roomy, roomy.pin(number), rng)) for number in range(400)])

    assert counts.mean() == pytest.approx(6, rel=0.1)
    assert counts.var() == pytest.approx(6 + (spread * 6) ** 2, rel=0.3)


def test_dirt_changes_no_particle():
    dirty = simulate_panel(SMALL, 4)
    clean = simulate_panel(replace(SMALL, dirt=CLEAN), 4)

    assert dirty.particles == clean.particles
    assert not np.array_equal(dirty.scene, clean.scene)


@pytest.mark.parametrize("kind", ["smudges", "specks", "scratches", "faint"])
def test_each_kind_of_dirt_shows_and_is_no_particle(kind):
    dirt = replace(CLEAN, **{kind: 20})
    dirty, clean = (simulate_panel(replace(SMALL, particles=NOBODY, dirt=choice), 4) for choice in (dirt, CLEAN))

    assert dirty.particles == ()
    assert np.abs(dirty.scene - clean.scene).max() > 0.03
    if kind == "smudges":  # residue shows in gaps
        pin = clean.pins[0]
        changed = np.abs(dirty.scene - clean.scene)
        assert changed[pin.bottom + 1 : clean.pins[1].top - 1].mean() > 3 * changed[pin.top : pin.bottom].mean()


def test_finer_pixels_show_the_same_particles_larger():
    coarse, fine = (simulate_panel(replace(SMALL, pixel_um=size), 5).particles for size in (1.0, 0.5))

    assert len(coarse) == len(fine) > 10
    for one, two in zip(coarse, fine, strict=True):
        assert (two.row + 0.5, two.column + 0.5) == pytest.approx((2 * one.row + 1, 2 * one.column + 1))
        assert (two.diameter, two.strength) == pytest.approx((2 * one.diameter, one.strength))


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="from 0 on, got -1"):
        simulate_panel(SMALL, -1)


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: PanelSettings(pixel_um=0), "panel.pixel_um must be positive"),
        (lambda: PanelSettings(pitch_um=9.3), "raise it or make the pins narrower"),
        (lambda: PanelSettings(gap_level=1.5), "panel.gap_level is a fraction"),
        (lambda: PanelSettings(margin_um=-1), "panel.margin_um must be a number from 0 on"),
        (lambda: PanelSettings(light_degrees=math.nan), "panel.light_degrees"),
        (lambda: PanelSettings(pixel_um=0.01), "take fewer or shorter pins, or larger pixels"),
        (lambda: ParticleSettings(diameter_um=0), "particles.diameter_um must be positive"),
        (lambda: ParticleSettings(touching=1.1), "particles.touching is a fraction"),
        (lambda: ParticleSettings(least_distance=1.3), "must not exceed particles.apart"),
        (lambda: ParticleSettings(per_pin=math.inf), "particles.per_pin must be a number"),
        (lambda: DirtSettings(specks=-1), "dirt.specks must be a number from 0 on"),
        (lambda: DirtSettings(texture=2), "dirt.texture is a fraction"),
        (lambda: CameraSettings(bits=10), "camera.bits must be 8 or 12, got 10"),
        (lambda: CameraSettings(shading=1), "camera.shading is a share"),
        (lambda: CameraSettings(read_noise=-1), "camera.read_noise must be a number from 0 on"),
    ],
)
def test_settings_out_of_range_are_refused(make, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make()


@pytest.mark.parametrize("bits, dtype, white", [(8, np.uint8, 255), (12, np.uint16, 4095)])
def test_a_perfect_camera_only_rounds(bits, dtype, white):
    panel = simulate_panel(SMALL, 0)

    image = expose(panel, replace(NOISELESS, bits=bits), 0)

    assert image.dtype == dtype
    np.testing.assert_array_equal(image, np.rint(panel.scene * np.float32(white)))


def test_defocus_is_a_convolution_that_continues_the_border():
    """An asymmetric kernel, because a symmetric one hides a flip; scipy is the reference."""
    panel = simulate_panel(SMALL, 0)
    values = np.random.default_rng(0).random((7, 7)) ** 3
    kernel = values / values.sum()

    image = expose(panel, replace(NOISELESS, bits=12), 0, torch.from_numpy(kernel)[None, None].float())

    expected = ndimage.convolve(panel.scene.astype(float), kernel, mode="nearest") * 4095
    assert np.abs(image - expected).max() < 0.6


def test_softness_and_defocus_add_up_as_gaussians_do():
    panel = simulate_panel(SMALL, 0)
    camera = replace(NOISELESS, bits=12)

    soft = expose(panel, replace(camera, softness=1.2), 0, gaussian_kernel(1.6))

    expected = ndimage.gaussian_filter(panel.scene.astype(float), 2.0, mode="nearest") * 4095
    assert np.abs(soft - expected).max() < 0.01 * 4095


def test_no_kernel_is_refused_as_elsewhere():
    with pytest.raises(KernelError, match="sum to 1"):
        expose(simulate_panel(SMALL, 0), NOISELESS, 0, torch.ones(1, 1, 3, 3))


@pytest.mark.parametrize("level", [0.1, 0.4, 0.8])
def test_noise_is_that_of_electrons(level):
    camera = replace(NOISELESS, full_well=5000, read_noise=30, bits=12)

    noise = expose(flat(level), camera, 0) / 4095 - level

    assert noise.mean() == pytest.approx(0, abs=3e-4)
    assert noise.var() == pytest.approx(level / 5000 + (30 / 5000) ** 2, rel=0.05)


def test_without_a_full_well_read_noise_counts_in_eight_bit_levels():
    noise = expose(flat(0.5), replace(NOISELESS, read_noise=2.0, bits=12), 0) / 4095 - 0.5

    assert noise.std() == pytest.approx(2 / 255, rel=0.05)


def test_the_seed_decides_the_noise():
    camera = CameraSettings()
    one, again, other = (expose(flat(0.5), camera, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_shading_takes_its_share_from_the_darkest_corner():
    image = expose(flat(1.0, (101, 151)), replace(NOISELESS, shading=0.2, bits=12), 3) / 4095

    corners = [image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]]
    assert min(corners) == image.min() == pytest.approx(0.8, abs=1e-3)
    assert image.max() == pytest.approx(1.0, abs=1e-3)
    assert np.abs(np.diff(image, axis=0)).max() < 0.01


def test_line_gains_stay_in_their_columns():
    image = expose(flat(0.5), replace(NOISELESS, line_gain=0.02, bits=12), 0) / 4095

    assert np.ptp(image, axis=0).max() == 0
    assert image[0].std() == pytest.approx(0.01, rel=0.25)
