"""A file appears whole or not at all, and nothing is left behind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from pinsharp import atomic
from pinsharp.atomic import HIDDEN, check_folder, make_folder, replace, sweep, whole_folder, write_atomically
from pinsharp.errors import OutputError


def failing(error):
    def fail(*_args, **_options):
        raise error

    return fail


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
@pytest.mark.parametrize(
    "number, sentence",
    [
        (errno.ENOSPC, "expected 3 bytes of free space, got a full disk"),
        (errno.EDQUOT, "expected 3 bytes of free space, got a used-up quota"),
        (errno.EFBIG, "expected 3 bytes of free space, got a limit on the size of files"),
        (errno.EROFS, "expected a disk that can be written, got a read-only one"),
        (errno.EACCES, "expected a folder that can be written, got Permission denied"),
        (errno.ENAMETOOLONG, "expected a name that the file system takes, got too long a one"),
        (errno.ENOENT, "expected a folder that takes new files, got .*, which takes none"),
        (errno.EIO, "expected to write a file, got Input/output error"),
    ],
)
def test_a_failure_removes_the_new_file_and_keeps_the_old(tmp_path, monkeypatch, step, number, sentence):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    monkeypatch.setattr(step, failing(OSError(number, os.strerror(number))))

    with pytest.raises(OutputError, match=sentence):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_passes_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", failing(KeyboardInterrupt()))

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "out.png", b"new")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_one_clear_sentence(tmp_path):
    tmp_path.chmod(0o555)

    with pytest.raises(OutputError, match="expected a folder that can be written"):
        write_atomically(tmp_path / "out.png", b"new")


def test_a_file_in_the_place_of_a_folder_is_one_clear_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match=r"expected the folder .*, got a file; choose another"):
        write_atomically(tmp_path / "file" / "out.png", b"new")


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("a" * 251 + ".png")

    write_atomically(path, b"new")

    assert path.read_bytes() == b"new"


def test_a_link_is_replaced_and_its_target_stays(tmp_path):
    (tmp_path / "original.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to("original.png")

    write_atomically(tmp_path / "link.png", b"new")

    assert (tmp_path / "original.png").read_bytes() == b"old"
    assert (tmp_path / "link.png").read_bytes() == b"new"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX rights")
def test_a_new_file_has_the_rights_that_new_files_have(tmp_path):
    (tmp_path / "plain").write_bytes(b"")

    write_atomically(tmp_path / "out.png", b"new")

    assert stat.S_IMODE((tmp_path / "out.png").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def make_tree(path, content):
    path.mkdir()
    (path / "inner").mkdir()
    (path / "inner/a").write_text(content)


def content(path):
    return (path / "inner/a").read_text()


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_takes_the_place_of_another_whole(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    make_tree(tmp_path / "x.zarr", "old")

    with whole_folder(tmp_path / "x.zarr") as hidden:
        make_tree(hidden, "new")
        assert content(tmp_path / "x.zarr") == "old"

    assert content(tmp_path / "x.zarr") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError("ours")])
def test_a_folder_that_fails_leaves_the_old_one_and_nothing_else(tmp_path, error):
    make_tree(tmp_path / "x.zarr", "old")

    def fail():
        with whole_folder(tmp_path / "x.zarr") as hidden:
            make_tree(hidden, "new")
            raise error

    with pytest.raises(OutputError if isinstance(error, OSError) else type(error)):
        fail()

    assert content(tmp_path / "x.zarr") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]


def test_an_older_folder_has_its_name_again_where_the_new_one_cannot_take_it(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    make_tree(tmp_path / "new", "new")
    make_tree(tmp_path / "x.zarr", "old")
    rename = type(tmp_path).rename

    def stumble(path, target):
        if path.name == "new":
            raise OSError(errno.EIO, "broken")
        return rename(path, target)

    monkeypatch.setattr(type(tmp_path), "rename", stumble)
    with pytest.raises(OSError, match="broken"):
        replace(tmp_path / "new", tmp_path / "x.zarr")

    assert content(tmp_path / "x.zarr") == "old"
    assert content(tmp_path / "new") == "new"


def test_sweeping_leaves_a_folder_in_which_somebody_is_at_work(tmp_path):
    make_tree(tmp_path / HIDDEN.replace("*", "dead"), "dead")

    with whole_folder(tmp_path / "x.zarr") as hidden:
        make_tree(hidden, "new")
        sweep(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]
    assert content(tmp_path / "x.zarr") == "new"


@pytest.mark.parametrize(
    "number, sentence",
    [
        (errno.EROFS, "got a read-only disk"),
        (errno.ENOSPC, "got a full disk"),
        (errno.EACCES, "got Permission denied"),
        (errno.ENOENT, "got a place that takes no new ones"),
    ],
)
def test_why_a_folder_cannot_be_made_is_said(tmp_path, monkeypatch, number, sentence):
    monkeypatch.setattr("pathlib.Path.mkdir", failing(OSError(number, os.strerror(number))))

    with pytest.raises(OutputError, match=f"new: expected a folder that can be made and written, {sentence}; choose"):
        make_folder(tmp_path / "new")


def test_a_place_that_is_there_but_takes_no_files_is_not_called_missing():
    """Such as those in which Linux shows its processes, even to root."""
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc")

    for act in (lambda: write_atomically(Path("/proc/a.png"), b"new"), lambda: make_folder(Path("/proc/new"))):
        with pytest.raises(OutputError, match="takes n"):
            act()


@pytest.mark.parametrize("place", ["file", "file/below", "dangling"])
def test_a_file_in_the_way_is_named_before_the_work(tmp_path, place):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "dangling").symlink_to("nowhere")

    with pytest.raises(OutputError, match=rf"expected the folder .*{place}, got (a|the) file.*; choose another"):
        check_folder(tmp_path / place / "a.json")
    with pytest.raises(OutputError, match=r"expected a folder that can be made and written, got (a|the) file"):
        make_folder(tmp_path / place / "new")


def test_a_missing_or_closed_folder_is_told_apart_before_the_work(tmp_path, monkeypatch):
    """Asked through os.access, because root may write everywhere."""
    with pytest.raises(OutputError, match=r"expected the folder .*none to exist, got none; create it first"):
        check_folder(tmp_path / "none" / "a.json")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="expected a folder that can be written, got no right to write there"):
        check_folder(tmp_path / "a.json")
