"""`columnist evaluate score`: systems against human descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import UsageError
from catalog.files import write_file
from tui.commands import console
from tui.commands.options import Json, settings
from tui.flow import offline
from tui.flow.model_choice import engine_settings, library
from tui.flow.text import count, plain

if TYPE_CHECKING:
    from model.evaluation.measures import Cosine
    from model.evaluation.records import Entry, Texts
    from model.library import ModelFile
    from tui.flow.settings import Settings

Data = Annotated[
    Path,
    typer.Argument(metavar="DATA", help="Documented tables: JSON Lines, or .xz of it."),
]
Limit = Annotated[
    int, typer.Option(help="Only the first tables of every repository.", min=0)
]
Known = Annotated[
    Path | None,
    typer.Option(help="Documented tables that the system elsewhere looks in."),
]


def run(
    context: typer.Context,
    data: Data,
    system: Annotated[
        list[str] | None,
        typer.Option(
            "--system",
            "-s",
            help="What to score; may be repeated: baseline, rules, elsewhere, a model"
            " by name or GGUF file (what the app shows), model:NAME (its texts alone),"
            " or a .jsonl file of texts. Default: baseline, rules and the model.",
        ),
    ] = None,
    against: Annotated[
        str, typer.Option(help="The system that the others are compared with.")
    ] = "baseline",
    known: Known = None,
    idf: Annotated[
        Path | None,
        typer.Option(
            help="Corpus that tells the TF-IDF cosine how rare a word is; the human"
            " texts of DATA without it."
        ),
    ] = None,
    limit: Limit = 0,
    cryptic: Annotated[
        bool,
        typer.Option(
            "--cryptic", help="Also ask which short forms in names are spelled out."
        ),
    ] = False,
    embedding: Annotated[
        bool,
        typer.Option(
            "--embedding/--no-embedding",
            help="Embedding cosine, where its package is installed.",
        ),
    ] = True,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Folder for every system's texts, as .jsonl files to score again."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Score systems against human descriptions, without any judge.

    Likeness is chrF, ROUGE-L, TF-IDF cosine and embedding cosine, times 100: the mean
    per repository, then over repositories. A missing text counts 0; case and the final
    full stop do not count. Differences from --against come with the 95 % interval of a
    paired bootstrap by table: an interval without 0 is no accident.

    Example: columnist evaluate score dev.jsonl -s baseline -s columnist-135m --json
    """
    from model.evaluation import cryptic as probe
    from model.evaluation.embedding import encoder
    from model.evaluation.records import read_entries
    from model.evaluation.scores import compare, likeness_measures
    from model.evaluation.scores import probe as share_right
    from model.evaluation.systems import systems

    options = settings(context)
    if options.offline:
        offline.refuse_sockets()
    find = library(options).find
    specs = system or ["baseline", "rules", options.model or find(None).name]
    chosen = systems([*specs, against], find)
    base = systems([against], find)[0].name
    entries = read_entries(data, limit=limit)
    frequencies = _frequencies(idf)
    encode = encoder() if embedding else None
    real: list[probe.Pair] = []
    renamed: list[Entry] = []
    made: list[probe.Pair] = []
    if cryptic:
        real = probe.real_pairs(entries)
        renamed, made = probe.synthetic(entries, count=len(real) // 2)
    texts: dict[str, list[Texts]] = {}
    asked = [*entries, *renamed]
    for name, written in written_by(options, chosen, asked, known=known):
        texts[name] = written
        if keep is not None:
            _keep(keep, name, asked, written)
    plain_texts = {name: written[: len(entries)] for name, written in texts.items()}
    measures = likeness_measures(entries, plain_texts, idf=frequencies, encode=encode)
    document: dict[str, Any] = {
        "data": str(data),
        "against": base,
        "idf": str(idf) if idf else "the human texts of the data",
        "left_out": [] if encode else ["embedding_cosine"],
        **compare(entries, plain_texts, measures, against=base),
    }
    if cryptic:
        extra = {name: written[len(entries) :] for name, written in texts.items()}
        document["cryptic"] = {
            "real": share_right(plain_texts, real, against=base),
            "synthetic": share_right(extra, made, against=base),
        }
    if json:
        console.out_json(document)
    else:
        _print(document, embedding=embedding)


def written_by(
    options: Settings,
    chosen: Sequence[Any],
    entries: Sequence[Entry],
    *,
    known: Path | None = None,
) -> Iterator[tuple[str, list[Texts]]]:
    """What every system says, by its name, with a bar while a model runs."""
    from model.evaluation.systems import run_model, texts_of

    def run_here(
        model: ModelFile, entries: Sequence[Entry]
    ) -> tuple[list[Texts], list[Texts]]:
        total = sum(len(entry.wanted) for entry in entries)
        with (
            console.stopping() as stop,
            console.progress(f"Drafting with {plain(model.name)}", total) as advance,
        ):
            return run_model(
                model,
                entries,
                engine_settings(model, options),
                stop=stop,
                advance=advance,
            )

    for one, written in texts_of(chosen, entries, run_here, known=known):
        yield one.name, written


def _frequencies(path: Path | None) -> Cosine | None:
    if path is None:
        return None
    from model.evaluation.measures import Cosine
    from model.evaluation.records import read_records

    return Cosine(
        text
        for record in read_records(path)
        for text in (
            record.description,
            *(column.description for column in record.columns),
        )
        if text
    )


def _keep(
    folder: Path, name: str, entries: Sequence[Entry], texts: Sequence[Texts]
) -> None:
    from model.evaluation.records import line_of

    path = folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.')}.jsonl"
    if folder.is_file():
        raise UsageError(f"{folder} is a file.", "--keep takes a folder.")
    lines = [line_of(*each) for each in zip(entries, texts, strict=True)]
    hint = "Check the folder and the disk."
    write_file(path, "".join(lines), hint=hint, folders=True)


def _print(document: Mapping[str, Any], *, embedding: bool) -> None:
    for kind in ("columns", "tables"):
        if part := document.get(kind):
            targets = count(part["targets"], kind[:-1])
            where = count(part["repositories"], "repository", "repositories")
            console.out(f"{targets} in {where}; a missing text counts 0")
            _matrix(part["systems"])
            for name, by_measure in part["differences"].items():
                console.out(f"  {plain(name)} less {plain(document['against'])}:")
                for measure, gain in by_measure.items():
                    console.out(
                        f"    {measure:<17} {gain['mean']:+7.2f}  (95 % interval"
                        f" {gain['low']:+.2f} to {gain['high']:+.2f})"
                    )
            console.out()
    for kind, part in document.get("cryptic", {}).items():
        console.out(
            f"{count(part['columns'], f'{kind} cryptic name')},"
            f" {part['distinct']} different: spelled out by"
        )
        for name, share in part["right"].items():
            ratio = part["ratio"][name]
            times = f", {ratio:.2f} times {plain(document['against'])}" if ratio else ""
            said = "no texts" if share is None else f"{share:.1f} %{times}"
            console.out(f"  {plain(name)}: {said}")
    console.out(f"TF-IDF: words are as rare as in {plain(document['idf'])}.")
    if document["left_out"] and embedding:
        console.out(
            "Embedding cosine left out: pip install 'columnist[evaluate]' brings it."
        )


def _matrix(figures: Mapping[str, Mapping[str, float]]) -> None:
    """Systems as columns, measures as lines."""
    measures = dict.fromkeys(key for each in figures.values() for key in each)
    rows = (
        (key, *(f"{its[key]:.2f}" if key in its else "" for its in figures.values()))
        for key in measures
    )
    console.table([("", *figures), *rows], right=range(1, len(figures) + 1))
