"""Pages of HTML as tests read them: tags, attributes and words, and complaints about tags that do not match."""

import base64
from html.parser import HTMLParser

import cv2
import numpy as np

_WITHOUT_END = ("meta", "img", "br")


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self._open = [], [], [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in _WITHOUT_END:
            self._open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        """All words, one space between."""
        return " ".join(" ".join(self.words).split())

    @property
    def addresses(self):
        """Whatever the page asks a browser to load or lead to."""
        return [value for name, value in self.attributes if name in ("src", "href", "xlink:href", "action", "data")]

    def pictures(self, kind):
        """Pixels of the embedded pictures of a kind: png or jpeg."""
        start = f"data:image/{kind};base64,"
        found = [base64.b64decode(value.removeprefix(start)) for value in self.addresses if value.startswith(start)]
        return [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) for data in found]

    def assert_needs_nothing_else(self):
        """Neither script nor network, and nothing happens at a click."""
        assert all(address.startswith("data:image/") for address in self.addresses)
        assert not {"script", "link", "iframe", "object", "form", "use"} & set(self.tags)
        assert not [name for name, _ in self.attributes if name.startswith("on")]
