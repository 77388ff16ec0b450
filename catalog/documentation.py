"""Documentation in files: CSV, JSON, dbt and Markdown out; CSV, JSON and dbt in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from catalog.csv_file import (
    DELIMITERS,
    BrokenCsv,
    csv_text,
    decode,
    delimiter_of,
    read_records,
)
from catalog.dbt import from_dbt, from_manifest, is_manifest
from catalog.dbt_project import Project, find
from catalog.description import (
    Contents,
    Description,
    LeftOut,
    by_table,
    kind_of,
    list_in,
    mapping_in,
    name_of,
    text_in,
)
from catalog.errors import UsageError
from catalog.files import reading
from catalog.objects import Table, TableId, Target, column_of, make_target, table_of

CSV_HEADER = ["schema", "table", "column", "description"]


# Writing


def to_csv(descriptions: Iterable[Description]) -> str:
    """RFC 4180, UTF-8: `schema,table,column,description`; column empty for a table."""
    rows = (
        [*table_of(each.target), column_of(each.target) or "", each.text]
        for each in descriptions
    )
    return csv_text([CSV_HEADER, *rows])


def to_json(descriptions: Iterable[Description]) -> str:
    """An array of tables, each with its description and its described columns."""
    tables: list[dict[str, Any]] = []
    for table_id, of_table in by_table(descriptions).items():
        entry: dict[str, Any] = {
            "schema": table_id.schema,
            "table": table_id.name,
            "description": None,
            "columns": [],
        }
        for each in of_table:
            column = column_of(each.target)
            if column is None:
                entry["description"] = each.text
            else:
                entry["columns"].append({"name": column, "description": each.text})
        tables.append(entry)
    return json.dumps(tables, indent=2, ensure_ascii=False) + "\n"


def to_markdown(tables: Sequence[Table], descriptions: Iterable[Description]) -> str:
    """A data dictionary for people: a heading a table, a line a column."""
    texts = {each.target: each.text for each in descriptions}
    parts: list[str] = []
    schema: str | None = None
    for table in tables:
        if table.id.schema != schema:
            schema = table.id.schema
            parts.append(f"# {_markdown(schema)}\n")
        parts.append(f"## {_markdown(table.id.name)}\n")
        if table.id in texts:
            parts.append(_markdown(texts[table.id]) + "\n")
        lines = ["| column | type | description |", "|---|---|---|"]
        for column in table.columns:
            text = _markdown(texts.get(column.id, ""))
            lines.append(f"| {_markdown(column.name)} | {_markdown(column.type)} |")
            lines[-1] += f" {text} |"
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


# Reading


def read_file(path: Path, *, project: Path | None = None) -> Contents:
    """Descriptions from a CSV, JSON or dbt file, told apart by the file's ending.

    Args:
        path: the file.
        project: the dbt project that a dbt file refers to; by default the one whose
            folder it is in.

    Raises:
        UsageError: there is no such file, or it is none of the three.
        ColumnistError: it cannot be read.
    """
    with reading(path):
        data = path.read_bytes()
    try:
        text = decode(data)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8."
        ) from error
    match path.suffix.lower():
        case ".csv" | ".tsv":
            found = from_csv(text)
        case ".json":
            found = from_json(text)
        case ".yml" | ".yaml":
            files = Project(project or find(path))
            found = from_dbt(text, file=str(path), project=files)
        case _:
            raise UsageError(
                f"Cannot tell the format of {path}.",
                "It has to end in .csv, .tsv, .json, .yml or .yaml.",
            )
    for each in found.descriptions:
        if any("\ud800" <= c <= "\udfff" for c in f"{each.target}{each.text}"):
            raise UsageError(f"{path} holds half a character (a lone surrogate).")
    return found


def from_csv(text: str) -> Contents:
    """The inverse of `to_csv`; lines without a description are left out.

    Semicolons and tabs are taken too, and columns in another order or besides ours.
    """
    delimiter = delimiter_of(text)
    rows = read_records(text, delimiter=delimiter)
    found = Contents()
    try:
        head = next(rows, None)
        names = [name.strip().lower() for name in head.fields] if head else []
        if missing := [name for name in CSV_HEADER if names.count(name) != 1]:
            raise UsageError(
                f"The CSV file has another header: it lacks {' and '.join(missing)}.",
                "Its first line has to be: schema,table,column,description",
            )
        if delimiter != ",":
            found.remarks.append(f"It is separated by {DELIMITERS[delimiter]}.")
        if others := [name for name in names if name not in (*CSV_HEADER, "")]:
            found.remarks.append(f"Not read: the columns {', '.join(others)}.")
        places = [names.index(name) for name in CSV_HEADER]
        for row in rows:
            if not row.fields:
                continue
            if len(row.fields) != len(names):
                raise UsageError(
                    f"Line {row.line} of the CSV file has {len(row.fields)} fields,"
                    f" not {len(names)}.",
                    "A text with the delimiter in it is written in quotes.",
                )
            schema, table, column, description = (row.fields[n] for n in places)
            target = make_target(schema, table, column or None)
            if "\n" + delimiter.join((*row.fields[:2], "")) in description:
                reason = "a line of it begins like a row: is its quote, of line"
                found.left_out.append(
                    LeftOut(name_of(target), f"{reason} {row.line}, closed?")
                )
            elif description:
                found.descriptions.append(Description(target, description))
    except BrokenCsv as error:
        raise UsageError(
            f"Line {error.line} of the CSV file: {error.reason}.",
            "Two quotes stand for one in a quoted text.",
        ) from error
    return found


def from_json(text: str) -> Contents:
    """The inverse of `to_json`; a dbt manifest is taken too."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The file is not JSON: {error}.") from error
    if is_manifest(document):
        return from_manifest(document)
    found = Contents()
    for entry in list_in(document, "an array of tables"):
        item = mapping_in(entry)
        table = TableId(text_in(item.get("schema")), text_in(item.get("table")))
        _add(found, table, item.get("description"))
        for column in list_in(item.get("columns") or [], "a list of columns"):
            of_column = mapping_in(column)
            target = make_target(*table, text_in(of_column.get("name")))
            _add(found, target, of_column.get("description"))
    return found


def _add(found: Contents, target: Target, value: object) -> None:
    if isinstance(value, str) and value:
        found.descriptions.append(Description(target, value))
    elif value not in (None, ""):
        reason = f"its description is {kind_of(value)}, not a text"
        found.left_out.append(LeftOut(name_of(target), reason))


def _markdown(text: str) -> str:
    """Text that cannot be anything but text in a Markdown table."""
    line = " ".join(text.split())
    for character in "\\`*_{}[]<>#|":
        line = line.replace(character, "\\" + character)
    return line
