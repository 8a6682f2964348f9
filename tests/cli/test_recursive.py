"""`--recursive` as a user meets it: trees kept by results and pages, other commands, and what is said without it."""

import pytest


@pytest.fixture
def tree(photo, tmp_path, monkeypatch):
    """Photographs in/a/x.png, in/b/x.png and in/b/deep/y.png, one hidden; the folder that they lie in."""
    for name in ("in/a/x.png", "in/b/x.png", "in/b/deep/y.png", "in/.old/z.png"):
        photo(name)
    (tmp_path / "in/a/again").symlink_to(tmp_path / "in/b")
    monkeypatch.chdir(tmp_path)
    return tmp_path


KNOWN = ("--model", "wiener", "--kernel", "gaussian:1.5")
WITHIN = ["a/x.png", "b/deep/y.png", "b/x.png"]


def shown_files(folder, pattern="*.png"):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(pattern))


def test_results_pictures_and_the_page_keep_the_tree(cli, tree):
    options = (*KNOWN, "--side-by-side", "--save-mask", "in/masks", "--report", "page.html")

    shown = cli("restore", "in", "-r", "-o", "in/out", *options)
    again = cli("restore", "in", "-r", "-o", "in/out", *options, "--resume")

    pictures = [name.replace(".png", ".side-by-side.png") for name in WITHIN]
    assert (shown.code, again.code) == (0, 0)
    assert shown_files(tree / "in/out") == sorted([*WITHIN, *pictures])
    assert shown_files(tree / "in/masks") == [name.replace(".png", ".mask.png") for name in WITHIN]
    assert "in/a/again: not followed" in shown.err
    assert again.out == ""
    assert "0 done, 0 failed, 3 skipped" in again.err
    page = (tree / "page.html").read_text()
    assert all(f"<figcaption>{name}," in page for name in WITHIN)


def test_kernel_measures_the_tree(cli, tree, model):
    shown = cli("kernel", "in", "--recursive", "--model", model)

    assert [line.partition(":")[0] for line in shown.out.splitlines()] == [f"in/{name}" for name in WITHIN]


def test_detect_keeps_the_tree_and_does_not_search_its_tables(cli, tree):
    for _ in range(2):
        shown = cli("detect", "in", "-r", "-o", "in/found", "--overwrite")

        assert shown.code == 0
        assert len(shown.out.splitlines()) == 3
    assert shown_files(tree / "in/found", "*.json") == [name.replace(".png", ".found.json") for name in WITHIN]


@pytest.mark.parametrize(
    "inputs, words",
    [(["in"], "folders inside it are not searched, --recursive searches them"), (["in/a", "in/b"], "--recursive")],
)
def test_without_it_nothing_is_done_and_its_name_is_said(cli, tree, inputs, words):
    shown = cli("restore", *inputs, "-o", "out", *KNOWN)

    assert shown.code == 2
    assert words in shown.err
    assert not (tree / "out").exists()


def test_a_template_keeps_the_tree(cli, tree):
    shown = cli("restore", "in/a", "in/b", "-r", "-o", "out", *KNOWN, "--name-template", "{folder}-{stem}.tif")

    assert shown.code == 0
    assert shown_files(tree / "out", "*.tif") == ["a/a-x.tif", "b/b-x.tif", "b/deep/deep-y.tif"]
