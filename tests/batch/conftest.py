"""Folders of fake images, and runs over them."""

from pathlib import Path

import pytest

from fake_work import load_work
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.run import plan_batch, run_batch

SETTINGS = {"model": "fake"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Work where nothing is yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(place):
    """Write fake images of given contents, and return a job for each."""

    def write(**contents):
        Path("in").mkdir(exist_ok=True)
        for name, content in contents.items():
            Path(f"in/{name}.png").write_bytes(content.encode())
        return [Job(path, Path("out") / path.name) for path in sorted(Path("in").glob("*.png"))]

    return write


@pytest.fixture
def run():
    """Run over jobs; returns the names of what was done, failed and skipped, in the order in which they ended."""

    def call(jobs, *, resume=False, overwrite=False, settings=None, stop=None, load=load_work, processes=1):
        with Manifest(Path("out")) as manifest:
            plan = plan_batch(jobs, manifest, settings or SETTINGS, resume=resume, overwrite=overwrite)
            outcomes = [*plan.over, *run_batch(plan, manifest, load, stop or Stop(), processes=processes)]
        return {
            state: [outcome.job.input.stem for outcome in outcomes if outcome.state == state]
            for state in ("done", "failed", "skipped")
        }

    return call


@pytest.fixture
def rows():
    """The rows of the manifest by the stem of the result."""

    def read():
        with Manifest(Path("out")) as manifest:
            return {Path(name).stem: entry for name, entry in manifest.entries().items()}

    return read
