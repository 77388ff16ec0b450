"""How long writing comments takes beside the database's own client.

    python -m benchmarks.writing [postgresql] [mariadb] [--tables 10000] [--json]

A server is started with so many tables of 12 columns. Every column has an accepted
text of some 40 characters. Two arms take turns, and the comments are cleared between:

- `client` (the baseline): psql or the mariadb client runs a script of the very
  statements that Columnist executes, in the same transactions (on PostgreSQL one a
  table).
- `apply`: what `columnist apply` does, from the staged decisions to the last one
  recorded: checks, intents in the ledger, compare-and-set, write, reading back, states
  and snapshot in the workspace.

Left out of both: starting the program, connecting, rendering the client's script.
Covered: small tables, nobody else at work, a server on the same machine that does not
wait for its disk (the workspace does). Not covered: a network between them, which costs
the client a way for every statement, and Columnist three or so for every table.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path

from benchmarks import machine, measuring
from benchmarks.catalogs import COLUMNS, Warehouse, warehouse
from benchmarks.measuring import Json
from catalog.change import CommentChange, Outcome
from catalog.objects import Target, table_of
from catalog.suggestion import Draft, Source
from tui.flow import scanning, writes
from tui.flow.session import Session, open_session
from tui.flow.settings import locate

DIALECTS = ("postgresql", "mariadb")


@contextmanager
def opened(workspace: Path, url: str) -> Iterator[Session]:
    """The database with a workspace of its own."""
    session = open_session(locate(workspace), url)
    try:
        yield session
    finally:
        session.close()


def stage(session: Session) -> None:
    """Scan, and accept a text for every column."""
    for _ in scanning.scan(session):
        pass
    session.suggestions.put(
        (Draft(column.id, text(column.id), Source.IMPORTED, 1.0), None)
        for table in session.snapshot.tables()
        for column in table.columns
    )
    session.suggestions.accept(session.suggestions.all())


def text(target: Target) -> str:
    """A text that is another for every target."""
    return f"What {target} says, as the steward has it."


def script(session: Session, *, clear: bool) -> str:
    """The statements that `apply` executes, in the same transactions."""
    lines: list[str] = []
    changes = session.suggestions.staged()
    for table_id, wanted in groupby(changes, lambda change: table_of(change.target)):
        table = session.snapshot.table(table_id)
        assert table is not None
        some = [
            CommentChange(change.target, None, None if clear else change.text)
            for change in wanted
        ]
        run = session.database.plan_run([(table, some)])
        body = [f"{statement.sql};" for statement in run.statements]
        if session.database.dialect.transactional:
            body = ["BEGIN;", *body, "COMMIT;"]
        lines += body
    return "\n".join(lines)


def client(place: Warehouse, path: Path) -> float:
    """Seconds that the database's own client needs for a script."""
    with path.open() as lines:
        began = time.perf_counter()
        subprocess.run(place.client, stdin=lines, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


def apply(place: Warehouse, staged: Path, expected: int) -> float:
    """Seconds that `apply` needs, with a copy of the staged workspace."""
    copy = staged.with_name("copy.db")
    shutil.copy(staged, copy)
    with opened(copy, place.url) as session:
        began = time.perf_counter()
        written = sum(
            result.outcome is Outcome.WRITTEN for result in writes.apply(session)
        )
        took = time.perf_counter() - began
    copy.unlink()
    if written != expected:
        raise SystemExit(f"{written} of {expected} comments were written.")
    return took


def measure(dialect: str, count: int, repeats: int) -> Json:
    """Both arms on one database."""
    with tempfile.TemporaryDirectory(prefix="columnist-writing-") as name:
        folder = Path(name)
        _say(f"{dialect}: making {count:,} tables")
        with warehouse(dialect, count, folder, described=False) as place:
            staged = folder / "workspace.db"
            with opened(staged, place.url) as session:
                stage(session)
                for clear in (False, True):
                    path = folder / f"{'clear' if clear else 'set'}.sql"
                    path.write_text(script(session, clear=clear))
                session.workspace.rows("PRAGMA wal_checkpoint(TRUNCATE)")

            def arm(run: partial[float]) -> float:
                seconds = run()
                client(place, folder / "clear.sql")
                return seconds

            expected = count * len(COLUMNS)
            found = measuring.interleave(
                {
                    "client": partial(arm, partial(client, place, folder / "set.sql")),
                    "apply": partial(arm, partial(apply, place, staged, expected)),
                },
                repeats,
                told=lambda name, repeat: _say(f"{dialect} {repeat + 1}: {name}"),
            )
    return {
        "dialect": dialect,
        "tables": count,
        "comments": expected,
        "client_seconds": measuring.median(found["client"]),
        "apply_seconds": measuring.median(found["apply"]),
        "ratio": measuring.ratio(found["apply"], found["client"]).as_json(),
    }


def main() -> None:
    """Print both arms' times and their ratio."""
    parser = measuring.arguments(__doc__)
    parser.add_argument("dialects", nargs="*", default=DIALECTS, metavar="DIALECT")
    parser.add_argument("--tables", type=int, default=10_000)
    options = parser.parse_args()
    here = machine.machine(options.threads)
    rows = [measure(name, options.tables, options.repeats) for name in options.dialects]
    if options.json:
        report = {"benchmark": "writing", "machine": here.as_json(), "rows": rows}
        print(json.dumps(report, indent=2))
        return
    print("\n".join(here.lines()))
    head = ["database", "comments", "client s", "apply s", "apply/client"]
    cells = [
        [
            row["dialect"],
            f"{row['comments']:,}",
            f"{row['client_seconds']:.2f}",
            f"{row['apply_seconds']:.2f}",
            measuring.ratio_text(row["ratio"]),
        ]
        for row in rows
    ]
    print(measuring.table(head, cells))


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
