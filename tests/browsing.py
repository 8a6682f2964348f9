"""The page of the service in a tab of a browser, as tests use it."""

from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "examples" / "sample"
HOUSES = Path(__file__).parent / "page" / "houses.png"
"""A photograph blurred by a disc of radius 3 (Kodak's image 8, unrestricted use), with noise."""
DONE = '#verdict[data-kind="good"], #verdict[data-kind="warn"]'
WAIT_MS = 60_000
READY = "#recipe-model option"
"""What there is once the page knows what the service offers."""


class Page:
    """The page in a tab, and what can go wrong in it."""

    def __init__(self, tab, address, ready):
        self.tab, self.address, self.errors, self.elsewhere = tab, address, [], []
        tab.set_default_timeout(WAIT_MS)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))
        tab.on("console", lambda said: self.errors.append(said.text) if "Content Security" in said.text else None)
        tab.on("request", lambda asked: self.elsewhere.append(asked.url) if not self._is_own(asked.url) else None)
        tab.goto(address)
        tab.wait_for_selector(ready, state="attached")

    def _is_own(self, url):
        return url.startswith((self.address, "blob:"))

    def open(self, *files, until=DONE):
        """Choose files, and wait for the first one's result."""
        self.tab.set_input_files("#file", [str(file) for file in files])
        self.tab.wait_for_selector(until)

    def choose(self, file, press):
        """Press what asks for a file, and give it one; no dialog opens, since Playwright misses some when busy."""
        self.tab.evaluate("HTMLInputElement.prototype.click = function () { window.asking = this; }")
        press()
        self.tab.wait_for_function("window.asking")
        self.tab.evaluate_handle("window.asking").as_element().set_input_files(str(file))

    def text(self, selector):
        return self.tab.inner_text(selector)

    def value(self, script):
        """What a script finds; `module(name)` is a module of the page."""
        return self.tab.evaluate(
            f"(async () => {{ const module = (name) => import(`/pages/${{name}}.js`); {script} }})()"
        )
