"""Trees of folders: every image once and at its place, however hidden folders, results and links lie in them."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.errors import ImageError
from pinsharp.images.discover import Found, find_in_trees, images_below
from pinsharp.images.tree import tree_of

NAMES = st.sampled_from(["a", "b", ".hidden", "c.zarr", "D"])
FILES = st.sampled_from(["x.png", "X.png", "y.TIF", "note.txt", ".z.png", "k.npy"])
TREES = st.recursive(
    st.none(), lambda below: st.dictionaries(NAMES, below, max_size=3).map(lambda kept: kept or None), max_leaves=8
)


def folders_of(tree, at=Path()):
    """All folders of a tree of dictionaries, itself first."""
    yield at
    for name, below in (tree or {}).items():
        yield from folders_of(below, at / name)


@st.composite
def places(draw):
    """Folders, files in them, and links from one folder to another, as relative paths."""
    folders = list(folders_of(draw(TREES)))
    files = draw(st.lists(st.tuples(st.sampled_from(folders), FILES), max_size=12, unique=True))
    links = draw(st.lists(st.tuples(st.sampled_from(folders), st.sampled_from(folders)), max_size=4))
    return folders, [folder / name for folder, name in files], links


def build(root, place):
    folders, files, links = place
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for file in files:
        (root / file).write_bytes(b"x")
    for number, (at, to) in enumerate(links):
        (root / at / f"link{number}").symlink_to((root / to).resolve())


def is_shown(path):
    """What the rule says of a path, told apart from how it is searched."""
    parts = path.parts
    is_open = not any(part.startswith(".") or part.endswith(".zarr") for part in parts[:-1])
    return is_open and path.name in {"x.png", "X.png", "y.TIF", "c.zarr"}


@given(places())
@settings(max_examples=25, deadline=None)
def test_every_shown_file_is_found_once_at_its_place(place):
    """Links between folders of the tree add nothing and take nothing away."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve() / "root"
        build(root, place)
        expected = {path for path in (*place[0], *place[1]) if is_shown(path)}
        to_hidden = {at / f"link{n}" for n, (at, to) in enumerate(place[2]) if not is_shown(to / "x.png")}

        images, _ = images_below(root)

        found = [path.relative_to(root) for path in images]
        inside = [path for path in found if not any(path.is_relative_to(link) for link in to_hidden)]
        assert set(inside) == expected
        assert len(found) == len(set(found))
        assert len({path.parent.resolve() / path.name for path in images}) == len(found)


@given(places(), st.data())
@settings(max_examples=25, deadline=None)
def test_places_of_results_differ_and_keep_the_tree(place, data):
    """Any inputs, folders that overlap and single files: no two images have one place, and each ends as its input."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve() / "root"
        build(root, (place[0], [*place[1], *(folder / "x.png" for folder in place[0])], place[2]))
        inputs = data.draw(st.lists(st.sampled_from([*place[0], *(f / "x.png" for f in place[0])]), min_size=1))

        found = find_in_trees([root / path for path in inputs]).images

        results = [each.below / each.path.name for each in found]
        assert len(results) == len(set(results))
        for each, result in zip(found, results, strict=True):
            assert str(each.path).endswith(str(result))
            assert ".." not in result.parts


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Folders a/x.png, a/deep/y.png, b/x.png, and a place to work in."""
    for name in ("in/a/x.png", "in/a/deep/y.png", "in/b/x.png", "other/o.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    monkeypatch.chdir(tmp_path)


def found(*inputs, apart=()):
    return [str(each.below / each.path.name) for each in find_in_trees(inputs, apart=apart).images]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    "inputs, results",
    [
        (["in"], ["a/deep/y.png", "a/x.png", "b/x.png"]),
        (["in/a"], ["deep/y.png", "x.png"]),
        (["in/a", "in/b"], ["a/deep/y.png", "a/x.png", "b/x.png"]),
        (["in/b/x.png", "in/a/x.png"], ["b/x.png", "a/x.png"]),
        (["in/a/x.png"], ["x.png"]),
        (["in/*/x.png"], ["a/x.png", "b/x.png"]),
        (["in/*"], ["a/deep/y.png", "a/x.png", "b/x.png"]),
        (["in/**/y.png"], ["a/deep/y.png"]),
        (["in/a*/../../other/*.png"], ["other/o.png"]),
        (["i*/../other/*.png"], ["other/o.png"]),
        (["in", "other"], ["in/a/deep/y.png", "in/a/x.png", "in/b/x.png", "other/o.png"]),
    ],
)
def test_a_place_is_the_path_from_where_all_inputs_lie(inputs, results):
    assert found(*inputs) == results


@pytest.mark.usefixtures("tree")
def test_folders_for_results_are_not_searched_wherever_they_lie():
    Path("out").symlink_to("in/b")

    assert found("in", apart=[Path("in/a/deep"), Path("in/not/there")]) == ["a/x.png", "b/x.png"]
    assert found("in", apart=[Path("out")]) == ["a/deep/y.png", "a/x.png"]
    assert found("in/b", apart=[Path("in/b")]) == ["x.png"]
    Path("in/again").symlink_to(Path("other").resolve())
    assert found("in", apart=[Path("other")]) == ["a/deep/y.png", "a/x.png", "b/x.png"]


@pytest.mark.usefixtures("tree")
def test_a_link_out_of_the_tree_is_followed_once_and_never_upwards():
    Path("in/a/out").symlink_to(Path("other").resolve())
    Path("in/b/out").symlink_to(Path("other").resolve())
    Path("in/up").symlink_to(Path().resolve())
    Path("in/self").symlink_to("self")

    search = find_in_trees(["in"])

    assert Found(Path("in/a/out/o.png"), Path("a/out")) in search.images
    assert len(search.images) == 4
    assert search.unfollowed == [Path("in/up"), Path("in/b/out")]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("inputs", [["link", "in"], ["in/a", "link"], ["in", "in/a", "./in"], ["in/b", "in/a"]])
def test_a_folder_given_twice_or_linked_from_another_is_searched_once_under_its_own_place(inputs):
    Path("link").symlink_to("in")
    Path("in/b/l").symlink_to(Path("in/a").resolve())

    real = [each.path.resolve() for each in find_in_trees(inputs).images]

    assert sorted(real) == [Path(f"in/{name}").resolve() for name in ("a/deep/y.png", "a/x.png", "b/x.png")]
    own = [each.path for each in find_in_trees(inputs).images if each.path.parts[0] != "link"]
    assert len(own) == (2 if inputs == ["in/a", "link"] else 3)


@pytest.mark.usefixtures("tree")
def test_two_links_to_one_file_are_two_images():
    Path("in/a/l.png").symlink_to(Path("other/o.png").resolve())
    Path("in/b/m.png").symlink_to(Path("other/o.png").resolve())

    assert {"a/l.png", "b/m.png"} < set(found("in"))


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("item", ["other/empty", "other/*.tif", "gone"])
def test_what_leads_to_no_image_is_refused(item):
    Path("other/empty/.hidden").mkdir(parents=True)

    with pytest.raises(ImageError, match=item.replace("*", r"\*")):
        find_in_trees(["in", item])


@pytest.mark.usefixtures("tree")
def test_a_folder_that_cannot_be_listed_is_refused_and_known(monkeypatch):
    """Asked through os.scandir, because root may list everything."""
    scan = os.scandir

    def refuse(path):
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)

    with pytest.raises(ImageError, match="in/a/deep: expected a folder that can be listed, got Permission denied"):
        find_in_trees(["in"])
    assert [path for path, _ in tree_of([Path("in")]).refused] == [Path("in/a/deep")]
