"""Use cases: databases of a few related entities in an industry, a system and a layer.

A use case is what gives the tables of one database something in common: the same
habit of naming, the same dialect, and references that lead from one to another.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from model.names import word_set
from model.training.synthesis.naming import Habit
from model.training.synthesis.taxonomy import (
    Entity,
    Industry,
    Layer,
    Process,
    SourceSystem,
    Taxonomy,
)

Shared = TypeVar("Shared", Layer, SourceSystem)

_SLUG = re.compile(r"[A-Za-z]+(?: (?:and )?[A-Za-z]+){0,2}")
_VAGUE = word_set("other all miscellaneous general services industry except")


@dataclass(frozen=True, slots=True)
class UseCase:
    """One database to be synthesized."""

    number: int
    """Its number in the data set, from 0."""
    process: Process
    """The business process that most of its tables are about."""
    industry: Industry
    """The industry it is made for."""
    source: SourceSystem
    """The kind of system."""
    habit: Habit
    """How its names are written."""
    dialect: str
    """The database."""
    schema: str
    """Name of its schema; may be empty."""
    shown_industry: str
    """Words of the industry if the schema's name shows them, else empty."""
    members: tuple[tuple[Entity, Layer], ...]
    """Its entities, each with the layer of its table."""


def use_cases(taxonomy: Taxonomy, seed: int) -> Iterator[UseCase]:
    """Endless use cases; each entity is the anchor of one before any is again."""
    order = random.Random(f"order {seed}")
    anchors: list[Entity] = []
    by_name = {process.name: process for process in taxonomy.processes}
    number = 0
    while True:
        if not anchors:
            anchors = list(taxonomy.entities.values())
            order.shuffle(anchors)
        anchor = anchors.pop()
        rng = random.Random(f"use case {seed} {number}")
        yield _use_case(taxonomy, by_name[anchor.process], anchor, number, rng)
        number += 1


def _use_case(
    taxonomy: Taxonomy,
    process: Process,
    anchor: Entity,
    number: int,
    rng: random.Random,
) -> UseCase:
    industry = rng.choice(_fitting(taxonomy.industries, process.sectors))
    source = _weighed(taxonomy.sources, rng)
    habit = _habit(source, rng)
    entities = _company(taxonomy, process, anchor, rng)
    layers = [_layer(taxonomy, source, rng) for _ in entities]
    if rng.random() < 0.5:  # most databases are one layer
        layers = [layers[0] for _ in layers]
    schema, shown = _schema(process, industry, layers[0], habit, rng)
    return UseCase(
        number,
        process,
        industry,
        source,
        habit,
        rng.choice(source.dialects),
        schema,
        shown,
        tuple(zip(entities, layers, strict=True)),
    )


def _company(
    taxonomy: Taxonomy, process: Process, anchor: Entity, rng: random.Random
) -> list[Entity]:
    """The anchor with what it refers to and some others of its process."""
    near = [taxonomy.entities[a.references] for a in anchor.references()]
    others = [entity for entity in process.entities if entity is not anchor]
    rng.shuffle(near)
    rng.shuffle(others)
    wanted = rng.randint(4, 7)
    chosen = [anchor]
    for entity in [*near[:3], *others]:
        if entity not in chosen and len(chosen) < wanted:
            chosen.append(entity)
    return chosen


def _layer(taxonomy: Taxonomy, source: SourceSystem, rng: random.Random) -> Layer:
    """A layer; systems in daily use are operational or raw copies mostly."""
    warehouse = source.name == "modern warehouse"
    if not warehouse and rng.random() < 0.5:
        return taxonomy.layers[0]
    while True:
        layer = _weighed(taxonomy.layers, rng)
        if not (warehouse and layer.name == "operational"):
            return layer


def _habit(source: SourceSystem, rng: random.Random) -> Habit:
    """The habit of one database: mostly its kind's, now and then another's."""
    case = source.case
    cryptic = source.cryptic
    letters = ""
    if rng.random() < 0.12:
        case = rng.choice(("snake", "camel", "pascal", "upper", "squashed"))
    if rng.random() < 0.12:
        cryptic = rng.choice((0.0, 0.3, 0.6))
    if source.letters:
        if rng.random() < 0.3:
            letters = "".join(rng.choice("ABCDEFHKLMNPRSTVWXZ") for _ in range(2))
        elif case == "squashed upper" and rng.random() < 0.55:
            case = "upper"
    typos = 0.01 if source.name == "department database" else 0.002
    return Habit(case, cryptic, letters, typos)


def _schema(
    process: Process,
    industry: Industry,
    layer: Layer,
    habit: Habit,
    rng: random.Random,
) -> tuple[str, str]:
    """A schema's name, and the words of the industry if it shows them."""
    upper = habit.case in ("upper", "squashed upper")
    draw = rng.random()
    shown = ""
    if draw < 0.42:
        name = rng.choice(process.schemas)
        if rng.random() < 0.2 and layer.name != "operational":
            name = f"{name}_{layer.schemas[0]}"
    elif draw < 0.68:
        name = rng.choice(layer.schemas)
    elif draw < 0.86 and (words := industry_words(industry)):
        name = words.lower().replace(" ", "_")
        shown = words.lower()
    else:
        return "", ""
    return (name.upper() if upper else name), shown


def industry_words(industry: Industry) -> str:
    """The industry's title where it is short enough for a name, else nothing."""
    title = re.sub(r"\(.*?\)|-", " ", industry.title).strip()
    match = _SLUG.fullmatch(" ".join(title.split()))
    if match is None or {w.lower() for w in title.split()} & _VAGUE:
        return ""
    return " ".join(title.split())


@cache
def _fitting(
    industries: tuple[Industry, ...], sectors: tuple[str, ...]
) -> Sequence[Industry]:
    """Industries of the sectors, three digits or more; all where none is named."""
    return tuple(
        industry
        for industry in industries
        if len(industry.code) >= 3
        and industry.code.isdigit()
        and (not sectors or industry.code[:2] in sectors)
    )


def _weighed(choices: Sequence[Shared], rng: random.Random) -> Shared:
    return rng.choices(choices, [choice.share for choice in choices])[0]
