"""What the glossary says of a word, in one line for the steward."""

from __future__ import annotations

from catalog.glossary import GlossaryFile
from catalog.objects import Target, table_of
from model.names import humanize, split
from model.spelling import used
from tui.flow.session import Session


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
