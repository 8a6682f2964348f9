"""`pinsharp info`: everything that a report of a problem needs, with or without shipped weights."""

import json
import re

import pytest
import torch

import pinsharp
from pinsharp.methods.devices import choose_dtype
from pinsharp.methods.table import METHODS
from pinsharp.nets import weights
from pinsharp.nets.weights import load_weights, read_info, save_weights, weights_bytes
from pinsharp.processor import processor
from pinsharp.runtimes.cache import VARIABLE
from pinsharp.runtimes.choice import Trial, choose
from tiny_models import save_tiny_swift, tiny_swift


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


def test_one_screen_tells_versions_devices_and_all_models(cli):
    """At most 40 lines of 80 columns."""
    lines = cli("info").out.splitlines()

    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"pinsharp {pinsharp.__version__}, python ")
    assert f"device cpu: {processor()}, " in " ".join(lines).replace("  ", "")
    head = next(number for number, line in enumerate(lines) if line.startswith("model "))
    assert lines[head].split() == ["model", "kind", "parameters", "kernel", "licence", "PSNR", "in", "dB"]
    assert [line.split()[0] for line in lines[head + 1 : head + 1 + len(METHODS)]] == list(METHODS)


def test_the_table_says_of_shipped_weights_how_large_how_good_and_under_which_licence(cli):
    swift, wiener, deepdeblur = (
        next(line for line in cli("info").out.splitlines() if line.startswith(name))
        for name in ("swift *", "wiener ", "deepdeblur ")
    )
    said = read_info(weights.zoo_path("swift"))
    psnr = said.card["figures"][0]["rows"]["swift"]["mean_psnr"]

    assert re.split(r"  +", swift) == [
        "swift *",
        "network",
        f"{said.parameters / 1e6:.2f} M",
        "measures it",
        "MIT",
        f"{psnr:.2f}, kodak24",
    ]
    assert re.split(r"  +", wiener) == ["wiener", "classical", "-", "swift's", "-", "-"]
    assert re.split(r"  +", deepdeblur)[:4] == ["deepdeblur", "network", "to train", "needs none"]


def test_shipped_weights_show_their_card(cli, zoo):
    path = save_tiny_swift(zoo / "swift.safetensors")
    said = read_info(path)

    shown, words, one = info(cli)["methods"], cli("info", "swift").out, json.loads(cli("info", "swift", "--json").out)

    [found] = [entry for entry in shown if entry["name"] == "swift"]
    assert one == found
    assert (found["weights"]["sha256"], found["weights"]["parameters"]) == (said.sha256, said.parameters)
    assert found["weights"]["card"] == said.card
    assert said.sha256 in words
    assert "licence: CC0-1.0" in words
    assert "CC0-1.0" in cli("info").out


def test_cards_of_the_weights_that_training_began_with_are_named_alone(cli, zoo):
    earlier = {"name": "first", "licence": "MIT", "start": {"restorer": {"name": "none-of-this"}}}
    begun = {"restorer": earlier, "clean": {"licence": "MIT"}}
    save_weights(zoo / "swift.safetensors", tiny_swift(), {"start": begun})
    save_weights(zoo / "sharp.safetensors", tiny_swift(), {"start": {}})

    words = cli("info", "swift").out

    assert "start: clean of earlier weights, restorer of first; their cards are in --json" in words
    assert "none-of-this" not in words
    assert "none-of-this" in cli("info", "swift", "--json").out
    assert "start: random weights" in cli("info", "sharp").out


def test_damaged_weights_do_not_hide_the_rest(cli, zoo):
    (zoo / "swift.safetensors").write_bytes(b"damaged")

    shown, one = cli("info"), cli("info", "swift")

    assert shown.code == one.code == 0
    assert "swift *              network    damaged" in shown.out
    assert "not a .safetensors file" in one.out
    assert "wiener (classical, takes a kernel, by default the one that swift measures)" in cli("info", "wiener").out
    assert "nafnet (network, works without a kernel)" in cli("info", "nafnet").out


def test_a_network_without_weights_says_how_to_get_them(cli, zoo):
    assert "no weights come with it; train them (`pinsharp train`)" in cli("info", "nafnet").out


def test_an_unknown_model_is_one_line_and_the_closest(cli):
    shown = cli("info", "swfit")

    assert shown.code == 2
    assert "got 'swfit'; did you mean 'swift'?" in shown.err
    assert len(shown.err.splitlines()) == 1


def test_runtimes_are_listed_and_what_auto_takes(cli, zoo, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    path = save_tiny_swift(zoo / "swift.safetensors")
    found = load_weights(path), weights_bytes(path), choose_dtype("auto", torch.device("cpu"))

    before = cli("info").out
    choose(*found, measure=lambda name, *rest: Trial(name, 1e-6, {"torch": 0.2}.get(name)))

    assert "runtimes: torch" in before
    assert "--runtime auto is not measured yet: its first use takes seconds" in " ".join(before.split())
    assert "--runtime auto takes torch" in " ".join(cli("info").out.split())
    [trial] = [trial for trial in info(cli)["runtimes"]["trials"] if trial["runtime"] == "torch"]
    assert (trial["difference"], trial["seconds"]) == (1e-6, 0.2)
    assert info(cli)["runtimes"]["auto"] == "torch"
