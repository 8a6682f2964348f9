"""Which files are sharp images: the layouts of data sets, and folders of any other."""

import numpy as np
import pytest

from pinsharp.data.sharp_files import find_sharp_images
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import write_image


def put_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.zeros((8, 9, 3), np.uint8))
    return path


@pytest.mark.parametrize("split, folder", [("train", "DIV2K_train_HR"), ("valid", "DIV2K_valid_HR")])
def test_a_div2k_folder_gives_its_high_resolution_images(tmp_path, split, folder):
    put_image(tmp_path / "DIV2K_train_LR" / "0001x4.png")
    wanted = [put_image(tmp_path / folder / f"000{number}.png") for number in (2, 1)]

    assert find_sharp_images(tmp_path) == sorted(wanted)
    assert find_sharp_images(tmp_path, split=split) == sorted(wanted)


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_gopro_folder_gives_the_sharp_frames_of_every_sequence(tmp_path, split):
    wanted = []
    for sequence in ("GOPR0384_11_00", "GOPR0410_11_00"):
        put_image(tmp_path / split / sequence / "blur" / "000001.png")
        wanted += [put_image(tmp_path / split / sequence / "sharp" / f"{n:06}.png") for n in (1, 2)]

    assert find_sharp_images(tmp_path) == wanted
    assert find_sharp_images(tmp_path, split=split) == wanted
    assert find_sharp_images(tmp_path / split) == wanted


def test_any_folder_gives_its_images_and_a_file_itself(tmp_path):
    photos = [put_image(tmp_path / name) for name in ("a.png", "b.png", "c.tif")]

    assert find_sharp_images(photos[0].parent) == photos
    assert find_sharp_images(photos[1]) == [photos[1]]


@pytest.mark.parametrize(
    "folders", [("DIV2K_train_HR", "DIV2K_valid_HR"), ("train/GOPR1/sharp", "test/GOPR2/sharp")], ids=["div2k", "gopro"]
)
def test_two_splits_are_never_mixed(tmp_path, folders):
    for folder in folders:
        put_image(tmp_path / folder / "0001.png")

    with pytest.raises(ConfigError, match=r"holds the splits train and .*; choose one, or name its folder"):
        find_sharp_images(tmp_path)

    assert [path.parent for path in find_sharp_images(tmp_path, split="train")] == [tmp_path / folders[0]]


def test_a_split_that_is_not_there_is_refused(tmp_path):
    photo = put_image(tmp_path / "photos" / "a.png")
    put_image(tmp_path / "set" / "DIV2K_valid_HR" / "0801.png")

    with pytest.raises(ConfigError, match="no split 'train': it holds valid"):
        find_sharp_images(tmp_path / "set", split="train")
    with pytest.raises(ConfigError, match="no split 'train': it is no DIV2K or GOPRO folder"):
        find_sharp_images(photo.parent, split="train")


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(ImageError, match="expected a folder with images"):
        find_sharp_images(tmp_path)
