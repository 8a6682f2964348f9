"""Arguments and options that several commands share, with their help."""

from typing import Annotated

import typer

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
    typer.Option(metavar="NAME|FILE", help="A model that `pinsharp info` lists, or a .safetensors file."),
]
Device = Annotated[str, typer.Option(metavar="D", help="auto takes a GPU where there is one; or cpu, cuda, cuda:1.")]
Precision = Annotated[
    str,
    typer.Option(
        metavar="P",
        help="Of the convolutions. auto takes bfloat16 where the processor computes it natively; or float32, bfloat16.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist already; never an input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of words.")]
