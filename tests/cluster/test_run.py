"""Every result exactly once, in a folder or in a store, whoever dies: workers, nodes, or what gives the orders."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import fake_batch
from fake_errands import load_reverse
from fake_work import load_work
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.run import plan_batch, run_batch
from pinsharp.cluster.actor import Errand
from pinsharp.cluster.address import place
from pinsharp.cluster.run import Crew, open_manifest
from pinsharp.cluster.shelf import Shelves
from pinsharp.cluster.size import Size

pytestmark = pytest.mark.cluster
SETTINGS = {"model": "fake"}
COUNT = 7


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Write fake images into `in`."""
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("log").mkdir()

    def write(*contents):
        for number, content in enumerate(contents):
            Path(f"in/{number}.png").write_bytes(content)

    return write


def batch(out, inputs=None, *, overwrite=False, settings=SETTINGS, heard=lambda outcome: None):
    """Run over the images of `in`; the states of the outcomes by name."""
    inputs = inputs or sorted(Path("in").glob("*.png"))
    jobs = [Job(path, out / path.name) for path in inputs]
    log = Path("log").absolute()
    states = {}
    with open_manifest(out) as manifest:
        plan = plan_batch(jobs, manifest, settings, resume=True, overwrite=overwrite, shelf=Shelves(out))
        crew = Crew(lambda staging: Errand(partial(load_reverse, 0.05, log), staging), Size(most=2), Stop(), print)
        for outcome in [*plan.over, *crew.run(plan, manifest)]:
            assert outcome.job.output.name not in states
            states[outcome.job.output.name] = outcome.state
            heard(outcome)
    return states


def begun():
    """How often each image was begun."""
    return Counter(path.read_text() for path in Path("log").iterdir())


def rows(out):
    with open_manifest(out) as manifest:
        return {name: (entry.path, entry.state, entry.is_written) for name, entry in manifest.entries().items()}


def one_machine(out, settings=SETTINGS):
    jobs = [Job(path, out / path.name) for path in sorted(Path("in").glob("*.png"))]
    with Manifest(out) as manifest:
        plan = plan_batch(jobs, manifest, settings, resume=True, overwrite=False)
        return {one.job.output.name: one.state for one in [*plan.over, *run_batch(plan, manifest, load_work, Stop())]}


def visible(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def test_a_folder_goes_on_with_either_command(nodes, images):
    images(b"one", b"two")
    assert set(one_machine(Path("out")).values()) == {"done"}
    Path("in/2.png").write_bytes(b"three")

    assert batch(Path("out")) == {"0.png": "skipped", "1.png": "skipped", "2.png": "done"}
    assert begun() == {"2.png": 1}

    Path("in/0.png").write_bytes(b"changed")
    assert one_machine(Path("out")) == {"0.png": "done", "1.png": "skipped", "2.png": "skipped"}
    assert visible(Path("out")) == {"0.png": b"degnahc", "1.png": b"owt", "2.png": b"eerht"}


def test_results_in_a_store_are_those_of_a_folder(nodes, images, s3, bucket):
    images(b"one", b"bad", b"three")
    out = place(f"s3://{bucket}/out")

    assert batch(out) == {"0.png": "done", "1.png": "failed", "2.png": "done"}

    assert objects(s3, bucket) == {"out/0.png": b"eno", "out/2.png": b"eerht"}
    assert rows(out) == {
        "0.png": ("in/0.png", "done", True), "1.png": ("in/1.png", "failed", False),
        "2.png": ("in/2.png", "done", True),
    }  # fmt: skip
    assert batch(out) == {"0.png": "skipped", "1.png": "failed", "2.png": "skipped"}
    assert begun() == {"0.png": 1, "1.png": 2, "2.png": 1}


def test_inputs_in_a_store_are_known_again(nodes, images, s3, bucket):
    for name in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=f"in/{name}.png", Body=name.encode() * 3)
    inputs = [place(f"s3://{bucket}/in/{name}.png") for name in "abc"]

    states = batch(Path("out"), inputs)

    assert states == {"a.png": "done", "b.png": "done", "c.png": "failed"}
    assert visible(Path("out")) == {"a.png": b"aaa", "b.png": b"bbb"}
    assert rows(Path("out"))["a.png"][0] == f"s3://{bucket}/in/a.png"
    s3.put_object(Bucket=bucket, Key="in/b.png", Body=b"new")
    assert batch(Path("out"), inputs[:2]) == {"a.png": "skipped", "b.png": "done"}


def test_a_foreign_object_is_never_replaced_without_leave(nodes, images, s3, bucket):
    """Neither one that is there before, nor one that appears while the image is restored."""
    images(b"one", b"two")
    out = place(f"s3://{bucket}/out")
    s3.put_object(Bucket=bucket, Key="out/0.png", Body=b"mine")
    with pytest.raises(Exception, match=r"0\.png: expected a new name.*--overwrite"):
        batch(out)
    s3.delete_object(Bucket=bucket, Key="out/0.png")

    with open_manifest(out) as manifest:
        jobs = [Job(Path(f"in/{number}.png"), out / f"{number}.png") for number in range(2)]
        plan = plan_batch(jobs, manifest, SETTINGS, resume=True, overwrite=False, shelf=Shelves(out))
        s3.put_object(Bucket=bucket, Key="out/1.png", Body=b"mine")
        crew = Crew(lambda staging: Errand(load_reverse, staging), Size(most=1), Stop(), print)
        states = {one.job.output.name: one.state for one in crew.run(plan, manifest)}
    assert states == {"0.png": "done", "1.png": "failed"}
    assert objects(s3, bucket) == {"out/0.png": b"eno", "out/1.png": b"mine"}


@pytest.mark.parametrize("where", ["folder", "store"])
def test_a_killed_driver_and_a_killed_node_leave_nothing_twice_and_nothing_half(nodes, images, s3, bucket, where):
    images(*(b"%d" % number * 50 for number in range(COUNT)))
    out = Path("out") if where == "folder" else place(f"s3://{bucket}/out")

    def there():
        return visible(Path("out")) if where == "folder" and Path("out").is_dir() else objects(s3, bucket, "out/")

    command = [sys.executable, fake_batch.__file__, "0.15", Path("log").absolute(), "batch", "in", "-o", str(out)]
    driver = subprocess.Popen(
        [*command, "--ray", nodes.cluster.address, "--max-actors", "2"], stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(there()) < 3:
        assert time.monotonic() < until
        assert driver.poll() is None
        time.sleep(0.02)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    before, counts, replaced = there(), begun(), []

    states = batch(out, settings=settings_of(out), heard=lambda _: replaced or replaced.append(nodes.replace()))

    assert len(states) == COUNT
    assert set(states.values()) <= {"done", "skipped"}
    assert all(begun()[Path(name).name] == counts[Path(name).name] for name in before)
    assert {f"{number}.png": b"%d" % number * 50 for number in range(COUNT)} == {
        Path(name).name: content[::-1] for name, content in there().items()
    }
    assert all(there()[name] == content for name, content in before.items())
    assert {row[1:] for row in rows(out).values()} == {("done", True)}
    if where == "folder":
        assert not list(Path("out").glob(".pinsharp-*"))


def settings_of(out):
    with open_manifest(out) as manifest:
        return next(iter(manifest.entries().values())).settings


def objects(s3, bucket, prefix=""):
    """All objects that are no bookkeeping, by key."""
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys if ".pinsharp" not in key}
