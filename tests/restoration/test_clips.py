"""Videos are restored frame by frame: with the one blur of a fixed camera, or each frame with its own."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from clips import read_clip, write_clip
from pinsharp.batch.job import Job
from pinsharp.batch.work import restore_job
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import read_image
from pinsharp.restoration.clips import measured_frames
from pinsharp.restoration.restorer import Restorer
from strategies import random_image


@pytest.fixture(autouse=True)
def _av():
    pytest.importorskip("av")


def scene(number, sigma=1.4, shape=(130, 144)):
    """A frame of a texture that moves below a camera, blurred."""
    texture = gaussian_filter(random_image((shape[0], shape[1] + 40), "float32", 0).astype(float), 1.0)
    blurred = gaussian_filter(texture[:, number : number + shape[1]], sigma)
    return np.rint(30 + 190 * (blurred - 0.4).clip(0, 0.2) / 0.2).astype(np.uint8)


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "a.mkv", [[scene(number)] for number in range(5)])


def test_each_frame_is_restored_as_the_image_that_it_is(clip, tmp_path):
    """Grey FFV1 keeps every value: what an independent decoder reads is what was restored."""
    restorer = Restorer("wiener", kernel="gaussian:1.4")
    told = []

    result = restorer.restore_file(clip, tmp_path / "b.mkv", progress=lambda *each: told.append(each))

    frames, times = read_clip(tmp_path / "b.mkv")
    assert (result.frames, times) == (5, [0, 40, 80, 120, 160])
    for number, (frame,) in enumerate(frames):
        np.testing.assert_array_equal(frame, restorer(scene(number)).image)
    assert told == [(number * 130 * 144, 5 * 130 * 144) for number in range(1, 6)]
    assert result.held.shape == (130, 144)
    assert result.megapixels == pytest.approx(5 * 130 * 144 / 1e6)


def test_one_blur_is_measured_of_frames_all_over_the_clip(clip, tmp_path):
    restorer = Restorer()

    found = restorer.measure(clip)
    result = restorer.restore_file(clip, tmp_path / "b.mkv")

    assert found.sigma == restorer.measure([scene(number) for number in range(5)]).sigma
    assert result.sigma == found.sigma
    frames, _ = read_clip(tmp_path / "b.mkv")
    np.testing.assert_array_equal(frames[2][0], restorer(scene(2), kernel=found.kernel_array).image)


def test_each_frame_may_have_its_own_blur(tmp_path):
    source = write_clip(tmp_path / "a.mkv", [[scene(0, 1.2)], [scene(0, 2.2)]])
    restorer = Restorer(planes="each")

    restorer.restore_file(source, tmp_path / "b.mkv")

    frames, _ = read_clip(tmp_path / "b.mkv")
    for frame, sigma in zip(frames, (1.2, 2.2), strict=True):
        np.testing.assert_array_equal(frame[0], restorer(scene(0, sigma)).image)


def test_a_clip_in_focus_stays_as_it_is(tmp_path):
    sharp = [[random_image((130, 144), "uint8", number)] for number in range(3)]
    source = write_clip(tmp_path / "a.mkv", sharp)

    result = Restorer().restore_file(source, tmp_path / "b.mkv")

    assert result.reason
    for frame, before in zip(read_clip(tmp_path / "b.mkv")[0], sharp, strict=True):
        np.testing.assert_array_equal(frame[0], before[0])


@pytest.mark.parametrize("suffix, most", [(".mkv", 0.3), (".mp4", 2.5)])
def test_colour_is_restored_in_the_light_of_video_within_the_loss_of_its_codec(tmp_path, suffix, most):
    """Luma is that of the frames restored as images but for rounding (FFV1), or for noise at CRF 10 (H.264)."""
    planes = [[scene(n), np.full((65, 72), 118, np.uint8), np.full((65, 72), 140, np.uint8)] for n in range(3)]
    source = write_clip(tmp_path / "a.mkv", planes, pixel_format="yuv420p")
    restorer = Restorer("wiener", kernel="gaussian:1.4")

    result = restorer.restore_file(source, tmp_path / f"b{suffix}")
    restorer.restore_file(source, tmp_path / "f" / "%d.png")

    assert str(result.light) == "bt709 (video)"
    frames, _ = read_clip(tmp_path / f"b{suffix}")
    for number, (image, frame) in enumerate(zip(measured_frames(source), frames, strict=True)):
        expected = restorer(image).image
        off = frame[0].astype(float) - 16 - 219 * expected @ [0.299, 0.587, 0.114]
        assert np.sqrt(np.square(off).mean()) < most
        np.testing.assert_allclose(read_image(tmp_path / "f" / f"{number + 1}.png").pixels, 255 * expected, atol=0.51)
    assert not np.allclose(expected, restorer.in_light("linear")(image).image, atol=2 / 255)


def test_the_picture_before_and_after_shows_the_first_frame(clip, tmp_path):
    job = Job(clip, tmp_path / "b.mkv", picture=tmp_path / "b.side-by-side.png")

    figures = restore_job(job, restorer=Restorer("wiener", kernel="gaussian:1.4"))

    assert figures["frames"] == 5
    assert read_image(job.picture).pixels.ndim == 3


@pytest.mark.parametrize("more", [{"mask": "m.png"}, {"evidence": "e.png"}])
def test_masks_and_maps_are_of_single_images(clip, tmp_path, more):
    job = Job(clip, tmp_path / "b.mkv", **{name: tmp_path / file for name, file in more.items()})

    with pytest.raises(ImageError, match="got several planes or frames; leave it out"):
        restore_job(job, restorer=Restorer("wiener", kernel="gaussian:1.4"))


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"planes": "channel"}, "no channel of their own, got --planes channel; say one or each"),
        ({"iterations": 2}, "iterations above 1 measure each frame again, got 2 .*; say --planes each"),
    ],
)
def test_what_frames_cannot_be_asked_is_refused(clip, tmp_path, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Restorer(**options).restore_file(clip, tmp_path / "b.mkv")
    assert not (tmp_path / "b.mkv").exists()


def test_a_frame_that_cannot_be_restored_is_named_and_leaves_no_file(clip, tmp_path):
    with pytest.raises(ImageError, match=r"a\.mkv: frame 1: .*mask"):
        Restorer("wiener", kernel="gaussian:1.4", mask=write_small_mask(tmp_path)).restore_file(
            clip, tmp_path / "b.mkv"
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "m.png"]


def write_small_mask(folder):
    cv2.imwrite(str(folder / "m.png"), np.zeros((9, 9), np.uint8))
    return folder / "m.png"
