"""`columnist train finetune`: teach a model to describe schemas."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from catalog.errors import UsageError
from model.registry import EXPERIMENT
from tui.commands import console
from tui.commands.options import Json, RegistryUri, logged_to, settings
from tui.flow import offline
from tui.flow.model_choice import find_registry
from tui.flow.text import plain


def run(
    context: typer.Context,
    base: Annotated[
        Path,
        typer.Argument(
            metavar="BASE",
            help="A model of the Llama family: a GGUF file, or a Hugging Face"
            " directory.",
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(help="Described tables, JSON Lines (.xz too); may be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="The run's folder.")],
    start: Annotated[
        Path | None,
        typer.Option(help="Go on from this adapter: PEFT's folder, or a GGUF file."),
    ] = None,
    held_out: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of sources that are only measured."),
    ] = 0.02,
    asked: Annotated[
        bool,
        typer.Option(
            "--asked", help="Only learn what is asked in use, not what rules settle."
        ),
    ] = False,
    method: Annotated[
        str, typer.Option(help="lora, qlora (4-bit base, NVIDIA GPU), or full.")
    ] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter.")] = 32,
    alpha: Annotated[float, typer.Option(help="Its scale, times the rank.")] = 64,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="all-linear, attention, or a module's name; may be repeated."
            "  [default: all-linear]"
        ),
    ] = None,
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the data.")] = 3,
    steps: Annotated[
        int, typer.Option(min=0, help="How many steps to train, instead of epochs.")
    ] = 0,
    minutes: Annotated[
        float, typer.Option(min=0, help="How long to train, instead of epochs.")
    ] = 0,
    within: Annotated[
        float,
        typer.Option(min=0, help="Minutes to end by, whatever epochs or steps say."),
    ] = 0,
    learning_rate: Annotated[
        float,
        typer.Option(min=0, help="At its peak; 0 is 7e-4, or 2e-5 with full."),
    ] = 0,
    decay: Annotated[
        float,
        typer.Option(min=0, max=1, help="Last share of the run; the rate falls to 0."),
    ] = 0.4,
    tokens: Annotated[int, typer.Option(min=1, help="Tokens of a step.")] = 2048,
    row: Annotated[
        int, typer.Option(min=1, help="Tokens of a row; 4096 suits a GPU.")
    ] = 256,
    merge: Annotated[
        bool, typer.Option("--merge", help="Also write a merged model.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds between checkpoints.")
    ] = 240,
    seed: Annotated[int, typer.Option(help="Of the adapter's weights and orders.")] = 1,
    registry: RegistryUri = None,
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the experiment that is logged to there."),
    ] = None,
    json: Json = False,
) -> None:
    """Fine-tune a model of the Llama family on described tables; LoRA by default.

    Nothing is downloaded. The same command goes on after a stop, a kill or a full disk.
    For example:

    columnist train finetune SmolLM2-135M-Instruct.gguf --data mine.jsonl.xz --out mine
    """
    try:
        from model.training.event import tracked
        from model.training.finetune import finetune  # needs torch
        from model.training.training_run import FinetuneSettings
    except ImportError as error:
        raise UsageError(
            f"Fine-tuning needs the package {error.name}.",
            "Install columnist[train]; the README says how to get torch.",
        ) from error
    known, registry = None, logged_to(context, registry)
    if registry or mlflow:
        known = find_registry(settings(context), registry)
    if settings(context).offline:
        offline.refuse_sockets()
    # Options and settings have the same names; paths come as text.
    given = context.params | {"base": base, "data": tuple(data), "out": out}
    given |= {"start": start, "target": tuple(target or ("all-linear",))}
    chosen = FinetuneSettings(
        **{each.name: given[each.name] for each in fields(FinetuneSettings)}
    )
    last: dict[str, Any] = {}
    with console.stopping() as stop:
        events = finetune(chosen, stop=stop)
        if known is not None:
            events = tracked(
                events,
                known,
                experiment=mlflow or EXPERIMENT,
                folder=out,
                settings=chosen.to_json(),
                tell=lambda what: console.note(f"columnist: {plain(what)}"),
            )
        for event in events:
            last = event.figures
            console.note(event.line())
    written = [out / name for name in last.get("written", ())]
    if json:
        console.out_json({**last, "written": [str(path) for path in written]})
        return
    for path in written:
        console.out(f"Wrote {plain(str(path))}.")
    if written:
        console.out(
            f"Next: columnist train export {plain(str(written[-1]))} --out models"
        )
