"""What a cluster on this machine makes of images: actors against actors, against `restore --jobs`, and the head's work.

    python scripts/cluster_speed.py --out DIR                          # 200 images of 1 megapixel, three rounds
    python scripts/cluster_speed.py --out DIR --images 24 --rounds 1   # a small look
    python scripts/cluster_speed.py --out DIR --head 1000              # what a thousand images cost the head

Rounds go through all ways in turn, so that what else the machine does falls on all alike. The pace is that of the
manifest, from the moment when every process has ended its second image: the start is reported separately.
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import deque
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np


def photographs(folder: Path, count: int, megapixels: float) -> None:
    """Write blurred scenes of grains and edges, 8 bits, each another."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    side = round(np.sqrt(megapixels * 1e6))
    for number in range(count):
        rng = np.random.default_rng(number)
        scene = cv2.resize(
            rng.random((side // 9, side // 9), np.float32), (side, side), interpolation=cv2.INTER_NEAREST
        )
        scene = cv2.GaussianBlur(0.7 * scene + 0.3 * rng.random((side, side), np.float32), (0, 0), 1.5 + number % 3 / 2)
        cv2.imwrite(str(folder / f"{number:04}.png"), np.uint8(255 * scene.clip(0, 1)))


def timed(arguments: list[str], out: Path, processes: int) -> dict[str, float]:
    """Run a command; images a second in the long run, and seconds until then and altogether."""
    shutil.rmtree(out, ignore_errors=True)
    began, clock = time.time(), time.perf_counter()
    command = [sys.executable, "-m", "pinsharp", *arguments, "-o", str(out), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with sqlite3.connect(out / ".pinsharp.sqlite") as database:
        ends = [end for (end,) in database.execute("SELECT ended FROM images WHERE state = 'done' ORDER BY ended")]
    first = 2 * processes - 1
    return {
        "images a second": (len(ends) - 1 - first) / (ends[-1] - ends[first]),
        "seconds to the first": ends[0] - began,
        "seconds in all": time.perf_counter() - clock,
    }


def compare(out: Path, images: int, megapixels: float, rounds: int) -> None:
    """Measure all ways in turn, and print medians and the two ratios."""
    photographs(out / "in", images, megapixels)
    batch = ["batch", str(out / "in"), "--ray", "local", "--max-actors"]
    ways = {
        "restore --jobs 2": (["restore", str(out / "in"), "--jobs", "2"], 2),
        "batch, 1 actor": ([*batch, "1"], 1),
        "batch, 2 actors": ([*batch, "2"], 2),
    }
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (arguments, processes) in ways.items():
            found = timed(arguments, out / "out", processes)
            measured[name].append(found)
            print(json.dumps({"way": name, **found}), flush=True)
    pace = {name: median(one["images a second"] for one in found) for name, found in measured.items()}
    print(f"two actors: {pace['batch, 2 actors'] / pace['batch, 1 actor']:.2f} times one")
    print(f"against restore --jobs 2: {100 * (pace['restore --jobs 2'] / pace['batch, 2 actors'] - 1):+.1f} % time")


def load_copy():
    """Work that costs nothing: what is left is the cluster's and the head's."""

    def copy(job):
        job.output.write_bytes(job.input.read_bytes())
        return {"sigma": 2.0, "megapixels": 1e-6}

    return copy


def head(out: Path, images: int) -> None:
    """Let two actors copy tiny files, and print what the head's processes have spent on each."""
    from pinsharp.batch.interrupts import Stop
    from pinsharp.batch.job import Job
    from pinsharp.batch.manifest import Manifest
    from pinsharp.batch.run import plan_batch
    from pinsharp.cluster.actor import Errand
    from pinsharp.cluster.run import Crew
    from pinsharp.cluster.session import connected
    from pinsharp.cluster.size import Size

    for folder in ("tiny", "copied"):
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).mkdir(parents=True)
    for number in range(images):
        (out / f"tiny/{number:06}.png").write_bytes(b"%d" % number)
    jobs = [Job(path, out / "copied" / path.name) for path in sorted((out / "tiny").iterdir())]
    with connected("local"), Manifest(out / "copied") as manifest:
        plan = plan_batch(jobs, manifest, {}, resume=True, overwrite=False)
        crew = Crew(partial(Errand, load_copy), Size(most=2), Stop(), print)
        outcomes = crew.run(plan, manifest)
        next(outcomes)  # actors are there
        own, others, clock = resource.getrusage(resource.RUSAGE_SELF), ray_seconds(), time.perf_counter()
        assert deque(outcomes, maxlen=1).pop().state == "done"
        wall = time.perf_counter() - clock
        now = resource.getrusage(resource.RUSAGE_SELF)
        spent = {"driver": now.ru_utime + now.ru_stime - own.ru_utime - own.ru_stime}
        spent |= {name: seconds - others.get(name, 0.0) for name, seconds in ray_seconds().items()}
    print(f"{images} images of no work in {wall:.1f} s: {images / wall:.0f} a second with two actors")
    for name, seconds in spent.items():
        print(f"{name}: {1000 * seconds / images:.2f} ms of processor an image")


def ray_seconds() -> dict[str, float]:
    """Seconds of processor that the head's processes have taken so far, of those that this one has started."""
    found: dict[str, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(" (")[2].rpartition(") ")
        except OSError:
            continue
        fields = rest.split()
        if name in ("gcs_server", "raylet") and int(fields[1]) == os.getpid():
            found[name] = found.get(name, 0.0) + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for images and results")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--head", type=int, metavar="N", help="measure the head by N images instead")
    asked = parser.parse_args()
    if asked.head:
        head(asked.out.absolute(), asked.head)
    else:
        compare(asked.out.absolute(), asked.images, asked.megapixels, asked.rounds)
