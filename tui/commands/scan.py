"""`columnist scan`: read the catalog, print coverage."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.errors import ExitCode
from catalog.rescan import Changes, Rescan
from catalog.snapshot import SchemaCoverage
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import (
    Json,
    Kinds,
    Schemas,
    Tables,
    Url,
    settings,
    table_kinds,
)
from tui.commands.reading import Named, demand, read
from tui.flow.text import count, percent, plain


def run(
    context: typer.Context,
    url: Url,
    schema: Schemas = None,
    table: Tables = None,
    kind: Kinds = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            help="Exit with 3 if less than this percentage is described.",
            min=0,
            max=100,
        ),
    ] = None,
    fail_on_outdated: Annotated[
        bool,
        typer.Option(
            "--fail-on-outdated",
            help="End with exit code 3 where a comment's table or column has changed"
            " since.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Read the catalog into the workspace and print how much is described."""
    kinds = table_kinds(kind)
    with open_session(settings(context), url) as session:
        changes = read(session, schema or [], table or [], kinds)
        fresh = session.snapshot.scanned_at() is not None
        demand(session, Named(schema or [], table or [], kinds), fresh=fresh)
        outdated = Rescan(session.workspace, session.database_id).outdated()
        by_schema, total = session.snapshot.coverage(
            schemas=schema or [], globs=table or [], kinds=kinds
        )
    if json:
        console.out_json(
            {
                "schemas": [coverage.as_json() for coverage in by_schema],
                "total": total.as_json(),
                "changes": changes.as_json(),
                "outdated": [each.as_json() for each in outdated],
            }
        )
    else:
        for line in changed(changes):
            console.note(line)
        for each in outdated:
            console.note(f"May be out of date: {plain(str(each.target))}: {each.why}.")
        for coverage in [*by_schema, total]:
            console.out(_line(coverage))
    if fail_under is not None and (total.share or 0.0) * 100 < fail_under:
        told = (
            "there is nothing to describe"
            if total.share is None
            else f"{percent(total.share, 1)} is described"
        )
        console.note(f"columnist: {told}, less than {fail_under:g}%.")
        raise typer.Exit(ExitCode.REFUSED)
    if fail_on_outdated and outdated:
        comments = count(len(outdated), "comment")
        console.note(f"columnist: {comments} may be out of date.")
        raise typer.Exit(ExitCode.REFUSED)


def changed(changes: Changes) -> list[str]:
    """What is not as at the last scan, in lines for people; none where nothing is."""
    found = [
        count(len(tables), f"{what} table")
        for what, tables in (
            ("new", changes.new),
            ("changed", changes.changed),
            ("dropped", changes.dropped),
        )
        if tables
    ]
    lines = [f"Since the last scan: {', '.join(found)}."] if found else []
    lines += [
        f"Renamed: {plain(str(old))} is {plain(str(new))} now."
        for old, new in changes.renamed.items()
    ]
    if changes.suggestions:
        drafts = count(changes.suggestions, "draft")
        lines.append(f"To decide again: {drafts} whose table or column changed.")
    return lines


def _line(coverage: SchemaCoverage) -> str:
    name = "total" if coverage.schema is None else plain(coverage.schema)
    return (
        f"{name:<24} {percent(coverage.share, 1):>6}"
        f"   tables {coverage.tables_described:>6,} of {coverage.tables:<6,}"
        f"   columns {coverage.columns_described:>7,} of {coverage.columns:,}"
    )
