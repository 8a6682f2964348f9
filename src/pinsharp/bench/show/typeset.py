"""A table of figures, and how it is written: Markdown to read, CSV to compute with, LaTeX to print, JSON for programs.

Markdown and LaTeX round; CSV and JSON keep every digit. LaTeX needs the package booktabs.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Cell = str | float | int | None

MARK = "†"  # stands behind the name of a row whose figures are not over all images and kernels
ABSENT = "-"  # what Markdown shows where there is no figure
_INFINITE = "∞"

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "†": r"\textdagger{}",
    "±": r"$\pm$",
    "∞": r"$\infty$",
}


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str  # its name in CSV and JSON
    heading: str | None = None  # what Markdown and LaTeX print above it; None leaves the column to CSV and JSON
    digits: int | None = None  # decimals of a number; None for text and for whole numbers
    factor: float = 1.0  # of a printed number, such as 100 for per cent; CSV and JSON keep the figure
    signed: bool = False  # print a plus before what is positive
    # Print behind the figure the interval from KEY_low to KEY_high: columns of their own, without a heading.
    has_interval: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers, which stand to the right."""
        return self.digits is not None


@dataclass(frozen=True)
class Group:
    """Rows that may be compared with one another: those of one test set under one protocol."""

    title: str  # what the rows have in common
    rows: Sequence[Mapping[str, Any]]  # the others, by key; a column that a row leaves out is absent
    shared: Mapping[str, Cell]  # values of columns that are the same in all rows, by key
    marks: Mapping[int, str]  # what to print behind the first cell of a row, by its number


@dataclass(frozen=True)
class Table:
    """Columns, groups of rows, and notes below."""

    name: str  # what its files are called
    columns: tuple[Column, ...]  # from left to right; the first printed one names the row
    groups: tuple[Group, ...]
    notes: tuple[str, ...] = ()  # sentences that stand below the table

    @property
    def printed(self) -> list[Column]:
        """Columns that Markdown and LaTeX show."""
        return [column for column in self.columns if column.heading is not None]

    def printed_rows(self, group: Group) -> list[list[str]]:
        """Cells of a group as Markdown shows them, the mark of a row behind its first cell."""
        rows = [[_with_interval(column, row) for column in self.printed] for row in group.rows]
        for number, mark in group.marks.items():
            rows[number][0] += f" {mark}"
        return rows

    def plain_rows(self, group: Group) -> list[dict[str, Cell]]:
        """Cells of a group with all digits, by key; JSON and CSV know no infinity, so that it becomes None."""
        rows = ({**group.shared, **row} for row in group.rows)
        return [{column.key: _finite(row.get(column.key)) for column in self.columns} for row in rows]


def markdown(table: Table) -> str:
    """Write a table as Markdown: one table a group, its title in bold above it."""
    blocks = []
    for group in table.groups:
        head = [_in_markdown(column.heading or "") for column in table.printed]
        rule = ["---:" if column.is_number else "---" for column in table.printed]
        lines = [f"| {' | '.join(_in_markdown(cell) for cell in row)} |" for row in table.printed_rows(group)]
        top = [f"| {' | '.join(head)} |", f"| {' | '.join(rule)} |"]
        blocks.append("\n".join([f"**{_in_markdown(group.title)}**", "", *top, *lines]))
    return "\n\n".join([*blocks, *table.notes]) + "\n"


def comma_separated(table: Table) -> str:
    """Write all groups of a table as one CSV, every row complete in itself, absent figures empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.key for column in table.columns], lineterminator="\n")
    writer.writeheader()
    for group in table.groups:
        writer.writerows(table.plain_rows(group))
    return text.getvalue()


def latex(table: Table) -> str:
    r"""Write a table as a LaTeX tabular to be taken in by \input: needs the package booktabs."""
    columns = table.printed
    head = " & ".join(_in_latex(column.heading or "") for column in columns)
    lines = [r"% needs \usepackage{booktabs}"]
    lines.append(rf"\begin{{tabular}}{{{''.join('r' if column.is_number else 'l' for column in columns)}}}")
    lines += [r"\toprule", rf"{head} \\"]
    for group in table.groups:
        title = _in_latex(group.title)
        lines += [r"\midrule", rf"\multicolumn{{{len(columns)}}}{{l}}{{\emph{{{title}}}}} \\", r"\addlinespace"]
        lines += [" & ".join(_in_latex(cell) for cell in row) + r" \\" for row in table.printed_rows(group)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\smallskip{{\footnotesize {_in_latex(note)}\par}}" for note in table.notes]
    return "\n".join(lines) + "\n"


def document(table: Table) -> dict[str, Any]:
    """Turn a table into plain values for JSON."""
    groups = [{"title": group.title, **group.shared, "rows": _own(table, group)} for group in table.groups]
    return {"table": table.name, "groups": groups, "notes": list(table.notes)}


WRITERS: dict[str, Callable[[Table], str]] = {
    ".md": markdown,
    ".csv": comma_separated,
    ".tex": latex,
    ".json": lambda table: json.dumps(document(table), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
}
"""How a table is written, by the suffix of the file."""


def _own(table: Table, group: Group) -> list[dict[str, Cell]]:
    rows = table.plain_rows(group)
    return [{key: value for key, value in row.items() if key not in group.shared} for row in rows]


def _with_interval(column: Column, row: Mapping[str, Cell]) -> str:
    """A figure in words, with its interval if it has one."""
    shown = _shown(column, row.get(column.key))
    ends = [row.get(f"{column.key}_{end}") for end in ("low", "high")]
    if not column.has_interval or None in ends:
        return shown
    low, high = (_shown(column, end) for end in ends)
    return f"{shown} ({low} to {high})"


def _shown(column: Column, value: Cell) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, str) or column.digits is None:
        return str(value)
    if math.isinf(value):
        return _INFINITE if value > 0 else f"-{_INFINITE}"
    figure = round(value * column.factor, column.digits) + 0.0  # no minus before a zero
    return f"{figure:+.{column.digits}f}" if column.signed else f"{figure:.{column.digits}f}"


def _finite(value: Cell) -> Cell:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _in_markdown(text: str) -> str:
    """Text of a cell whose bars and stars mean themselves."""
    return "".join("\\" + letter if letter in "\\|*`<" else letter for letter in text)


def _in_latex(text: str) -> str:
    return "--" if text == ABSENT else "".join(_LATEX.get(letter, letter) for letter in text)
