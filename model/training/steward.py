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
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.objects import Table, TableId, Target, column_of
from catalog.snapshot import Snapshot
from catalog.suggestion import Finding, Source, State, Suggestion
from catalog.suggestions import Suggestions
from catalog.unseen import unseen
from catalog.workspace import KnownDatabase, Workspace, steward
from model.checks import invented
from model.names import UPPER, abbreviations, expand, singular, split
from model.names import words as frequent_words
from model.personal import FORMS
from model.teacher_set import SHIPPED, folder, read
from model.training.teacher_file import STEWARD

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


def steward_examples(
    workspace: Workspace, dropped: Counter[str]
) -> Iterator[dict[str, Any]]:
    """A record for each table with a text that a steward decided on.

    Args:
        workspace: an open workspace.
        dropped: gets the texts left out, by reason.
    """
    for database in sorted(workspace.databases(), key=lambda known: known.id):
        private = private_words(database)
        store = Suggestions(workspace, database.id)
        private |= {d.who.lower() for d in store.decisions.all() if len(d.who) > 2}
        snapshot = Snapshot(workspace, database.id)
        decided: dict[TableId, dict[Target, Suggestion]] = {}
        for suggestion in store.all(states=DECIDED):
            target = suggestion.target
            table_id = target if isinstance(target, TableId) else target.table
            decided.setdefault(table_id, {})[target] = suggestion
        for table_id, texts in decided.items():
            table = snapshot.table(table_id)
            if table is None:
                dropped["table is gone"] += len(texts)
                continue
            record = _record(table, texts, private, dropped)
            if record is not None:
                yield record


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
    private: set[str],
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
        reason = _left_out(text, table, target, suggestion, private - shown)
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
    target: Target,
    suggestion: Suggestion,
    private: set[str],
) -> str | None:
    """Why a decided text does not become an example, or None."""
    if not text:
        return "empty"
    if unseen(text) is not None:
        return "control characters"
    if reason := personal(text, private):
        return reason
    leak = Finding.LEAK in suggestion.draft.findings
    if leak or invented(text, table) or unknown(text, table):
        return "word from the sample"
    return None


def unknown(text: str, table: Table) -> bool:
    """Whether a text has a word that is neither language nor in the schema.

    What nobody knows may be a value of a row. Samples are not kept, so this is told
    from words: those of schema descriptions, those of invented tables, and the table's.
    """
    words, stems = _vocabulary()
    parts = [table.id.name, *(column.name for column in table.columns)]
    parts += [key.references.name for key in table.foreign_keys]
    shown = {word.lower() for part in parts for word in expand(split(part))}
    for word in re.findall(r"[a-z]{4,}", text.lower()):
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
