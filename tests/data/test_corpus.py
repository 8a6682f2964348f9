"""The corpus: one photograph in ten held out, always the same, its crops together; images as 8-bit colour."""

import numpy as np
import pytest
import torch
from PIL import Image

from pinsharp.data.corpus import GENERAL, GENERAL_HELD_OUT, Corpus, is_held_out, load_corpus, mixed
from pinsharp.errors import ImageError


def write_images(folder, names, shape=(12, 14)):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name in names:
        Image.fromarray(rng.integers(0, 256, (*shape, 3), np.uint8)).save(folder / name)


def both_parts(root):
    return [set(load_corpus(root, held_out=held_out).names) for held_out in (False, True)]


def test_about_one_photograph_in_ten_is_held_out():
    held_out = [is_held_out(f"photo{number:05}.png") for number in range(10_000)]

    assert sum(held_out) == pytest.approx(1000, abs=3 * 30)


def test_the_split_never_changes():
    """Another rule would train on what an earlier model was validated with."""
    held_out = [number for number in range(1, 101) if is_held_out(f"{number:04}.png")]

    assert held_out == [2, 5, 14, 22, 27, 33, 62, 69, 82, 98, 99, 100]


@pytest.mark.parametrize("name", [f"street{number}" for number in range(20)])
def test_crops_of_a_photograph_stay_together(name):
    crops = [f"{name}_1.webp", f"{name}_2.webp", f"{name}-3.webp", f"{name}_17.png"]

    assert len({is_held_out(crop) for crop in crops}) == 1


@pytest.mark.parametrize("pattern", ["IMG_{:04}.jpg", "DSC-{:05}.jpg", "{:04}.png", "frame_{:03}.tif"])
def test_photographs_numbered_by_a_camera_are_not_taken_for_crops(pattern):
    """They were: a folder of IMG_0001, IMG_0002 ... was held out as a whole or not at all."""
    held_out = [is_held_out(pattern.format(number)) for number in range(300)]

    assert 10 < sum(held_out) < 60


def test_both_parts_together_are_the_folder(tmp_path):
    names = [f"photo{number}_{crop}.png" for number in range(30) for crop in (1, 2)]
    write_images(tmp_path, names)

    training, held_out = both_parts(tmp_path)

    assert training | held_out == set(names)
    assert not training & held_out
    assert {name for name in names if is_held_out(name)} == held_out


def test_frames_of_a_gopro_sequence_stay_together(tmp_path):
    """Neighbouring frames show the same: a net would be validated on what it has seen."""
    for sequence in range(24):
        write_images(tmp_path / f"GOPR{sequence:04}_11_00" / "sharp", ["000001.png", "000002.png", "000003.png"])

    training, held_out = (load_corpus(tmp_path, held_out=part) for part in (False, True))

    assert len(training.names) % 3 == len(held_out.names) % 3 == 0
    assert len(training.names) + len(held_out.names) == 72


def test_images_too_small_for_a_crop_are_left_out(tmp_path):
    write_images(tmp_path, [f"small{number}.png" for number in range(20)], shape=(20, 9))
    write_images(tmp_path, [f"large{number}.png" for number in range(20)], shape=(10, 30))

    corpus = load_corpus(tmp_path, held_out=False, smallest=10)

    assert corpus.names
    assert all(name.startswith("large") for name in corpus.names)


@pytest.mark.parametrize("held_out, kind", [(True, "held-out"), (False, "training")])
def test_a_corpus_without_images_is_one_sentence(tmp_path, held_out, kind):
    name = next(f"{n}.png" for n in range(1000) if is_held_out(f"{n}.png") != held_out)
    write_images(tmp_path, [name])

    with pytest.raises(
        ImageError, match=rf"no {kind} image of at least 4 x 4 pixels; one photograph in 10 is held out"
    ):
        load_corpus(tmp_path, held_out=held_out, smallest=4)


def training_names(count):
    return [name for name in (f"{number}.png" for number in range(1000)) if not is_held_out(name)][:count]


def test_images_of_all_kinds_become_8_bit_colour(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    grey16 = np.random.default_rng(1).integers(0, 65536, (5, 6), np.uint16)
    colour, alpha, grey, deep = training_names(4)
    Image.fromarray(rgb).save(tmp_path / colour)
    Image.fromarray(np.dstack([rgb, np.full((5, 6), 200, np.uint8)])).save(tmp_path / alpha)
    Image.fromarray(rgb[..., 0]).save(tmp_path / grey)
    Image.fromarray(grey16).save(tmp_path / deep)

    corpus = load_corpus(tmp_path, held_out=False)

    images = dict(zip(corpus.names, corpus.images, strict=True))
    expected = torch.from_numpy(rgb).permute(2, 0, 1)
    assert torch.equal(images[colour], expected)
    assert torch.equal(images[alpha], expected)
    assert torch.equal(images[grey], expected[:1].expand(3, -1, -1))
    assert torch.equal(images[deep], torch.from_numpy((grey16 >> 8).astype(np.uint8)).expand(3, -1, -1))
    assert all(image.dtype == torch.uint8 for image in corpus.images)


def test_files_that_are_held_out_can_be_chosen(tmp_path):
    """By name alone: crops of one photograph may go to both parts then."""
    names = [f"part_{number:02}.png" for number in range(6)]
    write_images(tmp_path, names)

    parts = [
        load_corpus(tmp_path, held_out=held_out, chosen=(names[1], names[4]), left_out=(names[0],)).names
        for held_out in (False, True)
    ]

    assert parts == [(names[2], names[3], names[5]), (names[1], names[4])]


@pytest.mark.parametrize("chosen, left_out", [(("gone.png",), ()), (("a.png",), ("gone.png",))])
def test_a_chosen_file_that_is_gone_is_one_sentence(tmp_path, chosen, left_out):
    write_images(tmp_path, ["a.png", "b.png"])

    with pytest.raises(ImageError, match=r"expected an image named gone.png, got none"):
        load_corpus(tmp_path, held_out=True, chosen=chosen, left_out=left_out)


@pytest.mark.parametrize("own, others, share", [(36, 12, 0.2), (36, 12, 0.7), (400, 12, 0.2), (5, 40, 0.1)])
def test_a_mixture_has_about_the_share_that_was_asked_for(own, others, share):
    corpora = [
        Corpus(tuple(torch.full((3, 1, 1), value) for _ in range(count)), tuple(f"{value}" for _ in range(count)))
        for value, count in ((1, own), (2, others))
    ]

    both = mixed(*corpora, share)

    assert both.names.count("2") / len(both.names) == pytest.approx(share, rel=0.35)
    assert {int(image[0, 0, 0]) for image in both.images} == {1, 2}


def test_no_photograph_of_the_package_is_both_trained_on_and_held_out():
    trained, held_out = ({path.name for path in folder.glob("*.webp")} for folder in (GENERAL, GENERAL_HELD_OUT))

    assert len(trained) == 12
    assert len(held_out) == 4
    assert not trained & held_out


def test_progress_is_told(tmp_path):
    write_images(tmp_path, training_names(3))
    told = []

    load_corpus(tmp_path, held_out=False, progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_fingerprint_tells_pixels_and_names_apart():
    one, other = torch.zeros(3, 4, 4, dtype=torch.uint8), torch.ones(3, 4, 4, dtype=torch.uint8)

    prints = {Corpus((image,), (name,)).fingerprint() for image in (one, other) for name in ("a.png", "b.png")}

    assert len(prints) == 4
    assert Corpus((one,), ("a.png",)).fingerprint() == Corpus((one.clone(),), ("a.png",)).fingerprint()


def test_a_corpus_moves_as_a_whole():
    corpus = Corpus((torch.zeros(3, 4, 4, dtype=torch.uint8),), ("a.png",))

    moved = corpus.to(torch.device("meta"))

    assert moved.images[0].device.type == "meta"
    assert moved.names == corpus.names
