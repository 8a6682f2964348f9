"""The report: one page that needs nothing else, shows every image and failure, and is not fooled by file names."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pages import Page
from pinsharp.batch.charts import histogram_chart
from pinsharp.batch.job import Job, Outcome
from pinsharp.batch.report import MOST_THUMBNAILS, page, write_report
from pinsharp.batch.summary import Summary
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.files import write_image


@pytest.fixture
def outcome(tmp_path):
    """An image that was restored, or not, under any name."""

    def make(name, *, state="done", sigma=2.0, dtype=np.uint8, reason="expected more"):
        job = Job(tmp_path / "in" / name, tmp_path / "out" / name)
        for path in job.input, job.output:
            path.parent.mkdir(exist_ok=True)
            if state != "failed":
                pixels = np.random.default_rng(0).integers(0, 4000 if dtype == np.uint16 else 255, (40, 600), dtype)
                write_image(path, pixels, overwrite=True)
        if state == "failed":
            return Outcome(job, state, {}, ImageError(f"{job.input}: {reason}"))
        return Outcome(job, state, {"sigma": sigma, "megapixels": 0.024})

    return make


def read(outcomes, settings=None):
    summary = Summary()
    for each in outcomes:
        summary.add(each)
    return Page(page(outcomes, summary, settings or {"model": "swift"}))


def test_images_failures_and_widths_are_all_there(outcome):
    shown = read([outcome("a.png"), outcome("b.tif", sigma=3.25), outcome("c.png", state="failed")])

    words = " ".join(shown.words)
    assert shown.tags.count("img") == 4
    assert shown.tags.count("circle") == 2
    assert "b.tif, sigma 3.25 px" in words
    assert "c.png" in words
    assert "expected more" in words
    assert all(count in words for count in ("2", "1", "done before", "model swift"))


def test_it_needs_nothing_else(outcome):
    shown = read([outcome("a.png")])

    assert len(shown.pictures("jpeg")) == len(shown.addresses) == 2
    shown.assert_needs_nothing_else()


@pytest.mark.parametrize(
    "name", ["<script>alert(1)<-script>.png", "a\" onerror='x'.png", "&amp;.png", "caf\udce9.png", "]]>--><b>.png"]
)
def test_names_are_text_whatever_they_are(outcome, name):
    try:
        outcomes = [outcome(name), outcome("failed " + name, state="failed", reason="<b>bad</b>")]
    except OSError:
        pytest.skip("this file system does not take such names")

    shown = read(outcomes)

    assert shown.tags.count("b") == 5  # the five facts
    assert "<b>bad</b>" in shown.words
    assert name.encode("utf-8", "replace").decode() in " ".join(shown.words)
    shown.assert_needs_nothing_else()


@pytest.mark.parametrize("count", [1, 6, 10, 15])
def test_lines_of_a_chart_of_counts_are_whole_images(count):
    chart = histogram_chart([1.0] * count)
    lines = [float(value) for value in re.findall(r'text-anchor="end">([^<]+)<', chart)]

    assert len(lines) == 5
    assert max(lines) >= count
    assert all(value == int(value) for value in lines)


def test_settings_are_told_as_words(outcome):
    assert "white level 4095" in " ".join(read([outcome("a.png")], {"white_level": 4095}).words)


def test_dark_images_are_shown_brighter_and_alike(outcome):
    words = " ".join(read([outcome("a.tif", dtype=np.uint16)]).words)

    assert re.search(r"shown [12]\d times brighter", words)


def test_thumbnails_of_a_large_run_are_some_evenly_through_it(outcome):
    one = outcome("a.png")
    many = [Outcome(one.job, "done", {"sigma": 1 + number / 1000}) for number in range(500)]

    shown = read(many)

    assert shown.tags.count("figure") == MOST_THUMBNAILS
    assert shown.tags.count("circle") == 500
    assert f"{MOST_THUMBNAILS} of 500, evenly through the run." in shown.words


def test_a_result_that_is_gone_has_a_line_instead_of_a_thumbnail(outcome):
    one = outcome("a.png")
    one.job.output.unlink()

    assert "a.png, sigma 2.00 px: no thumbnail, " in " ".join(read([one]).words)


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_run_without_any_done_image_has_a_page_too(outcome, state):
    assert "html" in read([outcome("a.png", state=state)]).tags
    assert "html" in read([]).tags


def test_the_page_is_written_into_a_new_folder(tmp_path):
    write_report(tmp_path / "deep" / "report.html", [], Summary(), {})

    assert (tmp_path / "deep" / "report.html").read_text().startswith("<!doctype html>")


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path):
    Path(tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="expected"):
        write_report(tmp_path / "file" / "report.html", [], Summary(), {})


def test_verdict_widths_and_evidence_are_shown(outcome, tmp_path):
    one = outcome("a.png")
    evidence = tmp_path / "a.evidence.tif"
    write_image(evidence, np.zeros((40, 600), np.uint16))
    field = {"shape": "constant", "image": [40, 600], "windows": [[20.0, 90.0, 2.0, 1.0]], "widths": [[2.0]]}
    figures = one.figures | {"verdict": "varying", "verdict_reason": "from <1> to 3 px", "width_map": field}

    shown = read([Outcome(replace(one.job, evidence=evidence), "done", figures)])

    words = " ".join(shown.words)
    assert len(shown.pictures("jpeg")) == 4
    assert "varying: from <1> to 3 px" in words
    assert "dark is recovered" in words
    shown.assert_needs_nothing_else()


def test_an_image_that_is_left_as_it_is_has_its_reason_and_no_evidence(outcome, tmp_path):
    one = outcome("a.png")
    figures = one.figures | {"verdict": "sharp", "restored": False, "reason": "nothing to gain"}

    shown = read([Outcome(replace(one.job, evidence=tmp_path / "none.png"), "done", figures)])

    assert len(shown.pictures("jpeg")) == 2
    assert "sharp: nothing to gain" in " ".join(shown.words)
    assert [value for name, value in shown.attributes if name == "alt"] == ["a.png, before", "a.png, left as it is"]
    assert ("alt", "a.png, restored") in read([one]).attributes
