"""Side by side what the methods of a run make of one image (Figures 6 and 7 of the paper): restored again, and drawn.

Records hold figures, no images: sharp image, blur, noise and methods are those that the records name, and whatever has
changed since is refused.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from torch import Tensor

from pinsharp.bench.engine.methods import TRUE_KERNEL
from pinsharp.bench.quality.contenders import Contender, Restored, contenders, leave
from pinsharp.bench.quality.judge import judge
from pinsharp.bench.quality.records import Measurement, RunRecords
from pinsharp.bench.quality.standing import REFERENCES, describe
from pinsharp.bench.show.sheet import Box, Version, draw_sheet, most_damaged
from pinsharp.bench.show.typeset import Cell, Column, Group, Table
from pinsharp.data.sharp_files import find_sharp_images
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pair, file_sha256
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image
from pinsharp.methods.method import Method
from pinsharp.methods.table import load_method


@dataclass(frozen=True)
class Restoration:
    """What a row makes of the image, how that is judged now, and what the records say; None if they say nothing."""

    version: Restored
    figures: Measurement
    recorded: Measurement | None


@dataclass(frozen=True)
class Scene:
    """One image of a run, blurred by one of its kernels, and its restorations in the order asked for."""

    run: RunRecords
    pair: BlurredPair
    restorations: Sequence[Restoration]


def restore_again(
    run: RunRecords,
    *,
    image: str | None = None,
    kernel: str | None = None,
    rows: Sequence[str] = (),
    data: Path | None = None,
    load: Callable[[str], Method] = load_method,
) -> Scene:
    """Restore one image of a run as the run did.

    Args:
        run: All that was measured of one test set under one protocol.
        image: File name of the image, with or without its suffix; the first of the run if None.
        kernel: Name of the kernel, or its width; the middle one of the run if None.
        rows: Rows to restore; if empty, all that are blind, without blurred and linear limit.
        data: Where the images are now, if not where the records say.
        load: Makes a method of its name.

    Raises:
        ConfigError: If the run has no such image, kernel or row, or protocol or weights have changed since.
    """
    protocol = _protocol(run)
    wanted = list(rows) or [row for row in run.methods if row not in REFERENCES and not row.endswith(TRUE_KERNEL)]
    if missing := [row for row in wanted if row not in run.methods]:
        raise ConfigError(f"run {run.id} ({run.set}) has no row {missing[0]!r}; it has {', '.join(run.methods)}")
    if not wanted:
        raise ConfigError(
            f"run {run.id} ({run.set}) has no method to restore with; measure one with pinsharp bench run"
        )
    path, number, sha256 = _find(run, image, data)
    whole = to_tensor(read_image(path).pixels)
    pair = blurred_pair(path, whole, _kernel_name(protocol, kernel), protocol, number)
    recorded = {each.key: each for each in run.figures}
    judged = [judge(_contender(run, row, protocol, load), pair, sha256) for row in wanted]
    return Scene(run, pair, [Restoration(image, figures, recorded.get(figures.key)) for figures, image in judged])


def crops_table(scene: Scene) -> Table:
    """List the figures of the restorations of one image beside those of the records."""
    columns = (
        *(Column("set"), Column("run"), Column("image"), Column("kernel"), Column("method", "method")),
        *(Column("psnr", "PSNR, dB", 2), Column("ssim", "SSIM", 4), Column("mse", "MSE, 1e-3", 3, factor=1e3)),
        *(Column("estimated_sigma", "measured sigma, px", 2), Column("recorded_psnr", "PSNR in the records, dB", 2)),
    )
    rows: list[dict[str, Cell]] = [
        {
            "method": each.figures.row,
            **{key: getattr(each.figures, key) for key in ("psnr", "ssim", "mse", "estimated_sigma")},
            "recorded_psnr": each.recorded.psnr if each.recorded and each.recorded.is_done else None,
        }
        for each in scene.restorations
    ]
    name, kernel = scene.pair.path.name, scene.pair.kernel_name
    shared: dict[str, Cell] = {"set": scene.run.set, "run": scene.run.id, "image": name, "kernel": kernel}
    title = f"{name} blurred by {kernel} (effective sigma {scene.pair.sigma:.2f} px); {describe(scene.run)}"
    note = "For one image both definitions of PSNR agree: mean and aggregate differ only over several."
    return Table(file_stem(scene), columns, (Group(title, rows, shared, {}),), (note,))


def draw_crops(scene: Scene, box: Box | None = None) -> Figure:
    """Draw blurred, all restorations and sharp side by side: the detail that the blur has hurt most, or another.

    Raises:
        ConfigError: If the detail lies outside the image.
    """
    pair = scene.pair
    blurred, _ = judge(Contender("blurred", leave), pair, "")
    title = f"{pair.path.name}, blurred by {pair.kernel_name}\n(effective sigma {pair.sigma:.2f} px)"
    versions = [Version(_label("blurred", blurred), pair.blurred)]
    others = [each for each in scene.restorations if each.figures.row != "blurred"]
    versions += [Version(_label(each.figures.row, each.figures), _fitted(each, pair)) for each in others]
    versions.append(Version("original\n ", pair.sharp))
    return draw_sheet(Version(title, pair.blurred), versions, box or most_damaged(pair.sharp, pair.blurred))


def file_stem(scene: Scene) -> str:
    """What the files of a scene are called: `crops-07-gaussian-2.4-21`."""
    return "crops-" + re.sub(r"[^\w.-]+", "-", f"{scene.pair.path.stem}-{scene.pair.kernel_name}")


def _fitted(restoration: Restoration, pair: BlurredPair) -> Tensor:
    """The restored image, as large as the others: the linear limit is of the image before a border was cut off."""
    image, (height, width) = restoration.version.image, pair.sharp.shape[-2:]
    top, left = (image.shape[-2] - height) // 2, (image.shape[-1] - width) // 2
    return image[..., top : top + height, left : left + width]


def _label(row: str, figures: Measurement) -> str:
    return f"{row}\n{figures.psnr:.2f} dB, SSIM {figures.ssim:.3f}"


def _protocol(run: RunRecords) -> Degradation:
    """The protocol of a run, made again from its settings."""
    said = run.about["protocol"]
    protocol = Degradation(said["kernels"], said["boundary"], said["bits"], said["noise_of_255"] / 255, said["seed"])
    if protocol.summary["kernels_sha256"] != said["kernels_sha256"]:
        raise ConfigError(
            f"run {run.id} ({run.set}): expected the kernels that were measured, got others of the name "
            f"{said['kernels']}; measure again with pinsharp bench run"
        )
    return protocol


def _kernel_name(protocol: Degradation, wanted: str | None) -> str:
    names = list(protocol.kernels)
    if wanted is None:
        return names[len(names) // 2]
    fitting = [name for name in names if wanted in (name, name.partition(":")[2].partition(":")[0])]
    fitting = [name for name in names if name == wanted] or fitting
    if len(fitting) != 1:
        raise ConfigError(f"expected one of the run's kernels, {', '.join(names)}, got {wanted!r}")
    return fitting[0]


def _find(run: RunRecords, wanted: str | None, data: Path | None) -> tuple[Path, int, str]:
    """File of an image of the run, its place in the list, and its hash."""
    known = {(each.image, each.image_sha256) for each in run.figures}
    names = list(dict.fromkeys(each.image for each in run.figures))
    chosen = names[0] if wanted is None and names else wanted
    chosen = next((name for name in names if chosen in (name, Path(name).stem)), chosen)
    if chosen not in names:
        raise ConfigError(
            f"run {run.id} ({run.set}) has no image {chosen!r}; it has {', '.join(names[:5])}"
            + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        )
    try:
        paths = find_sharp_images(data or run.about["data"])
    except PinsharpError as error:
        raise ConfigError(f"{error}; --data says where the images of the run are") from None
    for number, path in enumerate(paths):
        if path.name == chosen and (sha256 := file_sha256(path)) and (path.name, sha256) in known:
            return path, number, sha256
    raise ConfigError(
        f"{data or run.about['data']}: expected {chosen} as it was measured, got none of that content; "
        "give the folder with --data"
    )


def _contender(run: RunRecords, row: str, protocol: Degradation, load: Callable[[str], Method]) -> Contender:
    """The row of a run, made again."""
    said: dict[str, Any] = run.methods[row]
    base = row.removesuffix(TRUE_KERNEL)
    given = said["method"] if said["method"] == base else f"{base}={said['method']}"
    made = {each.row: each for each in contenders([given], protocol, true_kernel=True, load=load)}
    if row not in made or made[row].about.get("weights_sha256") != said.get("weights_sha256"):
        raise ConfigError(
            f"{row}: expected the weights that were measured ({str(said.get('weights_sha256'))[:12]}), got others; "
            "measure again with pinsharp bench run"
        )
    return made[row]
