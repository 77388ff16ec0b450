"""What names mean: asked of the glossary, and counted where nobody knows."""

from __future__ import annotations

from collections.abc import Callable

from catalog.glossary import GlossaryFile
from catalog.objects import Target, table_of
from catalog.stopping import Stop, never
from model.draft import undescribed
from model.names import humanize, split
from model.questions import Census
from model.spelling import INSIDE, used, wordless
from tui.flow.session import Session
from tui.flow.text import plain

SHOWN = 3
"""Terms that are named."""


def meaning_of(session: Session, target: Target, word: str) -> str:
    """The terms that explain a word, else the target's name.

    Raises:
        ColumnistError: the glossary is broken.
    """
    terms = GlossaryFile(session.glossary).read().of(table_of(target))
    for name in filter(None, (word, target.name)):
        if found := used(name, terms):
            return " · ".join(f"{each.term.strip()}: {each.meaning}" for each in found)
    name = word or target.name
    read = humanize(split(name))
    known = f" It is read as {read}." if read.lower() != name.lower() else ""
    return f"The glossary has no {name}.{known}"


def unread(session: Session) -> str | None:
    """One line on the terms whose meaning cannot stand inside names, if there are any.

    Raises:
        ColumnistError: the glossary is broken.
    """
    terms = wordless(GlossaryFile(session.glossary).read().terms)
    if not terms:
        return None
    names = [plain(term.term.strip()) for term in terms[:SHOWN]]
    more = len(terms) - len(names)
    said = ", ".join(names) + (f" and {more:,} more" if more else "")
    return f"{said} in the glossary describe what is called so; {INSIDE}."


def census(
    session: Session,
    *,
    read: Callable[[int], None] = lambda _: None,
    stop: Stop = never,
) -> Census:
    """Count the words that nobody knows in the names of what is undocumented.

    Args:
        session: the open database.
        read: told how many tables are read so far.
        stop: ends it between two tables, with what is counted by then.
    """
    found = Census()
    glossary = GlossaryFile(session.glossary).read()
    settled = session.suggestions.settled()
    for table in session.snapshot.tables():
        if stop():
            break
        lacking = undescribed(table)
        open_ = [target for target in lacking if target not in settled]
        found.add(table, open_, glossary.of)
        read(found.tables)
    return found
