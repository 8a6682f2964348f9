"""`pinsharp synth`: blur sharp images by a protocol or a simulated camera, to test or compare deblurring with."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.messages import refuse
from pinsharp.cli.options import Bits, Border, Json, Kernels, Noise, Overwrite, Seed, Split
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.blur.operators import Boundary
    from pinsharp.data.cameras.camera_set import CameraSet, PairFile
    from pinsharp.data.synth_set import BlurredFile
    from pinsharp.data.testset import Degradation

_PAIRS, _SIZE = 16, 256  # of a simulated camera, unless given


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
    camera: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take the images with a simulated camera instead: lab, mono, line-scan, photo, phone or sem; any and "
            "train mix them. Light, lens, sensor, noise, processing and faults are drawn by the seed.",
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="CAMERA.json",
            help="Blur as the camera of this profile shows it: with its own softness, noise, depth and faulty pixels "
            "(those on images of its size). Of linear light; the sharp images stay what they are.",
        ),
    ] = None,
    pairs: Annotated[
        int | None, typer.Option(metavar="N", help=f"How many pairs a camera takes; {_PAIRS} unless given.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", help=f"Side of a camera's images in pixels; {_SIZE} unless given.")
    ] = None,
    seed: Seed = 0,
    split: Split = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Blur sharp images and write them with a manifest.

    Writes DIR/KERNEL/IMAGE.png, DIR/kernels/KERNEL.npy and DIR/manifest.json with the hashes of all. Up to 8 bits are
    stored as 8-bit PNG; 9 to 16 bits as 16-bit PNG with levels scaled to 0..65535. If it is stopped, all files that
    are there are complete, but there is no manifest.

    With a camera: DIR/blurred/INDEX.png, DIR/sharp/INDEX.png (the same in focus and without noise), DIR/masks/INDEX.png
    (white where the image stems from the scene) and DIR/kernels/INDEX.npy; DIR/manifest.json and DIR/pairs.csv with
    width, noise, gamma and further choices of each pair; and DIR/index.html, which shows what each step does.
    """
    from pinsharp.data.sharp_files import find_sharp_images
    from pinsharp.data.testset import Degradation

    if camera is None:
        refuse({"--pairs": pairs is not None, "--size": size is not None}, "is for simulated cameras; add --camera")
        known = None
        if profile is not None:
            from pinsharp.blur.profile_json import read_profile

            refuse({"--bits": bits != 8, "--noise": noise != 0}, "is what the profile says; leave it out")
            known = read_profile(profile)
        protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed, known)
    else:
        given = {
            "--kernels": kernels != "gaussian8",
            "--boundary": boundary != "reflect",
            "--bits": bits != 8,
            "--profile": profile is not None,
        }
        refuse(given | {"--noise": noise != 0}, "is what a simulated camera draws by itself; leave it out")
        from pinsharp.data.cameras.camera_set import CameraSet

        asked = CameraSet(camera, _PAIRS if pairs is None else pairs, _SIZE if size is None else size, seed)
    paths = list(dict.fromkeys(path for root in sharp for path in find_sharp_images(root, split=split)))
    if camera is None:
        _blur(paths, protocol, out, overwrite=overwrite, as_json=as_json)
    else:
        _take(paths, asked, out, overwrite=overwrite, as_json=as_json)


def _blur(paths: list[Path], protocol: "Degradation", out: Path, *, overwrite: bool, as_json: bool) -> None:
    """Blur every image with every kernel."""
    from pinsharp.cli.messages import print_json
    from pinsharp.data.synth_set import planned_files, write_test_set

    check_results(planned_files(paths, protocol, out), paths, overwrite=overwrite)
    with progress(len(paths) * len(protocol.kernels), "blurring") as advance:

        def report(entry: "BlurredFile") -> None:
            if as_json:
                print_json(asdict(entry))
            advance()

        manifest = write_test_set(paths, protocol, out, overwrite=overwrite, report=report)
    if not as_json:
        print(f"{len(paths)} images x {len(protocol.kernels)} kernels: {manifest}")


def _take(paths: list[Path], asked: "CameraSet", out: Path, *, overwrite: bool, as_json: bool) -> None:
    """Take pairs with a simulated camera."""
    from pinsharp.cli.messages import print_json
    from pinsharp.data.cameras.camera_set import planned_files, write_camera_set
    from pinsharp.data.corpus import read_corpus

    check_results(planned_files(asked, out), paths, overwrite=overwrite)
    with progress(len(paths), "reading") as advance:
        photographs = read_corpus(paths, lambda done, count: advance())
    with progress(asked.pairs, "taking pairs") as advance:

        def report(entry: "PairFile") -> None:
            if as_json:
                print_json(asdict(entry))
            advance()

        manifest = write_camera_set(photographs, asked, out, overwrite=overwrite, report=report)
    if not as_json:
        print(f"{asked.pairs} pairs by {asked.camera}: {manifest}; what each step does: {out / 'index.html'}")
