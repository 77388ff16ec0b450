"""The taxonomy: processes, entities, attributes and their texts, read from files.

The files are in `assets/taxonomy`; its README says how they are written.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from catalog.errors import ColumnistError
from model.names import word_set

KINDS = word_set("text note key flag date time money int number percent json code ref")
"""What an attribute can be."""

_ATTRIBUTE = re.compile(r"(?P<kind>[a-z]+)(?:\((?P<detail>.*)\))?")


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that is known of each row of an entity."""

    name: str
    """In full words, without any prefix."""
    kind: str
    """One of `KINDS`."""
    texts: tuple[str, ...]
    """Sentences in house style, with slots; of a reference the other entity's role."""
    codes: tuple[tuple[str, str], ...] = ()
    """Code and meaning; both the same where the code is a word."""
    unit: str = ""
    """Short unit of a number, empty where it has none."""
    references: str = ""
    """Name of the entity that a reference points at."""


@dataclass(frozen=True, slots=True)
class Entity:
    """What one row of a table is."""

    name: str
    """Singular, in full words."""
    process: str
    """The business process it belongs to."""
    groups: tuple[str, ...]
    """Groups of common attributes that fit it."""
    tables: tuple[str, ...]
    """Descriptions of a table of it."""
    attributes: tuple[Attribute, ...]
    """Its own attributes."""

    def references(self) -> tuple[Attribute, ...]:
        """Its attributes that point at another entity."""
        return tuple(a for a in self.attributes if a.references)


@dataclass(frozen=True, slots=True)
class Process:
    """A business process with its entities."""

    name: str
    """In full words."""
    schemas: tuple[str, ...]
    """Names that a schema with its tables has."""
    sectors: tuple[str, ...]
    """NAICS sectors where it is at home; empty: all."""
    metrics: tuple[str, ...]
    """Groups of metrics that measure it."""
    entities: tuple[Entity, ...]
    """Its entities."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a warehouse, or the operational database."""

    name: str
    """In a word."""
    share: int
    """How often it is chosen, compared with the others."""
    prefixes: tuple[str, ...]
    """What stands in front of a table's name; an empty one counts too."""
    suffixes: tuple[str, ...]
    """What stands behind it."""
    schemas: tuple[str, ...]
    """Usual schemas."""
    tables: tuple[str, ...]
    """Table descriptions with slots; empty where the entity's own are right."""
    columns: tuple[Attribute, ...]
    """Technical columns that it adds."""


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """A kind of system that tables come from, with its habits of naming."""

    name: str
    """In full words."""
    share: int
    """How often it is chosen, compared with the others."""
    case: str
    """snake, upper, camel, pascal or squashed upper."""
    cryptic: float
    """Share of words that are cut short."""
    plural: bool
    """Whether tables are named in the plural."""
    letters: bool
    """Whether columns may have two letters in front, as in old files."""
    keys: tuple[str, ...]
    """Names of primary keys, with a slot for the noun."""
    dialects: tuple[str, ...]
    """Databases it runs on."""
    columns: tuple[Attribute, ...]
    """Technical columns that it adds."""


@dataclass(frozen=True, slots=True)
class Industry:
    """An entry of the NAICS hierarchy."""

    code: str
    """Two to six digits, or a range of sectors (`31-33`)."""
    title: str
    """As published."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Everything that use cases are made of."""

    processes: tuple[Process, ...]
    """Processes in order of their files."""
    common: dict[str, tuple[Attribute, ...]]
    """Shared attributes by group."""
    metrics: dict[str, tuple[Attribute, ...]]
    """Figures by group."""
    layers: tuple[Layer, ...]
    """Layers."""
    sources: tuple[SourceSystem, ...]
    """Source systems."""
    industries: tuple[Industry, ...]
    """The NAICS hierarchy, in its order."""
    entities: dict[str, Entity] = field(default_factory=dict)
    """Every entity by name."""


def parse_attribute(name: str, line: str) -> Attribute:
    """An attribute from its line, `type | text | text`.

    Raises:
        ColumnistError: the line is not written as the taxonomy's README says.
    """
    first, *texts = (part.strip() for part in line.split(" | "))
    match = _ATTRIBUTE.fullmatch(first)
    if match is None or match["kind"] not in KINDS or not all(texts) or not texts:
        raise ColumnistError(
            f"The taxonomy's attribute {name!r} cannot be read: {line[:60]!r}.",
            "Write it as `type | text`, as the taxonomy's README says.",
        )
    kind, detail = match["kind"], match["detail"] or ""
    codes: list[tuple[str, str]] = []
    if kind == "code":
        for entry in detail.split(", "):
            code, found, meaning = entry.partition("=")
            codes.append((code, meaning if found else code))
    return Attribute(
        name,
        kind,
        tuple(texts),
        tuple(codes),
        detail if kind == "number" else "",
        detail if kind == "ref" else "",
    )


@cache
def load_taxonomy() -> Taxonomy:
    """The taxonomy that ships with the project; read once."""
    folder = files("columnist_assets") / "taxonomy"
    processes = tuple(
        _process(_yaml(entry))
        for entry in sorted((folder / "processes").iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".yaml")
    )
    layers = tuple(
        _layer(name, data) for name, data in _yaml(folder / "layers.yaml").items()
    )
    sources = tuple(
        _source(name, data) for name, data in _yaml(folder / "sources.yaml").items()
    )
    with (folder / "naics_2022.csv").open(encoding="utf-8") as file:
        industries = tuple(
            Industry(r["code"], r["title"]) for r in csv.DictReader(file)
        )
    return Taxonomy(
        processes,
        _groups(_yaml(folder / "common.yaml")),
        _groups(_yaml(folder / "metrics.yaml")),
        layers,
        sources,
        industries,
        {entity.name: entity for p in processes for entity in p.entities},
    )


def _yaml(file: Traversable) -> dict[str, Any]:
    """A YAML file as plain values."""
    # Slow to import, and only training data needs it here.
    from ruamel.yaml import YAML

    found = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _attributes(data: dict[str, str] | None) -> tuple[Attribute, ...]:
    return tuple(parse_attribute(str(n), line) for n, line in (data or {}).items())


def _groups(data: dict[str, dict[str, str]]) -> dict[str, tuple[Attribute, ...]]:
    return {name: _attributes(lines) for name, lines in data.items()}


def _process(data: dict[str, Any]) -> Process:
    name = data["process"]
    entities = tuple(
        Entity(
            entity,
            name,
            tuple(body.get("with", ())),
            tuple(body["table"]),
            _attributes(body["attributes"]),
        )
        for entity, body in data["entities"].items()
    )
    return Process(
        name,
        tuple(data["schemas"]),
        tuple(map(str, data["sectors"])),
        tuple(data["metrics"]),
        entities,
    )


def _layer(name: str, data: dict[str, Any]) -> Layer:
    return Layer(
        name,
        data["share"],
        tuple(data["prefixes"]),
        tuple(data["suffixes"]),
        tuple(data["schemas"]),
        tuple(data["table"]),
        _attributes(data["columns"]),
    )


def _source(name: str, data: dict[str, Any]) -> SourceSystem:
    return SourceSystem(
        name,
        data["share"],
        data["case"],
        data["cryptic"],
        data["tables"] == "plural",
        bool(data.get("letters")),
        tuple(data["key"]),
        tuple(data["dialects"]),
        _attributes(data["columns"]),
    )
