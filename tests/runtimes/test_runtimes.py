"""Runtimes behind one call: each restores as PyTorch does, and what does not go together is refused."""

import pytest
import torch

from old_exports import make_old
from pinsharp.errors import ConfigError
from pinsharp.methods.devices import RUNTIMES, check_runtime
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import load_weights, save_weights
from pinsharp.runtimes import choice, runtimes
from pinsharp.runtimes.cache import VARIABLE, cache_folder
from pinsharp.runtimes.choice import Trial
from pinsharp.runtimes.parts import graph_of
from tiny_models import tiny_udbd

pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(kept, monkeypatch):
    """One cache for all tests here, so that the tiny network is exported once."""
    monkeypatch.setenv(VARIABLE, str(kept))


def image(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("runtime, precision", [("onnx", "auto"), ("openvino", "float32")])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_runtime_restores_as_pytorch_does(exported, runtime, precision, channels):
    blurred = image(1, channels, 45, 38)
    method = load_method(exported["weights"], precision=precision, runtime=runtime)

    found = method(blurred)

    plain = load_method(exported["weights"], precision="float32")(blurred)
    assert (method.runtime, method.dtype) == (runtime, torch.float32)
    torch.testing.assert_close(found.image, plain.image, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.kernel, plain.kernel)


def test_the_graph_is_exported_once(exported, monkeypatch):
    load_method(exported["weights"], runtime="onnx")
    (kept,) = (cache_folder() / "exported").iterdir()
    assert kept.name.startswith(f"{load_weights(exported['weights']).info.sha256}-")
    monkeypatch.setattr(runtimes.onnx, "make_model", None)

    load_method(exported["weights"], runtime="openvino", precision="float32")


@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_a_graph_of_another_version_is_quietly_exported_anew(exported, tmp_path, monkeypatch, runtime):
    """As they were when both trunks shared one input: the weights are right, the graph has other inputs."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    load_method(exported["weights"], runtime="onnx")
    (kept,) = (cache_folder() / "exported").iterdir()
    make_old(kept)
    blurred = image(1, 1, 45, 38)

    found = load_method(exported["weights"], precision="float32", runtime=runtime)(blurred).image

    expected = load_method(exported["weights"], precision="float32")(blurred).image
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    monkeypatch.setattr(runtimes.onnx, "make_model", None)  # what was made anew is kept
    load_method(exported["weights"], runtime="onnx")


@pytest.mark.parametrize("change", ["__version__", "OPSET"])
def test_another_version_keeps_files_of_its_own(exported, monkeypatch, change):
    net = load_weights(exported["weights"]).net
    before = runtimes._recipe(graph_of(net))

    monkeypatch.setattr(runtimes if change == "__version__" else runtimes.onnx, change, 17)

    assert runtimes._recipe(graph_of(net)) != before


def test_auto_takes_what_was_found_to_be_fastest(exported, monkeypatch):
    seconds = {"torch": 0.3, "onnx": 0.2, "openvino": 0.1}
    monkeypatch.setattr(choice, "measured", lambda name, *rest: Trial(name, 0.0, seconds[name]))

    assert load_method(exported["weights"], precision="float32", runtime="auto").runtime == "openvino"


def test_a_file_brings_its_own_runtime(exported):
    for runtime in ("torch", "auto", "onnx"):
        assert load_method(exported["onnx"], runtime=runtime).runtime == "onnx"
    with pytest.raises(ConfigError, match=r"tiny.onnx is run by onnx, got the runtime openvino; leave the runtime out"):
        load_method(exported["onnx"], runtime="openvino")
    with pytest.raises(ConfigError, match=r"tiny.onnx computes in float32, got bfloat16; export it in that precision"):
        load_method(exported["onnx"], precision="bfloat16")


def test_what_only_pytorch_computes_takes_no_other_runtime(tmp_path):
    save_weights(tmp_path / "udbd.safetensors", tiny_udbd(), {})

    with pytest.raises(ConfigError, match="wiener is computed by PyTorch alone, got the runtime onnx"):
        load_method("wiener", runtime="onnx")
    with pytest.raises(ConfigError, match="selfdeblur is computed by PyTorch alone, got the runtime openvino"):
        load_method("selfdeblur", runtime="openvino")
    with pytest.raises(ConfigError, match=r"one of the nets swift, .* to export or to run elsewhere, got udbd"):
        load_method(tmp_path / "udbd.safetensors", runtime="onnx")
    assert load_method("wiener", runtime="auto").name == "wiener"
    assert load_method(tmp_path / "udbd.safetensors", runtime="auto").runtime == "torch"


def test_onnx_runtime_knows_no_bfloat16(exported):
    with pytest.raises(ConfigError, match="the runtime onnx computes in float32 on a CPU, got bfloat16; take openvino"):
        load_method(exported["weights"], precision="bfloat16", runtime="onnx")


def test_an_unknown_runtime_is_refused():
    for name in ("swift", "wiener"):
        with pytest.raises(ConfigError, match="runtime must be one of torch, onnx, openvino, auto, got 'tpu'"):
            load_method(name, runtime="tpu")
    for runtime in RUNTIMES:
        check_runtime(runtime)


def test_torch_compile_is_no_runtime():
    with pytest.raises(ConfigError, match="one of torch, onnx, openvino, auto, got 'compile'"):
        load_method("swift", runtime="compile")
