"""`columnist train data`: described tables to learn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import UsageError
from catalog.stopping import Stop
from tui.commands import console
from tui.commands.instruct import instructed
from tui.commands.options import Json, settings
from tui.flow.model_choice import find_model
from tui.flow.text import plain

if TYPE_CHECKING:
    from model.training.teacher import Taught
    from model.training.teacher_file import TeacherFile
    from tui.flow.settings import Settings

SECONDS = 900.0
"""How long a server may take for a table: thirty times a description's tokens."""


def run(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="JSON Lines file; tables are added to it.")],
    count: Annotated[
        int, typer.Option(min=0, help="How many specifications to go through.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Another seed, other tables.")] = 1,
    teacher: Annotated[
        str | None,
        typer.Option(
            help="Who invents and describes: an instruct model by name or GGUF file,"
            " or an OpenAI-compatible endpoint, http://HOST:PORT/v1#NAME. Else --model."
        ),
    ] = None,
    from_workspace: Annotated[
        bool,
        typer.Option(
            "--from-workspace",
            help="Add the texts that were accepted or edited in the workspace.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Have a teacher invent tables and describe them, in the form of the shipped set.

    Specifications are numbered and drawn from industries, use cases, layers, ways of
    naming and dialects. A table that is in the file already is not asked for again, so
    the same command goes on where it was stopped or killed. An answer that breaks the
    brief is asked for once more, then dropped and counted.

    What --from-workspace adds has names, types, keys and texts; never a schema, host,
    user or sample, and a text that may tell of a person or a row is left out and
    counted. What it added before is replaced.

    For example:

    columnist train data --teacher http://127.0.0.1:8080/v1 --count 500 --out mine.jsonl

    columnist train data --teacher llama-8b.gguf --out mine.jsonl

    columnist train data --count 0 --from-workspace --out decided.jsonl

    An endpoint's key is taken from COLUMNIST_API_KEY and kept nowhere.
    """
    from model.training.teacher import Taught
    from model.training.teacher_file import TeacherFile

    if not count and not from_workspace:
        raise UsageError(
            "There is nothing to write.", "Give --count, or --from-workspace."
        )
    chosen = settings(context)
    chosen = replace(chosen, model=teacher or chosen.model, seed=seed)
    if count and chosen.model is None:
        raise UsageError(
            "There is no teacher.",
            "Name an instruct model or an endpoint with --teacher.",
        )
    taught = Taught()
    left_out: Counter[str] = Counter()
    decided = 0
    with TeacherFile(out, renew=from_workspace) as file:
        before = len(file.ids)
        if from_workspace:
            for record in _decided(chosen, left_out):
                file.add(record)
                decided += 1
        if count:
            with console.stopping() as stop:
                _fill(file, count, chosen, taught, stop)
    figures = {
        "there_before": before,
        "tables": taught.written,
        "columns": taught.columns,
        "asked_again": taught.again,
        "dropped": taught.dropped,
        "bad_answers": dict(taught.faults.most_common()),
        "from_workspace": decided,
        "workspace_texts_left_out": dict(left_out.most_common()),
    }
    if json:
        console.out_json(figures)
    else:
        _show(figures, out)


def _fill(
    file: TeacherFile,
    count: int,
    chosen: Settings,
    taught: Taught,
    stop: Stop,
) -> None:
    """Add what is missing of the first `count` specifications."""
    from model.training.specification import specifications
    from model.training.teacher import teach

    missing = [s for s in specifications(count, chosen.seed) if s.id not in file.ids]
    if not missing:
        return
    model = find_model(chosen)
    name = model.name
    engine = instructed(
        model, chosen, seconds=SECONDS, task="invent them", option="--teacher"
    )
    with engine, console.progress("Tables", len(missing)) as advance:
        engine.start(stop=stop)
        name = engine.served or name  # not its address: a set is given away
        for record in teach(engine, name, missing, taught, stop):
            if record is not None:
                file.add(record)
            advance(1)


def _decided(chosen: Settings, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Tables of the workspace with the texts that were decided on.

    Raises:
        UsageError: there is no workspace.
    """
    from catalog.workspace import Workspace
    from model.training.steward import steward_examples

    if not chosen.workspace.exists():
        raise UsageError(
            f"There is no workspace {chosen.workspace}.",
            "Name one with --workspace, or leave --from-workspace out.",
        )
    with Workspace(chosen.workspace, waiting=chosen.waiting) as workspace:
        yield from steward_examples(workspace, left_out)


def _show(figures: dict[str, Any], out: Path) -> None:
    """The figures for a person."""
    console.out(plain(str(out)))
    for key, value in figures.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{k} {v:,}" for k, v in value.items()) or "none"
        else:
            shown = f"{value:,}"
        console.out(f"{key.replace('_', ' ') + ':':<26} {plain(shown)}")
