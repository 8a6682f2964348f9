"""Load the service as bad days do, and weigh it against `pinsharp restore --jobs` on the same images.

    python scripts/service_load.py --minutes 10 --jobs 2 --clients 64

For some minutes clients send small images, measure, are slow, go away half way, send too much, nonsense, or long jobs.
What was accepted has to be answered, or its job to end; no status of 500 and more but 503; memory flat after the first
minute; the slowest hundredth of small images at most three times the median. Then throughput: the same images by
`restore --jobs` and by the service, one after the other, several times. Exit status: 0 if all of it holds.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pinsharp.images.files import read_image, write_image
from served import Served

SAMPLES = Path(__file__).parents[1] / "examples" / "sample"
SIDE = 160
KINDS = {"restore": 70, "measure": 10, "slow": 6, "cut off": 5, "oversize": 3, "nonsense": 4, "job": 2}
"""What clients do, in percent."""

MOST_GROWTH, MOST_SPREAD, LEAST_SHARE = 1.05, 3.0, 0.9
EXPECTED = {"restore": 200, "measure": 200, "slow": 200, "oversize": 413, "nonsense": 422, "job": 202}
BUSY = (429, 503)


@dataclass
class Seen:
    """What clients have seen.

    Attributes:
        answers: How often each kind of request got each status; status 0 means no answer.
        seconds: Time to the answer of small images.
        jobs: Jobs that were accepted.
        memory: Seconds since the beginning, and bytes of memory.
    """

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--model", default="swift")
    parser.add_argument("--images", type=int, default=48, help="of each round of the throughput")
    parser.add_argument("--rounds", type=int, default=5, help="of the throughput; 0 leaves it out")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = samples(folder / "images", asked.images)
        options = ("--model", asked.model, "--jobs", asked.jobs)
        faults = load(folder / "state", images, asked, options) if asked.minutes else []
        faults += throughput(folder, images, asked, options) if asked.rounds else []
    print("\n".join(["", *faults]) if faults else "\nall of it holds")
    return int(bool(faults))


def samples(folder: Path, count: int) -> list[Path]:
    """Parts of the sample images."""
    folder.mkdir()
    whole = [read_image(path).pixels for path in sorted(SAMPLES.glob("*.png"))]
    rng = random.Random(0)
    paths = []
    for number in range(count):
        pixels = whole[number % len(whole)]
        top, left = (rng.randrange(length - SIDE) for length in pixels.shape[:2])
        paths.append(folder / f"{number:03}.png")
        write_image(paths[-1], pixels[top : top + SIDE, left : left + SIDE])
    return paths


def load(state: Path, images: list[Path], asked: Any, options: tuple[Any, ...]) -> list[str]:
    """The bad days; what went wrong."""
    bodies, seen = [path.read_bytes() for path in images], Seen()
    limits = ("--most-megabytes", 1, "--per-client", 1000, "--waiting", 4 * asked.clients, "--most-jobs", 100_000)
    with Served(state, *options, *limits) as service:
        begun = time.monotonic()
        end = begun + 60 * asked.minutes
        threads = [
            threading.Thread(target=client, args=(number, service.port, bodies, end, seen))
            for number in range(asked.clients)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            time.sleep(min(2, max(0, end - time.monotonic())))
            seen.memory.append((time.monotonic() - begun, service.memory()))
        for thread in threads:
            thread.join()
        states = Counter(ended(service, name) for name in seen.jobs)
        metrics = service.request("GET", "/metrics")[2].decode()
        code, said = service.end()
    print(f"{sum(seen.answers.values())} requests in {asked.minutes:g} minutes by {asked.clients} clients")
    for (kind, status), count in sorted(seen.answers.items()):
        print(f"  {kind}: {status or 'no answer'} {count} times")
    print("jobs:", ", ".join(f"{state} {count}" for state, count in states.items()) or "none")
    print(next(line for line in metrics.splitlines() if line.startswith("pinsharp_sigma_pixels_count")))
    return judge(seen, states) + ([f"the service ended with {code}: {said}"] if code or said else [])


def judge(seen: Seen, states: Counter[str]) -> list[str]:
    """What does not hold."""
    faults = [
        f"{kind}: status {status} {count} times"
        for (kind, status), count in seen.answers.items()
        if kind != "cut off" and status not in (EXPECTED[kind], *BUSY)
    ]
    if set(states) - {"done"}:
        faults.append(f"jobs ended otherwise: {dict(states)}")
    median, slowest = statistics.median(seen.seconds), statistics.quantiles(seen.seconds, n=100)[-1]
    print(f"small images: median {median:.3f} s, slowest hundredth {slowest:.3f} s ({slowest / median:.2f} times)")
    if slowest > MOST_SPREAD * median:
        faults.append(f"the slowest hundredth takes {slowest / median:.2f} times the median")
    after = [size for seconds, size in seen.memory if seconds >= 60]
    if len(after) > 1:
        growth = max(after) / after[0]
        first, most, last = (size / 1e6 for size in (after[0], max(after), after[-1]))
        print(f"memory: {first:.0f} MB after a minute, {most:.0f} MB at most, {last:.0f} MB at last")
        if growth > MOST_GROWTH:
            faults.append(f"memory grew to {growth:.3f} of that after a minute")
    return faults


def client(number: int, port: int, bodies: list[bytes], end: float, seen: Seen) -> None:
    """Send one request after another."""
    rng = random.Random(number)
    while time.monotonic() < end:
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        begun = time.monotonic()
        status, said, wait = send(kind, port, rng.choice(bodies))
        with seen.lock:
            seen.answers[kind, status] += 1
            if kind == "restore" and status == 200:
                seen.seconds.append(time.monotonic() - begun)
            if kind == "job" and status == 202:
                seen.jobs.append(json.loads(said)["id"])
        if status in BUSY:
            time.sleep(min(wait, 2))


def send(kind: str, port: int, body: bytes) -> tuple[int, bytes, float]:
    """One request: status (0 without an answer), body, and how long to wait before the next."""
    paths = {"measure": "/v1/measure", "job": "/v1/jobs"}
    body = {"oversize": b"x" * 1_500_000, "nonsense": b"not an image"}.get(kind, body)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.putrequest("POST", paths.get(kind, "/v1/restore"))
        connection.putheader("Content-Length", str(len(body)))
        if kind == "slow":
            connection.endheaders()
            for begin in range(0, len(body), 1 + len(body) // 8):
                connection.send(body[begin : begin + 1 + len(body) // 8])
                time.sleep(0.25)
        elif kind == "cut off":
            connection.endheaders(body[: len(body) // 2])
            return 0, b"", 0
        else:
            connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read(), float(answer.headers.get("Retry-After", 0))
    except (OSError, http.client.HTTPException):
        return 0, b"", 0
    finally:
        connection.close()


def ended(service: Served, name: str) -> str:
    """How a job has ended."""
    events = service.request("GET", f"/v1/jobs/{name}/events")[2].decode()
    return str(json.loads(events.strip().split("\r\n\r\n")[-1].partition("data: ")[2])["state"])


def throughput(folder: Path, images: list[Path], asked: Any, options: tuple[Any, ...]) -> list[str]:
    """Images a second of both, in turns; the first round warms up."""
    ours, theirs = [], []
    with Served(folder / "state-throughput", *options, "--per-client", 1000) as service:
        for number in range(asked.rounds + 1):
            theirs.append(by_command(folder / f"out-{number}", images, asked))
            ours.append(by_service(service, images, asked.jobs))
    share = statistics.median(one / other for one, other in zip(ours[1:], theirs[1:], strict=True))
    for name, rates in (("restore --jobs", theirs), ("service", ours)):
        print(f"{name}: {', '.join(f'{rate:.2f}' for rate in rates[1:])} images a second")
    print(f"the service restores {share:.3f} times as many (median of {asked.rounds} rounds)")
    return [] if share >= LEAST_SHARE else [f"the service restores {share:.3f} times as many images as restore --jobs"]


def by_command(out: Path, images: list[Path], asked: Any) -> float:
    """Images a second of `restore --jobs`, from the first that is begun to the last that ends."""
    command = [sys.executable, "-m", "pinsharp", "restore", *map(str, images), "-o", str(out)]
    command += ["--jobs", str(asked.jobs), "--model", asked.model]
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    subprocess.run(command, check=True, capture_output=True, env=here)
    with contextlib.closing(sqlite3.connect(out / ".pinsharp.sqlite")) as manifest:
        begun, ended = manifest.execute("SELECT MIN(begun), MAX(ended) FROM images").fetchone()
    return len(images) / (ended - begun)


def by_service(service: Served, images: list[Path], jobs: int) -> float:
    """Images a second of the service, by two clients a process."""
    bodies = [path.read_bytes() for path in images]
    begun = time.monotonic()
    with ThreadPoolExecutor(2 * jobs) as clients:
        statuses = list(clients.map(lambda body: service.request("POST", "/v1/restore", body)[0], bodies))
    assert set(statuses) == {200}, statuses
    return len(images) / (time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
