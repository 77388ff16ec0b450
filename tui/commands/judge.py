"""`columnist evaluate judge`: a language model votes on a sheet."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import RefusedError, UsageError
from catalog.files import writing
from model.endpoint import SECONDS, Endpoint, is_address
from model.remote import Model, RemoteModel
from tui.commands import console
from tui.commands.instruct import instructed
from tui.commands.options import Json, settings
from tui.commands.voting import Folder, agreement, outcome_of
from tui.flow import offline
from tui.flow.model_choice import library
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.writer import Writer
    from tui.flow.settings import Settings


def run(
    context: typer.Context,
    folder: Folder,
    judge: Annotated[str, typer.Option(help="The name that the votes are kept under.")],
    model: Annotated[
        str | None,
        typer.Option(
            help="An instruct model by name or GGUF file, or an OpenAI-compatible"
            " endpoint: http://HOST:PORT/v1. Default: the global --model."
        ),
    ] = None,
    served: Annotated[
        str, typer.Option(help="The model's name at the endpoint.")
    ] = "default",
    margin: Annotated[
        float, typer.Option(help="Scores closer than this, of 3, are a tie.", min=0)
    ] = 0.1,
    redo: Annotated[
        bool, typer.Option("--redo", help="Judge again what is judged already.")
    ] = False,
    json: Json = False,
) -> None:
    """Let a language model vote on a sheet, each table twice with the order swapped.

    It scores both sides from 0 to 3 for correctness (60 %), comprehensiveness (20 %)
    and readability (20 %); the vote is by the mean of both orders. Scores and answers
    are kept in judge-NAME.jsonl beside the votes. An endpoint's key is taken from
    COLUMNIST_API_KEY. Trust a judge as far as it agrees with people: `report` says.

    Example: columnist evaluate judge blind --judge llama --model llama-8b.gguf
    """
    from model.evaluation.json_lines import encoded
    from model.evaluation.judge import judge as ask
    from model.evaluation.judge import position, read_judged
    from model.evaluation.sheet import SHEETS
    from model.evaluation.votes import JudgeKind, Vote, add

    items = SHEETS.read_items(folder)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", judge).strip("-.")
    if not safe:
        raise UsageError("A judge needs a name of letters.", "Give one with --judge.")
    raw = folder / f"judge-{safe}.jsonl"
    options = settings(context)
    writer, name = _writer(options, model or options.model, served)
    done = {} if redo else read_judged(raw)
    if others := {each.model for each in done.values()} - {name}:
        raise UsageError(
            f"{judge} has judged here as {plain(others.pop())}.",
            "Choose another name with --judge, or add --redo.",
        )
    left = [i for i in items if i.item not in done or not done[i.item].leads()]
    with console.stopping() as stop:
        with (
            writer,
            writing(raw, hint="Check the folder and the disk."),
            raw.open("a", encoding="utf-8") as file,
            console.progress("Judging", len(left)) as advance,
        ):
            if redo:
                file.truncate(0)
            if left:
                writer.start(stop=stop)
            for judged in ask(left, writer, name, stop=stop):
                file.write(encoded(judged))
                file.flush()
                done[judged.item] = judged
                advance(1)
        if writer.note:
            console.note(f"columnist: {plain(writer.note)}.")
        votes = [
            Vote(item.item, judge, choice)
            for item in items
            if item.item in done and (choice := done[item.item].choice(margin))
        ]
        if votes:
            add(folder, [item.item for item in items], votes, JudgeKind.MODEL)
    document: dict[str, Any] = {
        "judge": judge,
        "model": name,
        "items": len(items),
        "votes": len(votes),
        "missing": [item.item for item in items if not _read(done.get(item.item))],
        "margin": margin,
        "position": position(list(done.values())),
        "pairs": _pairs(folder, judge),
    }
    if json:
        console.out_json(document)
    else:
        _print(document)
    if not votes:
        raise RefusedError(
            f"No answer of {plain(name)} could be read.",
            "Take a larger instruct model; its words are in the judge's file.",
        )


def _read(judged: Any) -> bool:
    return judged is not None and judged.leads() is not None


def _writer(options: Settings, model: str | None, served: str) -> tuple[Writer, str]:
    """What answers, not started yet, and what it is called."""
    found: Model
    if options.offline:
        offline.refuse_sockets()
    if model is not None and is_address(model):
        key = os.environ.get("COLUMNIST_API_KEY")
        found = RemoteModel(Endpoint.at(model, served=served, key=key))
        host = found.endpoint.host
        if options.offline:
            if not found.endpoint.is_loopback:
                raise RefusedError(
                    f"--offline refused the endpoint {host}.",
                    "Only one on this machine is allowed; leave --offline out if it is"
                    " meant.",
                )
            offline.allow(host)
    else:
        found = library(options).find(model)
    writer = instructed(found, options, seconds=SECONDS, task="judge", option="--model")
    return writer, found.name


def _pairs(folder: Path, judge: str) -> list[dict[str, Any]]:
    """The agreement with every other judge; nothing where the key is elsewhere."""
    try:
        pairs = outcome_of(folder)["pairs"]
    except UsageError:
        return []
    return [pair for pair in pairs if judge in pair["judges"]]


def _print(document: dict[str, Any]) -> None:
    tables = count(document["items"], "table")
    console.out(
        f"{plain(document['judge'])} ({plain(document['model'])}) voted on"
        f" {document['votes']} of {tables}."
    )
    if missing := document["missing"]:
        console.out(f"Answers that could not be read: {', '.join(missing)}.")
    order = document["position"]
    if order["items"]:
        console.out(
            f"What was shown first scored {order['bias']:+.2f} of 3; the order turned"
            f" the preference on {100 * order['turned']:.0f} % of the tables."
        )
    agreement(document, "table", "voted on")
