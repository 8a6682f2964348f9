"""Files of several planes through the command line: one blur for all, one for each channel, or one for each plane."""

import json

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

OPTIONS = ("--faults", "off", "--force")


@pytest.fixture
def stack(tmp_path):
    """An ImageJ hyperstack of two slices and two channels."""
    values = np.random.default_rng(0).random((2, 2, 64, 60))
    values = gaussian_filter(values, (0, 0, 1.5, 1.5)) * 60000
    tifffile.imwrite(tmp_path / "a.tif", values.astype(np.uint16), imagej=True, metadata={"axes": "ZCYX"})
    return tmp_path / "a.tif"


@pytest.mark.parametrize("planes", ["one", "channel", "each"])
def test_all_planes_are_restored_and_stay_a_hyperstack(cli, tmp_path, stack, planes):
    shown = cli("restore", stack, "-o", tmp_path / "out", "--model", "swift", "--planes", planes, *OPTIONS)

    assert "not written" not in shown.err  # no plane is passed over
    with tifffile.TiffFile(stack) as before, tifffile.TiffFile(tmp_path / "out/a.tif") as after:
        pixels = [file.asarray() for file in (before, after)]
        assert after.imagej_metadata == before.imagej_metadata
    assert (shown.code, "error" in shown.err) == (0, False)
    assert pixels[1].shape == (2, 2, 64, 60)
    assert (pixels[1] != pixels[0]).any(axis=(2, 3)).all()


@pytest.mark.parametrize("planes", ["one", "channel"])
def test_planes_that_share_a_blur_are_measured_beyond_a_reference(cli, tmp_path, stack, planes):
    """Of a reference that is as soft as they are nothing is left to be undone."""
    tifffile.imwrite(tmp_path / "sharp.tif", tifffile.imread(stack)[0, 0])
    reference = ["--reference", tmp_path / "sharp.tif"]

    plain, beyond = (
        cli("restore", stack, "-o", tmp_path / name, "--model", "swift", "--planes", planes, "--json", *more, *OPTIONS)
        for name, more in (("a", []), ("b", reference))
    )

    assert (plain.code, beyond.code) == (0, 0), beyond.err
    assert json.loads(beyond.out)["sigma"] < 0.7 * json.loads(plain.out)["sigma"]


def test_each_plane_is_restored_as_it_is_by_itself(cli, model, tmp_path, stack):
    tifffile.imwrite(tmp_path / "third.tif", tifffile.imread(stack)[1, 0])

    cli("restore", stack, "-o", tmp_path / "out", "--model", model, "--planes", "each", *OPTIONS)
    cli("restore", tmp_path / "third.tif", "-o", tmp_path / "out", "--model", model, *OPTIONS)

    third = tifffile.imread(tmp_path / "out/third.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out/a.tif")[1, 0], third)


@pytest.mark.parametrize(
    "options, reason",
    [
        ((), "--planes one, each or channel"),
        (("--planes", "all"), "planes must be one of one, each, channel, got 'all'"),
        (("--planes", "one", "--iterations", "2"), "say --planes each"),
        (("--planes", "one", "--save-mask", "m.png"), "expected one image for a mask or an evidence map"),
    ],
)
def test_what_does_not_go_is_one_line(cli, model, tmp_path, stack, monkeypatch, options, reason):
    monkeypatch.chdir(tmp_path)

    shown = cli("restore", stack, "-o", "out", "--model", model, *options)

    assert shown.code == 2
    assert reason in shown.err
    assert shown.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_picture_of_before_and_after_shows_the_first_plane(cli, tmp_path, stack):
    options = ("--model", "swift", "--planes", "one", "--side-by-side", *OPTIONS)

    shown = cli("restore", stack, "-o", tmp_path / "out", *options)

    assert shown.code == 0
    assert (tmp_path / "out/a.side-by-side.png").is_file()
