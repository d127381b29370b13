"""One HTML page that needs nothing else: pictures are inside it, and it fetches nothing."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

__all__ = ["Picture", "Section", "Table", "as_csv", "as_json", "as_page"]


@dataclass(frozen=True)
class Table:
    """Rows under heads; numbers are shown with four digits and saved in full."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Picture:
    """A PNG, what it shows in words for those who cannot see it, and paragraphs to stand before it.

    Off the page is a picture of what the page has as a table.
    """

    png: bytes
    alt: str
    text: Sequence[str] = ()
    on_page: bool = True


@dataclass(frozen=True)
class Section:
    """One thing to be told.

    Attributes
    ----------
    name : str
        Of its files.
    title : str
    text : sequence of str
        Paragraphs, plain text.
    pictures : mapping of str to Picture
        By the name of the file without suffix.
    table : Table, optional
        Shown below the pictures.
    data : mapping of str to Table
        Not shown, but saved.
    numbers : mapping
        What a program would want to know: numbers, texts, lists and mappings of these.
    """

    name: str
    title: str
    text: Sequence[str]
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    table: Table | None = None
    data: Mapping[str, Table] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem; } h2 { font-size: 1.2rem; margin-top: 2.6rem; border-top: 1px solid #ddd; padding-top: .8rem; }
p { max-width: 48rem; } figure { margin: 1rem 0; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .85rem; } th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
th { white-space: nowrap; border-bottom: 1px solid #888; } tr:nth-child(even) td { background: #f6f6f6; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } .note { color: #555; font-size: .9rem; } nav a { margin-right: 1rem; }
"""  # noqa: E501


def as_page(title: str, lead: Sequence[str], sections: Iterable[Section], foot: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title : str
    lead : sequence of str
        Paragraphs before the first section.
    sections : iterable of Section
    foot : str
        The last line.
    """
    sections = list(sections)
    links = "".join(f'<a href="#{escape(s.name)}">{escape(s.title)}</a> ' for s in sections)
    body = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(text)}</p>" for text in lead), f"<nav>{links}</nav>"]
    body += [_section(section) for section in sections]
    body.append(f'<p class="note">{escape(foot)}</p>')
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f'<h2 id="{escape(section.name)}">{escape(section.title)}</h2>']
    parts += [f"<p>{escape(text)}</p>" for text in section.text]
    for picture in (picture for picture in section.pictures.values() if picture.on_page):
        parts += [f"<p>{escape(text)}</p>" for text in picture.text]
        data = base64.b64encode(picture.png).decode("ascii")
        parts.append(f'<figure><img alt="{escape(picture.alt)}" src="data:image/png;base64,{data}"></figure>')
    if section.table is not None:
        parts.append(f'<div class="wide">{_table(section.table)}</div>')
    return "\n".join(parts)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.head)
    rows = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>\n" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table>"


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="number">{escape(_shown(value))}</td>'


def _shown(value: Any) -> str:
    """Return a number as people read it; a dash for one that is not known."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if math.isfinite(value) else "-"


def as_csv(table: Table) -> bytes:
    """Return a table as CSV, with every digit; what is not known is an empty cell."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.head)
    for row in table.rows:
        writer.writerow(["" if isinstance(x, float) and not math.isfinite(x) else x for x in row])
    return file.getvalue().encode("utf-8")


def as_json(value: Any) -> bytes:
    """Return numbers as JSON; what is not finite is null, as JSON has no word for it."""
    return (json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _finite(value: Any) -> Any:
    """Return plain Python values: arrays as lists, and None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
