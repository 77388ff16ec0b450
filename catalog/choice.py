"""What a bulk decision, or drafting, takes: known before anything is done.

Counting and choosing are SQL: a warehouse has a million suggestions.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from random import Random

from catalog.listing import name_pattern
from catalog.objects import TableId
from catalog.stopping import Stop, never
from catalog.suggestion import (
    BLOCKING,
    IN_BULK,
    UNDECIDED,
    Finding,
    State,
    SuggestionFilter,
)
from catalog.trial import still_open
from catalog.workspace import Workspace

LATE = 2000
"""Drafts by whose times the speed of drafting is known."""
BREAK_SECONDS = 5.0
"""Drafts further apart are not of one run."""
ENOUGH_SECONDS = 2.0
"""Drafting that took less says nothing of its speed: a model has to get going."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which suggestions are meant; everything named narrows it."""

    tables: Collection[TableId] | None = None
    """Only those of these tables, and of their columns."""
    ids: Collection[int] | None = None
    """Only these suggestions."""
    min_confidence: float = 0.0
    """At least so sure, in [0, 1]; what is no draft's text is not sure at all."""
    max_confidence: float = 1.0
    """At most so sure, in [0, 1]."""
    without_findings: bool = False
    """Only those in which the checks found nothing."""
    wanted: SuggestionFilter = field(default_factory=SuggestionFilter)
    """Only those that fit."""
    named: str = ""
    """Only those whose own name fits, as `name_pattern` has it."""


@dataclass(slots=True)
class Choice:
    """Suggestions that one bulk decision takes."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    """Suggestions to decide on."""
    seen: int = 0
    """The last decision there was: who decided since is not overruled."""
    tables: int = 0
    """Tables that they belong to."""
    only: TableId | None = None
    """That table, where it is one."""
    themselves: int = 0
    """How many of them describe a table, not a column."""
    sources: Counter[str] = field(default_factory=Counter[str])
    """How many there are of each source."""
    with_findings: int = 0
    """How many have a finding, none of them blocking."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """What was left to single decisions: by finding, `replaces` or `two drafts`."""
    left: int = 0
    """How many suggestions were left out."""

    @property
    def told(self) -> str:
        """What was left out, for people."""
        return ", ".join(
            f"{number:,} {name.replace('_', ' ')}"
            for name, number in self.left_out.items()
        )

    def __len__(self) -> int:
        return len(self.ids)

    def sample(self, size: int, random: Random) -> list[int]:
        """Some of the suggestions, each as likely as any other."""
        return random.sample(self.ids, min(size, len(self.ids)))


@dataclass(frozen=True, slots=True)
class Undrafted:
    """What there is to draft."""

    tables: int = 0
    """Tables of which anything is to be drafted."""
    themselves: int = 0
    """Descriptions of tables."""
    columns: int = 0
    """Descriptions of columns."""

    def __len__(self) -> int:
        return self.themselves + self.columns


class Choices:
    """Finds what a bulk decision on one database, or drafting, takes."""

    def __init__(self, workspace: Workspace, database: int) -> None:
        self._workspace = workspace
        self._database = database

    def to_accept(self, scope: Scope, *, stop: Stop = never) -> Choice:
        """Pending and refused suggestions with a text.

        Left out are those with a blocking finding, and pending ones that would replace
        a comment or have another model's draft beside them, which takes a look at each.

        Args:
            scope: which are meant.
            stop: ends it; what is found by then is no whole choice.
        """
        also = "AND text <> ''"
        return self._choose(scope, list(IN_BULK), also, stop, careful=True)

    def to_reject(self, scope: Scope, *, stop: Stop = never) -> Choice:
        """Suggestions that wait; `stop` as in `to_accept`."""
        return self._choose(scope, list(UNDECIDED), "", stop, careful=False)

    def to_draft(self, tables: Collection[TableId], *, stop: Stop = never) -> Undrafted:
        """What of some tables has no comment, no draft and no decision.

        It looks at every column of theirs; `stop` as in `to_accept`.
        """
        # What keeps a draft away, as `tui.flow.draft_plan` sees it.
        taken = (
            "EXISTS (SELECT 1 FROM suggestions s WHERE s.database = t.database"
            " AND s.schema = t.schema AND s.name = t.name AND s.current"
            " AND ifnull(s.column_name, char(0)) = {column}"
            " AND s.state NOT IN ('stale', 'written'))"
        )
        found = [0, 0, 0]
        for itself, columns in self._workspace.each(
            "SELECT json_extract(t.body, '$.comment') IS NULL"
            f" AND NOT {taken.format(column='char(0)')},"
            " (SELECT count(*) FROM json_each(t.body, '$.columns') c"
            " WHERE c.value ->> 5 IS NULL"
            f" AND NOT {taken.format(column='c.value ->> 0')})"
            " FROM json_each(?) CROSS JOIN tables t ON t.schema = value ->> 0"
            " AND t.name = value ->> 1 WHERE t.database = ?",
            (json.dumps(list(tables)), self._database),
        ):
            if stop():
                break
            found[0] += bool(itself or columns)
            found[1] += itself
            found[2] += columns
        return Undrafted(*found)

    def drafted_a_second(self, model: str) -> float | None:
        """How many descriptions were drafted in a second with a model of late.

        Others that were drafted beside its own count. None where it drafted too little
        to tell.
        """
        made = [
            datetime.fromisoformat(at)
            for (at,) in self._workspace.rows(
                # The plus has SQLite begin at the end: by an index it would sort all.
                "WITH last AS (SELECT id, created_at, model FROM main.suggestions"
                " WHERE +database = ? AND source NOT IN ('imported', 'human')"
                " ORDER BY id DESC LIMIT ?)"
                " SELECT created_at FROM last WHERE id >="
                " (SELECT min(id) FROM last WHERE model = ?) ORDER BY id",
                (self._database, LATE, model),
            )
        ]
        gaps = [(after - before).total_seconds() for before, after in pairwise(made)]
        busy = [gap for gap in gaps if gap <= BREAK_SECONDS]
        seconds = sum(busy)
        return len(busy) / seconds if seconds >= ENOUGH_SECONDS else None

    def tables_with(
        self, wanted: SuggestionFilter, like: str = "%", *, stop: Stop = never
    ) -> frozenset[TableId]:
        """Tables that have such a suggestion; all are looked at, while others go on.

        Args:
            wanted: which.
            like: what the name of its target is like, as `name_like` has it.
            stop: ends it; what is found by then is not all.
        """
        condition, values = _that_fit(wanted)
        found = self._workspace.aside(
            "SELECT DISTINCT schema, name FROM suggestions s"
            f" WHERE database = ? AND current {condition}"
            r" AND ifnull(column_name, name) LIKE ? ESCAPE '\'",
            (self._database, *values, like),
            stop=stop,
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
            also += f" AND {_FINDINGS} = '[]'"
        sure = list[object]()
        if (scope.min_confidence, scope.max_confidence) != (0.0, 1.0):
            also += f" AND {_CONFIDENCE} BETWEEN ? AND ?"
            sure = [scope.min_confidence, scope.max_confidence]
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
        fits = name_pattern(scope.named).match
        for (
            id_,
            schema,
            name,
            column,
            source,
            findings,
            alone,
        ) in self._workspace.each(
            f"SELECT s.id, s.schema, s.name, column_name, {_BY}, {_FINDINGS},"
            f" CASE WHEN {_OPEN} THEN 'two drafts'"
            " WHEN previous IS NOT NULL AND state <> 'refused' THEN 'replaces' END"
            f" FROM {named} suggestions s"
            f" WHERE database = ? AND current AND state IN ({marks})"
            f" {also}",
            (
                *meant,
                self._database,
                *(state.value for state in states),
                *sure,
                *values,
            ),
        ):
            if stop():
                break
            if scope.named and not fits((column or name).lower()):
                continue
            if careful:
                stops = blocking.get(findings)
                if stops is None:
                    stops = blocking[findings] = _blocking(findings)
                if stops or alone:
                    found.left_out.update(stops or [alone])
                    found.left += 1
                    continue
            found.ids.append(id_)
            found.themselves += column is None
            found.sources[source or "one of two models"] += 1
            found.with_findings += findings != "[]"
            places.add(TableId(schema, name))
        found.tables = len(places)
        found.only = next(iter(places)) if len(places) == 1 else None
        return found


_OPEN = still_open("s")
_BY = f"iif({_OPEN}, '', ifnull(author, source))"
_CONFIDENCE = f"iif(author IS NULL AND NOT {_OPEN}, confidence, NULL)"
_FINDINGS = "iif(author IS NULL, findings, own_findings)"
"""What is known of the text that counts; the properties of `Suggestion` in SQL. Of two
drafts side by side nothing is, that would tell whose they are."""


def _that_fit(wanted: SuggestionFilter) -> tuple[str, list[object]]:
    """A condition on `suggestions` with its values."""
    conditions, values = list[str](), list[object]()
    for column, chosen in (
        ("state", [each.value for each in wanted.states]),
        (_BY, [each.value for each in wanted.sources]),
    ):
        if chosen:
            conditions.append(f"{column} IN ({', '.join('?' * len(chosen))})")
            values += chosen
    if wanted.likelihoods:
        ranges: list[str] = []
        for low, high in (each.bounds for each in wanted.likelihoods):
            last = high >= 1
            below = "" if last else f" AND {_CONFIDENCE} < ?"
            ranges.append(f"{_CONFIDENCE} >= ?{below}")
            values += [low] if last else [low, high]
        conditions.append(" OR ".join(ranges))
    if wanted.findings:
        each = f"{_FINDINGS} LIKE ?"
        conditions.append(" OR ".join([each] * len(wanted.findings)))
        values += [f'%"{finding.value}"%' for finding in wanted.findings]
    return "".join(f" AND ({condition})" for condition in conditions), values


def _blocking(findings: str) -> list[str]:
    """Those of a suggestion's findings that need a look at it."""
    return [each for each in json.loads(findings) if Finding(each) in BLOCKING]
