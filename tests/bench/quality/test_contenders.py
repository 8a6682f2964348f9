"""Who takes part: rows and their names, and what records say about each."""

import pytest
import torch

from pinsharp.bench.quality.contenders import contenders
from pinsharp.data.testset import Degradation
from pinsharp.errors import ConfigError
from pinsharp.methods.table import load_method
from pinsharp.nets.weights import read_info, save_weights
from tiny_models import save_tiny_swift, tiny_swift

PROTOCOL = Degradation("gaussian:2")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


def load(name):
    return load_method(name, precision="float32")


def rows(names, **options):
    return {row.row: row for row in contenders(names, PROTOCOL, load=load, **options)}


def test_a_network_is_described_by_its_weights(weights):
    blind, informed = rows([str(weights)], true_kernel=True).values()

    said = read_info(weights)
    assert blind.about == {
        "method": str(weights),
        "informed": False,
        "kind": "network",
        "kernel_from": "itself",
        "weights_sha256": said.sha256,
        "parameters": said.parameters,
        "budget": None,
        "precision": "float32",
        "kernel_weights_sha256": None,
        "device": "cpu",
    }
    assert informed.about == blind.about | {"informed": True}
    assert blind.device == torch.device("cpu")


def test_a_borrowed_estimate_is_named_by_the_weights_of_its_lender():
    blind, informed = rows(["wiener:0.01"], true_kernel=True).values()

    assert blind.about["method"] == "wiener:0.01"
    assert blind.about["weights_sha256"] is None
    assert blind.about["kernel_weights_sha256"] == load("swift").info.sha256
    assert (blind.about["precision"], informed.about["precision"]) == ("float32", None)
    assert informed.about["kernel_weights_sha256"] is None


def test_a_label_names_the_row_and_a_path_with_an_equals_sign_does_not(weights):
    odd = save_tiny_swift(weights.parent / "lr=1.safetensors")

    made = rows([f"ours={weights}", str(odd), "blurred"], true_kernel=True)

    assert list(made) == ["ours", "ours, true kernel", str(odd), f"{odd}, true kernel", "blurred"]
    assert made["ours"].about["method"] == str(weights)


@pytest.mark.parametrize(
    "names, sentence",
    [
        (["swift=wiener", "swift"], "expected one method for the row 'swift', got 'wiener' and 'swift'"),
        (["blurred=wiener"], "blurred=wiener: expected a label of its own, got 'blurred'"),
    ],
)
def test_a_row_is_one_method(names, sentence):
    with pytest.raises(ConfigError, match=sentence):
        rows(names)


def test_a_training_that_both_parts_come_from_counts_once(tmp_path):
    """As where the estimator and the restorer of a larger net were both grown out of one shipped net."""
    first = {"stages": ["first"], "budget": {"crops": 100, "hours": 1.5}}
    estimator = {"stages": ["second"], "budget": {"crops": 20, "hours": 0.25}, "start": {"net": first}}
    restorer = {
        "stages": ["third"],
        "budget": {"crops": 3, "hours": 0.5},
        "start": {"net": first | {"name": "shipped"}},
    }
    card = {"budget": {"crops": 4000, "hours": 2.0}, "start": {"kernel_net": estimator, "restorer": restorer}}
    save_weights(tmp_path / "grown.safetensors", tiny_swift(), card)

    (grown,) = rows([str(tmp_path / "grown.safetensors")]).values()

    assert grown.about["budget"] == {"crops": 4123, "hours": 4.25}
