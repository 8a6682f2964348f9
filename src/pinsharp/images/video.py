"""Videos, read frame by frame through PyAV, which is FFmpeg; no more than a few frames are in memory.

The light of Y'CbCr is BT.709, of whatever else the transfer that the file names (sRGB, linear, gamma 2.2 or 2.8); grey
and RGB that name none are taken as they are, linear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pinsharp.errors import ImageError, MissingExtra
from pinsharp.images.codec import Tags
from pinsharp.images.files import ImageFile
from pinsharp.images.light import BT709, SAYS_NOTHING, SRGB, Light, power_light
from pinsharp.images.refusals import check_size, damaged
from pinsharp.images.video_colours import Layout, Planes, layout_of, pixels_of, planes_of

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_NAME = "video"
_HDR = {16: "PQ", 18: "HLG"}
_UNNAMED = 2
_WHY = "video"
_LIGHTS: dict[int, Light | None] = {
    4: power_light(2.2, _WHY),
    5: power_light(2.8, _WHY),
    8: replace(SAYS_NOTHING, why=_WHY),
    13: replace(SRGB, why=_WHY),
}
_MISSING = 0.75
"""Share of a frame's time that a file may be shorter than it says."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame as it was read.

    Attributes:
        image: What it shows, as files of images have it.
        planes: What is stored.
        layout: What that means.
        source: PyAV's frame, with its time and colours.
    """

    image: ImageFile
    planes: Planes
    layout: Layout
    source: VideoFrame


class Clip:
    """A video that is open; `open_clip` makes one.

    Args:
        path: Where it lies, for sentences.
        container: PyAV's.
        stream: The one whose frames are read.

    Attributes:
        count: How many frames there are, or about so many; 0 where nothing says it.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self.path, self.container, self.stream = path, container, stream
        self.count = int(stream.frames or self._length() * (stream.average_rate or 0))

    def packets(self) -> Iterator[tuple[Packet[Any] | None, Sequence[Frame]]]:
        """What the file holds in its order: packets of sound, and frames in the order in which they are shown.

        Raises:
            ImageError: If the video is damaged, ends early, or holds no frame or one that cannot be restored.
        """
        streams = [self.stream, *self.container.streams.audio]
        read, shown, end = 0, 0, Fraction(0)
        with self._damage():
            for packet in self.container.demux(streams):
                if packet.stream is not self.stream:
                    if packet.dts is not None:
                        yield packet, ()
                    continue
                read += packet.size > 0
                frames = [self._frame(each) for each in self.stream.decode(packet)]
                shown += len(frames)
                end = max([end, *(_end(each.source, self.stream) for each in frames)])
                if frames:
                    yield None, frames
        self._check_whole(read, shown, end)

    def sample(self, count: int) -> Iterator[Frame]:
        """A few frames that are spread over the whole, in their order.

        Raises:
            ImageError: As `packets`.
        """
        length, seen = self._length(), set[int | None]()
        with self._damage():
            for number in range(count):
                frame = self._at(length * Fraction(2 * number + 1, 2 * count))
                if frame is not None and frame.pts not in seen:
                    seen.add(frame.pts)
                    yield self._frame(frame)
        if not seen:
            raise self._no_frames()

    def _at(self, seconds: Fraction) -> VideoFrame | None:
        """The frame that is shown so many seconds from the beginning, or the last; None if there is none."""
        assert self.stream.time_base is not None
        begin = self.stream.start_time or 0
        self.container.seek(begin + int(seconds / self.stream.time_base), stream=self.stream)
        last = None
        for frame in self.container.decode(self.stream):  # from the key frame before it
            last = frame
            if _end(frame, self.stream) > seconds:
                break
        return last

    def _length(self) -> Fraction:
        """Seconds that the frames take by what the file says; 0 where it says nothing."""
        if self.stream.duration and self.stream.time_base:
            return self.stream.duration * self.stream.time_base
        if said := _clock(self.stream.metadata.get("DURATION", "")):
            return said
        return Fraction(self.container.duration or 0, 1_000_000)

    def _frame(self, frame: VideoFrame) -> Frame:
        if frame.interlaced_frame:
            raise ImageError(
                "expected whole frames, got interlaced ones, of which every second row is of another moment; "
                "deinterlace the video first, for example with `ffmpeg -i INPUT -vf bwdif OUTPUT.mkv`"
            )
        if curve := _HDR.get(frame.color_trc):
            raise ImageError(
                f"expected a video of standard dynamic range, got {curve}; convert it first, for example with "
                "`ffmpeg -i INPUT -vf zscale=t=linear,tonemap=hable,zscale=t=bt709,format=yuv420p OUTPUT.mkv`"
            )
        if frame.is_corrupt:
            raise damaged(_NAME, f"the frame at {float(frame.time or 0):.2f} s")
        layout = layout_of(frame)
        planes = planes_of(frame, layout)
        tags = Tags(white_level=layout.white_level, light=_light(frame.color_trc, layout))
        return Frame(ImageFile(self.path, pixels_of(planes, layout), "video", tags), planes, layout, frame)

    def _check_whole(self, read: int, shown: int, end: Fraction) -> None:
        """Refuse a file that ended early, which FFmpeg passes over."""
        if not shown:
            raise self._no_frames()
        if self.stream.frames and read < self.stream.frames:
            raise damaged(_NAME, f"{read} of {self.stream.frames} frames")
        rate = self.stream.average_rate or Fraction(25)
        said = _clock(self.stream.metadata.get("DURATION", ""))
        if said - end > _MISSING / rate:
            raise damaged(_NAME, f"{float(end):.2f} of {float(said):.2f} s")

    def _no_frames(self) -> ImageError:
        return damaged(_NAME, "it holds no frame")

    @contextmanager
    def _damage(self) -> Iterator[None]:
        import av

        try:
            yield
        except av.FFmpegError as error:
            raise damaged(_NAME, error.strerror or str(error)) from error


@contextmanager
def open_clip(path: str | Path) -> Iterator[Clip]:
    """Open a video for reading.

    Raises:
        ImageError: If the video cannot be read or has no frames; errors of the body too, with the file's name.
        MissingExtra: If PyAV is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtra(
            "reading videos needs PyAV, which is not installed; run: pip install 'pinsharp[video]'"
        ) from error
    path = Path(path)
    try:
        with av.open(str(path)) as container:
            yield Clip(path, container, _stream(container))
    except ImageError as error:
        raise ImageError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    except av.FFmpegError as error:
        raise ImageError(f"{path}: {damaged(_NAME, error.strerror or str(error))}") from error


def sample_frames(path: str | Path, count: int) -> list[ImageFile]:
    """A few frames that are spread over a video, as images.

    Raises:
        ImageError: If the video cannot be read.
    """
    with open_clip(path) as clip:
        return [frame.image for frame in clip.sample(count)]


def first_frame(path: str | Path) -> NDArray[Any]:
    """The pixels of the first frame.

    Raises:
        ImageError: If the video cannot be read.
    """
    with open_clip(path) as clip:
        for _, frames in clip.packets():
            if frames:
                return frames[0].image.pixels
    raise AssertionError("a clip without frames is refused")


def _stream(container: InputContainer) -> VideoStream:
    """The stream that is restored: the first that is no picture of a cover."""
    from av.stream import Disposition

    streams = [each for each in container.streams.video if not each.disposition & Disposition.attached_pic]
    if not streams:
        what = "sound alone" if container.streams.audio else "no frames"
        raise ImageError(f"expected a video, got {what}; name a file with a video stream")
    if streams[0].codec_context is None:
        raise ImageError("expected a video that FFmpeg decodes, got a codec that it does not know; convert it first")
    check_size(streams[0].width, streams[0].height)
    streams[0].thread_type = "AUTO"
    return streams[0]


def _light(transfer: int, layout: Layout) -> Light:
    if transfer == _UNNAMED and layout.kind != "yuv":
        return SAYS_NOTHING
    return _LIGHTS.get(transfer) or BT709


def _clock(words: str) -> Fraction:
    """Seconds of a time such as 00:01:02.5; 0 of other words."""
    try:
        hours, minutes, seconds = (Fraction(part.strip("\0")) for part in words.split(":"))
    except ValueError:
        return Fraction(0)
    return 3600 * hours + 60 * minutes + seconds


def _end(frame: VideoFrame, stream: VideoStream) -> Fraction:
    """When a frame is over, in seconds from the beginning."""
    if frame.pts is None or frame.time_base is None:
        return Fraction(0)
    step = frame.duration * frame.time_base or 1 / (stream.average_rate or Fraction(25))
    return (frame.pts - (stream.start_time or 0)) * frame.time_base + step
