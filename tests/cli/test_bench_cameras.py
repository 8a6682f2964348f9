"""`pinsharp bench cameras`: blind and with the true kernel, measured once; wrong options are explained."""

import json

import pytest

FILES = {"cameras.jsonl", *(f"cameras{suffix}" for suffix in (".md", ".csv", ".tex", ".png", ".pdf"))}


@pytest.fixture
def bench(cli, tmp_path):
    def call(*options):
        return cli("bench", "cameras", "-o", tmp_path / "out", "--device", "cpu", *options)

    return call


@pytest.mark.slow
def test_networks_have_two_rows_and_classical_methods_one(bench, model, tmp_path):
    sizes = ["--pairs", 1, "--images", 1, "--cameras", "lab,JPEG 85"]
    methods = ["--methods", f"net={model},wiener,richardson-lucy:3"]

    first = bench(*sizes, *methods, "--json")
    again = bench(*sizes, *methods)

    assert (first.code, again.code) == (0, 0)
    groups = {group["title"]: group["rows"] for group in json.loads(first.out)["groups"]}
    assert list(groups) == ["lab (camera)", "JPEG 85 (process)"]
    for rows in groups.values():
        by_row = {row["row"]: row for row in rows}
        assert list(by_row) == ["net", "net, true kernel", "wiener, true kernel", "richardson-lucy:3, true kernel"]
        margins = [row["margin"] for name, row in by_row.items() if not name.startswith("net")]
        assert max(margins) == 0
        assert by_row["net"]["margin"] is not None
        assert by_row["wiener, true kernel"]["width_error"] is None
        assert by_row["net"]["width_error"] > 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "0 images to measure" in again.err


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--cameras", "box"], "--cameras: expected names among lab, mono"),
        (["--pairs", 0], "expected at least 1 image, got --pairs 0"),
        (["--held-out"], "--held-out says which photographs of a folder; give one by --root"),
    ],
)
def test_wrong_options_are_explained(bench, options, sentence, tmp_path):
    result = bench(*options)

    assert result.code == 2
    assert sentence in result.err.replace("\n", " ")
    assert not (tmp_path / "out").exists()
