"""The table of what was proved says what the dialects and the live tests say."""

from __future__ import annotations

from connectors.dialects.dialect import dialect_named, dialect_names
from tests.connectors.proof import BEGIN, DOCUMENT, END, RAN, tables


def test_the_document_has_the_table_as_it_is_now() -> None:
    text = DOCUMENT.read_text()
    written = text.partition(BEGIN)[2].partition(END)[0]
    assert written == tables(), "run python -m tests.connectors.proof"


def test_what_writes_without_being_asked_ran_on_the_real_engine() -> None:
    for name in dialect_names():
        dialect = dialect_named(name)
        assert dialect is not None
        allowed = {(kind, False) for kind in dialect.table_keywords}
        allowed |= {(kind, True) for kind in dialect.column_kinds}
        if dialect.proved:
            assert RAN[name].ran == allowed
        elif name in RAN:
            assert RAN[name].ran <= allowed
