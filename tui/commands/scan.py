"""`columnist scan`: read the catalog, print coverage."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.errors import ExitCode, UsageError
from catalog.snapshot import SchemaCoverage
from tui import console, jobs
from tui.commands.options import Json, Schemas, Tables, Url, settings
from tui.session import Session, open_session
from tui.text import plain


def run(
    context: typer.Context,
    url: Url,
    schema: Schemas = None,
    table: Tables = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            help="Exit with 3 if less than this percentage is described.",
            min=0,
            max=100,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read the catalog into the workspace and print how much is described."""
    session = open_session(settings(context), url)
    try:
        read(session, schema or [], table or [])
        by_schema, total = session.snapshot.coverage(
            schemas=schema or [], globs=table or []
        )
    finally:
        session.close()
    if (schema or table) and not total.tables:
        raise UsageError(
            "No table fits.", "See them with `columnist tables URL`; case matters."
        )
    if json:
        console.out_json(
            {
                "schemas": [coverage.as_json() for coverage in by_schema],
                "total": total.as_json(),
            }
        )
    else:
        for coverage in [*by_schema, total]:
            console.out(_line(coverage))
    if fail_under is not None and total.share * 100 < fail_under:
        console.note(
            f"columnist: {total.share:.1%} is described, less than {fail_under:g}%."
        )
        raise typer.Exit(ExitCode.REFUSED)


def read(session: Session, schemas: list[str], globs: list[str]) -> int:
    """Scan with a progress bar; how many tables were read."""
    tables = 0
    if session.files_only:
        console.note(f"columnist: {plain(session.files_only)}.")
    with (
        console.stopping() as stop,
        console.progress("Reading the catalog", None) as advance,
    ):
        for _ in jobs.scan(session, schemas=schemas, globs=globs, stop=stop):
            tables += 1
            advance(1)
    return tables


def _line(coverage: SchemaCoverage) -> str:
    name = "total" if coverage.schema is None else plain(coverage.schema)
    return (
        f"{name:<24} {coverage.share:>6.1%}"
        f"   tables {coverage.tables_described:>6,} of {coverage.tables:<6,}"
        f"   columns {coverage.columns_described:>7,} of {coverage.columns:,}"
    )
