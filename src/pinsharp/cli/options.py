"""Arguments and options that several commands share, with their help."""

from typing import Annotated

import typer

from pinsharp.errors import ConfigError

DEFAULT_MODEL = "swift"
"""Said here a second time, because asking `pinsharp.methods` for it would import torch."""

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Images (PNG, JPEG, TIFF, BMP, WebP), folders of images, or patterns such as 'scans/*.tif'.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE", help="A model that `pinsharp info` lists, or a file: .safetensors, .onnx or .xml."
    ),
]
Kernel = Annotated[
    str,
    typer.Option(
        metavar="K",
        help="auto measures the blur of each image, with swift if the model cannot; where it is known: "
        "gaussian:SIGMA, disk:RADIUS (pixels), or a file (.npy, .json, or a mono image of a point).",
    ),
]
Iterations = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Restore up to N times, each time with the blur that is left: sharper, and slower by the same factor. "
        "Stops early when nothing is left.",
    ),
]
Window = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Restore in windows of N pixels a side, which bounds the memory; the blur is measured once for all. "
        "0 takes the whole image at once. Unless given: whole images up to 6 megapixels, larger ones in windows of "
        "2048.",
    ),
]
WhiteLevel = Annotated[
    int | None,
    typer.Option(
        metavar="V",
        help="Value that stands for white in integer images, such as 4095 for 12 bits stored in 16; results do not "
        "exceed it. Unless given: 255 or 65535.",
    ),
]
Channels = Annotated[
    str,
    typer.Option(
        metavar="C",
        help="What is restored of colour images: joint, all channels with one blur; luma, brightness only, colours "
        "stay as they are; each, every channel with a blur of its own, for lenses that focus colours differently.",
    ),
]
Gamma = Annotated[
    bool,
    typer.Option(
        "--gamma",
        help="Restore sRGB photographs in linear light, in which lenses blur. Not for cameras whose values are "
        "proportional to light.",
    ),
]
Device = Annotated[str, typer.Option(metavar="D", help="auto takes a GPU where there is one; or cpu, cuda, cuda:1.")]
Precision = Annotated[
    str,
    typer.Option(
        metavar="P",
        help="Of the convolutions. auto takes bfloat16 where the processor computes it natively; or float32, bfloat16.",
    ),
]
Runtime = Annotated[
    str,
    typer.Option(
        metavar="R",
        help="What computes a network's convolutions: torch, onnx (ONNX Runtime), openvino, or auto: the "
        "fastest of those installed that restores as torch does, measured once on this machine.",
    ),
]


def _at_least_one(jobs: int) -> int:
    if jobs < 1:
        raise ConfigError(f"--jobs must be at least 1 process, got {jobs}")
    return jobs


Jobs = Annotated[
    int,
    typer.Option(
        metavar="N",
        callback=_at_least_one,
        help="Work in N processes at once, each with its own model, which share the processor's cores.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist already; never an input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of words.")]
JsonDocument = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]

Kernels = Annotated[
    str,
    typer.Option(
        metavar="K",
        help="gaussian8 (the paper's: sigma 1.8 to 3.2, 21 x 21), gaussian8-wide (not cut off), disk6 (radius 2 to 7), "
        "wide-range (sigma 0.6 to 5), a kernel such as gaussian:2 or disk:3.5, a file, or several joined by commas.",
    ),
]
Border = Annotated[
    str,
    typer.Option(
        "--boundary",
        metavar="B",
        help="How an image continues past its border: reflect, replicate, zero or circular; valid cuts the border off, "
        "as a camera that sees more than the image.",
    ),
]
Bits = Annotated[int, typer.Option(metavar="N", help="Round the blurred images to N bits, 1 to 16.")]
Noise = Annotated[
    float,
    typer.Option(metavar="S", help="Add read noise of this standard deviation, in units of 1/255 of full scale."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Decides the noise: the same seed gives the same images.")]
Split = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of a DIV2K (train, valid) or GOPRO (train, test) folder with both.")
]
Methods = Annotated[
    str,
    typer.Option(
        metavar="M,...",
        help="Rows, joined by commas: models that `pinsharp info` lists, .safetensors files, blurred (the input "
        "itself) and linear-limit (the best linear filter that knows kernel and spectrum, circular boundary). "
        "LABEL=FILE names the row.",
    ),
]
TrueKernel = Annotated[
    bool, typer.Option("--true-kernel", help="Add a row for each method that takes a kernel, given the true one.")
]
Limit = Annotated[int | None, typer.Option(metavar="N", help="Use only the first N images.")]
