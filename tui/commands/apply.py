"""`columnist apply`: write what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any

import typer

from catalog.change import CommentChange, Outcome, WriteResult
from catalog.errors import ColumnistError, ExitCode
from catalog.objects import parts_of
from connectors.run import Allowed, Run
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, Schemas, Tables, Url, Yes, settings
from tui.commands.reading import Named, demand
from tui.flow import writes
from tui.flow.plan import plan_tables, plan_writes
from tui.flow.text import count, plain

CODES = {
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.CONFLICT: ExitCode.CONFLICTS,
    Outcome.REFUSED: ExitCode.REFUSED,
}
"""How a run ends that did not write everything, the worst first."""


def run(
    context: typer.Context,
    url: Url,
    schema: Schemas = None,
    table: Tables = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the exact SQL, write nothing.")
    ] = False,
    yes: Yes = False,
    allow_rebuild: Annotated[
        bool,
        typer.Option(
            "--allow-rebuild", help="Allow statements that copy a whole table."
        ),
    ] = False,
    unproved: Annotated[
        bool,
        typer.Option(
            "--unproved", help="Write to a kind of database that was never tried."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Write accepted descriptions as comments, each compared before and read back."""
    with open_session(settings(context), url) as session:
        demand(session, Named(schema or [], table or []), decided=True)
        allowed = Allowed(rebuild=allow_rebuild, unproved=unproved)
        changes = session.suggestions.staged(globs=table or [], schemas=schema or [])
        if dry_run:
            planned = plan_writes(session, changes, allowed)
            _print_plan(planned, json=json)
            for line in planned.costs:
                console.note(line)
            return
        if changes and not console.confirm(
            f"Write {count(len(changes), 'comment')} to"
            f" {plain(session.database.identity.label)}?",
            yes=yes,
        ):
            console.note("Nothing was written.")
            return
        planning = plan_tables(session, changes, allowed)
        carry_out(
            "Writing", len(changes), partial(writes.apply, session, planning), json=json
        )


def carry_out(
    title: str,
    total: int,
    writing: Callable[..., Iterator[WriteResult]],
    *,
    json: bool,
) -> None:
    """Write, say what became of it, and end with its exit code.

    Args:
        title: What a bar on a terminal says.
        total: Results that are expected.
        writing: Called with `on_run` and `stop`, as `writes` has it.
        json: Print one object instead of text.
    """
    results: list[WriteResult] = []
    runs: list[int] = []
    try:
        with (
            console.stopping() as stop,
            console.progress(title, total) as advance,
        ):
            for result in writing(on_run=runs.append, stop=stop):
                results.append(result)
                advance(1)
    except (ColumnistError, console.Interrupted):
        if runs:  # what was written is said, and then why it ended
            show(results, runs[0], json=json)
        raise
    show(results, runs[0] if runs else None, json=json)
    outcomes = {result.outcome for result in results}
    for outcome, code in CODES.items():
        if outcome in outcomes:
            raise typer.Exit(code)


def show(results: list[WriteResult], run: int | None, *, json: bool) -> None:
    """Print what became of a run."""
    counts = Counter(result.outcome for result in results)
    if json:
        items = [_item(r.change, r.outcome.value, r.reason) for r in results]
        console.out_json(_summary(counts, run) | {"items": items})
    else:
        for result in results:
            if result.outcome is not Outcome.WRITTEN:
                console.out(
                    f"{result.outcome.value:<9}"
                    f" {plain(str(result.change.target))}: {plain(result.reason or '')}"
                )
        number = f" in run {run}" if run is not None else ""
        console.out(
            f"Wrote {count(counts[Outcome.WRITTEN], 'comment')}{number};"
            f" {count(counts[Outcome.CONFLICT], 'conflict')},"
            f" {counts[Outcome.REFUSED]} refused, {counts[Outcome.FAILED]} failed."
        )
        if counts[Outcome.WRITTEN]:
            console.note(f"  `columnist revert URL --run {run}` takes it back.")


def _print_plan(planned: Run, *, json: bool) -> None:
    if json:
        items = [_item(change, "planned", None) for change in planned.changes]
        items += [_item(change, "refused", why) for change, why in planned.refused]
        statements = [statement.sql for statement in planned.statements]
        counts = Counter({Outcome.REFUSED: len(planned.refused)})
        console.out_json(
            _summary(counts, None) | {"statements": statements, "items": items}
        )
        return
    for statement in planned.statements:
        # Meant for a file or a client: the statement as it is, line breaks and all.
        console.out_raw(statement.sql.rstrip().rstrip(";") + ";\n")
    for change, reason in planned.refused:
        console.note(f"refused   {plain(str(change.target))}: {plain(reason)}")


def _summary(counts: Counter[Outcome], run: int | None) -> dict[str, Any]:
    return {
        "written": counts[Outcome.WRITTEN],
        "conflicts": counts[Outcome.CONFLICT],
        "refused": counts[Outcome.REFUSED],
        "failed": counts[Outcome.FAILED],
        "run": run,
    }


def _item(change: CommentChange, result: str, reason: str | None) -> dict[str, Any]:
    return parts_of(change.target) | {"result": result, "reason": reason}
