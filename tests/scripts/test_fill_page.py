"""Tables that a benchmark left come into a page, whole or by columns, and whatever stands around them stays."""

import pytest
from PIL import Image

from fill_page import draw, fill

TABLE = "**set**\n\n| method | PSNR | time |\n| --- | ---: | ---: |\n| swift | 28.68 | 1.2 |\n\n" + 30 * "A note. "


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "table1.md").write_text(TABLE)
    return tmp_path


def test_a_whole_table_with_its_notes_wrapped(folder):
    page = fill("Before\n<!-- table: table1.md -->\nold\n<!-- end -->\nAfter\n", folder)

    assert page.startswith("Before\n<!-- table: table1.md -->\n\n**set**\n")
    assert page.endswith("\n\n<!-- end -->\nAfter\n")
    assert "old" not in page
    assert page.count("A note.") == 30
    assert max(map(len, page.splitlines())) <= 120


def test_some_columns_without_the_notes_and_again_the_same(folder):
    page = fill("<!-- table: table1.md columns 1 3 -->\n<!-- end -->\n", folder)

    assert "| swift | 1.2 |\n\n<!-- end -->" in page
    assert "| method | time |\n| --- | ---: |" in page
    assert "28.68" not in page
    assert "A note." not in page
    assert fill(page, folder) == page


def test_a_picture_is_made_anew_of_what_was_left(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("RGB", (7, 5)).save(tmp_path / "fig.png")

    draw("<!-- picture: fig.png -->\n\n![A figure](images/fig.webp)\n", tmp_path / "page.md", tmp_path)

    with Image.open(tmp_path / "images" / "fig.webp") as image:
        assert image.size == (7, 5)


def test_a_table_that_is_not_there_ends_with_what_to_run(tmp_path):
    with pytest.raises(SystemExit, match=r"table1\.md, which the page asks for"):
        fill("<!-- table: table1.md -->\n<!-- end -->\n", tmp_path)
