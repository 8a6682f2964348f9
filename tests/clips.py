"""Small videos, written with PyAV frame by frame."""

from fractions import Fraction

import numpy as np


def write_clip(path, frames, *, codec="ffv1", pixel_format="gray", rate=25, sound=0, times=None, gop=None, **said):
    """Write frames, lists of planes as they are stored, and so many seconds of sound.

    `said` are fields of each frame (`colorspace`, `color_range`, ...), `aspect` of a pixel, and `rotation`.
    """
    import av

    aspect, rotation = said.pop("aspect", None), said.pop("rotation", 0)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, options={"qp": "0"} if codec.startswith("libx264") else {})
        stream.height, stream.width = frames[0][0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = Fraction(1, 1000)
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if gop:
            stream.codec_context.gop_size = gop
        if rotation:
            stream.set_display_rotation(rotation)
        for name, value in said.items():
            setattr(stream.codec_context, name, value)
        heard = out.add_stream("flac", rate=48000) if sound else None
        for number, planes in enumerate(frames):
            frame = frame_of(planes, pixel_format)
            frame.pts = times[number] if times else 1000 * number // rate
            frame.time_base = Fraction(1, 1000)
            for name, value in said.items():
                setattr(frame, name, value)
            out.mux(stream.encode(frame))
        if heard:
            samples = np.random.default_rng(0).integers(-9999, 9999, (1, 2 * int(48000 * sound)), np.int16)
            made = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
            made.sample_rate, made.pts = 48000, 0
            out.mux(heard.encode(made))
            out.mux(heard.encode())
        out.mux(stream.encode())
    return path


def frame_of(planes, pixel_format):
    """A frame of these planes."""
    import av

    frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], pixel_format)
    for held, plane in zip(frame.planes, planes, strict=True):
        lines = np.zeros((held.height, held.line_size // plane.itemsize), plane.dtype)
        lines[:, : plane.shape[1]] = plane
        held.update(lines.tobytes())
    return frame


def read_clip(path, pixel_format=None):
    """All frames, as arrays that FFmpeg makes, or as their planes; with their times in milliseconds."""
    import av

    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    times = [round(1000 * frame.time) for frame in frames]
    return [frame.to_ndarray(format=pixel_format) if pixel_format else planes_of(frame) for frame in frames], times


def planes_of(frame):
    """The planes of a frame, without what fills up their lines."""
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    lines = [
        np.frombuffer(memoryview(each), dtype).reshape(-1, each.line_size // dtype().itemsize) for each in frame.planes
    ]
    return [each[: plane.height, : plane.width].copy() for each, plane in zip(lines, frame.planes, strict=True)]
