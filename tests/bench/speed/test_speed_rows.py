"""Rows in other runtimes: who they are, and that each is measured in a process of its own."""

import pytest
import torch

from fake_methods import deadly_or_real
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.show.typeset import markdown
from pinsharp.bench.speed.rows import Row, contender_of, speed_rows
from pinsharp.bench.speed.study import Speed, timed_pair
from pinsharp.bench.speed.tables import speed_table
from pinsharp.errors import ConfigError
from tiny_models import save_tiny_swift


def made(methods=("swift",), runtimes=(), untrained=()):
    return speed_rows(methods, runtimes, untrained, precision="auto", device="cpu")


def timings_apart(rows, **options):
    return list(measure(plan_of(Speed(rows, [0.01], [1], 1, apart=True, **options)), apart=True))


def test_all_stands_for_every_runtime_and_precision():
    assert [row.label for row in made(runtimes=["all"], untrained=["nafnet"])] == [
        "swift torch float32",
        "swift torch bfloat16",
        "swift onnx float32",
        "swift openvino float32",
        "swift openvino bfloat16",
        "nafnet, untrained",
    ]


def test_without_a_runtime_it_is_torch():
    assert made() == [Row("swift", "torch", "auto")]


@pytest.mark.parametrize("given", ["tpu", "torch:fp8", "openvino:"])
def test_unknown_runtimes_and_precisions_are_refused(given):
    with pytest.raises(ConfigError, match=f"runtimes such as torch, onnx or openvino:bfloat16 .* got '{given}'"):
        made(runtimes=[given])


def test_an_untrained_network_restores_with_the_blur_that_swift_measures():
    row = contender_of(Row("dwdn", is_untrained=True, device="auto", precision="float32"))

    restored = row.restore(timed_pair(0.002))

    assert row.row == "dwdn, untrained"
    assert restored.image.shape == restored.reference.shape
    assert restored.kernel is not None


@pytest.mark.slow
def test_each_row_is_measured_by_itself_and_what_fails_says_why(tmp_path):
    weights = save_tiny_swift(tmp_path / "tiny.safetensors")
    rows = [Row(str(weights), precision="float32"), Row(str(tmp_path / "none.safetensors"))]
    before = torch.get_num_threads()

    colour, lost, mono, _ = timings_apart(rows, images=["colour", "mono"])

    assert (colour.image, mono.image, colour.runtime, colour.precision) == ("colour", "mono", "torch", "float32")
    assert colour.seconds > 0
    assert colour.first_seconds > 0
    assert lost.seconds is None
    assert "WeightsError: weights file not found" in lost.reason
    assert torch.get_num_threads() == before
    table = speed_table([colour, lost, mono])
    assert [len(group.rows) for group in table.groups] == [2, 1]
    assert "Blind restoration of a mono image" in markdown(table)


@pytest.mark.slow
def test_a_process_that_dies_is_a_row_without_a_time_and_stops_nobody_else(tmp_path):
    weights = save_tiny_swift(tmp_path / "tiny.safetensors")
    rows = [Row("deadly"), Row(str(weights), precision="float32")]

    lost, fine = timings_apart(rows, load=deadly_or_real)

    assert lost.reason == "a process that was ended by SIGKILL while it restored this image; is memory short?"
    assert (lost.seconds, lost.runtime) == (None, "torch")
    assert fine.seconds > 0
