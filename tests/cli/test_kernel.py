"""`pinsharp kernel`: the width in words and in JSON, the kernel as a file and as a picture."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernel_names import load_kernel
from pinsharp.blur.kernel_plot import draw
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel, kernel_sigma
from pinsharp.blur.operators import Blur
from pinsharp.images.arrays import to_array
from pinsharp.images.files import write_image
from pinsharp.restoration import measure, sources
from scenes import photograph


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_people_get_the_width_its_uncertainty_and_the_disc_as_wide(cli, model, photo):
    photo("a.png")

    shown = cli("kernel", "a.png", "--model", model)

    assert shown.out == ("a.png: sigma 2.00 px ± 2 %, gaussian; as wide as a disc of radius 4.00 px, noise 1.00/255\n")


def test_json_holds_every_figure(cli, model, photo):
    photo("in/a.png")
    photo("in/b.png")

    shown = cli("kernel", "in", "--model", model, "--json")

    first, second = (json.loads(line) for line in shown.out.splitlines())
    assert (first["input"], second["input"]) == ("in/a.png", "in/b.png")
    expected = {"sigma": 2, "sigma_relative_std": 0.02, "disk_radius": 4, "disk_share": 0.01, "noise": 1 / 255}
    for key, value in expected.items():
        assert first[key] == pytest.approx(value, rel=1e-3)
    assert first["continuation"] is None
    assert (first["family"], first["kernel_size"], first["model"]) == ("gaussian", 41, str(model))


@pytest.mark.parametrize("name", ["k.npy", "k.json"])
def test_the_saved_kernel_is_the_measured_one(cli, model, photo, name):
    photo("a.png")

    assert cli("kernel", "a.png", "--model", model, "--save", name).code == 0

    assert float(kernel_sigma(load_kernel(name))) == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("name, start", [("k.png", b"\x89PNG"), ("k.pdf", b"%PDF"), ("k.svg", b"<?xml")])
def test_the_plot_is_of_the_named_kind(cli, model, photo, place, name, start):
    photo("a.png")

    assert cli("kernel", "a.png", "--model", model, "--plot", name).code == 0

    assert (place / name).read_bytes().startswith(start)


def test_the_plot_says_whose_kernel_it_is_and_how_wide(cli, model, photo, place):
    photo("a.png")

    cli("kernel", "a.png", "--model", model, "--plot", "k.svg")

    drawn = (place / "k.svg").read_text()
    for text in ("a.png: sigma 2.00 px", "Profile through the centre", "Transfer function", "cycles per pixel"):
        assert f"<!-- {text}" in drawn


@pytest.mark.parametrize("option, name", [("--save", "k.npy"), ("--plot", "k.png")])
def test_older_files_need_overwrite(cli, model, photo, place, option, name):
    photo("a.png")
    (place / name).write_bytes(b"older")

    refused = cli("kernel", "a.png", "--model", model, option, name)
    allowed = cli("kernel", "a.png", "--model", model, option, name, "--overwrite")

    assert (refused.code, allowed.code) == (2, 0)
    assert "expected a new name, got an existing file; --overwrite replaces it" in refused.err
    assert (place / name).read_bytes() != b"older"


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["in", "--save", "k.npy"], "--save takes the kernel of one image, got 2 images"),
        (["in/a.png", "--save", "k.txt"], "k.txt: expected a name that ends in .npy or .json"),
        (["in/a.png", "--plot", "k.npy"], "k.npy: expected a name that ends in .png or .pdf or .svg"),
        (["in/a.png", "--plot", "in/a.png", "--overwrite"], "got the input itself"),
        (["in/a.png", "--save", "nowhere/k.npy"], "expected the folder nowhere to exist"),
        (["in/a.png", "--model", "selfdeblur"], "selfdeblur finds the blur only while it restores"),
    ],
)
def test_wrong_use_is_one_line(cli, model, photo, place, contents, arguments, reason):
    photo("in/a.png")
    photo("in/b.png")
    before = contents(place)

    shown = cli("kernel", *arguments, *([] if "--model" in arguments else ["--model", model]))

    assert shown.code == 2
    assert reason in shown.err
    assert len(shown.err.splitlines()) == 1
    assert contents(place) == before


def test_some_failed_is_exit_1_and_the_others_are_measured(cli, model, photo, place):
    photo("in/a.png")
    (place / "in/b.png").write_bytes(b"")

    shown = cli("kernel", "in", "--model", model)

    assert shown.code == 1
    assert shown.out.startswith("in/a.png: sigma")
    assert "in/b.png: expected an image, got an empty file" in shown.err


@pytest.mark.parametrize("radius, size", [(0.1, 1), (0.4, 3), (30.0, 601)])
def test_a_kernel_of_any_width_can_be_drawn(radius, size):
    """From a single pixel to one larger than the grid of the transfer function."""
    found = BlurField(disk_kernel(radius, size), log_width=torch.tensor([radius / 2]).log(), disk_share=torch.ones(1))

    assert draw(found, title="any", kind="png").startswith(b"\x89PNG")


@pytest.mark.parametrize("title", ["$\\bad{.png", "板.png", "50 % & <b>.png"])
def test_any_name_can_be_the_title(title):
    found = BlurField(gaussian_kernel(1.0))

    assert b"<svg" in draw(found, title=title, kind="svg")


def test_the_blur_is_measured_in_the_light_that_would_be_restored(cli, model, photo):
    """As --light and --white-level of restore: a pixel above white cannot be meant."""
    path = photo("a.tif", dtype="uint16")

    assert cli("kernel", "a.tif", "--model", model, "--light", "srgb").code == 0
    assert cli("kernel", "a.tif", "--model", model, "--white-level", "65535").code == 0
    bad = cli("kernel", "a.tif", "--model", model, "--white-level", "4095")

    assert bad.code == 2
    assert str(path.name) in bad.err
    assert "4095" in bad.err


@pytest.mark.parametrize("more", [(), ("--light", "2.2"), ("--white-level", "65535")])
def test_a_strip_is_measured_on_its_sample_as_restore_does(cli, photo, monkeypatch, more):
    """With the shipped estimator, to which a sample and the whole image are not the same."""
    monkeypatch.setattr(measure, "SAMPLE_PIXELS", 32_768)
    monkeypatch.setattr(measure, "BLOCK", 128)
    photo("strip.tif", shape=(384, 256), dtype="uint16")
    whole = json.loads(cli("kernel", "strip.tif", "--json", *more).out)
    monkeypatch.setattr(sources, "LARGE_VALUES", 384 * 256 - 1)

    found = json.loads(cli("kernel", "strip.tif", "--json", *more, "--save", "k.npy").out)
    restored = json.loads(cli("restore", "strip.tif", "-o", "out", "--json", *more).out)

    for figure in ("sigma", "sigma_relative_std", "family"):
        assert found[figure] == restored[figure]
    assert found["sigma"] != whole["sigma"]
    assert load_kernel("k.npy").shape[-1] == found["kernel_size"]


def test_the_light_changes_what_is_measured_and_is_told(cli, photo):
    photo("a.png", shape=(96, 96, 3))

    found = [
        json.loads(cli("kernel", "a.png", "--json", *more).out) for more in ((), ("--light", "srgb"), ("--gamma",))
    ]

    assert [each["light"] for each in found] == ["linear", "srgb", "srgb"]
    assert [each["light_from"] for each in found] == ["no statement", "asked for", "asked for"]
    assert found[0]["sigma"] != found[1]["sigma"] == found[2]["sigma"]
    assert cli("kernel", "a.png", "--light", "2.2").out.endswith(", light 2.2 (asked for)\n")


def test_images_together_are_one_line_and_one_picture(cli, photo, place):
    names = [photo(f"{number}.png", shape=(48, 40)).name for number in range(3)]

    shown = cli("kernel", *names, "--together", "--plot", "k.svg", "--save", "k.npy")
    record = json.loads(cli("kernel", *names, "--together", "--json").out)

    assert shown.code == 0
    assert shown.out.startswith(f"0.png and 2 more together: sigma {record['sigma']:.2f} px")
    assert len(shown.out.splitlines()) == 1
    assert record["inputs"] == names
    assert "<!-- 0.png and 2 more together: sigma" in (place / "k.svg").read_text()
    assert load_kernel("k.npy").shape[-1] == record["kernel_size"]


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["a.png", "b.png", "--together"], "b.png: expected 40 x 48 pixels as of the first image, got 32 x 48"),
        (["a.png", "bad.png", "--together"], "bad.png: expected an image, got an empty file"),
        (["a.png", "--together", "--save-mask", "m.png"], "--save-mask takes the pixels of one image, got --together"),
        (["a.png", "--per-channel"], "a.png: expected an image in colour to measure each channel of, got a mono one"),
    ],
)
def test_what_cannot_be_measured_so_is_one_line(cli, photo, place, contents, arguments, reason):
    photo("a.png", shape=(48, 40))
    photo("b.png", shape=(48, 32))
    (place / "bad.png").write_bytes(b"")
    before = contents(place)

    shown = cli("kernel", *arguments)

    assert shown.code == 2
    assert reason in shown.err
    assert len(shown.err.splitlines()) == 1
    assert contents(place) == before


def test_channels_come_with_their_intervals(cli, photo):
    photo("a.png", shape=(64, 64, 3))

    channels = json.loads(cli("kernel", "a.png", "--per-channel", "--json").out)["channels"]
    line = cli("kernel", "a.png", "--per-channel").out

    assert list(channels) == ["red", "green", "blue"]
    assert line.rstrip().endswith(
        "; "
        + ", ".join(
            f"{name} {one['sigma']:.2f} px ({one['interval'][0]:.2f} to {one['interval'][1]:.2f})"
            for name, one in channels.items()
        )
    )


def test_a_model_that_measures_one_width_says_so_of_the_field(cli, model, photo):
    photo("a.png")

    shown = cli("kernel", "a.png", "--model", model, "--field")

    assert shown.out.endswith("; field: this model measures one width for the whole image\n")


def test_a_tilt_is_said_in_a_sentence(cli):
    """By the shipped swift: the image is sharp at the left and blurred at the right."""
    sharp = photograph(256, 352).mean(dim=1, keepdim=True)
    widths = torch.linspace(1.0, 3.2, 12)
    share = (1 - (torch.linspace(0, 11, 352) - torch.arange(12)[:, None]).abs()).clamp(min=0)
    blurred = sum(
        part * Blur(gaussian_kernel(float(w)), "reflect")(sharp) for w, part in zip(widths, share, strict=True)
    )
    write_image(Path("tilt.png"), to_array(blurred, np.empty((0, 0), np.uint8)))

    shown = cli("kernel", "tilt.png", "--field", "--json")

    said = json.loads(shown.out)["field"]
    assert "the right edge is" in said["words"]
    assert said["words"].endswith("px wider than the left: a tilt")
    assert said["across"] > 1 > abs(said["down"])
