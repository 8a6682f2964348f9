"""A manifest in a store: the same rows as in a folder, whenever a run is killed, and one run at a time."""

from pathlib import Path

import pytest

from pinsharp.batch.fingerprint import Fingerprint
from pinsharp.batch.job import Job
from pinsharp.batch.manifest import MANIFEST, Manifest
from pinsharp.cluster.address import place
from pinsharp.errors import OutputError

fsspec = pytest.importorskip("fsspec")

from pinsharp.cluster import journal  # noqa: E402 - needs fsspec
from pinsharp.cluster.journal import JOURNAL, StoreManifest  # noqa: E402

OUT = place("memory://out")
JOBS = [Job(Path(f"in/{name}.png"), OUT / f"{name}.png") for name in ("a", "b", "caf\xe9", "\udcff")]


@pytest.fixture(autouse=True)
def store():
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    yield fs
    fs.store.clear()


def work(manifest, *, keep=lambda: None):
    """What a run does to its manifest; `keep` after each step."""
    manifest.add(JOBS, {"model": "fake"})
    keep()
    for job in JOBS:
        manifest.begin(job)
    manifest.stage(JOBS[0], Fingerprint(3, 4, "5"), {"sigma": 2.0}, "digest")
    keep()
    manifest.finish(JOBS[0])
    manifest.fail(JOBS[1], "a reason: \udcff")
    keep()


def rows(manifest):
    return [
        (one.output, one.path, one.state, one.fingerprint, one.reason, one.figures, one.staged, one.attempts)
        for one in manifest.entries().values()
    ]


@pytest.fixture
def killed():
    """A run that has worked and was killed: nothing more reaches the store."""
    manifest = StoreManifest(OUT)
    work(manifest, keep=manifest.keep)
    yield manifest
    manifest._undo.close()


@pytest.fixture
def often(monkeypatch, request):
    """The database is copied after so many objects of the journal, or changed rows."""
    monkeypatch.setattr(journal, "COPY_EVERY", request.param[0])
    monkeypatch.setattr(journal, "MOST_ROWS", request.param[1])


@pytest.mark.parametrize("often", [(500, 10_000), (1, 10_000), (500, 0)], indirect=True)
def test_what_was_kept_is_there_after_a_kill(tmp_path, often, killed):
    with Manifest(tmp_path) as here:
        work(here)
        expected = rows(here)

    with StoreManifest(OUT) as manifest:
        assert rows(manifest) == expected
        assert not manifest.is_new


def test_what_was_not_kept_is_not_there(killed):
    killed.finish(JOBS[2])
    with StoreManifest(OUT) as again:
        assert again.entries()["caf\xe9.png"].state == "running"


def test_a_run_that_ends_leaves_the_database_of_a_folder(store, tmp_path):
    with StoreManifest(OUT) as manifest:
        work(manifest, keep=manifest.keep)
        expected = rows(manifest)
    assert not store.exists(f"memory://out/{JOURNAL}") or not store.ls(f"memory://out/{JOURNAL}")
    (tmp_path / MANIFEST).write_bytes(store.cat_file(f"memory://out/{MANIFEST}"))
    with Manifest(tmp_path) as here:
        assert rows(here) == expected


def test_the_last_run_to_begin_takes_over(killed):
    with StoreManifest(OUT) as second:
        killed.begin(JOBS[3])
        with pytest.raises(OutputError, match="another one that has taken over"):
            killed.keep()
        second.begin(JOBS[2])
        second.keep()
    with StoreManifest(OUT) as third:
        assert third.entries()["caf\xe9.png"].attempts == 2


def test_a_lock_of_something_else_is_refused(store):
    store.pipe_file("memory://out/.pinsharp.lock", b"hello")
    with pytest.raises(OutputError, match="expected the number of a run"):
        StoreManifest(OUT)
