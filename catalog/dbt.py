"""dbt's files: `schema.yml` in and out, and the `manifest.json` that dbt makes of it.

A description that refers to something is taken only where all of it is found. Tables
are looked for where dbt would put them: a schema of a model's own is appended to the
target's, which no file names, and what the user's variables decide is tried with its
default and then by the table's name alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from catalog import yaml_file
from catalog.dbt_project import Project
from catalog.description import (
    ANY,
    Contents,
    Description,
    LeftOut,
    TablePlace,
    kind_of,
    name_of,
)
from catalog.errors import UsageError
from catalog.jinja import Code, Piece, escape, is_template, pieces
from catalog.objects import TableId, make_target

MOST_UNKNOWN = 3
"""Most unknown parts of a schema's name that are looked for."""
NAMELESS = "it has no name"
RESOURCES = ("models", "seeds", "snapshots")


def to_dbt(tables: Iterable[tuple[TableId, list[Description]]]) -> str:
    """A `schema.yml` with every schema as a source, in which nothing is a template."""
    from ruamel.yaml import YAML

    sources: dict[str, dict[str, Any]] = {}
    for table_id, of_table in tables:
        source = sources.setdefault(
            table_id.schema, {"name": escape(table_id.schema), "tables": []}
        )
        entry: dict[str, Any] = {"name": escape(table_id.name)}
        columns: list[dict[str, str]] = []
        for each in of_table:
            if isinstance(each.target, TableId):
                entry["description"] = escape(each.text)
            else:
                name = escape(each.target.name)
                columns.append({"name": name, "description": escape(each.text)})
        if columns:
            entry["columns"] = columns
        source["tables"].append(entry)
    yaml: Any = YAML()  # ruamel has no complete types
    yaml.default_flow_style = False
    yaml.width = 4096  # folded lines would not come back as they were
    buffer = io.StringIO()
    yaml.dump({"version": 2, "sources": list(sources.values())}, buffer)
    return buffer.getvalue()


def from_dbt(
    text: str, *, project: Project | None = None, file: str = "The file"
) -> Contents:
    """Descriptions of a file's sources, models, seeds and snapshots.

    Args:
        text: the YAML.
        project: what its references are looked up in.
        file: what errors call it.
    """
    reader = _Reader(project or Project())
    top = _mapping(yaml_file.load(text, file=file))
    for source in _list(top.get("sources"), "a list of sources"):
        reader.source(_mapping(source))
    for key in RESOURCES:
        for resource in _list(top.get(key), f"a list of {key}"):
            reader.resource(_mapping(resource))
    return reader.found


def is_manifest(document: Any) -> bool:
    """Whether a JSON document is what dbt leaves in `target/manifest.json`."""
    return isinstance(document, dict) and {"nodes", "sources"} <= document.keys()


def from_manifest(document: dict[str, Any]) -> Contents:
    """Descriptions of a manifest, in which dbt has everything resolved."""
    reader = _Reader(None)
    for source in _mapping(document["sources"]).values():
        item = _mapping(source)
        reader.relation(item, item.get("identifier") or item.get("name"))
    for node in _mapping(document["nodes"]).values():
        item = _mapping(node)
        if f"{item.get('resource_type')}s" not in RESOURCES:
            continue  # a test, an analysis
        if _mapping(item.get("config")).get("materialized") != "ephemeral":
            reader.relation(item, item.get("alias") or item.get("name"))
    return reader.found


class _Reader:
    """Collects what one file describes.

    Args:
        project: answers templates; None where nothing is one.
    """

    def __init__(self, project: Project | None) -> None:
        self.found = Contents()
        self._project = project

    def source(self, item: dict[str, Any]) -> None:
        """All tables of a source."""
        wanted = item.get("schema") or item.get("name")
        parts = self._pieces(_text(wanted))
        schemas = [_pattern(parts)]
        if is_template(_text(wanted)):
            schemas.append(ANY)
        for each in _list(item.get("tables"), "a list of tables"):
            table = _mapping(each)
            identifier = table.get("identifier")
            names = self._name(identifier)
            if not names or is_template(_text(identifier)):
                names += self._name(table.get("name"))
            self._table(_known(parts), schemas, names, table)

    def resource(self, item: dict[str, Any]) -> None:
        """A model, seed or snapshot, in each of its versions."""
        config = _mapping(item.get("config"))
        wanted = config.get("target_schema") or config.get("schema")
        parts = self._pieces(_text(wanted))
        schema = _known(parts)
        schemas = [_pattern(parts)]
        if not config.get("target_schema") and wanted:
            schemas[0] = f"(?:.*_)?{schemas[0]}"
        if is_template(_text(wanted)):
            schemas.append(ANY)
        alias = self._name(config.get("alias")) or self._name(item.get("alias"))
        own = alias or self._name(item.get("name"))
        versions = [_mapping(v) for v in _list(item.get("versions"), "a list")]
        if not versions:
            self._table(schema, schemas, own, item)
        latest = item.get("latest_version") or max(
            (each.get("v") for each in versions), key=_numbers, default=None
        )
        for version in versions:
            number = version.get("v")
            names = self._name(_mapping(version.get("config")).get("alias")) or alias
            if not names:
                names = [f"{each}_v{_text(number).replace('.', '_')}" for each in own]
                if _text(number) == _text(latest):
                    names += own  # many point the bare name to it
            columns = list(_columns_of(item, version))
            self._table(
                schema,
                schemas,
                names,
                {
                    "description": version.get("description")
                    or item.get("description"),
                    "columns": columns,
                },
            )

    def relation(self, item: dict[str, Any], name: object) -> None:
        """A node of a manifest."""
        columns = list(_mapping(item.get("columns")).values())
        schema = _text(item.get("schema"))
        self._table(schema, [], [_text(name)], {**item, "columns": columns})

    def _table(
        self,
        schema: str,
        schemas: list[str],
        names: list[str],
        entry: dict[str, Any],
    ) -> None:
        """A table with its columns, which may be in any of these places."""
        if not names:
            self.found.left_out.append(LeftOut("a table", NAMELESS))
            return
        table = TableId(schema, names[0])
        places = tuple(
            TablePlace(s, n) for s, n in product(schemas, dict.fromkeys(names))
        )
        if places == (TablePlace(re.escape(schema) if schema else ANY, names[0]),):
            places = ()  # just where it says
        described: list[tuple[str | None, object]] = [(None, entry.get("description"))]
        for column in _list(entry.get("columns"), "a list of columns"):
            item = _mapping(column)
            if name := self._name(item.get("name")):
                described.append((name[0], item.get("description")))
            else:
                what = f"a column of {name_of(table)}"
                self.found.left_out.append(LeftOut(what, NAMELESS))
        for column_name, value in described:
            target = make_target(*table, column_name)
            text = self._description(name_of(target), value)
            if text:
                self.found.descriptions.append(Description(target, text, places))

    def _description(self, what: str, value: object) -> str:
        """The text of a description; empty where there is none to take."""
        if value is None or isinstance(value, str):
            parts = self._pieces(value or "")
            unknown = [part.text for part in parts if isinstance(part, Code)]
            if not unknown:
                return _known(parts)
            code = unknown[0] if len(unknown[0]) <= 80 else unknown[0][:79] + "…"
            reason = f"it refers to {code}, which was not found"
            if self._project and not self._project.folder:
                reason += ": name the project with --dbt-project"
        else:
            reason = f"its description is {kind_of(value)}, not a text"
        self.found.left_out.append(LeftOut(what, reason))
        return ""

    def _pieces(self, text: str) -> list[Piece]:
        if self._project is None:
            return [text]
        return pieces(text, self._project.call)

    def _name(self, value: object) -> list[str]:
        """A name, or nothing where only dbt knows it."""
        parts = self._pieces(_text(value))
        known = not any(isinstance(part, Code) for part in parts)
        return [name] if known and (name := _known(parts)) else []


def _known(parts: list[Piece]) -> str:
    """The text, or an empty one if a part of it is unknown."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if len(texts) == len(parts) else ""


def _pattern(parts: list[Piece]) -> str:
    """What a name of these parts looks like; anything where nothing is known."""
    unknown = sum(isinstance(part, Code) for part in parts)
    if not parts or unknown > MOST_UNKNOWN:
        return ANY
    return "".join(re.escape(p) if isinstance(p, str) else ANY for p in parts)


def _columns_of(
    item: dict[str, Any], version: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The columns of a version: its own before those it includes of the model."""
    of_model = [_mapping(c) for c in _list(item.get("columns"), "a list of columns")]
    own = [_mapping(c) for c in _list(version.get("columns"), "a list of columns")]
    yield from (column for column in own if "include" not in column)
    names = {_text(column.get("name")) for column in own}
    includes = [column for column in own if "include" in column]
    for rule in includes or [{"include": "all"}]:
        taken, left = _words(rule.get("include")), _words(rule.get("exclude"))
        for column in of_model:
            name = _text(column.get("name"))
            included = name in taken or not taken.isdisjoint({"all", "*"})
            if included and name not in left and name not in names:
                yield column


def _words(value: Any) -> set[str]:
    """One word or a list of them."""
    return set(map(str, _list(value, "a list") if isinstance(value, list) else [value]))


def _numbers(version: object) -> tuple[bool, float, str]:
    """By which versions are ordered: numbers before words."""
    text = _text(version)
    return (
        (False, float(text), "")
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text)
        else (True, 0.0, text)
    )


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError(f"The file has something else where {what} belongs.")
    return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # checked above, items later


def _mapping(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError("The file has something else where a mapping belongs.")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # checked above, values later


def _text(value: object) -> str:
    return "" if value is None else str(value)
