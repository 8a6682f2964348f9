"""The table of simulated cameras: a line a row and camera, and by how much the best classical method is behind."""

from collections.abc import Sequence
from statistics import mean, median

from pinsharp.bench.cameras.records import CameraFigures, CameraRecords
from pinsharp.bench.cameras.subjects import CAMERAS
from pinsharp.bench.show.typeset import Cell, Column, Group, Table

_COLUMNS = (
    Column("row", "row"),
    Column("images", "images", 0),
    Column("psnr", "PSNR, dB", 2),
    Column("gain", "gain, dB", 2, signed=True),
    Column("worst", "worst gain, dB", 2, signed=True),
    Column("margin", "over the best classical, dB", 2, signed=True),
    Column("width_error", "width error, %", 1, factor=100),
    Column("left_alone", "left alone, %", 0, factor=100),
    Column("failed"),
)
_NOTES = (
    "Means over images, in the true light, over the pixels that stem from the scene. The best classical method is that "
    "with the highest mean PSNR in its group; all of them are given the true kernel. Width error: median.",
)


def cameras_table(records: CameraRecords) -> Table:
    """Means by camera and process."""
    groups = []
    for name in dict.fromkeys(each.group for each in records.figures):
        own = [each for each in records.figures if each.group == name]
        rows = list(dict.fromkeys(each.row for each in own))
        parts = {row: [each for each in own if each.row == row] for row in rows}
        best = max((_psnr(parts[row]) for row in rows if records.methods[row]["kind"] == "classical"), default=None)
        kind = "camera" if name in CAMERAS else "process"
        lines = [_line(row, part, best) for row, part in parts.items()]
        groups.append(Group(f"{name} ({kind})", lines, {}, {}))
    return Table("cameras", _COLUMNS, tuple(groups), _NOTES)


def _psnr(figures: Sequence[CameraFigures]) -> float:
    return mean([each.psnr for each in figures if each.psnr is not None] or [float("-inf")])


def _line(row: str, figures: Sequence[CameraFigures], best: float | None) -> dict[str, Cell]:
    done = [each for each in figures if each.psnr is not None]
    gains = [each.gain for each in done if each.gain is not None]
    errors = [abs(each.used_width / each.true_width - 1) for each in done if each.used_width and each.true_width]
    is_blind = any(error > 0.01 for error in errors)
    return {
        "row": row,
        "images": len(figures),
        "psnr": _psnr(figures) if done else None,
        "gain": mean(gains) if gains else None,
        "worst": min(gains) if gains else None,
        "margin": _psnr(figures) - best if done and best is not None else None,
        "width_error": median(errors) if is_blind else None,
        "left_alone": mean([not each.is_restored for each in done]) if done else None,
        "failed": len(figures) - len(done),
    }
