"""The page of formats says what each file of its tables does now."""

import pytest

from formats_page import PAGE, filled

pytest.importorskip("h5py")
pytest.importorskip("zarr", minversion="3")


def test_the_page_of_formats_is_as_the_program_is():
    page = PAGE.read_text(encoding="utf-8")

    assert filled(page) == page, "run: python scripts/formats_page.py"
    assert "| PGM, maxval 1000 | uint16 mono | 1000 | identical |" in page
