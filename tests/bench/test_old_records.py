"""Records that earlier code has written are read, and make the tables that it made of them."""

import json
from pathlib import Path

import pytest

from pinsharp.bench.detection.records import KIND as DETECTION
from pinsharp.bench.detection.tables import detection_table
from pinsharp.bench.engine.records import load_run
from pinsharp.bench.quality.records import load_records
from pinsharp.bench.quality.tables import table1
from pinsharp.bench.real.records import KIND as REAL
from pinsharp.bench.real.tables import real_table
from pinsharp.bench.show.typeset import markdown

OLD = Path(__file__).parent / "records"


def test_a_benchmark_of_earlier_code_is_read_and_tabulated_as_then():
    first, second = load_records(OLD)

    assert (first.set, len(first.figures), len(first.done)) == ("photos", 24, 16)
    assert (second.set, len(second.figures), len(second.done)) == ("good", 8, 8)
    assert markdown(table1([first, second])) == (OLD / "records.md").read_text()


@pytest.mark.parametrize("kind, table, count", [(DETECTION, detection_table, 22), (REAL, real_table, 18)])
def test_a_study_of_earlier_code_is_read_and_tabulated_as_then(kind, table, count):
    path = OLD / kind.file
    run = json.loads(path.read_text().splitlines()[0])["run"]

    records = load_run(OLD, kind, run)

    assert len(records.figures) == count
    assert markdown(table(records)) == path.with_suffix(".md").read_text()
