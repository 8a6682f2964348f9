"""The detection benchmark: nothing is measured twice or lost, and figures are the same however it is run."""

import math
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from fake_detection import CALLS, PANEL, SETUP, Stumbling, fake_lineup
from pinsharp.bench.detection.records import KIND, SHARP, kept_files
from pinsharp.bench.detection.rows import answer, attempts
from pinsharp.bench.detection.scene import Shot, column_noise_power
from pinsharp.bench.detection.study import Detection
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.records import load_run
from pinsharp.bench.engine.study import asked_records, plan_of
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.detect.camera import CameraSettings, expose
from pinsharp.detect.panel import Panel
from pinsharp.detect.particles import DetectorSettings, inspect
from pinsharp.detect.tables import read_particles
from pinsharp.errors import ConfigError, KernelError
from pinsharp.images.files import read_image
from pinsharp.restoration.restorer import Restorer

KERNELS = "gaussian:2,disk:3"
NAMES = [BLURRED, "same"]


def study_of(out, names=NAMES, *, seeds=(0, 1), kernels=KERNELS, setup=SETUP, **options):
    return Detection(out, setup, seeds, kernels, fake_lineup(names, **options))


def to_do(out, names=NAMES, **options):
    return plan_of(study_of(out, names, **options), out).to_do


def carry_out(out, names=NAMES, *, stop_after=None, jobs=1, **options):
    """Measure, as far as so many figures; how many were made."""
    with RecordFile(out, KIND.file) as file:
        stream = measure(plan_of(study_of(out, names, **options), out), file, jobs=jobs)
        made = len(list(islice(stream, stop_after)))
        stream.close()
    return made


def figures(out, names=NAMES, **options):
    """What was asked for, apart from time."""
    return [
        replace(each, seconds=None)
        for each in asked_records(plan_of(study_of(out, names, **options), out), out).figures
    ]


def of(found, row, passes=0, kernel=None):
    return [each for each in found if (each.row, each.passes) == (row, passes) and kernel in (None, each.kernel)]


@pytest.fixture(scope="module")
def measured_out(tmp_path_factory):
    """A folder in which all was measured; no test changes it."""
    out = tmp_path_factory.mktemp("measured")
    carry_out(out)
    return out


@pytest.fixture(scope="module")
def measured(measured_out):
    return figures(measured_out)


def test_every_panel_is_inspected_once_in_focus_and_in_every_row_at_every_blur(measured):
    assert len(measured) == len({each.key for each in measured}) == 2 * (1 + 2 * 3)
    assert [(each.seed, each.kernel, each.sigma) for each in of(measured, SHARP)] == [(0, "", 0), (1, "", 0)]
    assert [(each.seed, each.kernel) for each in of(measured, BLURRED)] == [
        *((seed, "gaussian:2") for seed in (0, 1)),
        *((seed, "disk:3") for seed in (0, 1)),
    ]


def test_figures_are_those_of_detecting_in_the_exposed_image(measured):
    image = expose(Shot(SETUP, 1).panel, CameraSettings(), 1, disk_kernel(3))

    found = inspect(image)

    (one,) = (each for each in of(measured, BLURRED, 0, "disk:3") if each.seed == 1)
    assert one.pairs + one.false_alarms == len(found.particles)
    assert one.pairs + one.missed == len(Shot(SETUP, 1).panel.particles)
    assert (one.pins, one.pins_found) == (3, len(found.pins))
    assert one.megapixels == pytest.approx(image.size / 1e6)
    assert (one.estimated_sigma, one.passes_made) == (None, 0)


def test_a_blur_hides_particles_and_what_leaves_the_image_alone_changes_nothing(measured):
    for kernel in ("gaussian:2", "disk:3"):
        sharp, blurred, same = of(measured, SHARP), of(measured, BLURRED, 0, kernel), of(measured, "same", 1, kernel)
        assert all(one.f1 > other.f1 + 0.3 for one, other in zip(sharp, blurred, strict=True))
        named_alike = {"row": "", "passes": 0, "estimated_sigma": None, "passes_made": 0}
        assert [replace(each, **named_alike) for each in same] == [replace(each, **named_alike) for each in blurred]


def test_passes_are_made_as_often_as_asked_and_the_first_width_is_kept(measured):
    assert {(each.passes_made, each.passes) for each in measured if each.row == "same"} == {(1, 1), (3, 3)}
    (width,) = {each.estimated_sigma for each in measured if each.row == "same"}
    assert width == pytest.approx(1.5, abs=0.01)


def test_darker_images_are_inspected_alike(tmp_path):
    carry_out(tmp_path, ["dark", BLURRED], passes=[1], kernels="gaussian:1", seeds=[0])

    found = figures(tmp_path, ["dark", BLURRED], passes=[1], kernels="gaussian:1", seeds=[0])

    dark, blurred = of(found, "dark", 1)[0], of(found, BLURRED)[0]
    assert blurred.pairs > 5
    assert abs(dark.pairs - blurred.pairs) <= 1


@pytest.mark.parametrize("stop_after", [1, 4, 9])
def test_a_run_that_goes_on_ends_with_the_figures_of_one_that_was_never_stopped(tmp_path, measured, stop_after):
    first = carry_out(tmp_path, stop_after=stop_after)
    CALLS.clear()

    second = carry_out(tmp_path)

    assert (first, second) == (stop_after, 14 - stop_after)
    assert len(CALLS) <= second * 3
    assert figures(tmp_path) == measured
    assert carry_out(tmp_path) == 0


@pytest.mark.slow
def test_two_processes_measure_what_one_measures(tmp_path, measured):
    assert carry_out(tmp_path, jobs=2) == 14

    assert figures(tmp_path) == measured


def test_more_seeds_blurs_and_methods_join_what_is_there(measured_out, tmp_path):
    (tmp_path / KIND.file).write_bytes((measured_out / KIND.file).read_bytes())

    assert to_do(tmp_path, seeds=(1, 0)) == 7  # the images of the first panel are not there
    assert to_do(measured_out, seeds=(0, 1, 2)) == 7
    assert to_do(measured_out, kernels="gaussian:2,gaussian:1") == 2 * 3
    assert to_do(measured_out, [*NAMES, "dark"], passes=[1]) == 2 * 2
    assert to_do(measured_out, kernels="disk:3") == 0


def test_another_camera_or_detector_is_another_run_and_seeds_and_methods_are_not(tmp_path):
    setups = [
        SETUP,
        replace(SETUP, panel=replace(PANEL, pins=2)),
        replace(SETUP, camera=CameraSettings(bits=12)),
        replace(SETUP, detector=DetectorSettings(threshold=4)),
        replace(SETUP, tolerance=2.0),
        replace(SETUP, true_pins=True),
    ]

    assert len({setup.id for setup in setups}) == len(setups)
    others = study_of(tmp_path, ["dark"], seeds=(5,), kernels="disk:2")
    assert plan_of(study_of(tmp_path)).id == plan_of(others).id == SETUP.id


def test_what_fails_is_recorded_with_its_reason_and_tried_again(tmp_path, monkeypatch):
    names, options = ["stumbling", BLURRED], {"passes": [1], "seeds": [0]}
    carry_out(tmp_path, names, **options)

    failed = [each for each in figures(tmp_path, names, **options) if not each.is_done]
    assert [(each.row, each.kernel) for each in failed] == [("stumbling", "gaussian:2"), ("stumbling", "disk:3")]
    assert {each.reason for each in failed} == {"RuntimeError: no memory"}
    assert math.isnan(failed[0].f1)

    monkeypatch.setattr(Stumbling, "is_healed", True)
    assert carry_out(tmp_path, names, **options) == 2
    assert all(each.is_done for each in figures(tmp_path, names, **options))


def test_images_and_particles_of_the_first_panel_are_kept_and_made_again_if_they_are_gone(tmp_path):
    carry_out(tmp_path, kernels="disk:3", passes=[1])
    kept = study_of(tmp_path, kernels="disk:3", passes=[1]).kept

    image, particles = kept_files(kept, "disk:3", BLURRED, 0)
    np.testing.assert_array_equal(read_image(image).pixels, Shot(SETUP, 0, disk_kernel(3)).image)
    assert len(read_particles(kept_files(kept, "", SHARP, 0)[1])) > 5
    assert to_do(tmp_path, kernels="disk:3", passes=[1]) == 0
    particles.unlink()
    assert to_do(tmp_path, kernels="disk:3", passes=[1]) == 1


def test_a_method_that_takes_a_kernel_has_a_row_with_the_true_one():
    rows = attempts(["wiener", BLURRED], [1, 3], CameraSettings(), true_kernel=True)
    shot = Shot(SETUP, 0, gaussian_kernel(2.0))

    told = next(each for each in rows if each.row == "wiener, true kernel")
    assert [(each.row, each.passes) for each in rows] == [
        *((SHARP, 0), (BLURRED, 0), ("wiener", 1), ("wiener", 3)),
        ("wiener, true kernel", 1),
    ]
    assert told.about["informed"]
    expected = Restorer("wiener", device="cpu")(shot.image, kernel="gaussian:2").image
    np.testing.assert_array_equal(answer(told, shot)[0], expected)


def test_images_of_12_bits_stay_within_them():
    setup = replace(SETUP, camera=CameraSettings(bits=12))
    (row,) = (each for each in attempts(["wiener"], [1], setup.camera, true_kernel=True) if each.about["informed"])
    shot = Shot(setup, 0, gaussian_kernel(2.0))

    for image in (answer(row, shot)[0], shot.linear_limit()):
        assert image.dtype == np.uint16
        assert 3000 < image.max() <= 4095


def light_in_focus(shot):
    """What the camera would give without noise, in [0, 1]."""
    return expose(shot.panel, replace(shot.setup.camera, full_well=0, read_noise=0, bits=12), shot.seed) / 4095


@pytest.mark.parametrize("kernel", [gaussian_kernel(1.5), gaussian_kernel(3.0), disk_kernel(3.0)])
def test_no_wiener_filter_comes_closer_to_the_sharp_light_than_the_linear_limit(kernel):
    shot = Shot(SETUP, 0, kernel)
    truth = light_in_focus(shot)

    def error(image):
        return np.mean((image / 255 - truth) ** 2)

    known = kernel[0, 0].numpy()
    others = [Restorer(f"wiener:{ratio}", device="cpu")(shot.image, kernel=known).image for ratio in (1e-3, 1e-2, 0.1)]
    assert error(shot.linear_limit()) < 0.95 * min(map(error, [shot.image, *others]))


@pytest.mark.parametrize(
    "camera",
    [
        CameraSettings(shading=0, line_gain=0),
        CameraSettings(shading=0, line_gain=0, full_well=400_000, read_noise=60),
        CameraSettings(shading=0, line_gain=0, full_well=0, read_noise=1.5, bits=12),
    ],
)
def test_the_noise_that_the_linear_limit_knows_is_that_of_the_camera(camera):
    scene = np.linspace(0.4, 0.6, 300 * 300, dtype=np.float32).reshape(300, 300)
    panel = Panel(scene, (), ())

    noise = expose(panel, replace(camera, softness=0), 0) / camera.white_level - scene

    assert camera.sensor.noise_variance(0.5) == pytest.approx(noise.var(), rel=0.05)


def test_the_stripes_that_the_linear_limit_knows_are_those_of_the_columns_gains():
    camera = CameraSettings(softness=0, shading=0, line_gain=0.01, full_well=0, read_noise=0, bits=12)
    scene = np.tile(np.sin(np.arange(40) / 3).astype(np.float32)[:, None] * 0.2 + 0.5, (1, 300))

    known = column_noise_power(camera, torch.from_numpy(scene)[None, None])

    stripes = [expose(Panel(scene, (), ()), camera, seed) / 4095 - scene for seed in range(20)]
    power = np.mean([np.abs(np.fft.fft2(each)) ** 2 for each in stripes], axis=(0, 2)) / scene.size  # (H,)
    strong = power > 0.01 * power.max()
    np.testing.assert_allclose(known.flatten().numpy()[strong], power[strong], rtol=0.1)


def test_true_pins_are_told_to_the_detector(tmp_path):
    setup, options = replace(SETUP, true_pins=True), {"seeds": [0], "kernels": "gaussian:8"}
    carry_out(tmp_path, [BLURRED], setup=setup, **options)

    (blurred,) = of(figures(tmp_path, [BLURRED], setup=setup, **options), BLURRED)

    assert blurred.pins_found == blurred.pins == 3


def test_the_header_says_how_and_with_what(measured_out):
    about = load_run(measured_out, KIND, SETUP.id).about

    assert (about["panel"]["pins"], about["camera"]["bits"], about["detector"]["threshold"]) == (3, 8, 3.0)
    assert (about["tolerance"], about["true_pins"], about["seeds"]) == (3.0, False, [0, 1])
    assert about["methods"]["same"]["method"] == "same"
    assert about.keys() >= {"pinsharp", "commit", "machine", "torch", "jobs", "threads", "command"}


def test_records_of_other_runs_are_left_alone_and_a_line_that_is_none_is_named(measured_out, tmp_path):
    path = tmp_path / KIND.file
    path.write_bytes((measured_out / KIND.file).read_bytes())

    assert load_run(tmp_path, KIND, "another").figures == []
    with path.open("a") as file:
        file.write('{"record": "measurement", "run": "x"}\n')
    with pytest.raises(ConfigError, match="in line 16"):
        load_run(tmp_path, KIND, SETUP.id)


@pytest.mark.parametrize(
    "call, error, sentence",
    [
        (lambda: attempts([], [0], CameraSettings()), ConfigError, "passes of at least 1, got 0"),
        (lambda: attempts([], [], CameraSettings()), ConfigError, "got none"),
        (lambda: attempts(["sharp=wiener"], [1], CameraSettings()), ConfigError, "a label of its own, got 'sharp'"),
        (lambda: attempts(["a=wiener", "a=ftvd"], [1], CameraSettings()), ConfigError, "one method for the row 'a'"),
        (lambda: plan_of(study_of(Path("nowhere"), seeds=[])), ConfigError, "one seed or more, from 0 on"),
        (lambda: plan_of(study_of(Path("nowhere"), seeds=[-1])), ConfigError, r"from 0 on, got \[-1\]"),
        (lambda: plan_of(study_of(Path("nowhere"), kernels="gaussian:x")), KernelError, "expected a number"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_names_of_rows_that_no_method_makes_may_be_given_or_left_out():
    rows = attempts([LINEAR_LIMIT, SHARP, BLURRED], [1], CameraSettings())

    assert [each.row for each in rows] == [SHARP, BLURRED, LINEAR_LIMIT]
    assert [each.row for each in attempts([], [1], CameraSettings())] == [SHARP]
