"""What killed processes leave is removed, what living ones write is not."""

from pinsharp.atomic import sweep, whole_or_nothing
from pinsharp.locks import try_lock


def test_a_lock_is_held_once(tmp_path):
    path = tmp_path / "lock"
    with path.open("wb") as mine, path.open("rb") as other:
        assert try_lock(mine)
        assert not try_lock(other)

    with path.open("rb") as later:
        assert try_lock(later)


def test_what_is_dead_goes_and_everything_else_stays(tmp_path):
    for name in ("a.png", ".pinsharp.sqlite", "b.tmp", ".other-1.tmp"):
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / ".pinsharp-1.tmp").write_bytes(b"torn")
    (tmp_path / ".pinsharp-2.tmp").mkdir()
    (tmp_path / ".pinsharp-2.tmp" / "c.png").write_bytes(b"torn")

    sweep(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".other-1.tmp", ".pinsharp.sqlite", "a.png", "b.tmp"]


def test_what_is_being_written_stays(tmp_path):
    with whole_or_nothing(tmp_path / "a.png", 3) as file:
        file.write(b"abc")
        sweep(tmp_path)

    assert (tmp_path / "a.png").read_bytes() == b"abc"


def test_a_folder_that_a_link_leads_to_is_not_emptied(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "a.png").write_bytes(b"mine")
    (tmp_path / ".pinsharp-1.tmp").symlink_to("precious")

    sweep(tmp_path)

    assert (tmp_path / "precious" / "a.png").read_bytes() == b"mine"
