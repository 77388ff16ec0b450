"""`columnist learn`: teach the model in use what stewards accepted and edited."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.bounds import Bounds
from catalog.errors import ExitCode, UsageError
from catalog.workspace import Workspace
from model.registry import EXPERIMENT
from tui.commands import console
from tui.commands.opening import open_session
from tui.commands.options import Json, RegistryUri, logged_to, settings
from tui.flow import offline
from tui.flow.model_choice import engine_settings, find_registry, library
from tui.flow.settings import Settings
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.library import Library
    from model.training.learning_run import Learned
    from model.training.lesson import Lesson
    from model.training.training_run import FinetuneSettings


def run(
    context: typer.Context,
    urls: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[URL]...",
            help="SQLAlchemy URLs, or names of saved connections; all databases of the"
            " workspace without any.",
        ),
    ] = None,
    minutes: Annotated[
        float, typer.Option(min=5, help="All of it is to take at most.")
    ] = 15,
    name: Annotated[
        str | None, typer.Option(help="Of the learned model.  [default: learned-N]")
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="A new folder for a blind sheet of both models on held-out tables."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    seed: Annotated[int, typer.Option(help="Of orders and of what is drawn.")] = 1,
    registry: RegistryUri = None,
    json: Json = False,
) -> None:
    """Teach the model in use what was accepted and edited, and use it if it is better.

    A fifth of the tables is held out. There, and on a part of the shipped set, the
    learned model is compared with the one in use: it takes its place only if it is
    accepted more often beyond chance, and loses hardly anything else; else the exit
    code is 3. `columnist models use NAME` puts any model back. No text leaves the
    machine; a registry gets settings, losses and digests. The same command goes on
    after a stop or a kill.
    For example:

    columnist learn prod
    """
    options = settings(context)
    registry = logged_to(context, registry)
    watched = find_registry(options, registry) if registry else None
    if watched is not None:
        watched.versions()  # whether it answers is known before minutes have passed
    if options.offline:
        offline.refuse_sockets()
    from model.training.lesson import lesson

    if sheet is not None:
        from model.evaluation.sheet import SHEETS

        SHEETS.refuse_another(sheet)
    options, databases = _named(options, urls or ())
    with Workspace(options.workspace, waiting=options.waiting) as workspace:
        taught = lesson(workspace, databases)
    taught.demand_enough()
    known = library(options)
    called = _name(known, name)
    standing = known.find(options.model, adapter=options.adapter)
    try:
        from model.training.event import Event, tracked
        from model.training.learning_run import LearnSettings, learn  # needs torch
    except ImportError as error:
        raise UsageError(
            f"Learning needs the package {error.name}.",
            "Install columnist[train]; the README says how to get torch.",
        ) from error
    _announce(taught, standing.name)
    chosen = LearnSettings(
        options.data / "learning", minutes=minutes, threads=threads, seed=seed
    )

    def track(events: Iterator[Event], training: FinetuneSettings) -> Iterator[Event]:
        if watched is None:
            return events
        return tracked(
            events,
            watched,
            experiment=EXPERIMENT,
            folder=training.out,
            name=called,
            settings=training.to_json(),
            tell=lambda what: console.note(f"columnist: {plain(what)}"),
        )

    def take(found: Learned) -> None:
        if sheet is not None:
            _write_sheet(found, taught, standing.name, sheet)
        if not found.lost:
            known.install(found.folder, found.manifest, name=found.manifest["name"])
            known.use(found.manifest["name"])
        shutil.rmtree(found.folder, ignore_errors=True)

    with console.stopping() as stop:
        found = learn(
            taught,
            standing,
            called,
            chosen,
            partial(engine_settings, settings=options),
            tell=lambda line: console.note(plain(line)),
            track=track,
            take=take,
            stop=stop,
        )
    better = not found.lost
    if json:
        console.out_json(
            {
                "model": found.manifest["name"],
                "against": standing.name,
                "used": better,
                "why_not": found.lost or None,
                "held_out": found.held,
                "shipped": found.shipped,
                "decided": [asdict(each) for each in taught.decided],
                "left_out": taught.left_out,
                "seconds": found.manifest["lineage"][0]["figures"]["all seconds"],
            }
        )
    else:
        for line in _report(found, standing.name, named=options.model is not None):
            console.out(plain(line))
    if not better:
        raise typer.Exit(ExitCode.REFUSED)


def _named(
    options: Settings, urls: Sequence[str]
) -> tuple[Settings, dict[int, Bounds] | None]:
    """The model that drafts in databases, and their ids with what of each counts.

    Args:
        options: global options.
        urls: URLs or names of the databases; all of the workspace without any.

    Raises:
        UsageError: connections name more than one model, or limit one database in more
            than one way.
    """
    found: dict[int, Bounds] = {}
    models: set[str | None] = set()
    for url in urls:
        with open_session(options, url) as session:
            bounds = session.bounds
            if found.setdefault(session.database_id, bounds) != bounds:
                raise UsageError(
                    f"{url} is a database that was named before, with another limit.",
                    "Name it once.",
                )
            models.add(session.settings.model)
    if len(models) > 1:
        raise UsageError(
            "These databases are drafted with more than one model.",
            "Name the one that is to learn with --model, before `learn`.",
        )
    return replace(options, model=next(iter(models), options.model)), found or None


def _name(known: Library, wanted: str | None) -> str:
    """What the learned model is called.

    Raises:
        UsageError: there is a model of that name, or it is no name of a file.
    """
    taken = {each.name for each in known.models()}
    if wanted is None:
        numbered = (f"learned-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in numbered if name not in taken)
    if wanted in taken or not re.fullmatch(r"[A-Za-z0-9][\w.+-]{0,99}", wanted):
        raise UsageError(
            f"The learned model cannot be called {wanted}.",
            "Give a name of letters, digits, dots and dashes that no model has.",
        )
    return wanted


def _announce(taught: Lesson, standing: str) -> None:
    """What is learned from, before it takes its time."""
    where = ", ".join(each.database for each in taught.decided)
    console.note(
        f"{plain(standing)} learns {count(taught.texts, 'text')} of"
        f" {count(len(taught.learned) + len(taught.held), 'table')} in {plain(where)};"
        f" {count(len(taught.held), 'table')} held out."
    )
    for reason, number in taught.left_out.items():
        console.note(f"  left out: {count(number, 'text')}, {plain(reason)}")


def _report(found: Learned, standing: str, *, named: bool) -> Iterator[str]:
    """Both comparisons, and what became of it."""
    name = found.manifest["name"]
    for where, told in (
        ("Held-out tables", found.held),
        ("Shipped test set", found.shipped),
    ):
        yield f"{where}: {count(told['texts'], 'text')} of {told['tables']:,} tables"
        for measure, words in (("accepted", "taken as drafted"), ("likeness", "like")):
            each = told[measure]
            yield (
                f"  {words:<16} {standing} {each['before']:.1%}, {name}"
                f" {each['after']:.1%}: {100 * each['by']:+.1f} points"
                f" ({100 * each['low']:+.1f} to {100 * each['high']:+.1f})"
            )
    if why := found.lost:
        yield f"{standing} stays in use: {why}."
        return
    yield f"{name} drafts from now on, where no model is named."
    if named:
        yield (
            f"{standing} is named, by --model, COLUMNIST_MODEL or a connection: where"
            f" that is so, it stays until {name} is named there."
        )
    yield f"`columnist models use {standing}` puts {standing} back."


def _write_sheet(found: Learned, taught: Lesson, standing: str, folder: Path) -> None:
    """Both models' texts side by side, for people to vote on."""
    from model.evaluation import sheet
    from model.evaluation.house import as_sheet

    entries, texts = as_sheet(taught.held, found.answers)
    names = standing, str(found.manifest["name"])
    items, key = sheet.make(entries, names, texts, seed=0, data="held-out tables")
    sheet.SHEETS.write(folder, items, key)
