"""`pinsharp detect simulate`: what lands in the folder, what is printed, and what is refused."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.cli.detect_simulate import simulate
from pinsharp.detect.simulate import CameraSettings, PanelSettings, expose, simulate_panel
from pinsharp.detect.tables import read_particles, read_pins
from pinsharp.errors import ConfigError, KernelError, OutputError
from pinsharp.images.files import read_image

app = typer.Typer()
app.command()(simulate)

SMALL = "[panel]\npins = 3\npin_length_um = 90\nlead_um = 20.0\ntrace_um = 10.0\n"
SMALL_PANEL = PanelSettings(pins=3, pin_length_um=90, lead_um=20, trace_um=10)


@pytest.fixture
def small(tmp_path):
    """A settings file, so that the images are small."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_images_and_tables_are_those_of_the_python_call(small, tmp_path):
    result = run("-o", tmp_path / "out", "--settings", small, "--panels", 2, "--seed", 7)

    assert result.exit_code == 0
    assert result.stdout == f"2 panels: {tmp_path / 'out' / 'settings.json'}\n"
    for seed in (7, 8):
        panel = simulate_panel(SMALL_PANEL, seed)
        image = read_image(tmp_path / "out" / f"panel-000{seed}.png").pixels
        np.testing.assert_array_equal(image, expose(panel, CameraSettings(), seed))
        assert read_particles(tmp_path / "out" / f"panel-000{seed}.particles.csv") == panel.particles
        assert read_pins(tmp_path / "out" / f"panel-000{seed}.pins.csv") == panel.pins


def test_settings_are_told_in_micrometres_and_in_pixels(small, tmp_path):
    small.write_text(SMALL + "pixel_um = 0.5\n[panel.particles]\ndiameter_um = 5\n[camera]\nshading = 0.0\n")

    run("-o", tmp_path / "out", "--settings", small, "--kernel", "disk:2")

    told = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert told["panel"]["pixel_um"] == 0.5
    assert told["panel"]["pitch_um"] == 18.7
    assert told["panel_px"]["pitch_px"] == 37.4
    assert told["panel_px"]["particles"]["diameter_px"] == 10
    assert told["camera"]["shading"] == 0
    assert told["kernel"] == "disk:2"
    assert told["kernel_sigma_px"] == pytest.approx(1, abs=0.1)
    assert told["white_level"] == 255
    assert told["panels"][0]["image"] == "panel-0000.png"


def test_a_kernel_blurs_the_same_panel(small, tmp_path):
    run("-o", tmp_path / "sharp", "--settings", small)
    run("-o", tmp_path / "blurred", "--settings", small, "--kernel", "gaussian:2")

    blurred = read_image(tmp_path / "blurred" / "panel-0000.png").pixels
    panel = simulate_panel(SMALL_PANEL, 0)
    np.testing.assert_array_equal(blurred, expose(panel, CameraSettings(), 0, gaussian_kernel(2)))
    for table in ("particles", "pins"):
        name = f"panel-0000.{table}.csv"
        assert (tmp_path / "sharp" / name).read_bytes() == (tmp_path / "blurred" / name).read_bytes()


@pytest.mark.parametrize("image_type", ["png", "tif"])
def test_twelve_bits_are_stored_as_a_camera_stores_them(small, tmp_path, image_type):
    run("-o", tmp_path / "out", "--settings", small, "--bits", 12, "--format", image_type)

    image = read_image(tmp_path / "out" / f"panel-0000.{image_type}").pixels
    assert image.dtype == np.uint16
    assert 2000 < image.max() <= 4095
    assert json.loads((tmp_path / "out" / "settings.json").read_text())["white_level"] == 4095


def test_the_command_line_decides_the_depth_before_the_file(small, tmp_path):
    small.write_text(SMALL + "[camera]\nbits = 12\n")

    run("-o", tmp_path / "file", "--settings", small)
    run("-o", tmp_path / "line", "--settings", small, "--bits", 8)

    assert read_image(tmp_path / "file" / "panel-0000.png").pixels.dtype == np.uint16
    assert read_image(tmp_path / "line" / "panel-0000.png").pixels.dtype == np.uint8


def test_json_prints_each_panel_as_the_settings_have_it(small, tmp_path):
    result = run("-o", tmp_path / "out", "--settings", small, "--panels", 2, "--json")

    told = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert [json.loads(line) for line in result.stdout.splitlines()] == told["panels"]


def test_an_existing_set_is_refused_without_overwrite(small, tmp_path):
    out = tmp_path / "out"
    run("-o", out, "--settings", small)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    refused = run("-o", out, "--settings", small, "--kernel", "disk:3")

    assert isinstance(refused.exception, OutputError)
    assert "--overwrite" in str(refused.exception)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert run("-o", out, "--settings", small, "--kernel", "disk:3", "--overwrite").exit_code == 0
    assert (out / "panel-0000.png").read_bytes() != before["panel-0000.png"]


@pytest.mark.parametrize(
    "options, error, sentence",
    [
        (["--bits", 10], ConfigError, "camera.bits must be 8 or 12"),
        (["--kernel", "gaussian:0"], KernelError, "must be a positive number"),
        (["--kernel", "gauss"], KernelError, "neither gaussian:SIGMA"),
        (["--format", "jpg"], ConfigError, "type png or tif, got 'jpg'"),
        (["--settings", "nowhere.toml"], ConfigError, "expected a settings file"),
    ],
)
def test_a_wrong_option_leaves_no_folder(tmp_path, options, error, sentence):
    result = run("-o", tmp_path / "out", *options)

    assert isinstance(result.exception, error)
    assert sentence in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[panel]\npins = 3\npitch = 4\n", "unknown setting panel.pitch"),
        ("[panel]\npins = 2.5\n", "panel.pins must be of type int"),
        ("[panel]\npitch_um = 1\n", "raise it or make the pins narrower"),
        ("pins = 3\n", "expected the tables [panel] and [camera], got pins"),
        ("[panel\n", "expected TOML"),
        ("camera = 3\n", "[camera] must be a table"),
    ],
)
def test_a_wrong_settings_file_is_refused_by_name(tmp_path, text, sentence):
    path = tmp_path / "wrong.toml"
    path.write_text(text)

    result = run("-o", tmp_path / "out", "--settings", path)

    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith(str(path))
    assert sentence in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_refused(small, tmp_path):
    (tmp_path / "file").write_text("")

    result = run("-o", tmp_path / "file" / "out", "--settings", small)

    assert isinstance(result.exception, OutputError)
