"""The profile of a camera in words, a line for each thing."""

from collections.abc import Iterator

import numpy as np

from pinsharp.blur.measured import Blur, DistanceScale, Focus, LocalKernel, Source
from pinsharp.blur.profile import Profile
from pinsharp.words import printable

NAMES: dict[Source, str] = {
    "edge": "slanted edges",
    "points": "points",
    "target": "printed target",
    "sharp": "blurred against sharp",
    "in-focus": "scenes in focus",
    "stack": "focus stack",
}
_MOST = 12  # kernels of one source that are listed


def in_words(profile: Profile) -> Iterator[str]:
    """Lines that say what a profile holds."""
    colours = f"{profile.colours}, " if profile.colours else ""
    yield (
        f"camera: {profile.width} x {profile.height} px, {colours}{profile.bits} bits, white {profile.white_level:g}, "
        f"light {profile.light} ({profile.light_from}), {len(profile.made_of)} "
        f"photograph{'s' * (len(profile.made_of) != 1)}"
    )
    yield f"own softness: {_width(profile.own_softness)}" if profile.own_softness else "own softness: not measured"
    for source, name in NAMES.items():
        if source != "stack" and (kernels := profile.of(source)):
            yield f"{name}: {_all(kernels)}"
            yield from (f"  {_kernel(each)}" for each in kernels[:_MOST])
            if len(kernels) > _MOST:
                yield f"  and {len(kernels) - _MOST} more"
    if profile.astigmatism:
        yield f"astigmatism: {profile.astigmatism.words}"
    if profile.colour_widths:
        yield f"colours focus differently: {profile.colour_widths.words}"
    if profile.focus:
        yield from _focus(profile.focus)
    if scale := profile.distance_scale:
        between = f"(90 %: {scale.low:.4g} to {scale.high:.4g})"
        yield f"distance: {scale.per_px:.4g} {scale.unit} of defocus a pixel of width {between}"
        if scale.growth and profile.focus and profile.focus.steps:
            yield f"  {_both_sides(scale, profile.focus)}"
    if noise := profile.noise:
        well = f", full well {noise.full_well:,.0f} e-" if noise.gain else ", no shot noise seen"
        dark, white = (f"{255 * noise.std_at(signal):.2f}/255" for signal in (0.0, 1.0))
        yield f"noise: {dark} in the dark, {white} at white{well} ({noise.way})"
    else:
        yield "noise: not measured, no place is flat"
    count = sum(box.height * box.width for box in profile.faulty_pixels)
    yield f"faulty pixels: {count}" if count else "faulty pixels: none"


def _width(blur: Blur) -> str:
    return f"sigma {blur.sigma:.3f} px (90 %: {blur.low:.3f} to {blur.high:.3f}), {blur.family}"


def _all(kernels: tuple[LocalKernel, ...]) -> str:
    widths = [each.blur.sigma for each in kernels]
    places = "1 place" if len(widths) == 1 else f"{len(widths)} places"
    middle = f"{places}, sigma {min(widths):.3f} to {max(widths):.3f} px, median {np.median(widths):.3f}"
    halves = [each.mtf.mtf50 for each in kernels if each.mtf and each.mtf.mtf50 is not None]
    return middle + (f", MTF50 {np.median(halves):.4f} cycles a pixel" if halves else "")


def _kernel(each: LocalKernel) -> str:
    words = f"{printable(each.file)} row {each.row:.0f}, column {each.column:.0f}: {_width(each.blur)}"
    if each.angle is not None:
        words += f"; edge at {each.angle:.1f} degrees"
    if each.mtf:
        tenth, half = (_frequency(at) for at in (each.mtf.mtf10, each.mtf.mtf50))
        words += f"; MTF50 {half}, MTF10 {tenth} cycles a pixel"
    return words


def _frequency(frequency: float | None) -> str:
    return "above 0.5" if frequency is None else f"{frequency:.4f}"


def _both_sides(scale: DistanceScale, focus: Focus) -> str:
    """What a width that both ends of the stack show stands for, where it is not the same on both sides."""
    width = min(focus.steps[0].blur.sigma, focus.steps[-1].blur.sigma)
    beyond, before = (f"{scale.distance(width, side):.3g} {scale.unit}" for side in (1, -1))
    return f"the scene changes its size: {width:.1f} px are {beyond} beyond best focus, or {before} before it"


def _focus(focus: Focus) -> Iterator[str]:
    unit = focus.unit
    yield (
        f"best focus: {focus.best:.4g} {unit} (90 %: {focus.best_low:.4g} to {focus.best_high:.4g}) of "
        f"{len(focus.steps)} positions; outside focus {focus.slope:.4g} px of width a {unit.removesuffix('s')}"
    )
    if focus.tilt_rows is not None and focus.tilt_columns is not None:
        down, right = (f"{1000 * tilt:.3g} {unit}" for tilt in (focus.tilt_rows, focus.tilt_columns))
        yield f"tilt: {down} down and {right} right, per 1000 px"
    sizes = [step.magnification for step in focus.steps]
    if max(sizes, default=1.0) > min(sizes, default=1.0):
        by = max(sizes) / min(sizes)
        yield f"the scene changes its size by a factor of {by:.2f}: the width is linear on the part, not in pixels"
    yield from (f"  {step.position:g} {unit}: {_width(step.blur)}" for step in focus.steps)
