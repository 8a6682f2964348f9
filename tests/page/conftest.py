"""A browser at the page of a service that runs: `pinsharp serve` in a process of its own, on a free port.

Skipped where playwright or Chromium is missing; with PINSHARP_TEST_PAGE set, that is a failure.
"""

import os
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

from browsing import HOUSES, READY, SAMPLES, Page

MUST = bool(os.environ.get("PINSHARP_TEST_PAGE"))


def _missing(what):
    if MUST:
        pytest.fail(f"expected {what}, got none", pytrace=False)
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright for Python")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        _missing("Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def service(browser, tmp_path_factory):
    """Starts services; each gives its address and its process."""
    running = []

    def start(*arguments):
        state = tmp_path_factory.mktemp("state")
        command = [sys.executable, "-m", "pinsharp", "serve", "--port", "0", "--state", str(state), *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        running.append(process)
        for line in process.stderr:
            if "listening at " in line:
                return line.partition("listening at ")[2].partition(",")[0], process
        raise AssertionError(f"the service ended with status {process.wait()}")

    yield start
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture(scope="session")
def address(service):
    """Where the service listens that most tests share."""
    return service()[0]


@pytest.fixture
def page(browser, address):
    """Opens the page: in a language, dark or light, of a size."""
    tabs = []

    def open_page(*, at=address, ready=READY, language="en-US", dark=False, size=(1280, 800), **more):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **more,
        )
        made = Page(context.new_page(), at, ready)
        tabs.append((context, made))
        return made

    yield open_page
    for context, made in tabs:
        context.close()
        assert made.errors == []
        assert made.elsewhere == []


@pytest.fixture(scope="session")
def crop(tmp_path_factory):
    """A part of a shipped sample, as a file of a name: 8 bits, or 12 in 16 for a TIFF or `deep`."""
    folder = tmp_path_factory.mktemp("crops")

    def write(name, sample="houses.png", *, place=(180, 300), shape=(160, 200), deep=False):
        image = cv2.imread(str(HOUSES if sample == HOUSES.name else SAMPLES / sample))
        part = image[place[0] : place[0] + shape[0], place[1] : place[1] + shape[1]]
        if deep or name.endswith(".tif"):
            part = part.astype(np.uint16) * 16
        assert cv2.imwrite(str(folder / name), part)
        return folder / name

    return write
