"""Corpora that are read in turn: every photograph has its turn, few are in memory, and numbers alone decide which."""

import io
import tarfile
import weakref

import numpy as np
import pytest
import torch
from PIL import Image

from pinsharp.data.corpus import is_held_out, load_corpus
from pinsharp.data.photograph import Photograph, find_photographs
from pinsharp.data.stream import open_stream
from pinsharp.data.synthesis import SynthesisConfig, make_batch
from pinsharp.errors import ImageError

BATCH, REUSE = 3, 4
CONFIG = SynthesisConfig(max_sigma=0.5, max_radius=0.5)


def encoded(value, side=40):
    """A PNG of one grey value, by which it can be told."""
    content = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(content, "PNG")
    return content.getvalue()


def values(count):
    """As many grey values of photographs that are trained on."""
    return [value for value in range(250) if not is_held_out(f"photo{value:03}.png")][:count]


@pytest.fixture
def folder(tmp_path):
    """Make a folder of photographs."""

    def make(count, name="photos"):
        (tmp_path / name).mkdir()
        for value in values(count):
            (tmp_path / name / f"photo{value:03}.png").write_bytes(encoded(value))
        return tmp_path / name

    return make


def reader(root, *, batch=BATCH, seed=1, reuse=REUSE, smallest=20):
    return open_stream(root, held_out=False, reuse=reuse, smallest=smallest).reader(batch, seed)


def shown(source, indices):
    return [int(source.pick(0, index)[0, 0, 0]) for index in indices]


@pytest.mark.parametrize("count", [6, 7, 11])
def test_in_an_epoch_every_photograph_has_one_turn_of_its_length(folder, count):
    """But for the first turns, which are shorter for all places but the first, so that not all change at once."""
    epochs = 5
    steps = epochs * count * REUSE // BATCH
    seen = np.array(shown(reader(folder(count)), range(BATCH * steps))).reshape(steps, BATCH)

    times = np.bincount(seen.ravel(), minlength=256)[values(count)]

    assert abs(times - epochs * REUSE).max() <= REUSE
    runs = [len(run) for place in seen.T for run in np.split(place, np.flatnonzero(np.diff(place)) + 1)[1:-1]]
    assert {length % REUSE for length in runs} == {0}
    assert all(len(set(step)) == BATCH for step in seen[: count * REUSE // BATCH - REUSE])


def test_the_order_is_another_one_in_every_epoch_and_with_every_seed(folder):
    root, count = folder(12), 12 * REUSE

    orders = [shown(reader(root, seed=seed), range(start, start + count)) for seed in (1, 2) for start in (0, count)]

    assert len({tuple(order) for order in orders}) == 4


def test_a_sample_is_the_same_whoever_begins_where_and_shares_a_step(folder):
    """What makes runs resumable, and the same over several processes."""
    root = folder(7)
    whole = shown(reader(root), range(90))

    assert shown(reader(root), range(33, 90)) == whole[33:]
    for place in range(BATCH):
        assert shown(reader(root), range(place, 90, BATCH)) == whole[place::BATCH]


def test_a_process_reads_only_what_its_samples_are_cut_from(folder, monkeypatch):
    read, plain = [], Photograph.read
    monkeypatch.setattr(Photograph, "read", lambda self: read.append(self.name) or plain(self))
    source = reader(folder(8))

    shown(source, range(0, BATCH * REUSE * 4, BATCH))  # the first place of each step

    assert len(read) == len(set(read)) == 4


@pytest.mark.parametrize("count", [6, 24])
def test_memory_does_not_grow_with_the_corpus(folder, monkeypatch, count):
    counts, plain = {"now": 0, "most": 0}, Photograph.read
    monkeypatch.setattr(Photograph, "read", lambda self: _counted(plain(self), counts))
    source = reader(folder(count))

    for first in range(0, count * REUSE, BATCH):
        make_batch(source, CONFIG, size=12, indices=range(first, first + BATCH), seed=1)

    assert counts["most"] == BATCH


def _counted(image, counts):
    """Count how many images are alive at once."""
    counts["now"] += 1
    counts["most"] = max(counts["most"], counts["now"])
    weakref.finalize(image, lambda: counts.update(now=counts["now"] - 1))
    return image


def test_crops_are_those_of_the_photograph_in_turn(folder):
    source = reader(folder(5))

    batch = make_batch(source, CONFIG, size=12, indices=range(6, 9), seed=1)

    for place, value in enumerate(shown(source, range(6, 9))):
        torch.testing.assert_close(batch.sharp[place], torch.full_like(batch.sharp[place], value / 255))


def test_a_bad_photograph_is_named_once_and_the_next_one_takes_its_turn(folder, capsys):
    root = folder(7)
    bad, small = (root / f"photo{value:03}.png" for value in values(7)[2:4])
    bad.write_bytes(bad.read_bytes()[:60])
    small.write_bytes(encoded(255, side=19))

    seen = shown(reader(root), range(200))

    assert set(seen) == set(values(7)) - set(values(7)[2:4])
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"left out: {bad}: ")
    assert shown(reader(root), range(80, 200)) == seen[80:]


def test_a_corpus_without_any_good_photograph_is_refused(folder):
    root = folder(4)

    with pytest.raises(ImageError, match=r"at least 41 x 41 pixels, got 4 in a row that cannot be used.*photo"):
        reader(root, smallest=41).pick(0, 0)


# Where photographs lie


def archived(path, members):
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def images(photographs):
    return {photograph.name: int(photograph.read()[0, 0, 0]) for photograph in photographs}


def test_shards_and_lists_hold_what_a_folder_holds(folder, tmp_path):
    """As WebDataset writes them: other files of a sample stand beside the image."""
    root = folder(6)
    files = sorted(root.iterdir())
    shards = tmp_path / "shards"
    shards.mkdir()
    for number in range(2):
        members = {}
        for file in files[number::2]:
            members |= {f"./{file.name}": file.read_bytes(), f"./{file.stem}.json": b"{}"}
        archived(shards / f"{number:06}.tar", members)
    (tmp_path / "list.txt").write_text("".join(f"photos/{file.name}\n" for file in files) + "\n")

    expected = images(find_photographs(root))

    assert len(expected) == 6
    assert images(find_photographs(shards)) == expected
    assert images(find_photographs(tmp_path / "list.txt")) == expected
    first = find_photographs(shards / "000000.tar")
    assert [photograph.name for photograph in first] == [file.name for file in files[::2]]
    assert load_corpus(shards, held_out=False).names == (*[f.name for f in files[::2]], *[f.name for f in files[1::2]])


def test_frames_of_a_video_in_an_archive_are_one_photograph(tmp_path):
    archive = archived(tmp_path / "a.tar", {"GOPR1/sharp/000001.png": encoded(1), "GOPR2/sharp/000001.png": encoded(2)})

    assert [photograph.source for photograph in find_photographs(archive)] == ["GOPR1", "GOPR2"]


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("a.tar", b"nothing of the sort", "a.tar: expected a tar archive that is whole and not compressed"),
        ("list.txt", b"\n", "list.txt: expected a list of files, a path a line, got an empty one"),
        ("list.txt", b"\xff\xfe", "list.txt: expected a list of files"),
    ],
)
def test_what_is_no_corpus_is_refused_in_one_sentence(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ImageError, match=sentence):
        find_photographs(tmp_path / name)


def test_an_archive_without_images_is_refused(tmp_path):
    with pytest.raises(ImageError, match="got none with a suffix such as"):
        find_photographs(archived(tmp_path / "a.tar", {"readme.md": b"none"}))


def test_a_damaged_member_is_named_with_its_archive(tmp_path):
    archive = archived(tmp_path / "a.tar", {"one.png": encoded(1)[:50]})

    with pytest.raises(ImageError, match=r"a.tar/one.png: "):
        find_photographs(archive)[0].read()
