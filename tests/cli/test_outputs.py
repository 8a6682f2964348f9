"""Where results go: decided before any work, and never onto an input, an older file or one another."""

import os
from pathlib import Path

import pytest

from pinsharp.cli.outputs import check_results, plan_jobs
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.discover import Found


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder to work in; the function makes files."""
    monkeypatch.chdir(tmp_path)

    def touch(*names):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(b"x")
        return [Path(name) for name in names]

    return touch


def plan(inputs, out, *, side_by_side=False, overwrite=False):
    return plan_jobs([Found(path) for path in inputs], out, side_by_side=side_by_side, overwrite=overwrite)


def test_a_folder_keeps_the_names(place):
    jobs = plan(place("a/1.png", "b/2.TIF"), "out")

    assert [job.output for job in jobs] == [Path("out/1.png"), Path("out/2.TIF")]
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "out, output", [("new.tif", "new.tif"), ("results", "results/a.png"), ("v1.png/", "v1.png/a.png")]
)
def test_one_input_may_name_its_result(place, out, output):
    [job] = plan(place("a.png"), out)

    assert job.output == Path(output)


def test_a_folder_may_be_called_like_an_image_if_it_is_there(place):
    Path("odd.png").mkdir()

    assert plan(place("a.png"), "odd.png")[0].output == Path("odd.png/a.png")


def test_pictures_stand_next_to_the_results(place):
    [job] = plan(place("a.png"), "out/b.tif", side_by_side=True)

    assert job.picture == Path("out/b.side-by-side.png")


def test_several_inputs_need_a_folder(place):
    with pytest.raises(OutputError, match="expected a folder for 2 images, got the name of one"):
        plan(place("a.png", "b.png"), "out.png")


@pytest.mark.parametrize("out", ["out.gif", "results.v2"])
def test_a_name_that_may_be_a_format_is_not_taken_for_a_folder(place, out):
    with pytest.raises(OutputError, match=f"expected a folder or a name that ends in .*write {out}/ if it is a folder"):
        plan(place("a.png"), out)


def test_inputs_of_one_name_are_refused(place):
    with pytest.raises(OutputError, match=r"out/a.png: .* got two, from x/a.png and y/a.png"):
        plan(place("x/a.png", "y/a.png"), "out")


def test_pictures_of_one_name_are_refused(place):
    with pytest.raises(OutputError, match=r"a.side-by-side.png: .* got two"):
        plan(place("a.png", "a.jpg"), "out", side_by_side=True)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("out", ["in", "in/../in", "link", "in/a.png"])
def test_an_input_is_never_a_result(place, out, overwrite):
    place("in/a.png")
    Path("link").symlink_to("in")

    with pytest.raises(OutputError, match="expected a result beside its input, got the input itself"):
        plan([Path("in/a.png")], out, overwrite=overwrite)


def test_a_picture_is_never_written_onto_another_input(place):
    inputs = place("in/a.png", "out/a.side-by-side.png")

    with pytest.raises(OutputError, match=r"a\.side-by-side\.png: expected"):
        plan(inputs, "out", side_by_side=True, overwrite=True)


def test_a_hard_link_to_an_input_is_the_input(place):
    place("in/a.png", "out/b.png")
    os.link("in/a.png", "out/a.png")

    with pytest.raises(OutputError, match="got the input itself"):
        plan([Path("in/a.png")], "out", overwrite=True)


def test_older_files_need_overwrite(place):
    inputs = place("in/a.png", "in/b.png")
    place("out/a.png", "out/b.png")

    with pytest.raises(OutputError, match=r"out/a.png \(and 1 more\): expected a new name, got an existing file"):
        plan(inputs, "out")
    assert len(plan(inputs, "out", overwrite=True)) == 2


def test_a_broken_link_is_an_older_file_too(place):
    inputs = place("in/a.png", "out/b.png")[:1]
    Path("out/a.png").symlink_to("nowhere")

    with pytest.raises(OutputError, match="got an existing file"):
        plan(inputs, "out")


@pytest.mark.parametrize("out", ["file", "file/below", "file/below/x.png"])
def test_a_file_is_no_folder(place, out):
    place("file")

    with pytest.raises(OutputError, match="expected a folder"):
        plan(place("a.png"), out)


def test_a_folder_is_no_file(place):
    Path("out/a.png").mkdir(parents=True)

    with pytest.raises(OutputError, match="expected a file to write, got a folder"):
        plan(place("a.png"), "out", overwrite=True)


def test_a_read_only_folder_is_refused_before_the_work(place, monkeypatch):
    """Asked through os.access, because root may write everywhere."""
    Path("locked").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked")

    for out in ("locked", "locked/new/deeper", "locked/b.png"):
        with pytest.raises(OutputError, match="locked: expected a folder that can be written"):
            plan(place("a.png"), out)


@pytest.mark.parametrize(
    "more",
    [
        {"side_by_side": True},
        {"side_by_side": False, "save_mask": Path("masks")},
        {"side_by_side": False, "save_mask": Path("y" * 260 + ".png")},
    ],
)
def test_a_name_that_gets_too_long_is_refused_before_the_work(more, tmp_path):
    source = tmp_path / ("x" * 248 + ".png")
    source.write_bytes(b"")

    with pytest.raises(OutputError, match=r"expected a name of at most \d+ bytes, got \d+; shorten it"):
        plan_jobs([Found(source)], f"{tmp_path}/out/", overwrite=False, **more)
    short = tmp_path / "a.png"
    short.write_bytes(b"")
    if more.get("save_mask") != Path("y" * 260 + ".png"):
        assert len(plan_jobs([Found(source), Found(short)], f"{tmp_path}/out/", overwrite=False, **more)) == 2


def test_a_report_or_a_folder_of_too_long_a_name_is_refused(tmp_path):
    for path in (tmp_path / ("y" * 260 + ".html"), tmp_path / ("d" * 260) / "a.png"):
        with pytest.raises(OutputError, match="expected a name of at most"):
            check_results([path], [], overwrite=False)


def test_images_of_frames_are_of_one_video(tmp_path):
    inputs = [Found(tmp_path / "a.mp4"), Found(tmp_path / "b.mp4")]

    with pytest.raises(ConfigError, match=r"one video for images of its frames, a-%03d\.png, got 2 inputs"):
        plan_jobs(inputs, f"{tmp_path}/o/", side_by_side=False, overwrite=False, template="{stem}-%03d.png")
    (job,) = plan_jobs(inputs[:1], f"{tmp_path}/o/%d.png", side_by_side=False, overwrite=False)
    assert job.output == tmp_path / "o" / "%d.png"
