"""Kill the service again and again while it takes and runs jobs, and see that each ends, once, and right.

    python scripts/service_kills.py --kills 20

Every other kill also falls into an upload. Exit status: 0 if nothing was lost, nothing ended twice, and every result is
that of a request.
"""

import argparse
import contextlib
import http.client
import json
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

from pinsharp.images.files import read_image, write_image
from served import Served

SAMPLE = Path(__file__).parents[1] / "examples" / "sample" / "chart.png"
JOBS = 3
"""Jobs that are handed in before each kill, so that some wait, one runs, and some have ended."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--model", default="swift")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        return study(Path(folder), asked.kills, asked.model)


def study(folder: Path, kills: int, model: str) -> int:
    image, state, options = sample(folder), folder / "state", ("--model", model, "--most-jobs", 1000)
    accepted: list[str] = []
    left: list[str] = []
    for number in range(kills):
        with Served(state, *options) as service:
            new = [name for _ in range(JOBS) if (name := hand_in(service, image))]
            accepted, left = accepted + new, left + new
            if number % 2:
                threading.Thread(target=cut_off, args=(service.port, image), daemon=True).start()
            if number % 4:  # every fourth falls in before the model is loaded
                wait_for_running(service, left)
            time.sleep(random.uniform(0, 0.5))
            service.end(signal.SIGKILL)
    with Served(state, *options) as service:
        expected = service.request("POST", "/v1/restore", image)[2]
        states = [ended(service, name) for name in accepted]
        results = [service.request("GET", f"/v1/jobs/{name}/result")[2] for name in accepted]
        code, said = service.end()
    rows = sqlite3.connect(state / "jobs.sqlite").execute("SELECT id, state, ends, attempts FROM jobs").fetchall()
    known = {row[0] for row in rows}
    faults = {
        "accepted and lost": len(set(accepted) - known),
        "not done": sum(state != "done" for state in states),
        "ended not once": sum(row[2] != 1 for row in rows),
        "result of another kind": sum(result != expected for result in results),
        "folders of no job": len({path.name for path in (state / "jobs").iterdir()} - known),
        "requests left": len(list((state / "requests").glob("*"))),
        "said at the end": int(bool(code or said)),
    }
    again = sum(row[3] > 1 for row in rows)
    print(f"{kills} kills, {len(accepted)} jobs accepted, {len(rows)} known, {again} of them begun more than once")
    print(", ".join(f"{name}: {count}" for name, count in faults.items()))
    return int(any(faults.values()))


def sample(folder: Path) -> bytes:
    """A part of a sample image."""
    write_image(folder / "image.png", read_image(SAMPLE).pixels[200:360, 300:500])
    return (folder / "image.png").read_bytes()


def hand_in(service: Served, image: bytes) -> str:
    status, _, said = service.request("POST", "/v1/jobs", image)
    return json.loads(said)["id"] if status == 202 else ""


def wait_for_running(service: Served, left: list[str], patience_s: float = 60) -> None:
    """Wait until a job runs; those that are found to have ended are taken out of the list."""
    end = time.monotonic() + patience_s
    while left and time.monotonic() < end:
        state = json.loads(service.request("GET", f"/v1/jobs/{left[0]}")[2])["state"]
        if state == "running":
            return
        if state != "waiting":
            left.pop(0)
        else:
            time.sleep(0.02)


def cut_off(port: int, image: bytes) -> None:
    """Send a job's image slowly, so that the kill falls into it."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest("POST", "/v1/jobs")
        connection.putheader("Content-Length", str(len(image)))
        connection.endheaders()
        for begin in range(0, len(image), len(image) // 20):
            connection.send(image[begin : begin + len(image) // 20])
            time.sleep(0.25)


def ended(service: Served, name: str) -> str:
    """How a job has ended."""
    events = service.request("GET", f"/v1/jobs/{name}/events")[2].decode()
    return json.loads(events.strip().split("\r\n\r\n")[-1].partition("data: ")[2])["state"]


if __name__ == "__main__":
    sys.exit(main())
