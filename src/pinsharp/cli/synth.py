"""`pinsharp synth`: blur sharp images by a protocol, to test or compare deblurring with."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.options import Bits, Border, Json, Kernels, Noise, Overwrite, Seed, Split
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.blur.operators import Boundary
    from pinsharp.data.synth_set import BlurredFile


def synth(
    sharp: Annotated[
        list[Path],
        typer.Argument(metavar="SHARP...", help="Sharp images, folders of images, or a DIV2K or GOPRO folder."),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the set; made if it is not there.")
    ],
    kernels: Kernels = "gaussian8",
    boundary: Border = "reflect",
    bits: Bits = 8,
    noise: Noise = 0.0,
    seed: Seed = 0,
    split: Split = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Blur sharp images and write them with a manifest.

    Writes DIR/KERNEL/IMAGE.png, DIR/kernels/KERNEL.npy and DIR/manifest.json with the hashes of all. Up to 8 bits are
    stored as 8-bit PNG; 9 to 16 bits as 16-bit PNG with levels scaled to 0..65535. If it is stopped, what is there is
    whole, and there is no manifest.
    """
    from pinsharp.cli.messages import print_json
    from pinsharp.data.synth_set import planned_files, write_test_set
    from pinsharp.data.testset import Degradation, find_sharp_images

    protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed)
    paths = list(dict.fromkeys(path for root in sharp for path in find_sharp_images(root, split=split)))
    check_results(planned_files(paths, protocol, out), paths, overwrite=overwrite)
    with progress(len(paths) * len(protocol.kernels), "blurring") as advance:

        def report(entry: "BlurredFile") -> None:
            if as_json:
                print_json(asdict(entry))
            advance()

        manifest = write_test_set(paths, protocol, out, overwrite=overwrite, report=report)
    if not as_json:
        print(f"{len(paths)} images x {len(protocol.kernels)} kernels: {manifest}")
