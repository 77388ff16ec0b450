"""Which of the ways to execute statements a kind of database takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from catalog.change import WriteResult
from catalog.errors import ColumnistError
from catalog.stopping import Stop
from connectors.database_session import SessionSource
from connectors.dialects.bases.altering import AlteringDialect
from connectors.dialects.bases.sequential import SequentialDialect
from connectors.dialects.bases.transactional import TransactionalDialect
from connectors.dialects.dialect import Dialect
from connectors.ledger import Ledger
from connectors.writing.chunks import RunWriter, Tables, write_chunks
from connectors.writing.sequential import write_in_sequence
from connectors.writing.table_lock import TableLockWriter
from connectors.writing.transaction import TransactionWriter


def write(
    dialect: Dialect,
    source: SessionSource,
    tables: Tables,
    ledger: Ledger,
    stop: Stop,
) -> Iterator[WriteResult]:
    """Execute the statements of tables; results as they are recorded.

    Raises:
        ColumnistError: A connection is lost.
        Fault: A session cannot be opened.
    """
    if isinstance(dialect, SequentialDialect):
        return write_in_sequence(dialect, source, tables, ledger, stop)
    open_writer: Callable[[], RunWriter]
    if isinstance(dialect, TransactionalDialect):
        open_writer = partial(TransactionWriter, dialect, source, stop)
    elif isinstance(dialect, AlteringDialect):
        open_writer = partial(TableLockWriter, dialect, source, stop)
    else:  # it has no comments, and refused everything
        if any(True for _ in tables):
            raise ColumnistError(
                f"{dialect.label} has no way to write comments.",
                "Export them to a file: columnist export --format sql.",
            )
        return iter(())
    return write_chunks(
        tables,
        open_writer,
        ledger,
        most=dialect.chunk,
        parallel=dialect.limits.connections or dialect.parallel,
        stop=stop,
    )
