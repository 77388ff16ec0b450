"""Turns what a steward accepted and edited into examples, without anything personal.

What leaves the workspace: names of tables and columns, types, keys, and the texts that
were decided on. What does not: schemas (in some databases they are the database's
name), hosts, users, comments, defaults, view queries, row counts and everything that
was sampled. A text is dropped and counted where it may tell of a person or a row: mail
addresses, links, numbers like telephone numbers or keys, names of databases, hosts and
users, quoted values, and words, names or numbers that are neither language nor in the
schema.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.bounds import Bounds
from catalog.objects import Table, TableId, Target, column_of, table_of
from catalog.snapshot import Snapshot
from catalog.suggestion import Finding, Source, State, Suggestion
from catalog.suggestions import Suggestions
from catalog.unseen import unseen
from catalog.workspace import KnownDatabase, Workspace, steward
from model.checks import invented
from model.names import UPPER, abbreviations, expand, singular, split, subject
from model.names import words as frequent_words
from model.personal import FORMS
from model.prompts.compact import kind_of
from model.teacher_set import SHIPPED, folder, read
from model.training.teacher_file import STEWARD
from model.vocabulary import root, roots

DECIDED = (State.ACCEPTED, State.EDITED, State.WRITTEN)
"""States of a text that a steward has stood behind."""

WEIGHTS = {"edited": 1.0, "accepted": 0.5}
"""An edit says what the model should have written; its own words it knows already."""

_PERSONAL = (
    *FORMS,
    (
        "number like a key",
        re.compile(
            r"\d{5,}|\b(?=\w*\d)(?=\w*[A-Za-z])\w{7,}\b|\b[0-9a-f]{8}-[0-9a-f]{4}"
        ),
    ),
    ("quoted value", re.compile(r"[\"“”«»`]|(?<!\w)'[^']+'")),
)


@dataclass(frozen=True, slots=True)
class DecisionsOf:
    """What was decided in one database, in figures that name nobody."""

    database: str
    """The database's label."""
    accepted: int
    """Texts taken as they were drafted, and seen."""
    edited: int
    """Texts in a person's own words."""
    rejected: int
    """Drafts that were refused."""
    people: int
    """How many decided."""
    first: str
    """The day of the first decision, UTC; empty without one."""
    last: str
    """The day of the last."""


def seen_within(
    workspace: Workspace, databases: Mapping[int, Bounds] | None
) -> Iterator[KnownDatabase]:
    """Databases that count, of each no more seen than its bounds while it is taken.

    Args:
        workspace: an open workspace; it stays bounded as the last of them is.
        databases: their ids and bounds; None is all of everything.
    """
    for each in sorted(workspace.databases(), key=lambda known: known.id):
        if databases is None:
            yield each
        elif each.id in databases:
            workspace.bound(each.id, databases[each.id])
            yield each


def decided_in(workspace: Workspace, database: KnownDatabase) -> DecisionsOf:
    """How much was decided in a database, by how many, and when."""
    store = Suggestions(workspace, database.id)
    log = store.decisions.all()
    kept = store.all(states=DECIDED)
    edited = sum(each.edited for each in kept)
    days = sorted(each.at.date().isoformat() for each in log)
    return DecisionsOf(
        database.label,
        len(kept) - edited,
        edited,
        len(store.all(states=(State.REJECTED,))),
        len({each.who for each in log}),
        *(days[0], days[-1]) if days else ("", ""),
    )


def steward_examples(
    workspace: Workspace,
    dropped: Counter[str],
    *,
    databases: Mapping[int, Bounds] | None = None,
    stays: bool = False,
) -> Iterator[dict[str, Any]]:
    """A record for each table with a text that a steward decided on.

    Args:
        workspace: an open workspace.
        dropped: gets the texts left out, by reason.
        databases: ids of those that count, each with what of it does; None is all.
        stays: the records do not leave this machine. Words in the texts of several
            tables are then the house's language, whatever language that is; what nobody
            had on the screen when it was accepted teaches nothing, nor does a text that
            like columns of like tables contradict.
    """
    found = [
        _house(workspace, database, dropped, stays=stays)
        for database in seen_within(workspace, databases)
    ]
    beaten = _contradicted(found) if stays else frozenset[int]()
    for house in found:
        for table, texts in house.tables:
            kept = {t: each for t, each in texts.items() if each.id not in beaten}
            dropped["another text for the same"] += len(texts) - len(kept)
            record = _record(table, kept, house, dropped)
            if record is not None:
                yield record
    for reason in [*dropped]:
        if not dropped[reason]:
            del dropped[reason]


@dataclass(frozen=True, slots=True)
class _House:
    """What was decided in one database, and what its texts may say."""

    tables: Sequence[tuple[Table, dict[Target, Suggestion]]]
    """Texts by what they describe, a table after the other."""
    decisions: Mapping[int, int]
    """The last decision on each suggestion."""
    private: set[str]
    """Names that no text may have."""
    spoken: frozenset[str]
    """Roots of words that are the house's language."""


def _house(
    workspace: Workspace, database: KnownDatabase, dropped: Counter[str], *, stays: bool
) -> _House:
    store = Suggestions(workspace, database.id)
    log = store.decisions.all()
    private = private_words(database)
    private |= {each.who.lower() for each in log if len(each.who) > 2}
    last = {each.suggestion: each for each in log}
    snapshot = Snapshot(workspace, database.id)
    decided: dict[TableId, dict[Target, Suggestion]] = defaultdict(dict)
    for suggestion in store.all(states=DECIDED):
        if stays and suggestion.id in last and not last[suggestion.id].seen:
            dropped["accepted unseen"] += 1
            continue
        decided[table_of(suggestion.target)][suggestion.target] = suggestion
    tables: list[tuple[Table, dict[Target, Suggestion]]] = []
    for table_id, texts in decided.items():
        if (table := snapshot.table(table_id)) is not None:
            tables.append((table, texts))
        else:
            dropped["table is gone"] += len(texts)
    return _House(
        tables,
        {suggestion: each.id for suggestion, each in last.items()},
        private,
        _spoken(texts for _, texts in tables) if stays else frozenset(),
    )


def _contradicted(houses: Iterable[_House]) -> frozenset[int]:
    """Suggestions that a like column of a like table, or a like table, contradicts.

    The text that was decided on most often stands, of several the latest.
    """
    like: dict[object, dict[str, list[tuple[int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for house in houses:
        for table, texts in house.tables:
            for target, each in texts.items():
                column = table.column(target.name) if target != table.id else None
                kind = (column.name.lower(), kind_of(column.type)) if column else None
                text = " ".join((each.text or "").split())
                when = house.decisions.get(each.id, 0)
                like[subject(table.id.name).lower(), kind][text].append((when, each.id))
    beaten: set[int] = set()
    for texts_of in like.values():
        best = max(texts_of.values(), key=lambda said: (len(said), max(said)))
        for said in texts_of.values():
            if said is not best:
                beaten.update(id_ for _, id_ in said)
    return frozenset(beaten)


def _spoken(tables: Iterable[dict[Target, Suggestion]]) -> frozenset[str]:
    """Roots of words that the texts of several tables have: no one row's values."""
    said: dict[str, int] = defaultdict(int)
    for texts in tables:
        for word in roots(" ".join(each.text or "" for each in texts.values())):
            said[word] += 1
    return frozenset(word for word, times in said.items() if times > 1)


def private_words(database: KnownDatabase) -> set[str]:
    """Names of the database, its host and its users, in lower case."""
    found = {database.label, steward()}
    try:
        parts = urlsplit(database.url)
        found |= {parts.hostname or "", parts.username or ""}
        found |= set(re.split(r"[/\\]", unquote(parts.path)))
    except ValueError:
        found |= set(re.split(r"[/@:\\]", database.url))
    found |= {name.partition(".")[0] for name in [*found]}
    return {name.lower() for name in found if len(name) > 2}


def personal(text: str, private: set[str]) -> str | None:
    """Why a text may tell of a person, a machine or a row, or None."""
    for reason, pattern in _PERSONAL:
        if pattern.search(text):
            return reason
    lowered = text.lower()
    for word in private:
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", lowered):
            return "name of a database, host or user"
    return None


def _record(
    table: Table,
    texts: dict[Target, Suggestion],
    house: _House,
    dropped: Counter[str],
) -> dict[str, Any] | None:
    kept: dict[str | None, str] = {}
    weights: list[float] = []
    # The schema's own words count as shown, so a database named like a table's
    # subject does not empty the set.
    shown = set(re.findall(r"[a-z]+", table.id.name.lower()))
    shown |= {w for c in table.columns for w in re.findall(r"[a-z]+", c.name.lower())}
    for target, suggestion in texts.items():
        text = " ".join((suggestion.text or "").split())
        reason = _left_out(text, table, suggestion, house.private - shown, house.spoken)
        if reason is not None:
            dropped[reason] += 1
            continue
        kept[column_of(target)] = text
        edited = suggestion.by is Source.HUMAN
        weights.append(WEIGHTS["edited" if edited else "accepted"])
    if not kept:
        return None
    columns = []
    for column in table.columns:
        entry: dict[str, Any] = {"name": column.name, "type": column.type}
        if column.name in kept:
            entry["description"] = kept[column.name]
        if column.name in table.primary_key:
            entry["key"] = True
        if there := table.references(column.name):
            entry["references"] = f"{there[0].name}.{there[1] or ''}".rstrip(".")
        columns.append(entry)
    return {
        "source": "workspace",
        "license": "",
        "kind": STEWARD,
        "schema": "",
        "table": table.id.name,
        "description": kept.get(None),
        "columns": columns,
        "weight": max(weights),
    }


def _left_out(
    text: str,
    table: Table,
    suggestion: Suggestion,
    private: set[str],
    spoken: frozenset[str],
) -> str | None:
    """Why a decided text does not become an example, or None."""
    if not text:
        return "empty"
    if unseen(text) is not None:
        return "control characters"
    if reason := personal(text, private):
        return reason
    leak = Finding.LEAK in suggestion.draft.findings
    if (
        leak
        or unknown(text, table, spoken)
        or not spoken.issuperset(map(root, invented(text, table)))
    ):
        return "word from the sample"
    return None


def unknown(text: str, table: Table, spoken: frozenset[str] = frozenset()) -> bool:
    """Whether a text has a word that is neither language nor in the schema.

    What nobody knows may be a value of a row. Samples are not kept, so this is told
    from words: those of schema descriptions, those of invented tables, and the table's.
    """
    words, stems = _vocabulary()
    parts = [table.id.name, *(column.name for column in table.columns)]
    parts += [key.references.name for key in table.foreign_keys]
    shown = {word.lower() for part in parts for word in expand(split(part))}
    for word in re.findall(r"[^\W\d_]{4,}" if spoken else r"[a-z]{4,}", text.lower()):
        if root(word) in spoken:
            continue
        one = singular(word)
        if word in words or one in words or one in shown or word in shown:
            continue
        if len(word) < 7 or word[:6] not in stems:
            return True
    return False


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str]]:
    """Words that are language, and the first six letters of the longer ones."""
    found = set(frequent_words()) | set(abbreviations())
    found |= {low.lower() for low in UPPER}
    for described in read(folder() / SHIPPED[0]):
        for text in described.texts.values():
            found |= set(re.findall(r"[a-z]{4,}", text.lower()))
    found |= {singular(word) for word in found}
    return frozenset(found), frozenset(w[:6] for w in found if len(w) >= 6)
