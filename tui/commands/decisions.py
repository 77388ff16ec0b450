"""`columnist decisions`: a second person approves what was decided."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.approvals import Approval, ApprovalState, SignOff
from catalog.errors import ExitCode, RefusedError
from catalog.handover import Handover, HandoverResult
from catalog.objects import Target, parts_of
from catalog.sign_off_file import load, save, to_text
from catalog.workspace import steward
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import STDOUT, Json, Schemas, Tables, Url, settings
from tui.commands.reading import Named, demand, read
from tui.flow.session import Session
from tui.flow.signing import named, proved, sign_file, signed_as_own
from tui.flow.text import count, plain, when

app = typer.Typer(
    help="Hand decisions to a second person, who approves them: four eyes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="What `decisions export` wrote.")]
By = Annotated[
    str | None, typer.Option("--by", help="Your name; without it, your login name.")
]
Key = Annotated[
    Path | None, typer.Option("--key", help="SSH key to sign your approval with.")
]
AllowedSigners = Annotated[
    Path | None,
    typer.Option(
        "--allowed-signers",
        help="Only decisions and approvals with a signature that this file, of"
        " ssh-keygen(1), allows for the name they bear count.",
    ),
]


@app.command("export")
def export(
    context: typer.Context,
    url: Url,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A new file; without it or for -, stdout."),
    ] = None,
    schema: Schemas = None,
    table: Tables = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="SSH key to sign your own decisions with."),
    ] = None,
) -> None:
    """Write what was accepted, edited or rejected, and not written yet, to a file."""
    with open_session(settings(context), url) as session:
        demand(session, Named(schema or [], table or []), decided=True)
        identity = session.database.identity
        document = Handover(session.workspace, session.database_id).export(
            identity.key, identity.label, globs=table or [], schemas=schema or []
        )
    if not document.items:
        raise RefusedError(
            "Nothing was decided there that is not written.",
            "Accept, edit or reject drafts first.",
        )
    if key is not None:
        document = signed_as_own(document, steward(), key)
    if output is None or output == STDOUT:
        console.out_raw(to_text(document))
        return
    save(document, output)
    console.note(
        f"Wrote {count(len(document.items), 'decision')} to {plain(str(output))}."
    )


@app.command("review")
def review(file: File, signers: AllowedSigners = None, json: Json = False) -> None:
    """Print the decisions of a file, and what was said of them."""
    document = load(file)
    valid = proved(document, signers) if signers else None
    standings = document.standings(valid)
    if json:
        console.out_json(_as_json(document, standings, valid))
        return
    console.out(
        f"{count(len(document.items), 'decision')} on {plain(document.label)},"
        f" exported by {plain(document.exported_by)}, {when(document.exported_at)}."
    )
    for item in document.items:
        standing, by = standings[item.target]
        said = standing.value + (f" by {by}" if by else "")
        console.out(
            f"{item.said:<9} {plain(str(item.target))}  {plain(item.who)},"
            f" {when(item.at)}; {plain(said)}"
        )
        if item.previous:
            console.out(f"    was: {plain(item.previous)}")
        console.out(f"    now: {plain(item.text or '')}")
        if item.reason:
            console.out(f"    why: {plain(item.reason)}")
    for approval in document.approvals:
        console.out(
            f"Approval of {plain(approval.who)}, {when(approval.at)}:"
            f" {len(approval.refused)} refused, {len(approval.open)} left open,"
            f" {len(approval.decided)} their own, {_signature(approval, valid)}."
        )
    console.out(document.digest)


@app.command("sign")
def sign(
    file: File,
    by: By = None,
    reject: Annotated[
        list[str] | None,
        typer.Option(
            "--reject",
            metavar="SCHEMA.TABLE[.COLUMN]",
            help="Refuse this one; may be repeated.",
        ),
    ] = None,
    key: Key = None,
) -> None:
    """Approve the decisions of a file, but for those that you refuse or made.

    With a key it also says of those that you made that they are yours.
    """
    document = load(file)
    person = by or steward()
    signed = sign_file(
        file,
        person,
        digest=document.digest,
        refused=named(document, reject or []),
        key=key,
    )
    approval = signed.approvals[-1]
    refused, left = len(approval.refused), len(approval.open)
    console.out(
        f"{plain(person)} approved"
        f" {count(len(signed.items) - refused - left, 'decision')}"
        f" and refused {refused}."
    )
    if left:
        own = "signed as such, and" if key else "and"
        console.note(f"{left} were decided by {plain(person)}, {own} stay open.")


@app.command("import")
def import_decisions(
    context: typer.Context,
    url: Url,
    file: File,
    require_approval: Annotated[
        bool,
        typer.Option("--require-approval", help="Leave out what nobody approved."),
    ] = False,
    signers: AllowedSigners = None,
    any_database: Annotated[
        bool,
        typer.Option(
            "--any-database", help="Take decisions that were made on another database."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Take in the decisions of a file; none made here meanwhile is overridden."""
    document = load(file)
    valid = proved(document, signers) if signers else None
    with open_session(settings(context), url) as session:
        here = session.workspace.answers_at(session.database_id, document.key)
        if not here and not any_database:
            raise RefusedError(
                f"{file} is of {document.label}, and this is"
                f" {session.database.identity.label}.",
                "--any-database takes it all the same.",
            )
        if session.snapshot.scanned_at() is None:
            read(session, [], [])
        taken = Handover(session.workspace, session.database_id).take(
            document,
            document.standings(valid),
            demand=require_approval or signers is not None,
            problem=lambda target, text: _problem(session, target, text),
        )
    _report(taken, json=json)
    if taken.left_out:
        raise typer.Exit(ExitCode.REFUSED)


@app.command("open")
def open_file(
    context: typer.Context, file: File, by: By = None, key: Key = None
) -> None:
    """Go through the decisions of a file in the app; no database is opened."""
    document = load(file)
    from tui.app.app import run_app
    from tui.app.screens.sign_off import SignOffScreen

    person = by or steward()
    run_app(settings(context), None, lambda: SignOffScreen(file, document, person, key))


def _problem(session: Session, target: Target, text: str) -> str | None:
    """Why an imported text is not taken in, by the checks that concern writing."""
    found = session.findings(target, text)
    return f"its text cannot be written: {found[0].words}" if found else None


def _report(taken: HandoverResult, *, json: bool) -> None:
    if json:
        console.out_json(
            {
                "staged": len(taken.staged),
                "given_back": len(taken.given_back),
                "already": len(taken.already),
                "left_out": [
                    parts_of(target) | {"reason": reason}
                    for target, reason in taken.left_out
                ],
            }
        )
        return
    for target, reason in taken.left_out:
        console.out(f"left out  {plain(str(target))}: {plain(reason)}")
    for target in taken.given_back:
        console.out(f"refused   {plain(str(target))}: it is to decide again")
    console.out(
        f"Took {count(len(taken.staged), 'decision')};"
        f" {len(taken.already)} were here already,"
        f" {len(taken.given_back)} were given back, {len(taken.left_out)} left out."
    )


def _as_json(
    document: SignOff,
    standings: dict[Target, tuple[ApprovalState, str]],
    valid: list[Approval] | None,
) -> dict[str, Any]:
    content = document.content()
    for item, listed in zip(document.items, content["items"], strict=True):
        standing, by = standings[item.target]
        listed |= {"standing": standing.value, "by": by or None}
    numbers = Counter(standing for standing, _ in standings.values())
    return content | {
        "digest": document.digest,
        "counts": {each.value: numbers[each] for each in ApprovalState},
        "approvals": [
            {
                "who": each.who,
                "at": each.at,
                "refused": len(each.refused),
                "open": len(each.open),
                "decided": len(each.decided),
                "signed": each.signature is not None,
                "valid": None if valid is None else each in valid,
            }
            for each in document.approvals
        ],
    }


def _signature(approval: Approval, valid: list[Approval] | None) -> str:
    if approval.signature is None:
        return "not signed"
    if valid is None:
        return "signed (--allowed-signers checks it)"
    return (
        "signed and valid"
        if approval in valid
        else "with a signature that is not theirs"
    )
