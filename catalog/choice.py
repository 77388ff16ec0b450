"""What a bulk decision takes and what it leaves, known before anything is decided.

Counting and choosing are SQL: a warehouse has a million suggestions.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random

from catalog.objects import TableId
from catalog.stopping import Stop, never
from catalog.suggestion import BLOCKING, UNDECIDED, Finding, State, SuggestionFilter
from catalog.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Scope:
    """Which suggestions are meant; everything named narrows it."""

    tables: Collection[TableId] | None = None
    """Only those of these tables, and of their columns."""
    ids: Collection[int] | None = None
    """Only these suggestions."""
    min_confidence: float = 0.0
    """At least so sure, in [0, 1]."""
    max_confidence: float = 1.0
    """At most so sure, in [0, 1]."""
    without_findings: bool = False
    """Only those in which the checks found nothing."""
    wanted: SuggestionFilter = field(default_factory=SuggestionFilter)
    """Only those that fit."""


@dataclass(slots=True)
class Choice:
    """Suggestions that one bulk decision takes."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    """Suggestions to decide on."""
    seen: int = 0
    """The last decision there was: who decided since is not overruled."""
    tables: int = 0
    """Tables that they belong to."""
    themselves: int = 0
    """How many of them describe a table, not a column."""
    sources: Counter[str] = field(default_factory=Counter[str])
    """How many there are of each source."""
    with_findings: int = 0
    """How many have a finding, none of them blocking."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """What was left to single decisions: by blocking finding, or `replaces`."""
    left: int = 0
    """How many suggestions were left out."""

    def __len__(self) -> int:
        return len(self.ids)

    def sample(self, size: int, random: Random) -> list[int]:
        """Some of the suggestions, each as likely as any other."""
        return random.sample(self.ids, min(size, len(self.ids)))


class Choices:
    """Finds what a bulk decision on one database takes."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def to_accept(self, scope: Scope, *, stop: Stop = never) -> Choice:
        """Pending and refused suggestions with a text.

        Left out are those with a blocking finding, and pending ones that would replace
        a comment, which takes a look at each.

        Args:
            scope: which are meant.
            stop: ends it; what is found by then is no whole choice.
        """
        also = "AND text <> ''"
        return self._choose(
            scope, [State.PENDING, State.REFUSED], also, stop, careful=True
        )

    def to_reject(self, scope: Scope, *, stop: Stop = never) -> Choice:
        """Suggestions that wait; `stop` as in `to_accept`."""
        return self._choose(scope, list(UNDECIDED), "", stop, careful=False)

    def tables_with(self, wanted: SuggestionFilter) -> frozenset[TableId]:
        """Tables that have such a suggestion; it looks at every one of them."""
        condition, values = _that_fit(wanted)
        found = self._workspace.rows(
            "SELECT DISTINCT schema, name FROM suggestions"
            f" WHERE database = ? AND current {condition}",
            (self._database, *values),
        )
        return frozenset(TableId(schema, name) for schema, name in found)

    def _choose(
        self,
        scope: Scope,
        states: Sequence[State],
        also: str,
        stop: Stop,
        *,
        careful: bool,
    ) -> Choice:
        found = Choice()
        places: set[TableId] = set()
        if scope.without_findings:
            also += " AND findings = '[]'"
        condition, values = _that_fit(scope.wanted)
        also += condition
        marks = ", ".join("?" * len(states))
        # The cross join makes SQLite begin with what is named, never with all there is.
        named, meant = "", list[object]()
        if scope.ids is not None:
            named = "json_each(?) CROSS JOIN"
            meant = [json.dumps(list(scope.ids))]
            also += " AND s.id = value"
        elif scope.tables is not None:
            named = "json_each(?) CROSS JOIN"
            meant = [json.dumps(list(scope.tables))]
            also += " AND s.schema = value ->> 0 AND s.name = value ->> 1"
        # Known before anything is looked at: who decides meanwhile is not overruled.
        last = self._workspace.row("SELECT ifnull(max(id), 0) FROM main.decisions")
        found.seen = int(last[0]) if last else 0
        blocking: dict[str, list[str]] = {}
        for (
            id_,
            schema,
            name,
            itself,
            source,
            findings,
            replaces,
        ) in self._workspace.each(
            "SELECT s.id, s.schema, s.name, column_name IS NULL, source, findings,"
            " previous IS NOT NULL AND state <> 'refused'"
            f" FROM {named} suggestions s"
            f" WHERE database = ? AND current AND state IN ({marks})"
            f" AND confidence BETWEEN ? AND ? {also}",
            (
                *meant,
                self._database,
                *(state.value for state in states),
                scope.min_confidence,
                scope.max_confidence,
                *values,
            ),
        ):
            if stop():
                break
            if careful:
                stops = blocking.get(findings)
                if stops is None:
                    stops = blocking[findings] = _blocking(findings)
                if stops or replaces:
                    found.left_out.update(stops or ["replaces"])
                    found.left += 1
                    continue
            found.ids.append(id_)
            found.themselves += itself
            found.sources[source] += 1
            found.with_findings += findings != "[]"
            places.add(TableId(schema, name))
        found.tables = len(places)
        return found


def _that_fit(wanted: SuggestionFilter) -> tuple[str, list[object]]:
    """A condition on `suggestions` with its values."""
    conditions, values = list[str](), list[object]()
    for column, chosen in (
        ("state", [each.value for each in wanted.states]),
        ("source", [each.value for each in wanted.sources]),
    ):
        if chosen:
            conditions.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    if wanted.likelihoods:
        ranges: list[str] = []
        for low, high in (each.bounds for each in wanted.likelihoods):
            last = high >= 1
            ranges.append(f"confidence >= ?{'' if last else ' AND confidence < ?'}")
            values += [low] if last else [low, high]
        conditions.append(" OR ".join(ranges))
    if wanted.findings:
        conditions.append(" OR ".join(["findings LIKE ?"] * len(wanted.findings)))
        values += [f'%"{finding.value}"%' for finding in wanted.findings]
    return "".join(f" AND ({condition})" for condition in conditions), values


def _blocking(findings: str) -> list[str]:
    """Those of a suggestion's findings that need a look at it."""
    return [each for each in json.loads(findings) if Finding(each) in BLOCKING]
