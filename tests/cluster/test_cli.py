"""`pinsharp batch` as a user meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fake_batch
from pinsharp.batch.manifest import Manifest
from pinsharp.cli.main import run
from pinsharp.images.arrays import to_array
from pinsharp.images.files import write_image
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from scenes import smooth_image
from tiny_models import save_tiny_swift

pytestmark = pytest.mark.cluster


def call(*arguments, **more):
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "pinsharp", "batch", *map(str, arguments)], capture_output=True, text=True, timeout=120,
        check=False, **more,
    )  # fmt: skip


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_tiny_swift(tmp_path / "tiny.safetensors")
    Path("in").mkdir()
    for number, side in enumerate((64, 72)):
        image = to_array(smooth_image((side, 60), channels=3).float(), np.empty((0, 0, 3), "uint8"))
        write_image(Path(f"in/{number}.png"), image)
    return tmp_path


def test_from_a_store_into_a_store_with_page_and_pictures(nodes, s3, bucket, photos):
    """A list of inputs; one is no image, and costs itself; results are those of one machine."""
    for path in Path("in").iterdir():
        s3.upload_file(str(path), bucket, f"in/{path.name}")
    s3.put_object(Bucket=bucket, Key="in/bad.png", Body=b"hello")
    Path("list.txt").write_text(f"s3://{bucket}/in/0.png\n\ns3://{bucket}/in/*.png\n")
    address = nodes.cluster.address

    done = call(
        "@list.txt", "-o", f"s3://{bucket}/out", "--ray", address, "--model", "tiny.safetensors", "--json",
        "--side-by-side", "--report", "run.html",
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    records = {Path(one["input"]).name: one for one in map(json.loads, done.stdout.splitlines())}
    assert set(records) == {"0.png", "1.png", "bad.png"}
    assert records["0.png"]["input"] == f"s3://{bucket}/in/0.png"
    assert records["bad.png"]["error"].startswith(f"s3://{bucket}/in/bad.png: expected")
    assert "2 done, 1 failed, 0 skipped" in done.stderr
    assert all(line.startswith("pinsharp: ") for line in done.stderr.splitlines()), done.stderr
    names = {one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]}
    assert names >= {"out/0.png", "out/0.side-by-side.png", "out/1.png", "out/.pinsharp.sqlite"}
    assert not any("bad" in name for name in names)
    page = Path("run.html").read_text()
    assert page.count("<figure>") == 2
    assert "no thumbnail" not in page
    Restorer(recipe=Recipe(model="tiny.safetensors")).restore_file("in/1.png", "alone.png")
    s3.download_file(bucket, "out/1.png", "together.png")
    assert Path("together.png").read_bytes() == Path("alone.png").read_bytes()


def test_on_this_machine_alone_and_ctrl_c(photos):
    """It starts a cluster for the time being; asked to stop it ends with 130, and goes on later. It leaves nothing."""
    Path("log").mkdir()
    for number in range(20):
        Path(f"in/{number}.png").write_bytes(b"%d" % number * 50)
    fake = [sys.executable, fake_batch.__file__, "0.3", "log", "batch", "in", "-o", "out", "--ray", "local"]
    first = subprocess.Popen(fake, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not list(Path().glob("out/*.png")):
        assert time.monotonic() < until
        assert first.poll() is None
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGINT)
    shown, said = first.communicate(timeout=60)

    assert first.returncode == 130
    assert all(line.startswith("pinsharp: ") for line in said.splitlines()), said
    done = len(list(Path().glob("out/*.png")))
    assert len(shown.splitlines()) == done < 20
    with Manifest(Path("out")) as manifest:
        assert sum(entry.state == "done" for entry in manifest.entries().values()) == done
    assert not list(Path().glob("out/.pinsharp-*"))


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["in", "-o", "out", "--ray", "127.0.0.1:1"], "expected a Ray cluster"),
        (["in", "-o", "out.png", "--ray", "local"], "expected a folder for the results"),
        (["in", "-o", "in", "--ray", "local"], "got the input itself"),
        (["@absent.txt", "-o", "out", "--ray", "local"], "expected a list of images"),
        (["in", "-o", "out", "--ray", "local", "--cpus", "0"], "expected positive numbers"),
        (["in", "-o", "nowhere://b/out", "--ray", "local"], "expected an address that fsspec knows"),
        (["in", "-o", "s3://absent-bucket/out", "--ray", "local"], "s3://absent-bucket/out"),
    ],
)
def test_wrong_use_is_one_line(photos, s3, monkeypatch, capsys, arguments, words):
    monkeypatch.setattr(sys, "argv", ["pinsharp", "batch", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert words in said
    assert len(said.splitlines()) == 1
    assert not Path("out").exists() or not [path for path in Path("out").iterdir() if path.name[0] != "."]
