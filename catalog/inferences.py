"""The inference log: what each draft took, when it was shown, what was decided on it.

A row a draft, saved in one transaction with it; text, confidence, findings and
decisions stand where they always did and are joined. It knows a prompt by its
fingerprint alone. At most `KEPT` rows stay, and nothing else is dropped with them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable
from dataclasses import astuple, dataclass
from difflib import SequenceMatcher

from catalog.errors import ColumnistError
from catalog.stopping import Stop, never
from catalog.suggestion import UNDECIDED, Effort
from catalog.trial import being_chosen
from catalog.workspace import Workspace, now

KEPT = 1_000_000
"""Rows of the log in one workspace; of the rest those go first that are not current."""
AT_ONCE = 10_000
"""Rows that are dropped in one transaction, and that may be over `KEPT` meanwhile."""

_SHOWN = (
    "coalesce(i.shown_at, (SELECT d.at FROM decisions d WHERE d.suggestion = s.id"
    " AND d.seen AND d.text_before IS s.drafted ORDER BY d.id LIMIT 1))"
)
"""When a draft was first shown. Who decided on it with the text on the screen saw it,
whatever a kill kept from being noted."""

FIELDS = {
    "database": "VARCHAR",
    "schema": "VARCHAR",
    "table": "VARCHAR",
    "column": "VARCHAR",
    "drafted_at": "TIMESTAMPTZ",
    "source": "VARCHAR",
    "model": "VARCHAR",
    "model_digest": "VARCHAR",
    "prompt_form": "VARCHAR",
    "prompt_fingerprint": "VARCHAR",
    "text": "VARCHAR",
    "confidence": "DOUBLE",
    "findings": "VARCHAR[]",
    "prompt_tokens": "BIGINT",
    "generated_tokens": "BIGINT",
    "seconds": "DOUBLE",
    "shown_at": "TIMESTAMPTZ",
    "is_current": "BOOLEAN",
    "state": "VARCHAR",
    "decision": "VARCHAR",
    "decided_at": "TIMESTAMPTZ",
    "decided_by": "VARCHAR",
    "decided_seen": "BOOLEAN",
    "decided_text": "VARCHAR",
    "other_wording": "INTEGER",
    "reason": "VARCHAR",
    "edit_distance": "INTEGER",
    "edit": "VARCHAR",
    "words_added": "INTEGER",
    "words_removed": "INTEGER",
    "decisions": 'STRUCT("at" TIMESTAMPTZ, verdict VARCHAR, state VARCHAR, text'
    " VARCHAR, edit_distance INTEGER, reason VARCHAR, who VARCHAR, seen BOOLEAN)[]",
}
"""Names and SQL types of what is exported, in order; docs/log.md says what each is."""


@dataclass(frozen=True, slots=True)
class DraftedWith:
    """What drafts are made with."""

    model: str | None = None
    """Name of the model; None for rules alone."""
    digest: str | None = None
    """SHA-256 of its file as its manifest has it; None where that is not known."""
    form: str = "none"
    """Of its prompts: compact, long or none."""
    meter: str = ""
    """What tells the energy, as in "processor"; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Drafts that one model was asked for, or none, and how many were seen."""

    model: str | None
    """The model; None where none was asked."""
    drafts: int
    """In the log."""
    shown: int
    """Of them, on the screen or printed."""
    undecided: int
    """Of those shown, current and waiting for the steward."""
    seconds: float | None
    """Of the engine's work; None where it is known of none."""
    prompt_tokens: int
    """Read, as far as known."""
    generated_tokens: int
    """Written, as far as known."""


@dataclass(frozen=True, slots=True)
class Drafting:
    """What drafting with one model took, all of it: reading and sampling too."""

    model: str | None
    """The model; None for rules alone."""
    seconds: float
    """From the first table to the last draft, whoever wrote it."""
    drafts: int
    """Made."""
    columns: int
    """Of them, those on columns."""
    prompt_tokens: int
    generated_tokens: int
    joules: float | None
    """Energy where the machine told it; None where it never did."""
    metered_seconds: float
    """Of the seconds, those whose energy it told."""


class Inferences:
    """The log of one database.

    Args:
        workspace: the file.
        database: the database's id; None reads all of them.
        keep: most rows of the whole workspace.
    """

    def __init__(
        self, workspace: Workspace, database: int | None, *, keep: int = KEPT
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._of = "IS NOT NULL" if database is None else f"= {database:d}"
        self._keep = keep
        self._shown: dict[int, str] = {}

    # What drafting saves

    def spent(
        self,
        drafted_with: DraftedWith,
        *,
        seconds: float,
        efforts: Iterable[Effort | None],
        columns: int,
        joules: float | None,
    ) -> int:
        """Add what drafts took to today's row; its id. A row a day and a model.

        Args:
            drafted_with: what made them.
            seconds: that passed.
            efforts: of each draft, None where no model was asked.
            columns: how many of them are on columns.
            joules: what the meter told; None where there is none.
        """
        every = list(efforts)
        asked = [each for each in every if each is not None]
        made = (self._database, now()[:10], drafted_with.model, drafted_with.digest)
        key = (*made, drafted_with.form, drafted_with.meter)
        more = (
            *(seconds, len(every), columns),
            *(sum(each.read for each in asked), sum(each.written for each in asked)),
            joules,
        )
        with self._workspace.transaction() as db:
            found = db.execute(
                "UPDATE drafting SET seconds = seconds + ?, drafts = drafts + ?,"
                " columns = columns + ?, prompt_tokens = prompt_tokens + ?,"
                " generated_tokens = generated_tokens + ?, joules = joules + ?"
                " WHERE id = (SELECT id FROM drafting WHERE database = ? AND day = ?"
                " AND model IS ? AND digest IS ? AND form = ? AND meter = ? LIMIT 1)"
                " RETURNING id",
                (*more, *key),
            ).fetchone()
            if found is not None:
                return int(found["id"])
            cursor = db.execute(
                "INSERT INTO drafting (database, day, model, digest, form, meter,"
                " seconds, drafts, columns, prompt_tokens, generated_tokens, joules)"
                f" VALUES ({', '.join('?' * 12)})",
                (*key, *more),
            )
            return int(cursor.lastrowid or 0)

    def add(self, suggestion: int, effort: Effort | None, drafting: int | None) -> None:
        """Log a draft in the transaction that saves it."""
        spent = (effort.read, effort.written, effort.seconds) if effort else (None,) * 3
        with self._workspace.transaction() as db:
            db.execute(
                "INSERT INTO inferences (suggestion, drafting, prompt_tokens,"
                " generated_tokens, seconds) VALUES (?, ?, ?, ?, ?)",
                (suggestion, drafting, *spent),
            )

    def trim(self, *, stop: Stop = never) -> int:
        """Drop the oldest rows beyond the limit, current ones last; how many.

        Nobody waits while they are found.
        """
        found = "SELECT count(*) - ? FROM inferences"
        ((over,),) = self._workspace.aside(found, (self._keep,), stop=stop) or ((0,),)
        if over <= 0:
            return 0
        rows = self._workspace.aside(
            "SELECT i.suggestion FROM inferences i JOIN suggestions s"
            " ON s.id = i.suggestion ORDER BY s.current, i.suggestion LIMIT ?",
            (over,),
            stop=stop,
        )
        for at in range(0, len(rows), AT_ONCE):
            with self._workspace.transaction() as db:
                db.executemany(
                    "DELETE FROM inferences WHERE suggestion = ?",
                    rows[at : at + AT_ONCE],
                )
        return len(rows)

    # What was shown

    def show(self, suggestions: Iterable[int]) -> None:
        """These drafts are on the screen or printed; `keep_shown` saves it."""
        at = now()
        for each in suggestions:
            self._shown.setdefault(each, at)

    @property
    def unkept(self) -> bool:
        """Whether `keep_shown` has something to save."""
        return bool(self._shown)

    def keep_shown(self) -> None:
        """Save which drafts were shown since the last time, and when.

        Raises:
            ColumnistError: that failed; the next call tries again.
        """
        shown, self._shown = self._shown, {}
        if not shown:
            return
        try:
            with self._workspace.transaction() as db:
                db.executemany(
                    "UPDATE inferences SET shown_at = ? WHERE suggestion = ?"
                    " AND shown_at IS NULL",
                    [(at, each) for each, at in list(shown.items())],
                )
        except ColumnistError:
            self._shown = shown | self._shown
            raise

    # What is read of it

    def shown(self) -> tuple[Shown, ...]:
        """How much was drafted and shown, by the model that was asked."""
        waiting = ", ".join(f"'{state.value}'" for state in UNDECIDED)
        return tuple(
            self._workspace.records(
                Shown,
                "SELECT model, count(*) AS drafts, count(shown_at) AS shown,"
                " sum(shown_at IS NOT NULL AND current AND state"
                f" IN ({waiting})) AS undecided, sum(seconds) AS seconds,"
                " ifnull(sum(prompt_tokens), 0) AS prompt_tokens,"
                " ifnull(sum(generated_tokens), 0) AS generated_tokens FROM ("
                f"SELECT s.model, s.current, s.state, {_SHOWN} AS shown_at, i.seconds,"
                " i.prompt_tokens, i.generated_tokens FROM inferences i"
                " JOIN suggestions s ON s.id = i.suggestion"
                f" WHERE s.database {self._of}) GROUP BY model ORDER BY model",
            )
        )

    def drafting(self) -> tuple[Drafting, ...]:
        """What drafting took, by the model that it was done with."""
        return tuple(
            self._workspace.records(
                Drafting,
                "SELECT model, sum(seconds) AS seconds, sum(drafts) AS drafts,"
                " sum(columns) AS columns, sum(prompt_tokens) AS prompt_tokens,"
                " sum(generated_tokens) AS generated_tokens, sum(joules) AS joules,"
                " sum(iif(joules IS NULL, 0.0, seconds)) AS metered_seconds"
                f" FROM drafting WHERE database {self._of} GROUP BY model"
                " ORDER BY model",
            )
        )

    def export(self) -> Generator[dict[str, object]]:
        """A row a draft with its last decision, called as in `FIELDS`, oldest first.

        Nobody else reads the workspace while rows are taken.
        """
        names = list(FIELDS)
        counted = ("edit", "words_added", "words_removed")
        read = [name for name in names if name not in counted]
        for values in self._workspace.each(_EXPORTED.format(of=self._of)):
            row = dict(zip(read, values, strict=True))
            row["findings"] = json.loads(str(row["findings"]))
            decided = json.loads(str(row["decisions"]))
            row["decisions"] = [each | {"seen": bool(each["seen"])} for each in decided]
            for flag in ("is_current", "decided_seen"):
                row[flag] = None if row[flag] is None else bool(row[flag])
            row |= dict.fromkeys(counted)
            if row["decision"] == "edited":
                edit = edit_of(str(row["text"] or ""), str(row["decided_text"]))
                row |= zip(counted, astuple(edit), strict=True)
            yield {name: row[name] for name in names}


_EXPORTED = (
    "SELECT b.label, s.schema, s.name, s.column_name, s.created_at, s.source, s.model,"
    " iif(s.model IS NULL, NULL, w.digest), iif(s.model IS NULL, 'none', w.form),"
    " s.prompt, s.drafted, s.confidence, s.findings, i.prompt_tokens,"
    f" i.generated_tokens, i.seconds, {_SHOWN}, s.current, s.state,"
    " l.state_after, l.at, l.who, l.seen, l.text_after, l.rank, l.reason_after,"
    " l.edit_distance, (SELECT json_group_array(json_object('at', at, 'verdict',"
    " verdict, 'state', state_after, 'text', text_after, 'edit_distance',"
    " edit_distance, 'reason', reason_after, 'who', who, 'seen', seen)) FROM"
    " (SELECT * FROM decisions d WHERE d.suggestion = s.id ORDER BY d.id))"
    " FROM inferences i JOIN suggestions s ON s.id = i.suggestion"
    " JOIN databases b ON b.id = s.database LEFT JOIN drafting w ON w.id = i.drafting"
    # What was undone is decided no longer.
    " LEFT JOIN decisions l ON l.id = (SELECT max(d.id) FROM decisions d"
    " WHERE d.suggestion = s.id)"
    " AND l.state_after IN ('accepted', 'edited', 'rejected')"
    " WHERE s.database {of} AND (s.arm IS NULL OR s.place IS NOT NULL)"
    # Before two models' drafts are chosen from, nobody is told whose they are.
    f" AND NOT {being_chosen('s')} ORDER BY i.suggestion"
)


@dataclass(frozen=True, slots=True)
class Edit:
    """How a text differs from its draft, by its words."""

    kind: str
    """added, removed, reworded, or marks: the words are the same but for their case."""
    added: int
    """Words that the draft has not there."""
    removed: int
    """Words of the draft that are gone."""


def edit_of(old: str, new: str) -> Edit:
    """What kind of edit makes one text of another."""
    before, after = _words(old), _words(new)
    added = removed = 0
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what != "equal":
            removed, added = removed + b - a, added + d - c
    if added and removed:
        return Edit("reworded", added, removed)
    return Edit("added" if added else "removed" if removed else "marks", added, removed)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
