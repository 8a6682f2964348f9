"""The table of images in practice: a line a situation, its strengths in CSV and JSON, and all of them together."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from pinsharp.bench.robust.catalogue import SITUATIONS
from pinsharp.bench.robust.records import Answer, RobustRecords
from pinsharp.bench.show.typeset import Cell, Column, Group, Table

ALL = "all"
_MOST_NAMED = 12  # strengths of situations

_COLUMNS = (
    *(Column("model"), Column("kind"), Column("situation", "situation"), Column("images", "images", 0)),
    *(Column("right", "right, %", 0, factor=100), Column("silent", "silently wrong, %", 0, factor=100)),
    *(
        Column("width_right", "width right, %", 0, factor=100),
        Column("verdict_right", "verdict right, %", 0, factor=100),
    ),
    *(Column("width_error", "width error, %", 1, factor=100), Column("coverage", "covered, %", 0, factor=100)),
    *(Column("worst_change", "worst change, dB", 2, signed=True), Column("verdicts", "verdicts"), Column("failed")),
    Column("worst"),
)
_NOTES = (
    "Right: the width is off by at most 15 %, or lies in a 90 % interval whose ends differ by a factor of at most 2; "
    "the verdict is one of those that fit the situation; and the result loses at most 0.3 dB against the image. Where "
    "a fitting verdict claims no width, none is asked for.",
    "Silently wrong: the width is wrong or the result worse, while the verdict is restorable, or the model gives none, "
    "the result is not called doubtful and the width not uncertain. Width error: median over images with one true "
    "width. Covered: how often the 90 % interval holds it. Worst change: of PSNR, over the images that were restored.",
)


def robust_table(records: RobustRecords) -> Table:
    """Count what is right, by model and situation."""
    groups, silences = [], []
    for row in dict.fromkeys(each.row for each in records.figures):
        own = [each for each in records.figures if each.row == row]
        lines = [_line(name, part) for name, part in by_situation(own).items()]
        photographs = len({each.image_sha256 for each in own})
        title = f"{row}: {len(own)} images of {photographs} photograph{'' if photographs == 1 else 's'}"
        groups.append(Group(title, [*lines, _line(ALL, own)], {"model": row}, {}))
        silences += _silences(row, own)
    return Table("robust", _COLUMNS, tuple(groups), (*_NOTES, *silences))


def by_situation(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Answers by situation, in the order of the catalogue."""
    found: dict[str, list[Answer]] = {name: [] for name in SITUATIONS}
    for each in answers:
        found.setdefault(each.situation, []).append(each)
    return {name: part for name, part in found.items() if part}


def _silences(row: str, answers: Sequence[Answer]) -> list[str]:
    """Say in one sentence in which strengths a model is silently wrong most often."""
    every = Counter((each.situation, each.strength) for each in answers)
    silent = Counter((each.situation, each.strength) for each in answers if each.standing == "silent")
    worst = sorted(silent, key=lambda place: (-silent[place] / every[place], *place))[:_MOST_NAMED]
    words = (f"{place[0]} ({place[1]}) {silent[place]} of {every[place]}" for place in worst)
    return [f"{row} is silently wrong most often in: {', '.join(words)}."] if worst else []


def _line(name: str, answers: Sequence[Answer]) -> dict[str, Cell]:
    done = [each for each in answers if each.is_done]
    errors = [abs(each.error) for each in done if each.error is not None and each.least == each.most]
    covered = [each.is_covered for each in done if each.is_covered is not None]
    changed = [each for each in done if each.change is not None]
    worst = min(changed, key=lambda each: each.change or 0, default=None)
    return {
        "situation": name,
        "kind": SITUATIONS[name].kind if name in SITUATIONS else None,
        "images": len(answers),
        "right": _share([each.standing == "right" for each in answers]),
        "silent": _share([each.standing == "silent" for each in answers]),
        "width_right": _share([each.is_done and each.is_width_right for each in answers]),
        "verdict_right": _share([each.is_done and each.is_verdict_right for each in answers]),
        "width_error": median(errors) if errors else None,
        "coverage": _share(covered),
        "worst_change": None if worst is None else worst.change,
        "worst": None if worst is None else worst.place,
        "verdicts": _counted(done),
        "failed": len(answers) - len(done),
    }


def _share(truths: Sequence[bool | None]) -> float | None:
    return sum(map(bool, truths)) / len(truths) if truths else None


def _counted(answers: Sequence[Answer]) -> str | None:
    """Verdicts with how often each was given, the most frequent first."""
    said = [each.verdict or "none" for each in answers]
    counts = sorted(((said.count(verdict), verdict) for verdict in set(said)), key=lambda pair: (-pair[0], pair[1]))
    return ", ".join(f"{verdict} {count}" for count, verdict in counts) or None
