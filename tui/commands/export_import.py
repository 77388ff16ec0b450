"""`columnist export` and `columnist import`: documentation in files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from catalog.change import CommentChange
from catalog.dbt import to_dbt
from catalog.description import Description, LeftOut, match, name_of
from catalog.documentation import (
    read_file,
    to_csv,
    to_json,
    to_markdown,
)
from catalog.errors import ExitCode
from catalog.files import write_file
from catalog.objects import Table, TableId, Target, parts_of, table_of
from catalog.suggestion import Draft, Source, State
from catalog.suggestions import TakenIn
from model.checks import writing_only
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import STDOUT, Json, Schemas, Tables, Url, settings
from tui.commands.reading import Named, demand, read
from tui.flow.session import Session
from tui.flow.text import count, plain

DECIDED = (State.ACCEPTED, State.EDITED, State.REFUSED, State.CONFLICT)
"""States whose text the steward wants, though the database does not hold it."""


class Format(StrEnum):
    """File formats of `export`."""

    SQL = "sql"
    DBT = "dbt"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def run_export(
    context: typer.Context,
    url: Url,
    form: Annotated[Format, typer.Option("--format", help="What to write.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file; without it or for -, stdout."),
    ] = None,
    schema: Schemas = None,
    table: Tables = None,
) -> None:
    """Write the database's comments and what is accepted to a file."""
    with open_session(settings(context), url) as session:
        unread = session.snapshot.scanned_at() is None
        if unread:
            read(session, [], [])
        demand(session, Named(schema or [], table or []), fresh=unread)
        tables = list(session.snapshot.tables(schemas=schema or [], globs=table or []))
        descriptions = documentation(session, tables)
        text = _render(session, form, tables, descriptions)
    if output is None or output == STDOUT:
        console.out_raw(text)
        return
    write_file(output, text, hint="Choose another with -o.")
    console.note(
        f"Wrote {count(len(descriptions), 'description')} to {plain(str(output))}."
    )


def run_import(
    context: typer.Context,
    url: Url,
    file: Annotated[
        Path,
        typer.Argument(help="CSV, JSON, or dbt's schema.yml or manifest.json."),
    ],
    dbt_project: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The dbt project whose doc blocks and variables a schema.yml refers"
            " to; by default the one that the file is in.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Read descriptions from a file as drafts."""
    with open_session(settings(context), url) as session:
        contents = read_file(file, project=dbt_project)
        if session.snapshot.scanned_at() is None:
            read(session, [], [])
        tables = {table.id: table for table in session.snapshot.tables()}
        dialect = session.database.dialect
        matched = match(
            contents.descriptions,
            tables.values(),
            fold_tables=dialect.folds_tables,
            fold_columns=dialect.folds_columns,
        )
        taken = session.suggestions.take_in(
            (
                _draft(session, each, file),
                tables[table_of(each.target)].comment_of(each.target),
            )
            for each in matched.known
        )
    left_out = [*contents.left_out, *matched.left_out]
    for remark in contents.remarks:
        console.note(f"columnist: {plain(file.name)}: {plain(remark)}")
    _report(taken, matched.unknown, left_out, json=json)
    if taken.kept or matched.unknown or left_out:
        raise typer.Exit(ExitCode.REFUSED)


def _report(
    taken: TakenIn, unknown: list[Target], left_out: list[LeftOut], *, json: bool
) -> None:
    if json:
        console.out_json(
            {
                "imported": taken.stored,
                "kept": [
                    {
                        **parts_of(each.target),
                        "state": each.state.value,
                        "text": each.text,
                    }
                    for each in taken.kept
                ],
                "unknown": [name_of(target) for target in unknown],
                "left_out": left_out,
            }
        )
    else:
        console.out(f"Imported {count(taken.stored, 'description')} as drafts.")
        for kept in taken.kept:
            console.note(
                f"kept      {plain(str(kept.target))}: {kept.state.words} before,"
                f" {plain(kept.text or '')}"
            )
        for target in unknown:
            console.note(f"unknown   {plain(name_of(target))}")
        for each in left_out:
            console.note(f"left out  {plain(each.what)}: {plain(each.reason)}")
    if taken.kept:
        console.note(
            f"columnist: {len(taken.kept)} of them were decided otherwise before, and"
            " that stands; edit them in `columnist open URL`."
        )
    if unknown:
        console.note(f"columnist: {len(unknown)} of them are not in the catalog.")
    if left_out:
        console.note(f"columnist: {len(left_out)} of them were left out.")


def documentation(session: Session, tables: list[Table]) -> list[Description]:
    """What tables and columns are described with, decided texts before comments."""
    decided = {
        suggestion.target: suggestion.text
        for suggestion in session.suggestions.all(states=DECIDED)
    }
    found = []
    for table in tables:
        for target in table.targets():
            text = decided.get(target) or table.comment_of(target)
            if text:
                found.append(Description(target, text))
    return found


def _render(
    session: Session,
    form: Format,
    tables: list[Table],
    descriptions: list[Description],
) -> str:
    match form:
        case Format.CSV:
            return to_csv(descriptions)
        case Format.JSON:
            return to_json(descriptions)
        case Format.DBT:
            return to_dbt(descriptions)
        case Format.MARKDOWN:
            return to_markdown(tables, descriptions)
        case Format.SQL:
            from connectors.run import Allowed
            from connectors.script import render_script

            texts = {each.target: each.text for each in descriptions}
            work = (
                (
                    table,
                    [
                        CommentChange(target, table.comment_of(target), text)
                        for target in table.targets()
                        if (text := texts.get(target))
                    ],
                )
                for table in tables
            )
            run = session.database.plan_run(work, Allowed(unproved=True))
            return render_script(session.database.dialect, run)


def _draft(session: Session, each: Description, file: Path) -> Draft:
    limit = session.database.limit(isinstance(each.target, TableId))
    return Draft(
        target=each.target,
        text=each.text,
        source=Source.IMPORTED,
        confidence=1.0,
        findings=writing_only(each.text, limit=limit),
        origin=file.name,
    )
