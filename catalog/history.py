"""What happened to one table or column: drafts, decisions and writes, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.objects import Target, column_of, table_of
from catalog.trial import being_chosen
from catalog.workspace import Workspace


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One thing that happened to a target."""

    at: datetime
    """When, UTC."""
    what: str
    """`drafted`, a verdict such as `accepted` or `undo`, or how a write ended."""
    who: str
    """The steward, or what made the draft."""
    text: str | None
    """The text that it left; None where it left none."""
    reason: str | None = None
    """Why, where that was said."""
    rank: int | None = None
    """The number of the wording that it left, where one was picked."""
    distance: int = 0
    """How far the text that it left is from the draft, in characters; 0 without one."""
    in_bulk: bool = False
    """Whether it was a decision on others too, or by a rule."""
    sampled: int | None = None
    """How many were looked at first, where a sample decided."""
    seen: bool = True
    """Whether its text was on the screen then."""

    @property
    def words(self) -> str:
        """What happened, by whom and how, on one line."""
        what = self.what
        if self.rank is not None and what == "accepted":
            what = f"wording {self.rank} {what}"
        elif what == "edited" and self.distance:
            what = f"{what}, {self.distance:,} from the draft,"
        how = ""
        if self.sampled is not None:
            part = "in" if self.seen else "after"
            how = f" {part} a sample of {self.sampled:,}"
        elif self.in_bulk:
            how = " in bulk"
        if not self.seen:
            how += ", unseen"
        return f"{what} by {self.who}{how}"


_BLIND = being_chosen("s")
_DRAFTED = (
    "SELECT created_at AS at, iif(drafted IS NULL, 'abstained', 'drafted') AS what,"
    # A model that was asked wrote it only where its text was chosen.
    f" CASE WHEN source <> 'model' THEN source WHEN model IS NULL OR {_BLIND}"
    " THEN 'a model' ELSE 'model ' || model END AS who, drafted AS text,"
    " origin AS reason, NULL AS rank, 0 AS distance, 0 AS in_bulk, NULL AS sampled,"
    " 1 AS seen, 0 AS place"
    " FROM suggestions s WHERE database = ? AND {here}"
    " AND (drafted IS NOT NULL OR source <> 'human')"
    # Of two that stand side by side the order would tell whose they are, and one that
    # waits for the other is shown to nobody.
    f" AND (arm IS NULL OR s.place IS NOT NULL AND NOT {_BLIND})"
)
_DECIDED = (
    "SELECT d.at, d.verdict, d.who, d.text_after, d.reason_after, d.rank,"
    " iif(s.drafted IS NULL, 0, d.edit_distance),"
    " NOT d.seen AND d.verdict NOT IN ('undo', 'redo')"
    " OR d.who = b.who AND 1 < (SELECT count(*) FROM"
    " (SELECT 1 FROM main.decisions x WHERE x.batch = d.batch LIMIT 2)),"
    " b.sampled, d.seen OR d.verdict NOT IN ('accepted', 'edited'), 1"
    " FROM suggestions s CROSS JOIN decisions d ON d.suggestion = s.id"
    " JOIN batches b ON b.id = d.batch"
    " WHERE s.database = ? AND s.{here}"
)
_WRITTEN = (
    "SELECT l.closed_at, iif(r.what = 'revert' AND l.outcome = 'written', 'restored',"
    " l.outcome), 'run ' || r.id, l.text, l.reason, NULL, 0, 0, NULL, 1, 2"
    " FROM ledger l JOIN runs r ON r.id = l.run"
    " WHERE l.outcome IS NOT NULL AND r.database = ? AND l.{here}"
)


def history(workspace: Workspace, database: int, target: Target) -> list[HistoryEvent]:
    """Everything that is known to have happened to a target, oldest first."""
    table = table_of(target)
    place = (database, table.schema, table.name, column_of(target))
    here = "schema = ? AND name = ? AND column_name IS ?"
    parts = (each.format(here=here) for each in (_DRAFTED, _DECIDED, _WRITTEN))
    return workspace.records(
        HistoryEvent,
        f"{' UNION ALL '.join(parts)} ORDER BY at, place",
        (*place, *place, *place),
    )
