"""Exported files: they restore as PyTorch does, need nothing beside them, and are refused if a byte is wrong."""

import os
import shutil
from dataclasses import replace

import pytest
import torch

from old_exports import make_old
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError, MissingExtra, OutputError, WeightsError
from pinsharp.export import files
from pinsharp.export.files import export, files_of
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import load_weights, save_weights
from pinsharp.runtimes import exported as exported_files
from pinsharp.runtimes import libraries
from pinsharp.runtimes.exported import load_exported
from pinsharp.runtimes.parts import graph_of
from processors import needs_bfloat16
from tiny_models import tiny_peer, tiny_udbd

pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

EXACT = ("onnx", "xml")


def image(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def copied(exported, kind, folder):
    """A file (with its .bin) by itself in an empty folder."""
    for path in files_of(exported[kind]):
        shutil.copy(path, folder / path.name)
    return folder / exported[kind].name


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("shape", [(1, 1, 40, 33), (1, 3, 37, 48), (2, 3, 35, 35), (1, 3, 5, 1)])
def test_a_file_restores_as_pytorch_does(exported, kind, shape, tmp_path):
    path, blurred, kernel = copied(exported, kind, tmp_path), image(*shape), gaussian_kernel(1.5)

    found = load_method(path)(blurred, kernel).image

    expected = load_method(exported["weights"], precision="float32")(blurred, kernel).image
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@needs_bfloat16
def test_a_bfloat16_file_is_close(exported, exported_bfloat16):
    blurred = image(1, 3, 48, 50)

    method = load_method(exported_bfloat16.files[0])

    expected = load_method(exported["weights"], precision="float32")(blurred).image
    assert method.dtype == torch.bfloat16
    assert 0 < exported_bfloat16.difference < 1e-2
    torch.testing.assert_close(method(blurred).image, expected, atol=1e-2, rtol=0)


@pytest.mark.parametrize("kind", EXACT)
def test_a_file_carries_the_weights_and_says_so(exported, kind):
    loaded = load_exported(exported[kind])
    original = load_weights(exported["weights"])

    assert loaded.loaded.info == original.info
    assert (loaded.runtime, loaded.precision) == ({"onnx": "onnx", "xml": "openvino"}[kind], "float32")
    method = load_method(exported[kind])
    assert (method.name, method.runtime) == ("tiny", loaded.runtime)
    assert method.traits.halo == original.net.halo


def test_the_report_says_how_far_it_is_off(exported):
    for kind in EXACT:
        assert 0 <= exported["reports"][kind].difference < 1e-5
    assert [path.name for path in exported["reports"]["xml"].files] == ["tiny.xml", "tiny.bin"]


@pytest.mark.parametrize("kind", EXACT)
def test_a_truncated_file_is_one_clear_error(exported, kind, tmp_path):
    path = copied(exported, kind, tmp_path)
    for share in (0.0, 0.3, 0.99):
        data = exported[kind].read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

        with pytest.raises(
            WeightsError, match=f"{path.name} (is truncated|is a model, but not of pinsharp|was change)"
        ):
            load_exported(path)


@pytest.mark.parametrize("kind", EXACT)
def test_a_changed_number_is_noticed(exported, kind, tmp_path):
    path = copied(exported, kind, tmp_path)
    numbers = path if kind == "onnx" else path.with_suffix(".bin")
    bias = load_weights(exported["weights"]).net.restorer.enter["mono"].bias.detach().numpy().tobytes()
    data = numbers.read_bytes()
    assert data.count(bias) == 1
    numbers.write_bytes(data.replace(bias, bias[::-1]))

    with pytest.raises(WeightsError, match=r"was changed after it was exported \(its SHA-256 does not match\)"):
        load_exported(path)


@pytest.mark.parametrize("kind", EXACT)
def test_weights_of_another_model_are_noticed(exported, kind, tmp_path):
    path = copied(exported, kind, tmp_path)
    data = path.read_bytes()
    place = data.index(b"AAAA", data.index(b"weights"))
    path.write_bytes(data[:place] + b"AAAB" + data[place + 4 :])

    with pytest.raises(WeightsError, match="was changed after it was exported"):
        load_exported(path)


@pytest.mark.parametrize("kind", EXACT)
def test_a_file_of_another_version_is_one_clear_error(exported, kind, tmp_path):
    """Not a KeyError when the first image comes: its graph has other inputs than are given to it now."""
    path = make_old(copied(exported, kind, tmp_path))

    with pytest.raises(
        WeightsError,
        match=rf"{path.name} was exported by another version of pinsharp: expected a graph from modulation_colour .*"
        r"modulation_mono .* got one from modulation \(.*; export it again with `pinsharp export`$",
    ):
        load_exported(path)


@pytest.mark.parametrize("kind", EXACT)
def test_a_file_that_takes_other_channels_is_refused(exported, kind, monkeypatch, tmp_path):
    monkeypatch.setattr(
        exported_files, "graph_of", lambda net: replace(graph_of(net), inputs={"image": image(2, 3, 8, 8)})
    )

    with pytest.raises(WeightsError, match=r"expected a graph from image \(3 channels\) to"):
        load_exported(exported[kind])


def test_foreign_and_missing_files_are_refused(tmp_path):
    import onnx
    import openvino

    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    ports = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    model = onnx.helper.make_model(
        onnx.helper.make_graph([node], "g", ports[:1], ports[1:]), opset_imports=[onnx.helper.make_opsetid("", 18)]
    )
    (tmp_path / "foreign.onnx").write_bytes(model.SerializeToString())
    openvino.save_model(openvino.Core().read_model(model.SerializeToString()), tmp_path / "foreign.xml")
    (tmp_path / "text.onnx").write_text("hello")
    (tmp_path / "text.xml").write_text("hello")
    (tmp_path / "text.bin").write_text("hello")

    for name in ("foreign.onnx", "foreign.xml"):
        with pytest.raises(
            WeightsError, match=f"{name} is a model, but not of pinsharp; give one that `pinsharp export"
        ):
            load_exported(tmp_path / name)
    for name in ("text.onnx", "text.xml"):
        with pytest.raises(WeightsError, match=f"{name} is truncated or no"):
            load_exported(tmp_path / name)
    with pytest.raises(WeightsError, match=r"cannot read a model from .*none.onnx: No such file"):
        load_exported(tmp_path / "none.onnx")
    with pytest.raises(WeightsError, match=r"model file not found: .*none.xml; an OpenVINO model is a .xml file with"):
        load_exported(tmp_path / "none.xml")


def test_a_missing_bin_is_named(exported, tmp_path):
    path = copied(exported, "xml", tmp_path)
    path.with_suffix(".bin").unlink()

    with pytest.raises(WeightsError, match=r"model file not found: .*tiny.bin"):
        load_exported(path)


def test_what_differs_from_pytorch_is_not_written(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "largest_difference", lambda *args, **settings: 2e-4)

    with pytest.raises(
        ConfigError, match=r"at most 0.0001 of full scale, got 0.0002 \(random images of seed 5\); noth"
    ):
        export(exported["weights"], tmp_path / "bad.onnx", seed=5)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nafnet", "deepdeblur", "srn"])
def test_end_to_end_networks_go_into_files_too(name, tmp_path):
    weights = tmp_path / f"{name}.safetensors"
    save_weights(weights, tiny_peer(name), {})

    export(weights, tmp_path / "net.onnx")

    blurred = image(1, 3, 37, 42)
    found = load_method(tmp_path / "net.onnx")(blurred).image
    torch.testing.assert_close(found, load_method(weights, precision="float32")(blurred).image, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "name, precision, sentence",
    [
        ("m.pt", "float32", "ends in .onnx .ONNX. or .xml .OpenVINO., got .*m.pt.; rename it"),
        ("m.onnx", "bfloat16", "computes in float32 on a CPU, got bfloat16; export to a .xml file instead"),
        ("m.xml", "int8", "must be float32 or bfloat16, got 'int8'"),
    ],
)
def test_what_cannot_be_exported_is_refused_first(exported, name, precision, sentence, tmp_path):
    with pytest.raises(ConfigError, match=sentence):
        export(exported["weights"], tmp_path / name, precision=precision)


def test_networks_that_cannot_be_exported_are_refused(tmp_path):
    save_weights(tmp_path / "udbd.safetensors", tiny_udbd(), {})

    with pytest.raises(ConfigError, match=r"expected one of the nets swift, deepdeblur, srn, nafnet to .* got udbd"):
        export(tmp_path / "udbd.safetensors", tmp_path / "udbd.onnx")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(exported, tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(OutputError, match=r"m.onnx: expected a folder that can be written"):
        export(exported["weights"], tmp_path / "m.onnx")


@pytest.mark.parametrize("kind, module", [("onnx", "onnxruntime"), ("onnx", "onnx"), ("xml", "openvino")])
def test_a_missing_library_says_what_to_install(exported, kind, module, monkeypatch):
    monkeypatch.setattr(libraries, "is_there", lambda name: name != module)

    with pytest.raises(MissingExtra, match=rf"needs {module}, which is not installed; run: pip install 'pinsharp\[exp"):
        load_exported(exported[kind])
