"""Weights files: what was saved comes back, and every way in which a file can be wrong is one clear sentence."""

import dataclasses
import json
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch

from pinsharp.errors import OutputError, WeightsError
from pinsharp.nets import weights
from pinsharp.nets.udbd.udbd import Udbd, UdbdConfig
from pinsharp.nets.weights import load_weights, read_card, read_info, save_weights, shipped_names, zoo_path

TINY = UdbdConfig(
    kernel_channels=2,
    kernel_blocks=0,
    kernel_code=2,
    kernel_chain=1,
    features=2,
    feature_blocks=0,
    width=2,
    encoder_blocks=(1,),
    decoder_blocks=(1,),
)
CARD = {"data": "two photographs", "licence": "CC0-1.0", "figures": {"psnr": 28.4}}


def tiny_net(config: UdbdConfig = TINY) -> Udbd:
    torch.manual_seed(0)
    return Udbd(config)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_weights(path, tiny_net(), CARD)
    return path


def rewrite(
    path: Path, *, metadata: dict[str, str] | None = None, tensors: dict[str, torch.Tensor] | None = None
) -> None:
    """Change parts of a file and make its hash right again, as a foreign tool or another version would."""
    header, payload = weights._split(path.read_bytes())
    old = json.loads(header)["__metadata__"]
    if tensors is not None:
        payload = weights._split(safetensors.torch.save(tensors))[1]
    new = {**old, **(metadata or {})}
    new["sha256"] = weights._digest(new["net"], new["config"], payload)
    loaded = tensors if tensors is not None else safetensors.torch.load_file(path)
    path.write_bytes(safetensors.torch.save(loaded, new))


def changed_config(path: Path, **settings: object) -> None:
    config = {**dataclasses.asdict(TINY), **settings}
    rewrite(path, metadata={"config": json.dumps(config)})


def test_a_saved_net_comes_back_bit_for_bit(saved):
    net = tiny_net().eval()
    blurred = torch.rand(1, 3, 9, 8)

    loaded = load_weights(saved)

    assert loaded.net.config == TINY
    assert loaded.card == read_card(saved) == CARD
    assert not loaded.net.training
    assert loaded.net.state_dict().keys() == net.state_dict().keys()
    assert all(torch.equal(value, net.state_dict()[key]) for key, value in loaded.net.state_dict().items())
    assert torch.equal(loaded.net(blurred)[0], net(blurred)[0])


def test_a_file_says_what_it_is(saved):
    info = read_info(saved)

    assert info.net == "udbd"
    assert info.parameters == sum(value.numel() for value in tiny_net().parameters())
    assert info.config["wiener"] == "dfwd"
    assert len(info.sha256) == 64
    assert load_weights(saved).info == info


def test_the_hash_names_the_weights_and_not_the_card(tmp_path):
    one = save_weights(tmp_path / "one.safetensors", tiny_net(), CARD)
    same = save_weights(tmp_path / "same.safetensors", tiny_net(), {})
    net = tiny_net()
    with torch.no_grad():
        net.restorer.frm.ending.bias[0] += 1e-3

    assert same.sha256 == one.sha256
    assert save_weights(tmp_path / "other.safetensors", net, CARD).sha256 != one.sha256


def test_half_precision_takes_half_the_room_and_loads_as_float32(tmp_path):
    path = tmp_path / "half.safetensors"

    save_weights(path, tiny_net(), CARD, half=True)

    stored = safetensors.torch.load_file(path)
    loaded = load_weights(path).net.state_dict()
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert {value.dtype for value in loaded.values()} == {torch.float32}
    for key, value in tiny_net().state_dict().items():
        torch.testing.assert_close(loaded[key], value, rtol=1e-3, atol=1e-7)


def test_saving_replaces_the_old_file_and_leaves_nothing_else(saved):
    save_weights(saved, tiny_net(), {"data": "new"})

    assert read_card(saved) == {"data": "new"}
    assert list(saved.parent.iterdir()) == [saved]


def test_a_failed_save_keeps_the_old_file(saved, monkeypatch):
    before = saved.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OutputError, match=r"expected [\d,]+ bytes of free space, got a full disk; free some"):
        save_weights(saved, tiny_net(), {})

    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match=r"expected the folder .*nowhere to exist, got none; create it first"):
        save_weights(tmp_path / "nowhere" / "net.safetensors", tiny_net(), {})


@pytest.mark.parametrize(
    "value, half, sentence",
    [(float("nan"), False, "the training has diverged"), (1e6, True, "store it in full precision")],
)
def test_weights_that_are_not_finite_are_not_saved(tmp_path, value, half, sentence):
    net = tiny_net()
    with torch.no_grad():
        net.restorer.frm.ending.bias[0] = value

    with pytest.raises(WeightsError, match=sentence):
        save_weights(tmp_path / "net.safetensors", net, {}, half=half)

    assert list(tmp_path.iterdir()) == []


def test_another_kind_of_module_is_a_slip_of_the_programmer(tmp_path):
    with pytest.raises(ValueError, match=r"expected one of the nets udbd, .* got a Linear"):
        save_weights(tmp_path / "net.safetensors", torch.nn.Linear(1, 1), {})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"not found: .*gone.safetensors"):
        load_weights(tmp_path / "gone.safetensors")


def test_a_folder_is_no_weights_file(tmp_path):
    with pytest.raises(WeightsError, match="cannot read weights"):
        load_weights(tmp_path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.999])
def test_a_truncated_file_is_recognised_wherever_it_ends(saved, share):
    data = saved.read_bytes()
    saved.write_bytes(data[: max(9, int(share * len(data)))])

    with pytest.raises(WeightsError, match="is truncated: it ends after"):
        load_weights(saved)


@pytest.mark.parametrize("place", [-1, -200])
def test_a_single_changed_byte_is_found(saved, place):
    data = bytearray(saved.read_bytes())
    data[place] ^= 1
    saved.write_bytes(data)

    with pytest.raises(WeightsError, match="SHA-256 does not match"):
        load_weights(saved)


def test_bytes_after_the_end_are_found(saved):
    saved.write_bytes(saved.read_bytes() + b"\0")

    with pytest.raises(WeightsError, match="SHA-256 does not match"):
        load_weights(saved)


def test_a_changed_setting_is_found_even_where_all_shapes_fit(saved):
    data = saved.read_bytes()
    saved.write_bytes(data.replace(b'kernel_stride\\": 1', b'kernel_stride\\": 2'))

    assert saved.read_bytes() != data
    with pytest.raises(WeightsError, match="SHA-256 does not match"):
        load_weights(saved)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"not weights at all, only text",
        struct.pack("<Q", 8) + b"not json",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": 12}',
    ],
)
def test_other_files_are_recognised_as_such(tmp_path, content):
    path = tmp_path / "file.safetensors"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"is not a \.safetensors file"):
        load_weights(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}])
def test_the_safetensors_of_others_are_foreign(tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    safetensors.torch.save_file({"weight": torch.zeros(2)}, path, metadata)

    with pytest.raises(WeightsError, match="but not of pinsharp"):
        load_weights(path)


def test_files_of_a_newer_pinsharp_say_so(saved):
    rewrite(saved, metadata={"version": "2"})

    with pytest.raises(WeightsError, match="format version 2, this pinsharp reads 1; update pinsharp"):
        load_weights(saved)


@pytest.mark.parametrize("metadata", [{"config": "{"}, {"config": "3"}, {"card": "[1]"}])
def test_a_damaged_header_is_one_sentence(saved, metadata):
    rewrite(saved, metadata=metadata)

    with pytest.raises(WeightsError, match="damaged header"):
        load_weights(saved)


def test_an_unknown_net_is_named(saved):
    rewrite(saved, metadata={"net": "resnet"})

    with pytest.raises(WeightsError, match="unknown net 'resnet'; expected one of: udbd"):
        load_weights(saved)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"depth": 3}, "unknown setting udbd.depth"),
        ({"width": "2"}, "udbd.width must be of type int, got '2'"),
        ({"wiener": "median"}, "udbd.wiener must be one of dfwd, fwd, got 'median'"),
        ({"width": 3}, r"has shape .*, expected .* and \d+ more"),
    ],
)
def test_settings_that_do_not_fit_are_named(saved, settings, sentence):
    changed_config(saved, **settings)

    with pytest.raises(WeightsError, match=sentence):
        load_weights(saved)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda tensors: tensors.pop("restorer.frm.ending.bias"), "restorer.frm.ending.bias is missing"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "extra is unexpected"),
        (
            lambda tensors: tensors.update({"restorer.frm.ending.bias": torch.zeros(4)}),
            r"has shape \(4,\), expected \(3,\)",
        ),
        (lambda tensors: tensors.update({"restorer.frm.ending.bias": torch.zeros(3).int()}), "is torch.int32"),
        (lambda tensors: tensors.update({"restorer.frm.ending.bias": torch.full((3,), torch.nan)}), "NaN or infinite"),
    ],
)
def test_tensors_that_do_not_fit_are_named(saved, change, sentence):
    tensors = safetensors.torch.load_file(saved)
    change(tensors)
    rewrite(saved, tensors=tensors)

    with pytest.raises(WeightsError, match=sentence):
        load_weights(saved)


def test_shipped_weights_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "ZOO", tmp_path)
    save_weights(tmp_path / "tiny.safetensors", tiny_net(), CARD)

    assert shipped_names() == ["tiny"]
    assert read_card(zoo_path("tiny")) == CARD
    with pytest.raises(WeightsError, match=r"no weights named 'huge' come with pinsharp \(shipped: tiny\)"):
        zoo_path("huge")


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_file_loads(name):
    assert load_weights(zoo_path(name)).info.parameters > 0
