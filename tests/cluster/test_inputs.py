"""What a user may type for inputs: paths, patterns, addresses, lists."""

from pathlib import Path

import pytest

from pinsharp.cluster.address import Address, is_address, place
from pinsharp.errors import ConfigError, ImageError, MissingExtra

fsspec = pytest.importorskip("fsspec")

from pinsharp.cluster.inputs import find_inputs  # noqa: E402 - needs fsspec
from pinsharp.cluster.store import Store  # noqa: E402


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Files here and in a store in memory."""
    monkeypatch.chdir(tmp_path)
    fs = fsspec.filesystem("memory")
    fs.store.clear()
    for name in ("b.tif", "a.png", "note.txt", ".hidden.png"):
        fs.pipe_file(f"/scans/{name}", b"content")
        Path(name).write_bytes(b"content")
    yield fs
    fs.store.clear()


def names(*inputs):
    return [str(path) for path in find_inputs(inputs)]


def test_an_address_behaves_as_a_path_and_prints_as_it_was_given():
    address = place("s3://bucket/scans/a.png")
    assert (str(address), address.name, address.suffix) == ("s3://bucket/scans/a.png", "a.png", ".png")
    assert str(address.parent / "b.tif") == "s3://bucket/scans/b.tif"
    assert str(address.with_name("c.png")) == "s3://bucket/scans/c.png"
    assert isinstance(address.parent, Address)


@pytest.mark.parametrize("words", ["in/a.png", "/in/a.png", "a:b.png", "file:///in/a.png", "C:/in/a.png"])
def test_paths_are_no_addresses(words):
    assert not is_address(words)
    assert place(words) == Path(words.removeprefix("file://"))


@pytest.mark.parametrize("words", ["s3://", "gs:///", "s3://bucket//a.png"])
def test_addresses_with_empty_parts_are_refused(words):
    with pytest.raises(ConfigError, match="expected an address"):
        place(words)


def test_folders_and_patterns_are_looked_up_in_their_store(store):
    assert names("memory://scans/") == ["memory://scans/a.png", "memory://scans/b.tif"]
    assert names("memory://scans") == ["memory://scans/a.png", "memory://scans/b.tif"]
    assert names("memory://scans/*.tif") == ["memory://scans/b.tif"]
    assert names("memory://scans/not-there-yet.png", "a.png") == ["memory://scans/not-there-yet.png", "a.png"]


def test_a_list_stands_for_its_lines_each_once(store):
    Path("list.txt").write_text("memory://scans/*.png\n\n  a.png \nb.tif\na.png\n")
    assert names("@list.txt", "b.tif") == ["memory://scans/a.png", "a.png", "b.tif"]
    store.pipe_file("/scans/list.txt", b"memory://scans/b.tif\n")
    assert names("@memory://scans/list.txt") == ["memory://scans/b.tif"]


@pytest.mark.parametrize("content", [b"\n\n", b"@list.txt\n", b"\xff\xfe"])
def test_a_list_that_names_no_image_is_refused(store, content):
    Path("list.txt").write_bytes(content)
    with pytest.raises(ImageError, match=r"^list\.txt: expected a list of images"):
        names("@list.txt")


@pytest.mark.parametrize("words", ["memory://absent/", "memory://scans/*.jpg", "absent.png"])
def test_what_leads_to_no_image_is_refused(store, words):
    with pytest.raises(ImageError):
        names(words)


def test_a_store_that_is_not_installed_says_so():
    with pytest.raises((MissingExtra, ConfigError), match="expected"):
        Store(place("gdrive://folder/a.png"))
