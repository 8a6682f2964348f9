"""Whole trees of folders: every image's result is at its place, resumed runs make nothing twice, none meets another."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fake_work
from pinsharp.batch.aside import REASON_SUFFIX
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.batch.making import make
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.run import plan_batch, run_batch
from pinsharp.batch.watch import Place, Watch
from pinsharp.cli import distinct
from pinsharp.cli.distinct import check_distinct
from pinsharp.cli.outputs import plan_jobs
from pinsharp.errors import OutputError
from pinsharp.images.discover import find_in_trees

FOLDERS = st.lists(st.sampled_from(["a", "b", "mask", "result"]), max_size=2).map(lambda parts: Path(*parts))
FILES = st.lists(
    st.tuples(FOLDERS, st.sampled_from(["x.png", "x.mask.png", "y.tif"])), min_size=1, max_size=5, unique=True
)


def restored(root, found, *, resume=False, work=fake_work.reverse, **asked):
    """Restore with fake work; states by the places of the results."""
    out = root / "out"
    jobs = plan_jobs(found, f"{out}/", side_by_side=False, overwrite=resume, **asked)
    with Manifest(out) as manifest:
        plan = plan_batch(jobs, manifest, {}, resume=resume, overwrite=False)
        with contextlib.closing(run_batch(plan, manifest, lambda: work, Stop(), work=work)) as outcomes:
            return {outcome.job.name: outcome.state for outcome in [*plan.over, *outcomes]}


@given(FILES, st.data())
@settings(max_examples=6, deadline=None)
def test_every_image_of_a_tree_has_its_own_result_and_resuming_makes_none_again(files, data):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        names = {(folder / file).as_posix(): f"{folder / file}".encode() for folder, file in files}
        for path, content in names.items():
            (root / "in" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "in" / path).write_bytes(content)
        found = find_in_trees([root / "in"], apart=[root / "out"]).images

        assert restored(root, found) == dict.fromkeys(names, "done")
        again = data.draw(st.sampled_from(sorted(names)))
        (root / "out" / again).unlink()
        states = restored(root, found, resume=True)

        assert states == dict.fromkeys(names, "skipped") | {again: "done"}
        assert {path: (root / "out" / path).read_bytes()[::-1] for path in names} == names


def test_masks_and_results_of_one_name_do_not_meet_while_they_are_made():
    """Of a folder that is called as the staging folder calls the masks."""
    job = Job(Path("in/mask/x.png"), Path("out/mask/x.png"), below=Path("mask"))
    other = Job(Path("in/x.png"), Path("out/x.png"), mask=Path("masks/x.png"), evidence=Path("maps/x.png"))

    made = [path for each in (job, other) for path in each.moved(Path("staging")).results]

    assert len(made) == len(set(made)) == 4


def test_an_error_names_the_result_by_its_own_place(tmp_path):
    def work(job):
        raise OutputError(f"{job.output}: expected more, got {job.mask.parent} of {job.output.parent}")

    job = Job(tmp_path / "x.png", Path("out/a/x.png"), mask=Path("masks/a/x.mask.png"), below=Path("a"))
    job.input.write_bytes(b"x")

    made = make(job, tmp_path / "staging", work)

    assert str(made.error) == f"{job.input}: out/a/x.png: expected more, got masks/a of out/a"


def test_masks_are_called_as_the_results(tmp_path):
    for name in ("a/x.png", "b/x.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    found = find_in_trees([tmp_path / "a", tmp_path / "b"]).images
    options = {"side_by_side": True, "overwrite": False, "save_mask": tmp_path / "m", "evidence": tmp_path / "e"}

    jobs = plan_jobs(found, f"{tmp_path}/out/", **options, template="{folder}-{stem}{suffix}")

    assert [str(path.relative_to(tmp_path)) for path in jobs[1].results] == [
        "out/b/b-x.png",
        "out/b/b-x.side-by-side.png",
        "m/b/b-x.mask.png",
        "e/b/b-x.evidence.png",
    ]


PAIRS = [("out/X.png", "out/x.png"), ("out/A/x.png", "out/a/x.png"), ("out/\u00e9.png", "out/e\u0301.png")]


@pytest.mark.parametrize("names", PAIRS)
def test_names_that_differ_in_capitals_or_accents_are_kept_and_told(names, tmp_path, monkeypatch, capsys):
    """On this file system; whatever is tried there is gone afterwards."""
    monkeypatch.chdir(tmp_path)

    check_distinct([(Path(name), Path(f"in/{name}")) for name in names])

    assert f"{names[0]} and {names[1]} differ only in capitals or accents" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("names", PAIRS)
def test_where_the_file_system_takes_them_for_one_they_are_refused(names, tmp_path, monkeypatch):
    """Asked by trying: a stand-in for os.path.lexists folds names as such a file system does."""
    monkeypatch.chdir(tmp_path)

    def folds(path):
        seen = {distinct._folded(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")}
        return distinct._folded(Path(path)) in seen

    monkeypatch.setattr(distinct.os.path, "lexists", folds)

    with pytest.raises(OutputError, match=r"expected one result of this name, got two, from in/1\.png and in/2\.png"):
        check_distinct([(Path(name), Path(f"in/{number}.png")) for number, name in enumerate(names, 1)])


def test_a_result_called_as_a_folder_of_results_is_refused():
    with pytest.raises(OutputError, match=r"out/a\.png: expected one result of this name, got a folder with others"):
        check_distinct([(Path("out/a.png/b.png"), Path("1")), (Path("out/a.png"), Path("2"))])


@pytest.mark.parametrize(
    "sources, advice", [(("a/x.png", "b/x.png"), "--recursive"), (("a/x.png", "a/x.jpg"), "rename one of them")]
)
def test_what_to_do_about_one_name_goes_by_its_cause(sources, advice):
    with pytest.raises(OutputError, match=advice):
        check_distinct([(Path("out/x.png"), Path(source)) for source in sources])


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """Watch a tree once; the folder for results and that for failures lie in it."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("x.png", "ab"), ("a/x.png", "cd"), ("a/b/y.png", "bad")):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(content)

    def once():
        with Manifest(Path("in/out")) as manifest:
            place = Place(Path("in"), Path("in/failed"), 0.0, recursive=True)
            watching = Watch(place, manifest, lambda: fake_work.reverse, {}, Stop(), print, work=fake_work.reverse)
            return {outcome.job.name: outcome.state for outcome in watching.once()}

    return once


def test_a_watched_tree_is_kept_by_results_and_failures(watched):
    assert watched() == {"x.png": "done", "a/x.png": "done", "a/b/y.png": "failed"}
    assert Path("in/out/a/x.png").read_text() == "dc"
    assert Path(f"in/failed/a/b/y.png{REASON_SUFFIX}").is_file()
    assert watched() == {"x.png": "skipped", "a/x.png": "skipped"}
