"""Bad input: one clear line, no traceback, nothing half-written, and inputs that nobody has touched."""

import errno
import json
import os
import re
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from pinsharp import atomic
from pinsharp.errors import OutputError

SIDE = 48


def mono():
    return np.tile(np.arange(SIDE, dtype=np.uint8) * 5, (SIDE, 1))


def png(width, height):
    """A PNG that claims any size in its header and holds next to nothing."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ]
    parts = [struct.pack(">I4s", len(b), k) + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def write_truncated(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (SIDE, SIDE), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-600])


def write_float_tiff(path, value):
    pixels = np.full((SIDE, SIDE), 0.5, np.float32)
    pixels[1:] = value  # a few would count as pixels without a value, which stay as they are
    tifffile.imwrite(path, pixels)


def write_animation(path):
    frames = [Image.fromarray(mono()).convert("RGB"), Image.fromarray(mono().T).convert("RGB")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def write_side(path, side):
    Image.fromarray(mono()[:side, :side]).save(path)


BAD = {
    "zero bytes": ("a.png", lambda path: path.write_bytes(b""), "an empty file of 0 bytes"),
    "truncated": ("a.png", write_truncated, "truncated or damaged"),
    "truncated jpeg": ("a.jpg", write_truncated, "truncated or damaged"),
    "not an image": ("a.png", lambda path: path.write_text("Dear Sir or Madam"), "a file that begins with"),
    "animated": ("a.webp", write_animation, "expected a single still image"),
    "1x1": ("a.png", lambda path: write_side(path, 1), "at least 32 x 32 pixels to measure a blur by, got 1 x 1"),
    "5x5": ("a.png", lambda path: write_side(path, 5), "at least 32 x 32 pixels to measure a blur by, got 5 x 5"),
    "CMYK": ("a.jpg", lambda path: Image.fromarray(mono()).convert("CMYK").save(path), "got CMYK"),
    "palette": ("a.png", lambda path: Image.new("RGB", (64, 48), "red").quantize().save(path), "got a palette"),
    "1-bit": ("a.png", lambda path: Image.fromarray(mono()).convert("1").save(path), "got 1-bit pixels"),
    "NaN": ("a.tif", lambda path: write_float_tiff(path, np.nan), "expected finite values"),
    "infinity": ("a.tif", lambda path: write_float_tiff(path, np.inf), "expected finite values"),
    "float beyond 1": ("a.tif", lambda path: write_float_tiff(path, 4095), r"expected float values in \[0, 1\]"),
    "bomb": ("a.png", lambda path: path.write_bytes(png(200_000, 200_000)), "got 200000 x 200000 in the header"),
}
"""What is wrong: a file name, what writes it, and what has to be said about it."""

COMMANDS = {"restore": ["-o", "out"], "kernel": []}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Work where nothing is yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_line(shown, reason):
    """Whether a call ended with status 2 and one line on stderr that says the reason."""
    lines = shown.err.strip().splitlines()
    return (
        shown.code == 2
        and len(lines) == 1
        and lines[0].startswith("pinsharp: error: ")
        and re.search(reason, lines[0]) is not None
    )


def no_space(descriptor):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", BAD)
def test_a_bad_image_is_one_line_and_leaves_nothing(cli, model, place, contents, case, command):
    name, write, reason = BAD[case]
    write(place / name)
    before = contents(place)

    shown = cli(command, name, *COMMANDS[command], "--model", model)

    assert one_line(shown, reason), shown.err
    assert name in shown.err or "pixels to measure" in shown.err
    assert shown.out == ""
    assert contents(place) == before
    assert not (place / "out").exists()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "inputs, reason",
    [
        (["nowhere.png"], "nowhere.png: expected an image file, a folder or a pattern, got no such file"),
        (["empty"], "empty: expected a folder with images .* got none"),
        (["*.tif"], r"\*.tif: expected a pattern that matches images"),
        (["notes.txt"], "notes.txt: expected a name that ends in .* convert the image to PNG"),
        (["star.FITS"], r"star.FITS: expected a name .* read it with astropy and save its counts as \.npy"),
    ],
)
def test_nothing_to_work_on_is_one_line(cli, place, command, inputs, reason):
    (place / "empty").mkdir()
    for name in ("notes.txt", "star.FITS"):
        (place / name).write_text("no image")

    assert one_line(cli(command, *inputs, *COMMANDS[command]), reason)


@pytest.mark.parametrize("side", [1, 5])
def test_the_smallest_images_are_restored_if_their_kernel_is_known(cli, model, place, side):
    write_side(place / "a.png", side)

    shown = cli("restore", "a.png", "-o", "out", "--model", model, "--kernel", "gaussian:1")

    assert (shown.code, shown.err) == (0, "")
    assert np.asarray(Image.open("out/a.png")).shape == (side, side)


def test_one_bad_image_among_several_stops_nobody(cli, model, photo, place, contents):
    photo("in/a.png")
    photo("in/c.png")
    for number, (name, write, _) in enumerate(BAD.values()):
        write(place / f"in/b{number}-{name}")
    before = contents(place)

    shown = cli("restore", "in", "-o", "out", "--model", model, "--json")

    records = [json.loads(line) for line in shown.out.splitlines()]
    failed = [record for record in records if "error" in record]
    assert shown.code == 1
    assert len(failed) == len(BAD)
    assert len([line for line in shown.err.splitlines() if line.startswith("pinsharp: error:")]) == len(BAD) + 1
    assert "Traceback" not in shown.err
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == ["a.png", "c.png"]
    assert before.items() <= contents(place).items()


def test_a_full_disk_is_one_line_and_leaves_nothing(cli, model, photo, place, contents, monkeypatch):
    photo("a.png")
    before = contents(place)
    monkeypatch.setattr(atomic.os, "fsync", no_space)

    shown = cli("restore", "a.png", "-o", "out", "--model", model)

    assert one_line(shown, "out/a.png: expected .* bytes of free space, got a full disk")
    assert contents(place) == before


def test_a_full_disk_leaves_the_older_result(cli, model, photo, place, contents, monkeypatch):
    photo("a.png")
    photo("out/a.png", shape=(8, 8))
    before = contents(place)
    monkeypatch.setattr(atomic.os, "fsync", no_space)

    shown = cli("restore", "a.png", "-o", "out", "--model", model, "--overwrite")

    assert one_line(shown, "got a full disk")
    assert contents(place) == before


@pytest.mark.parametrize("option", ["--save", "--plot"])
def test_a_full_disk_leaves_no_kernel_either(cli, model, photo, place, contents, monkeypatch, option):
    photo("a.png")
    before = contents(place)
    monkeypatch.setattr(atomic.os, "fsync", no_space)

    shown = cli("kernel", "a.png", "--model", model, option, "k.npy" if option == "--save" else "k.png")

    assert one_line(shown, "got a full disk")
    assert contents(place) == before


def test_an_older_result_is_refused_before_the_work(cli, photo, place, contents):
    """No model is named: it would not be there, so the refusal must come before it is loaded."""
    photo("a.png")
    photo("out/a.png", shape=(8, 8))
    before = contents(place)

    shown = cli("restore", "a.png", "-o", "out", "--model", "nowhere.safetensors")

    assert one_line(shown, "out/a.png: expected a new name, got an existing file; --overwrite replaces it")
    assert contents(place) == before


def test_an_input_is_not_overwritten_even_if_asked(cli, model, photo, place, contents):
    photo("a.png")
    before = contents(place)

    shown = cli("restore", "a.png", "-o", ".", "--overwrite", "--model", model)

    assert one_line(shown, "got the input itself")
    assert contents(place) == before


def test_a_folder_that_cannot_be_made_is_one_line(cli, model, photo, place, monkeypatch):
    photo("a.png")

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)

    assert one_line(cli("restore", "a.png", "-o", "out", "--model", model), "out: expected a folder that can be made")


def test_what_the_format_cannot_hold_is_refused_before_the_work(cli, model, photo, monkeypatch):
    photo("a.tif", dtype="uint16")
    monkeypatch.setattr("pinsharp.restoration.restorer.restore_source", None)

    shown = cli("restore", "a.tif", "-o", "a.jpg", "--model", model)

    assert one_line(shown, "a.jpg: expected uint8 pixels for JPEG, got uint16")


@pytest.mark.parametrize(
    "options, reason",
    [
        (["--model", "swfit"], "did you mean 'swift'"),
        (["--model", "nowhere.safetensors"], "weights file not found"),
        (["--model", "a.png"], "expected a model .* or a .safetensors file, got 'a.png'"),
        (["--kernel", "gauss:2"], "neither gaussian:SIGMA nor disk:RADIUS nor a file"),
        (["--kernel", "gaussian:wide"], "expected a number, got 'wide'"),
        (["--kernel", "gaussian:2", "--iterations", "3"], "leave one of them out"),
        (["--iterations", "0"], "iterations must be at least 1"),
        (["--device", "tpu"], "expected --device auto, cpu or cuda, got 'tpu'"),
        (["--precision", "half"], "precision must be one of auto, float32, bfloat16"),
        (["--model", "selfdeblur", "--kernel", "disk:3"], "selfdeblur fits a kernel of its own and has no use for a"),
    ],
)
def test_wrong_options_are_one_line_before_any_image_is_read(cli, model, photo, place, monkeypatch, options, reason):
    photo("in/a.png")
    photo("in/b.png")
    monkeypatch.setattr("pinsharp.images.files.read_image", None)
    model_option = [] if "--model" in options else ["--model", model]

    shown = cli("restore", "in", "-o", "out", *model_option, *options)

    assert one_line(shown, reason), shown.err
    assert not (place / "out").exists()


def test_an_error_of_several_lines_becomes_one(cli, model, photo, monkeypatch):
    photo("a.png")

    def fail(*arguments, **options):
        raise OutputError("first\nsecond")

    monkeypatch.setattr("pinsharp.restoration.sources.write_image", fail)

    assert one_line(cli("restore", "a.png", "-o", "out", "--model", model), "first second")
