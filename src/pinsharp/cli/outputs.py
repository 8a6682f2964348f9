"""Where results go, decided and checked before any work: no result may replace another, an input or an older file."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pinsharp.atomic import LONGEST_NAME, check_name, unwritable
from pinsharp.batch.job import Job
from pinsharp.cli.distinct import check_distinct
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.places import check_free_place, disk_path, holds, is_folder_image, place_of

if TYPE_CHECKING:
    from pinsharp.images.discover import Found

PICTURE_SUFFIX = ".side-by-side.png"
MASK_SUFFIX = ".mask.png"
EVIDENCE_SUFFIX = ".evidence.png"


def plan_jobs(
    inputs: Sequence["Found"],
    out: str,
    *,
    side_by_side: bool,
    overwrite: bool,
    advice: str = "--overwrite replaces it",
    save_mask: Path | None = None,
    evidence: Path | None = None,
    template: str | None = None,
) -> list[Job]:
    """Decide where the result of each input goes, and its picture, as NAME.side-by-side.png next to it.

    `out` is what the user typed: the name of an image for a single input, or a folder, which keeps the inputs' names,
    or makes them by `template`, and need not exist. `save_mask` is a .png for a single input, or a folder; `evidence`
    is a .png, a .tif, or a folder. In each folder results keep the place in the tree that their inputs have `below`.
    `advice` is what to do about an older file, the end of a sentence.

    Raises:
        ConfigError: If the template makes no name, or images of the frames of several videos are asked for.
        OutputError: If `out` does not fit the inputs, two results have one name, or `check_results` refuses one.
    """
    if names_image(out):
        if len(inputs) > 1:
            raise OutputError(f"{out}: expected a folder for {len(inputs)} images, got the name of one; give a folder")
        if template is not None:
            raise ConfigError(f"--name-template needs a folder for the results, got the file {out}; leave it out")
        outputs, below = [Path(out)], [Path()]
    else:
        below = [found.below for found in inputs]
        outputs = [_folder(out) / found.below / templated(template, found.path) for found in inputs]
    pictures = [_picture(output) if side_by_side else None for output in outputs]
    masks = _beside(inputs, outputs, save_mask, MASK_SUFFIX, check_mask_name)
    maps = _beside(inputs, outputs, evidence, EVIDENCE_SUFFIX, check_evidence_name)
    jobs = [
        Job(found.path, *results) for found, *results in zip(inputs, outputs, pictures, masks, maps, below, strict=True)
    ]
    if len(jobs) > 1:
        _check_no_numbers(jobs)
    check_distinct((path, job.input) for job in jobs for path in job.results)
    results = [path for job in jobs for path in job.results]
    if len(jobs) > 1:  # of many images one may have too long a name, and fail by itself
        results = [path for path in results if len(os.fsencode(path.name)) <= LONGEST_NAME]
    check_results(results, [job.input for job in jobs], overwrite=overwrite, advice=advice)
    return jobs


def _picture(output: Path) -> Path:
    """Where the picture of a result goes."""
    path = disk_path(output)
    return path.with_name(path.stem + PICTURE_SUFFIX)


def _check_no_numbers(jobs: Sequence[Job]) -> None:
    """Refuse images of frames for several inputs: a manifest knows one result for each.

    Raises:
        ConfigError: If images of frames are asked for and there are several inputs.
    """
    from pinsharp.images.video_names import is_numbered

    if named := [job.output for job in jobs if is_numbered(job.output)]:
        raise ConfigError(f"expected one video for images of its frames, {named[0].name}, got {len(jobs)} inputs")


def templated(template: str | None, source: Path) -> str:
    """The name of the result of an input.

    Args:
        template: With {stem} and {suffix} of the input (the suffix with its dot), and {folder}, the name of the folder
            in which it lies; None keeps the name.
        source: The input.

    Raises:
        ConfigError: If the template has other fields, or does not make the name of an image.
    """
    from pinsharp.images.codec import SUFFIXES

    source = disk_path(source)
    if template is None:
        return source.name
    try:
        name = template.format(stem=source.stem, suffix=source.suffix, folder=source.absolute().parent.name)
    except (LookupError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"--name-template must be made of {{stem}}, {{suffix}}, {{folder}} and other letters, got {template!r}; "
            "try {stem}-sharp{suffix}"
        ) from error
    if Path(name).name != name or Path(name).suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"--name-template must make the name of an image in OUT, got {name!r} of {template!r}; end it with "
            "{suffix} or .tif"
        )
    return name


def _beside(
    inputs: Sequence["Found"], outputs: Sequence[Path], asked: Path | None, suffix: str, check: Callable[[Path], object]
) -> list[Path | None]:
    """Where the mask or map of each input goes: the file that was asked for, or files in that folder, as results."""
    if asked is None:
        return [None] * len(inputs)
    from pinsharp.images.codec import SUFFIXES

    is_folder = os.path.lexists(asked) and asked.is_dir()
    if len(inputs) == 1 and asked.suffix and not is_folder:
        check(asked)
        return [asked]
    if asked.suffix.lower() in SUFFIXES and not is_folder:
        raise OutputError(f"{asked}: expected a folder for {len(inputs)} images, got the name of one; give a folder")
    folder = _folder(str(asked))
    return [folder / found.below / (disk_path(path).stem + suffix) for found, path in zip(inputs, outputs, strict=True)]


def check_mask_name(path: Path) -> None:
    """Refuse a name that does not end in .png.

    Raises:
        OutputError: If `path` does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: expected a name that ends in .png for a mask, got '{path.suffix}'; rename it")


def check_evidence_name(path: Path) -> None:
    """Refuse a name that no evidence map can have."""
    from pinsharp.restoration.maps import check_evidence_name

    check_evidence_name(path)


def check_results(
    results: Sequence[Path], inputs: Iterable[Path], *, overwrite: bool, advice: str = "--overwrite replaces it"
) -> None:
    """Refuse results that would replace an input or an older file, that have no folder to go to or too long a name.

    Raises:
        OutputError: With the first of them.
    """
    inputs = list(inputs)
    known = {_identity(disk_path(path)) for path in inputs} - {None}
    folders = [path for path in inputs if place_of(path).is_zarr]
    for name in results:
        path = disk_path(name)
        check_name(path)
        if _identity(path) in known or any(holds(folder, path) for folder in folders):
            raise OutputError(f"{path}: expected a result beside its input, got the input itself; choose another place")
        if is_folder_image(path):
            check_free_place(path, overwrite=overwrite, advice=advice)
        elif path.is_dir():
            raise OutputError(f"{path}: expected a file to write, got a folder; name a file in it")
    paths = [disk_path(path) for path in results]
    existing = [] if overwrite else [path for path in paths if os.path.lexists(path)]
    if existing:
        more = f" (and {len(existing) - 1} more)" if len(existing) > 1 else ""
        raise OutputError(f"{existing[0]}{more}: expected a new name, got an existing file; {advice}")
    for folder in {path.parent for path in paths}:
        _check_writable(folder)


def names_image(out: str) -> bool:
    """Whether what was typed means a file rather than a folder.

    Raises:
        OutputError: If `out` may be a file or a folder.
    """
    from pinsharp.images.codec import SUFFIXES
    from pinsharp.images.files import written_suffixes

    place, path = place_of(out), disk_path(out)
    if place.is_zarr:  # an existing one is a folder, and one image all the same
        return True
    if path.is_dir() or out.endswith(("/", os.sep)) or not path.suffix:
        return False
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"{out}: expected a folder or a name that ends in {written_suffixes()}, or as its input does, "
            f"got {path.suffix}; write {out}/ if it is a folder"
        )
    return True


def _folder(out: str) -> Path:
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{out}: expected a folder, got a file; choose another name")
    return folder


def _check_writable(folder: Path) -> None:
    """Ask the folder, or the one in which it will be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise OutputError(f"{folder}: expected a folder for the results, got a file; choose another name")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: expected a folder that can be written, got {unwritable(folder)}; choose another")


def _identity(path: Path) -> tuple[int, int] | None:
    """What a file is, whatever its name: links to it are the same; None if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
