"""How well tables of known systems are found, in versions that are not quite the same.

    python -m benchmarks.known_systems [--json] [--also dev.jsonl.xz]

Every known table is changed as other versions and other connectors have it: up to 40 %
of the columns dropped, up to 60 % unrelated ones added, some renamed to usual variants,
another case, another schema, a prefix, a plural. A proposed text is right where it is
the text of the very column that the user's column was made of. Then the tables that
must not be found: all invented ones of the teacher set, unrelated columns under known
tables' names, and the changed tables again with their own table taken out of what is
known, so that only their siblings can be mistaken for them.
"""

from __future__ import annotations

import gc
import json
import random
import re
import time
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measuring import Json, arguments, median, table
from catalog.objects import Column, ColumnId, Table, TableId, TableKind
from model import teacher_set
from model.known_systems import KnownSystems, key
from model.teacher_set import Described

SEED = 13
VERSIONS = 3
"""Changed tables of each known one."""
FOLDS = 5
"""Parts that are left out in turn."""

_VARIANTS: tuple[tuple[str, Sequence[str]], ...] = (
    (r"_at$", ("_date", "_on", "_time", "_timestamp")),
    (r"_date$", ("_at", "_dt", "_on")),
    (r"^is_", ("", "has_", "flag_")),
    (r"amount", ("amt", "value")),
    (r"number", ("num", "nbr", "no")),
    (r"quantity", ("qty", "count")),
    (r"description", ("desc", "details")),
    (r"email$", ("email_address", "mail")),
    (r"address", ("addr",)),
    (r"^id$", ("uid", "{table}_id")),
    (r"_id$", ("_key", "_uuid", "_ref")),
    (r"^name$", ("{table}_name", "title")),
    (r"^(?=[a-z])", ("{table}_", "x_")),
)
_CASES: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: name,
    str.upper,
    lambda name: "".join(word.title() for word in name.split("_")) or name,
    lambda name: re.sub(r"(?<=[a-z0-9])_([a-z])", lambda m: m[1].upper(), name),
)
_SCHEMAS = ("{0}", "raw_{0}", "fivetran_{0}_eu", "public", "raw", "dwh", "landing")
_NAMES = (
    "{1}",
    "{1}",
    "{1}s",
    "{0}_{1}",
    "stg_{0}__{1}",
    "raw_{1}",
    "{1}_tmp",
    "{1}_v2",
)


@dataclass(frozen=True, slots=True)
class Version:
    """A changed table, and what it was made of."""

    table: Table
    neighbours: tuple[str, ...]
    made_of: Described
    columns: dict[str, str]
    """The original's columns by the changed one's; unrelated ones are left out."""


def changed(
    each: Described,
    beside: Sequence[str],
    unrelated: Sequence[Column],
    chance: random.Random,
) -> Version:
    """Another version of a table.

    Args:
        each: the table.
        beside: names of the tables of its system.
        unrelated: columns to add some of.
        chance: what decides.
    """
    original = each.table
    system = original.id.schema or each.source.rpartition("/")[2].removeprefix("dbt_")
    case = chance.choice(_CASES)
    schema = chance.choice(_SCHEMAS).format(system)
    name = case(chance.choice(_NAMES).format(system, original.id.name))
    kept = list(original.columns)
    chance.shuffle(kept)
    kept = kept[: max(2, round(len(kept) * chance.uniform(0.6, 1)))]
    renamed = chance.uniform(0, 0.3)
    own = {key(column.name) for column in original.columns}
    columns: dict[str, tuple[str, str | None]] = {}
    for column in kept:
        new = column.name
        if chance.random() < renamed:
            new = variant(new, original.id.name, chance)
        if key(new) not in own or new == column.name:
            columns.setdefault(case(new), (column.type, column.name))
    for _ in range(round(len(kept) * chance.uniform(0, 0.6))):
        added = chance.choice(unrelated)
        if key(added.name) not in own:
            columns.setdefault(case(added.name), (added.type, None))
    some = chance.sample(beside, len(beside) // 2) if chance.random() < 0.5 else ()
    return Version(
        _table(TableId(schema, name), [(n, kind) for n, (kind, _) in columns.items()]),
        tuple(map(case, some)),
        each,
        {name: before for name, (_, before) in columns.items() if before},
    )


def variant(name: str, table_name: str, chance: random.Random) -> str:
    """Another name that people give a column."""
    for pattern, others in _VARIANTS:
        if re.search(pattern, name, re.IGNORECASE):
            other = chance.choice(others).format(table=table_name)
            return re.sub(pattern, other, name, count=1, flags=re.IGNORECASE)
    return name


def versions(tables: Sequence[Described], *, seed: int = SEED) -> list[Version]:
    """Changed ones of all known tables."""
    chance = random.Random(seed)
    beside: defaultdict[str, list[str]] = defaultdict(list)
    unrelated: list[Column] = []
    for each in tables:
        beside[each.source].append(each.table.id.name)
        unrelated += () if each.landed else each.table.columns
    return [
        changed(each, beside[each.source], unrelated, chance)
        for each in tables
        if each.landed
        for _ in range(VERSIONS)
    ]


def decoys(tables: Sequence[Described], *, seed: int = SEED) -> list[Table]:
    """Known tables' names with columns that any table may have, and invented ones'."""
    chance = random.Random(seed)
    invented = [each for each in tables if not each.landed and each.id[:1] != "r"]
    found = []
    for each in tables:
        if each.landed:
            usual = ["id", "name", "created_at", "updated_at", "status", "description"]
            usual += [column.name for column in chance.choice(invented).table.columns]
            names = dict.fromkeys(usual)
            table_id = TableId(chance.choice(("public", "raw")), each.table.id.name)
            found.append(_table(table_id, [(name, "") for name in names]))
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of changed tables."""

    tables: int
    matched: int
    right_tables: int
    proposed: int
    right: int
    columns: int
    table_texts: int
    right_table_texts: int

    @property
    def precision(self) -> float:
        """Share of the proposed texts that are right."""
        return self.right / max(1, self.proposed)

    @property
    def recall(self) -> float:
        """Share of the columns that have their right text."""
        return self.right / max(1, self.columns)


def measure(known: KnownSystems, asked: Iterable[Version]) -> Figures:
    """Match changed tables and count the texts that are right."""
    tables = matched = right_tables = proposed = right = columns = whole = (
        whole_right
    ) = 0
    for version in asked:
        tables += 1
        columns += len(version.columns)
        found = known.match(version.table, neighbours=version.neighbours)
        if found is None:
            continue
        texts = version.made_of.texts
        matched += 1
        right_tables += found.table == version.made_of.table.id.name
        if None in found.texts:
            whole += 1
            whole_right += found.texts[None] == texts[None]
        for column, text in found.texts.items():
            if column is not None:
                proposed += 1
                before = version.columns.get(column)
                right += before is not None and texts[before] == text
    return Figures(
        tables, matched, right_tables, proposed, right, columns, whole, whole_right
    )


def siblings(tables: Sequence[Described], asked: Sequence[Version]) -> int:
    """How many changed tables are found although their own table is not known."""
    landed = [each for each in tables if each.landed]
    found = 0
    for fold in range(FOLDS):
        # Other layouts of a table in the same system go with it: they are no mistake.
        out = {
            (each.source, key(each.table.id.name))
            for place, each in enumerate(landed)
            if place % FOLDS == fold
        }
        left = {
            each.id for each in landed if (each.source, key(each.table.id.name)) in out
        }
        known = KnownSystems(
            replace(each, id="") if each.id in left else each for each in tables
        )
        found += sum(
            known.match(version.table, neighbours=version.neighbours) is not None
            for version in asked
            if version.made_of.id in left
        )
    return found


def timed(known: KnownSystems, tables: Iterable[Table]) -> tuple[int, list[float]]:
    """How many are found, and milliseconds for each table."""
    found = 0
    times = []
    for each in tables:
        start = time.thread_time()
        found += known.match(each) is not None
        times.append((time.thread_time() - start) * 1e3)
    return found, times


def run(also: Path | None) -> Json:
    """All figures."""
    tracemalloc.start()
    known = KnownSystems(teacher_set.shipped())
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    start = time.process_time()
    KnownSystems(teacher_set.shipped())
    seconds = time.process_time() - start
    tables = list(teacher_set.shipped())
    asked = versions(tables)
    figures = measure(known, asked)
    invented = [each.table for each in tables if not each.landed and each.id[0] != "r"]
    found, times = timed(known, invented)
    others: dict[str, tuple[int, int]] = {
        "invented tables": (len(invented), found),
        "known names, unrelated columns": (
            len(made := decoys(tables)),
            timed(known, made)[0],
        ),
        "changed, own table not known": (len(asked), siblings(tables, asked)),
    }
    if also:
        real = [each.table for each in teacher_set.read(also)]
        others[also.name] = (len(real), timed(known, real)[0])
    return {
        "known tables": sum(each.tables for each in known.systems()),
        "known columns": sum(each.columns for each in known.systems()),
        "systems": len(known.systems()),
        "cpu seconds to load": round(seconds, 2),
        "MB held": round(size / 1e6, 1),
        "changed tables": figures.tables,
        "found": figures.matched,
        "as the right table": figures.right_tables,
        "column texts proposed": figures.proposed,
        "column texts right": round(figures.precision, 4),
        "columns with their text": round(figures.recall, 4),
        "table texts proposed": figures.table_texts,
        "table texts right": round(
            figures.right_table_texts / max(1, figures.table_texts), 4
        ),
        "ms a table, median": round(median(times), 3),
        "ms a table, p99": round(sorted(times)[int(len(times) * 0.99)], 3),
        "found of others": {
            name: f"{found} of {count}" for name, (count, found) in others.items()
        },
    }


def _table(table_id: TableId, columns: Iterable[tuple[str, str]]) -> Table:
    return Table(
        table_id,
        TableKind.TABLE,
        tuple(
            Column(ColumnId(table_id, name), place, kind)
            for place, (name, kind) in enumerate(columns, 1)
        ),
    )


def main() -> None:
    """Print the figures."""
    parser = arguments(__doc__)
    parser.add_argument("--also", type=Path, help="further tables that are unrelated")
    options = parser.parse_args()
    figures = run(options.also)
    if options.json:
        print(json.dumps(figures))
        return
    others = figures.pop("found of others")
    rows = [(name, str(value)) for name, value in {**figures, **others}.items()]
    print(table(("figure", "value"), rows))


if __name__ == "__main__":
    main()
