"""What writing promises where each statement commits by itself, for any such engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.objects import ColumnId, Table, TableId, TableKind, Target
from connectors.database import Database
from tests.connectors.nasty import PLAIN_TEXTS, REFUSED_TEXTS, SUPPLEMENTARY
from tests.connectors.proof import Ran
from tests.connectors.recording import RecordingLedger
from tests.connectors.targets import (
    all_written,
    changes_to,
    fresh,
    outcomes,
    plan,
)

CASES = int(os.environ.get("COLUMNIST_TEST_CASES", "200"))
"""Generated texts and names of a property test."""

INJECTIONS = [
    "x'; DROP TABLE victim; --",
    "x\\'; DROP TABLE victim; --",
    "x\\\\'; DROP TABLE victim; --",
    "x'', COMMENT COLUMN a ''",
    "x' COMMENT 'y",
    "${env:HOME} ${env:PATH} ${system:user.name} ${hivevar:x} ${hiveconf:x} ${y} #{y}",
    "${spark.app.name} ${spark:spark.app.name} $${env:HOME}",
    "{x:String} {{x}} {x}",
    "%% %s %(x)s %%%% %",
    ":name ::x @x @@x ? $1 $x$",
    "-- x",
    "/* x */ */ /*",
    "\\",
    "\\\\\\",
    "\\u0041 \\x41 \\101 \\n \\t \\% \\_ \\' \\\"",
    '`x` "x" \u00b4x\u00b4 \u2018x\u2019 \u02bcx\u02bc \uff07x\uff07',
]
"""Texts that end a literal, expand or bind where quoting goes wrong."""

_pieces = st.one_of(
    st.characters(),
    st.sampled_from(["'", '"', "`", "\\", "''", "\\'", "\n", "\r\n", "\t", "%", "%%"]),
    st.sampled_from(
        ["${env:HOME}", "${", "}", "{x:String}", ":x", "?", "--", "/*", "*/"]
    ),
    st.sampled_from(
        ["\0", "\x01", "\x7f", "\ud800", "\r", "🙂", "\U0010ffff", "\ufeff"]
    ),
)
_long = st.builds(
    lambda piece, size, last: (piece * size)[: size - 1] + last,
    st.sampled_from(["x", "'", "\\", "%", "\n", "ä", "中", "🙂", "a'\\\r\n"]),
    st.sampled_from(
        [limit + more for limit in (256, 1024, 2048, 4000) for more in (-1, 0, 1)]
    ),
    st.sampled_from(["x", "'", "\\", "ä", " "]),
)
"""Texts as long as a limit, or one character more or less."""
texts = st.one_of(
    st.lists(_pieces, max_size=40).map("".join),
    _long,
    st.sampled_from([*PLAIN_TEXTS, *SUPPLEMENTARY, *REFUSED_TEXTS, *INJECTIONS]),
)
"""Any text, and often what breaks quoting."""

identifiers = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(list("'\"`\\%:?${}.,; -/*()[]=\n")),
    ),
    min_size=1,
    max_size=20,
)
"""Any name, accepted or not."""


@dataclass
class Engine:
    """An engine with an empty schema to use."""

    schema: str
    """The schema that tests fill."""
    open: Callable[[], Database]
    """Columnist's way in."""
    run: Callable[..., list[tuple[object, ...]]]
    """Runs statements beside Columnist; the last one's rows."""
    dump: Callable[[], str]
    """Everything about the schema but its rows."""
    create: Callable[[str, Sequence[str]], None]
    """Makes a table of integer columns with these names."""

    def id(self, name: str) -> TableId:
        return TableId(self.schema, name)


def write(
    database: Database,
    table: Table,
    changes: Sequence[CommentChange],
    ledger: RecordingLedger | None = None,
) -> list[WriteResult]:
    """Writes and checks that every intent was closed with its result."""
    ledger = ledger or RecordingLedger()
    results = list(database.execute([plan(database, table, changes)], ledger))
    assert not ledger.open
    assert len(results) == len(changes)
    return results


def allowed(database: Database, table: Table, text: str | None) -> list[CommentChange]:
    """Changes to every target of a table that can have a comment."""
    return [
        change
        for change in changes_to(table, text)
        if database.dialect.refusal(table, change) is None
    ]


def kinds_written(results: Sequence[WriteResult], table: Table) -> Ran:
    return frozenset(
        (table.kind, isinstance(result.change.target, ColumnId)) for result in results
    )


def every_kind(engine: Engine, expected: Mapping[str, TableKind]) -> Ran:
    """Sets, replaces and clears all that is on the allow-list; what that was."""
    before = engine.dump()
    database = engine.open()
    tables = list(database.scan(schemas=[engine.schema]))
    assert {table.id.name: table.kind for table in tables} == expected
    ran: set[tuple[TableKind, bool]] = set()
    for text in ("first", "second, with 'quotes' and \\", None, "third", ""):
        for table in tables:
            now = fresh(database, table.id)
            changes = allowed(database, now, text)
            results = write(database, now, changes)
            assert all_written(results)
            after = fresh(database, table.id)
            assert {after.comment_of(c.target) for c in changes} == {text or None}
            ran |= kinds_written(results, now)
    assert engine.dump() == before
    return frozenset(ran)


def what_is_refused_has_no_statement(engine: Engine, refused: set[Target]) -> None:
    """These targets, and no others, are refused with a reason and without a trace."""
    database = engine.open()
    seen: set[Target] = set()
    for table in list(database.scan(schemas=[engine.schema])):
        for change in changes_to(table, "new"):
            if database.dialect.refusal(table, change) is None:
                continue
            seen.add(change.target)
            ledger = RecordingLedger()
            [result] = write(database, table, [change], ledger)
            assert result.outcome is Outcome.REFUSED
            assert result.reason
            assert not ledger.intents
            assert plan(database, table, [change]).statements == ()
    assert seen == refused


def texts_come_back(engine: Engine, wanted: Sequence[str]) -> int:
    """Each is kept exactly or refused before any statement; how many were kept."""
    engine.create("victim", ["x"])
    engine.create("t", [f"c{number}" for number in range(len(wanted))])
    before = engine.dump()
    database = engine.open()
    kept = check_texts(database, fresh(database, engine.id("t")), wanted)
    assert fresh(database, engine.id("victim"))
    table = fresh(database, engine.id("t"))
    assert all_written(write(database, table, allowed(database, table, None)))
    assert engine.dump() == before
    return kept


def check_texts(database: Database, table: Table, wanted: Sequence[str]) -> int:
    """Writes texts to columns, one each; how many were kept."""
    changes = [
        CommentChange(column.id, column.comment, text)
        for column, text in zip(table.columns, wanted, strict=False)
    ]
    fine = plan(database, table, changes).changes
    return _written(database, table, changes, fine)


def _written(
    database: Database,
    table: Table,
    changes: Sequence[CommentChange],
    fine: Sequence[CommentChange],
) -> int:
    ledger = RecordingLedger()
    results = write(database, table, changes, ledger)
    assert {intent.change for intent in ledger.intents.values()} == set(fine)
    after = fresh(database, table.id)
    for result in results:
        change = result.change
        if change in fine:
            assert result.outcome is Outcome.WRITTEN, result
            assert result.read_back == (change.text or None)
            assert after.comment_of(change.target) == (change.text or None)
        else:
            assert result.outcome is Outcome.REFUSED, result
            assert after.comment_of(change.target) == change.previous
    return len(fine)


def texts_on_the_table_come_back(engine: Engine, wanted: Sequence[str]) -> None:
    engine.create("t", ["x"])
    database = engine.open()
    for text in wanted:
        table = fresh(database, engine.id("t"))
        change = CommentChange(table.id, table.comment, text)
        fine = plan(database, table, [change]).changes
        _written(database, table, [change], fine)


def generated_texts_come_back_and_revert(
    engine: Engine, table: Table, wanted: Sequence[str]
) -> None:
    """One generated example: texts on the columns, then what was there before."""
    database = engine.open()
    before = fresh(database, table.id)
    check_texts(database, before, wanted)
    after = fresh(database, table.id)
    back = [
        CommentChange(target, after.comment_of(target), before.comment_of(target))
        for target in after.targets()
        if after.comment_of(target) != before.comment_of(target)
    ]
    if back:
        assert all_written(write(database, after, back))
    assert fresh(database, table.id) == before


def texts_replace_each_other(
    database: Database, before: Table, rounds: Sequence[Sequence[str | None]]
) -> tuple[int, int]:
    """Texts on a table and its columns, others over them, and then what was there.

    Returns how many were kept exactly, and how many were refused beforehand.
    """
    kept = refused = 0
    back = [before.comment_of(target) for target in before.targets()]
    for wanted in (*rounds, back):
        table = fresh(database, before.id)
        changes = [
            CommentChange(target, table.comment_of(target), text)
            for target, text in zip(table.targets(), wanted, strict=True)
        ]
        fine = plan(database, table, changes).changes
        kept += _written(database, table, changes, fine)
        refused += len(changes) - len(fine)
    assert fresh(database, before.id) == before
    return kept, refused


def names_come_back(engine: Engine, tables: Sequence[TableId]) -> None:
    """Tables with nasty names are written and reverted without a trace."""
    before = engine.dump()
    database = engine.open()
    found = {t.id: t for t in database.scan(schemas=[engine.schema])}
    for table_id in tables:
        table = found[table_id]
        assert database.read(table_id) == table
        changes = changes_to(table, "about it")
        assert all_written(write(database, table, changes))
        after = fresh(database, table_id)
        assert {after.comment_of(t) for t in after.targets()} == {"about it"}
        assert all_written(write(database, after, changes_to(after, None)))
    assert engine.dump() == before


def preview_is_what_is_executed(engine: Engine) -> None:
    engine.create("t", ["a", "b"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    changes = changes_to(table, "it's\n100% \\ new")
    shown = [each.sql for each in plan(database, table, changes).statements]
    ledger = RecordingLedger()
    results = write(database, table, changes, ledger)
    assert {result.statement for result in results} == set(shown)
    assert {intent.statement for intent in ledger.intents.values()} == set(shown)


def never_overwrites(engine: Engine) -> None:
    """What another session wrote after the steward looked is a conflict."""
    engine.create("t", ["a", "b", "c"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    assert all_written(write(database, table, changes_to(table, "ours")))
    seen = fresh(database, table.id)
    theirs = CommentChange(ColumnId(table.id, "b"), "ours", "theirs")
    assert all_written(write(engine.open(), seen, [theirs]))
    results = write(database, seen, changes_to(seen, "new"))
    assert outcomes(results) == {
        table.id: Outcome.WRITTEN,
        ColumnId(table.id, "a"): Outcome.WRITTEN,
        ColumnId(table.id, "b"): Outcome.CONFLICT,
        ColumnId(table.id, "c"): Outcome.WRITTEN,
    }
    [conflict] = [r for r in results if r.outcome is Outcome.CONFLICT]
    assert conflict.read_back == "theirs"
    assert fresh(database, table.id).comment_of(theirs.target) == "theirs"
    [removed] = write(
        database, seen, [CommentChange(ColumnId(table.id, "b"), None, "x")]
    )
    assert removed.outcome is Outcome.CONFLICT


def gone_columns_and_tables_are_refused(engine: Engine, *drop_b: str) -> None:
    """A column that is gone does not hold up the others; nor a table the program."""
    engine.create("t", ["a", "b", "c"])
    engine.create("u", ["a"])
    database = engine.open()
    table = fresh(database, engine.id("t"))
    engine.run(*drop_b)
    results = write(database, table, changes_to(table, "new"))
    found = outcomes(results)
    assert found.pop(ColumnId(table.id, "b")) is Outcome.REFUSED
    assert set(found.values()) == {Outcome.WRITTEN}
    other = fresh(database, engine.id("u"))
    engine.run("DROP TABLE u")
    results = write(database, other, changes_to(other, "new"))
    assert set(outcomes(results).values()) == {Outcome.REFUSED}
    assert database.read(other.id) is None
