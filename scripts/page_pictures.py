"""Take the picture of the page that docs/service.md shows: docs/images/page-result.png, of few colours.

    python scripts/page_pictures.py

Needs playwright for Python and Chromium.
"""

import io
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
SAMPLE, IMAGES = ROOT / "examples" / "sample", ROOT / "docs" / "images"
SIZE = {"width": 1200, "height": 750}
COLOURS = 160
DONE = '#verdict[data-kind="good"]'


def main() -> None:
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "pinsharp", "serve", "--port", "0", "--state", state]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
            try:
                address = next(line for line in service.stderr or () if "listening at" in line).split()[3].strip(",")
                with sync_playwright() as playwright:
                    path = shutil.which("chromium")
                    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
                    save(opened(browser, address, "dark", "board.png").screenshot(), "page-result.png")
                    browser.close()
            finally:
                service.send_signal(signal.SIGTERM)


def opened(browser: Browser, address: str, colours: str, name: str) -> Page:
    page = browser.new_page(viewport=SIZE, color_scheme=colours, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_selector("#recipe-model option", state="attached")
    page.set_input_files("#file", str(SAMPLE / name))
    page.wait_for_selector(DONE)
    return page


def save(screenshot: bytes, name: str) -> None:
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(IMAGES / name, optimize=True)
    print(f"{name}: {(IMAGES / name).stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
