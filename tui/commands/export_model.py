"""`columnist train export`: GGUF files that are proved to be their source."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from catalog.errors import RefusedError, UsageError
from tui.commands import console
from tui.commands.options import Json
from tui.flow.text import plain


def run(
    source: Annotated[
        Path,
        typer.Argument(
            help="A Hugging Face directory, a LoRA adapter in PEFT's format, or a"
            " run's folder."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    name: Annotated[
        str | None, typer.Option(help="Of the model; the run's by default.")
    ] = None,
    quantisation: Annotated[
        list[str] | None,
        typer.Option(
            help="F16, Q8_0 or, not of an adapter, Q4_K_M; may be repeated."
            "  [default: Q8_0]",
        ),
    ] = None,
    adapter: Annotated[
        bool,
        typer.Option("--adapter", help="Of a run, the adapter, not the merged model."),
    ] = False,
    base: Annotated[
        Path | None,
        typer.Option(help="An adapter's base model, if it is not where it was."),
    ] = None,
    json: Json = False,
) -> None:
    """Write a model or an adapter as GGUF, verified against its source.

    Tokens of sample texts must be the same, logits as close as the quantisation
    allows; a file that is not is kept as NAME.failed.gguf, and the exit code is 3. The
    manifest beside each file tells its lineage: `columnist models show FILE`. For
    example:

    columnist train export runs/mine --out models --quantisation Q4_K_M
    """
    try:
        from model.gguf_file import QUANTISATIONS
        from model.training.export import ExportSettings, export  # needs torch
    except ImportError as error:
        raise UsageError(
            f"Exporting needs the package {error.name}.",
            "Install columnist[train]; the README says how to get torch.",
        ) from error
    kinds = tuple(quantisation or ("Q8_0",))
    if unknown := [kind for kind in kinds if kind not in QUANTISATIONS]:
        raise UsageError(
            f"There is no quantisation {unknown[0]}.",
            f"Give {', '.join(QUANTISATIONS)}.",
        )
    settings = ExportSettings(
        source=source,
        out=out,
        name=name,
        quantisations=kinds,
        adapter=adapter,
        base=base,
    )
    found = []
    for each in export(settings):
        found.append(each)
        figures = each.comparison
        console.note(
            f"{plain(str(each.path))}: {each.kind},"
            f" {each.path.stat().st_size / 2**20:,.1f} MiB;"
            f" {figures.tokenizer_texts - figures.tokenizer_mismatches} of"
            f" {figures.tokenizer_texts} texts have the same tokens, KL"
            f" {figures.kl_nats:.2g} nats, logits differ by"
            f" {figures.logits_mean_difference:.2g} (most"
            f" {figures.logits_max_difference:.2g}), first choice the same at"
            f" {figures.same_first_choice:.0%}"
        )
    if json:
        console.out_json(
            [
                {
                    "file": str(each.path),
                    "manifest": str(each.manifest) if each.manifest else None,
                    "quantisation": each.kind,
                    "verified": not each.faults,
                    "faults": list(each.faults),
                    **asdict(each.comparison),
                }
                for each in found
            ]
        )
    failed = [each for each in found if each.faults]
    if failed:
        raise RefusedError(
            f"{failed[0].path} is not like its source: {'; '.join(failed[0].faults)}.",
            "Nothing was deleted. Do not use it; report this with the source's"
            " config.json.",
        )
    if not json:
        for each in found:
            console.out(f"Wrote {plain(str(each.path))}.")
