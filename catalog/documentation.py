"""Documentation in files: CSV, JSON, dbt and Markdown out; CSV, JSON and dbt in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import ColumnistError, UsageError
from catalog.objects import Table, TableId, Target, column_of, make_target, table_of

CSV_HEADER = ["schema", "table", "column", "description"]


@dataclass(frozen=True, slots=True)
class Description:
    """One description in a file."""

    target: Target
    """The table or column. Its schema is empty where the file names none."""
    text: str
    """The description, never empty."""


# Writing


def to_csv(descriptions: Iterable[Description]) -> str:
    """RFC 4180, UTF-8: `schema,table,column,description`; column empty for a table."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for each in descriptions:
        table = table_of(each.target)
        column = column_of(each.target)
        writer.writerow([table.schema, table.name, column or "", each.text])
    return buffer.getvalue()


def to_json(descriptions: Iterable[Description]) -> str:
    """An array of tables, each with its description and its described columns."""
    tables: list[dict[str, Any]] = []
    for table_id, of_table in _by_table(descriptions):
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


def to_dbt(descriptions: Iterable[Description]) -> str:
    """A dbt `schema.yml` with every schema as a source."""
    from ruamel.yaml import YAML

    sources: dict[str, dict[str, Any]] = {}
    for table_id, of_table in _by_table(descriptions):
        source = sources.setdefault(
            table_id.schema, {"name": table_id.schema, "tables": []}
        )
        entry: dict[str, Any] = {"name": table_id.name}
        columns: list[dict[str, str]] = []
        for each in of_table:
            column = column_of(each.target)
            if column is None:
                entry["description"] = each.text
            else:
                columns.append({"name": column, "description": each.text})
        if columns:
            entry["columns"] = columns
        source["tables"].append(entry)
    yaml: Any = YAML()  # ruamel has no complete types
    yaml.default_flow_style = False
    yaml.width = 4096  # folded lines would not come back as they were
    buffer = io.StringIO()
    yaml.dump({"version": 2, "sources": list(sources.values())}, buffer)
    return buffer.getvalue()


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


def read_file(path: Path) -> list[Description]:
    """Descriptions from a CSV, JSON or dbt file, told apart by the file's ending.

    Raises:
        UsageError: there is no such file, or it is none of the three.
        ColumnistError: it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8."
        ) from error
    except OSError as error:
        raise ColumnistError(f"Cannot read {path}: {error.strerror}.") from error
    readers = {".csv": from_csv, ".json": from_json, ".yml": from_dbt}
    readers[".yaml"] = from_dbt
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(
            f"Cannot tell the format of {path}.",
            "It has to end in .csv, .json, .yml or .yaml.",
        )
    found = reader(text)
    for each in found:
        if any("\ud800" <= c <= "\udfff" for c in f"{each.target}{each.text}"):
            raise UsageError(f"{path} holds half a character (a lone surrogate).")
    return found


def from_csv(text: str) -> list[Description]:
    """The inverse of `to_csv`; lines without a description are left out."""
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(rows, None)
        if header is None or [name.strip().lower() for name in header] != CSV_HEADER:
            raise UsageError(
                "The CSV file has another header.",
                "Its first line has to be: schema,table,column,description",
            )
        found: list[Description] = []
        for row in rows:
            if not row:
                continue
            if len(row) != len(CSV_HEADER):
                raise UsageError(
                    f"Line {rows.line_num} of the CSV file has {len(row)} fields,"
                    f" not {len(CSV_HEADER)}."
                )
            schema, table, column, description = row
            if description:
                target = make_target(schema, table, column or None)
                found.append(Description(target, description))
        return found
    except csv.Error as error:
        raise UsageError(f"Line {rows.line_num} of the CSV file: {error}.") from error


def from_json(text: str) -> list[Description]:
    """The inverse of `to_json`."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The file is not JSON: {error}.") from error
    found: list[Description] = []
    for entry in _list(document, "an array of tables"):
        item = _mapping(entry)
        table = TableId(_text(item.get("schema")), _text(item.get("table")))
        found += _entry(table, item)
    return found


def from_dbt(text: str) -> list[Description]:
    """Descriptions of a dbt file's sources, models, seeds and snapshots."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        yaml: Any = YAML(typ="safe", pure=True)  # ruamel has no complete types
        document: Any = yaml.load(text)
    except YAMLError as error:
        raise UsageError(f"The file is not YAML: {error}.") from error
    found: list[Description] = []
    top = _mapping(document)
    for source in _list(top.get("sources") or [], "a list of sources"):
        item = _mapping(source)
        schema = _text(item.get("schema") or item.get("name"))
        for table in _list(item.get("tables") or [], "a list of tables"):
            entry = _mapping(table)
            name = _text(entry.get("identifier") or entry.get("name"))
            found += _entry(TableId(schema, name), entry)
    for key in ("models", "seeds", "snapshots"):
        for model in _list(top.get(key) or [], f"a list of {key}"):
            entry = _mapping(model)
            config = _mapping(entry.get("config") or {})
            schema = _text(config.get("schema"))
            found += _entry(TableId(schema, _text(entry.get("name"))), entry)
    return found


def match(
    descriptions: Iterable[Description], tables: Iterable[Table]
) -> tuple[list[Description], list[Target]]:
    """Put descriptions on the targets of a catalog.

    Where a file names no schema, a table name that exists in one schema only is enough.

    Returns:
        Descriptions of targets that exist, and the targets that do not.
    """
    targets: set[Target] = set()
    by_name: dict[str, list[str]] = {}
    for table in tables:
        targets.update(table.targets())
        by_name.setdefault(table.id.name, []).append(table.id.schema)
    known: list[Description] = []
    unknown: list[Target] = []
    for each in descriptions:
        target = each.target
        table_id = table_of(target)
        if not table_id.schema and len(by_name.get(table_id.name, [])) == 1:
            schema = by_name[table_id.name][0]
            target = make_target(schema, table_id.name, column_of(target))
        if target in targets:
            known.append(Description(target, each.text))
        else:
            unknown.append(target)
    return known, unknown


def _by_table(
    descriptions: Iterable[Description],
) -> list[tuple[TableId, list[Description]]]:
    tables: dict[TableId, list[Description]] = {}
    for each in descriptions:
        tables.setdefault(table_of(each.target), []).append(each)
    return list(tables.items())


def _entry(table: TableId, entry: dict[str, Any]) -> list[Description]:
    found: list[Description] = []
    if description := _text(entry.get("description")):
        found.append(Description(table, description))
    for column in _list(entry.get("columns") or [], "a list of columns"):
        item = _mapping(column)
        if description := _text(item.get("description")):
            name = _text(item.get("name"))
            target = make_target(table.schema, table.name, name)
            found.append(Description(target, description))
    return found


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(f"The file has something else where {what} belongs.")
    return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # checked above, items later


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError("The file has something else where a mapping belongs.")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # checked above, values later


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _markdown(text: str) -> str:
    """Text that cannot be anything but text in a Markdown table."""
    line = " ".join(text.split())
    for character in "\\`*_{}[]<>#|":
        line = line.replace(character, "\\" + character)
    return line
