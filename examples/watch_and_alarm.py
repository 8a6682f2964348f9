"""Watch a folder and give an alarm for each image that is too far out of focus, or that cannot be measured.

    python examples/watch_and_alarm.py INCOMING/ --limit 2.5
    python examples/watch_and_alarm.py examples/sample --limit 2.5 --once

An image is measured when its file has stood still for a second. `pinsharp monitor` does more: it learns what is usual,
and gives an alarm for a drift before any image is lost.
"""

import argparse
import sys
import threading
from pathlib import Path

import pinsharp
from pinsharp.monitor.intake import Intake

USABLE = ("sharp", "restorable")


def alarm(path: Path, reason: str) -> None:
    """Do what has to be done: here a line on the screen; in a plant a message, a lamp or a stop."""
    print(f"ALARM {path.name}: {reason}")


def check(path: Path, limit: float) -> None:
    """Measure one image and compare its width with the limit."""
    try:
        blur = pinsharp.measure(path)
    except pinsharp.ImageError as error:
        return alarm(path, str(error))
    if blur.verdict not in USABLE:
        return alarm(path, f"{blur.verdict}: {blur.finding.reason}")
    if blur.sigma > limit:
        low, high = blur.interval
        return alarm(path, f"width {blur.sigma:.2f} px ({low:.2f} to {high:.2f}), above {limit:g} px")
    return print(f"ok {path.name}: width {blur.sigma:.2f} px, {blur.verdict}")


def main() -> None:
    """Check the images that are there, then those that arrive, until Ctrl-C."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder")
    arguments.add_argument("--limit", type=float, default=2.5, help="largest width in pixels")
    arguments.add_argument("--once", action="store_true", help="check the images that are there, and stop")
    asked = arguments.parse_args()
    settle_s = 0.0 if asked.once else 1.0
    intake = Intake(asked.folder, settle_s=settle_s, since_ns=0, say=print)
    stop = threading.Event()
    for arrival in intake.waiting() if asked.once else intake.arriving(stop):
        check(arrival.path, asked.limit)


if __name__ == "__main__":
    try:
        main()
    except pinsharp.PinsharpError as error:
        sys.exit(f"{error}")
