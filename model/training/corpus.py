"""Corpora of documented schemas, one JSON object a line, in the catalog's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.objects import Column, ColumnId, ForeignKey, Table, TableId, TableKind


def table_of_record(record: Mapping[str, Any]) -> Table:
    """The record's table without any comment; references become foreign keys."""
    table_id = TableId(record.get("schema") or "", record["table"])
    columns = tuple(
        Column(
            ColumnId(table_id, column["name"]), position, str(column.get("type") or "")
        )
        for position, column in enumerate(record["columns"], 1)
    )
    keys = tuple(
        ForeignKey((column["name"],), TableId("", there[0]), tuple(there[1:2]))
        for column in record["columns"]
        if (there := str(column.get("references") or "").split("."))[0]
    )
    primary = tuple(name for name in record.get("primary_key") or () if name)
    return Table(table_id, TableKind.TABLE, columns, primary, keys)


def codes_of_record(record: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Code lists by column name."""
    return {
        column["name"]: tuple(map(str, column["enum"]))
        for column in record["columns"]
        if isinstance(column.get("enum"), list) and column["enum"]
    }
