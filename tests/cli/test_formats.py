"""Files of inspection stations through the command line: kind and white level stay."""

import numpy as np
import pytest
import tifffile

from pinsharp.images import raw
from pinsharp.images.codec import Reading, Tags
from pinsharp.images.files import ImageFile, read_image, write_image


def photo(path, dtype="uint16", white_level=None, shape=(48, 40)):
    """Write smooth noise up to a white level."""
    values = np.random.default_rng(0).random(shape).cumsum(axis=0)
    values /= values.max()
    most = white_level or (1 if dtype == "float32" else np.iinfo(dtype).max)
    pixels = (values * most).astype(dtype)
    write_image(path, pixels, like=ImageFile(path, pixels, "png", Tags(white_level=white_level)))
    return read_image(path)


@pytest.mark.parametrize(
    "suffix, dtype, white_level, shape",
    [
        (".pgm", "uint8", 100, (48, 40)),
        (".pgm", "uint16", 1000, (48, 40)),
        (".ppm", "uint16", 4095, (48, 40, 3)),
        (".pam", "uint16", 1023, (48, 40, 2)),
        (".pfm", "float32", None, (48, 40, 3)),
    ],
)
def test_a_result_is_of_the_kind_of_its_input(cli, model, tmp_path, suffix, dtype, white_level, shape):
    before = photo(tmp_path / f"a{suffix}", dtype, white_level, shape)

    shown = cli("restore", tmp_path / f"a{suffix}", "-o", tmp_path / "out", "--model", model, "--kernel", "gaussian:1")

    assert (shown.code, "error" in shown.err) == (0, False)
    after = read_image(tmp_path / f"out/a{suffix}")
    assert (after.pixels.shape, after.pixels.dtype) == (before.pixels.shape, before.pixels.dtype)
    assert after.tags.white_level == before.tags.white_level == white_level
    assert after.pixels.max() <= (white_level or 1)
    assert (after.pixels != before.pixels).any()


def test_a_stated_white_level_counts_as_one_that_is_given(cli, model, tmp_path):
    stated = photo(tmp_path / "a.pgm", white_level=1000)
    write_image(tmp_path / "a.png", stated.pixels)

    cli("restore", tmp_path / "a.pgm", "-o", tmp_path / "pgm", "--model", model)
    cli("restore", tmp_path / "a.png", "-o", tmp_path / "png", "--model", model, "--white-level", 1000)

    np.testing.assert_array_equal(read_image(tmp_path / "pgm/a.pgm").pixels, read_image(tmp_path / "png/a.png").pixels)


def test_a_given_white_level_wins_and_is_written_where_a_format_can_say_it(cli, model, tmp_path):
    photo(tmp_path / "a.pgm", white_level=1000)

    low = cli("restore", tmp_path / "a.pgm", "-o", tmp_path, "--model", model, "--white-level", 900)
    write_image(tmp_path / "b.png", read_image(tmp_path / "a.pgm").pixels)
    cli("restore", tmp_path / "b.png", "-o", tmp_path / "b.pgm", "--model", model, "--white-level", 1023)

    assert low.code == 2
    assert read_image(tmp_path / "b.pgm").tags.white_level == 1023


def test_a_frame_without_a_header_is_restored_as_it_is_packed(cli, model, tmp_path):
    values = (np.random.default_rng(0).random((48, 40)).cumsum(axis=0) * 80).astype(np.uint16)
    frame = raw.encode(values, Tags(native=raw.layout_of("40x48:Mono12p")))
    (tmp_path / "a.raw").write_bytes(frame)
    options = ("--model", model, "--kernel", "gaussian:1")

    silent = cli("restore", tmp_path / "a.raw", "-o", tmp_path / "out", *options)
    wrong = cli("restore", tmp_path / "a.raw", "-o", tmp_path / "out", "--raw", "40x48:Mono12", *options)
    done = cli(
        "restore", tmp_path / "a.raw", "-o", tmp_path / "out", "--raw", "40x48:Mono12p", "--side-by-side", *options
    )
    page = cli(
        "restore",
        tmp_path / "a.raw",
        "-o",
        tmp_path / "a.png",
        "--raw",
        "40x48:Mono12p",
        *options,
        "--report",
        tmp_path / "a.html",
    )

    measured = cli("kernel", tmp_path / "a.raw", "--raw", "40x48:Mono12p", "--model", model)

    assert (silent.code, wrong.code, done.code, page.code, measured.code) == (2, 2, 0, 0, 0)
    assert "say --raw WxH:FORMAT" in silent.err
    assert "it would fit Mono12p or" in wrong.err
    assert "no thumbnail" not in (tmp_path / "a.html").read_text()
    assert len((tmp_path / "out/a.raw").read_bytes()) == len(frame)
    restored = read_image(tmp_path / "out/a.raw", Reading(raw="40x48:Mono12p"))
    np.testing.assert_array_equal(restored.pixels, read_image(tmp_path / "a.png").pixels)
    assert restored.pixels.max() <= 4095
    assert (restored.pixels != values).any()


def test_floats_beyond_1_are_restored_with_their_white_level_and_come_back_as_they_are_stored(cli, model, tmp_path):
    counts = photo(tmp_path / "counts.png", white_level=1000).pixels
    tifffile.imwrite(tmp_path / "a.tif", counts.astype(np.float64))
    options = ("--model", model, "--kernel", "gaussian:1", "--faults", "off")

    unsaid = cli("restore", tmp_path / "a.tif", "-o", tmp_path / "out", *options)
    said = cli("restore", tmp_path / "a.tif", "-o", tmp_path / "out", *options, "--white-level", 1000)
    cli("restore", tmp_path / "counts.png", "-o", tmp_path / "out", *options, "--white-level", 1000)

    assert (unsaid.code, said.code) == (2, 0)
    assert "say what is white with --white-level V" in unsaid.err
    restored = tifffile.imread(tmp_path / "out/a.tif")
    assert restored.dtype == np.float64
    np.testing.assert_allclose(restored, read_image(tmp_path / "out/counts.png").pixels, atol=0.51)
