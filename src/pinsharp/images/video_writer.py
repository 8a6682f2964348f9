"""Videos written frame by frame: FFV1 without loss in .mkv and .avi, H.264 at CRF 10 in .mp4, .m4v and .mov, or images.

Times, size, shape of a pixel, colours and turning are those of the video that it came from; sound is copied.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import check_free, hidden_path, make_folder, whole_or_nothing, write_error
from pinsharp.errors import FormatError, OutputError
from pinsharp.images.files import ImageFile, write_image
from pinsharp.images.video import Clip, Frame
from pinsharp.images.video_colours import Layout, changed, frame_of
from pinsharp.images.video_names import is_numbered, is_video, numbered

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_LOSSLESS, _H264 = "ffv1", "libx264"
_CONTAINERS = {
    ".mkv": ("matroska", _LOSSLESS),
    ".avi": ("avi", _LOSSLESS),
    ".mp4": ("mp4", _H264),
    ".m4v": ("mp4", _H264),
    ".mov": ("mov", _H264),
}
_OPTIONS = {_LOSSLESS: {"level": "3", "g": "1", "slicecrc": "1"}, _H264: {"crf": "10", "preset": "medium"}}
_IMAGES = (".png", ".tif", ".tiff")


class Sink(Protocol):
    """What takes the frames of a video in their order."""

    def add(self, frame: Frame, pixels: NDArray[Any]) -> None:
        """Take a frame with its new pixels."""

    def copy(self, packet: Packet[Any]) -> None:
        """Take a packet of sound."""


def check_clip_output(path: Path, *, overwrite: bool) -> None:
    """Find out before the work whether a video could be written.

    Raises:
        FormatError: If the name is that of no format which is written.
        OutputError: If the file, or the first image, exists and may not be replaced.
    """
    suffix = path.suffix.lower()
    if is_numbered(path):
        if suffix not in _IMAGES:
            raise FormatError(f"{path}: expected images of frames that end in .png or .tif, got '{suffix}'; rename it")
        check_free(numbered(path, 1), overwrite=overwrite)
        return
    if suffix not in _CONTAINERS:
        raise FormatError(
            f"{path}: expected a video that ends in {', '.join(_CONTAINERS)}, or images such as frames/%06d.png, got "
            f"'{suffix}'; rename it"
        )
    check_free(path, overwrite=overwrite)


@contextmanager
def open_sink(path: Path, clip: Clip, *, overwrite: bool) -> Iterator[Sink]:
    """Open a video, or a series of images, that is there as a whole after the body, or not at all.

    Raises:
        FormatError: If `check_clip_output` refuses the name, or the format cannot hold such frames or such sound.
        OutputError: If `path` exists, or cannot be written.
    """
    check_clip_output(path, overwrite=overwrite)
    make_folder(path.parent)
    with _images(path, overwrite=overwrite) if is_numbered(path) else _video(path, clip) as sink:
        yield sink


@contextmanager
def _video(path: Path, clip: Clip) -> Iterator[Sink]:
    import av

    container, codec = _CONTAINERS[path.suffix.lower()]
    try:
        with whole_or_nothing(path, 0) as file, av.open(file, "w", format=container) as out:
            sink = _VideoSink(path, out, codec, clip)
            yield sink
            sink.finish()
    except av.FFmpegError as error:
        raise OutputError(
            f"{path}: expected a video that {container} can hold, got {error.strerror or error}; name a .mkv"
        ) from error


class _VideoSink:
    def __init__(self, path: Path, out: OutputContainer, codec: str, clip: Clip) -> None:
        self._path, self._out, self._codec, self._clip = path, out, codec, clip
        self._stream: VideoStream | None = None
        self._sounds: dict[int, Any] = {}
        self._waiting: list[Packet[Any]] = []  # nothing may be written before all streams are there

    def add(self, frame: Frame, pixels: NDArray[Any]) -> None:
        made = frame_of(changed(frame.planes, frame.layout, frame.image.pixels, pixels), frame.layout)
        if self._stream is None:
            self._stream = self._begin(frame, made.format.name)
        said = frame.source
        made.pts, made.duration, made.time_base = said.pts, said.duration, said.time_base
        made.colorspace, made.color_range = said.colorspace, said.color_range
        made.color_primaries, made.color_trc = said.color_primaries, said.color_trc
        held = self._stream.codec_context.pix_fmt
        self._mux(self._stream.encode(made if made.format.name == held else made.reformat(format=held)))
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self.copy(packet)

    def copy(self, packet: Packet[Any]) -> None:
        if self._stream is None:
            self._waiting.append(packet)
            return
        packet.stream = self._sounds[packet.stream.index]
        self._out.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        assert self._stream is not None
        self._mux(self._stream.encode())

    def _begin(self, frame: Frame, made: str) -> VideoStream:
        from av.video.stream import VideoStream

        said, clip = frame.source, self._clip
        codec, pixel_format = _encoder(self._codec, frame.layout, made, self._path)
        if codec == _H264 and (said.width % frame.layout.across or said.height % frame.layout.down):
            raise FormatError(
                f"{self._path}: expected an even number of pixels for H.264, got {said.width} x {said.height}; name a "
                ".mkv, which holds every size"
            )
        stream = self._out.add_stream(codec, rate=clip.stream.average_rate or 25, options=_OPTIONS[self._codec])
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = said.width, said.height, pixel_format
        context = stream.codec_context
        context.time_base = said.time_base or Fraction(1, 1000)
        if clip.stream.sample_aspect_ratio:
            context.sample_aspect_ratio = clip.stream.sample_aspect_ratio
        context.colorspace, context.color_range = said.colorspace, said.color_range
        context.color_primaries, context.color_trc = said.color_primaries, said.color_trc
        if said.rotation:
            stream.set_display_rotation(said.rotation)
        sounds = clip.container.streams.audio
        self._sounds = {sound.index: self._out.add_stream_from_template(sound) for sound in sounds}
        self._out.metadata.update(clip.container.metadata)
        return stream

    def _mux(self, packets: Sequence[Packet[Any]]) -> None:
        for packet in packets:
            self._out.mux(packet)


def _encoder(codec: str, layout: Layout, made: str, path: Path) -> tuple[str, str]:
    """The encoder for frames, and the pixel format in which it takes them without loss.

    Raises:
        FormatError: If the encoder takes no such frames.
    """
    from av.codec import Codec

    codec = "libx264rgb" if codec == _H264 and layout.kind == "rgb" else codec
    held = "bgr0" if made == "rgb24" else made
    known = [each.name for each in Codec(codec, "w").video_formats or ()]
    if held not in known:
        raise FormatError(
            f"{path}: expected frames of up to 10 bits that H.264 holds, got {layout.format} of {layout.bits}; name a "
            ".mkv, which holds them without loss"
        )
    return codec, held


@contextmanager
def _images(path: Path, *, overwrite: bool) -> Iterator[Sink]:
    hidden = hidden_path(path.parent)
    try:
        hidden.mkdir()
        sink = _ImageSink(path, hidden)
        yield sink
        for number in range(1, sink.count + 1):
            check_free(numbered(path, number), overwrite=overwrite)
        for number in range(1, sink.count + 1):
            target = numbered(path, number)
            (hidden / target.name).replace(target)
    except OSError as error:
        raise OutputError(write_error(path, 0, error)) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


class _ImageSink:
    """Writes images into a hidden folder, upright; 8 bits stay 8, of more they take 16."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path, self._folder, self.count = path, folder, 0

    def add(self, frame: Frame, pixels: NDArray[Any]) -> None:
        self.count += 1
        if pixels.dtype == np.float32:
            depth = np.uint8 if frame.layout.bits == 8 else np.uint16
            pixels = np.rint(pixels * np.iinfo(depth).max).astype(depth)
        turned = np.ascontiguousarray(np.rot90(pixels, frame.source.rotation // 90))
        target = self._folder / numbered(self._path, self.count).name
        write_image(target, turned, like=ImageFile(target, turned, "video", frame.image.tags))

    def copy(self, packet: Packet[Any]) -> None:
        """Images have no sound."""


def dropped(clip: Clip, path: Path) -> str:
    """What a video holds that is not written, in words; empty if nothing."""
    streams = clip.container.streams
    others = len(streams) - 1 - (len(streams.audio) if is_video(path) else 0)
    return f"{others} further {'stream' if others == 1 else 'streams'} (sound, subtitles, data)" if others else ""
