"""What speaks for or against a description: what catalog and sample say, in lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from catalog.objects import Column, Profile, Table, TableId, Target
from catalog.profiles import looked_at
from tui.flow.text import count


def evidence(
    table: Table, target: Target, profiles: Mapping[str, Profile] | None
) -> list[str]:
    """What is known of a target, in short lines.

    Args:
        table: the table it is, or whose column it is.
        target: what is described.
        profiles: what a sample says of each column that could be read; None while
            none was taken.
    """
    if isinstance(target, TableId):
        facts = [table.kind.value, count(len(table.columns), "column")]
        if table.row_estimate is not None:
            facts.insert(1, f"about {count(table.row_estimate, 'row')}")
        found = [", ".join(facts)]
        if table.view_sql:
            found.append("view: " + " ".join(table.view_sql.split()))
        return found
    column = table.column(target.name)
    if column is None:
        return []
    found = [", ".join([column.type, *_keys(table, column)])]
    if profiles is None:
        return found
    profile = profiles.get(column.name)
    if profile is None:
        found.append("its sample cannot be read")
        return found
    seen = looked_at(profile, table)
    if profile.rows:
        seen += f": {profile.null_share:.0%} null, {profile.distinct:,} distinct"
        if profile.minimum is not None:
            seen += f", from {profile.minimum} to {profile.maximum}"
        if profile.codes:
            found.append("codes: " + ", ".join(profile.codes))
    found.insert(1, seen)
    return found


def _keys(table: Table, column: Column) -> list[str]:
    facts = []
    if column.name in table.primary_key:
        shared = table.is_part_of_key(column.name)
        facts.append("part of the primary key" if shared else "primary key")
    if not column.nullable:
        facts.append("never null")
    for key in table.foreign_keys:
        if column.name in key.columns:
            others = [name for name in key.columns if name != column.name]
            beside = f"with {_listed(others)} " if others else ""
            there = str(key.references)
            if columns := key.referenced_columns:
                there += f" ({_listed(columns)})" if others else f".{columns[0]}"
            facts.append(f"{beside}references {there}")
    return facts


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
