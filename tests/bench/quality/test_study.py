"""Benchmark runs: nothing is measured twice, nothing that was measured is lost, and one failure stops nobody else."""

import math
from dataclasses import replace
from functools import partial
from itertools import islice

import pytest

import fake_methods
from fake_methods import CALLS, Stumbling, fake_rows
from pinsharp.bench.engine.measuring import measure
from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.study import plan_of
from pinsharp.bench.quality.judge import judge
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.quality.study import Quality
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import Degradation, blurred_pairs
from pinsharp.images.files import read_image, write_image
from pinsharp.workers import threads_for

PROTOCOL = Degradation("gaussian:2:9,disk:2", noise=1 / 255)


def study_of(photos, names=("blurred",), protocol=PROTOCOL):
    return Quality(photos[0].parent, photos, protocol, partial(fake_rows, names))


def carry_out(out, photos, names, *, stop_after=None, jobs=1):
    """Measure, as far as `stop_after` measurements, and return how many were made."""
    with RecordFile(out) as file:
        stream = measure(plan_of(study_of(photos, names), out), file, jobs=jobs)
        made = len(list(islice(stream, stop_after)))
        stream.close()
    return made


def figures(out):
    """Everything that was measured apart from time and memory, which differ each time."""
    (records,) = load_records(out)
    return [replace(each, seconds=math.nan, peak_memory_mib=None) for each in records.figures]


def test_a_run_measures_what_judging_pair_by_pair_measures(tmp_path, photos):
    names = ["blurred", "linear-limit", "brighter"]

    carry_out(tmp_path / "out", photos, names)

    hashes = dict(zip(photos, image_hashes(photos), strict=True))
    judged = [
        judge(row, pair, hashes[pair.path])[0]
        for pair in blurred_pairs(photos, PROTOCOL)
        for row in fake_rows(names, PROTOCOL)
    ]
    assert figures(tmp_path / "out") == [replace(each, seconds=math.nan, peak_memory_mib=None) for each in judged]


@pytest.mark.parametrize("stop_after", [1, 5, 8])
def test_a_run_that_goes_on_ends_with_the_records_of_one_that_was_never_stopped(tmp_path, photos, stop_after):
    names = ["blurred", "brighter"]
    carry_out(tmp_path / "whole", photos, names)

    first = carry_out(tmp_path / "parts", photos, names, stop_after=stop_after)
    CALLS.clear()
    second = carry_out(tmp_path / "parts", photos, names)

    assert (first, second) == (stop_after, 8 - stop_after)
    assert len(CALLS) <= second
    assert figures(tmp_path / "parts") == figures(tmp_path / "whole")
    assert carry_out(tmp_path / "parts", photos, names) == 0


def test_a_run_without_anything_to_do_writes_nothing(tmp_path, photos):
    carry_out(tmp_path, photos, ["blurred"])
    before = (tmp_path / "records.jsonl").read_bytes()

    carry_out(tmp_path, photos, ["blurred"])

    assert (tmp_path / "records.jsonl").read_bytes() == before


def test_more_methods_join_the_run_that_is_there(tmp_path, photos):
    carry_out(tmp_path, photos, ["blurred"])

    assert carry_out(tmp_path, photos, ["blurred", "brighter"]) == 4

    (records,) = load_records(tmp_path)
    assert list(records.methods) == ["blurred", "brighter"]
    assert len(records.done) == 8


def test_a_method_that_stumbles_is_a_failed_record_and_the_others_go_on(tmp_path, photos):
    carry_out(tmp_path, photos, ["stumbling", "blurred"])

    failed = [each for each in figures(tmp_path) if not each.is_done]
    assert [(each.row, each.image, each.kernel) for each in failed] == [
        ("stumbling", "1.png", kernel) for kernel in PROTOCOL.kernels
    ]
    assert {each.reason for each in failed} == {"RuntimeError: the 44th column is missing"}
    assert [each.sigma for each in failed] == [float(kernel_sigma(kernel)) for kernel in PROTOCOL.kernels.values()]
    assert len(figures(tmp_path)) == 8


def test_what_failed_is_tried_again_and_nothing_else(tmp_path, photos, monkeypatch):
    carry_out(tmp_path, photos, ["stumbling", "blurred"])
    monkeypatch.setattr(Stumbling, "is_healed", True)

    assert carry_out(tmp_path, photos, ["stumbling", "blurred"]) == 2

    assert all(each.is_done for each in figures(tmp_path))
    assert [each.row for each in figures(tmp_path)[:2]] == ["stumbling", "blurred"]


def test_an_image_that_cannot_be_read_fails_in_every_row(tmp_path, photos):
    photos[0].write_bytes(b"no image")

    carry_out(tmp_path, photos, ["blurred", "brighter"])

    failed = [each for each in figures(tmp_path) if not each.is_done]
    assert {(each.image, each.row) for each in failed} == {("0.png", "blurred"), ("0.png", "brighter")}
    assert "0.png" in failed[0].reason
    assert len([each for each in figures(tmp_path) if each.is_done]) == 4


def test_an_image_without_numbers_is_a_failure(tmp_path, photos):
    carry_out(tmp_path, photos, ["nothing"])

    assert {each.status for each in figures(tmp_path)} == {"failed"}
    assert "got NaN" in figures(tmp_path)[0].reason


def test_an_interrupt_is_no_failure_and_keeps_what_was_measured(tmp_path, photos, monkeypatch):
    def interrupt(self, image, kernel=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(fake_methods.Brighter, "__call__", interrupt)

    with pytest.raises(KeyboardInterrupt):
        carry_out(tmp_path, photos, ["blurred", "brighter"])

    assert [(each.row, each.status) for each in figures(tmp_path)] == [("blurred", "done")]


def test_runs_differ_by_protocol_and_by_images_and_by_nothing_else(tmp_path, photos):
    pixels = read_image(photos[0]).pixels
    identity = plan_of(study_of(photos)).id

    settings = [
        Degradation("gaussian:2:9", noise=1 / 255),
        Degradation("gaussian:2:9,disk:2"),
        Degradation("gaussian:2:9,disk:2", noise=1 / 255, seed=1),
        Degradation("gaussian:2:9,disk:2", noise=1 / 255, bits=12),
        Degradation("gaussian:2:9,disk:2", "valid", noise=1 / 255),
    ]
    others = {plan_of(study_of(photos, protocol=setting)).id for setting in settings}
    others.add(plan_of(study_of(photos[:1])).id)
    others.add(plan_of(study_of(photos[::-1])).id)
    assert len({identity, *others}) == 8
    assert len(identity) == 12

    moved = photos[0].parent.rename(tmp_path / "moved")
    assert plan_of(study_of(sorted(moved.iterdir()), ("blurred", "brighter"))).id == identity
    write_image(moved / "0.png", 255 - pixels, overwrite=True)
    assert plan_of(study_of(sorted(moved.iterdir()))).id not in {identity, *others}


def test_the_header_says_what_restores(tmp_path, photos):
    carry_out(tmp_path, photos, ["blurred", "brighter"])

    (records,) = load_records(tmp_path)

    assert (records.set, records.about["images"], records.about["jobs"]) == ("photos", 2, 1)
    assert records.about["protocol"]["noise_of_255"] == 1
    brighter = records.methods["brighter"]
    assert (
        brighter.items()
        >= {"method": "brighter", "informed": False, "kind": "network", "kernel_from": "nobody"}.items()
    )
    assert brighter.items() >= {"weights_sha256": None, "parameters": None, "budget": None}.items()
    assert records.about.keys() >= {
        "test_set_sha256",
        "judged_bits",
        "commit",
        "command",
        "machine",
        "torch",
        "threads",
    }


def test_measurements_carry_image_size_and_memory(tmp_path, photos):
    carry_out(tmp_path, photos, ["brighter"])

    (records,) = load_records(tmp_path)

    assert [each.megapixels for each in records.done] == [48 * 53 / 1e6] * 2 + [40 * 44 / 1e6] * 2
    assert all(each.peak_memory_mib is None or 0 <= each.peak_memory_mib < 500 for each in records.done)
    assert all(0 < each.seconds < 60 for each in records.done)


@pytest.mark.slow
def test_two_processes_measure_what_one_measures(tmp_path, photos):
    names = ["blurred", "linear-limit", "stumbling"]

    carry_out(tmp_path / "one", photos, names)
    assert carry_out(tmp_path / "two", photos, names, jobs=2) == 12

    def known(out):
        return {each.key: replace(each, mse=None, psnr=None, ssim=None) for each in figures(out)}

    assert known(tmp_path / "one").keys() == known(tmp_path / "two").keys()
    alone, shared = ({each.key: each for each in figures(tmp_path / out)} for out in ("one", "two"))
    for key, each in alone.items():
        assert (each.status, each.reason) == (shared[key].status, shared[key].reason)
        assert (each.psnr, each.ssim) == pytest.approx((shared[key].psnr, shared[key].ssim), rel=1e-5, nan_ok=True)
    assert load_records(tmp_path / "two")[0].about["jobs"] == 2


@pytest.mark.slow
def test_a_process_that_dies_costs_only_what_it_was_at(tmp_path, photos):
    assert carry_out(tmp_path, photos, ["deadly", "blurred"], jobs=2) == 8

    failed = [each for each in figures(tmp_path) if not each.is_done]
    assert [(each.row, each.image) for each in failed] == [("deadly", "1.png")] * 2
    assert "ended by SIGKILL" in failed[0].reason
    assert len([each for each in figures(tmp_path) if each.is_done]) == 6


def test_processes_share_the_threads_of_one(monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)

    assert [threads_for(jobs) for jobs in (1, 2, 3, 16)] == [8, 4, 2, 1]


def test_without_a_folder_everything_is_measured_and_nothing_is_kept(tmp_path, photos, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    measured = list(measure(plan_of(study_of(photos, ["blurred", "stumbling"]))))

    assert [(each.row, each.status) for each in measured[4:6]] == [("blurred", "done"), ("stumbling", "failed")]
    assert len(measured) == 8
    assert sorted(tmp_path.rglob("*")) == before
