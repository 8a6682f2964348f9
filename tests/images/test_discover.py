"""Files, folders and patterns become a list of images: in order, each once, or one clear sentence."""

from pathlib import Path

import pytest

from pinsharp.errors import ImageError
from pinsharp.images.discover import find_images


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Images b, A.PNG and c, a note, a hidden image, and an image one folder down; the current folder."""
    for name in ("b.png", "A.PNG", "c.tiff", "note.txt", ".hidden.png", "deep/d.jpg", "empty/note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_gives_its_own_images_sorted(folder):
    assert find_images([folder]) == [folder / name for name in ("A.PNG", "b.png", "c.tiff")]


def test_order_is_kept_and_duplicates_are_removed(folder):
    found = find_images(["c.tiff", "b.png", "./deep/../c.tiff", folder, Path("b.png")])

    assert found == [Path("c.tiff"), Path("b.png"), folder / "A.PNG"]


def test_links_with_names_of_their_own_are_images_of_their_own(folder):
    (folder / "link.png").symlink_to("b.png")

    assert find_images(["b.png", "link.png"]) == [Path("b.png"), Path("link.png")]


@pytest.mark.parametrize(
    "pattern, names",
    [
        ("*.png", ["b.png"]),
        ("?.*", ["A.PNG", "b.png", "c.tiff"]),
        ("**/*.jpg", ["deep/d.jpg"]),
        ("[bc].*", ["b.png", "c.tiff"]),
    ],
)
def test_a_pattern_that_the_shell_left_is_expanded(folder, pattern, names):
    assert find_images([pattern]) == [Path(name) for name in names]
    assert find_images([folder / pattern]) == [folder / name for name in names]


def test_a_file_with_the_name_of_a_pattern_is_that_file(folder):
    (folder / "[b].png").write_bytes(b"x")

    assert find_images(["[b].png"]) == [Path("[b].png")]


@pytest.mark.parametrize(
    "item, sentence",
    [
        ("gone.png", r"^gone\.png: expected an image file, a folder or a pattern, got no such file"),
        ("note.txt", r"^note\.txt: expected a name that ends in \.png, .* or \.\w+, got \.txt"),
        ("empty", "^empty: expected a folder with images .*, got none among 1 entries; folders inside it are not"),
        ("*.webp", r"^\*\.webp: expected a pattern that matches images, got 0 matches"),
        ("*.txt", r"^\*\.txt: expected a pattern that matches images, got 1 match"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_leads_to_no_image_is_one_clear_sentence(item, sentence):
    with pytest.raises(ImageError, match=sentence):
        find_images(["b.png", item])


def test_nothing_asked_is_nothing_found():
    assert find_images([]) == []
