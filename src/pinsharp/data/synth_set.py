"""A test set on disk: blurred images as PNG, their kernels as .npy, and a manifest that says how each was made."""

import io
import math
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from pinsharp.atomic import check_free, make_folder, write_atomically, write_json
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pairs, file_sha256, kernels_sha256, protocol_hash
from pinsharp.errors import OutputError
from pinsharp.images.arrays import to_array
from pinsharp.images.files import write_image
from pinsharp.version import __version__

MANIFEST = "manifest.json"
KERNELS = "kernels"


@dataclass(frozen=True)
class BlurredFile:
    """A blurred image on disk, as the manifest lists it."""

    sharp: str  # sharp file, relative to the folder that all of them share
    sharp_sha256: str  # hash of its content
    kernel: str  # name of the kernel in the manifest's table
    sigma: float  # effective width of the kernel in pixels
    blurred: str  # blurred file, relative to the manifest
    blurred_sha256: str  # hash of its content
    border: int  # pixels that the blur has cut off on each side; 0 but for the boundary `valid`
    psnr: float | None  # PSNR of the blurred against the sharp image in dB; None if they are equal


@dataclass(frozen=True)
class _Plan:
    """What will be written where."""

    paths: Sequence[Path]
    protocol: Degradation
    folder: Path

    @cached_property
    def kernel_files(self) -> dict[str, Path]:
        """File of each kernel, by its name."""
        slugs = _distinct([re.sub(r"[^\w.+-]+", "-", name).strip(".-") for name in self.protocol.kernels])
        return {name: Path(KERNELS, f"{slug}.npy") for name, slug in zip(self.protocol.kernels, slugs, strict=True)}

    @cached_property
    def blurred_files(self) -> list[Path]:
        """Files of the blurred images, in the order of `blurred_pairs`."""
        folders = [file.stem for file in self.kernel_files.values()]
        return [Path(folder, f"{name}.png") for name in _image_names(self.paths) for folder in folders]

    @cached_property
    def sharp_names(self) -> dict[Path, str]:
        """What the manifest calls each sharp image."""
        return dict(zip(self.paths, (path.as_posix() for path in _below_common_folder(self.paths)), strict=True))

    @property
    def targets(self) -> list[Path]:
        """All files, the manifest first."""
        files = [Path(MANIFEST), *self.kernel_files.values(), *self.blurred_files]
        return [self.folder / file for file in files]


def planned_files(paths: Sequence[Path], protocol: Degradation, folder: Path) -> list[Path]:
    """List all files that `write_test_set` would write, the manifest first."""
    return _Plan(paths, protocol, folder).targets


def write_test_set(
    paths: Sequence[Path],
    protocol: Degradation,
    folder: Path,
    *,
    overwrite: bool = False,
    report: Callable[[BlurredFile], None] | None = None,
) -> Path:
    """Blur sharp images and write FOLDER/KERNEL/IMAGE.png, FOLDER/kernels/KERNEL.npy and FOLDER/manifest.json.

    Up to 8 bits are stored as 8-bit PNG; 9 to 16 bits as 16-bit PNG, their levels scaled to 0..65535. Each file appears
    completely or not at all, the manifest last: a folder without one is unfinished. With `overwrite` what an earlier
    set had and this one has not stays in the folder, but not in the manifest. `report` is called with each blurred
    image when it is written.

    Returns:
        Path of the manifest.

    Raises:
        OutputError: If there is a manifest or a file of the same name already, or the folder cannot be written.
        ImageError: If a sharp image cannot be read or used.
    """
    plan, manifest = _Plan(paths, protocol, folder), folder / MANIFEST
    if manifest.exists() and not overwrite:
        raise OutputError(f"{folder}: expected a new folder, got one with a test set; --overwrite replaces it")
    for parent in dict.fromkeys(target.parent for target in plan.targets):
        make_folder(parent)
    manifest.unlink(missing_ok=True)  # from here on the old one would lie
    for name, file in plan.kernel_files.items():
        _write_kernel(folder / file, protocol.kernels[name], overwrite=overwrite)
    sharp_sha256 = {path: file_sha256(path) for path in paths}
    entries = []
    for pair, file in zip(blurred_pairs(paths, protocol), plan.blurred_files, strict=True):
        write_image(folder / file, _stored(pair.blurred, protocol.bits), overwrite=overwrite)
        entries.append(_entry(pair, file, plan, sharp_sha256[pair.path]))
        if report:
            report(entries[-1])
    content = _header(plan, [sharp_sha256[path] for path in paths]) | {"images": [asdict(entry) for entry in entries]}
    write_json(manifest, content)
    return manifest


def _header(plan: _Plan, images_sha256: list[str]) -> dict[str, Any]:
    protocol = plan.protocol
    stored = 8 if protocol.bits <= 8 else 16
    return {
        "pinsharp": __version__,
        "protocol": protocol.summary,
        "protocol_sha256": protocol_hash(protocol, images_sha256),
        "storage": f"{protocol.bits}-bit levels in {stored}-bit PNG, full scale {2**stored - 1}",
        "kernels": {
            name: {
                "file": file.as_posix(),
                "sigma": float(kernel_sigma(protocol.kernels[name])),
                "values_sha256": kernels_sha256({name: protocol.kernels[name]}),
            }
            for name, file in plan.kernel_files.items()
        },
    }


def _entry(pair: BlurredPair, file: Path, plan: _Plan, sharp_sha256: str) -> BlurredFile:
    error = float((pair.blurred - pair.sharp).double().square().mean())
    return BlurredFile(
        sharp=plan.sharp_names[pair.path],
        sharp_sha256=sharp_sha256,
        kernel=pair.kernel_name,
        sigma=pair.sigma,
        blurred=file.as_posix(),
        blurred_sha256=file_sha256(plan.folder / file),
        border=(pair.whole.shape[-1] - pair.blurred.shape[-1]) // 2,
        psnr=-10 * math.log10(error) if error > 0 else None,
    )


def _stored(blurred: Tensor, bits: int) -> np.ndarray[Any, Any]:
    """Pixels of a blurred image (1, C, H, W) as they are stored."""
    shape = (1, 1) if blurred.shape[1] == 1 else (1, 1, 3)
    return to_array(blurred, np.empty(shape, np.uint8 if bits <= 8 else np.uint16))


def _write_kernel(path: Path, kernel: Tensor, *, overwrite: bool) -> None:
    check_free(path, overwrite=overwrite)
    stream = io.BytesIO()
    np.save(stream, kernel[0, 0].cpu().numpy())
    write_atomically(path, stream.getvalue())


def _image_names(paths: Sequence[Path]) -> list[str]:
    """A name for each image: that of its file; where two would be the same, with the folders in which they differ."""
    names = [path.stem for path in paths]
    if len({name.casefold() for name in names}) < len(names):
        names = ["-".join(path.with_suffix("").parts) for path in _below_common_folder(paths)]
    return _distinct(names)


def _below_common_folder(paths: Sequence[Path]) -> list[Path]:
    resolved = [path.absolute() for path in paths]
    common = resolved[0].parent
    with suppress(ValueError):  # different drives have nothing in common
        common = Path(os.path.commonpath([path.parent for path in resolved]))
    return [path.relative_to(common) if path.is_relative_to(common) else path for path in resolved]


def _distinct(names: Sequence[str]) -> list[str]:
    """Number names that were there before, also where only capitals differ."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name}-{number}"
        taken.add(candidate.casefold())
        distinct.append(candidate)
    return distinct
