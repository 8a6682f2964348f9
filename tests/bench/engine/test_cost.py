"""What a call costs: the memory that it adds at its peak, whatever was held or left behind before."""

import time

import pytest
import torch

from pinsharp.bench.engine import cost
from pinsharp.bench.engine.cost import with_cost

CPU = torch.device("cpu")
MIB = 2**20


def hold(mebibytes):
    """Use so much memory at once, and let go of it."""
    return float(torch.ones(mebibytes * MIB // 4).sum())


@pytest.fixture(params=["high-water mark", "samples"])
def any_way(request, monkeypatch, tmp_path):
    """Both ways of watching memory, where the system has them."""
    if not cost._STATM.exists():
        pytest.skip("this system does not say how much memory a process holds")
    if request.param == "samples":
        monkeypatch.setattr(cost, "_CLEAR_REFS", tmp_path / "no" / "clear_refs")


def test_the_peak_is_what_was_added(any_way):
    kept = torch.ones(64 * MIB // 4)

    peaks = [with_cost(lambda size=size: hold(size), CPU)[1].peak_memory_mib for size in (200, 50, 100)]

    assert peaks == pytest.approx([200, 50, 100], abs=10)
    assert kept.sum() == len(kept)


def test_seconds_and_result_are_those_of_the_call():
    result, spent = with_cost(lambda: time.sleep(0.05) or "done", CPU)

    assert result == "done"
    assert spent.seconds >= 0.05


def test_a_call_that_fails_fails(any_way):
    with pytest.raises(ZeroDivisionError):
        with_cost(lambda: 1 / 0, CPU)


def test_a_system_that_says_nothing_is_not_guessed_at(monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "_CLEAR_REFS", tmp_path / "no" / "clear_refs")
    monkeypatch.setattr(cost, "_STATM", tmp_path / "statm")

    assert with_cost(lambda: hold(1), CPU)[1].peak_memory_mib is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_peak_is_that_of_its_tensors():
    gpu = torch.device("cuda")
    kept = torch.ones(64 * MIB // 4, device=gpu)

    peak = with_cost(lambda: torch.ones(100 * MIB // 4, device=gpu).sum().item(), gpu)[1].peak_memory_mib

    assert peak == pytest.approx(100, abs=5)
    assert kept.device.type == "cuda"
