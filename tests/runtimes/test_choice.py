"""Which runtime `auto` takes: the fastest that agrees, measured once a machine and weights; nothing is timed here."""

import json

import pytest
import torch

from pinsharp.nets.weights import parse_weights, save_weights, weights_bytes
from pinsharp.runtimes import choice
from pinsharp.runtimes.cache import VARIABLE, cache_folder
from pinsharp.runtimes.choice import Trial, choose, fastest, remembered
from tiny_models import save_tiny_swift, tiny_udbd


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "is_installed", lambda name: True)


@pytest.fixture
def swift(tmp_path):
    path = save_tiny_swift(tmp_path / "tiny.safetensors")
    return parse_weights(path, weights_bytes(path)), weights_bytes(path)


class Measuring:
    """Says what it was told to say of each runtime, and counts how often it was asked."""

    def __init__(self, **seconds):
        self.seconds, self.asked = seconds, []

    def __call__(self, runtime, loaded, weights, dtype):
        self.asked.append(runtime)
        return Trial(runtime, 1e-6, self.seconds.get(runtime))


def test_the_fastest_that_agrees_is_taken_and_remembered(swift):
    measure = Measuring(torch=0.3, onnx=0.2, openvino=None)

    taken = [choose(*swift, torch.float32, measure=measure) for _ in range(3)]

    assert taken == ["onnx"] * 3
    assert measure.asked == ["torch", "onnx", "openvino"]
    assert [trial.seconds for trial in remembered(swift[0].info.sha256, torch.float32)] == [0.3, 0.2, None]


def test_another_precision_or_number_of_threads_is_measured_anew(swift, monkeypatch):
    measure = Measuring(torch=0.3, openvino=0.2)
    choose(*swift, torch.float32, measure=measure)

    choose(*swift, torch.bfloat16, measure=measure)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    choose(*swift, torch.float32, measure=measure)

    assert len(measure.asked) == 3 * 3


def test_what_knows_only_float32_stays_out_where_bfloat16_was_asked_for(swift):
    measure = Measuring(torch=0.3, onnx=0.1, openvino=0.2)

    assert choose(*swift, torch.bfloat16, float32_too=False, measure=measure) == "openvino"
    assert "onnx" not in measure.asked


def test_what_is_not_installed_is_not_tried(swift, monkeypatch):
    monkeypatch.setattr(choice, "is_installed", lambda name: name == "torch")
    measure = Measuring(torch=0.3, onnx=0.1)

    assert choose(*swift, torch.float32, measure=measure) == "torch"
    assert measure.asked == ["torch"]


def test_without_anything_that_agrees_it_is_torch():
    assert fastest([Trial("onnx", 0.5), Trial("openvino", reason="broken")]) == "torch"
    assert fastest([]) == "torch"


def test_a_network_that_cannot_be_exported_stays_in_torch(tmp_path):
    path = tmp_path / "udbd.safetensors"
    save_weights(path, tiny_udbd(), {})
    measure = Measuring()

    assert (
        choose(parse_weights(path, weights_bytes(path)), weights_bytes(path), torch.float32, measure=measure) == "torch"
    )
    assert measure.asked == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', json.dumps({"key": [{"speed": 3}]})])
def test_a_damaged_memory_is_measured_again(swift, content):
    cache_folder().mkdir()
    (cache_folder() / "runtimes.json").write_text(content)
    measure = Measuring(torch=0.3, onnx=0.2)

    assert choose(*swift, torch.float32, measure=measure) == "onnx"


def test_a_cache_that_cannot_be_written_costs_only_time(swift, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "cache"))
    measure = Measuring(torch=0.1)

    assert [choose(*swift, torch.float32, measure=measure) for _ in range(2)] == ["torch", "torch"]
    assert len(measure.asked) == 2 * 3
