"""What is read of images and what their windows say, as values: the votes, and the noise, of images judged together."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinsharp.blur.normalise import Normalisation
from pinsharp.blur.votes import Votes
from pinsharp.nets.swift.directions import by_edges, by_spectrum
from pinsharp.nets.swift.witnesses import Edges

WHITE_BELOW = 1.3
"""Largest over smallest noise by ring up to which it counts as white. On photographs with white noise it was read as
1.04 to 1.25, on JPEGs of quality 95 as 1.9 and more."""

LEAST_NOISE = 1e-4
"""Smallest noise that is reported, in normalised images."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the windows of a batch of images say, and what they say together."""

    log_width: Tensor  # of each window, (B, N)
    std: Tensor  # their standard deviations, (B, N)
    disk_share: Tensor  # (B, N)
    elongation: Tensor  # how much longer than wide the kernel is, as a natural logarithm, (B, N)
    log_noise: Tensor  # logarithm of the noise by ring, in normalised images, (B, N, rings)
    joined: Tensor  # logarithm of the width of each image, (B,)
    joined_std: Tensor  # (B,)
    weights: Tensor  # of the votes in it, (B, N)


@dataclass(frozen=True, eq=False)
class Look:
    """What was read of one image."""

    features: Tensor  # of its windows, (1, N, F)
    places: Tensor  # (N, 4)
    sample: Tensor  # what tells whether other images show the same, (M,)
    taken_out: Normalisation
    periodicity: Tensor  # (N,)
    structure: Tensor  # (N,)
    combed: Tensor  # (N,)
    mosaic: Tensor  # (N,)
    directed: Tensor  # log power by direction and ring, (N, directions, rings)
    edges: Edges


def counts(images: Sequence[Look]) -> list[int]:
    """How many windows were read of each image."""
    return [len(image.places) for image in images]


def votes_of(images: Sequence[Look], said: Judgement) -> Votes:
    """What all windows of images that were judged together say, and show, as the votes of one image."""
    places, periods, structures, combs, mosaics = (
        torch.cat([getattr(image, name) for image in images])
        for name in ("places", "periodicity", "structure", "combed", "mosaic")
    )
    width = float(said.joined.exp())
    return Votes(
        places,
        said.log_width[0],
        said.std[0],
        said.elongation[0],
        periods,
        structures,
        said.weights[0],
        combed=combs,
        mosaic=mosaics,
        spectrum_turn=torch.cat([by_spectrum(image.directed, width) for image in images]),
        edge_turn=torch.cat([by_edges(image.edges, width) for image in images]),
    )


def noises_of(images: Sequence[Look], said: Judgement) -> list[Tensor]:
    """Noise by ring of each of some images that were judged together, as normalised: (1, rings)."""
    return [
        part.median(dim=1).values.exp().clamp(min=LEAST_NOISE)
        for part in torch.split(said.log_noise, counts(images), dim=1)
    ]


def is_white(noise: Tensor) -> bool:
    """Whether noise (rings,) is as strong at all frequencies; low ones are hard to tell from the scene."""
    rings = noise[len(noise) // 5 :]
    return float(rings.max()) < WHITE_BELOW * float(rings.min())
