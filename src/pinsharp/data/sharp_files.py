"""Which files are the sharp images of a folder, or of a data set in the layout of DIV2K or GOPRO."""

from pathlib import Path

from pinsharp.errors import ConfigError
from pinsharp.images.discover import find_images

DIV2K_SPLITS = {"train": "DIV2K_train_HR", "valid": "DIV2K_valid_HR"}
"""Folders of the DIV2K data set, by the name of the split."""

GOPRO_SPLITS = ("train", "test")
"""Folders of the GOPRO data set; each holds SEQUENCE/sharp/*.png."""


def find_sharp_images(root: str | Path, *, split: str | None = None) -> list[Path]:
    """List the sharp images of a data set, in the order of their names.

    Args:
        root: Folder of the DIV2K data set (holding DIV2K_train_HR, DIV2K_valid_HR or both), of GOPRO (holding
            train|test/SEQUENCE/sharp), one of GOPRO's splits, any folder of images, or one image.
        split: `train` or `valid` for DIV2K, `train` or `test` for GOPRO. Needed only where both are there.

    Raises:
        ConfigError: If the split is missing although there are two, or the data set has no such split.
        ImageError: If there is no image.
    """
    folder = Path(root)
    splits = _splits(folder)
    if split is None and len(splits) > 1:
        first = next(iter(splits.values()))
        raise ConfigError(f"{folder} holds the splits {' and '.join(splits)}; choose one, or name its folder: {first}")
    if split is not None and split not in splits:
        there = f"it holds {' and '.join(splits)}" if splits else "it is no DIV2K or GOPRO folder"
        raise ConfigError(f"{folder} has no split {split!r}: {there}")
    if splits:
        folder = splits[split] if split is not None else next(iter(splits.values()))
    sequences = sorted(folder.glob("*/sharp")) if folder.is_dir() else []
    return find_images(sequences or [folder])


def _splits(folder: Path) -> dict[str, Path]:
    """Splits that are there, by name, if the folder has the layout of DIV2K or GOPRO."""
    div2k = {name: folder / sub for name, sub in DIV2K_SPLITS.items() if (folder / sub).is_dir()}
    gopro = {name: folder / name for name in GOPRO_SPLITS if any(folder.glob(f"{name}/*/sharp"))}
    return div2k or gopro
