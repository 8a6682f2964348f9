"""Methods on real defocus: a focus series, every level restored and compared with the sharpest one.

Nothing is known about the true blur of a real image, but a second image of the scene in focus is there. It is brought
to each level (`registration`: shift, magnification, gain and offset, fitted to the image before restoration), and
stands for what a perfect restoration would give: PSNR of the image and of every restoration against the same pixels.
The sharp level has noise of its own and is interpolated, which bounds every PSNR, before and after alike. Where depth
differs within the scene, no single kernel restores it, and all figures are of mixtures.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from pinsharp.bench.engine.provenance import provenance
from pinsharp.bench.engine.record_file import RecordFile, as_record
from pinsharp.bench.quality.contenders import BLURRED, describe
from pinsharp.bench.quality.judge import image_hashes
from pinsharp.bench.quality.records import are_current
from pinsharp.bench.quality.tasks import LONGEST_REASON, one_line
from pinsharp.bench.real.records import LEVEL, Key, LevelFigures, SeriesRecords, load_series
from pinsharp.bench.real.registration import BORDER, Plane
from pinsharp.bench.real.scene import Scene, as_tensor, judge, set_scene
from pinsharp.bench.real.series import CROP, Level, brightness, choose_reference, find_series, read_middle
from pinsharp.bench.show.sheet import Box, most_damaged
from pinsharp.errors import ConfigError, OutputError, PinsharpError
from pinsharp.images.files import write_image
from pinsharp.restoration.restorer import Restorer

DETAILS = "details"
"""Folder in that of the results with what the picture shows: the same place at every level."""

SHARP = "sharp"
"""What the file of the registered sharp level is called among the details."""

_ID_DIGITS = 12
_VERSION = 1  # of what the figures mean: another one, and all are measured anew
_DETAIL_BLUR = 2.0  # pixels; what such a blur hurts most of the sharp level is shown


@dataclass(frozen=True)
class Attempt:
    """A method that restores every level so many times.

    Args:
        row: Its name.
        passes: How many times.
        restorer: The loaded method; None leaves the image as it was taken.
        about: What it is, as plain values for records.
    """

    row: str
    passes: int
    restorer: Restorer | None
    about: dict[str, Any]


@dataclass(frozen=True)
class Series:
    """What is to be measured.

    Args:
        folder: Where the results go.
        levels: All levels, the sharpest first.
        hashes: SHA-256 of the file of each.
        reference: The level that stands for the sharp image.
        attempts: What restores every level, the image as it was taken first.
        estimator: What measures the width in every image, taken or restored: one ruler for all rows.
        crop: Side in pixels of the part in the middle that is judged.
        detail: What the picture shows, in pixels of that part of the sharp level.
        header: The first record.
        done: What is there already.
    """

    folder: Path
    levels: Sequence[Level]
    hashes: Sequence[str]
    reference: Level
    attempts: Sequence[Attempt]
    estimator: Restorer
    crop: int
    detail: Box
    header: dict[str, Any]
    done: set[Key]

    @property
    def id(self) -> str:
        """12 digits: the same for the same images, judged in the same way."""
        name: str = self.header["run"]
        return name

    def missing(self, sha256: str) -> list[Attempt]:
        """What of an image is still to be measured."""
        return [each for each in self.attempts if (each.row, each.passes, sha256) not in self.done]

    @property
    def to_do(self) -> int:
        """How many figures are to be measured."""
        return sum(len(self.missing(sha256)) for sha256 in self.hashes)


def attempts(names: Sequence[str], passes: Sequence[int], load: Callable[[str], Restorer]) -> list[Attempt]:
    """Make the rows: the image as it was taken, then every method with every number of passes.

    Args:
        names: Methods as `load_method` takes them; LABEL=METHOD names the row.
        passes: How many times to restore.
        load: Makes a restorer of a method's name.

    Raises:
        ConfigError: If a number of passes is below 1, or two methods have one name.
        PinsharpError: If a method is unknown or its weights are not there.
    """
    if not passes or min(passes) < 1:
        raise ConfigError(f"expected passes of at least 1, got {', '.join(map(str, passes)) or 'none'}")
    made = [Attempt(BLURRED, 0, None, describe(BLURRED))]
    for given in dict.fromkeys(names):
        label, equals, method = given.partition("=")
        row, name = (label, method) if equals and "/" not in label else (given, given)
        if row in {each.row for each in made}:
            raise ConfigError(f"expected one method for the row {row!r}, got two; name one with LABEL=METHOD")
        restorer = load(name)
        made += [Attempt(row, count, restorer, describe(name, restorer.method)) for count in dict.fromkeys(passes)]
    return made


def plan_series(
    data: Path,
    out: Path,
    rows: Sequence[Attempt],
    estimator: Restorer,
    *,
    reference: float | None = None,
    crop: int = CROP,
    detail: Box | None = None,
) -> Series:
    """Find out what of a series is to be measured.

    Args:
        data: Folder with the series.
        out: Folder with the results so far; it need not exist.
        rows: From `attempts`.
        estimator: What measures widths.
        reference: Number of the level that stands for the sharp image; None for the one nearest to 0.
        crop: Side in pixels of the part in the middle that is judged.
        detail: What the picture shows; None for what a blur would hurt most of the sharp level.

    Raises:
        ConfigError: If the folder holds no series, the estimator cannot measure, the detail lies outside.
        ImageError: If an image cannot be read.
    """
    estimator.check_measurable()
    levels = find_series(data)
    sharp = choose_reference(levels, reference)
    hashes = image_hashes([level.path for level in levels])
    plane = brightness(read_middle(sharp.path, crop))
    box = detail or most_damaged(as_tensor(plane), as_tensor(gaussian_filter(plane, _DETAIL_BLUR)))
    if box.top + box.height > plane.shape[0] or box.left + box.width > plane.shape[1]:
        raise ConfigError(f"expected a detail inside the sharp level of {plane.shape[0]} x {plane.shape[1]} pixels")
    about: dict[str, Any] = {
        "version": _VERSION,
        "levels": {level.name: sha256 for level, sha256 in zip(levels, hashes, strict=True)},
        "reference": sharp.name,
        "crop": crop,
        "border": BORDER,
        "detail": [box.top, box.left, box.height, box.width],
        "estimator": describe(estimator.method.name, estimator.method),
    }
    about["estimator"].pop("device")
    run = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:_ID_DIGITS]
    methods = {row.row: row.about for row in rows}
    header = {"record": "series", "run": run, "set": data.resolve().name, "data": str(data), **about}
    header |= {"methods": methods, **provenance()}
    known = load_series(out, run)
    return Series(out, levels, hashes, sharp, rows, estimator, crop, box, header, _complete(known, methods, out, run))


def measure_series(series: Series, file: RecordFile) -> Iterator[LevelFigures]:
    """Measure what is missing; write each figure as soon as it is there, then yield it.

    Raises:
        OutputError: If a record or a detail cannot be written.
        ImageError: If the sharp level cannot be read.
    """
    if series.to_do or not are_current(load_series(series.folder, series.id).methods, series.header["methods"]):
        file.append(series.header)
    sharp = brightness(read_middle(series.reference.path, series.crop)) if series.to_do else np.zeros((0, 0))
    for level, sha256 in zip(series.levels, series.hashes, strict=True):
        missing = series.missing(sha256)
        for figures in _measure_level(series, level, sha256, sharp, missing) if missing else ():
            file.append(as_record(LEVEL, series.id, figures))
            yield figures


def detail_path(folder: Path, run: str, level: float, row: str, passes: int) -> Path:
    """Where the detail of a level is kept, as it was taken, restored, or sharp."""
    name = re.sub(r"[^\w.-]+", "-", row)
    return folder / DETAILS / f"{run}_{level:g}_{name}_{passes}.png"


def _complete(known: SeriesRecords, methods: Mapping[str, Mapping[str, Any]], out: Path, run: str) -> set[Key]:
    """What was measured, and whose detail is still there."""
    return {
        each.key for each in known.done(methods) if detail_path(out, run, each.level, each.row, each.passes).is_file()
    }


def _measure_level(
    series: Series, level: Level, sha256: str, sharp: Plane, missing: Sequence[Attempt]
) -> Iterator[LevelFigures]:
    """Figures of one level; whatever goes wrong with it becomes a failed one."""
    try:
        image = read_middle(level.path, series.crop)
        scene = set_scene(image, sharp, series.detail, is_reference=level == series.reference)
    except PinsharpError as error:
        yield from (_failed(level, sha256, each, error) for each in missing)
        return
    _keep(series, level, SHARP, 0, scene.sharp[scene.detail])
    for attempt in missing:
        try:
            figures = _measure(series, scene, attempt, level, sha256)
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001 - one image must not end the measuring of the others
            figures = _failed(level, sha256, attempt, error)
        yield figures


def _measure(series: Series, scene: Scene, attempt: Attempt, level: Level, sha256: str) -> LevelFigures:
    """Let a method restore a level, and compare what comes out with the sharp one."""
    image, made, seconds = scene.image, 0, None
    if attempt.restorer is not None:
        restored = attempt.restorer(scene.image, iterations=attempt.passes)
        image, made, seconds = restored.image, restored.iterations, restored.seconds
    judged = judge(scene, image, series.estimator)
    _keep(series, level, attempt.row, attempt.passes, brightness(image)[scene.detail])
    return LevelFigures(
        row=attempt.row,
        passes=attempt.passes,
        level=level.number,
        image=level.path.name,
        image_sha256=sha256,
        sigma=judged.blur.sigma,
        sigma_relative_std=judged.blur.sigma_relative_std,
        mse=judged.mse,
        psnr=judged.psnr,
        sharpness=judged.sharpness,
        reference_sharpness=judged.reference_sharpness,
        registration=scene.found,
        matching_least=min(scene.widths, default=None),
        matching_most=max(scene.widths, default=None),
        passes_made=made,
        seconds=seconds,
        megapixels=scene.image.shape[0] * scene.image.shape[1] / 1e6,
    )


def _keep(series: Series, level: Level, row: str, passes: int, detail: Plane) -> None:
    """Write what the picture shows of an image, in luma, 8 bits."""
    path = detail_path(series.folder, series.id, level.number, row, passes)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path.parent}: expected a folder for the details, got {error.strerror}") from None
    write_image(path, np.rint(np.clip(detail, 0, 1) * 255).astype(np.uint8), overwrite=True)


def _failed(level: Level, sha256: str, attempt: Attempt, reason: Exception) -> LevelFigures:
    return LevelFigures(
        attempt.row,
        attempt.passes,
        level.number,
        level.path.name,
        sha256,
        status="failed",
        reason=one_line(reason)[:LONGEST_REASON],
    )
