"""`columnist train finetune`: teach a Hugging Face model to describe schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import UsageError
from tui import console, offline
from tui.commands.options import Json, settings
from tui.text import plain


def run(
    context: typer.Context,
    base: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Directory of a Hugging Face causal model: config.json, safetensors,"
            " tokenizer.json.",
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(help="Documented schemas, JSON Lines (.xz too); may be repeated."),
    ],
    out: Annotated[Path, typer.Option(help="The run's folder.")],
    held_out: Annotated[
        Path | None, typer.Option(help="Schemas to measure on, never to learn from.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="lora, qlora (4-bit base, NVIDIA GPU), or full.")
    ] = "lora",
    rank: Annotated[int, typer.Option(min=1, help="Rank of the adapter.")] = 8,
    alpha: Annotated[float, typer.Option(help="Its scale, times the rank.")] = 16,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="all-linear, attention, or a module's name; may be repeated."
            "  [default: all-linear]"
        ),
    ] = None,
    epochs: Annotated[float, typer.Option(min=0, help="Passes over the data.")] = 1,
    steps: Annotated[
        int, typer.Option(min=0, help="How many steps to train, instead of epochs.")
    ] = 0,
    minutes: Annotated[
        float, typer.Option(min=0, help="How long to train, instead of epochs.")
    ] = 0,
    learning_rate: Annotated[
        float,
        typer.Option(min=0, help="At its peak; 0 is 2e-4, or 2e-5 with full."),
    ] = 0,
    batch: Annotated[int, typer.Option(min=1, help="Pairs of a step.")] = 8,
    max_length: Annotated[
        int, typer.Option(min=16, help="Leave out pairs of more tokens.")
    ] = 1024,
    merge: Annotated[
        bool, typer.Option("--merge", help="Also write a merged model.")
    ] = False,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds between checkpoints.")
    ] = 240,
    seed: Annotated[int, typer.Option(help="Of the adapter's weights and orders.")] = 1,
    mlflow: Annotated[
        str | None, typer.Option(help="Also log to this MLflow experiment.")
    ] = None,
    json: Json = False,
) -> None:
    """Fine-tune a Hugging Face causal model on documented schemas; LoRA by default.

    Nothing is downloaded. A model with a chat template learns the long prompt, any
    other the compact one. The same command goes on after a stop, a kill or a full disk.
    For example:

    columnist train finetune Qwen2.5-0.5B-Instruct --data mine.jsonl --out runs/mine
    """
    try:
        from model.training.finetune import METHODS, Settings, finetune  # needs torch
        from model.training.tracking import tracked
    except ImportError as error:
        raise UsageError(
            f"Fine-tuning needs the package {error.name}.",
            "Install columnist[train]; the README says how to get torch.",
        ) from error
    if method not in METHODS:
        raise UsageError(f"There is no method {method}.", f"Give {', '.join(METHODS)}.")
    if settings(context).offline:
        offline.refuse_sockets()
    chosen = Settings(
        base=base,
        data=tuple(data),
        out=out,
        held_out=held_out,
        method=method,
        rank=rank,
        alpha=alpha,
        target=tuple(target or ("all-linear",)),
        epochs=epochs,
        steps=steps,
        minutes=minutes,
        learning_rate=learning_rate,
        batch=batch,
        max_length=max_length,
        merge=merge,
        threads=threads,
        save_every=save_every,
        seed=seed,
    )
    last: dict[str, object] = {}
    with console.stopping() as stop:
        for event in tracked(finetune(chosen, stop=stop), mlflow, chosen.to_json()):
            last = event.figures
            console.note(event.line())
            if event.kind == "start":
                _counted(event.figures)
    written = [out / str(name) for name in _names(last)]
    if json:
        console.out_json({**last, "written": [str(path) for path in written]})
        return
    for path in written:
        console.out(f"Wrote {plain(str(path))}.")
    if written:
        console.out(
            f"Next: columnist train export {plain(str(written[-1]))} --out models"
        )


def _names(figures: dict[str, object]) -> list[object]:
    found = figures.get("written")
    return found if isinstance(found, list) else []


def _counted(figures: dict[str, object]) -> None:
    """What is learned from, and what was left out."""
    data, pairs = figures["data"], figures["pairs"]
    assert isinstance(data, dict)
    assert isinstance(pairs, dict)
    counts = {**data["train"]["counts"], **pairs}
    told = ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
    console.note(f"{told}; the {figures['format']} prompt")
