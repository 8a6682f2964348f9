"""What an input was: a file, or all files of a folder that is one image."""

import os

import pytest

from pinsharp.batch import fingerprint as module
from pinsharp.batch.fingerprint import fingerprint, identity_of, look
from pinsharp.errors import ImageError


@pytest.fixture
def folder(tmp_path):
    for name, content in {"0/0": "chunk", "0/1": "other", ".zattrs": "{}"}.items():
        (tmp_path / "x.zarr" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x.zarr" / name).write_text(content)
    return tmp_path / "x.zarr"


CHANGES = [
    lambda folder: (folder / "0/0").write_text("longer chunk"),
    lambda folder: (folder / "0/1").unlink(),
    lambda folder: (folder / "0/2").write_text(""),
    lambda folder: (folder / "0/0").rename(folder / "0/9"),
    lambda folder: (folder / ".zattrs").write_text("{ }"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_in_a_folder_changes_it(folder, change):
    before, identity = fingerprint(folder), identity_of(folder)

    change(folder)

    assert fingerprint(folder).sha256 != before.sha256
    assert identity_of(folder) != identity


def test_another_name_changes_nothing(folder):
    before, identity = fingerprint(folder), identity_of(folder)

    folder = folder.rename(folder.with_name("y.zarr"))

    assert fingerprint(folder) == before
    assert identity_of(folder) == identity
    assert before.size == len("chunk" + "other" + "{}")
    assert fingerprint(f"{folder}::/inside") == before


def test_times_count_for_the_identity_and_not_for_the_content(folder):
    before, identity = fingerprint(folder), identity_of(folder)

    os.utime(folder / "0/0", ns=(1, 2**61))

    assert fingerprint(folder).sha256 == before.sha256
    assert fingerprint(folder).mtime_ns == look(folder).mtime_ns > before.mtime_ns
    assert identity_of(folder) != identity


def test_a_folder_that_is_being_written_is_one_sentence(folder, monkeypatch):
    digest = module._digest
    monkeypatch.setattr(module, "_digest", lambda path: (folder / "0/3").write_text("late") and digest(path))

    with pytest.raises(ImageError, match="expected a finished file, got one that is being written"):
        fingerprint(folder)
