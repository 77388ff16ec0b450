"""Systems that can be compared: baselines, rules, models, and texts in files.

A system is named by a word or a file: `baseline`, `rules`, `elsewhere`, a model by
name or GGUF file (what the app shows), `model:` before one (the model's texts alone),
or a JSON Lines file.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.errors import UsageError
from catalog.objects import Target, column_of
from catalog.stopping import Stop, never
from catalog.suggestion import Draft, Source
from model.choose import Candidate, likeliest, signs_of, unlike
from model.draft import Drafter, Job
from model.engine import Engine
from model.evaluation import baseline
from model.evaluation.measures import normal
from model.evaluation.records import (
    Entry,
    Text,
    Texts,
    read_records,
    read_texts,
)
from model.library import ModelFile
from model.nearest import shipped
from model.prompts import compact
from model.rules import describe_column
from model.table_sentences import describe_table
from model.wire import EngineSettings

WITHOUT_MODEL = ("baseline", "rules", "elsewhere")
"""Systems that are named by a word alone."""


@dataclass(frozen=True, slots=True)
class System:
    """Something that describes tables."""

    name: str
    """What reports call it; one of `WITHOUT_MODEL`, where it has no model or file."""
    model: ModelFile | None = None
    """The model, where one runs."""
    alone: bool = False
    """Whether the model's own texts are meant, not what the app shows with it."""
    file: Path | None = None
    """The JSON Lines, where they are read."""


RunModel = Callable[[ModelFile, Sequence[Entry]], tuple[list[Texts], list[Texts]]]
"""A model's own texts, and what the app would show with it."""


def system(spec: str, find: Callable[[str], ModelFile]) -> System:
    """The system that a word or file names.

    Raises:
        UsageError: there is none.
    """
    if spec in WITHOUT_MODEL:
        return System(spec)
    prefix, _, rest = spec.partition(":")
    if rest and prefix in ("model", "product"):
        model = find(rest)
        return System(f"{prefix}:{model.name}", model, alone=prefix == "model")
    path = Path(spec).expanduser()
    if re.search(r"\.jsonl?(\.xz)?$", path.name):
        if not path.is_file():
            raise UsageError(f"There is no file {spec}.", "Check the path.")
        return System(path.name.split(".json")[0], file=path)
    try:
        model = find(spec)
    except UsageError as error:
        raise UsageError(
            f"There is no system {spec}.",
            "A system is baseline, rules, elsewhere, a model by name or GGUF file,"
            f" model:NAME, or a .jsonl file. {error.hint}",
        ) from None
    return System(f"product:{model.name}", model)


def systems(specs: Iterable[str], find: Callable[[str], ModelFile]) -> list[System]:
    """Systems by their specs, each once, no two with one name.

    Raises:
        UsageError: there is none of a name.
    """
    found: dict[str, System] = {}
    for spec in dict.fromkeys(specs):
        one = system(spec, find)
        if found.get(one.name, one) != one:
            one = replace(one, name=spec)
        found[one.name] = one
    return list(found.values())


def texts_of(
    chosen: Sequence[System],
    entries: Sequence[Entry],
    run: RunModel,
    *,
    known: Path | None = None,
) -> Iterator[tuple[System, list[Texts]]]:
    """The texts of every system for every entry; a model runs once for both its uses.

    Raises:
        UsageError: `elsewhere` without a file of known tables.
        ColumnistError: a file cannot be used, or a model does not run.
    """
    ran: dict[Path, tuple[list[Texts], list[Texts]]] = {}
    for one in chosen:
        if one.model is not None:
            if one.model.path not in ran:
                ran[one.model.path] = run(one.model, entries)
            own, shown = ran[one.model.path]
            yield one, own if one.alone else shown
        elif one.file is not None:
            yield one, read_texts(one.file, entries)
        elif one.name == "elsewhere":
            if known is None:
                raise UsageError(
                    "The system elsewhere needs documented tables to look in.",
                    "Name a JSON Lines file with --known.",
                )
            yield one, documented_elsewhere(known, entries)
        elif one.name == "rules":
            yield one, [_by_rules(entry) for entry in entries]
        else:
            yield one, [_by_baseline(entry) for entry in entries]


def _by_baseline(entry: Entry) -> Texts:
    columns = entry.record.columns
    table = entry.table.id.name
    about = baseline.describe_table(table, [column.name for column in columns])
    found: dict[str | None, Text] = {None: Text(about)}
    for column in columns:
        other = (column.references or "").split(".")[0] or None
        text = baseline.describe_column(column.name, column.type or "", table, other)
        found[column.name] = Text(text)
    return found


def _by_rules(entry: Entry) -> Texts:
    table = entry.table
    found: dict[str | None, Text] = {None: Text(describe_table(table))}
    for column in table.columns:
        text = describe_column(table, column, entry.profiles.get(column.name))
        found[column.name] = Text(text)
    return found


def documented_elsewhere(known: Path, entries: Sequence[Entry]) -> list[Texts]:
    """The most frequent text of columns with the same name and kind of type.

    Repositories that are compared are left out of what is known. Tables are missing.
    """
    compared = {entry.repository for entry in entries}
    wanted = {
        _same(column.name, column.type)
        for entry in entries
        for column in entry.table.columns
    }
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    written: dict[str, str] = {}
    for record in read_records(known):
        if record.repository in compared:
            continue
        for column in record.columns:
            text = column.description
            key = _same(column.name, column.type or "")
            if text and key in wanted:
                written.setdefault(normal(text), text)
                counts[key][normal(text)] += 1
    found = {key: written[texts.most_common(1)[0][0]] for key, texts in counts.items()}
    return [
        {
            column.name: Text(found.get(_same(column.name, column.type)))
            for column in entry.table.columns
        }
        for entry in entries
    ]


def _same(name: str, type_text: str) -> tuple[str, str]:
    return name.lower(), compact.kind_of(type_text)


def drafted(
    engine: Engine,
    model: ModelFile,
    entries: Sequence[Entry],
    *,
    stop: Stop = never,
) -> Iterator[tuple[int, Draft, Sequence[Candidate]]]:
    """What the app shows of every wanted target, each with its entry and the choice.

    The app's own `Drafter` does the work, so prompts, checks and signs are the app's.
    """
    places = {id(entry.table): number for number, entry in enumerate(entries)}
    seen: list[tuple[int, Target, Sequence[Candidate]]] = []
    drafter = Drafter(
        engine,
        model,
        nearest=shipped(),
        seen=lambda job, *chosen: seen.append((places[id(job.table)], *chosen)),
    )
    jobs = (Job(entry.table, entry.wanted, entry.profiles) for entry in entries)
    for draft in drafter.draft(jobs, stop=stop):
        number, target, candidates = seen.pop()
        assert target == draft.target
        yield number, draft, candidates


def run_model(
    model: ModelFile,
    entries: Sequence[Entry],
    settings: EngineSettings,
    *,
    stop: Stop = never,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[list[Texts], list[Texts]]:
    """A model's own texts, and what the app shows with it, from one run.

    The model's own text is the choice among its texts alone. Where all of them failed a
    check it has none.

    Raises:
        ColumnistError: the model does not run.
    """
    own: list[dict[str | None, Text]] = [{} for _ in entries]
    shown: list[dict[str | None, Text]] = [{} for _ in entries]
    used: list[set[str]] = [set() for _ in entries]
    with Engine(settings) as engine:
        for number, draft, candidates in drafted(engine, model, entries, stop=stop):
            name = column_of(draft.target)
            text = _own(model, entries[number], draft.target, candidates, used[number])
            own[number][name] = Text(text)
            if draft.text:
                said = Text(draft.text, draft.source.value, draft.confidence)
                shown[number][name] = said
            advance(1)
    return list[Texts](own), list[Texts](shown)


def _own(
    model: ModelFile,
    entry: Entry,
    target: Target,
    candidates: Sequence[Candidate],
    used: set[str],
) -> str | None:
    """The likeliest of a model's texts, unlike those of its table so far."""
    its = [each for each in candidates if each.source is Source.MODEL]
    its = unlike(its, used)
    if not its:
        return None
    text = its[0].text
    if model.calibration is not None:
        signs = signs_of(candidates, entry.table, target)
        kept = [signs[candidates.index(each)] for each in its]
        text = its[likeliest(its, kept, model.calibration.scale(target))[0]].text
    used.add(text.lower())
    return text
