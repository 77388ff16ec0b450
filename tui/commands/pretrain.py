"""`columnist train pretrain`: a small base model from documented schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import UsageError
from tui import console
from tui.commands.options import Json


def run(
    corpus: Annotated[
        Path,
        typer.Option(
            help="Documented schemas, JSON Lines (.xz too), or a folder with a"
            " train and a dev file."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The run's folder.")],
    held_out: Annotated[
        Path | None, typer.Option(help="Schemas to measure on, never to learn from.")
    ] = None,
    extra: Annotated[
        Path | None, typer.Option(help="A second set, such as `train data` writes.")
    ] = None,
    extra_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of tables drawn from it.")
    ] = 0.2,
    rules_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share with the rules' sentences.")
    ] = 0,
    truncate: Annotated[
        float,
        typer.Option(min=0, max=0.9, help="Share of texts, hardest first, left out."),
    ] = 0,
    skip: Annotated[
        str | None, typer.Option(help="Leave out tables whose name has this pattern.")
    ] = None,
    start_from: Annotated[
        Path | None, typer.Option(help="Go on with the weights of this final.pt.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0, help="How long to train.")] = 75,
    steps: Annotated[
        int, typer.Option(min=0, help="How many steps to train, instead of minutes.")
    ] = 0,
    vocabulary: Annotated[int, typer.Option(min=300, help="Tokens.")] = 4096,
    width: Annotated[int, typer.Option(min=16, help="Hidden size.")] = 256,
    layers: Annotated[int, typer.Option(min=1, help="Transformer blocks.")] = 4,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads.")] = 4,
    inner: Annotated[int, typer.Option(min=16, help="Width of the SwiGLU.")] = 704,
    tokens: Annotated[int, typer.Option(min=512, help="Tokens of a batch.")] = 6144,
    muon: Annotated[float, typer.Option(help="Learning rate of the matrices.")] = 0.02,
    adam: Annotated[float, typer.Option(help="Learning rate of the rest.")] = 3e-3,
    decay_from: Annotated[
        float, typer.Option(min=0, max=0.99, help="Where the rate begins to fall.")
    ] = 0.5,
    copy_until: Annotated[
        float, typer.Option(min=0, max=1, help="Share that learns to copy first.")
    ] = 0.13,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 2,
    compiled: Annotated[
        bool, typer.Option(help="Compile the loss where a C++ compiler is there.")
    ] = True,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds between checkpoints.")
    ] = 240,
    seed: Annotated[int, typer.Option(help="Of weights, orders, augmentation.")] = 1,
    mlflow: Annotated[
        str | None, typer.Option(help="Also log to this MLflow experiment.")
    ] = None,
    json: Json = False,
) -> None:
    """Train a small model from nothing, or go on with an earlier run.

    The same command goes on after a stop, a kill or a full disk. Example:

    columnist train pretrain --corpus schemas.jsonl --out runs/mine --minutes 60
    """
    try:
        from model.training.pretrain import Settings, pretrain  # needs torch
        from model.training.tracking import tracked
    except ImportError as error:
        raise UsageError(
            f"Training needs the package {error.name}.",
            "Install columnist[train]; the README says how to get torch.",
        ) from error

    if width % heads or width // heads % 2:
        raise UsageError(
            f"A width of {width} cannot be cut into {heads} heads of an even size.",
            "Choose a width that is a multiple of twice the heads.",
        )
    settings = Settings(
        corpus=corpus,
        out=out,
        held_out=held_out,
        extra=extra,
        extra_share=extra_share,
        rules_share=rules_share,
        truncate=truncate,
        skip=skip,
        start_from=start_from,
        minutes=minutes,
        steps=steps,
        vocabulary=vocabulary,
        width=width,
        layers=layers,
        heads=heads,
        inner=inner,
        tokens=tokens,
        muon=muon,
        adam=adam,
        decay_from=decay_from,
        copy_until=copy_until,
        threads=threads,
        compiled=compiled,
        save_every=save_every,
        seed=seed,
    )
    last: dict[str, object] = {}
    with console.stopping() as stop:
        for event in tracked(pretrain(settings, stop=stop), mlflow, settings.to_json()):
            last = event.figures
            console.note(event.line())
    final = out / "final.pt"
    if json:
        console.out_json({"checkpoint": str(final), **last})
    elif final.exists():
        console.out(f"Trained {final}. Next: columnist train export {final}")
