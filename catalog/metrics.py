"""How the steward's decisions went: acceptance, reasons, provenance and pace.

All of it is counted from the decision log and the ledger, of one database or of all.
Undone decisions do not count, and a suggestion counts once, with its last decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from catalog.drift import Measure, TableWeek
from catalog.intervals import Share, wilson
from catalog.objects import TableId
from catalog.suggestion import Source
from catalog.trial import TableOutcome
from catalog.workspace import Workspace

PAUSE_SECONDS = 60.0
"""A longer gap between two decisions is a break, and no time of work."""

_ORIGIN = "iif(d.rank IS NULL, s.source, d.author)"
"""Whose words were decided on: a wording that was picked may be another's than the
draft, and the words before an edit were the draft's."""
_UNSEEN = "(d.state_after = 'accepted' AND NOT d.seen)"
_SEEN = "(d.state_after = 'accepted' AND d.seen)"
_VERDICTS = (
    "sum(d.state_after = 'accepted') AS accepted,"
    " sum(d.state_after = 'edited') AS edited,"
    " sum(d.state_after = 'rejected') AS rejected,"
    f" sum({_UNSEEN}) AS unseen,"
    " sum(d.state_after = 'accepted' AND d.rank IS NOT NULL) AS reworded"
)
"""The fields of `Verdicts`, in that order."""

_OURS = "s.source IN ('model', 'rules')"
"""What was made for the target, and not found elsewhere."""
_ALONE = "s.arm IS NULL"
"""What stood beside no other model's draft: of two the better is accepted."""
_DECIDED = "d.state_after IN ('accepted', 'edited', 'rejected')"
_TAKEN = f"({_SEEN} OR d.state_after = 'edited')"
_AS_DRAFTED = "(d.state_after = 'accepted' AND d.rank IS NULL)"

_WITH_DATABASES = " JOIN databases b ON b.id = s.database"
_WITH_TABLES = (
    " LEFT JOIN tables t ON t.database = s.database AND t.schema = s.schema"
    " AND t.name = s.name"
)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of texts."""

    accepted: int
    """Taken as they were drafted, seen or not."""
    edited: int
    """Taken with other words."""
    rejected: int
    """Thrown away."""
    unseen: int
    """Of those accepted, how many in bulk, without being on the screen."""
    reworded: int
    """Of those accepted, how many are another wording, picked in place of the draft."""

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """All of them, in the order of the fields."""
        return self.accepted, self.edited, self.rejected, self.unseen, self.reworded

    @property
    def decided(self) -> int:
        """Texts that were decided on, seen or not."""
        return self.accepted + self.edited + self.rejected

    @property
    def seen(self) -> int:
        """Taken as they were drafted, by somebody who had them on the screen."""
        return self.accepted - self.unseen

    @property
    def read(self) -> int:
        """Texts that were decided on, without those accepted unseen."""
        return self.decided - self.unseen

    @property
    def share(self) -> Share | None:
        """Accepted of what was read, with Wilson's interval.

        That a text was accepted unseen says nothing of it.
        """
        return wilson(self.seen, self.read)

    @property
    def share_of_all(self) -> Share | None:
        """The same of all that was decided, those accepted unseen among them."""
        return wilson(self.accepted, self.decided)


@dataclass(frozen=True, slots=True)
class Acceptance(Verdicts):
    """What became of the texts of one origin in one month."""

    source: Source
    """Whose words the texts are; an edited text was the draft's origin's."""
    model: str | None
    """The model that was asked, whichever candidate was shown; None for none."""
    month: str
    """Of the last decision, UTC, as in 2026-11."""
    distance: int
    """Levenshtein distance of all edited texts from their drafts, in characters."""


@dataclass(frozen=True, slots=True)
class KindAcceptance(Verdicts):
    """What became of the texts of one kind of object."""

    kind: str | None
    """`column`, or what the catalog says the table is; None where it is gone."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whose words the comments are that Columnist wrote and that still stand."""

    machine: int
    """Drafted, and written as drafted."""
    edited: int
    """Drafted, then edited by the steward."""
    imported: int
    """From a file that the steward imported, as it was."""
    human: int
    """Written by the steward where there was no draft."""
    unknown: int
    """Their suggestion is no longer in the workspace."""
    unseen: int = 0
    """Of those by the machine, how many were accepted in bulk, and seen by nobody."""

    @property
    def comments(self) -> int:
        """All of them."""
        known = self.machine + self.edited + self.imported + self.human
        return known + self.unknown

    @property
    def assisted(self) -> float | None:
        """Share that began as a draft, in [0, 1]; None where there are none."""
        if not self.comments:
            return None
        return (self.machine + self.edited) / self.comments


@dataclass(frozen=True, slots=True)
class DecisionPace:
    """How quickly one decides after the other; bulk decisions are left out."""

    decisions: int
    """Decisions that followed another within `PAUSE_SECONDS`."""
    seconds: float
    """The time between them."""

    @property
    def per_minute(self) -> float | None:
        """Decisions a minute; None where nothing can be said."""
        return 60 * self.decisions / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class DayPace:
    """The pace of one day."""

    day: date
    """UTC."""
    pace: DecisionPace
    """Of the decisions of that day."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """All figures of one database, or of all in a workspace."""

    acceptance: tuple[Acceptance, ...]
    """By source, model and month, in that order."""
    reasons: tuple[tuple[str | None, int], ...]
    """Why texts were rejected, the most frequent first; None where no reason is."""
    provenance: Provenance
    """Of the comments that stand."""
    pace: DecisionPace
    """Of decisions one by one."""
    kinds: tuple[KindAcceptance, ...] = ()
    """By kind of object: columns first, then by name, what is gone last."""
    days: tuple[DayPace, ...] = ()
    """The pace day by day, days without one left out."""


@dataclass(frozen=True, slots=True)
class DraftedTable:
    """What of one table was drafted in one week."""

    week: date
    """Its Monday, UTC."""
    schema: str
    """Its schema, for people."""
    name: str
    """Its name."""
    columns: tuple[str, ...]
    """The names of the columns that were drafted."""
    comments: tuple[str, ...]
    """What the database said of them, and of the table, when they were."""
    types: Mapping[str, str]
    """Types by the name of the column, as they are now; empty where it is gone."""


class DecisionLog:
    """The figures of a workspace.

    Args:
        workspace: the file.
        database: the id of a database; None is all of them.
    """

    def __init__(self, workspace: Workspace, database: int | None = None) -> None:
        self.workspace = workspace
        """The file."""
        self.database = database
        """The database's id, or None."""
        self._of = "IS NOT NULL" if database is None else f"= {database:d}"

    def metrics(self) -> Metrics:
        """Count everything."""
        log = self._one_by_one()
        return Metrics(
            self._acceptance(),
            self._reasons(),
            self._provenance(),
            pace(log),
            self._kinds(),
            paces(log),
        )

    def _last_decisions(self, more: str = "") -> str:
        """The last decision on each suggestion that had a text to decide on."""
        return (
            " FROM (SELECT max(id) AS id FROM decisions GROUP BY suggestion) last"
            " JOIN decisions d ON d.id = last.id"
            f" JOIN suggestions s ON s.id = d.suggestion{more}"
            f" WHERE s.database {self._of}"
            " AND (s.drafted IS NOT NULL OR d.rank IS NOT NULL)"
        )

    def models(self) -> tuple[str, ...]:
        """Every model whose texts were decided on, or stood beside another's."""
        rows = self.workspace.rows(
            f"SELECT DISTINCT s.model{self._last_decisions()}"
            f" AND s.model IS NOT NULL AND {_ORIGIN} IN ('model', 'rules')"
            f" AND {_DECIDED}"
            f" UNION SELECT arm FROM suggestions WHERE database {self._of}"
            " AND arm IS NOT NULL AND place > 0 ORDER BY 1"
        )
        return tuple(row["model"] for row in rows)

    def by_table(self, models: tuple[str, str]) -> list[TableOutcome]:
        """What became of the texts of two models, for each table and model.

        Only texts that were made for the target: those taken from elsewhere in the
        catalog, a glossary, a file or a person say nothing of a model. Nor does that a
        text was accepted unseen: it would count for whichever model was accepted in
        bulk more. What both were asked for is told by `catalog.pairs`.
        """
        return [
            TableOutcome(
                row["key"],
                TableId(row["schema"], row["name"]),
                row["model"],
                row["accepted"],
                row["decided"],
                row["unseen"],
            )
            for row in self.workspace.rows(
                "SELECT b.key, s.schema, s.name, s.model,"
                f" sum({_SEEN}) AS accepted, sum(NOT {_UNSEEN}) AS decided,"
                f" sum({_UNSEEN}) AS unseen"
                f"{self._last_decisions(_WITH_DATABASES)}"
                f" AND {_ORIGIN} IN ('model', 'rules') AND s.model IN (?, ?)"
                f" AND {_DECIDED}"
                f" AND {_ALONE} GROUP BY b.key, s.schema, s.name, s.model"
                " ORDER BY b.key, s.schema, s.name, s.model",
                models,
            )
        ]

    def decided_weeks(self, first: date, last: date) -> Iterator[TableWeek]:
        """What became of the texts of each table, in the order of weeks.

        Of texts that were made for their target and stood alone, but for those accepted
        unseen. What an edit changed is a share of the longer one of both texts.

        Args:
            first: the first day, UTC.
            last: the last day.
        """
        changed = "1.0 * d.edit_distance / max(length(s.drafted), length(d.text_after))"
        for *place, accepted, read, edited, taken, beyond in self._weeks(
            "d.at",
            f"sum({_SEEN}), count(*),"
            f" sum(iif(d.state_after = 'edited', {changed}, 0)), sum({_TAKEN}),"
            f" sum(s.confidence - {_AS_DRAFTED})",
            f"{self._last_decisions(_WITH_DATABASES)} AND {_OURS} AND {_DECIDED}"
            f" AND NOT {_UNSEEN} AND s.drafted IS NOT NULL AND {_ALONE}",
            first,
            last,
        ):
            sums = {
                Measure.ACCEPTANCE: (accepted, read),
                Measure.EDITS: (edited, taken),
                Measure.CONFIDENCE: (beyond, read),
            }
            yield TableWeek(*self._placed(*place), sums)

    def drafted_weeks(self, first: date, last: date) -> Iterator[TableWeek]:
        """What was drafted for each table, current or not, in the order of weeks.

        Args:
            first: the first day, UTC.
            last: the last day.
        """
        for *place, drafts, found, asked, own in self._weeks(
            "s.created_at",
            "count(*), sum(s.findings <> '[]'), count(s.model),"
            " sum(s.model IS NOT NULL AND s.source = 'model')",
            f" FROM suggestions s{_WITH_DATABASES} WHERE s.database {self._of}"
            f" AND {_OURS} AND s.drafted IS NOT NULL",
            first,
            last,
        ):
            sums = {Measure.FINDINGS: (found, drafts), Measure.OWN_WORDS: (own, asked)}
            yield TableWeek(*self._placed(*place), sums)

    def drafted_tables(self, first: date, last: date) -> Iterator[DraftedTable]:
        """What there was to read of each table that was drafted, in the order of weeks.

        Args:
            first: the first day, UTC.
            last: the last day.
        """
        for week, database, schema, name, columns, comments, types in self._weeks(
            "s.created_at",
            "json_group_array(DISTINCT s.column_name)"
            " FILTER (WHERE s.column_name IS NOT NULL),"
            " json_group_array(DISTINCT s.previous)"
            " FILTER (WHERE s.previous IS NOT NULL),"
            " (SELECT json_group_object(c.value ->> 0, c.value ->> 2)"
            " FROM tables t, json_each(t.body, '$.columns') c"
            " WHERE t.database = s.database AND t.schema = s.schema"
            " AND t.name = s.name)",
            f" FROM suggestions s{_WITH_DATABASES} WHERE s.database {self._of}"
            f" AND {_OURS}",
            first,
            last,
            by="",
        ):
            yield DraftedTable(
                date.fromisoformat(week),
                self._schema(database, schema),
                name,
                tuple(json.loads(columns)),
                tuple(json.loads(comments)),
                json.loads(types) if types else {},
            )

    def _weeks(
        self,
        at: str,
        what: str,
        source: str,
        first: date,
        last: date,
        by: str = ", s.model",
    ) -> Iterator[tuple[Any, ...]]:
        """Sums by week and table, read as they are taken.

        Args:
            at: what says when.
            what: the sums.
            source: what they are of.
            first: the first day, UTC.
            last: the last day.
            by: what they are by besides.
        """
        return self.workspace.each(
            f"SELECT date(substr({at}, 1, 10), 'weekday 0', '-6 days') AS week,"
            f" b.label, s.schema, s.name{by}, {what}{source}"
            f" AND {at} >= ? AND {at} < ?"
            f" GROUP BY week, s.database, s.schema, s.name{by} ORDER BY week",
            (first.isoformat(), (last + timedelta(days=1)).isoformat()),
        )

    def _placed(
        self, week: str, database: str, schema: str, name: str, model: str | None
    ) -> tuple[date, str, str, str | None]:
        return date.fromisoformat(week), self._schema(database, schema), name, model

    def _schema(self, database: str, schema: str) -> str:
        """A schema's name for people, with its database where there may be others."""
        return f"{database}: {schema}" if self._of == "IS NOT NULL" else schema

    def _acceptance(self) -> tuple[Acceptance, ...]:
        return tuple(
            self.workspace.records(
                Acceptance,
                f"SELECT {_ORIGIN} AS source, s.model, substr(d.at, 1, 7) AS month,"
                f" {_VERDICTS},"
                " sum(d.edit_distance * (d.state_after = 'edited')) AS distance"
                f"{self._last_decisions()}"
                f" AND {_DECIDED}"
                " GROUP BY 1, s.model, month ORDER BY 1, s.model, month",
            )
        )

    def _reasons(self) -> tuple[tuple[str | None, int], ...]:
        rows = self.workspace.rows(
            f"SELECT d.reason_after AS reason, count(*) AS n{self._last_decisions()}"
            " AND d.state_after = 'rejected' GROUP BY reason ORDER BY n DESC, reason"
        )
        return tuple((row["reason"], row["n"]) for row in rows)

    def _provenance(self) -> Provenance:
        # A write that was taken back is not the last one of its target.
        row = self.workspace.row(
            "SELECT"
            " sum(whose IN ('machine', 'unseen')), sum(whose = 'edited'),"
            " sum(whose = 'imported'), sum(whose = 'human'), sum(whose IS NULL),"
            " sum(whose = 'unseen') FROM ("
            "SELECT (SELECT CASE WHEN s.author IS 'human'"
            " THEN iif(s.drafted IS NULL, 'human', 'edited')"
            " WHEN s.author IS NULL AND s.source IN ('imported', 'human') THEN s.source"
            " WHEN (SELECT d.seen FROM decisions d WHERE d.suggestion = s.id"
            " ORDER BY d.id DESC LIMIT 1) = 0 THEN 'unseen'"
            " ELSE 'machine' END FROM suggestions s"
            " WHERE s.database = r.database AND s.schema = l.schema"
            " AND s.name = l.name AND s.column_name IS l.column_name"
            " AND s.text IS l.text ORDER BY s.id DESC LIMIT 1) AS whose"
            " FROM (SELECT max(w.id) AS id FROM ledger w JOIN runs v ON v.id = w.run"
            f" WHERE v.database {self._of} AND w.outcome = 'written'"
            " GROUP BY v.database, w.schema, w.name, w.column_name) last"
            " JOIN ledger l ON l.id = last.id JOIN runs r ON r.id = l.run"
            " WHERE r.what = 'apply' AND l.text IS NOT NULL)"
        )
        return Provenance(*(number or 0 for number in row or (0,) * 6))

    def _kinds(self) -> tuple[KindAcceptance, ...]:
        rows = self.workspace.rows(
            f"SELECT {_VERDICTS},"
            " CASE WHEN s.column_name IS NULL THEN t.kind ELSE 'column' END AS what"
            f"{self._last_decisions(_WITH_TABLES)}"
            f" AND {_DECIDED}"
            " GROUP BY what ORDER BY what IS NULL, what <> 'column', what"
        )
        return tuple(KindAcceptance(*row) for row in rows)

    def _one_by_one(self) -> list[tuple[str, datetime]]:
        """Who decided when, by person and then by time; bulk is left out."""
        rows = self.workspace.rows(
            "SELECT d.who, min(d.at) AS at FROM decisions d"
            " JOIN batches b ON b.id = d.batch"
            f" WHERE b.database {self._of}"
            " AND d.verdict IN ('accepted', 'edited', 'rejected')"
            " GROUP BY d.batch HAVING count(*) = 1 ORDER BY d.who, at"
        )
        return [(row["who"], datetime.fromisoformat(row["at"])) for row in rows]


def pace(decisions: Iterable[tuple[str, datetime]]) -> DecisionPace:
    """The pace of decisions, by person and then by time."""
    gaps = [seconds for _, seconds in _gaps(decisions)]
    return DecisionPace(len(gaps), sum(gaps))


def paces(decisions: Iterable[tuple[str, datetime]]) -> tuple[DayPace, ...]:
    """The same day by day; what follows a decision of the day before is of its day."""
    by_day: dict[date, list[float]] = {}
    for at, seconds in _gaps(decisions):
        by_day.setdefault(at.date(), []).append(seconds)
    return tuple(
        DayPace(day, DecisionPace(len(gaps), sum(gaps)))
        for day, gaps in sorted(by_day.items())
    )


def _gaps(
    decisions: Iterable[tuple[str, datetime]],
) -> Iterator[tuple[datetime, float]]:
    """When a decision followed another without a break, and after how many seconds."""
    for (who, before), (other, after) in pairwise(decisions):
        gap = (after - before).total_seconds()
        if who == other and gap <= PAUSE_SECONDS:
            yield after, gap
