"""A client of `pinsharp serve`, of the standard library alone.

    python examples/service_client.py http://127.0.0.1:8000 examples/sample/chart.png restored.png
    python examples/service_client.py http://127.0.0.1:8000 strip.tif restored.tif --job

The key, if the service wants one, is taken from PINSHARP_API_KEY.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Refused(Exception):
    """What the service does not do, in its own sentence."""


class Client:
    """A service, by its address."""

    def __init__(self, address: str, key: str | None = None, tries: int = 10) -> None:
        self.address, self.tries = address.rstrip("/"), tries
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def restore(self, image: Path, target: Path, **options: Any) -> dict[str, Any]:
        """Restore an image; what was found is returned."""
        with self._post("/v1/restore", image, options) as answer:
            target.write_bytes(answer.read())
            return json.loads(answer.headers["Pinsharp-Report"])

    def measure(self, image: Path, **options: Any) -> dict[str, Any]:
        """Measure how far an image is out of focus."""
        with self._post("/v1/measure", image, options) as answer:
            return json.load(answer)

    def restore_as_job(self, image: Path, target: Path, **options: Any) -> dict[str, Any]:
        """Restore an image of any size; the service may be restarted meanwhile."""
        with self._post("/v1/jobs", image, options) as answer:
            accepted = json.load(answer)
        for job in self.watch(accepted["id"]):
            print(job["state"], job["progress"] or "", file=sys.stderr)
        if job["state"] != "done":
            raise Refused(job["error"] or job["state"])
        with self._open(job["result"]) as answer, target.open("wb") as file:
            while piece := answer.read(2**20):
                file.write(piece)
        return job["report"]

    def watch(self, job: str) -> Iterator[dict[str, Any]]:
        """What happens to a job, up to its end, through breaks of the connection."""
        for _ in range(self.tries):
            try:
                with self._open(f"/v1/jobs/{job}/events") as events:
                    for line in events:
                        if line.startswith(b"data: "):
                            told = json.loads(line.removeprefix(b"data: "))
                            yield told
                            if told["ended"]:
                                return
            except (ConnectionError, urllib.error.URLError, TimeoutError):
                time.sleep(2)
        raise Refused("the service does not answer")

    def _post(self, path: str, image: Path, options: dict[str, Any]) -> Any:
        query = f"?options={urllib.parse.quote(json.dumps(options))}" if options else ""
        return self._open(path + query, image)

    def _open(self, path: str, body: Path | None = None) -> Any:
        """Send a request; one that comes at a busy time is sent again when the service says so."""
        for _ in range(self.tries):
            file = body.open("rb") if body else None
            headers = {**self.headers, **({"Content-Length": str(body.stat().st_size)} if body else {})}
            request = urllib.request.Request(self.address + path, file, headers)
            try:
                return urllib.request.urlopen(request, timeout=300)
            except urllib.error.HTTPError as error:
                wait = error.headers.get("Retry-After")
                if wait is None:
                    raise Refused(json.load(error)["detail"]) from None
                time.sleep(int(wait))
            finally:
                if file:
                    file.close()
        raise Refused(f"busy after {self.tries} tries")


def main() -> None:
    parser = argparse.ArgumentParser(description="Restore an image with a service.")
    parser.add_argument("address")
    parser.add_argument("image", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--options", type=json.loads, default={}, help='JSON, such as {"light": "srgb"}')
    parser.add_argument("--job", action="store_true", help="for long work and images larger than memory")
    asked = parser.parse_args()
    client = Client(asked.address, os.environ.get("PINSHARP_API_KEY"))
    try:
        call = client.restore_as_job if asked.job else client.restore
        report = call(asked.image, asked.target, **asked.options)
    except (Refused, urllib.error.URLError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"sigma {report['sigma']:.2f} px, {report['verdict']}" + ("" if report["restored"] else ": left as it is"))


if __name__ == "__main__":
    main()
