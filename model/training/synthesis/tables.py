"""Makes the tables of a use case: columns, names, types, keys, profiles and texts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from model.names import plural, word_set
from model.training.synthesis.ddl import Cell, create_table, type_of
from model.training.synthesis.naming import column_name, table_name
from model.training.synthesis.taxonomy import (
    Attribute,
    Entity,
    Layer,
    Taxonomy,
)
from model.training.synthesis.usecases import UseCase
from model.training.synthesis.writer import (
    UNIT_NAMES,
    Seen,
    Slots,
    capital,
    write_column,
    write_key,
    write_table,
)

FEWEST, MOST = 5, 30
"""Columns of a table."""

GRAINS = ("day", "week", "month", "quarter", "year")
CURRENCIES = ("usd", "eur", "gbp")
_SUMS = ("total", "average", "maximum", "minimum")
_LOOSE = word_set("at to from by until since on")
_UNTELLING = word_set("key json note")
_NO_UNIT = word_set("hours days minutes seconds years months rate ratio percent")


NOTHING = Seen()


@dataclass(slots=True)
class Plan:
    """A table before its columns are chosen."""

    entity: Entity
    """What it is about."""
    layer: Layer
    """Where it stands."""
    slots: Slots
    """What fills its texts."""
    name: str
    """Its identifier."""
    key: list[str]
    """Words of its primary key; empty where it has none of its own."""
    key_name: str
    """Identifier of the primary key; empty where it has none of its own."""
    many: bool
    """Whether the name is a plural."""


@dataclass(slots=True)
class Member:
    """A column on its way."""

    attribute: Attribute
    """What it holds."""
    words: list[str]
    """Its name in full words."""
    seen: Seen = NOTHING
    """What the name shows beyond the attribute."""
    is_key: bool = False
    """Whether it is the primary key or a part of it."""
    text: str = ""
    """Its description, where it is not the attribute's."""


def make_tables(case: UseCase, taxonomy: Taxonomy, seed: int) -> list[dict[str, Any]]:
    """The records of a use case's tables, one for each member, names all different."""
    rng = random.Random(f"tables {seed} {case.number}")
    plans: list[Plan] = []
    for entity, layer in case.members:
        plan = _plan(case, entity, layer, rng)
        if plan.name.lower() not in {other.name.lower() for other in plans}:
            plans.append(plan)
    return [_record(case, plan, plans, taxonomy, rng) for plan in plans]


def _plan(case: UseCase, entity: Entity, layer: Layer, rng: random.Random) -> Plan:
    noun = entity.name
    slots = Slots(noun)
    prefix, suffix = rng.choice(layer.prefixes), rng.choice(layer.suffixes)
    if prefix and suffix and layer.name != "aggregate" and rng.random() < 0.9:
        suffix = ""  # `fact_orders_fact` is rare
    many = case.source.plural and rng.random() < 0.9 and "dim" not in prefix
    if layer.name in ("history", "aggregate", "lookup", "bridge", "snapshot"):
        many = many and not suffix
    if layer.name == "lookup":
        coded = [a for a in entity.attributes if a.codes]
        if coded:
            kind = rng.choice(coded).name
            noun = kind if noun.split()[-1] in kind else f"{noun} {kind}"
            slots = Slots(noun, kind=kind, whole=entity.name)
            suffix = ""
            many = case.source.plural
        else:
            layer = replace(layer, tables=())
            suffix = ""
    elif layer.name == "bridge":
        other = _other_side(entity, rng)
        slots = Slots(noun, others=plural(other))
        noun = f"{noun} {other}"
        suffix = "" if prefix else suffix
    elif layer.name in ("aggregate", "snapshot"):
        grain = rng.choice(GRAINS)
        if layer.name == "snapshot":  # only what the name shows may be told
            shown = {"_daily": "day", "_monthly": "month", "_eom": "month"}
            grain = shown.get(suffix, "period")
        slots = Slots(noun, period=grain)
        suffix = suffix.format(grain=grain)
        prefix = prefix if suffix or prefix else "agg_"
    name = table_name(noun, case.habit, rng, many=many, prefix=prefix, suffix=suffix)
    key: list[str] = []
    if layer.name not in ("bridge", "aggregate", "history", "raw"):
        words = rng.choice(case.source.keys).format(noun=entity.name).split()
        if layer.name == "lookup":
            words = ["code"] if rng.random() < 0.5 else ["id"]
        elif case.habit.letters or layer.name not in ("operational", "staging"):
            words = [*entity.name.split(), words[-1]]
        key = words
    elif layer.name in ("raw", "history"):
        key = [*entity.name.split(), "id"] if rng.random() < 0.6 else ["id"]
    key_name = column_name(key, case.habit, rng) if key else ""
    return Plan(entity, layer, slots, name, key, key_name, many)


def _other_side(entity: Entity, rng: random.Random) -> str:
    """What a bridge of the entity leads to."""
    ends = sorted({a.references for a in entity.references()} - {entity.name})
    return rng.choice(ends) if ends else "group"


def _record(
    case: UseCase,
    plan: Plan,
    plans: Sequence[Plan],
    taxonomy: Taxonomy,
    rng: random.Random,
) -> dict[str, Any]:
    limit = min(MOST, max(FEWEST + 1, round(rng.triangular(5, 31, 12))))
    members = _members(case, plan, taxonomy, limit, rng)
    lead = _lead(case, plan, rng)
    there = {other.entity.name: other for other in plans if other.key_name}
    declares = rng.random() < (0.9 if plan.layer.name == "operational" else 0.6)
    columns: list[dict[str, Any]] = []
    cells: list[Cell] = []
    key: list[str] = []
    taken: set[str] = set()
    said: set[str] = set()
    for member in members:
        if len(columns) == limit:
            break
        name = plan.key_name if member.words == plan.key else ""
        if not name:
            name = column_name([*lead, *member.words], case.habit, rng)
        text = member.text or write_column(
            member.attribute, member.seen, plan.slots, rng
        )
        if name.lower() in taken or text.lower() in said:
            continue
        taken.add(name.lower())
        said.add(text.lower())
        attribute = member.attribute
        column: dict[str, Any] = {
            "name": name,
            "type": type_of(attribute.kind, case.dialect, rng),
            "description": text,
        }
        target = there.get(attribute.references)
        declared = None
        if target is not None and declares and target.key:
            column["references"] = f"{target.name}.{target.key_name}"
            declared = (target.name, target.key_name)
        if member.is_key:
            key.append(name)
        column["profile"] = _profile(member, text, case, rng)
        if (codes := column["profile"].get("codes")) and column["type"].endswith("(2)"):
            longest = max(len(code) for code in codes)
            column["type"] = column["type"].replace("(2)", f"({longest})")
        if codes := column["profile"].get("codes"):
            column["enum"] = codes
        columns.append(column)
        required = member.is_key or column["profile"]["null_share"] == 0
        cells.append(Cell(name, column["type"], required, declared))
    telling = _telling(members[: len(columns)], plan, rng)
    shown = case.shown_industry if rng.random() < 0.5 else ""
    changed = plan.layer.name in ("aggregate", "bridge", "lookup")
    text = write_table(
        () if changed and plan.layer.tables else plan.entity.tables,
        plan.layer.tables,
        plan.slots,
        telling,
        rng,
        industry=shown,
    )
    return {
        "source": "columnist",
        "license": "Apache-2.0",
        "kind": "synthetic",
        "schema": case.schema,
        "table": plan.name,
        "description": text,
        "primary_key": key,
        "columns": columns,
        "dialect": case.dialect,
        "ddl": create_table(case.schema, plan.name, cells, key, case.dialect),
        "entity": plan.entity.name,
        "process": plan.entity.process,
        "industry": case.industry.code,
        "source_system": case.source.name,
        "layer": plan.layer.name,
        "habit": case.habit.name,
        "use_case": case.number,
        "teacher": "builtin",
    }


def _members(
    case: UseCase, plan: Plan, taxonomy: Taxonomy, limit: int, rng: random.Random
) -> list[Member]:
    """The columns in their order: key, own attributes, common and technical ones."""
    if plan.layer.name == "aggregate":
        return _figures(plan, taxonomy, case, rng)
    start = []
    if plan.key:
        attribute = Attribute(" ".join(plan.key), "key", ("{noun}",))
        text = write_key(plan.key, plan.slots, rng)
        alone = plan.layer.name not in ("raw", "history")
        start.append(Member(attribute, plan.key, Seen(), alone, text))
    own = list(plan.entity.attributes)
    groups = ["any", *plan.entity.groups]
    if plan.layer.name == "lookup" and plan.slots.kind:
        own, groups = [], ["any", "master", "reference"]
    elif plan.layer.name == "bridge":
        pair = [plan.entity.name, plan.slots.others]
        return [*_bridge(plan, pair, case, rng), *_extras(case, plan, taxonomy, rng)]
    wide = limit > 20
    wanted = MOST if wide else rng.randint(5, 16)
    if len(own) > wanted:
        kept = set(rng.sample(range(len(own)), wanted))
        own = [a for i, a in enumerate(own) if i in kept]
    if rng.random() < 0.3:
        rng.shuffle(own)
    middle = [_shaped(a, case, plan, rng) for a in own]
    shared: list[Member] = []
    for group in groups:
        pool = taxonomy.common[group]
        few = 3 if group != "any" else rng.choice((0, 2, 3, 4))
        few += 4 * wide
        if plan.layer.name == "lookup":
            few = 6
        for attribute in rng.sample(pool, min(len(pool), rng.randint(0, few))):
            shared.append(_shaped(attribute, case, plan, rng))
    extras = _extras(case, plan, taxonomy, rng)
    if rng.random() < 0.25:
        extras, shared = shared, extras
    # Common ones go in among the own, the technical ones last; a cut takes neither all.
    cut = max(4, round(len(middle) * rng.uniform(0.5, 1)))
    return [*start, *middle[:cut], *shared, *middle[cut:], *extras]


def _extras(
    case: UseCase, plan: Plan, taxonomy: Taxonomy, rng: random.Random
) -> list[Member]:
    """Technical columns of the layer and of the source system."""
    found: list[Member] = []
    pools = [(plan.layer.columns, 4), (case.source.columns, 3)]
    for pool, most in pools:
        for attribute in rng.sample(pool, min(len(pool), rng.randint(0, most))):
            found.append(_shaped(attribute, case, plan, rng))
    if rng.random() < 0.5:
        wanted = ("created at", "updated at", "created by", "updated by")
        for attribute in taxonomy.common["any"]:
            if attribute.name in wanted and rng.random() < 0.6:
                found.append(_shaped(attribute, case, plan, rng))
    return found


def _bridge(
    plan: Plan, pair: Sequence[str], case: UseCase, rng: random.Random
) -> list[Member]:
    """The two sides of a bridge."""
    members = []
    for noun in pair:
        one = noun if noun == plan.entity.name else _singular_of(noun, plan.entity)
        attribute = Attribute(
            one, "ref", (f"{one} on this side of the link",), (), "", one
        )
        words = [*one.split(), "id" if rng.random() < 0.7 else "key"]
        text = rng.choice(
            (
                f"Identifier of the {one} that is linked.",
                f"ID of the linked {one}.",
                f"Foreign key to the {one} in the link.",
                f"Key of the {one} that the row links.",
            )
        )
        members.append(Member(attribute, words, Seen(identifier=True), True, text))
    return members


def _singular_of(many: str, entity: Entity) -> str:
    ends = [a.references for a in entity.references()]
    return next((end for end in ends if plural(end) == many), "group")


def _figures(
    plan: Plan, taxonomy: Taxonomy, case: UseCase, rng: random.Random
) -> list[Member]:
    """Columns of an aggregate: period, dimensions, sums and metrics."""
    grain = plan.slots.period
    noun, many = plan.entity.name, plural(plan.entity.name)
    name, texts = {
        "day": ("report date", ("Day that the figures are for.",)),
        "week": ("week start", ("First day of the week that the figures are for.",)),
        "month": ("month start", ("First day of the month that the figures are for.",)),
        "quarter": ("quarter start", ("First day of the quarter of the figures.",)),
        "year": ("year start", ("First day of the year that the figures are for.",)),
    }[grain]
    if rng.random() < 0.35:
        name = f"{grain}" if grain != "day" else "date"
        texts = (f"{capital(grain)} that the figures cover.",)
        if grain == "day":
            texts = ("Date of the day that the figures cover.",)
    first = Attribute(name, "date", texts)
    start = [Member(first, name.split(), Seen(), True)]
    references = list(plan.entity.references())
    for attribute in rng.sample(references, min(len(references), rng.randint(0, 3))):
        role = attribute.references
        text = rng.choice(
            (
                f"Identifier of the {role} that the figures are for.",
                f"ID of the {role} by which the figures are grouped.",
                f"Foreign key to the {role} of the figures.",
            )
        )
        words = [*role.split(), "id"]
        start.append(Member(attribute, words, Seen(identifier=True), True, text))
    for attribute in plan.entity.attributes:
        if attribute.codes and rng.random() < 0.25:
            start.append(_shaped(attribute, case, plan, rng))
    figures: list[Member] = []
    count = Attribute(
        f"{noun} count",
        "int",
        (
            f"Number of {many} in the {grain}.",
            f"How many {many} fall into the {grain}.",
        ),
    )
    figures.append(_shaped(count, case, plan, rng))
    for attribute in plan.entity.attributes:
        if attribute.kind in ("money", "number", "int") and rng.random() < 0.6:
            figures.append(
                _shaped(_sum_of(attribute, many, grain, rng), case, plan, rng)
            )
    process = next(p for p in taxonomy.processes if p.name == plan.entity.process)
    pool = [a for group in process.metrics for a in taxonomy.metrics[group]]
    pool += rng.sample(taxonomy.metrics["general"], 3)
    for attribute in rng.sample(pool, min(len(pool), rng.randint(3, 9))):
        figures.append(_shaped(attribute, case, plan, rng))
    rng.shuffle(figures)
    return [*start, *figures, *_extras(case, plan, taxonomy, rng)]


def _sum_of(
    attribute: Attribute, many: str, grain: str, rng: random.Random
) -> Attribute:
    """An attribute summed or averaged over the rows of a period."""
    leads = _SUMS if attribute.kind != "int" else _SUMS[:2]
    # A total amount has no "total total".
    lead = rng.choice([lead for lead in leads if lead not in attribute.name.split()])
    name = attribute.name
    texts = (
        f"{capital(lead)} {name} of all {many} in the {grain}.",
        f"{capital(lead)} of the {name} over the {many} of the {grain}.",
        f"{capital(lead)} {name}, taken over the {grain}.",
    )
    short = {"average": "avg", "maximum": "max", "minimum": "min"}.get(lead, lead)
    lead = short if rng.random() < 0.6 else lead
    return replace(attribute, name=f"{lead} {name}", texts=texts)


def _lead(case: UseCase, plan: Plan, rng: random.Random) -> list[str]:
    """Words in front of every column of the table, in some databases."""
    if case.habit.letters or rng.random() > 0.05:
        return []
    return [plan.entity.name.split()[-1][:3]]


def _shaped(
    attribute: Attribute, case: UseCase, plan: Plan, rng: random.Random
) -> Member:
    """A column with the words of its name, varied as its kind allows."""
    words = attribute.name.split()
    if words[0] in ("maximum", "minimum") and rng.random() < 0.5:
        words[0] = words[0][:3]
    kind = attribute.kind
    last = words[-1]
    business = case.habit.case in ("upper", "squashed upper") or rng.random() < 0.08
    unit = ""
    identifier = False
    if kind == "ref":
        draw = rng.random()
        identifier = True
        if plan.layer.name in ("dimension", "fact") and draw < 0.5:
            words.append(rng.choice(("key", "sk")))
        elif business and draw < 0.5:
            words.append(rng.choice(("number", "code", "id")))
        elif draw < 0.9:
            words.append("id")
        else:
            identifier = False
    elif kind == "flag":
        bare = words[1:] if words[0] in ("is", "has") and len(words) > 1 else words
        if last in ("flag", "indicator"):
            words = bare
        elif business and rng.random() < 0.7:
            words = [*bare, rng.choice(("flag", "indicator"))]
        elif words[0] == "is" and rng.random() < 0.15:
            words = bare
    elif kind == "time":
        if last == "at" and rng.random() < 0.25:
            words[-1] = rng.choice(("timestamp", "on", "time", "datetime"))
        elif last == "time" and rng.random() < 0.12:
            words[-1] = rng.choice(("timestamp", "datetime"))
    elif kind == "date" and last == "date" and rng.random() < 0.06:
        words[-1] = "day"
    elif kind == "int" and last == "count" and len(words) > 1 and rng.random() < 0.3:
        rest = plural(" ".join(words[:-1])).split()
        words = [*rng.choice((["num"], ["number", "of"], ["total"])), *rest]
        if words[0] == "total":
            words = ["total", *rest]
    elif kind == "number" and attribute.unit:
        if last in _NO_UNIT or attribute.unit in words:
            unit = attribute.unit if last == attribute.unit else ""
        elif rng.random() < 0.55:
            unit = attribute.unit
            words.append(unit)
    elif kind == "money" and rng.random() < 0.08:
        unit = rng.choice(CURRENCIES)
        words.append(unit)
    elif kind == "percent" and last == "percent" and rng.random() < 0.5:
        words[-1] = "pct"
    elif kind == "percent" and last not in _NO_UNIT and rng.random() < 0.3:
        words.append("pct")
    elif kind == "code" and business and rng.random() < 0.3 and last != "code":
        words.append("code")
    noun = plan.entity.name.split()
    if rng.random() < 0.06 and not set(noun) & set(words) and kind != "ref":
        words = [noun[-1], *words]
    codes = _word_codes(attribute, rng)
    return Member(
        attribute, words, Seen(unit if unit in UNIT_NAMES else "", codes, identifier)
    )


def _word_codes(attribute: Attribute, rng: random.Random) -> tuple[str, ...]:
    """The codes to tell in the text: few words, as the code list shows them."""
    codes = tuple(code for code, _ in attribute.codes)
    if not 2 <= len(codes) <= 5 or rng.random() > 0.3:
        return ()
    if attribute.texts[0].startswith("Whether "):
        return ()
    return codes if all(re.fullmatch(r"[a-z -]{3,}", code) for code in codes) else ()


def _profile(
    member: Member, text: str, case: UseCase, rng: random.Random
) -> dict[str, Any]:
    """Figures that a bounded sample would give: shares and counts, and a code list."""
    attribute = member.attribute
    if member.is_key:
        return {"null_share": 0.0, "distinct": 1000}
    null_share = 0.0 if rng.random() < 0.45 else round(rng.random() ** 2, 3)
    kind = attribute.kind
    if attribute.codes:
        # A text that names codes follows only from a code list that shows them.
        told = any(
            re.search(rf"\b{re.escape(meaning.lower())}\b", text.lower())
            for _, meaning in attribute.codes
        )
        codes = _written(attribute.codes, case, rng, readable=told)
        profile: dict[str, Any] = {"null_share": null_share, "distinct": len(codes)}
        shown = told or rng.random() < 0.8
        return {**profile, "codes": codes} if shown else profile
    if kind == "flag":
        return {"null_share": null_share, "distinct": 2}
    most = {"date": 400, "percent": 100, "int": 150, "ref": 500}.get(kind, 1000)
    return {"null_share": null_share, "distinct": rng.randint(max(2, most // 10), most)}


def _written(
    codes: Sequence[tuple[str, str]],
    case: UseCase,
    rng: random.Random,
    *,
    readable: bool,
) -> list[str]:
    """The codes as the system writes them; `readable` keeps whole words."""
    raw = [code for code, _ in codes]
    words = all(code == meaning and code.islower() for code, meaning in codes)
    if not words:
        return raw
    upper = case.habit.case in ("upper", "squashed upper")
    snake = [code.replace(" ", "_") for code in raw]
    if readable:
        return [code.upper() for code in snake] if upper else snake
    letters = [code[0].upper() for code in raw]
    if upper and len(set(letters)) == len(letters) and rng.random() < 0.6:
        return letters
    if upper:
        return [code.upper() for code in snake]
    return [code.title() for code in raw] if rng.random() < 0.2 else snake


def _telling(members: Sequence[Member], plan: Plan, rng: random.Random) -> list[str]:
    """Two or three columns as phrases, those that tell most about the table."""
    noun = set(plan.entity.name.split())
    own = {a.name for a in plan.entity.attributes}
    phrases = []
    for member in members:
        attribute = member.attribute
        if attribute.kind in _UNTELLING or attribute.name not in own:
            continue
        words = attribute.name.split()
        if words[0] in ("is", "has", "was") or words[-1] in _LOOSE:
            continue
        if attribute.kind == "flag" or set(words) <= noun:
            continue
        phrases.append(attribute.name)
    wanted = rng.choice((2, 3, 3))
    if len(phrases) < wanted:
        return []
    return rng.sample(phrases, wanted)
