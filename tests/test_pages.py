"""What all pages share: they need nothing else, words of anybody stay words, and pictures arrive."""

import numpy as np

from pages import Page
from pinsharp.pages import document, jpeg_address, png_address, text


def test_a_page_is_whole_and_keeps_its_own_style():
    page = document("a &amp; b", "h1 { color: red; }", ["<h1>one</h1>", "<p>two</p>"])

    assert page.startswith("<!doctype html>")
    assert "h1 { color: red; }</style>" in page
    assert Page(page).text.endswith("one two")
    Page(page).assert_needs_nothing_else()


def test_words_of_anybody_stay_words():
    words = "<script>\"'&\udce9"

    page = Page(f'<p title="{text(words)}">{text(words)}</p>')

    assert page.words == ["<script>\"'&?"]
    assert page.attributes == [("title", "<script>\"'&?")]


def test_pictures_arrive_every_pixel_of_a_png_and_nearly_those_of_a_jpeg():
    picture = np.add.outer(np.arange(40), np.arange(50)).astype(np.uint8) * 2

    page = Page(f'<img src="{png_address(picture)}"><img src="{jpeg_address(picture, 90)}">')

    np.testing.assert_array_equal(page.pictures("png")[0], picture)
    assert np.abs(page.pictures("jpeg")[0].astype(int) - picture).max() < 12
