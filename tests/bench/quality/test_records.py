"""Records: what was written is read back, whatever has interrupted the writing, and one run is one however often."""

import json
import math
import resource

import pytest

from pinsharp.bench.engine.record_file import RECORDS, RecordFile
from pinsharp.bench.engine.records import plain, read_lines
from pinsharp.bench.quality.records import KIND, Measurement, load_records
from pinsharp.errors import ConfigError, OutputError

METHOD = {"method": "swift", "informed": False, "weights_sha256": "aa", "precision": "float32"}
DONE = Measurement("swift", "a.png", "disk:2", 1.0, 1e-3, 30.0, 0.9, 1.1, 0.1, 0.05, 0.5, "f00", 0.2, 12.5)
PERFECT = Measurement("swift", "b.png", "disk:2", 1.0, 0.0, math.inf, 1.0, seconds=0.1, image_sha256="f01")
FAILED = Measurement("swift", "c.png", "disk:2", 1.0, image_sha256="f02", status="failed", reason="no memory")


def header(run="one", **methods):
    protocol = {"kernels": "disk:2"}
    return {"record": "run", "run": run, "set": "photos", "protocol": protocol, "methods": methods or {"swift": METHOD}}


def line(measurement, run="one"):
    return {"record": "measurement", "run": run, **plain(measurement)}


def done_keys(folder, run, methods):
    return read_lines(folder, KIND, run)[run].done(methods)


def write(folder, *records):
    with RecordFile(folder) as file:
        for record in records:
            file.append(record)


def test_what_was_written_is_read_back(tmp_path):
    write(tmp_path / "new" / "folder", header(), *map(line, (DONE, PERFECT, FAILED)))

    (run,) = load_records(tmp_path / "new" / "folder")

    assert (run.id, run.set, run.about["protocol"], run.methods) == (
        "one",
        "photos",
        {"kernels": "disk:2"},
        {"swift": METHOD},
    )
    assert run.figures[:2] == [DONE, PERFECT] == run.done
    failed = run.figures[2]
    assert (failed.status, failed.reason, failed.key) == ("failed", "no memory", FAILED.key)
    assert all(math.isnan(figure) for figure in (failed.mse, failed.psnr, failed.ssim, failed.seconds))


@pytest.mark.parametrize("cut", [1, 20, 200, 338])
def test_a_torn_last_line_is_dropped_and_never_mended_by_what_follows(tmp_path, cut):
    write(tmp_path, header(), line(DONE), line(PERFECT))
    path = tmp_path / RECORDS
    path.write_bytes(path.read_bytes()[:-cut])

    assert load_records(tmp_path)[0].figures == [DONE]
    write(tmp_path, line(FAILED))

    assert [each.image for each in load_records(tmp_path)[0].figures] == ["a.png", "c.png"]
    assert all(json.loads(text) for text in path.read_text().splitlines())


def test_reading_leaves_a_file_that_is_being_written_alone(tmp_path):
    write(tmp_path, header(), line(DONE))
    path = tmp_path / RECORDS
    path.write_bytes(path.read_bytes() + b'{"record": "meas')
    before = path.read_bytes()

    load_records(tmp_path)

    assert path.read_bytes() == before


def test_runs_with_one_id_are_one_run(tmp_path):
    wiener = Measurement("wiener", "a.png", "disk:2", 1.0, 1e-2, 20.0, 0.8, image_sha256="f00")
    write(tmp_path, header(), line(DONE), header("two"), line(DONE, "two"))
    write(tmp_path, header(wiener={"method": "wiener"}), line(wiener))

    one, two = load_records(tmp_path)

    assert (one.id, two.id) == ("one", "two")
    assert list(one.methods) == ["swift", "wiener"]
    assert one.figures == [DONE, wiener]
    assert [list(each["methods"]) for each in one.about["headers"]] == [["swift"], ["wiener"]]
    assert two.figures == [DONE]


def test_a_failure_that_was_made_good_counts_as_done_in_its_place(tmp_path):
    healed = Measurement("swift", "c.png", "disk:2", 1.0, 1e-3, 30.0, 0.9, image_sha256="f02", seconds=1.0)
    write(tmp_path, header(), line(FAILED), line(DONE), line(healed))

    assert load_records(tmp_path)[0].figures == [healed, DONE]


def test_figures_of_other_weights_are_not_mixed_and_not_lost(tmp_path):
    retrained = METHOD | {"weights_sha256": "bb"}
    better = Measurement("swift", "a.png", "disk:2", 1.0, 1e-4, 40.0, 0.95, image_sha256="f00", seconds=1.0)
    write(tmp_path, header(), line(DONE), line(PERFECT), header(swift=retrained), line(better))

    assert load_records(tmp_path)[0].figures == [better]
    assert done_keys(tmp_path, "one", {"swift": retrained}) == {better.key}
    assert done_keys(tmp_path, "one", {"swift": METHOD}) == {DONE.key, PERFECT.key}

    write(tmp_path, header())
    assert load_records(tmp_path)[0].figures == [DONE, PERFECT]


def test_weights_count_and_not_where_their_file_lies(tmp_path):
    write(tmp_path, header(), line(DONE))

    assert done_keys(tmp_path, "one", {"swift": METHOD | {"method": "runs/swift.safetensors"}}) == {DONE.key}
    assert done_keys(tmp_path, "one", {"swift": METHOD | {"precision": "bfloat16"}}) == set()
    assert done_keys(tmp_path, "two", {"swift": METHOD}) == set()


def test_failed_ones_are_not_done(tmp_path):
    write(tmp_path, header(), line(FAILED))

    assert done_keys(tmp_path, "one", {"swift": METHOD}) == set()


@pytest.mark.parametrize(
    "damage",
    [
        b"not json\n",
        b"[1, 2]\n",
        b'{"record": "measurement", "run": "nobody"}\n',
        b'{"record": "x", "run": "one"}\n',
        b'{"record": "run", "run": "one", "methods": {}}\n',
        b"\0" * 9 + b"\n",
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path, damage):
    write(tmp_path, header(), line(DONE))
    path = tmp_path / RECORDS
    path.write_bytes(path.read_bytes() + damage + json.dumps(line(PERFECT)).encode() + b"\n")

    with pytest.raises(ConfigError, match="expected a record of a benchmark in line 3"):
        load_records(tmp_path)


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"expected a folder with records\.jsonl, got none"):
        load_records(tmp_path)


def test_two_cannot_write_into_one_folder_at_once(tmp_path):
    with RecordFile(tmp_path), pytest.raises(OutputError, match="another run is writing"):
        RecordFile(tmp_path)

    write(tmp_path, header())
    assert len(load_records(tmp_path)) == 1


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_in_place_of_the_folder_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(OutputError, match=r"expected a folder that can be made and written, got (a|the) file"):
        RecordFile(tmp_path / place)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_of_somebody_else_stays_as_it_is(tmp_path):
    (tmp_path / RECORDS).write_text('{"mine": 1}')

    with pytest.raises(OutputError, match="expected records of a benchmark, got"):
        RecordFile(tmp_path)
    assert (tmp_path / RECORDS).read_text() == '{"mine": 1}'


def test_a_name_that_is_no_text_is_kept(tmp_path):
    odd = Measurement("swift", "a\udcff\u2028é.png", "disk:2", 1.0, 1e-3, 30.0, 0.9, image_sha256="f", seconds=1.0)

    write(tmp_path, header(), line(odd))

    assert load_records(tmp_path)[0].figures == [odd]


def test_a_full_disk_is_one_sentence_and_costs_one_line(tmp_path):
    write(tmp_path, header(), line(DONE))
    size = (tmp_path / RECORDS).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
    try:
        with RecordFile(tmp_path) as file, pytest.raises(OutputError, match="expected to add a record"):
            file.append(line(PERFECT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert load_records(tmp_path)[0].figures == [DONE]
    write(tmp_path, line(PERFECT))
    assert load_records(tmp_path)[0].figures == [DONE, PERFECT]
