"""Kill workers, nodes and the driver of a run at random, and see whether every image is there exactly once.

    python scripts/cluster_kills.py --out DIR [--kills 20] [--images 120] [--seed 0] [--store]

A cluster of a head and three nodes runs on this machine. Images are bytes, results the same backwards, written in
pieces with pauses, so that torn ones would be seen. Again and again something dies by SIGKILL: the process of an
actor, a whole node (its raylet and all below), or the driver, which is then begun again by the same command. In the end
what is there, what the manifest says and what was asked for have to agree, and nothing else may be there. `--store`
lets results go to an S3 server on this machine (moto) instead of a folder. The exit status is 1 if anything is wrong.
"""

import argparse
import json
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.batch.run import plan_batch
from pinsharp.cluster.actor import Errand
from pinsharp.cluster.address import Address, place
from pinsharp.cluster.run import Crew, open_manifest
from pinsharp.cluster.session import connected
from pinsharp.cluster.shelf import Shelves
from pinsharp.cluster.size import Size
from pinsharp.cluster.store import Store

QUIET = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_health_check_period_ms": "300",
    "RAY_health_check_failure_threshold": "3",
}


def load_reverse(log):
    """Work in small pieces; each beginning is noted with its process."""

    def reverse(job):
        Path(log, f"{os.getpid()}-{time.time_ns()}").write_text(job.input.name)
        content = job.input.read_bytes()[::-1]
        with job.output.open("wb") as file:
            for start in range(0, len(content), 100):
                file.write(content[start : start + 100])
                file.flush()
                time.sleep(0.03)
        return {"sigma": 2.0, "megapixels": 0.001}

    return reverse


def drive(inputs, log, out, address):
    """What a driver does, from beginning to end."""
    jobs = [Job(path, out / path.name) for path in sorted(inputs.iterdir())]
    with open_manifest(out) as manifest:
        plan = plan_batch(jobs, manifest, {}, resume=True, overwrite=False, shelf=Shelves(out))
        with connected(address):
            crew = Crew(partial(Errand, partial(load_reverse, log)), Size(most=3), Stop(), print)
            for outcome in crew.run(plan, manifest):
                if outcome.error:
                    print(outcome.error, file=sys.stderr)


class Victims:
    """A cluster, and a driver, that things happen to."""

    def __init__(self, out, inputs, log, seed):
        from ray.cluster_utils import Cluster

        self.out, self.inputs, self.log, self.random = out, inputs, log, random.Random(seed)
        self.cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 80_000_000})
        self.nodes = [self.add() for _ in range(3)]
        self.driver = self.begin()

    def add(self):
        return self.cluster.add_node(num_cpus=1, object_store_memory=80_000_000)

    def begin(self):
        command = [sys.executable, __file__, "--drive", self.cluster.address, str(self.inputs), str(self.log)]
        return subprocess.Popen([*command, "--out", str(self.out)])

    def kill(self):
        """Kill something; what it was."""
        kind = self.random.choice(["worker", "worker", "node", "driver"])
        if kind == "driver":
            self.driver.kill()
            self.driver.wait()
            self.driver = self.begin()
        elif kind == "node":
            number = self.random.randrange(len(self.nodes))
            self.cluster.remove_node(self.nodes[number], allow_graceful=False)
            self.nodes[number] = self.add()
        else:
            pids = {int(path.name.partition("-")[0]) for path in self.log.iterdir()}
            alive = sorted(pid for pid in pids if Path(f"/proc/{pid}").exists())
            if not alive:
                return "nobody"
            os.kill(self.random.choice(alive), signal.SIGKILL)
        return kind


def results(out):
    """All that lies where results go, by name, bookkeeping left out."""
    if isinstance(out, Address):
        store = Store(out)
        return {name: store.read(out / name) for name in store.names(out) if not name.startswith(".pinsharp.")}
    paths = [path for path in out.glob("*") if not path.name.startswith(".pinsharp.")]
    return {path.name: path.read_bytes() if path.is_file() else b"a folder" for path in paths}


def study(out, inputs, log, asked):
    """Kill so often, let it end, and compare."""
    victims = Victims(out, inputs, log, asked.seed)
    dead, told = [], 0
    until = time.monotonic() + 1200
    while victims.driver.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
        begun = len(list(log.iterdir()))
        if len(dead) < asked.kills and begun > told:
            dead.append(victims.kill())
            told = begun
    code = victims.driver.poll()
    victims.driver.kill()
    victims.cluster.shutdown()

    expected = {path.name: path.read_bytes()[::-1] for path in inputs.iterdir()}
    found = results(out)
    with open_manifest(out) as manifest:
        done = {name for name, entry in manifest.entries().items() if entry.state == "done"}
    report = {
        "killed": {kind: dead.count(kind) for kind in sorted(set(dead))},
        "images": len(expected),
        "begun": len(list(log.iterdir())),
        "there and right": sum(found.get(name) == content for name, content in expected.items()),
        "wrong or torn": sum(found[name] != content for name, content in expected.items() if name in found),
        "nobody asked for": sorted(set(found) - set(expected)),
        "manifest and place disagree": sorted(done ^ set(found)),
        "driver's status": code,
    }
    print(json.dumps(report, indent=1))
    return code == 0 and len(dead) == asked.kills and found == expected and done == set(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder for everything")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--images", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", action="store_true")
    parser.add_argument("--drive", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.drive:
        address, inputs, log = asked.drive
        drive(Path(inputs), log, place(asked.out), address)
        return 0
    folder = Path(asked.out).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("in", "log"):
        (folder / name).mkdir(parents=True)
    for number in range(asked.images):
        (folder / f"in/{number:04}.png").write_bytes(random.Random(number).randbytes(1000))
    os.environ.update(QUIET)
    out, server = folder / "out", None
    if asked.store:
        import boto3
        from moto.server import ThreadedMotoServer

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        server.start()
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        boto3.client("s3").create_bucket(Bucket="kills")
        out = place("s3://kills/out")
    is_well = study(out, folder / "in", folder / "log", asked)
    if server:
        server.stop()
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
