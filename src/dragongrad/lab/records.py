"""Tidy records: a row for each measurement, to a CSV file or to a table on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from html import escape
from pathlib import Path
from typing import Any


def write_csv(records: Sequence[Any], path: str | Path) -> None:
    """Write dataclass instances as a CSV file with a line of names; floats keep every digit.

    Raises
    ------
    OSError
        The file cannot be written.

    """
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([f.name for f in fields(records[0])])
        writer.writerows([_exact(value) for value in astuple(r)] for r in records)


def _exact(value: Any) -> Any:
    return repr(float(value)) if isinstance(value, float) else value


def rich_table(records: Sequence[Any], title: str, names: dict[str, str]) -> Any:
    """A `rich.table.Table` of some fields of dataclass instances.

    Parameters
    ----------
    records : sequence of dataclass instances
    title : str
    names : dict of str to str
        The head of a column for each field that is shown.

    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD)
    for name, head in names.items():
        words = any(isinstance(getattr(r, name), (str, bool)) for r in records)
        table.add_column(head, justify="left" if words else "right")
    for r in records:
        table.add_row(*[_brief(getattr(r, name)) for name in names])
    return table


def html_table(records: Sequence[Any], title: str, names: dict[str, str]) -> str:
    """Some fields of dataclass instances as an HTML table for a notebook; arguments as `rich_table`."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names.values())
    rows = ["".join(f"<td>{escape(_brief(getattr(r, name)))}</td>" for name in names) for r in records]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        '<div style="max-height: 32em; overflow: auto"><table style="white-space: nowrap">'
        f"<caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _brief(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "-" if value != value else f"{value:.3g}"
    return str(value)
