"""Every situation can be made, always the same; its width is what a fit finds, its sharp image what was blurred."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.optimize import minimize_scalar

from pinsharp.bench.robust.case import FULL_SCALE, measurable
from pinsharp.bench.robust.catalogue import SITUATIONS, blurs_of, chosen
from pinsharp.bench.robust.photographs import BUILT_IN, Photograph, find_photographs
from pinsharp.bench.robust.processing import PROGRAMS
from pinsharp.bench.robust.study import make
from pinsharp.data.cameras.light import SRGB, Tone
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import split_alpha

PHOTOGRAPH = Photograph(BUILT_IN[0])
EVERY = [(name, strength) for name, each in SITUATIONS.items() for strength in each.makes]
TONES = {
    "JPEG": SRGB,
    "tone curve": SRGB,
    "gamma 2.2": Tone("gamma", gamma=2.2),
    "sRGB, S-curve": Tone("srgb", contrast=1.5),
}
# A sharpened image is narrower than its light, two exposures have two kernels, and a box is no Gaussian.
UNFITTED = {"sharpened", "double exposure", "interlaced", "raw mosaic", "Pillow, box"}
MIDDLE = 220


def values(image):
    pixels = np.ma.getdata(image)
    colours = split_alpha(pixels)[0]
    return colours.reshape(*colours.shape[:2], -1).astype(np.float64) / FULL_SCALE[pixels.dtype.name]


def example(name, strength, blur=-1):
    situation = SITUATIONS[name]
    return make(situation, strength, PHOTOGRAPH, list(blurs_of(situation))[blur])


@pytest.mark.parametrize("name, strength", EVERY)
def test_it_is_an_image_with_its_sharp_counterpart_and_always_the_same(name, strength):
    case, again = example(name, strength, 0), example(name, strength, 0)

    np.testing.assert_array_equal(np.ma.getdata(case.image), np.ma.getdata(again.image))
    seen = np.ones(case.sharp.shape[:2], bool) if case.seen is None else case.seen
    assert case.sharp.shape == values(case.image).shape
    assert case.sharp.dtype == np.float32
    assert np.isfinite(case.sharp).all()
    assert 0 <= case.sharp.min() <= case.sharp.max() <= 1
    assert np.isfinite(values(case.image)[seen]).all()
    assert seen.mean() > 0.2
    assert case.truth.verdicts


@pytest.mark.parametrize(
    "name, strength",
    [each for each in EVERY if not SITUATIONS[each[0]].has_own_blur and not UNFITTED & {*each}],
)
def test_its_width_is_that_of_the_gaussian_that_makes_the_sharp_image_match(name, strength):
    """Fitted by SciPy in linear light, where the scene is seen with room around it."""
    case = example(name, strength)
    tone = TONES.get(strength, TONES.get(name, Tone()))
    image, sharp = (tone.decode(part.astype(np.float32)).mean(axis=2) for part in (values(case.image), case.sharp))
    room = np.zeros(sharp.shape, bool)
    room[9:-9, 9:-9] = True
    if case.seen is not None:
        room &= gaussian_filter(case.seen.astype(float), 3) > 0.999
    middle = tuple(slice(max(0, (side - MIDDLE) // 2), (side + MIDDLE) // 2) for side in sharp.shape)

    # Of a grating little but a sine is left, whose height would be as free as its gain.
    found = fitted(np.nan_to_num(image)[middle], sharp[middle], room[middle], is_gain_free=name != "grating")

    if case.truth.widths[0] == case.truth.widths[1]:
        assert found == pytest.approx(case.truth.widths[0], rel=0.08)
    else:
        assert case.truth.widths[0] <= found <= case.truth.widths[1]


def fitted(image, sharp, room, is_gain_free=True):
    def misfit(sigma):
        blurred = gaussian_filter(sharp, sigma)[room]
        if not is_gain_free:
            return np.mean((blurred - image[room]) ** 2)
        line = np.stack([blurred, np.ones_like(blurred)], axis=1)
        solution = np.linalg.lstsq(line, image[room], rcond=None)[0]
        return np.mean((line @ solution - image[room]) ** 2)

    return minimize_scalar(misfit, bounds=(0.3, 6), method="bounded", options={"xatol": 0.02}).x


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("sigma", [1.2, 2.5])
def test_a_program_blurs_an_edge_as_wide_as_is_said(program, sigma):
    """The second moment of the edge's slope; 8-bit levels cut its ends off."""
    blur, width_of = PROGRAMS[program]
    edge = np.zeros((40, 81), np.uint8)
    edge[:, 41:] = 255

    slope = np.diff(blur(edge, sigma)[20].astype(float))

    place = np.arange(len(slope))
    mean = (slope * place).sum() / slope.sum()
    assert np.sqrt((slope * (place - mean) ** 2).sum() / slope.sum()) == pytest.approx(width_of(sigma), rel=0.05)


def test_a_part_is_of_the_middle_and_an_exposure_of_a_fault_is_seen_nowhere_else():
    whole, strip = example("plain", "mono"), example("strip", "32 rows")
    line = example("lines", "dead column")

    assert strip.sharp.shape[:2] == (32, whole.sharp.shape[1])
    np.testing.assert_array_equal(strip.sharp, whole.sharp[(len(whole.sharp) - 32) // 2 :][:32])
    assert (line.image[~line.seen] == 0).all()
    assert (~line.seen).sum() == len(line.image)
    assert line.image[line.seen].mean() > 50


def test_a_tilted_part_is_sharper_at_one_side_and_a_curved_field_in_the_middle():
    tilt, curved = (example(name, "sigma 1 to 3") for name in ("tilt", "curved field"))

    parts = [fitted(*columns(tilt, part)) for part in (slice(0, 60), slice(-60, None))]
    corner, centre = (fitted(*columns(curved, part, part)) for part in (slice(0, 60), slice(160, 220)))

    assert 1.0 < parts[0] < 1.5 < 2.4 < parts[1] < 3.0
    assert 1.0 < centre < 1.3 < 2.2 < corner < 3.0


def columns(case, part, rows=slice(None)):
    image, sharp = values(case.image)[rows, part, 0], case.sharp[rows, part, 0].astype(float)
    room = np.zeros(sharp.shape, bool)
    room[9:-9, 9:-9] = True
    return image, sharp, room


def test_a_jpeg_comes_in_a_file_of_its_quality():
    files = [example("JPEG", quality).file for quality in ("95", "75", "60")]

    assert all(file.startswith(b"\xff\xd8\xff") for file in files)
    assert len(files[0]) > 1.5 * len(files[1]) > 1.5 * len(files[2])


@pytest.mark.parametrize(
    "width, verdicts", [(0.6, {"sharp", "restorable"}), (1.5, {"restorable"}), (5.0, {"restorable", "too-blurred"})]
)
def test_near_a_limit_both_verdicts_are_right(width, verdicts):
    assert set(measurable(width).verdicts) == verdicts
    assert set(measurable(width, "periodic").verdicts) == verdicts | {"periodic"}


def test_situations_are_chosen_by_name_and_a_typing_error_is_explained():
    assert [each.name for each in chosen(["tilt", "JPEG"])] == ["JPEG", "tilt"]
    assert [each.name for each in chosen([])] == list(SITUATIONS)
    with pytest.raises(ConfigError, match="got 'jpeg'"):
        chosen(["jpeg"])
    with pytest.raises(ConfigError, match="did you mean 'letterbox'"):
        chosen(["leterbox"])


def test_photographs_are_a_folder_or_those_of_scikit_image(photos):
    built_in, own = find_photographs(None, 2), find_photographs(photos[0].parent, 9)

    assert [each.name for each in built_in] == list(BUILT_IN[:2])
    assert [each.name for each in own] == [path.name for path in photos]
    assert [each.pixels.shape for each in own] == [(48, 53, 3), (40, 44, 3)]
    assert len({each.sha256 for each in built_in + own}) == 4
    with pytest.raises(ConfigError, match="at least 1 photograph, got 0"):
        find_photographs(None, 0)


def test_a_photograph_too_small_for_a_blur_is_explained(photos):
    (photograph, *_) = find_photographs(photos[0].parent, 1)

    with pytest.raises(ImageError, match="at least 276 pixels a side for this blur, got 48"):
        make(SITUATIONS["wide"], "sigma 12", photograph, "own")
