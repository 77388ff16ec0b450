"""`columnist train data`: documented schemas to learn from."""

from __future__ import annotations

import hashlib
import json as json_
import os
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import ColumnistError, RefusedError, UsageError
from tui import console
from tui.commands.options import Json, settings
from tui.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from model.training.synthesis.examples import ExampleFile
    from model.training.teacher import Taught, Teacher
    from tui.settings import Settings


def run(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option(help="JSON Lines file; packed if it ends in .xz.")
    ],
    examples: Annotated[
        int, typer.Option(min=0, help="How many tables to synthesize.")
    ] = 3600,
    seed: Annotated[int, typer.Option(help="Another seed, another data set.")] = 1,
    teacher: Annotated[
        str,
        typer.Option(
            help="Who writes the texts: builtin, an instruct model by name or GGUF"
            " file, or an OpenAI-compatible endpoint (http://HOST:PORT/v1)."
        ),
    ] = "builtin",
    served: Annotated[
        str, typer.Option(help="The model's name at the endpoint.")
    ] = "default",
    from_workspace: Annotated[
        bool,
        typer.Option(
            "--from-workspace",
            help="Add the texts that were accepted or edited in the workspace.",
        ),
    ] = False,
    statistics: Annotated[
        Path | None, typer.Option(help="Write the figures of variety here, as JSON.")
    ] = None,
    json: Json = False,
) -> None:
    """Synthesize documented tables from industries, processes and habits of naming.

    The same seed gives the same bytes. A run that was killed goes on where it was: give
    the same command again. What --from-workspace adds has names, types, keys and texts;
    never a schema, host, user or sample, and a text that may tell of a person or a row
    is left out and counted.

    For example:

    columnist train data --out synthetic.jsonl.xz

    columnist train data --out mine.jsonl --examples 0 --from-workspace

    columnist train data --out taught.jsonl --teacher llama-8b.gguf --examples 500

    An endpoint's key is taken from COLUMNIST_API_KEY and kept nowhere. With --offline
    only an endpoint on this machine is asked.
    """
    from model.training.synthesis.examples import ExampleFile
    from model.training.synthesis.statistics import statistics as measure
    from model.training.teacher import Taught

    if not examples and not from_workspace:
        raise UsageError(
            "There is nothing to write.", "Give --examples, or --from-workspace."
        )
    chosen = settings(context)
    file = ExampleFile(out)
    taught = Taught()
    dropped: Counter[str] = Counter()
    with console.stopping() as stop, _teacher(teacher, served, chosen) as asked:
        records = _fill(file, examples, seed, asked, taught, stop)
        if records is None:
            file.close()
            console.note(f"Stopped; what is done is in {plain(str(file.partial))}.")
            return
        if from_workspace:
            for record in _decided(chosen, dropped):
                file.add(record)
                records.append(record)
        file.finish()
    figures: dict[str, Any] = measure(records)
    figures["sha256"] = hashlib.sha256(out.read_bytes()).hexdigest()
    figures["teacher_texts"] = {
        "accepted": taught.accepted,
        "refused": dict(sorted(taught.refused.items())),
        "unanswered": taught.silent,
    }
    figures["workspace_texts_left_out"] = dict(sorted(dropped.items()))
    if statistics is not None:
        text = json_.dumps(figures, indent=2) + "\n"
        statistics.write_text(text, encoding="utf-8")
    if json:
        console.out_json(figures)
    else:
        _show(figures, out)


def _fill(
    file: ExampleFile,
    count: int,
    seed: int,
    teacher: Teacher,
    taught: Taught,
    stop: Callable[[], bool],
) -> list[dict[str, Any]] | None:
    """The file's synthetic examples, made as far as missing; None where stopped."""
    from model.training.synthesis.examples import first_examples
    from model.training.teacher import apply_teacher

    kept = file.existing()
    records: list[dict[str, Any]] = []
    begun = False
    with console.progress("Tables", count) as advance:
        for number, made in enumerate(first_examples(count, seed)):
            if number < len(kept):
                file.check(kept[number], made)
                records.append(kept[number])
            else:
                if stop():
                    return None
                if not begun:
                    file.begin(records)
                    begun = True
                record = apply_teacher(teacher, made, taught)
                file.add(record)
                records.append(record)
            advance(1)
    rest = kept[count:]
    if any(record.get("kind") != "steward" for record in rest):
        raise UsageError(
            f"{file.path} holds more than {count} examples.",
            "Choose another --out, or delete it.",
        )
    if not begun:
        # The steward's texts may have changed since; they are collected anew.
        file.partial.unlink(missing_ok=True)
        file.begin(records)
    return records


def _decided(settings: Settings, dropped: Counter[str]) -> list[dict[str, Any]]:
    """Examples from the workspace.

    Raises:
        UsageError: there is no workspace.
    """
    from catalog.workspace import Workspace
    from model.training.steward import steward_examples

    if not settings.workspace.exists():
        raise UsageError(
            f"There is no workspace {settings.workspace}.",
            "Name one with --workspace, or leave --from-workspace out.",
        )
    with Workspace(settings.workspace) as workspace:
        return list(steward_examples(workspace, dropped))


@contextmanager
def _teacher(name: str, served: str, settings: Settings) -> Generator[Teacher]:
    """The teacher of a name, file or URL; a local model runs until the block ends."""
    from model.training.teacher import BuiltinTeacher, EndpointTeacher, EngineTeacher

    if name == "builtin":
        yield BuiltinTeacher()
        return
    if name.startswith(("http://", "https://")):
        from model.endpoint import Endpoint

        key = os.environ.get("COLUMNIST_API_KEY")
        endpoint = Endpoint.at(name, served=served, key=key)
        if settings.offline and not endpoint.is_loopback:
            raise RefusedError(
                f"--offline refuses to ask {endpoint.host}.",
                "Leave --offline out if it is meant.",
            )

        def ask(content: str) -> str:
            try:
                return endpoint.ask(content, temperature=0.0, limit=120)
            except ColumnistError as error:
                raise ColumnistError(
                    error.message,
                    "What was written is kept; the same command goes on from there.",
                ) from error

        yield EndpointTeacher(ask, f"endpoint:{served}")
        return
    from model.engine import Engine
    from tui.models import engine_settings, library

    found = library(settings).find(name)
    with Engine(engine_settings(found, settings)) as running:
        yield EngineTeacher(running, found.name)


def _show(figures: dict[str, Any], out: Path) -> None:
    """The figures for a person."""
    console.out(f"{plain(str(out))}: sha256 {figures['sha256']}")
    for key, value in figures.items():
        if key == "sha256":
            continue
        label = key.replace("_", " ")
        if isinstance(value, dict):
            shown = ", ".join(f"{k} {v}" for k, v in value.items()) or "none"
        elif isinstance(value, list):
            shown = " to ".join(map(str, value))
        else:
            shown = f"{value:,}"
        console.out(f"{label + ':':<26} {plain(shown)}")
