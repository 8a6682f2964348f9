"""Faults and masks of an image on disk: found, filled and put back as in memory."""

import cv2
import numpy as np
import pytest
import tifffile

from pinsharp.errors import ImageError
from pinsharp.images import fault_survey
from pinsharp.images.faults import find_faults
from pinsharp.images.masks import fill, read_mask, write_mask
from pinsharp.images.packed_mask import PackedMask
from pinsharp.restoration import disk_hidden, sources
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.sources import open_source
from tiffs import write_tiff
from tiny_models import save_tiny_swift

SHAPE = (330, 290)


def photograph(seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    scene = 90 + 40 * rng.standard_normal(shape).astype(np.float32)
    for _ in range(60):
        top, left = (int(rng.integers(0, side)) for side in shape)
        scene[top : top + rng.integers(4, 60), left : left + rng.integers(4, 60)] = rng.uniform(30, 220)
    return cv2.GaussianBlur(scene, (0, 0), 2.0) + rng.normal(0, 0.5, shape).astype(np.float32)


def column(image, truth):
    truth[:, 101] = True
    image[truth] = 0


def row(image, truth):
    truth[200:202] = True
    image[truth] = 250


def hot(image, truth):
    rng = np.random.default_rng(3)
    truth[rng.integers(8, 320, 12), rng.integers(8, 280, 12)] = True
    image[truth] = 255


def letterbox(image, truth):
    truth[:110] = truth[-90:] = True
    image[truth] = 0


def round_field(image, truth):
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    light = np.clip((130 - np.hypot(y - 165, x - 145)) / 3, 0, 1)
    truth |= light < 1
    image *= light


FAULTS = [column, row, hot, letterbox, round_field]


def spoiled(spoil, dtype="uint16", more=()):
    image, truth = photograph(), np.zeros(SHAPE, bool)
    spoil(image, truth)
    image = np.clip(image, 0, 255)
    image = image[..., None] * np.array([1, 0.9, 0.8, 0.7])[: more[0]] if more else image
    if dtype == "float32":
        return (image / 255).astype(np.float32), truth
    return np.rint(image * (200 if dtype == "uint16" else 1)).astype(dtype), truth


@pytest.fixture(autouse=True)
def _everything_is_large_and_tiles_are_small(monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(disk_hidden, "TILE", 64)
    monkeypatch.setattr(disk_hidden, "MARGIN", 32)
    monkeypatch.setattr(disk_hidden, "REACH", 96)
    monkeypatch.setattr(fault_survey, "ROWS", 96)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


def restorer(model, **options):
    return Restorer(model, device="cpu", precision="float32", window=96, **options)


@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 13, "compression": "zlib"}, {"tile": (64, 48)}])
@pytest.mark.parametrize("spoil", FAULTS, ids=lambda one: one.__name__)
def test_what_is_found_on_disk_is_what_is_found_in_memory(spoil, layout, tmp_path):
    pixels, truth = spoiled(spoil)
    write_tiff(tmp_path / "in.tif", pixels, **layout)

    with open_source(tmp_path / "in.tif", Recipe()) as source:
        np.testing.assert_array_equal(np.asarray(source.mask), find_faults(pixels).mask)
        assert source.faults == find_faults(pixels).words
    assert np.asarray(source.mask)[truth].mean() > 0.97


@pytest.mark.parametrize(
    "spoil, dtype, more",
    [
        (column, "uint8", ()),
        (row, "uint16", (3,)),
        (hot, "uint16", (4,)),
        (letterbox, "float32", ()),
        (round_field, "uint8", (3,)),
    ],
)
def test_a_restoration_with_faults_is_that_in_memory(spoil, dtype, more, tmp_path, model):
    pixels, _ = spoiled(spoil, dtype, more)
    write_tiff(tmp_path / "in.tif", pixels, rowsperstrip=20, compression="zlib")

    found = restorer(model).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    whole, mask = restorer(model)(pixels), np.asarray(found.mask)
    np.testing.assert_array_equal(mask, whole.mask)
    np.testing.assert_array_equal(found.image[mask], pixels[mask])
    assert (found.faults, found.masked_share) == (whole.faults, whole.masked_share)
    unit = 1 if dtype == "uint8" else 1 / 255 if dtype == "float32" else 200
    apart = np.abs(found.image.astype(float) - whole.image)[~mask] / unit
    assert apart.max() <= 2  # grey levels: tiles are filled by what lies near them
    assert apart.mean() < 0.05


def test_a_given_mask_is_put_back_on_disk_too(tmp_path, model):
    pixels, _ = spoiled(hot)
    mask = np.zeros(SHAPE, bool)
    mask[40:200, 90:180] = True
    pixels[mask] = np.random.default_rng(0).integers(0, 65535, int(mask.sum()))
    write_tiff(tmp_path / "in.tif", pixels)
    write_mask(tmp_path / "mask.png", mask)
    write_tiff(tmp_path / "mask.tif", mask.astype(np.uint8), tile=(32, 32))

    results = [
        restorer(model, mask=tmp_path / name, faults=faults).restore_file(
            tmp_path / "in.tif", tmp_path / f"out.{name}.tif"
        )
        for name, faults in (("mask.png", "off"), ("mask.tif", "off"))
    ]

    whole = restorer(model, mask=tmp_path / "mask.png", faults="off")(pixels)
    for found in results:
        np.testing.assert_array_equal(np.asarray(found.mask), mask)
        np.testing.assert_array_equal(found.image[mask], pixels[mask])
        assert np.abs(found.image.astype(float) - whole.image)[~mask].max() <= 2 * 200
    both = restorer(model, mask=tmp_path / "mask.png").restore_file(tmp_path / "in.tif", tmp_path / "both.tif")
    np.testing.assert_array_equal(np.asarray(both.mask), restorer(model, mask=tmp_path / "mask.png")(pixels).mask)


def test_iterations_on_disk_look_for_faults_once(tmp_path, model):
    pixels, truth = spoiled(column)
    write_tiff(tmp_path / "in.tif", pixels)

    found = restorer(model, iterations=2).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    whole = restorer(model, iterations=2)(pixels)
    np.testing.assert_array_equal(found.image[truth], pixels[truth])
    assert np.abs(found.image.astype(float) - whole.image)[~truth].max() <= 2 * 200


def test_tiles_are_filled_alike_whoever_asks(tmp_path):
    """Within a tile's margin of what is known the filling is that of the whole image, deep inside nearly."""
    pixels, _ = spoiled(letterbox)
    write_tiff(tmp_path / "in.tif", pixels)

    with open_source(tmp_path / "in.tif", Recipe()) as source:
        hidden, read = source.hidden, source.image.read
        everywhere = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
        whole = hidden.filled(pixels, *everywhere, read)
        part = (slice(50, 140), slice(33, 201))
        np.testing.assert_array_equal(hidden.filled(pixels[part], *part, read), whole[part])
    mask = np.asarray(source.mask)
    expected = fill(pixels, mask)
    np.testing.assert_array_equal(whole[~mask], pixels[~mask])
    near = mask & (cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3) < 4)
    assert np.abs(whole.astype(float) - expected)[near].max() < 5 * 200
    assert np.abs(np.diff(whole[:100].astype(float), axis=0)).max() < 25 * 200  # no step where tiles meet


@pytest.mark.parametrize("faults", ["auto", "off"])
def test_masks_that_hide_all_or_do_not_fit_are_refused(faults, tmp_path, model):
    write_tiff(tmp_path / "in.tif", spoiled(hot)[0])
    write_tiff(tmp_path / "all.tif", np.ones(SHAPE, np.uint8))
    write_mask(tmp_path / "small.png", np.ones((20, 30), bool))

    with pytest.raises(ImageError, match="expected pixels that are not masked, got none"):
        restorer(model, mask=tmp_path / "all.tif", faults=faults).measure(tmp_path / "in.tif")
    with pytest.raises(
        ImageError, match="expected a mask as large as the image, 290 x 330, got 30 x 20; give the mask"
    ):
        restorer(model, mask=tmp_path / "small.png", faults=faults).measure(tmp_path / "in.tif")


def test_a_value_above_white_is_named_and_not_taken_for_a_hot_pixel(tmp_path, model):
    pixels = spoiled(hot)[0] // 16
    pixels[150, 160] = 60000
    write_tiff(tmp_path / "in.tif", pixels)

    with pytest.raises(
        ImageError, match=r"in rows .*expected values up to the white level 4095, got 1 brighter pixels"
    ):
        restorer(model, white_level=4095).measure(tmp_path / "in.tif")


def test_holes_and_transparent_pixels_are_hidden_on_disk(tmp_path, model):
    pixels, _ = spoiled(hot, "float32")
    pixels[30:60, 200:220], pixels[300, 9] = np.nan, np.inf
    write_tiff(tmp_path / "in.tif", pixels)

    found = restorer(model).restore_file(tmp_path / "in.tif", tmp_path / "out.tif")

    np.testing.assert_array_equal(np.asarray(found.mask), find_faults(pixels).mask)
    assert "601 pixels without a value" in found.faults
    np.testing.assert_array_equal(np.isfinite(tifffile.imread(tmp_path / "out.tif")), np.isfinite(pixels))


@pytest.mark.parametrize("shape", [(1, 1), (64, 8), (65, 9), (130, 77)])
def test_a_packed_mask_is_the_mask(shape, tmp_path):
    rng = np.random.default_rng(0)
    truth, packed = np.zeros(shape, bool), PackedMask(shape)
    for _ in range(5):
        (top, bottom), (left, right) = (sorted(rng.integers(0, side + 1, 2).tolist()) for side in shape)
        part = rng.random((bottom - top, right - left)) < 0.3
        truth[top:bottom, left:right] |= part
        packed.add(slice(top, bottom), slice(left, right), part)

        np.testing.assert_array_equal(
            packed.read(slice(top, bottom), slice(left, right)), truth[top:bottom, left:right]
        )
    write_mask(tmp_path / "mask.png", packed)

    np.testing.assert_array_equal(np.asarray(packed), truth)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), truth)
    assert packed.count() == truth.sum()
    packed.clear()
    assert packed.is_empty
