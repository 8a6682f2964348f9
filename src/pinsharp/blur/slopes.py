"""How much brighter an image becomes from one side to the other: shading, which must not end where the image ends.

Whoever deconvolves an image has to continue it past its border. A ramp that is continued by its last value, or fades
into the opposite side, has a kink there, which deconvolution makes stronger. A kernel whose light is centred leaves a
ramp as it is: so it is taken out before, and put back after.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.normalise import Normalisation, brightness, normalisation

_DEPTH = 4  # pixels from the border inwards that are compared with those of the opposite side

_UNEVEN = 0.8  # share of the square of such a difference that is the same all along, from which on it counts

_MOST_LEFT = 0.25
"""Share of an image's contrast that its ramp leaves at most where a net is not shown the ramp. Of nine photographs with
bright skies, `swift` lost 0.02 to 0.6 dB on seven without theirs."""

_OFF_CENTRE = 0.01  # pixels from its middle that a kernel's light lies at most

_FLAT = 0.0015  # contrast of images that show nothing but rounding to 8 bits, which has 0.0011


def find_slopes(image: Tensor, kernel: Tensor, shape: tuple[int, int] | None = None) -> Tensor:
    """Find the ramp of blurred images by what opposite borders differ by.

    Only differences count that are the same all along the border, as those of a ramp are: on a photograph none is.

    Args:
        image: Images (B, C, H, W); nothing but their borders is read.
        kernel: What blurred them, (B or 1, 1, K, K).
        shape: Height and width that they stand for; their own if not given.

    Returns:
        Rise from row to row and from column to column, (B, C, 2), in units of the image. 0 for kernels whose light is
        not centred: those shift a ramp.
    """
    sides = zip((image, image.mT), shape or image.shape[-2:], strict=True)
    found = torch.stack([_slope(turned, length) for turned, length in sides], dim=-1)
    return found * _is_centred(kernel).to(found)[:, None, None]


def with_slopes(
    found: BlurField,
    slopes: Tensor,
    parts: Tensor,
    places: Sequence[tuple[slice, slice]],
    shape: tuple[int, int],
    hidden: Tensor | None = None,
) -> BlurField:
    """What was found of an image, with its ramp if there is little else, which does not count as contrast then.

    Args:
        found: The blur.
        slopes: As `find_slopes` gives them, (1, C, 2).
        parts: Parts (N, C, h, w) of the image.
        places: Where they lie.
        shape: Height and width of the image.
        hidden: Pixels (N, 1, h, w) that are ignored.
    """
    known = replace(found, slopes=slopes)
    has_ramp = bool(slopes.any())
    if known.normalisation is not None and not has_ramp:
        return known
    seen = None if hidden is None else ~hidden[:, 0].flatten(0, 1)[None, None]
    even = parts - torch.cat([ramp(slopes, shape, *place) for place in places]) if has_ramp else parts
    whole = _contrast(parts, seen)
    left = _contrast(even, seen) if has_ramp else whole
    # Nets know of no image that is mostly noise.
    scale = left.scale.clamp(min=0.0 if known.noise_level is None else known.noise_level)
    if float(left.scale / whole.scale) > _MOST_LEFT and has_ramp:
        known, left = replace(found, slopes=torch.zeros_like(slopes)), whole
    elif known.normalisation is not None:
        share = (scale / whole.scale).clamp(max=1).to(known.normalisation.scale)
        return replace(known, normalisation=replace(known.normalisation, scale=known.normalisation.scale * share))
    # No net was trained on images of nothing: none may see them as they are.
    # What is hidden, such as clipped light, is seen.
    every = whole if seen is None and not has_ramp else _contrast(even, None)
    is_bare = known.normalisation is None and max(float(left.scale), float(every.scale)) < _FLAT
    return replace(known, normalisation=replace(left, scale=scale)) if is_bare else known


def _contrast(parts: Tensor, seen: Tensor | None) -> Normalisation:
    """Brightness and contrast of one image, from its parts (N, C, h, w)."""
    return normalisation(brightness(parts.float()).flatten(0, 2)[None, None], seen)


def ramp(slopes: Tensor, shape: tuple[int, int], rows: slice, columns: slice) -> Tensor:
    """Give rows and columns of the ramp (B, C, h, w) of images of a shape (H, W): 0 in their middle.

    A part is to the last bit what the whole is there.
    """
    down, across = (
        torch.arange(part.start, part.stop, dtype=slopes.dtype, device=slopes.device) - (length - 1) / 2
        for part, length in zip((rows, columns), shape, strict=True)
    )
    return slopes[..., 0, None, None] * down[:, None] + slopes[..., 1, None, None] * across


def _slope(image: Tensor, length: int) -> Tensor:
    """Rise (B, C) from row to row of images that stand for so many rows."""
    depth = min(_DEPTH, image.shape[-2] // 2)
    if depth == 0:
        return image.new_zeros(image.shape[:2])
    first, last = (rows.double().mean(dim=-2) for rows in (image[..., :depth, :], image[..., -depth:, :]))
    apart = last - first  # (B, C, W)
    even = apart.mean(dim=-1)
    spread = apart.var(dim=-1, correction=0)
    evenness = even.square() / (even.square() + spread).clamp(min=torch.finfo(spread.dtype).tiny)
    share = ((evenness - _UNEVEN) / (1 - _UNEVEN)).clamp(min=0)
    return (share * even / (length - depth)).to(image.dtype)


def _is_centred(kernel: Tensor) -> Tensor:
    """Whether the light of kernels (B, 1, K, K) is centred, (B,)."""
    weights, side = kernel[:, 0].double(), kernel.shape[-1]
    place = torch.arange(side, dtype=weights.dtype, device=weights.device) - side // 2
    moments = torch.stack([weights.sum(dim=axis) @ place for axis in (-1, -2)])
    return moments.abs().amax(dim=0) < _OFF_CENTRE
