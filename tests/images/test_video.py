"""Frames of videos are read with the light, range and matrix that the file names, and written so again."""

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import frame_of, read_clip, write_clip
from pinsharp.errors import FormatError, ImageError, MissingExtra, OutputError
from pinsharp.images.files import read_image
from pinsharp.images.video import first_frame, open_clip, sample_frames
from pinsharp.images.video_colours import changed, layout_of, pixels_of, planes_of
from pinsharp.images.video_names import is_numbered, is_video, numbered
from pinsharp.images.video_writer import open_sink
from strategies import random_image

SAMPLING = {"yuv420p": (2, 2), "yuv422p": (2, 1), "yuv444p": (1, 1), "yuv440p": (1, 2)}
FORMATS = ["gray", "gray10le", "gray12le", "gray16le", "gbrp10le", "gbrp12le", "yuv420p", "yuv422p", "yuv444p10le"]
FORMATS += ["yuv420p12le", "yuv420p16le"]


@pytest.fixture(autouse=True)
def _av():
    pytest.importorskip("av")


def random_planes(pixel_format, shape=(46, 61), seed=0):
    """Planes of any values of a pixel format."""
    digits = pixel_format.removesuffix("le").removeprefix(
        next(iter([f for f in SAMPLING if pixel_format.startswith(f)]), "")
    )
    bits = int("".join(each for each in digits if each.isdigit()) or 8)
    across, down = next((SAMPLING[name] for name in SAMPLING if pixel_format.startswith(name)), (1, 1))
    chroma = (-(-shape[0] // down), -(-shape[1] // across))
    shapes = [shape] if pixel_format.startswith("gray") else [shape, chroma, chroma]
    dtype = np.uint8 if bits == 8 else np.uint16
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 2**bits, each).astype(dtype) for each in shapes]


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_what_stays_as_it_is_stays_so_to_the_bit(tmp_path, pixel_format):
    """Values beyond nominal white, and chroma that no neighbour shares, too."""
    frames = [random_planes(pixel_format, seed=number) for number in range(3)]
    source = write_clip(tmp_path / "a.mkv", frames, pixel_format=pixel_format)

    with open_clip(source) as clip, open_sink(tmp_path / "b.mkv", clip, overwrite=False) as sink:
        for _, read in clip.packets():
            for frame in read:
                sink.add(frame, frame.image.pixels)

    before, after = read_clip(source), read_clip(tmp_path / "b.mkv")
    assert before[1] == after[1]
    for first, second in zip(before[0], after[0], strict=True):
        for plane, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(plane, other)


@pytest.mark.parametrize("pixel_format", ["gray", "gray12le", "gray16le", "gbrp12le"])
def test_grey_and_rgb_are_the_stored_values_and_ffv1_keeps_new_ones(tmp_path, pixel_format):
    planes = random_planes(pixel_format)
    source = write_clip(tmp_path / "a.mkv", [planes], pixel_format=pixel_format)
    ordered = planes if len(planes) == 1 else [planes[2], planes[0], planes[1]]  # stored as green, blue, red

    with open_clip(source) as clip, open_sink(tmp_path / "b.mkv", clip, overwrite=False) as sink:
        (frame,) = [frame for _, read in clip.packets() for frame in read]
        sink.add(frame, frame.image.pixels[::-1].copy())

    np.testing.assert_array_equal(
        frame.image.pixels, np.squeeze(np.stack(ordered, axis=-1), axis=() if len(planes) > 1 else 2)
    )
    bits = int("".join(each for each in pixel_format if each.isdigit()) or 8)
    assert frame.image.tags.white_level == (None if bits in (8, 16) else 2**bits - 1)
    (written,) = read_clip(tmp_path / "b.mkv")[0]
    for plane, other in zip(written, planes, strict=True):
        np.testing.assert_array_equal(plane, other[::-1])


def test_eight_bit_rgb_goes_there_and_back(tmp_path):
    import av

    pixels = random_image((46, 61, 3), "uint8", 0)
    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 46, 61, "bgr0"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="bgr0")))
        out.mux(stream.encode())

    with open_clip(tmp_path / "a.mkv") as clip, open_sink(tmp_path / "b.mkv", clip, overwrite=False) as sink:
        for _, read in clip.packets():
            for frame in read:
                np.testing.assert_array_equal(frame.image.pixels, pixels)
                sink.add(frame, pixels[::-1].copy())

    np.testing.assert_array_equal(read_clip(tmp_path / "b.mkv", "rgb24")[0][0], pixels[::-1])


def colours_by_hand(planes, of_red, of_blue, *, full, bits=8):
    """ITU-R BT.601, 709 and 2020: luma and colour differences to R'G'B'."""
    unit = 2 ** (bits - 8)
    low, span, wide = (0, 2**bits - 1, 2**bits - 1) if full else (16 * unit, 219 * unit, 224 * unit)
    y, cb, cr = (planes[0] - low) / span, (planes[1] - 128 * unit) / wide, (planes[2] - 128 * unit) / wide
    red, blue = y + cr * 2 * (1 - of_red), y + cb * 2 * (1 - of_blue)
    return np.stack([red, (y - of_red * red - of_blue * blue) / (1 - of_red - of_blue), blue], axis=-1)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    "matrix, weights", [(1, (0.2126, 0.0722)), (5, (0.299, 0.114)), (6, (0.299, 0.114)), (9, (0.2627, 0.0593))]
)
@pytest.mark.parametrize("pixel_format, bits", [("yuv444p", 8), ("yuv444p10le", 10)])
def test_matrix_and_range_of_the_file_count(matrix, weights, full, pixel_format, bits):
    planes = [
        plane // 8 + 7 * 2 ** (bits - 4) for plane in random_planes(pixel_format)
    ]  # near grey: nothing is cut off
    frame = frame_of(planes, pixel_format)
    frame.colorspace, frame.color_range = matrix, 2 if full else 1

    layout = layout_of(frame)
    pixels = pixels_of(planes_of(frame, layout), layout)

    expected = colours_by_hand([plane.astype(float) for plane in planes], *weights, full=full, bits=bits)
    np.testing.assert_allclose(pixels, expected, atol=1e-5)


@pytest.mark.parametrize("size, matrix", [((480, 64), 5), ((576, 64), 5), ((720, 64), 1)])
def test_an_unnamed_matrix_goes_by_the_number_of_lines(size, matrix):
    frame = frame_of(random_planes("yuv444p", size), "yuv444p")
    named = frame_of(random_planes("yuv444p", size), "yuv444p")
    named.colorspace = matrix

    assert layout_of(frame).weights == layout_of(named).weights


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv440p", "yuv444p"])
@pytest.mark.parametrize("shape", [(46, 60), (47, 61)])
def test_a_change_of_all_pixels_alike_arrives_whole(pixel_format, shape):
    planes = [
        np.full(each.shape, value, np.uint8)
        for each, value in zip(random_planes(pixel_format, shape), (90, 120, 140), strict=True)
    ]
    frame = frame_of(planes, pixel_format)
    layout = layout_of(frame)
    before = pixels_of(planes_of(frame, layout), layout)

    found = changed(planes, layout, before, before + np.float32(0.1))

    assert [np.unique(plane).tolist() for plane in found] == [[90 + 22], [120], [140]]


def test_a_ramp_of_chroma_lies_where_h264_has_it():
    """A value of chroma belongs to the left of two pixels: on a ramp every pixel gets its own place's."""
    ramp = np.tile((90 + 4 * np.arange(20)).astype(np.uint8), (10, 1))
    planes = [np.full((20, 40), 128, np.uint8), ramp, np.full_like(ramp, 128)]
    frame = frame_of(planes, "yuv420p")
    layout = layout_of(frame)

    blue = pixels_of(planes_of(frame, layout), layout)[..., 2]

    assert np.ptp(np.diff(blue[:, :-1], axis=1)) < 1e-5


@pytest.mark.parametrize(
    "transfer, words",
    [
        (2, "bt709 (video)"),
        (1, "bt709 (video)"),
        (6, "bt709 (video)"),
        (13, "srgb (video)"),
        (8, "linear (video)"),
        (4, "2.2 (video)"),
    ],
)
def test_the_light_is_that_of_the_transfer(tmp_path, transfer, words):
    source = write_clip(tmp_path / "a.mkv", [random_planes("yuv420p")], pixel_format="yuv420p", color_trc=transfer)

    (frame,) = sample_frames(source, 1)

    assert str(frame.tags.light) == words


def test_grey_that_names_no_transfer_is_taken_as_it_is(tmp_path):
    (frame,) = sample_frames(write_clip(tmp_path / "a.mkv", [random_planes("gray")]), 1)

    assert str(frame.tags.light) == "linear (no statement)"


@pytest.mark.parametrize("gop", [1, 12])
def test_a_sample_is_spread_over_the_whole(tmp_path, gop):
    """Also where only every twelfth frame can be begun at."""
    frames = [[np.full((16, 16), 10 * number, np.uint8)] for number in range(24)]
    source = write_clip(tmp_path / "a.mkv", frames, gop=gop)

    found = [int(frame.pixels[0, 0]) // 10 for frame in sample_frames(source, 4)]

    assert found == [3, 9, 15, 21]
    assert first_frame(source)[0, 0] == 0


@pytest.mark.parametrize("curve, name", [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused(tmp_path, curve, name):
    source = write_clip(tmp_path / "a.mkv", [random_planes("yuv420p")], pixel_format="yuv420p", color_trc=curve)

    with pytest.raises(ImageError, match=f"standard dynamic range, got {name}; convert it first"):
        sample_frames(source, 1)


def test_interlaced_frames_are_refused(tmp_path):
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": "tff=1:interlaced=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        out.mux(stream.encode(frame_of(random_planes("yuv420p", (64, 64)), "yuv420p")))
        out.mux(stream.encode())

    with pytest.raises(ImageError, match=r"got interlaced ones, .*; deinterlace the video first"):
        sample_frames(tmp_path / "a.mp4", 1)


def test_alpha_is_refused(tmp_path):
    planes = [*random_planes("yuv420p"), random_planes("gray")[0]]

    with pytest.raises(ImageError, match=r"a\.mkv: expected frames in grey, RGB or Y'CbCr without alpha, got yuva420p"):
        sample_frames(write_clip(tmp_path / "a.mkv", [planes], pixel_format="yuva420p"), 1)


def test_sound_alone_is_refused(tmp_path):
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as out:
        stream = out.add_stream("flac", rate=48000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="stereo")
        sound.sample_rate, sound.pts = 48000, 0
        out.mux(stream.encode(sound))
        out.mux(stream.encode())

    with pytest.raises(ImageError, match="expected a video, got sound alone; name a file with a video stream"):
        sample_frames(tmp_path / "a.mkv", 1)


@pytest.mark.parametrize("suffix, codec", [(".mkv", "ffv1"), (".mp4", "libx264"), (".avi", "ffv1")])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_file_is_refused(tmp_path, suffix, codec, share):
    source = tmp_path / f"a{suffix}"
    write_clip(source, [random_planes("yuv420p", (64, 64), n) for n in range(20)], codec=codec, pixel_format="yuv420p")
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(ImageError, match="video") as caught, open_clip(source) as clip:
        list(clip.packets())
    assert "\n" not in str(caught.value)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")

    with pytest.raises(ImageError, match="whole video file, got a truncated or damaged one"):
        sample_frames(tmp_path / "a.mp4", 1)
    with pytest.raises(ImageError, match="expected a single image, got a video"):
        read_image(tmp_path / "a.mp4")


def test_times_shape_turning_and_sound_are_kept(tmp_path):
    """Frames at odd times, pixels that are not square, a picture that is turned, sound to the bit."""
    import av

    times, planes = [0, 40, 130, 140, 300], [random_planes("yuv420p", (46, 60), number) for number in range(5)]
    source = write_clip(
        tmp_path / "a.mp4", planes, codec="libx264", pixel_format="yuv420p", sound=0.3, times=times,
        aspect=Fraction(4, 3), rotation=90, colorspace=1, color_range=1, color_trc=1, color_primaries=1,
    )  # fmt: skip

    with open_clip(source) as clip, open_sink(tmp_path / "b.mp4", clip, overwrite=False) as sink:
        for packet, frames in clip.packets():
            if packet is not None:
                sink.copy(packet)
            for frame in frames:
                sink.add(frame, frame.image.pixels)

    def told(path):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            frame = next(container.decode(stream))
            colours = frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries
            said = stream.sample_aspect_ratio, frame.rotation, colours, frame.format.name
        with av.open(str(path)) as container:
            return *said, b"".join(bytes(packet) for packet in container.demux(audio=0))

    assert told(tmp_path / "b.mp4") == told(source)
    assert read_clip(tmp_path / "b.mp4")[1] == times
    for before, after in zip(read_clip(source)[0], read_clip(tmp_path / "b.mp4")[0], strict=True):
        assert np.abs(before[0].astype(int) - after[0]).mean() < 4  # noise, the worst for H.264 at CRF 10


@pytest.mark.parametrize("rotation", [0, 90, -90, 180])
def test_images_of_frames_are_upright_as_opencv_shows_the_video(tmp_path, rotation):
    planes = [np.tile(np.arange(10, 74, dtype=np.uint8)[:, None] + np.arange(48, dtype=np.uint8) * 2, 1)]
    planes += [np.full((32, 24), 128, np.uint8)] * 2
    source = write_clip(tmp_path / "a.mp4", [planes], codec="libx264", pixel_format="yuv420p", rotation=rotation)

    with open_clip(source) as clip, open_sink(tmp_path / "f" / "%03d.png", clip, overwrite=False) as sink:
        for _, frames in clip.packets():
            for frame in frames:
                sink.add(frame, frame.image.pixels)

    _, shown = cv2.VideoCapture(str(source)).read()
    found = read_image(tmp_path / "f" / "001.png").pixels
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found.astype(int), shown[..., ::-1], atol=3)


def test_names_of_images():
    assert is_numbered("a/%06d.png")
    assert not is_numbered("a%d/b.png")
    assert numbered(Path("a/x-%03d.png"), 7) == Path("a/x-007.png")
    assert is_video("a.MP4")


@pytest.mark.parametrize("name", ["b.mkv", "%03d.png"])
def test_an_interrupt_leaves_nothing(tmp_path, name):
    source = write_clip(tmp_path / "a.mkv", [random_planes("gray", seed=n) for n in range(3)])

    def interrupted():
        with open_clip(source) as clip, open_sink(tmp_path / "out" / name, clip, overwrite=False) as sink:
            for _, frames in clip.packets():
                sink.add(frames[0], frames[0].image.pixels)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "pixel_format, size, name, sentence",
    [
        ("yuv420p", (47, 60), "b.mp4", r"even number of pixels for H\.264, got 60 x 47; name a \.mkv"),
        ("gray12le", (46, 60), "b.mp4", r"up to 10 bits that H\.264 holds, got gray12le of 12; name a \.mkv"),
        ("gray", (46, 60), "b.webm", r"expected a video that ends in \.mkv, \.avi, \.mp4"),
        ("gray", (46, 60), "%d.jpg", r"images of frames that end in \.png or \.tif, got '\.jpg'"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, pixel_format, size, name, sentence):
    source = write_clip(tmp_path / "a.mkv", [random_planes(pixel_format, size)], pixel_format=pixel_format)

    def copied():
        with open_clip(source) as clip, open_sink(tmp_path / name, clip, overwrite=False) as sink:
            for _, frames in clip.packets():
                for frame in frames:
                    sink.add(frame, frame.image.pixels)

    with pytest.raises(FormatError, match=sentence):
        copied()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_an_older_result_is_not_replaced(tmp_path):
    source = write_clip(tmp_path / "a.mkv", [random_planes("gray")])
    (tmp_path / "001.png").write_bytes(b"")

    def opened():
        with open_clip(source) as clip, open_sink(tmp_path / "%03d.png", clip, overwrite=False):
            pass

    with pytest.raises(OutputError, match="expected a new name, got an existing file"):
        opened()


def test_without_pyav_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(MissingExtra, match=r"pip install 'pinsharp\[video\]'"):
        sample_frames(tmp_path / "a.mp4", 1)
