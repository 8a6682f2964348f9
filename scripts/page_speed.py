"""How soon the page shows something: an image of one megapixel, as it is and restored, from when it is chosen.

    python scripts/page_speed.py [--times 5]

Needs playwright for Python and Chromium. Starts a service of its own; the first image warms the model and is not
counted.
"""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
from playwright.sync_api import Page, sync_playwright

CHART = Path(__file__).parents[1] / "examples" / "sample" / "chart.png"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "chart.png"
        cv2.imwrite(str(image), cv2.resize(cv2.imread(str(CHART)), (1250, 800), interpolation=cv2.INTER_CUBIC))
        command = [sys.executable, "-m", "pinsharp", "serve", "--port", "0", "--state", f"{folder}/state"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
            try:
                address = next(line for line in service.stderr or () if "listening at" in line).split()[3].strip(",")
                seen = measure(address, image, times + 1)[1:]
            finally:
                service.send_signal(signal.SIGTERM)
    for name, values in zip(("the image", "restored, with its report"), zip(*seen, strict=True), strict=True):
        print(f"{name}: {statistics.median(values):.2f} s (of {times}: {min(values):.2f} to {max(values):.2f})")


def measure(address: str, image: Path, times: int) -> list[tuple[float, float]]:
    """Seconds until an image is seen, and until its result is."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        found = [once(browser.new_page(reduced_motion="reduce"), address, image) for _ in range(times)]
        browser.close()
    return found


def once(page: Page, address: str, image: Path) -> tuple[float, float]:
    page.goto(address)
    page.wait_for_selector("#recipe-model option", state="attached")
    begun = time.perf_counter()
    page.set_input_files("#file", str(image))
    page.wait_for_selector("#canvas", state="visible")
    shown = time.perf_counter() - begun
    page.wait_for_selector('#verdict[data-kind="good"]', timeout=120_000)
    restored = time.perf_counter() - begun
    page.close()
    return shown, restored


if __name__ == "__main__":
    main()
