"""A test set on disk: what the files hold, what the manifest says of them, and what an interruption leaves."""

import hashlib
import json

import cv2
import numpy as np
import pytest
import torch

from pinsharp.blur.kernel_names import load_kernel
from pinsharp.data import synth_set
from pinsharp.data.synth_set import planned_files, write_test_set
from pinsharp.data.testset import Degradation, blurred_pairs
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image, write_image


def put_image(path, shape=(24, 31, 3), dtype=np.uint8, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    full = np.iinfo(dtype).max
    write_image(path, np.random.default_rng(seed).integers(0, full, shape, dtype, endpoint=True))
    return path


@pytest.fixture
def photos(tmp_path):
    return [put_image(tmp_path / "in" / "a.png"), put_image(tmp_path / "in" / "b.png", (25, 22), seed=1)]


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_holds_what_was_planned_and_nothing_else(tmp_path, photos):
    protocol, out = Degradation("gaussian:1,disk:2"), tmp_path / "out" / "set"

    manifest = write_test_set(photos, protocol, out)

    assert manifest == out / "manifest.json"
    assert files_below(out) == {
        "manifest.json",
        "kernels/gaussian-1.npy",
        "kernels/disk-2.npy",
        *(f"{kernel}/{image}.png" for kernel in ("gaussian-1", "disk-2") for image in "ab"),
    }
    assert {out / name for name in files_below(out)} == set(planned_files(photos, protocol, out))


@pytest.mark.parametrize("bits, dtype", [(1, np.uint8), (8, np.uint8), (10, np.uint16), (16, np.uint16)])
@pytest.mark.parametrize("boundary", ["reflect", "valid"])
def test_stored_images_are_the_blurred_ones_to_the_last_level(tmp_path, photos, bits, dtype, boundary):
    protocol = Degradation("gaussian:1:7", boundary, bits, noise=1 / 255)

    write_test_set(photos, protocol, tmp_path / "out")

    for pair in blurred_pairs(photos, protocol):
        stored = cv2.imread(str(tmp_path / "out" / "gaussian-1-7" / f"{pair.path.stem}.png"), cv2.IMREAD_UNCHANGED)
        assert stored.dtype == dtype
        levels = to_tensor(stored[..., ::-1] if stored.ndim == 3 else stored)
        torch.testing.assert_close(levels, pair.blurred, atol=0 if bits in (1, 8, 16) else 0.51 / 65535, rtol=0)


def test_levels_of_ten_bits_are_spread_over_sixteen(tmp_path):
    ramp = put_image(tmp_path / "ramp.png", (64, 64), np.uint16)

    write_test_set([ramp], Degradation("gaussian:0.01:1", bits=10), tmp_path / "out")

    stored = cv2.imread(str(tmp_path / "out" / "gaussian-0.01-1" / "ramp.png"), cv2.IMREAD_UNCHANGED)
    expected = np.rint(np.rint(read_image(ramp).pixels / 65535 * 1023) / 1023 * 65535)
    np.testing.assert_array_equal(stored, expected)


def test_the_manifest_says_how_each_image_was_made(tmp_path, photos):
    protocol, out = Degradation("gaussian:3.2:21", "valid", 12, 2 / 255, 7), tmp_path / "out"

    manifest = json.loads(write_test_set(photos, protocol, out).read_text())

    assert manifest["protocol"] == protocol.summary
    assert manifest["protocol"]["noise_of_255"] == 2
    assert manifest["storage"] == "12-bit levels in 16-bit PNG, full scale 65535"
    kernel = manifest["kernels"]["gaussian:3.2:21"]
    torch.testing.assert_close(load_kernel(out / kernel["file"]), protocol.kernels["gaussian:3.2:21"])
    assert kernel["sigma"] == pytest.approx(3.18, abs=5e-3)
    for entry, photo in zip(manifest["images"], photos, strict=True):
        assert entry["sharp"] == photo.name
        assert entry["sharp_sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
        assert entry["blurred_sha256"] == hashlib.sha256((out / entry["blurred"]).read_bytes()).hexdigest()
        assert entry["border"] == 10
        cut = read_image(photo).pixels[10:-10, 10:-10]
        error = to_tensor(cut) - to_tensor(read_image(out / entry["blurred"]).pixels)
        assert entry["psnr"] == pytest.approx(float(-10 * error.square().mean().log10()), abs=1e-3)


def test_the_same_set_twice_is_the_same_to_the_byte(tmp_path, photos):
    protocol = Degradation("gaussian:1", noise=1 / 255, seed=5)

    first, second = (write_test_set(photos, protocol, tmp_path / name) for name in ("one", "two"))

    assert first.read_bytes() == second.read_bytes()


def test_an_unblurred_flat_image_has_no_finite_psnr_but_a_valid_manifest(tmp_path):
    write_image(tmp_path / "flat.png", np.full((20, 20), 255, np.uint8))

    manifest = write_test_set([tmp_path / "flat.png"], Degradation("gaussian:0.01:1"), tmp_path / "out")

    assert json.loads(manifest.read_text())["images"][0]["psnr"] is None


def test_images_of_one_name_get_names_by_their_folders(tmp_path):
    frames = [put_image(tmp_path / "test" / sequence / "sharp" / "000001.png") for sequence in ("GOPR1", "GOPR2")]

    manifest = json.loads(write_test_set(frames, Degradation("gaussian:1"), tmp_path / "out").read_text())

    assert [entry["sharp"] for entry in manifest["images"]] == ["GOPR1/sharp/000001.png", "GOPR2/sharp/000001.png"]
    assert [entry["blurred"] for entry in manifest["images"]] == [
        "gaussian-1/GOPR1-sharp-000001.png",
        "gaussian-1/GOPR2-sharp-000001.png",
    ]


def test_names_that_differ_in_suffix_or_capitals_only_do_not_collide(tmp_path):
    images = [put_image(tmp_path / "in" / name) for name in ("a.png", "a.bmp", "A.tif")]

    planned = planned_files(images, Degradation("gaussian:1"), tmp_path / "out")

    assert len({str(path).casefold() for path in planned}) == len(planned)


def test_a_kernel_from_a_file_gets_a_plain_folder_name(tmp_path, photos):
    np.save(tmp_path / "my psf.npy", np.ones((3, 3)))

    planned = planned_files(photos, Degradation(f"{tmp_path}/my psf.npy"), tmp_path / "out")

    for path in planned[1:]:
        assert path.parent.parent == tmp_path / "out"
        assert " " not in path.name


def test_a_finished_set_is_replaced_only_when_asked(tmp_path, photos):
    out = tmp_path / "out"
    manifest = write_test_set(photos, Degradation("gaussian:1"), out)
    before = manifest.read_bytes()

    with pytest.raises(OutputError, match="expected a new folder, got one with a test set; --overwrite replaces it"):
        write_test_set(photos, Degradation("gaussian:1", seed=1), out)
    assert manifest.read_bytes() == before

    write_test_set(photos, Degradation("gaussian:1", seed=1), out, overwrite=True)
    assert manifest.read_bytes() != before


@pytest.mark.parametrize("name", ["gaussian-1/a.png", "kernels/gaussian-1.npy"])
def test_a_file_of_somebody_else_is_never_replaced(tmp_path, photos, name):
    (tmp_path / "out" / name).parent.mkdir(parents=True)
    (tmp_path / "out" / name).write_bytes(b"mine")

    with pytest.raises(OutputError, match="expected a new name, got an existing file"):
        write_test_set(photos, Degradation("gaussian:1"), tmp_path / "out")

    assert (tmp_path / "out" / name).read_bytes() == b"mine"
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_an_interruption_leaves_whole_images_and_no_manifest(tmp_path, photos):
    out, protocol = tmp_path / "out", Degradation("gaussian:1,gaussian:2")
    write_test_set(photos, protocol, out)

    def stop_at_the_second(entry):
        if entry.kernel == "gaussian:2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_test_set(photos, protocol, out, overwrite=True, report=stop_at_the_second)

    assert not (out / "manifest.json").exists()
    for name in files_below(out):
        assert name.endswith(".npy") or read_image(out / name).pixels.size


def test_nothing_half_written_stays_when_the_disk_is_full(tmp_path, photos, monkeypatch):
    def full_disk(path, data):
        raise OutputError(f"{path}: got a full disk")

    monkeypatch.setattr(synth_set, "write_atomically", full_disk)

    with pytest.raises(OutputError, match="full disk"):
        write_test_set(photos, Degradation("gaussian:1"), tmp_path / "out")

    assert files_below(tmp_path / "out") == set()


def test_an_unreadable_sharp_image_is_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    with pytest.raises(ImageError, match=r"broken\.png"):
        write_test_set([tmp_path / "broken.png"], Degradation("gaussian:1"), tmp_path / "out")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path, photos):
    (tmp_path / "out").write_bytes(b"mine")

    with pytest.raises(OutputError, match="expected a folder that can be made"):
        write_test_set(photos, Degradation("gaussian:1"), tmp_path / "out")
