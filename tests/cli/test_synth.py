"""`pinsharp synth`: what lands in the folder, what is printed, and what is refused."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from pinsharp.cli.synth import synth
from pinsharp.data.testset import file_sha256
from pinsharp.errors import ConfigError, ImageError, KernelError, OutputError
from pinsharp.images.files import read_image, write_image

app = typer.Typer()
app.command()(synth)


def put_image(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.random.default_rng(seed).integers(0, 255, (24, 30, 3), np.uint8, endpoint=True))
    return path


@pytest.fixture
def folder(tmp_path):
    for number in range(2):
        put_image(tmp_path / "sharp" / f"{number}.png", number)
    return tmp_path / "sharp"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_folder_is_blurred_with_every_kernel(folder, tmp_path):
    result = run(folder, "-o", tmp_path / "out", "--kernels", "gaussian8")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert result.exit_code == 0
    assert result.stdout == f"2 images x 8 kernels: {tmp_path / 'out' / 'manifest.json'}\n"
    assert result.stderr == ""
    assert len(manifest["images"]) == 16
    assert manifest["protocol"]["boundary"] == "reflect"
    assert manifest["protocol"]["bits"] == 8


def test_json_prints_each_image_as_the_manifest_has_it(folder, tmp_path):
    result = run(folder, "-o", tmp_path / "out", "--kernels", "disk:2", "--json")

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [json.loads(line) for line in result.stdout.splitlines()] == manifest["images"]


def test_all_options_reach_the_images(folder, tmp_path):
    options = ["--kernels", "disk:2", "--boundary", "valid", "--bits", 12, "--noise", 1.5, "--seed", 9]

    run(folder / "0.png", folder / "1.png", folder / "0.png", "-o", tmp_path / "out", *options)

    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    settings = manifest["protocol"]
    assert [settings[key] for key in ("boundary", "bits", "noise_of_255", "seed")] == ["valid", 12, 1.5, 9]
    assert len(manifest["images"]) == 2
    blurred = read_image(tmp_path / "out" / manifest["images"][0]["blurred"]).pixels
    assert blurred.dtype == np.uint16
    assert blurred.shape == (20, 26, 3)


def test_the_seed_decides_the_images(folder, tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        run(folder, "-o", tmp_path / name, "--kernels", "disk:2", "--noise", 1, "--seed", seed)

    hashes = {name: file_sha256(tmp_path / name / "disk-2" / "0.png") for name in ("one", "again", "other")}
    assert hashes["one"] == hashes["again"] != hashes["other"]


def test_a_split_of_a_data_set_is_chosen_by_name(tmp_path):
    for split, folder in (("train", "DIV2K_train_HR"), ("valid", "DIV2K_valid_HR")):
        put_image(tmp_path / "DIV2K" / folder / f"{split}.png")

    undecided = run(tmp_path / "DIV2K", "-o", tmp_path / "out", "--kernels", "disk:2")
    decided = run(tmp_path / "DIV2K", "-o", tmp_path / "out", "--kernels", "disk:2", "--split", "valid")

    assert isinstance(undecided.exception, ConfigError)
    assert decided.exit_code == 0
    assert (tmp_path / "out" / "disk-2" / "valid.png").is_file()


def test_an_existing_set_is_refused_without_overwrite(folder, tmp_path):
    run(folder, "-o", tmp_path / "out", "--kernels", "disk:2")
    before = (tmp_path / "out" / "manifest.json").read_bytes()

    result = run(folder, "-o", tmp_path / "out", "--kernels", "disk:2", "--seed", 5)

    assert isinstance(result.exception, OutputError)
    assert "--overwrite" in str(result.exception)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert run(folder, "-o", tmp_path / "out", "--kernels", "disk:2", "--seed", 5, "--overwrite").exit_code == 0
    assert (tmp_path / "out" / "manifest.json").read_bytes() != before


def test_no_sharp_image_is_ever_replaced(tmp_path):
    """Its own output as input: the blurred image would take the place of the sharp one."""
    image = put_image(tmp_path / "out" / "disk-2" / "0.png")
    before = image.read_bytes()

    result = run(image, "-o", tmp_path / "out", "--kernels", "disk:2", "--overwrite")

    assert isinstance(result.exception, OutputError)
    assert image.read_bytes() == before


@pytest.mark.parametrize(
    "options, error",
    [
        (["--bits", 0], ConfigError),
        (["--boundary", "mirror"], ConfigError),
        (["--noise", -1], ConfigError),
        (["--kernels", "gaussian:0"], KernelError),
    ],
)
def test_a_wrong_option_leaves_no_folder(folder, tmp_path, options, error):
    result = run(folder, "-o", tmp_path / "out", *options)

    assert isinstance(result.exception, error)
    assert not (tmp_path / "out").exists()


def test_a_missing_input_is_refused(tmp_path):
    assert isinstance(run(tmp_path / "nothing", "-o", tmp_path / "out").exception, ImageError)


def test_a_simulated_camera_takes_pairs_beside_a_page(tmp_path):
    for number in range(2):
        path = tmp_path / "sharp" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        write_image(path, np.random.default_rng(number).integers(0, 255, (80, 90, 3), np.uint8))

    result = run(tmp_path / "sharp", "-o", tmp_path / "out", "--camera", "mono", "--pairs", 2, "--size", 40, "--json")

    images = json.loads((tmp_path / "out" / "manifest.json").read_text())["images"]
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == images
    assert {image["camera"] for image in images} == {"mono"}
    assert {image["photograph"] for image in images} <= {"0.png", "1.png"}
    assert read_image(tmp_path / "out" / images[0]["blurred"]).pixels.shape[:2] == (40, 40)
    assert "Pair 1" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--camera", "nikon"], "a camera must be one of lab"),
        (["--camera", "lab", "--noise", 2], "--noise is what a simulated camera draws by itself"),
        (["--camera", "lab", "--kernels", "disk:2"], "--kernels is what a simulated camera draws"),
        (["--size", 64], "--size is for simulated cameras; add --camera"),
        (["--pairs", 2], "--pairs is for simulated cameras"),
    ],
)
def test_options_of_the_other_way_leave_no_folder(folder, tmp_path, options, sentence):
    result = run(folder, "-o", tmp_path / "out", *options)

    assert isinstance(result.exception, ConfigError)
    assert sentence in str(result.exception)
    assert not (tmp_path / "out").exists()
