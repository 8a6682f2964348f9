"""`pinsharp export`: a file that restores as the model does, what it costs, and no file if anything is wrong."""

import json

import numpy as np
import pytest

from old_exports import make_old
from pinsharp.export import files
from pinsharp.images.files import read_image
from processors import needs_bfloat16

pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")


def test_a_file_is_written_and_restores_as_the_model(cli, model, photo, tmp_path):
    blurred = photo("in/a.png")

    done = cli("export", model, "-o", tmp_path / "m.onnx")
    ours = cli("restore", blurred, "-o", tmp_path / "ours.png", "--model", tmp_path / "m.onnx")
    theirs = cli("restore", blurred, "-o", tmp_path / "theirs.png", "--model", model, "--precision", "float32")

    assert (done.code, ours.code, theirs.code) == (0, 0, 0)
    assert "m.onnx: float32, differs from PyTorch in float32 by at most" in done.out
    pixels = [read_image(tmp_path / f"{name}.png").pixels.astype(int) for name in ("ours", "theirs")]
    assert np.abs(pixels[0] - pixels[1]).max() <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "m.onnx", "ours.png", "theirs.png"]


@pytest.mark.parametrize("name", ["m.onnx", "m.xml"])
def test_a_file_of_another_version_is_one_line_when_it_is_to_restore(cli, model, photo, tmp_path, name):
    blurred = photo("in/a.png")
    cli("export", model, "-o", tmp_path / name)
    make_old(tmp_path / name)

    done = cli("restore", blurred, "-o", tmp_path / "out", "--model", tmp_path / name)

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"{name} was exported by another version of pinsharp" in done.err
    assert not (tmp_path / "out").exists()


@needs_bfloat16
def test_the_cost_in_psnr_is_measured_on_a_folder(cli, model, photo, tmp_path):
    photo("data/a.png", (72, 64, 3))
    options = ("--precision", "bfloat16", "--data", tmp_path / "data", "--kernels", "gaussian:1.5,disk:2", "--json")

    done = cli("export", model, "-o", tmp_path / "m.xml", *options)

    found = json.loads(done.out)
    assert found["files"] == [str(tmp_path / "m.xml"), str(tmp_path / "m.bin")]
    assert found["precision"] == "bfloat16"
    assert 10 < found["psnr_file"] == pytest.approx(found["psnr_torch"], abs=0.1)


def test_a_file_that_differs_is_not_kept(cli, model, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "largest_difference", lambda *args, **settings: 0.5)

    done = cli("export", model, "-o", tmp_path / "m.onnx")

    assert done.code == 2
    assert "m.onnx restores other than PyTorch: expected a difference of at most 0.0001" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("swift", "-o", "m.pt"), "expected a file that ends in .onnx (ONNX) or .xml (OpenVINO)"),
        (("swift", "-o", "m.onnx", "--precision", "bfloat16"), "export to a .xml file instead"),
        (("wiener", "-o", "m.onnx"), "no weights named 'wiener' come with pinsharp"),
        (("none.safetensors", "-o", "m.onnx"), "weights file not found: none.safetensors"),
    ],
)
def test_what_cannot_be_exported_is_one_line(cli, arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    done = cli("export", *arguments)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_an_existing_file_is_replaced_only_when_asked(cli, model, tmp_path):
    (tmp_path / "m.bin").write_text("precious")

    done = cli("export", model, "-o", tmp_path / "m.xml")

    assert done.code == 2
    assert "m.bin: expected a new name, got an existing file; --overwrite replaces it" in done.err
    assert (tmp_path / "m.bin").read_text() == "precious"
