"""`pinsharp info`: everything that a report of a problem needs, with or without shipped weights."""

import json

import pytest
import torch

import pinsharp
from pinsharp.methods.devices import choose_dtype
from pinsharp.methods.table import METHODS
from pinsharp.nets import weights
from pinsharp.nets.weights import load_weights, read_info, weights_bytes
from pinsharp.runtimes.cache import VARIABLE
from pinsharp.runtimes.choice import Trial, choose
from tiny_models import save_tiny_swift


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)
    return tmp_path


def info(cli):
    return json.loads(cli("info", "--json").out)


def test_versions_and_devices_are_those_at_work(cli):
    facts = info(cli)

    assert facts["pinsharp"] == pinsharp.__version__
    assert facts["libraries"]["torch"] == torch.__version__
    assert set(facts["libraries"]) >= {"torch", "numpy", "pillow", "tifffile", "opencv"}
    assert all(facts["libraries"][name] for name in ("numpy", "pillow", "tifffile", "opencv"))
    assert facts["devices"][0]["threads"] == torch.get_num_threads()
    assert isinstance(facts["devices"][0]["native_bfloat16"], bool)


def test_every_method_is_listed_with_its_needs(cli, zoo):
    methods = {entry["name"]: entry for entry in info(cli)["methods"]}

    assert list(methods) == list(METHODS)
    for name, entry in METHODS.items():
        assert methods[name]["kind"] == entry.kind
        assert methods[name]["kernel_from"] == entry.kernel_from
        assert methods[name]["has_weights"] == entry.has_weights
        assert methods[name]["weights"] is None


def test_shipped_weights_show_their_card(cli, zoo):
    path = save_tiny_swift(zoo / "swift.safetensors")
    said = read_info(path)

    shown, words = info(cli)["methods"], cli("info").out

    [found] = [entry["weights"] for entry in shown if entry["name"] == "swift"]
    assert (found["sha256"], found["parameters"]) == (said.sha256, said.parameters)
    assert found["card"] == said.card
    assert said.sha256 in words
    assert "licence: CC0-1.0" in words


def test_damaged_weights_do_not_hide_the_rest(cli, zoo):
    (zoo / "swift.safetensors").write_bytes(b"damaged")

    shown = cli("info")

    assert shown.code == 0
    assert "not a .safetensors file" in shown.out
    assert "wiener (classical, takes a kernel, by default the one that swift measures)" in shown.out
    assert "nafnet (network, works without a kernel)" in shown.out


def test_a_network_without_weights_says_how_to_get_them(cli, zoo):
    assert "no weights come with it; train them (`pinsharp train`)" in cli("info").out


def test_runtimes_are_listed_and_what_auto_takes(cli, zoo, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    path = save_tiny_swift(zoo / "swift.safetensors")
    found = load_weights(path), weights_bytes(path), choose_dtype("auto", torch.device("cpu"))

    before = cli("info").out
    choose(*found, measure=lambda name, *rest: Trial(name, 1e-6, {"torch": 0.2}.get(name)))

    assert "runtimes: torch" in before
    assert "--runtime auto: not measured here yet; the first use measures, which takes seconds" in before
    assert "--runtime auto takes torch" in cli("info").out
    assert "torch: differs from torch in float32 by 1e-06, 0.200 s for 0.4 megapixels" in cli("info").out
    assert info(cli)["runtimes"]["auto"] == "torch"
