"""Provenance: the commit is that of pinsharp's own checkout or none."""

import subprocess

from pinsharp.bench.engine import provenance as room
from pinsharp.bench.engine.provenance import commit, provenance


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def checkout(tmp_path, monkeypatch):
    """A repository with a module in it that takes itself for this one."""
    git(tmp_path, "init")
    (tmp_path / "provenance.py").write_text("")
    monkeypatch.setattr(room, "__file__", str(tmp_path / "provenance.py"))
    return tmp_path


def test_the_commit_says_whether_the_checkout_was_changed(tmp_path, monkeypatch):
    folder = checkout(tmp_path, monkeypatch)
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")

    clean = commit()
    (folder / "provenance.py").write_text("changed")

    assert len(clean) == 12
    assert commit() == f"{clean}-dirty"


def test_another_projects_repository_is_not_ours(tmp_path, monkeypatch):
    """An environment inside somebody's repository, say .venv: its commit says nothing about pinsharp."""
    folder = checkout(tmp_path, monkeypatch)
    (folder / "theirs.py").write_text("")
    git(folder, "add", "theirs.py")
    git(folder, "commit", "-m", "first")

    assert commit() is None


def test_outside_of_a_repository_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "__file__", str(tmp_path / "provenance.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert commit() is None


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")

    assert commit() is None


def test_everything_is_a_plain_value():
    assert all(isinstance(value, str | int | None) for value in provenance().values())
